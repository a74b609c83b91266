// SPDX-License-Identifier: Apache-2.0
//! What cost-report is asked for: by its schedule, or by hand.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use kinesis_model::limits::METRIC_DELAY_MINUTES;
use serde::Deserialize;
use serde_json::Value;

use crate::event::shape_of;
use crate::stream_name::is_stream_name;

/// CloudWatch keeps steps of five minutes for 63 days. A day is left out, since they age while we ask.
const DAYS_MAX: i64 = 62;
/// Up to so many days the busiest minute is found exactly; beyond, the busiest five minutes are, which are a fifth of the
/// points to ask for.
const DAYS_BY_THE_MINUTE_MAX: i64 = 3;
/// Minutes older than 15 days are not kept. A day is left out here, too.
const DAYS_OF_MINUTES: i64 = 14;
const FINE_STEP_SECONDS: u32 = 60;
const COARSE_STEP_SECONDS: u32 = 300;

/// Whose costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Streams that are tagged as managed.
    Managed,
    /// All streams of the account and Region.
    All,
    /// These.
    Streams(Vec<String>),
}

/// One thing that cost-report is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostRequest {
    /// Whose costs.
    pub scope: Scope,
    /// When the period begins (inclusive).
    pub from: Timestamp,
    /// When it ends (exclusive).
    pub until: Timestamp,
    /// How long the steps are in which metrics are asked for, in seconds; both ends are whole steps.
    pub step_seconds: u32,
    /// Whether people are told and the page is kept, and the answer is not all.
    pub publish: bool,
}

/// An event that asks for nothing that could be reckoned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CostFault {
    /// Not a request at all.
    #[error(
        "the event is no request for cost-report: got {0}; expected {{\"report\": \"managed\"}}, \"all\" or \
         [\"STREAM\", ...], optionally with \"since\" (for example \"30d\" or \"2026-11-01T00:00:00Z\"), \
         \"until\" and \"publish\""
    )]
    NoRequest(String),
    /// A time that is none.
    #[error(
        "{field}={value:?} is neither a number of days or hours before now (for example 30d or 12h) nor a \
        time (for example 2026-11-01T00:00:00Z)"
    )]
    NoTime {
        /// `since` or `until`.
        field: &'static str,
        /// What was said.
        value: String,
    },
    /// A period that cannot be reckoned.
    #[error("the cost of the period from {from} to {until} cannot be calculated: {why}")]
    NoPeriod {
        /// Its beginning.
        from: Timestamp,
        /// Its end.
        until: Timestamp,
        /// What is wrong with it.
        why: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManualRequest {
    report: Value,
    since: Option<String>,
    until: Option<String>,
    #[serde(default)]
    publish: bool,
}

impl CostRequest {
    /// Reads any event that cost-report may be sent.
    ///
    /// # Errors
    /// It asks for nothing that could be reckoned.
    pub fn parse(event: &Value, now: Timestamp) -> Result<Self, CostFault> {
        if event.get("detail-type").and_then(Value::as_str) == Some("Scheduled Event") {
            // Whole days of one month: on the first, the month that is over.
            let until = midnight(now.to_zoned(TimeZone::UTC).date());
            return Self::of(Scope::Managed, month_of_yesterday(until), until, true, now);
        }
        let no_request = |told: String| CostFault::NoRequest(told);
        let manual =
            ManualRequest::deserialize(event).map_err(|fault| no_request(format!("{} ({fault})", shape_of(event))))?;
        let scope = match &manual.report {
            Value::String(word) if word == "managed" => Scope::Managed,
            Value::String(word) if word == "all" => Scope::All,
            Value::Array(names) => {
                let names: Option<Vec<_>> = names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
                let legal = names.filter(|names| !names.is_empty() && names.iter().all(|name| is_stream_name(name)));
                Scope::Streams(legal.ok_or_else(|| no_request(manual.report.to_string()))?)
            }
            other => return Err(no_request(other.to_string())),
        };
        let until = manual.until.as_deref().map(|text| time("until", text, now)).transpose()?;
        let since = manual.since.as_deref().map(|text| time("since", text, now)).transpose()?;
        Self::period(scope, since, until, manual.publish, now)
    }

    /// A request for a period; without a beginning from the first of the month, without an end until now.
    ///
    /// # Errors
    /// The period cannot be reckoned.
    pub fn period(
        scope: Scope,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        publish: bool,
        now: Timestamp,
    ) -> Result<Self, CostFault> {
        let newest = now - SignedDuration::from_mins(i64::from(METRIC_DELAY_MINUTES));
        let until = until.map_or(newest, |until| until.min(newest));
        let from = since.unwrap_or_else(|| month_of_yesterday(until));
        Self::of(scope, from, until, publish, now)
    }

    fn of(scope: Scope, from: Timestamp, until: Timestamp, publish: bool, now: Timestamp) -> Result<Self, CostFault> {
        let fault = |why| CostFault::NoPeriod { from, until, why };
        if from >= until {
            return Err(fault("it ends before it begins, or begins in the future"));
        }
        if now.duration_since(from) > SignedDuration::from_hours(24 * DAYS_MAX) {
            return Err(fault("CloudWatch keeps the metrics for 62 days"));
        }
        let step_seconds = step_seconds(from, until, now);
        let step = i64::from(step_seconds);
        let down = |time: Timestamp| Timestamp::from_second(time.as_second().div_euclid(step) * step).unwrap_or(time);
        let (from, until) = (down(from), down(until));
        if from == until {
            return Err(fault("it is shorter than one period of the metrics"));
        }
        Ok(Self { scope, from, until, step_seconds, publish })
    }
}

fn step_seconds(from: Timestamp, until: Timestamp, now: Timestamp) -> u32 {
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    let is_short = until.duration_since(from) <= days(DAYS_BY_THE_MINUTE_MAX);
    let is_young = now.duration_since(from) <= days(DAYS_OF_MINUTES);
    if is_short && is_young { FINE_STEP_SECONDS } else { COARSE_STEP_SECONDS }
}

/// A time that a person wrote: so long ago, or then.
///
/// # Errors
/// It is neither.
pub fn time(field: &'static str, text: &str, now: Timestamp) -> Result<Timestamp, CostFault> {
    let no_time = || CostFault::NoTime { field, value: text.to_owned() };
    let ago = |digits: &str, hours: i64| {
        let count: i64 = digits.parse().ok().filter(|count| (1..=24 * 366).contains(count))?;
        now.checked_sub(SignedDuration::from_hours(count * hours)).ok()
    };
    let read = match (text.strip_suffix('d'), text.strip_suffix('h')) {
        (Some(days), _) => ago(days, 24),
        (None, Some(hours)) => ago(hours, 1),
        (None, None) => text.parse().ok(),
    };
    read.ok_or_else(no_time)
}

/// The first of the month of the last moment before `until`.
fn month_of_yesterday(until: Timestamp) -> Timestamp {
    let moment = until.checked_sub(Span::new().seconds(1)).unwrap_or(until);
    midnight(moment.to_zoned(TimeZone::UTC).date().first_of_month())
}

fn midnight(date: Date) -> Timestamp {
    date.to_zoned(TimeZone::UTC).map_or(Timestamp::MIN, |zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    /// `from`, `until` and the step of what an event asks for on this day, or what is wrong with it.
    fn asked(event: &Value, now: &str) -> String {
        match CostRequest::parse(event, now.parse().unwrap()) {
            Ok(CostRequest { from, until, step_seconds, .. }) => format!("{from} {until} {step_seconds}"),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn a_schedule_asks_for_the_month_so_far_and_on_the_first_for_the_last_one() {
        let event = json!({ "detail-type": "Scheduled Event" });
        for (now, expected) in [
            ("2026-11-25T06:15:00Z", "2026-11-01T00:00:00Z 2026-11-25T00:00:00Z 300"),
            ("2026-11-02T06:15:00Z", "2026-11-01T00:00:00Z 2026-11-02T00:00:00Z 60"),
            ("2026-12-01T06:15:00Z", "2026-11-01T00:00:00Z 2026-12-01T00:00:00Z 300"),
            ("2027-01-01T06:15:00Z", "2026-12-01T00:00:00Z 2027-01-01T00:00:00Z 300"),
        ] {
            assert_eq!(asked(&event, now), expected);
        }
        let request = CostRequest::parse(&event, "2026-11-25T06:15:00Z".parse().unwrap()).unwrap();
        assert!(request.publish && request.scope == Scope::Managed);
    }

    #[test]
    fn people_ask_for_any_period_that_is_known() {
        let now = "2026-11-25T13:07:30Z";
        for (event, expected) in [
            (json!({ "report": "all" }), "2026-11-01T00:00:00Z 2026-11-25T13:05:00Z 300"),
            (json!({ "report": "all", "since": "1d" }), "2026-11-24T13:07:00Z 2026-11-25T13:05:00Z 60"),
            (json!({ "report": ["a"], "since": "12h" }), "2026-11-25T01:07:00Z 2026-11-25T13:05:00Z 60"),
            (
                json!({ "report": "managed", "since": "2026-10-01T00:00:00Z", "until": "2026-10-02T00:00:00Z" }),
                "2026-10-01T00:00:00Z 2026-10-02T00:00:00Z 300",
            ),
            (
                json!({ "report": "all", "until": "2027-01-01T00:00:00Z" }),
                "2026-11-01T00:00:00Z 2026-11-25T13:05:00Z 300",
            ),
        ] {
            assert_eq!(asked(&event, now), expected, "{event}");
        }
    }

    #[test]
    fn what_cannot_be_reckoned_is_told_with_what_was_expected() {
        let now = "2026-11-25T13:07:30Z";
        for (event, expected) in [
            (json!({}), "got an object"),
            (json!({ "report": "everything" }), "got \"everything\"; expected"),
            (json!({ "report": [] }), "got []"),
            (json!({ "report": ["or ders"] }), "got [\"or ders\"]"),
            (json!({ "report": "all", "sinc": "30d" }), "unknown field `sinc`"),
            (json!({ "report": "all", "since": "a while" }), "since=\"a while\" is neither a number of days"),
            (json!({ "report": "all", "since": "0d" }), "since=\"0d\" is neither"),
            (json!({ "report": "all", "since": "90d" }), "keeps the metrics for 62 days"),
            (json!({ "report": "all", "since": "1h", "until": "2h" }), "it ends before it begins"),
            (json!({ "report": "all", "since": "2026-11-25T13:05:10Z" }), "shorter than one period"),
        ] {
            let told = asked(&event, now);
            assert!(told.contains(expected), "{event}: {told}");
        }
    }
}
