// SPDX-License-Identifier: Apache-2.0
//! The subject of a message, as SNS takes it.

use std::fmt;
use std::ops::Deref;

/// Characters of a subject, at most: SNS wants less than 100. Source: API reference, `Publish`.
const SUBJECT_CHARS_MAX: usize = 99;

/// What a subject ends with of which a part did not fit.
const CUT: &str = "...";

/// A subject of 1 to 99 characters of printable ASCII that does not begin with a blank, which SNS takes by every version of its
/// reference (older ones want ASCII, newer ones no control characters). A message with a subject that it refuses tells nobody.
/// Source: API reference, `Publish`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(String);

impl Subject {
    /// These words behind the name of the program. Line breaks become blanks, and what is no ASCII becomes `?`; of what is too long
    /// the beginning is kept.
    pub fn new(words: &str) -> Self {
        let printable = |c: char| match c {
            ' '..='~' => c,
            _ if c.is_whitespace() || c.is_control() => ' ',
            _ => '?',
        };
        let mut subject: String = format!("kinesis-scaler: {words}").trim_end().chars().map(printable).collect();
        if subject.len() > SUBJECT_CHARS_MAX {
            subject.truncate(SUBJECT_CHARS_MAX - CUT.len());
            subject.push_str(CUT);
        }
        Self(subject)
    }
}

impl Deref for Subject {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_subject_says_what_fits() {
        for (words, subject) in [
            ("orders needs attention", "kinesis-scaler: orders needs attention".to_owned()),
            ("two\r\nlines\tof a na\u{ef}ve \u{1f600}", "kinesis-scaler: two  lines of a na?ve ?".to_owned()),
            (&"s".repeat(83), format!("kinesis-scaler: {}", "s".repeat(83))),
            (&"s".repeat(84), format!("kinesis-scaler: {}...", "s".repeat(80))),
            ("", "kinesis-scaler:".to_owned()),
        ] {
            assert_eq!(Subject::new(words).to_string(), subject);
        }
    }

    proptest! {
        #[test]
        fn sns_takes_every_subject(words in any::<String>()) {
            let subject = Subject::new(&words);
            prop_assert!((1..100).contains(&subject.len()), "{subject}");
            prop_assert!(subject.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && !subject.starts_with(' '), "{subject}");
        }
    }
}
