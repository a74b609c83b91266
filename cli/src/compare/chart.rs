// SPDX-License-Identifier: Apache-2.0
//! A comparison as an SVG picture: what each way costs a month over the load at the peak.

use anyhow::Result;
use kinesis_model::num::float;
use plotters::chart::ChartBuilder;
use plotters::coord::Shift;
use plotters::prelude::{
    Color, DrawingArea, IntoDrawingArea as _, IntoFont as _, LineSeries, PathElement, RGBColor, SVGBackend, Text, WHITE,
};
use sizing::compare::{CapacityStrategy, STEP_BYTES_PER_SECOND};

use super::alternatives::{Alternative, Alternatives};
use crate::pricing::in_megabytes;
use crate::svg::finished;

/// Pixels of the picture, above the chart, left of it and below it.
const SIZE: (u32, u32) = (1_200, 560);
const HEAD: u32 = 62;
const LEFT: u32 = 90;
const BELOW: u32 = 50;
const MARGIN: u32 = 14;
/// Loads at which each way is priced, about one for two pixels.
const POINTS: u64 = 500;
/// Left of each entry of what the colours mean.
const ENTRIES: [i32; 5] = [0, 120, 350, 600, 810];

const INK: RGBColor = RGBColor(30, 30, 40);
const GREY: RGBColor = RGBColor(225, 225, 225);

/// Told apart by colour-blind people too: they differ in lightness.
fn color(alternative: Alternative) -> RGBColor {
    match alternative {
        Alternative::Kafka => RGBColor(30, 30, 40),
        Alternative::Kinesis(CapacityStrategy::StaticPeak) => RGBColor(20, 120, 60),
        Alternative::Kinesis(CapacityStrategy::Autoscaled) => RGBColor(110, 200, 120),
        Alternative::Kinesis(CapacityStrategy::OnDemand) => RGBColor(215, 45, 30),
        Alternative::Kinesis(CapacityStrategy::Advantage) => RGBColor(240, 160, 90),
    }
}

/// A way and its points: MB/s at the peak, and USD a month.
type Curve = (Alternative, Vec<(f64, f64)>);

/// Draws every way whose costs are known, up to twice the load.
pub(super) fn svg(alternatives: &Alternatives<'_>) -> Result<String> {
    let peak = alternatives.day.peak_bytes_per_second;
    let curves = curves(alternatives, 2 * peak.max(STEP_BYTES_PER_SECOND));
    let mut picture = String::new();
    {
        let root = SVGBackend::with_string(&mut picture, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let (head, body) = root.split_vertically(HEAD);
        title(alternatives, &curves, &head)?;
        body_of(&curves, megabytes(peak), &body)?;
        root.present()?;
    }
    Ok(finished(&picture, &heading(alternatives)))
}

fn curves(alternatives: &Alternatives<'_>, most: u64) -> Vec<Curve> {
    let curve = |alternative: Alternative| {
        let point = |at: u64| {
            let peak = most / POINTS * at;
            Some((megabytes(peak), dollars(alternatives.month_at(alternative, peak)?.0)))
        };
        Some((alternative, (1..=POINTS).map(point).collect::<Option<Vec<_>>>()?))
    };
    Alternative::ALL.into_iter().filter_map(curve).collect()
}

fn heading(alternatives: &Alternatives<'_>) -> String {
    format!(
        "USD a month by load; marked: {} MB/s at the peak ({})",
        in_megabytes(alternatives.day.peak_bytes_per_second),
        alternatives.sheet.origin()
    )
}

fn title(alternatives: &Alternatives<'_>, curves: &[Curve], head: &DrawingArea<SVGBackend<'_>, Shift>) -> Result<()> {
    let text = heading(alternatives);
    let left = i32::try_from(LEFT)?;
    head.draw(&Text::new(text, (left, 14), ("sans-serif", 22).into_font().color(&INK)))?;
    for ((alternative, _), place) in curves.iter().zip(ENTRIES) {
        let (x, y) = (left + place, 46);
        head.draw(&PathElement::new([(x, y), (x + 18, y)], color(*alternative).stroke_width(3)))?;
        head.draw(&Text::new(alternative.name(), (x + 26, y - 8), ("sans-serif", 17).into_font().color(&INK)))?;
    }
    Ok(())
}

fn body_of(curves: &[Curve], peak: f64, body: &DrawingArea<SVGBackend<'_>, Shift>) -> Result<()> {
    let points = || curves.iter().flat_map(|(_, points)| points);
    let (right, top) = points().fold((0.0, 0.01), |(right, top), (x, y)| (x.max(right), y.max(top)));
    let mut chart = ChartBuilder::on(body)
        .margin(MARGIN)
        .margin_right(3 * MARGIN)
        .x_label_area_size(BELOW)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(0.0..right, 0.0..top * 1.05)?;
    chart
        .configure_mesh()
        .x_labels(10)
        .y_labels(8)
        .x_desc("MB/s at the peak")
        .y_desc("USD a month")
        .x_label_formatter(&|x| if right < 10.0 { format!("{x:.1}") } else { format!("{x:.0}") })
        .y_label_formatter(&|usd| format!("{usd:.0}"))
        .label_style(("sans-serif", 16))
        .axis_desc_style(("sans-serif", 17))
        .light_line_style(WHITE)
        .bold_line_style(GREY)
        .draw()?;
    chart.draw_series([PathElement::new([(peak, 0.0), (peak, top * 1.05)], INK.mix(0.4).stroke_width(1))])?;
    for (alternative, points) in curves {
        chart.draw_series(LineSeries::new(points.iter().copied(), color(*alternative).stroke_width(2)))?;
    }
    Ok(())
}

fn megabytes(bytes: u64) -> f64 {
    float(bytes) / 1_048_576.0
}

fn dollars(micro_usd: u64) -> f64 {
    float(micro_usd) / 1e6
}
