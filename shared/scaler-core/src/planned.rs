//! From a stream's past to its plan: forecast, terms, and the cheapest way through them.

use jiff::Timestamp;

use crate::forecast::{Forecast, KNOWN_MINUTES_MIN};
use crate::plan::{Plan, Terms};
use crate::policy::Policy;
use crate::recommend::STALE_AFTER_MINUTES;
use crate::stream::LoadHistory;
use crate::stream::Observation;
use kinesis_model::limits::{METRIC_DELAY_MINUTES, RESIZES_PER_DAY};

/// The next 24 hours of a stream as far as its past tells; `None` where less than an hour of it is known, or nothing of the
/// last minutes.
pub fn plan_ahead(policy: &Policy, seen: &Observation, now: Timestamp) -> Option<Plan> {
    let past = seen.past.as_deref().filter(|past| past.minutes().len() >= KNOWN_MINUTES_MIN)?;
    let history: LoadHistory = past.with(&seen.window);
    let age = now.duration_since(history.end()).as_mins();
    if age - i64::from(METRIC_DELAY_MINUTES) > STALE_AFTER_MINUTES {
        return None;
    }
    let current = seen.stream.open_shards;
    let forecast = Forecast::of(&history, usize::try_from(age).unwrap_or(0), current.get())?;
    let resizes = &seen.enrolment.history;
    let minutes = |at: Timestamp| usize::try_from((at.duration_since(now).as_secs() + 59) / 60).unwrap_or(0);
    let terms = Terms {
        current,
        min: policy.min(),
        max: policy.max(),
        left: RESIZES_PER_DAY.saturating_sub(resizes.spent(now)),
        free_in: resizes.free_again(now).into_iter().map(minutes).collect(),
        reserved: policy.resizes_reserved_for_scale_out,
        tolerance_percent: policy.tolerance_percent,
        worth: policy.throttling_risk.worth(),
    };
    Some(Plan::of(&forecast, &terms))
}
