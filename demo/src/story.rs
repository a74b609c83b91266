//! What has happened so far, what it comes to, and when it is over.

use std::fmt::Write as _;

use jiff::Timestamp;
use sandbox::Road;
use scaler_app::OutcomeKind;

use crate::load::RUSH_ENDS_MINUTE;
use crate::money::Bill;
use crate::stage::{Answer, MinuteSeen, SHARDS_AT_FIRST};

/// A demo that has not come to its end by now will not.
const MINUTES_MAX: i64 = 60;
/// Quiet minutes after the last scale-in that end it.
const QUIET_MINUTES: usize = 3;

/// A function's answer worth telling.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// When.
    pub(crate) at: Timestamp,
    /// How the event came, in a word.
    pub(crate) road: &'static str,
    /// How it ended.
    pub(crate) kind: OutcomeKind,
    /// Why.
    pub(crate) words: String,
}

/// Everything so far.
#[derive(Debug)]
pub(crate) struct Story {
    began: Timestamp,
    /// Every whole minute, oldest first.
    pub(crate) minutes: Vec<MinuteSeen>,
    /// Every answer that says something new, oldest first.
    pub(crate) told: Vec<Told>,
}

impl Story {
    pub(crate) fn begin(began: Timestamp) -> Self {
        Self { began, minutes: Vec::new(), told: Vec::new() }
    }

    pub(crate) fn minute_passed(&mut self, minute: MinuteSeen) {
        self.minutes.push(minute);
    }

    /// Takes a function's answers down; a hold for the same cause as the last one is no news.
    pub(crate) fn decided(&mut self, answer: Answer) {
        let road = match answer.road {
            Road::Sns => "alarm",
            Road::EventBridge => "rule",
            Road::Direct => "action",
            Road::Schedule => "sweep",
        };
        for outcome in answer.outcomes {
            let (kind, words) = (outcome.outcome, outcome.words);
            let news =
                kind != OutcomeKind::Ignored && !self.told.last().is_some_and(|last| is_repeated(last, kind, &words));
            if news {
                self.told.push(Told { at: answer.at, road, kind, words });
            }
        }
    }

    /// Minutes since the start, for labels.
    pub(crate) fn minute_of(&self, at: Timestamp) -> i64 {
        at.duration_since(self.began).as_mins()
    }

    /// The bill so far.
    pub(crate) fn bill(&self) -> Bill {
        Bill::of(&self.minutes)
    }

    /// Whether there is nothing more to see: back to the start and quiet, or out of time.
    pub(crate) fn is_over(&self) -> bool {
        let now = self.minutes.last().map_or(0, |minute| self.minute_of(minute.began));
        let settled = self.minutes.iter().rev().take(QUIET_MINUTES).all(|minute| minute.shards <= SHARDS_AT_FIRST);
        now >= MINUTES_MAX || (now > RUSH_ENDS_MINUTE && settled)
    }

    /// What should have happened and did not.
    pub(crate) fn shortcomings(&self) -> Vec<&'static str> {
        let throttled = |minute: &MinuteSeen| minute.metrics.throttled_records.unwrap_or(0) > 0;
        let peak = self.peak_shards();
        let in_rush = |minute: &&MinuteSeen| {
            let minute = self.minute_of(minute.began);
            (RUSH_ENDS_MINUTE - 6..RUSH_ENDS_MINUTE - 3).contains(&minute)
        };
        let rush_end: Vec<_> = self.minutes.iter().filter(in_rush).collect();
        let end = self.minutes.last().map_or(SHARDS_AT_FIRST, |minute| minute.shards);
        let checks = [
            (self.minutes.iter().any(throttled), "the rush never throttled, so nothing was shown"),
            (peak > SHARDS_AT_FIRST, "the stream was not scaled out"),
            (!rush_end.is_empty() && !rush_end.iter().any(|minute| throttled(minute)), "throttling did not stop"),
            (end < peak, "the stream was not scaled in"),
        ];
        checks.into_iter().filter(|(held, _)| !held).map(|(_, shortcoming)| shortcoming).collect()
    }

    /// The end of it, in a few lines.
    pub(crate) fn summary(&self) -> String {
        let bill = self.bill();
        let throttled: u64 = self.minutes.iter().filter_map(|minute| minute.metrics.throttled_records).sum();
        let last_throttled = self.minutes.iter().rfind(|minute| minute.metrics.throttled_records.unwrap_or(0) > 0);
        let resizes = self.told.iter().filter(|told| told.kind == OutcomeKind::Resized).count();
        let end = self.minutes.last().map_or(SHARDS_AT_FIRST, |minute| minute.shards);
        let mut text = format!(
            "\nIn {} minutes of the stream: {SHARDS_AT_FIRST} shards, {} at the peak, {end} at the end, in {resizes} resizes.\n",
            self.minutes.len(),
            self.peak_shards(),
        );
        if let Some(last) = last_throttled {
            let _ =
                writeln!(text, "Throttled records: {throttled}, the last in minute {}.", self.minute_of(last.began));
        }
        let _ = writeln!(
            text,
            "Shards cost {} USD; at the peak's size all the time {} USD; on-demand {} USD (us-east-1).",
            bill.scaled, bill.static_peak, bill.on_demand
        );
        for shortcoming in self.shortcomings() {
            let _ = writeln!(text, "NOT AS IT SHOULD BE: {shortcoming}.");
        }
        text
    }

    pub(crate) fn peak_shards(&self) -> u32 {
        self.minutes.iter().map(|minute| minute.shards).max().unwrap_or(SHARDS_AT_FIRST)
    }
}

/// The same answer but for its figures, as a sweep gives every minute while it waits.
fn is_repeated(last: &Told, kind: OutcomeKind, words: &str) -> bool {
    let shape = |words: &str| words.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    last.kind == kind && shape(&last.words) == shape(words)
}
