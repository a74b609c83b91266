// SPDX-License-Identifier: Apache-2.0
//! What the reasons of all stages have in common: words as of a time, and what a person should know of.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::cause::Cause;

/// Of shards that are new, or whose metrics are late.
pub(crate) const SHARDS_UNKNOWN: &str = "the current shards have no metrics yet: the next evaluation checks again";

/// Why a stage left the shard count where it did.
pub(crate) trait Explain {
    /// In words at `now`: times of another day have their date, and all have where nobody knows what today is.
    fn write(&self, f: &mut fmt::Formatter<'_>, now: Option<Timestamp>) -> fmt::Result;

    /// What only a person can mend.
    fn cause(&self) -> Option<Cause> {
        None
    }

    /// Whether it is told although the stage changed nothing.
    fn is_always_told(&self, _is_resize: bool) -> bool {
        false
    }
}

/// A minute, with its date where that is not today's, or nobody knows what today is.
pub(crate) fn minute(at: Timestamp, now: Option<Timestamp>) -> String {
    moment(at, now, "%H:%MZ")
}

/// The same to the second.
pub(crate) fn second(at: Timestamp, now: Option<Timestamp>) -> String {
    moment(at, now, "%H:%M:%SZ")
}

fn moment(at: Timestamp, now: Option<Timestamp>, clock: &str) -> String {
    let date = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
    let clock = at.strftime(clock);
    if now.map(date) == Some(date(at)) { clock.to_string() } else { format!("{} {clock}", date(at)) }
}

/// The first whole minute from this time on: what is free at that minute is not free before.
pub(crate) fn minute_from(at: Timestamp) -> Timestamp {
    let rest = (-at.as_second()).rem_euclid(60);
    at.checked_add(SignedDuration::from_secs(rest)).unwrap_or(at)
}

/// `1 shard`, `5 shards`.
pub(crate) fn shards(count: u32) -> String {
    match count {
        1 => "1 shard".to_owned(),
        _ => format!("{count} shards"),
    }
}

/// `a; b`.
pub(crate) fn joined<T: fmt::Display>(faults: &[T]) -> String {
    faults.iter().map(T::to_string).collect::<Vec<_>>().join("; ")
}

/// `now`, `in 45 min`, `in 2 h 10 min`.
pub(crate) fn ahead(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, 0) => "now".to_owned(),
        (0, minutes) => format!("in {minutes} min"),
        (hours, 0) => format!("in {hours} h"),
        (hours, minutes) => format!("in {hours} h {minutes} min"),
    }
}
