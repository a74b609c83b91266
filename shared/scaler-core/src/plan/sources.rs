// SPDX-License-Identifier: Apache-2.0
//! What a span is expected to be like, from all that says something of it.

use super::histogram::Histogram;
use super::moments::{Moment, likeness};
use super::past::Past;
use super::tuning::{
    DAY_DIFFERENCE_HALF_MINUTES, DAY_DIFFERENCE_MAX, DAY_MINUTES, EVIDENCE, Fading, GROWING_SAYS,
    GROWING_WEIGHT_ALWAYS, GROWING_WEIGHT_MIN, GROWTH_LASTS_MINUTES, LAST_HOUR_SAYS, LAST_MINUTES, LAST_MINUTES_SAY,
    MOMENT_DIFFERENCE_HALF_MINUTES, MOMENT_DIFFERENCE_MAX, NORMAL, SAME_TIME_HALF_MINUTES, SAME_TIME_MARGIN_MINUTES,
    SAME_TIME_SHARE_MIN, SAME_TIME_WEIGHT, SAMPLES_PER_SPAN, SPREAD_KNOWN, SPREAD_UNKNOWN,
};
use kinesis_model::num::float;

/// All that says something of the next day.
pub(super) struct Sources<'a> {
    /// Moments like now.
    pub(super) moments: Vec<Moment>,
    /// The same time of the days before, the last one first.
    pub(super) days: Vec<Moment>,
    pub(super) past: &'a Past<'a>,
    /// Growth a minute, as a logarithm.
    pub(super) growth: f64,
    /// The load now, in shards.
    pub(super) level: f64,
}

impl Sources<'_> {
    /// Fills the distribution of a span that begins so many minutes after the history's end.
    pub(super) fn fill(&self, histogram: &mut Histogram<'_>, begins: usize, minutes: usize) {
        let ahead = float(begins) + float(minutes / 2);
        let evidence: f64 = self.moments.iter().map(|moment| moment.weight).sum();
        let known = evidence / (evidence + EVIDENCE);
        histogram.add_all(self.seen(LAST_MINUTES), LAST_MINUTES_SAY.weight_at(ahead));
        histogram.add_all(self.seen(60), LAST_HOUR_SAYS.weight_at(ahead));
        let unknown = GROWING_WEIGHT_MIN + GROWING_SAYS.weight * (1.0 - known);
        let growing = unknown * left_of(ahead, GROWING_SAYS.half_minutes) + GROWING_WEIGHT_ALWAYS;
        histogram.add_all(self.growing(ahead, known), growing);
        // What nobody tells is left to the others.
        let asked = evidence * float(samples(begins, minutes).count());
        histogram.add_of(asked, self.followed(begins, minutes, ahead), known);
        histogram.add_all(self.at_same_time(begins, minutes, ahead), self.same_time_weight(ahead));
    }

    /// The last so many minutes, each as likely as the others.
    fn seen(&self, minutes: usize) -> impl Iterator<Item = (f64, f64)> {
        self.past.last(minutes).iter().map(|load| (f64::from(*load), 1.0))
    }

    /// The load of now, grown on as it does now, in a spread that widens up to what a day has seen: what came before that has
    /// fallen away since.
    fn growing(&self, ahead: f64, known: f64) -> impl Iterator<Item = (f64, f64)> {
        let grown = self.growth * GROWTH_LASTS_MINUTES * (1.0 - (-ahead / GROWTH_LASTS_MINUTES).exp());
        let spread = (SPREAD_KNOWN + (SPREAD_UNKNOWN - SPREAD_KNOWN) * (1.0 - known)) * (ahead / 60.0).sqrt();
        let level = self.level;
        let ceiling = self.past.max(DAY_MINUTES).max(level * grown.exp());
        NORMAL.into_iter().map(move |(z, weight)| ((level * (grown + spread * z).exp()).min(ceiling), weight))
    }

    /// What followed the moments that are alike. Where that lies ahead, the day before tells it, as far as it is like this one.
    fn followed(&self, begins: usize, minutes: usize, ahead: f64) -> impl Iterator<Item = (f64, f64)> {
        let day_before = self.day_before();
        let lasts = left_of(ahead, MOMENT_DIFFERENCE_HALF_MINUTES);
        self.moments.iter().flat_map(move |moment| {
            let scale = (moment.above.clamp(-MOMENT_DIFFERENCE_MAX, MOMENT_DIFFERENCE_MAX) * lasts).exp();
            samples(moment.at + begins, minutes).map(move |minute| {
                let told = if minute < self.past.minutes() { 1.0 } else { day_before };
                (self.past.at(minute) * scale, moment.weight * told)
            })
        })
    }

    /// How much the day before tells of this one, 0 to 1.
    fn day_before(&self) -> f64 {
        self.days.first().map_or(0.0, |day| likeness(day.above))
    }

    fn same_time_weight(&self, ahead: f64) -> f64 {
        let weight = SAME_TIME_WEIGHT * (1.0 - left_of(ahead, SAME_TIME_HALF_MINUTES)).max(SAME_TIME_SHARE_MIN);
        // One day alone shows no rhythm: it tells as much as it is like this one.
        if self.days.len() > 1 { weight } else { weight * self.day_before() }
    }

    /// The same time of the days before, some minutes more on either side.
    fn at_same_time(&self, begins: usize, minutes: usize, ahead: f64) -> impl Iterator<Item = (f64, f64)> {
        let n = self.past.minutes();
        let lasts = left_of(ahead, DAY_DIFFERENCE_HALF_MINUTES);
        self.days.iter().flat_map(move |day| {
            let scale = (day.above.clamp(-DAY_DIFFERENCE_MAX, DAY_DIFFERENCE_MAX) * lasts).exp();
            let from = day.at + begins - SAME_TIME_MARGIN_MINUTES;
            let to = (day.at + begins + minutes + SAME_TIME_MARGIN_MINUTES).min(n);
            (from..to).step_by(stride(minutes)).map(move |at| (f64::from(self.past.load[at]) * scale, day.weight))
        })
    }
}

impl Fading {
    fn weight_at(&self, minutes_ahead: f64) -> f64 {
        self.weight * left_of(minutes_ahead, self.half_minutes)
    }
}

/// What is left, 0 to 1, of something that is half gone after so many minutes.
fn left_of(minutes_ahead: f64, half_minutes: f64) -> f64 {
    0.5_f64.powf(minutes_ahead / half_minutes)
}

/// The minutes of a span that are looked at.
fn samples(from: usize, minutes: usize) -> impl Iterator<Item = usize> {
    (from..from + minutes).step_by(stride(minutes))
}

fn stride(minutes: usize) -> usize {
    (minutes / SAMPLES_PER_SPAN).max(1)
}
