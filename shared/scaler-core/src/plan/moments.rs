// SPDX-License-Identifier: Apache-2.0
//! The moments of the past that say something of now: those like it, and the same time of the days before.

use super::past::Past;
use super::tuning::{
    ALIKE_DAY, ALIKE_DAY_MIN, ALIKE_GROWTH, ALIKE_HOURS, ALIKE_LEVEL, DAY_KEPT_PER_DAY, DAY_MINUTES, GROWTH_MINUTES,
    HISTORY_MINUTES_MIN, LEVEL_MINUTES, LOOK_BACK_DAYS, MOMENT_AGE_MINUTES_MIN, MOMENT_KEPT_PER_DAY,
    MOMENT_STRIDE_MINUTES, MOMENTS_MAX, OTHER_WEEKDAY, SAME_WEEKDAY_WEIGHT, SCALE_MINUTES, UNLIKE,
};
use kinesis_model::num::float;

/// A moment of the past, what it counts, and by how much now is above it (as a logarithm).
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) weight: f64,
    /// The minute that follows it.
    pub(super) at: usize,
    pub(super) above: f64,
}

/// The mean load of the last minutes before a moment, as a logarithm.
pub(super) fn level(past: &Past<'_>, at: usize) -> f64 {
    past.log_mean(at - LEVEL_MINUTES, at)
}

/// By how much that is above the minutes before them.
fn growth(past: &Past<'_>, at: usize) -> f64 {
    level(past, at) - past.log_mean(at - GROWTH_MINUTES, at - LEVEL_MINUTES)
}

/// As [`level`], of more minutes.
fn scale(past: &Past<'_>, at: usize) -> f64 {
    past.log_mean(at - SCALE_MINUTES, at)
}

/// The moments most like the end of the past.
pub(super) fn like_now(past: &Past<'_>) -> Vec<Moment> {
    let n = past.minutes();
    let (scale_now, growth_now) = (scale(past, n), growth(past, n));
    let back = (1..=LOOK_BACK_DAYS * DAY_MINUTES / MOMENT_STRIDE_MINUTES).map(|step| step * MOMENT_STRIDE_MINUTES);
    let back =
        back.skip_while(|back| *back < MOMENT_AGE_MINUTES_MIN).take_while(|back| *back + HISTORY_MINUTES_MIN <= n);
    let moment = |back: usize| {
        let at = n - back;
        let time = (hours_apart(back) / ALIKE_HOURS).powi(2);
        let above = scale_now - scale(past, at);
        let level = (above / ALIKE_LEVEL).powi(2);
        // Growth is reckoned only of those that are left.
        if time + level > UNLIKE {
            return None;
        }
        let unlike = time
            + level
            + ((growth(past, at) - growth_now) / ALIKE_GROWTH).powi(2)
            + if is_same_weekday(back) { 0.0 } else { OTHER_WEEKDAY };
        Some(Moment { weight: (-0.5 * unlike).exp() * MOMENT_KEPT_PER_DAY.powf(in_days(back)), at, above })
    };
    let mut moments: Vec<Moment> = back.filter_map(moment).collect();
    if moments.len() > MOMENTS_MAX {
        moments.select_nth_unstable_by(MOMENTS_MAX, |a, b| b.weight.total_cmp(&a.weight));
        moments.truncate(MOMENTS_MAX);
    }
    moments
}

/// The same time of the days before; days on a like level, and the same weekday, count more.
pub(super) fn same_time(past: &Past<'_>) -> Vec<Moment> {
    let n = past.minutes();
    let days = (1..=LOOK_BACK_DAYS).take_while(|day| day * DAY_MINUTES + HISTORY_MINUTES_MIN <= n);
    days.map(|day| {
        let at = n - day * DAY_MINUTES;
        let above = scale(past, n) - scale(past, at);
        let weekday = if day % 7 == 0 { SAME_WEEKDAY_WEIGHT } else { 1.0 };
        Moment { weight: DAY_KEPT_PER_DAY.powf(float(day)) * likeness(above) * weekday, at, above }
    })
    .collect()
}

/// What a day counts that is so much above another one, as a logarithm; a little even where it is quite another.
pub(super) fn likeness(above: f64) -> f64 {
    (-above.abs() / ALIKE_DAY).exp().max(ALIKE_DAY_MIN)
}

fn in_days(minutes: usize) -> f64 {
    float(minutes) / float(DAY_MINUTES)
}

/// By how many hours of the day a moment so long ago differs from now.
fn hours_apart(minutes_ago: usize) -> f64 {
    let hours = in_days(minutes_ago % DAY_MINUTES) * 24.0;
    hours.min(24.0 - hours)
}

/// Whether a moment so long ago was, give or take half a day, on the same day of the week.
fn is_same_weekday(minutes_ago: usize) -> bool {
    ((minutes_ago + DAY_MINUTES / 2) / DAY_MINUTES).is_multiple_of(7)
}
