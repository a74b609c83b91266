//! What a stream will be asked to take in the next day: a distribution of its load for each span of it.
//!
//! The past is asked for moments like this one (by time of day, level and growth), and what followed them is weighed together
//! with the last minutes and, as far as the past knows no such moment, with a load that keeps growing as it does now. Nothing
//! is fitted: a stream with an hour of history has a forecast, and one with two weeks a good one.
//!
//! Little history narrows what may be asked: no more than was seen, or than the growth that is seen leads to. So a load that
//! is steady, or falls, is left alone from its first hour on.

use crate::stream::LoadHistory;

/// Minutes in each span, from now on; a day together. The near ones are short, since only they can call for a resize now.
pub(crate) const SPANS: [usize; 17] = [15, 15, 30, 30, 30, 60, 60, 60, 120, 120, 120, 120, 120, 120, 120, 150, 150];

const DAY: usize = 1_440;
/// The least history, in minutes, that is worth forecasting from.
pub(crate) const KNOWN_MINUTES_MIN: usize = 60;
/// Days looked back over.
const DAYS: usize = 14;
/// Every so many minutes the past is compared with now.
const STRIDE: usize = 15;
/// Moments of the past that are taken, the most alike ones.
const MOMENTS_MAX: usize = 40;
/// Samples taken of each span that followed a moment.
const SAMPLES: usize = 6;
/// A surprise is judged by the largest load of every so many minutes.
const SURPRISE_MINUTES: usize = 240;
/// Added to loads before they are compared as ratios, in shards: next to nothing is like nothing.
const FLOOR: f64 = 0.02;

/// How alike moments are: a difference as large as this counts as one.
const ALIKE_HOURS: f64 = 2.5;
const ALIKE_GROWTH: f64 = 0.42;
const ALIKE_LEVEL: f64 = 0.2;
/// ... and a day that differs by this much, as a logarithm, counts a third.
const ALIKE_DAY: f64 = 0.3;
/// Moments that differ by more than this, squared, are not looked at: they would count less than a millionth.
const UNLIKE: f64 = 28.0;
/// What another day of the week counts, squared.
const OTHER_WEEKDAY: f64 = 0.6;
/// What is left of a moment's weight a day later.
const KEPT_A_DAY: f64 = 0.985;

/// Weights of what a span is expected to be like, and the minutes in which each is worth half as much.
const LAST_MINUTES: (f64, f64) = (0.5, 10.0);
const LAST_HOUR: (f64, f64) = (0.05, 10.0);
const SAME_TIME: f64 = 0.7;
const GROWING: (f64, f64) = (0.5, 120.0);
/// So much evidence in moments that are alike is as good as the guess that the load goes on growing.
const EVIDENCE: f64 = 1.7;
/// Growth is read from the means of so many last minutes each, one after the other.
const GROWTH_BLOCK: usize = 5;
const GROWTH_BLOCKS: usize = 4;
/// Growth is believed to go on for about as many minutes as it was seen in, and some more.
const GROWTH_LASTS: f64 = 25.0;
/// ... and to be no faster, up and down, than this share of the load a minute, as a logarithm.
const GROWTH_MAX: f64 = 0.05;
const GROWTH_MIN: f64 = -0.03;
/// Spread of a load after an hour, as the logarithm of its ratio to now, where the past knows nothing like it and where it
/// does.
const SPREAD: f64 = 0.43;
const SPREAD_KNOWN: f64 = 0.25;
/// The normal distribution in five values, with the weight of each.
const NORMAL: [(f64, f64); 5] = [(-1.3, 0.25), (-0.4, 0.25), (0.4, 0.25), (1.2, 0.2), (2.2, 0.05)];
/// Minutes in which the difference between now and a moment of the past is half gone.
const DIFFERENCE_LASTS: f64 = 45.0;

/// The distribution of the load in one span.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    /// Minutes from now to its begin.
    pub(crate) begins: usize,
    /// Its length in minutes.
    pub(crate) minutes: usize,
    /// The weight of loads up to each level, and beyond them all; together one.
    weights: Vec<f64>,
    /// The load expected beyond each level, in shards, averaged over the span.
    excess: Vec<f64>,
}

/// The next day.
#[derive(Clone, Debug)]
pub(crate) struct Forecast {
    /// Shard counts at which the distributions are known, rising.
    pub(crate) levels: Vec<u32>,
    /// In the order of [`SPANS`].
    pub(crate) spans: Vec<Span>,
    /// The mean load of the last day, in shards.
    pub(crate) mean: f64,
    /// The largest load of the days looked back over, in shards.
    pub(crate) peak: f64,
    /// The mean load of the last ten minutes, in shards.
    pub(crate) level: f64,
    /// Days of history.
    pub(crate) days: f64,
    /// What a surprise would ask beyond each level, in shards: the largest loads of four hours each, whatever the time of day.
    surprise: Vec<f64>,
}

impl Forecast {
    /// Forecasts from `minutes_ago` minutes after the history's end on. `None` where it is too short.
    pub(crate) fn of(history: &LoadHistory, minutes_ago: usize, current: u32) -> Option<Self> {
        let past = Past::of(history.minutes());
        if past.load.len() < KNOWN_MINUTES_MIN {
            return None;
        }
        let (n, now) = (past.load.len(), past.features(past.load.len()));
        let level = now.level.exp();
        let peak = past.max(DAYS * DAY);
        let days = f64::from(u32::try_from(n).unwrap_or(u32::MAX)) / 1_440.0;
        // Only growth that is seen leads to a load that was never seen.
        let drift = match past.drift() {
            // Throttling hides a part of the load: as it ends, a load that stands still looks like one that grows.
            drift if history.throttled_within(GROWTH_BLOCK * GROWTH_BLOCKS) => drift.min(0.0),
            drift => drift,
        };
        let cap = peak.max(level * (drift * GROWTH_LASTS).exp());
        let mut levels = levels(past.min(DAY), cap.max(level * 2.0).max(f64::from(current)) * 1.25 + 1.0);
        // What is between two levels is told too high, and that must not move a stream that has enough.
        if let Err(at) = levels.binary_search(&current) {
            levels.insert(at, current);
        }
        let sources = Sources { moments: past.moments(now), days: past.same_time(now), past: &past, drift, level };
        let mut begins = 0;
        let mut histogram = Histogram::new(&levels, cap);
        let span = |minutes: usize| {
            sources.fill(&mut histogram, begins + minutes_ago, minutes);
            let span = histogram.take(begins, minutes);
            begins += minutes;
            span
        };
        let spans = SPANS.into_iter().map(span).collect();
        let surprise = past.surprises(&levels);
        Some(Self { spans, mean: past.mean(n.saturating_sub(DAY), n), peak, level, days, surprise, levels })
    }

    /// The load expected beyond so many shards, averaged over a span.
    pub(crate) fn excess(&self, span: usize, shards: u32) -> f64 {
        self.beyond(&self.spans[span].excess, shards)
    }

    /// What a surprise would ask beyond so many shards.
    pub(crate) fn surprise(&self, shards: u32) -> f64 {
        self.beyond(&self.surprise, shards)
    }

    fn beyond(&self, excess: &[f64], shards: u32) -> f64 {
        match self.levels.binary_search(&shards) {
            Ok(at) => excess[at],
            Err(0) => excess[0] + f64::from(self.levels[0] - shards),
            Err(at) if at == self.levels.len() => 0.0,
            Err(at) => between(&self.levels, excess, at, shards),
        }
    }

    /// The fewest shards, of the levels there are, that a load of the span exceeds with at most this probability.
    pub(crate) fn high(&self, span: usize, probability: f64) -> u32 {
        let mut left = 1.0;
        let enough = self.spans[span].weights.iter().position(|weight| {
            left -= weight;
            left <= probability
        });
        let last = self.levels.len() - 1;
        self.levels[enough.unwrap_or(last).min(last)]
    }
}

/// The value at `shards`, which lies between the levels `at` - 1 and `at`.
pub(crate) fn between(levels: &[u32], values: &[f64], at: usize, shards: u32) -> f64 {
    let (low, high) = (levels[at - 1], levels[at]);
    let part = f64::from(shards - low) / f64::from(high - low);
    values[at - 1] * (1.0 - part) + values[at] * part
}

/// Every count up to 16, then each a tenth more, from the largest that is not above `min` to the first that is not below
/// `max`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shard counts are positive and small")]
fn levels(min: f64, max: f64) -> Vec<u32> {
    let mut levels = vec![1];
    while let Some(&last) = levels.last()
        && f64::from(last) < max
        && last < kinesis_model::limits::SHARDS_PER_STREAM_MAX * 2
    {
        let next = if last < 16 { last + 1 } else { (f64::from(last) * 1.1).ceil() as u32 };
        if f64::from(next) <= min {
            levels.clear();
        }
        levels.push(next);
    }
    levels
}

/// How a moment is told from another.
#[derive(Clone, Copy, Debug)]
struct Features {
    /// Logarithm of the mean load of the ten minutes before.
    level: f64,
    /// Logarithm of their ratio to the fifty minutes before them.
    growth: f64,
    /// Logarithm of the mean load of the half hour before.
    half_hour: f64,
}

/// A moment of the past, what it counts, and by how much now is above it (as a logarithm).
#[derive(Clone, Copy, Debug)]
struct Moment {
    weight: f64,
    at: usize,
    above: f64,
}

/// Loads with their running sums.
struct Past<'a> {
    load: &'a [f32],
    sums: Vec<f64>,
}

impl<'a> Past<'a> {
    fn of(load: &'a [f32]) -> Self {
        let mut sum = 0.0;
        let running = load.iter().map(|load| {
            sum += f64::from(*load);
            sum
        });
        Self { load, sums: std::iter::once(0.0).chain(running).collect() }
    }

    /// The mean from one minute (inclusive) to another (exclusive).
    fn mean(&self, from: usize, to: usize) -> f64 {
        let minutes = u32::try_from(to.saturating_sub(from).max(1)).unwrap_or(u32::MAX);
        (self.sums[to] - self.sums[from]) / f64::from(minutes)
    }

    fn max(&self, minutes: usize) -> f64 {
        self.last(minutes).iter().copied().fold(0.0, f32::max).into()
    }

    fn min(&self, minutes: usize) -> f64 {
        self.last(minutes).iter().copied().fold(f32::MAX, f32::min).into()
    }

    fn last(&self, minutes: usize) -> &'a [f32] {
        &self.load[self.load.len().saturating_sub(minutes)..]
    }

    /// The mean of what the largest load of every four hours is beyond each level.
    fn surprises(&self, levels: &[u32]) -> Vec<f64> {
        let largest = self.last(DAYS * DAY).chunks(SURPRISE_MINUTES);
        let largest = largest.map(|loads| loads.iter().copied().fold(0.0, f32::max));
        let mut histogram = Histogram::new(levels, f64::INFINITY);
        histogram.add_all(largest.map(|load| (f64::from(load), 1.0)), 1.0);
        histogram.take(0, 0).excess
    }

    fn features(&self, at: usize) -> Features {
        let before = |minutes: usize| at.saturating_sub(minutes);
        let level = (self.mean(before(10), at) + FLOOR).ln();
        let hour = (self.mean(before(60), before(10)) + FLOOR).ln();
        Features { level, growth: level - hour, half_hour: self.half_hour(at) }
    }

    /// Growth a minute, as a logarithm: the least of what the last blocks of minutes agree on, less what unrest would explain.
    ///
    /// A step touches two ratios of three at most, so that it is no growth; a ramp shows in all of them.
    fn drift(&self) -> f64 {
        let until = |block: usize| self.load.len().saturating_sub(block * GROWTH_BLOCK);
        let mean = |block: usize| (self.mean(until(block + 1), until(block)) + FLOOR).ln();
        let ratios = (1..GROWTH_BLOCKS).map(|block| mean(block - 1) - mean(block));
        let (least, most) =
            ratios.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), ratio| (ratio.min(least), ratio.max(most)));
        let explained = self.unrest(GROWTH_BLOCK * GROWTH_BLOCKS) * (2.0 / whole(GROWTH_BLOCK)).sqrt();
        // It is growth only where all of them rise, and decline only where all of them fall.
        let agreed = (least - explained).max(0.0) + (most + explained).min(0.0);
        (agreed / whole(GROWTH_BLOCK)).clamp(GROWTH_MIN, GROWTH_MAX)
    }

    /// By how much the last minutes differ from where the load was going, as a logarithm: from one to the next, so that a ramp
    /// is none.
    fn unrest(&self, minutes: usize) -> f64 {
        let logs = self.last(minutes).iter().map(|load| (f64::from(*load) + FLOOR).ln()).collect::<Vec<_>>();
        let squares: f64 = logs.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum();
        (squares / whole(logs.len().max(2) - 1) / 2.0).sqrt()
    }

    fn half_hour(&self, at: usize) -> f64 {
        (self.mean(at.saturating_sub(30), at) + FLOOR).ln()
    }

    /// The moments most like now.
    fn moments(&self, now: Features) -> Vec<Moment> {
        let n = self.load.len();
        let back = (1..=DAYS * DAY / STRIDE).map(|step| step * STRIDE);
        let mut moments: Vec<Moment> = back
            .skip_while(|back| *back < 30)
            .take_while(|back| *back + 60 <= n)
            .filter_map(|back| {
                let time = (hours_apart(back) / ALIKE_HOURS).powi(2);
                let above = now.half_hour - self.half_hour(n - back);
                let level = (above / ALIKE_LEVEL).powi(2);
                if time + level > UNLIKE {
                    return None;
                }
                let then = self.features(n - back);
                let unlike = time
                    + level
                    + ((then.growth - now.growth) / ALIKE_GROWTH).powi(2)
                    + if is_same_weekday(back) { 0.0 } else { OTHER_WEEKDAY };
                let weight = (-0.5 * unlike).exp() * KEPT_A_DAY.powf(in_days(back));
                Some(Moment { weight, at: n - back, above })
            })
            .collect();
        if moments.len() > MOMENTS_MAX {
            moments.select_nth_unstable_by(MOMENTS_MAX, |a, b| b.weight.total_cmp(&a.weight));
            moments.truncate(MOMENTS_MAX);
        }
        moments
    }

    /// The same time of the days before; days on a like level, and the same weekday, count more.
    fn same_time(&self, now: Features) -> Vec<Moment> {
        let n = self.load.len();
        let days = (1..=DAYS).take_while(|day| day * DAY + 60 <= n);
        days.map(|day| {
            let at = n - day * DAY;
            let above = now.half_hour - self.features(at).half_hour;
            let weekday = if day % 7 == 0 { 2.0 } else { 1.0 };
            Moment { weight: 0.9_f64.powf(in_days(day * DAY)) * likeness(above) * weekday, at, above }
        })
        .collect()
    }

    /// The load at a minute, or, where that lies ahead, at the same time of the last day that knows it; without one, the last.
    fn at(&self, minute: usize) -> f64 {
        let n = self.load.len();
        let ahead = (minute + 1).saturating_sub(n).div_ceil(DAY) * DAY;
        f64::from(self.load[minute.checked_sub(ahead).unwrap_or(n - 1)])
    }
}

fn whole(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn in_days(minutes: usize) -> f64 {
    whole(minutes) / 1_440.0
}

/// By how many hours of the day a moment so long ago differs from now.
fn hours_apart(minutes_ago: usize) -> f64 {
    let hours = in_days(minutes_ago % DAY) * 24.0;
    hours.min(24.0 - hours)
}

/// Whether a moment so long ago was, give or take half a day, on the same day of the week.
fn is_same_weekday(minutes_ago: usize) -> bool {
    ((minutes_ago + DAY / 2) / DAY).is_multiple_of(7)
}

/// What a day counts that is so much above another one, as a logarithm; a little even where it is quite another.
fn likeness(above: f64) -> f64 {
    (-above.abs() / ALIKE_DAY).exp().max(1e-4)
}

/// The minutes of a span that are looked at.
fn samples(from: usize, minutes: usize) -> impl Iterator<Item = usize> {
    (from..from + minutes).step_by((minutes / SAMPLES).max(1))
}

/// What a span is expected to be like.
struct Sources<'a> {
    moments: Vec<Moment>,
    days: Vec<Moment>,
    past: &'a Past<'a>,
    /// Growth a minute, as a logarithm.
    drift: f64,
    level: f64,
}

impl Sources<'_> {
    /// Fills the distribution of a span that begins so many minutes after the history's end.
    fn fill(&self, histogram: &mut Histogram<'_>, begins: usize, minutes: usize) {
        let ahead = whole(begins) + whole(minutes / 2);
        let half = |lasts: f64| 0.5_f64.powf(ahead / lasts);
        let evidence: f64 = self.moments.iter().map(|moment| moment.weight).sum();
        let known = evidence / (evidence + EVIDENCE);
        let same_time = if self.days.is_empty() { 0.0 } else { SAME_TIME * (1.0 - half(90.0)).max(0.15) };
        histogram.add_all(
            self.past.last(5).iter().map(|load| (f64::from(*load), 1.0)),
            LAST_MINUTES.0 * half(LAST_MINUTES.1),
        );
        histogram
            .add_all(self.past.last(60).iter().map(|load| (f64::from(*load), 1.0)), LAST_HOUR.0 * half(LAST_HOUR.1));
        histogram.add_all(self.growing(ahead, known), (0.005 + GROWING.0 * (1.0 - known)) * half(GROWING.1) + 0.01);
        // What nobody tells is left to the others.
        let asked = evidence * whole(samples(begins, minutes).count());
        histogram.add_of(asked, self.followed(begins, minutes, half(DIFFERENCE_LASTS)), known);
        // One day alone shows no rhythm: it tells as much as it is like this one.
        let told = if self.days.len() == 1 { self.day_before() } else { 1.0 };
        histogram.add_all(self.at_same_time(begins, minutes, half(360.0)), same_time * told);
    }

    /// The load of now, grown on as it does now, in a spread that widens up to what a day has seen: what came before that has
    /// fallen away since.
    fn growing(&self, ahead: f64, known: f64) -> impl Iterator<Item = (f64, f64)> {
        let drift = self.drift * GROWTH_LASTS * (1.0 - (-ahead / GROWTH_LASTS).exp());
        let spread = (SPREAD_KNOWN + (SPREAD - SPREAD_KNOWN) * (1.0 - known)) * (ahead / 60.0).sqrt();
        let level = self.level;
        let ceiling = self.past.max(DAY).max(level * drift.exp());
        NORMAL.into_iter().map(move |(z, weight)| ((level * (drift + spread * z).exp()).min(ceiling), weight))
    }

    /// What followed the moments that are alike. Where that lies ahead, the day before tells it, as far as it is like this one.
    fn followed(&self, begins: usize, minutes: usize, lasts: f64) -> impl Iterator<Item = (f64, f64)> {
        let day_before = self.day_before();
        self.moments.iter().flat_map(move |moment| {
            let scale = (moment.above.clamp(-1.1, 1.1) * lasts).exp();
            samples(moment.at + begins, minutes).map(move |minute| {
                let told = if minute < self.past.load.len() { 1.0 } else { day_before };
                (self.past.at(minute) * scale, moment.weight * told)
            })
        })
    }

    /// How much the day before tells of this one, 0 to 1.
    fn day_before(&self) -> f64 {
        self.days.first().map_or(0.0, |day| likeness(day.above))
    }

    /// The same time of the days before, ten minutes more on either side.
    fn at_same_time(&self, begins: usize, minutes: usize, lasts: f64) -> impl Iterator<Item = (f64, f64)> {
        let n = self.past.load.len();
        self.days.iter().flat_map(move |day| {
            let scale = (day.above.clamp(-0.7, 0.7) * lasts).exp();
            let from = (day.at + begins).saturating_sub(10);
            let to = (day.at + begins + minutes + 10).min(n);
            (from..to)
                .step_by((minutes / SAMPLES).max(1))
                .map(move |at| (f64::from(self.past.load[at]) * scale, day.weight))
        })
    }
}

/// A distribution in the making.
struct Histogram<'a> {
    levels: &'a [u32],
    cap: f64,
    weights: Vec<f64>,
    sums: Vec<f64>,
    /// What is being added.
    adding: Vec<(f64, f64)>,
}

impl<'a> Histogram<'a> {
    fn new(levels: &'a [u32], cap: f64) -> Self {
        let empty = vec![0.0; levels.len() + 1];
        Self { levels, cap, weights: empty.clone(), sums: empty, adding: Vec::new() }
    }

    /// Adds loads with their weights, which are scaled to be `weight` together.
    fn add_all(&mut self, loads: impl Iterator<Item = (f64, f64)>, weight: f64) {
        self.adding.clear();
        self.adding.extend(loads);
        self.add(self.adding.iter().map(|(_, weight)| weight).sum(), weight);
    }

    /// The same, scaled as if they weighed `total`.
    fn add_of(&mut self, total: f64, loads: impl Iterator<Item = (f64, f64)>, weight: f64) {
        self.adding.clear();
        self.adding.extend(loads);
        self.add(total, weight);
    }

    fn add(&mut self, total: f64, weight: f64) {
        if weight <= 0.0 || total <= 0.0 {
            return;
        }
        let scale = weight / total;
        for (load, part) in &self.adding {
            let load = load.min(self.cap);
            let bin = self.levels.partition_point(|level| f64::from(*level) < load);
            self.weights[bin] += scale * part;
            self.sums[bin] += scale * part * load;
        }
    }

    /// The distribution so far; then it is empty again.
    fn take(&mut self, begins: usize, minutes: usize) -> Span {
        let total: f64 = self.weights.iter().sum();
        let weights: Vec<f64> = self.weights.iter().map(|weight| weight / total).collect();
        let (mut weight, mut sum) = (0.0, 0.0);
        let mut excess = vec![0.0; self.levels.len()];
        for (at, level) in self.levels.iter().enumerate().rev() {
            weight += weights[at + 1];
            sum += self.sums[at + 1] / total;
            excess[at] = (sum - weight * f64::from(*level)).max(0.0);
        }
        self.weights.fill(0.0);
        self.sums.fill(0.0);
        Span { begins, minutes, weights, excess }
    }
}

#[cfg(test)]
mod tests;
