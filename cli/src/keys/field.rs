//! One field of a line of JSON, read without keeping the others.

use std::borrow::Cow;
use std::fmt;

use key_spread::KeyFault;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

/// The text in this field of an object; of fields with the same name, in the last.
///
/// # Errors
/// The line is not JSON, or has no such text.
pub(super) fn text_of<'a>(line: &'a str, field: &str) -> Result<Cow<'a, str>, KeyFault> {
    let mut json = serde_json::Deserializer::from_str(line);
    let text = json.deserialize_map(Field(field)).and_then(|text| json.end().map(|()| text));
    text.map_err(|error| {
        KeyFault::Unlike(if error.is_data() {
            format!("has no text in the field \"{field}\"")
        } else {
            format!("is not JSON: {error}")
        })
    })
}

struct Field<'f>(&'f str);

impl<'de> Visitor<'de> for Field<'_> {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with text in the field \"{}\"", self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key_seed(Text)? {
            if name == self.0 {
                found = Some(map.next_value_seed(Text)?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        found.ok_or_else(|| A::Error::custom("no such field"))
    }
}

/// Text as it stands in the line, or a copy of it where it is escaped there. (`Cow` itself is always read as a copy.)
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(line: &str, expected: &str) {
        let told = text_of(line, "user").map_or_else(|fault| fault.to_string(), Cow::into_owned);
        assert!(told.starts_with(expected), "{line}: {told}");
    }

    #[test]
    fn the_field_alone_is_read_and_what_is_wrong_is_told() {
        check(r#"{"n":[1,{"user":"x"}],"user":"a","m":null}"#, "a");
        check(r#"{"user":"a\u00e9"}"#, "aé");
        check(r#"{"\u0075ser":"a"}"#, "a");
        check(r#"{"user":"a","user":"b"}"#, "b");
        for line in [r#"{"user":1}"#, r#"{"user":null}"#, r#"{"id":"a"}"#, "[]", "7"] {
            check(line, "has no text in the field \"user\"");
        }
        for line in ["", r#"{"user":"#, r#"{"user":"a"} {}"#, "user"] {
            check(line, "is not JSON: ");
        }
    }

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(text_of(r#"{"user":"a"}"#, "user"), Ok(Cow::Borrowed("a"))));
    }
}
