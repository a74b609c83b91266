// SPDX-License-Identifier: Apache-2.0
//! The story as lines of text, for a log, in the order in which it happened.

use std::io::{self, Write};

use crate::View;
use crate::story::{Story, Told};

/// Prints what is new.
#[derive(Default)]
pub(crate) struct Plain {
    has_begun: bool,
    minutes_told: usize,
    answers_told: usize,
}

impl Plain {
    /// Tells what was decided before the end of this minute.
    fn tell_until(&mut self, out: &mut impl Write, story: &Story, minute: i64) -> io::Result<()> {
        let is_due = |told: &&Told| story.minute_of(told.at) <= minute;
        for told in story.told[self.answers_told..].iter().take_while(is_due) {
            writeln!(out, "{:>6}  {} -> {}", story.minute_of(told.at), told.road, told.words)?;
            self.answers_told += 1;
        }
        Ok(())
    }
}

impl View for Plain {
    fn show(&mut self, story: &Story) -> anyhow::Result<bool> {
        let mut out = io::stdout();
        if !std::mem::replace(&mut self.has_begun, true) {
            writeln!(out, "minute  demand  accepted  throttled  shards")?;
        }
        for minute in &story.minutes[self.minutes_told..] {
            // What was decided before this minute ended stands before it, though its metrics come later.
            self.tell_until(&mut out, story, story.minute_of(minute.began))?;
            writeln!(
                out,
                "{:>6}  {:>6.1}  {:>8.1}  {:>9}  {:>6}",
                story.minute_of(minute.began),
                minute.offered_mib_per_second,
                minute.accepted_mib_per_second(),
                minute.metrics.throttled_records.unwrap_or(0),
                minute.shards,
            )?;
        }
        self.minutes_told = story.minutes.len();
        if story.is_over() {
            self.tell_until(&mut out, story, i64::MAX)?;
        }
        Ok(true)
    }
}
