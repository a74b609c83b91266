// SPDX-License-Identifier: Apache-2.0
//! Every constant of forecasting and planning: its unit, what it does, and where it is from.
//!
//! Three sources:
//! - **traces**: the value with the best medians over the seven recorded traces, by `cargo xtask bench policy` (`docs/policy.md`;
//!   last tuned 2026-11-24, growth and days alike 2026-11-30). Neighbouring values move the medians by about 0.03, and tuning
//!   further made traces worse that were not tuned on: change structure, not these.
//! - **chosen**: no measurement stands behind it, and the reason is said.
//! - A page of AWS, which is named.

use kinesis_model::limits::RESIZES_PER_DAY;

// Time.

/// Minutes of a day.
pub(crate) const DAY_MINUTES: usize = 1_440;
/// Minutes in each span of a plan, from now on; a day together. Chosen: the near ones are short, since only they can call for a
/// resize now, and the program's time grows with their number.
pub(crate) const SPANS_MINUTES: [usize; 17] =
    [15, 15, 30, 30, 30, 60, 60, 60, 120, 120, 120, 120, 120, 120, 120, 150, 150];
/// Minutes of history without which nothing is forecast. Chosen: growth is told from the last ten minutes against the fifty before.
pub(crate) const HISTORY_MINUTES_MIN: usize = 60;
/// Days looked back over. Chosen: each weekday twice, of the 15 days that CloudWatch keeps minutes (User Guide, "Metrics retention").
pub(crate) const LOOK_BACK_DAYS: usize = 14;
/// Minutes since the newest known one beyond which scale-in and plans do not trust metrics. Chosen: several times the usual delay.
pub(crate) const STALE_AFTER_MINUTES: i64 = 10;

// Counts that are looked at.

/// Every shard count up to this one is a level of its own. Chosen: above it a tenth more is at most one shard more.
pub(crate) const LEVELS_SINGLE_MAX: u32 = 16;
/// Each level above those, as a multiple of the one before. Traces: finer ones gain 0.02 and cost time.
pub(crate) const LEVELS_RATIO: f64 = 1.1;
/// The highest level is at least this multiple of what is looked at, and some shards more. Chosen: room for the step above it.
pub(crate) const LEVELS_HEADROOM: f64 = 1.25;
/// The shards that [`LEVELS_HEADROOM`] speaks of. Chosen: so that the smallest stream has a level above it.
pub(crate) const LEVELS_HEADROOM_SHARDS: f64 = 1.0;
/// The highest level is at least this multiple of the load now. AWS: no resize does more (API `UpdateShardCount`).
pub(crate) const LEVELS_OF_LOAD: f64 = 2.0;
/// For the first step, counts are tried that are this part of the current one apart. Chosen: nearer than any forecast.
pub(crate) const FIRST_STEP_PARTS: u32 = 60;

// What a moment was like.

/// Added to loads before they are compared as ratios, in shards. Chosen: next to nothing is like nothing.
pub(crate) const LOAD_FLOOR_SHARDS: f64 = 0.02;
/// Minutes whose mean is the load of a moment. Chosen: long enough to smooth single minutes.
pub(crate) const LEVEL_MINUTES: usize = 10;
/// Minutes before a moment against which its load is growth. Chosen: an hour, the least history there is.
pub(crate) const GROWTH_MINUTES: usize = HISTORY_MINUTES_MIN;
/// Minutes whose mean says on which level moments and days lie. Chosen: steadier than [`LEVEL_MINUTES`].
pub(crate) const SCALE_MINUTES: usize = 30;

// Moments of the past that are like now.

/// Minutes between the moments that are compared with now. Chosen: the length of the first span.
pub(crate) const MOMENT_STRIDE_MINUTES: usize = 15;
/// Minutes that a moment lies back at least. Chosen: what is nearer is now.
pub(crate) const MOMENT_AGE_MINUTES_MIN: usize = 30;
/// Moments that are taken at most, the most alike. Chosen: time; those beyond weigh little.
pub(crate) const MOMENTS_MAX: usize = 40;
/// Minutes that are looked at of a span after a moment. Chosen: time.
pub(crate) const SAMPLES_PER_SPAN: usize = 6;
/// A difference of so many hours of the day makes a moment less alike by one. Traces.
pub(crate) const ALIKE_HOURS: f64 = 2.5;
/// The same of growth, as a logarithm. Traces.
pub(crate) const ALIKE_GROWTH: f64 = 0.42;
/// The same of the level, as a logarithm. Traces.
pub(crate) const ALIKE_LEVEL: f64 = 0.2;
/// By how much another day of the week makes a moment less alike, squared. Traces.
pub(crate) const OTHER_WEEKDAY: f64 = 0.6;
/// Moments that differ by more than this, squared, are left out. Chosen: they would count less than a millionth.
pub(crate) const UNLIKE: f64 = 28.0;
/// What is left of a moment's weight a day later. Traces.
pub(crate) const MOMENT_KEPT_PER_DAY: f64 = 0.985;
/// What followed is scaled by how far now is above the moment; that difference is half gone after so many minutes. Traces.
pub(crate) const MOMENT_DIFFERENCE_HALF_MINUTES: f64 = 45.0;
/// The largest such difference, as a logarithm: to a third or three times. Chosen: beyond it the moment is not alike.
pub(crate) const MOMENT_DIFFERENCE_MAX: f64 = 1.1;

// The same time of the days before.

/// A day that is above or below this one by this much, as a logarithm, counts a third. Traces: what fell stays fallen.
pub(crate) const ALIKE_DAY: f64 = 0.3;
/// What a day counts however little it is like this one. Chosen: where no day is alike, the least unlike are still asked.
pub(crate) const ALIKE_DAY_MIN: f64 = 1e-4;
/// What is left of a day's weight a day later. Traces.
pub(crate) const DAY_KEPT_PER_DAY: f64 = 0.9;
/// The weight of the same weekday, where another one weighs 1. Traces.
pub(crate) const SAME_WEEKDAY_WEIGHT: f64 = 2.0;
/// Minutes looked at before and after the same time. Chosen: people are not on time.
pub(crate) const SAME_TIME_MARGIN_MINUTES: usize = 10;
/// As [`MOMENT_DIFFERENCE_HALF_MINUTES`], of days. Traces: a day that is busier stays so for hours.
pub(crate) const DAY_DIFFERENCE_HALF_MINUTES: f64 = 360.0;
/// As [`MOMENT_DIFFERENCE_MAX`], of days: to half or double. Chosen.
pub(crate) const DAY_DIFFERENCE_MAX: f64 = 0.7;

// What a span is expected to be like: sources, of which each has a weight.

/// A source that says less the further ahead a span lies.
pub(crate) struct Fading {
    /// Its weight now.
    pub(crate) weight: f64,
    /// Minutes in which it is worth half as much.
    pub(crate) half_minutes: f64,
}

/// Minutes that are the newest source. Chosen: a few are more than chance.
pub(crate) const LAST_MINUTES: usize = 5;
/// The weight of the last minutes. Traces.
pub(crate) const LAST_MINUTES_SAY: Fading = Fading { weight: 0.5, half_minutes: 10.0 };
/// The weight of the last hour. Traces.
pub(crate) const LAST_HOUR_SAYS: Fading = Fading { weight: 0.05, half_minutes: 10.0 };
/// The weight of a load that goes on growing, where nothing else is known. Traces.
pub(crate) const GROWING_SAYS: Fading = Fading { weight: 0.5, half_minutes: 120.0 };
/// The part of that weight, before it fades, that stays where the past knows all. Chosen: nothing is that certain.
pub(crate) const GROWING_WEIGHT_MIN: f64 = 0.005;
/// The part of that weight that never fades. Chosen: a span far ahead must have some load as well.
pub(crate) const GROWING_WEIGHT_ALWAYS: f64 = 0.01;
/// The weight of the same time of the days before, far ahead. Traces.
pub(crate) const SAME_TIME_WEIGHT: f64 = 0.7;
/// Minutes ahead at which the same time has half of its weight. Traces: what is near is told better by the last minutes.
pub(crate) const SAME_TIME_HALF_MINUTES: f64 = 90.0;
/// The share of its weight that the same time has at once. Traces.
pub(crate) const SAME_TIME_SHARE_MIN: f64 = 0.15;
/// So much weight in moments that are alike says as much as the guess that the load goes on growing. Traces.
pub(crate) const EVIDENCE: f64 = 1.7;

// Growth.

/// Minutes in each of the blocks from whose means growth is read. Chosen: the shortest that smooths single minutes.
pub(crate) const GROWTH_BLOCK_MINUTES: usize = 5;
/// Those blocks. Chosen: of three ratios a step touches two at most, so it is no growth; a ramp shows in all.
pub(crate) const GROWTH_BLOCKS: usize = 4;
/// Minutes for which growth is believed to go on. Chosen: as many as it was seen in, and the delay of metrics.
pub(crate) const GROWTH_LASTS_MINUTES: f64 = 25.0;
/// The fastest growth, as a logarithm a minute. Chosen: 3.5 times in the minutes for which it lasts.
pub(crate) const GROWTH_PER_MINUTE_MAX: f64 = 0.05;
/// The fastest decline, as a logarithm a minute. Chosen: to half in those minutes; less than growth, for too few shards are worse.
pub(crate) const GROWTH_PER_MINUTE_MIN: f64 = -0.03;
/// Spread of a load after an hour, as the logarithm of its ratio to now, where the past knows nothing like it. Traces.
pub(crate) const SPREAD_UNKNOWN: f64 = 0.43;
/// The same where it does. Traces.
pub(crate) const SPREAD_KNOWN: f64 = 0.25;
/// The normal distribution in five values, each with its weight; together one. Chosen: more of them above than the mean asks for.
pub(crate) const NORMAL: [(f64, f64); 5] = [(-1.3, 0.25), (-0.4, 0.25), (0.4, 0.25), (1.2, 0.2), (2.2, 0.05)];

// What a plan shows.

/// What is called likely is exceeded in every other minute.
pub(crate) const BEYOND_LIKELY: f64 = 0.5;
/// What is called high is exceeded in one minute of twenty.
pub(crate) const BEYOND_HIGH: f64 = 0.05;

// What a plan costs. What throttling costs is the operator's `THROTTLING_RISK`.

/// Throttling in a span that lies ahead can still be averted by a resize then, so it counts less: half as much each so many
/// minutes. Traces.
pub(crate) const AVERTED_HALF_MINUTES: f64 = 30.0;
/// The least worth that averting leaves, in shard-minutes. Traces.
pub(crate) const AVERTED_WORTH: f64 = 8.0;
/// What a resize costs with all of the day's left, as a share of a day at the mean load. Traces.
pub(crate) const RESIZE_WORTH: f64 = 0.007;
/// A mean load below this counts as this, in shards. Chosen: a resize of an idle stream is not free.
pub(crate) const RESIZE_WORTH_SHARDS_MIN: f64 = 0.5;
/// How many times more it costs with none left, growing with the square of those spent. Traces.
pub(crate) const SCARCITY: f64 = 12.0;
/// How many times more it costs of a stream of which nothing is known yet, less by e each day: its days will hardly all be like
/// its first hours. Traces.
pub(crate) const NOVELTY: f64 = 4.0;
/// How likely a surprise is taken to be that the resizes left could not answer, as a share of the time. Traces.
pub(crate) const SURPRISE: f64 = 0.03;
/// A surprise is judged by the largest load of every so many minutes. Chosen: a few for each day, whatever the time.
pub(crate) const SURPRISE_MINUTES: usize = 240;

// What a plan may do.

/// Resizes at the end of a day that are for scale-out alone, and each of them doubles. Traces; nothing is known of what they will
/// be for.
pub(crate) const LAST_RESIZES: usize = 2;
/// The last resizes need not double beyond this multiple of the load now, where that is also above all loads seen. Traces.
pub(crate) const LAST_RESIZES_ABOVE: f64 = 3.0;
/// Resizes that scale-in leaves to a stream of which less than a day is known. Traces; what the rest of the day is like nobody
/// knows.
pub(crate) const FIRST_DAY_RESIZES: usize = 5;
/// A scale-in gives back at least this share of what would take back the least scale-out. Chosen: with all of it a plan would grow
/// a stream first so as to be allowed to shrink it (seen a day after a step, under a load that did not change any more).
pub(crate) const SCALE_IN_SHARE_OF_GROWTH: f64 = 0.5;
/// A load below this share of the largest one seen is on known ground. Traces.
pub(crate) const KNOWN_GROUND: f64 = 0.9;
/// On known ground this multiple of the largest load seen is enough. Chosen: a little above it.
pub(crate) const ABOVE_PEAK: f64 = 1.05;

/// The resizes left at which each ladder begins, with the least growth there in percent.
type Ladder<const STEPS: usize> = [(usize, u32); STEPS];

/// How much a scale-out grows a stream at least with so many of the day's resizes left: the fewer are left, the more, since a
/// rise in small steps would use them up.
///
/// By plan. Traces. It weighs a small step against all later ones, so that it must not be free even with all ten left; and its
/// [`LAST_RESIZES`] double.
const PLANNED_GROWTH: Ladder<4> = [(0, 100), (LAST_RESIZES + 1, 50), (5, 25), (8, 12)];
/// By the rules, without a plan. Chosen: they see no more than the last minutes, and the tolerance has held small steps back by then;
/// so with many left they are followed to the letter, and none is kept for a doubling that nothing asks for.
const RULES_GROWTH: Ladder<3> = [(0, 50), (4, 25), (7, 0)];

fn on<const STEPS: usize>(ladder: &Ladder<STEPS>, left: usize) -> u32 {
    let step = ladder.iter().rev().find(|(from, _)| *from <= left);
    step.map(|(_, percent)| *percent).expect("each ladder begins at none left")
}

/// The least growth of a planned scale-out, as a share, with so many resizes left.
pub(crate) fn planned_growth_min(left: usize) -> f64 {
    f64::from(on(&PLANNED_GROWTH, left)) / 100.0
}

/// The least growth of a scale-out by the rules, in percent, with so many resizes left.
pub(crate) fn rules_growth_percent_min(left: u32) -> u32 {
    on(&RULES_GROWTH, left as usize)
}

/// Resizes of a day, to index by.
pub(crate) const RESIZES: usize = RESIZES_PER_DAY as usize;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_a_day_and_weights_are_one() {
        assert_eq!(SPANS_MINUTES.iter().sum::<usize>(), DAY_MINUTES);
        assert!((NORMAL.iter().map(|(_, weight)| weight).sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_fewer_resizes_are_left_the_larger_each_is() {
        let planned: Vec<_> = (0..=RESIZES).map(planned_growth_min).collect();
        assert_eq!(planned, [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.25, 0.12, 0.12, 0.12]);
        let rules: Vec<_> = (0..=RESIZES_PER_DAY).map(rules_growth_percent_min).collect();
        assert_eq!(rules, [50, 50, 50, 50, 25, 25, 25, 0, 0, 0, 0]);
    }
}
