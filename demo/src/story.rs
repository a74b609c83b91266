// SPDX-License-Identifier: Apache-2.0
//! What has happened so far, what it comes to, and when it is over.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use sandbox::EventSource;
use scaler_app::{Outcome, OutcomeKind};
use scaler_core::AlarmKind;

use crate::functions::{Answer, Function};
use crate::load::{RUSH_ENDS_MINUTE, RUSH_IS_FULL_MINUTE};
use crate::money::Bill;
use crate::stage::{Enrolled, MinuteSeen, SHARDS_AT_FIRST};

/// A demo that has not come to its end by now will not.
const MINUTES_MAX: i64 = 60;
/// Minutes of the full rush in which the stream may still throttle: it takes two resizes, since one can do no more than double.
const THROTTLED_MINUTES_MAX: i64 = 6;
/// The sandbox takes a minute for a resize, and a function that looks at it some seconds more.
const RESIZE_TAKES_MAX: SignedDuration = SignedDuration::from_mins(2);
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
    /// Alarms that alarm-sync made at the start.
    alarms_made: usize,
    /// Its runs since.
    syncs: usize,
    /// The subjects of the messages to people.
    pub(crate) messages: Vec<String>,
}

impl Story {
    pub(crate) fn begin(began: Timestamp, enrolled: &Enrolled) -> Self {
        let told = enrolled.outcomes.iter().map(|outcome| Told {
            at: enrolled.at,
            road: "tag",
            kind: outcome.outcome,
            words: format!("alarm-sync: {}", made(outcome, &enrolled.alarms)),
        });
        let told = told.collect();
        Self { began, minutes: Vec::new(), told, alarms_made: enrolled.alarms.len(), syncs: 0, messages: Vec::new() }
    }

    pub(crate) fn minute_passed(&mut self, minute: MinuteSeen) {
        self.minutes.push(minute);
    }

    /// Takes a function's answers down, as far as they are news.
    pub(crate) fn decided(&mut self, answer: Answer) {
        let is_sync = answer.function == Function::AlarmSync;
        self.syncs += usize::from(is_sync);
        let road = match answer.road {
            _ if is_sync => "sync",
            EventSource::Sns => "alarm",
            EventSource::EventBridge => "rule",
            EventSource::Direct => "action",
            EventSource::Schedule => "sweep",
            EventSource::Sqs => "queue",
        };
        for outcome in answer.outcomes {
            let (kind, words) = (outcome.outcome, outcome.words);
            let is_news = match kind {
                OutcomeKind::Ignored | OutcomeKind::Kept => false,
                // A sweep looks every minute and mostly finds nothing to do yet; alarm-sync passes by what is being resized.
                OutcomeKind::Held => answer.road != EventSource::Schedule && !is_sync && !self.is_resizing(answer.at),
                OutcomeKind::Resized
                | OutcomeKind::DryRun
                | OutcomeKind::Refused
                | OutcomeKind::Failed
                | OutcomeKind::Mended => true,
            };
            if is_news {
                self.told.push(Told { at: answer.at, road, kind, words });
            }
        }
    }

    /// Whether a resize may still be under way.
    fn is_resizing(&self, at: Timestamp) -> bool {
        let last = self.told.iter().rfind(|told| told.kind == OutcomeKind::Resized);
        last.is_some_and(|last| at.duration_since(last.at) <= RESIZE_TAKES_MAX)
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
        let late = RUSH_IS_FULL_MINUTE + THROTTLED_MINUTES_MAX..=MINUTES_MAX;
        let is_late = |minute: &&MinuteSeen| late.contains(&self.minute_of(minute.began));
        let throttled_late = self.minutes.iter().filter(is_late).any(throttled);
        let end = self.minutes.last().map_or(SHARDS_AT_FIRST, |minute| minute.shards);
        let told_of_resizes =
            self.messages.iter().filter(|subject| subject.contains(" is being resized from ")).count();
        let checks = [
            (self.alarms_made == AlarmKind::ALL.len(), "alarm-sync did not make the stream's six alarms"),
            (self.syncs > 0, "alarm-sync did not run again"),
            (self.minutes.iter().any(throttled), "the peak never throttled, so nothing was shown"),
            (peak > SHARDS_AT_FIRST, "the stream was not scaled out"),
            (!throttled_late, "throttling did not stop within a few minutes"),
            (end == SHARDS_AT_FIRST, "the stream did not come back to its first size"),
            (told_of_resizes > 0, "no message about a resize was sent"),
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
            "\nIn {} minutes: {SHARDS_AT_FIRST} shards at first, {} at the peak, {end} at the end, with \
             {resizes} resizes.\n",
            self.minutes.len(),
            self.peak_shards(),
        );
        if let Some(last) = last_throttled {
            let _ = writeln!(
                text,
                "Throttled records: {throttled}, the last in minute {}; the load was at its peak from minute \
                 {RUSH_IS_FULL_MINUTE} on.",
                self.minute_of(last.began)
            );
        }
        let _ = writeln!(
            text,
            "Cost in us-east-1: {} USD for these shards; {} USD with the peak's shards all the time; {} USD \
             on-demand.",
            bill.scaled.in_table(),
            bill.static_peak.in_table(),
            bill.on_demand.in_table()
        );
        let _ = writeln!(
            text,
            "alarm-sync created {} alarms and checked them {} more times; the topic received {} messages.",
            self.alarms_made,
            self.syncs,
            self.messages.len(),
        );
        text
    }

    pub(crate) fn peak_shards(&self) -> u32 {
        self.minutes.iter().map(|minute| minute.shards).max().unwrap_or(SHARDS_AT_FIRST)
    }
}

/// What alarm-sync did for a new stream: its own words name every alarm, and there is one line to tell it in.
fn made(outcome: &Outcome, alarms: &[AlarmKind]) -> String {
    let (OutcomeKind::Mended, Some(shards), []) = (outcome.outcome, outcome.current, outcome.faults.as_slice()) else {
        return outcome.words.clone();
    };
    let scaling = alarms.iter().filter(|kind| matches!(kind, AlarmKind::Scaling(_))).count();
    format!(
        "created {} alarms for {shards} shards: {scaling} start a function, {} notify a person",
        alarms.len(),
        alarms.len() - scaling,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn mended(words: &str) -> Outcome {
        Outcome { current: Some(2), ..Outcome::plain(OutcomeKind::Mended, Some("orders"), words) }
    }

    fn story(outcomes: Vec<Outcome>, alarms: &[AlarmKind]) -> Story {
        Story::begin(START, &Enrolled { at: START, outcomes, alarms: alarms.to_vec() })
    }

    fn words(story: &Story) -> Vec<&str> {
        story.told.iter().map(|told| told.words.as_str()).collect()
    }

    #[test]
    fn the_alarms_at_the_start_are_told_in_one_line() {
        let story = story(vec![mended("alarms updated: one, two, ...")], &AlarmKind::ALL);
        let expected = ["alarm-sync: created 6 alarms for 2 shards: 2 start a function, 4 notify a person"];
        assert_eq!(words(&story), expected);
    }

    #[test]
    fn a_start_without_alarms_is_told_and_falls_short() {
        let refused = Outcome::plain(OutcomeKind::Refused, Some("orders"), "PutMetricAlarm: AccessDenied");
        let story = story(vec![refused], &[]);
        assert_eq!(words(&story), ["alarm-sync: PutMetricAlarm: AccessDenied"]);
        assert!(story.shortcomings().contains(&"alarm-sync did not make the stream's six alarms"));
    }

    #[test]
    fn a_sweep_that_holds_is_no_news_and_an_alarm_that_does_is() {
        let mut story = story(Vec::new(), &AlarmKind::ALL);
        for road in [EventSource::Schedule, EventSource::Sns, EventSource::Schedule] {
            let held = Outcome::plain(OutcomeKind::Held, Some("orders"), "cooling down");
            let function = Function::Scaling(scaler_core::Direction::Out);
            story.decided(Answer { at: START, function, road, outcomes: vec![held] });
        }
        assert_eq!(words(&story), ["cooling down"]);
    }

    #[test]
    fn a_later_run_is_told_only_where_something_was_done() {
        let mut story = story(Vec::new(), &AlarmKind::ALL);
        let held = Outcome::plain(OutcomeKind::Held, Some("orders"), "being resized");
        for outcomes in [vec![], vec![held], vec![mended("two alarms")]] {
            story.decided(Answer { at: START, function: Function::AlarmSync, road: EventSource::Schedule, outcomes });
        }
        assert_eq!((words(&story), story.syncs), (vec!["two alarms"], 3));
    }
}
