// SPDX-License-Identifier: Apache-2.0
//! Tags for a new stream from the command line: only those that AWS and the functions will take.

use std::collections::BTreeSet;

use anyhow::Result;
use kinesis_model::limits::{SHARDS_PER_STREAM_MAX, TAG_VALUE_CHARS_MAX, TAGS_PER_STREAM_MAX};
use scaler_core::{Policy, PolicySpec, StreamTags};

use crate::failure::usage;

/// Characters of a key, at most. Source: API reference, `AddTagsToStream`.
const KEY_CHARS_MAX: usize = 128;
/// Beside letters, digits and white space. Source: Kinesis API reference, `TagResource`.
const SIGNS: &str = "_.:/=+-@";
/// What the keys of AWS's own tags begin with. Source: Kinesis Developer Guide, "Tag your Amazon Kinesis Data Streams resources".
const RESERVED: &str = "aws:";

/// Reads `KEY=VALUE`; the key ends at the first `=`.
pub(crate) fn tag(text: &str) -> Result<(String, String), String> {
    let Some((key, value)) = text.split_once('=') else {
        return Err("expected KEY=VALUE, for example team=orders".to_owned());
    };
    let chars = |of: &str| of.chars().count();
    if !(1..=KEY_CHARS_MAX).contains(&chars(key)) {
        return Err(format!("the key has {} characters: expected 1 to {KEY_CHARS_MAX}", chars(key)));
    }
    if key.starts_with(RESERVED) {
        return Err(format!("the key begins with {RESERVED}, as AWS's own do: expected another"));
    }
    if chars(value) > TAG_VALUE_CHARS_MAX {
        return Err(format!("the value has {} characters: expected at most {TAG_VALUE_CHARS_MAX}", chars(value)));
    }
    if let Some(bad) = text.chars().find(|char| !is_allowed(*char)) {
        return Err(format!("{bad:?} is not allowed: expected letters, digits, blanks and {SIGNS}"));
    }
    Ok((key.to_owned(), value.to_owned()))
}

fn is_allowed(char: char) -> bool {
    char.is_alphanumeric() || (char.is_whitespace() && !char.is_control()) || SIGNS.contains(char)
}

/// What the functions will make of all these tags, which a stream can have.
///
/// # Errors Too many, a key that is there twice, or one of ours that the functions would not understand: the caller's
/// to correct.
pub(crate) fn checked(tags: &[(String, String)]) -> Result<StreamTags> {
    if tags.len() > TAGS_PER_STREAM_MAX {
        return Err(usage(format!("{} tags: a stream can have {TAGS_PER_STREAM_MAX}; leave some out", tags.len())));
    }
    let mut keys = BTreeSet::new();
    if let Some((key, _)) = tags.iter().find(|(key, _)| !keys.insert(key)) {
        return Err(usage(format!("tag {key} is given twice, or contradicts --managed: leave one out")));
    }
    let stream_tags = StreamTags::read(tags);
    let mut faults: Vec<_> = stream_tags.faults.iter().map(ToString::to_string).collect();
    // The stack's own bounds are not known here: the widest contradict only what contradicts itself.
    let widest = PolicySpec { shards_max: SHARDS_PER_STREAM_MAX, ..PolicySpec::default() };
    let widest = Policy::new(widest).expect("a larger maximum is a policy as well");
    if let Err(contradictions) = stream_tags.policy(&widest) {
        faults.extend(contradictions.iter().map(|fault| format!("the tags contradict each other: {fault}")));
    }
    if faults.is_empty() { Ok(stream_tags) } else { Err(usage(faults.join("; "))) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_aws_would_refuse_is_refused_here() {
        assert_eq!(tag("a b=c=d").unwrap(), ("a b".to_owned(), "c=d".to_owned()));
        assert_eq!(tag("org:team=a:b").unwrap(), ("org:team".to_owned(), "a:b".to_owned()));
        assert_eq!(tag("größe=").unwrap(), ("größe".to_owned(), String::new()));
        let long = |key: usize, value: usize| tag(&format!("{}={}", "k".repeat(key), "v".repeat(value)));
        assert!(long(128, 255).is_ok());
        for (refused, words) in [
            (long(129, 1), "129 characters: expected 1 to 128"),
            (long(1, 256), "256 characters: expected at most 255"),
            (tag("=v"), "0 characters"),
            (tag("team"), "expected KEY=VALUE"),
            (tag("team=a,b"), "',' is not allowed"),
            (tag("aws:team=a"), "begins with aws:"),
        ] {
            assert!(refused.as_ref().is_err_and(|told| told.contains(words)), "{refused:?}: {words}");
        }
    }

    #[test]
    fn tags_of_ours_are_read_as_the_functions_read_them() {
        let given = |tags: &[&str]| checked(&tags.iter().map(|text| tag(text).unwrap()).collect::<Vec<_>>());
        assert!(given(&["kinesis-scaler/managed=true", "kinesis-scaler/shards-min=3", "team=a"]).unwrap().managed);
        for (tags, words) in [
            (&["kinesis-scaler/managed=yes"][..], "tag kinesis-scaler/managed=\"yes\" is not true or false"),
            (&["kinesis-scaler/shards-mim=3"], "is not one of the scaler's tags"),
            (&["kinesis-scaler/shards-min=9", "kinesis-scaler/shards-max=3"], "shards_min=9 is more than shards_max=3"),
            (&["team=a", "team=b"], "tag team is given twice"),
        ] {
            let told = given(tags).unwrap_err().to_string();
            assert!(told.contains(words), "{told}");
        }
    }
}
