// SPDX-License-Identifier: Apache-2.0
//! What people are told of a stream, and which of it they have been told already.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use kinesis_model::limits::TAG_VALUE_CHARS_MAX;

/// The same cause is told of a stream once in this time.
const SILENCE: SignedDuration = SignedDuration::from_hours(1);

/// The causes that were told lately, newest last: the value of one tag, as in `max=1767322445 hot-shard=1767326045`.
///
/// On the stream and not in the function, which forgets: a cold start would say everything again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeMemory(Vec<(String, Timestamp)>);

impl NoticeMemory {
    /// Reads the tag's value. Words that are none of ours are forgotten: the worst that comes of it is one more message.
    pub fn parse(value: &str) -> Self {
        let word = |word: &str| {
            let (cause, seconds) = word.rsplit_once('=')?;
            let at = Timestamp::from_second(seconds.parse().ok()?).ok()?;
            (!cause.is_empty()).then(|| (cause.to_owned(), at))
        };
        Self(value.split_whitespace().filter_map(word).collect())
    }

    /// Whether this cause was told less than an hour ago (exclusive). A time in the future does not silence anything.
    pub fn knows(&self, cause: &str, now: Timestamp) -> bool {
        self.recent(now).any(|(told, _)| told == cause)
    }

    /// This memory with one more cause; what is over is dropped, and the oldest where a tag's value would not hold it all.
    #[must_use]
    pub fn with(&self, cause: &str, now: Timestamp) -> Self {
        let mut causes: Vec<_> = self.recent(now).filter(|(told, _)| told != cause).cloned().collect();
        causes.push((cause.to_owned(), now));
        let mut memory = Self(causes);
        while memory.to_string().len() > TAG_VALUE_CHARS_MAX && !memory.0.is_empty() {
            memory.0.remove(0);
        }
        memory
    }

    fn recent(&self, now: Timestamp) -> impl Iterator<Item = &(String, Timestamp)> {
        self.0.iter().filter(move |(_, at)| *at <= now && now.duration_since(*at) < SILENCE)
    }
}

impl fmt::Display for NoticeMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|(cause, at)| format!("{cause}={}", at.as_second())).collect();
        f.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_cause_is_told_again_after_an_hour() {
        let memory = NoticeMemory::default().with("max", at(1_000)).with("4-8", at(2_000));
        assert_eq!(memory.to_string(), "max=1000 4-8=2000");
        assert_eq!(NoticeMemory::parse(&memory.to_string()), memory);
        assert!(memory.knows("max", at(4_599)) && !memory.knows("max", at(4_600)));
        assert!(!memory.knows("8-4", at(2_000)));
        assert_eq!(memory.with("max", at(3_000)).to_string(), "4-8=2000 max=3000");
        assert_eq!(memory.with("max", at(5_600)).to_string(), "max=5600", "what is over is dropped");
    }

    #[test]
    fn what_cannot_be_read_is_forgotten_and_a_clock_that_ran_ahead_silences_nothing() {
        assert_eq!(NoticeMemory::parse("max=soon =5 hot 4-8=7").to_string(), "4-8=7");
        assert!(!NoticeMemory::parse("max=9999").knows("max", at(1_000)));
    }

    #[test]
    fn it_always_fits_a_tag() {
        let mut memory = NoticeMemory::default();
        for cause in 0..60 {
            memory = memory.with(&format!("a-rather-long-cause-{cause}"), at(1_767_322_800));
            assert!(memory.to_string().len() <= TAG_VALUE_CHARS_MAX);
        }
        assert!(memory.knows("a-rather-long-cause-59", at(1_767_322_800)));
    }
}
