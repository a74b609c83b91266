// SPDX-License-Identifier: Apache-2.0
//! One field of a line of JSON, read without keeping the others.

use std::borrow::Cow;
use std::fmt;

use key_spread::LineFault;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The text in this field of an object, or the number as it stands there; of fields with the same name, in the last.
///
/// # Errors
/// The line is not JSON, or has neither.
pub(super) fn text_of<'a>(line: &'a str, field: &str) -> Result<Cow<'a, str>, LineFault> {
    let mut json = serde_json::Deserializer::from_str(line);
    let text = json.deserialize_map(Field(field)).and_then(|text| json.end().map(|()| text));
    text.map_err(|error| {
        LineFault::Unlike(if error.is_data() {
            format!("has no text and no number in the field \"{field}\"")
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
                found = Some(map.next_value::<&RawValue>()?.get());
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        let found = found.ok_or_else(|| A::Error::custom("no such field"))?;
        // A number is its digits: what is beyond 64 bits, or `1.0`, would be another one when it is read and written.
        if found.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
            return Ok(Cow::Borrowed(found));
        }
        Text.deserialize(&mut serde_json::Deserializer::from_str(found)).map_err(A::Error::custom)
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
        for (line, number) in [
            (r#"{"user":1}"#, "1"),
            (r#"{"user": -1.0 }"#, "-1.0"),
            (r#"{"user":123456789012345678901234567890}"#, "123456789012345678901234567890"),
            (r#"{"user":1e3}"#, "1e3"),
        ] {
            assert_eq!(text_of(line, "user").unwrap(), number, "{line}");
        }
        for line in [r#"{"user":true}"#, r#"{"user":null}"#, r#"{"user":["a"]}"#, r#"{"id":"a"}"#, "[]", "7"] {
            check(line, "has no text and no number in the field \"user\"");
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
