// SPDX-License-Identifier: Apache-2.0
//! A comparison in JSON, for programs.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Result;
use serde::Serialize;
use simulator::score::Score;

use crate::comparison::{Comparison, Hindsight, Rival};
use crate::scaling_policy::ScalingPolicy;
use crate::scenario::Scenario;

/// The name of on-demand mode.
pub(crate) const ON_DEMAND: &str = "on-demand";

/// A comparison for programs.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    trace: TraceReport<'a>,
    initial_shards: u32,
    policy: &'a str,
    /// Of kinesis-scaler, by the names of its environment variables.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    settings: BTreeMap<&'static str, String>,
    #[serde(flatten)]
    score: ScoreReport,
    compared: Vec<RivalReport<'a>>,
    /// `null` where it was not asked for.
    hindsight: Option<HindsightReport<'a>>,
}

#[derive(Serialize)]
struct TraceReport<'a> {
    name: &'a str,
    start: String,
    minutes: usize,
    peak_shards: u32,
}

/// As [`Score`]; shares are 0 to 1, money is USD in us-east-1.
#[derive(Serialize)]
pub(crate) struct ScoreReport {
    shard_hours: f64,
    usd: f64,
    usd_shards: f64,
    usd_put: f64,
    throttled_bytes_share: f64,
    throttled_records_share: f64,
    minutes_throttled: usize,
    worst_minute_throttled_share: f64,
    calls: usize,
    split_merges: usize,
    mean_utilization: f64,
    shards_min: u32,
    shards_max: u32,
}

/// Ratios are the policy's figure over this one's.
#[derive(Serialize)]
struct RivalReport<'a> {
    name: &'a str,
    usd: f64,
    usd_ratio: Option<f64>,
    shard_hours_ratio: Option<f64>,
    /// `null` for on-demand mode, which has no shards of ours and is taken to throttle nothing.
    score: Option<ScoreReport>,
}

#[derive(Serialize)]
struct HindsightReport<'a> {
    /// Why there is no plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'a str>,
    shard_hours_lower: Option<f64>,
    shard_hours_upper: Option<f64>,
    /// The policy's shard-hours over the lower bound.
    ratio_to_lower: Option<f64>,
    /// The policy's shard-hours over those of the best plan found.
    ratio_to_upper: Option<f64>,
    usd: Option<f64>,
    usd_ratio: Option<f64>,
}

impl<'a> Report<'a> {
    pub(crate) fn of(scenario: &'a Scenario, policy: &'a ScalingPolicy, comparison: &'a Comparison) -> Self {
        let trace = &scenario.trace;
        let ours = &comparison.ours.score;
        let usd = comparison.on_demand_usd;
        let on_demand =
            RivalReport { name: ON_DEMAND, usd, usd_ratio: ratio(ours.usd, usd), shard_hours_ratio: None, score: None };
        let rivals = comparison.others.iter().map(|rival| RivalReport::of(ours, rival));
        Self {
            trace: TraceReport {
                name: &trace.name,
                start: trace.start.to_string(),
                minutes: trace.minutes.len(),
                peak_shards: trace.peak_shards(),
            },
            initial_shards: scenario.initial_shards,
            policy: policy.name(),
            settings: match policy {
                ScalingPolicy::Ours(settings) => settings.variables().into_iter().collect(),
                ScalingPolicy::Peer(..) | ScalingPolicy::Hindsight => BTreeMap::new(),
            },
            score: ScoreReport::from(ours),
            compared: rivals.chain([on_demand]).collect(),
            hindsight: comparison.hindsight.as_ref().map(|found| HindsightReport::of(ours, found)),
        }
    }
}

impl<'a> RivalReport<'a> {
    fn of(ours: &Score, rival: &'a Rival) -> Self {
        let Rival { name, score } = rival;
        Self {
            name,
            usd: score.usd,
            usd_ratio: ratio(ours.usd, score.usd),
            shard_hours_ratio: ratio(ours.shard_hours, score.shard_hours),
            score: Some(ScoreReport::from(score)),
        }
    }
}

impl<'a> HindsightReport<'a> {
    fn of(ours: &Score, hindsight: &'a Hindsight) -> Self {
        match hindsight {
            Hindsight::NoPlan(why) => Self {
                fault: Some(why),
                shard_hours_lower: None,
                shard_hours_upper: None,
                ratio_to_lower: None,
                ratio_to_upper: None,
                usd: None,
                usd_ratio: None,
            },
            Hindsight::Found { shard_hours_lower, score } => Self {
                fault: None,
                shard_hours_lower: Some(*shard_hours_lower),
                shard_hours_upper: Some(score.shard_hours),
                ratio_to_lower: ratio(ours.shard_hours, *shard_hours_lower),
                ratio_to_upper: ratio(ours.shard_hours, score.shard_hours),
                usd: Some(score.usd),
                usd_ratio: ratio(ours.usd, score.usd),
            },
        }
    }
}

impl From<&Score> for ScoreReport {
    fn from(score: &Score) -> Self {
        Self {
            shard_hours: score.shard_hours,
            usd: score.usd,
            usd_shards: score.usd_shards,
            usd_put: score.usd_put,
            throttled_bytes_share: score.throttled_bytes_share,
            throttled_records_share: score.throttled_records_share,
            minutes_throttled: score.minutes_throttled,
            worst_minute_throttled_share: score.worst_minute_throttled_share,
            calls: score.calls,
            split_merges: score.split_merges,
            mean_utilization: score.mean_utilization,
            shards_min: score.shards_min,
            shards_max: score.shards_max,
        }
    }
}

/// One figure over another; `None` where that is nothing.
pub(crate) fn ratio(ours: f64, theirs: f64) -> Option<f64> {
    (theirs > 0.0).then(|| ours / theirs)
}

/// Writes JSON that people can read too, and ends the line.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_json(value: &impl Serialize, out: &mut impl Write) -> Result<()> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}
