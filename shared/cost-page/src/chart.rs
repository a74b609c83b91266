// SPDX-License-Identifier: Apache-2.0
//! Charts of days: bars and lines as SVG that stretches, with words around it as HTML that does not.
//!
//! By hand and not by a library, since a picture's colours must follow the reader's light or dark, and its words must
//! stay readable on a phone; plotters paints both in.

use kinesis_model::{MicroUsd, thousands};
use maud::{Markup, html};

use crate::days::Day;
use crate::figures::cents;

/// Units of the SVG across a day and from bottom to top; CSS stretches them.
const WIDE: usize = 10;
const HIGH: u128 = 1_000;
/// Lines across a chart, besides the one at zero.
const LINES: u128 = 4;
/// Dates below a chart, as many as fit on a phone.
const DATES: usize = 6;

/// What values are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Micro-dollars.
    Usd,
    /// Thousandths of a shard.
    Shards,
}

/// Values of each day; `None` where a price is missing.
pub(crate) struct Measure {
    pub(crate) name: &'static str,
    /// Its class in the style sheet.
    pub(crate) class: &'static str,
    pub(crate) values: Vec<Option<u64>>,
}

/// One measure as bars, and others as lines over them.
pub(crate) struct Chart<'a> {
    pub(crate) title: &'a str,
    pub(crate) unit: Unit,
    pub(crate) days: &'a [Day],
    pub(crate) bars: Measure,
    pub(crate) lines: Vec<Measure>,
}

impl Unit {
    fn words(self, value: u64) -> String {
        match self {
            Self::Usd => format!("{} USD", cents(MicroUsd(value))),
            // To the nearest tenth, as the tables have it.
            Self::Shards => {
                let tenths = value.saturating_add(50) / 100;
                format!("{}.{} shards", thousands(tenths / 10), tenths % 10)
            }
        }
    }

    /// A number beside the chart, where all are multiples of `step`.
    fn number(self, value: u128, step: u128) -> String {
        let value = u64::try_from(value).unwrap_or(u64::MAX);
        match self {
            Self::Shards => thousands(value / 1_000),
            Self::Usd if step >= 1_000_000 => thousands(value / 1_000_000),
            Self::Usd => MicroUsd(value).to_string(),
        }
    }

    /// The least step: parts of a shard cannot be had.
    fn step_min(self) -> u128 {
        match self {
            Self::Usd => 1,
            Self::Shards => 1_000,
        }
    }
}

impl Chart<'_> {
    /// Draws it; nothing where there are no days.
    pub(crate) fn draw(&self) -> Markup {
        if self.days.is_empty() {
            return html! {};
        }
        let step = self.step();
        let top = step * self.most().div_ceil(step).max(1);
        let width = self.days.len() * WIDE;
        html! {
            figure.chart {
                figcaption { strong { (self.title) } (self.legend()) }
                div.plot {
                    div.y aria-hidden="true" {
                        @for value in steps(step, top) {
                            span style={ "top:" (percent(top - value, top)) } { (self.unit.number(value, step)) }
                        }
                    }
                    svg viewBox={ "0 0 " (width) " " (HIGH) } preserveAspectRatio="none" role="img"
                        aria-label=(self.spoken()) {
                        @for value in steps(step, top) {
                            path.grid d={ "M0 " (y(value, top)) "H" (width) } {}
                        }
                        @for at in 0..self.days.len() { (self.day(at, top)) }
                        @for line in &self.lines { path.line.(line.class) d=(outline(&line.values, top)) {} }
                        @for at in 0..self.days.len() { (self.pointed_at(at)) }
                    }
                    div.x aria-hidden="true" {
                        @for at in (0..self.days.len()).step_by(self.days.len().div_ceil(DATES)) {
                            span style={ "left:" (percent(at as u128 * 2 + 1, self.days.len() as u128 * 2)) } {
                                (self.days[at].date.strftime("%-d %b"))
                            }
                        }
                    }
                }
            }
        }
    }

    fn most(&self) -> u128 {
        let all = self.lines.iter().chain([&self.bars]).flat_map(|measure| &measure.values);
        u128::from(all.flatten().copied().max().unwrap_or_default())
    }

    /// One, two or five times a power of ten.
    fn step(&self) -> u128 {
        let least = self.most().div_ceil(LINES).max(self.unit.step_min());
        let power = 10_u128.pow(least.ilog10());
        [1, 2, 5].map(|times| times * power).into_iter().find(|step| *step >= least).unwrap_or(10 * power)
    }

    fn day(&self, at: usize, top: u128) -> Markup {
        let class = if self.days[at].is_part { "bar part" } else { "bar" };
        let top = y(u128::from(self.bars.values[at].unwrap_or_default()), top);
        html! { rect class=(class) x=(at * WIDE + 1) y=(top) width=(WIDE - 2) height=(HIGH - top) {} }
    }

    /// The whole height of a day tells its figures: a bar may be too low to be met.
    fn pointed_at(&self, at: usize) -> Markup {
        let part = if self.days[at].is_part { " (part of the day)" } else { "" };
        html! {
            rect.day x=(at * WIDE) y="0" width=(WIDE) height=(HIGH) {
                title {
                    (self.days[at].date) (part)
                    @for measure in [&self.bars].into_iter().chain(&self.lines) {
                        "\n" (measure.name) ": " (self.told(measure.values[at]))
                    }
                }
            }
        }
    }

    fn told(&self, value: Option<u64>) -> String {
        value.map_or_else(|| "no price".to_owned(), |value| self.unit.words(value))
    }

    fn legend(&self) -> Markup {
        html! {
            @if !self.lines.is_empty() {
                span.key.bars { (self.bars.name) }
                @for line in &self.lines {
                    span.key.(line.class) {
                        (line.name) @if line.values.iter().all(Option::is_none) { ": no price" }
                    }
                }
            }
            @if self.days.iter().any(|day| day.is_part) { span.key.part { "part of a day" } }
        }
    }

    /// For those who hear the page.
    fn spoken(&self) -> String {
        let dates: Vec<_> = self.days.iter().map(|day| day.date.to_string()).collect();
        let known = || self.bars.values.iter().flatten().copied();
        let [from, to] = [known().min(), known().max()].map(|value| self.told(value));
        let (name, title) = (self.bars.name, self.title);
        format!("{title}, {} to {}: {name} from {from} to {to}", dates[0], dates[dates.len() - 1])
    }
}

fn steps(step: u128, top: u128) -> impl Iterator<Item = u128> {
    (0..=top / step).map(move |at| at * step)
}

/// How far below the top a value is drawn.
fn y(value: u128, top: u128) -> u128 {
    HIGH - value * HIGH / top
}

/// A line that holds each day's value across the day, and is broken where there is none.
fn outline(values: &[Option<u64>], top: u128) -> String {
    let mut path = String::new();
    let mut is_drawing = false;
    for (at, value) in values.iter().enumerate() {
        if let Some(value) = value {
            let y = y(u128::from(*value), top);
            let (left, right) = (at * WIDE, (at + 1) * WIDE);
            let to = if is_drawing { format!("V{y}") } else { format!("M{left} {y}") };
            path.extend([to, format!("H{right}")]);
        }
        is_drawing = value.is_some();
    }
    path
}

/// A share for the style sheet, to hundredths.
fn percent(part: u128, whole: u128) -> String {
    let hundredths = part * 10_000 / whole;
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_told_to_the_nearest_tenth() {
        for (thousandths, expected) in [
            (0, "0.0 shards"),
            (49, "0.0 shards"),
            (50, "0.1 shards"),
            (2_949, "2.9 shards"),
            (2_950, "3.0 shards"),
            (2_980, "3.0 shards"),
            (999_960, "1,000.0 shards"),
        ] {
            assert_eq!(Unit::Shards.words(thousandths), expected, "{thousandths}");
        }
    }
}
