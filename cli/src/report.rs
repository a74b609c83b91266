//! A comparison in words for people and in JSON for programs.

use std::io::Write;

use anyhow::Result;
use scaler_sim::score::Score;
use serde::Serialize;

use crate::comparison::{Comparison, Hindsight, Rival};
use crate::contender::{Contender, HINDSIGHT};
use crate::scene::Scene;
use crate::settings;
use crate::table::{figure, percent, table};

/// The name of on-demand mode in tables.
const ON_DEMAND: &str = "on-demand";
/// Hours in a month as AWS counts them for its examples.
pub(crate) const HOURS_PER_MONTH: f64 = 730.0;

/// What was simulated, in two lines.
pub(crate) fn heading(scene: &Scene, contender: &Contender) -> String {
    let trace = &scene.trace;
    let what = match contender {
        Contender::Ours(policy) => format!("{} ({})", contender.name(), settings::in_words(policy)),
        Contender::Peer(..) | Contender::Hindsight => contender.name().to_owned(),
    };
    format!(
        "{}: {} minutes from {}, busiest minute {} shards\n{what}, {} shards at first",
        trace.name,
        figure(scene.hours() * 60.0, 0),
        trace.start,
        trace.peak_shards(),
        scene.initial_shards,
    )
}

/// The figures of one run, a line for each kind.
pub(crate) fn figures(score: &Score) -> String {
    format!(
        "  cost         {} USD: shards {}, PUT units {} (prices of us-east-1)\n  \
           capacity     {} shard-hours, {} to {} shards, {} used\n  \
           throttled    {} of bytes, {} of records; in {} minutes, in the worst {}\n  \
           calls        {} of UpdateShardCount{}",
        figure(score.usd, 2),
        figure(score.usd_shards, 2),
        figure(score.usd_put, 2),
        figure(score.shard_hours, 2),
        score.shards_min,
        score.shards_max,
        percent(score.mean_utilization, 1),
        percent(score.throttled_bytes_share, 4),
        percent(score.throttled_records_share, 4),
        score.minutes_throttled,
        percent(score.worst_minute_throttled_share, 1),
        score.calls,
        if score.split_merges == 0 { String::new() } else { format!(", {} by splits and merges", score.split_merges) },
    )
}

/// All ways to run the stream, a row each. The ratio is what the first costs for each dollar of the others.
pub(crate) fn comparison_table(comparison: &Comparison) -> String {
    let ours = &comparison.ours;
    let ratio = |usd: f64| ratio(ours.score.usd, usd).map_or("-".to_owned(), |ratio| format!("{ratio:.3}"));
    let row = |name: &str, score: &Score| {
        [
            name.to_owned(),
            figure(score.usd, 2),
            ratio(score.usd),
            figure(score.shard_hours, 1),
            percent(score.mean_utilization, 1),
            percent(score.throttled_bytes_share, 4),
            figure_of(score.minutes_throttled),
            calls(score),
            format!("{}-{}", score.shards_min, score.shards_max),
        ]
    };
    let usd = comparison.on_demand_usd;
    let mut on_demand = ["-"; 9].map(str::to_owned);
    (on_demand[0], on_demand[1], on_demand[2]) = (ON_DEMAND.to_owned(), figure(usd, 2), ratio(usd));
    let others = comparison.others.iter().filter(|other| other.name != ours.name);
    let mut rows = vec![row(&ours.name, &ours.score)];
    rows.extend(others.map(|Rival { name, score }| row(name, score)));
    rows.push(on_demand);
    if let Some(Hindsight::Found { score, .. }) = &comparison.hindsight
        && ours.name != HINDSIGHT
    {
        rows.push(row(HINDSIGHT, score));
    }
    let table =
        table(["policy", "USD", "ratio", "shard-hours", "used", "throttled", "minutes", "calls", "shards"], rows);
    format!("{table}\nratio: USD of {} over theirs; throttled: share of the bytes, and in how many minutes", ours.name)
}

/// What there is to know of the optimum, in a line; empty where it was not asked for.
pub(crate) fn hindsight_line(comparison: &Comparison) -> String {
    match &comparison.hindsight {
        None => String::new(),
        Some(Hindsight::NoPlan(why)) => format!("hindsight: {why}\n"),
        Some(Hindsight::Found { shard_hours_lower: lower, score }) => {
            let ours = comparison.ours.score.shard_hours;
            let [best, bound] = [score.shard_hours, *lower].map(|theirs| ratio(ours, theirs).unwrap_or(f64::INFINITY));
            format!(
                "hindsight: without throttling no run goes below {} shard-hours, and one of {} was found; this one has \
                 {bound:.3} and {best:.3} times as many\n",
                figure(*lower, 2),
                figure(score.shard_hours, 2),
            )
        }
    }
}

fn calls(score: &Score) -> String {
    match score.split_merges {
        0 => figure_of(score.calls),
        more => format!("{}+{}", score.calls, more),
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts of minutes and calls")]
fn figure_of(count: usize) -> String {
    figure(count as f64, 0)
}

fn ratio(ours: f64, theirs: f64) -> Option<f64> {
    (theirs > 0.0).then(|| ours / theirs)
}

/// A comparison for programs.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    trace: TraceReport<'a>,
    initial_shards: u32,
    policy: &'a str,
    /// Of kinesis-scaler, by the names of its environment variables; what is not here has its default.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "settings::as_map")]
    settings: Vec<(&'static str, String)>,
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
    pub(crate) fn of(scene: &'a Scene, contender: &'a Contender, comparison: &'a Comparison) -> Self {
        let trace = &scene.trace;
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
            initial_shards: scene.initial_shards,
            policy: contender.name(),
            settings: match contender {
                Contender::Ours(policy) => settings::lines(policy),
                Contender::Peer(..) | Contender::Hindsight => Vec::new(),
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

/// Writes JSON that people can read too, and ends the line.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_json(value: &impl Serialize, out: &mut impl Write) -> Result<()> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}
