// SPDX-License-Identifier: Apache-2.0
//! A run as an SVG picture: load and shards over time, resizes, throttled minutes, and what it costs a day.

use anyhow::{Context as _, Result};
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    AreaSeries, Cartesian2d, Color, DrawingArea, EmptyElement, IntoDrawingArea as _, IntoFont as _, LineSeries,
    PathElement, Polygon, RGBColor, Rectangle, SVGBackend, Text, WHITE,
};
use simulator::run::Run;
use simulator::score::on_demand_usd;
use simulator::trace::Trace;

use crate::scaling_policy::ScalingPolicy;
use crate::scenario::Scenario;
use crate::svg::finished;
use crate::table::figure;
use crate::time_axis::TimeAxis;

/// Pixels of the picture.
const SIZE: (u32, u32) = (1_000, 540);
/// Pixels above the chart, for the title and what the colours mean.
const HEAD: u32 = 96;
/// Pixels left of the chart and below it, for the numbers.
const LEFT: u32 = 76;
const BELOW: u32 = 56;
const MARGIN: u32 = 14;
/// Sizes of the letters, which are to be read where a page shows the picture at 800 pixels.
const TITLE: (&str, u32) = ("sans-serif", 25);
const LETTERS: (&str, u32) = ("sans-serif", 19);
/// Columns into which minutes are gathered, about one a pixel.
const COLUMNS: usize = 900;

// Told apart by colour-blind people too: they differ in lightness, and in shape.
const LOAD: RGBColor = RGBColor(120, 175, 220);
const SHARDS: RGBColor = RGBColor(30, 30, 40);
const OUT: RGBColor = RGBColor(20, 120, 60);
const IN: RGBColor = RGBColor(125, 60, 150);
const THROTTLED: RGBColor = RGBColor(215, 45, 30);
const STATIC: RGBColor = RGBColor(190, 110, 0);
const GREY: RGBColor = RGBColor(225, 225, 225);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<TimeAxis, RangedCoordf64>>;

/// The largest of each value in some minutes that follow one another.
struct Column {
    /// The first minute.
    at: i64,
    /// In shards.
    load: f64,
    shards: f64,
    is_throttled: bool,
}

/// Draws what was made of the scenario.
pub(crate) fn svg(scenario: &Scenario, run: &Run, by: &ScalingPolicy) -> Result<String> {
    let mut picture = String::new();
    let title = title(scenario, by.name());
    let fixed = static_peak(&scenario.trace, by.target_utilization_percent());
    {
        let root = SVGBackend::with_string(&mut picture, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let (head, body) = root.split_vertically(HEAD);
        head.draw(&Text::new(title.clone(), (i(LEFT), 10), TITLE.into_font().color(&SHARDS)))?;
        keys(scenario, run, fixed, &head)?;
        body_of(scenario, run, fixed, &body)?;
        root.present()?;
    }
    Ok(finished(&picture, &title))
}

fn title(scenario: &Scenario, by: &str) -> String {
    let trace = &scenario.trace;
    let last = trace.at(trace.minutes.len());
    format!(
        "{} under {by}, {} to {} (UTC)",
        trace.name.replace(char::is_control, " "),
        trace.start.strftime("%Y-%m-%d %H:%M"),
        last.strftime("%Y-%m-%d %H:%M"),
    )
}

/// Shards of a stream that is left alone, with its busiest minute at the target utilization.
fn static_peak(trace: &Trace, target_utilization_percent: u32) -> u32 {
    trace.minutes.iter().map(|minute| minute.shards(target_utilization_percent).get()).max().unwrap_or(1)
}

/// What the colours mean, and below it what is paid.
fn keys(scenario: &Scenario, run: &Run, fixed: u32, head: &Area<'_>) -> Result<()> {
    let a_day = |usd: f64| figure(usd / scenario.hours() * 24.0, 2);
    let unchanged = Run { capacity: vec![fixed; scenario.trace.minutes.len()], ..Run::default() };
    let [scaled, fixed_usd] = [run, &unchanged].map(|run| a_day(scenario.score(run).usd));
    let on_demand = a_day(on_demand_usd(&scenario.trace));
    let entries = [
        ((0, 0), "load, in shards".to_owned(), Some(LOAD)),
        ((200, 0), "scale-out".to_owned(), Some(OUT)),
        ((350, 0), "scale-in".to_owned(), Some(IN)),
        ((490, 0), "minutes with throttling".to_owned(), Some(THROTTLED)),
        ((0, 1), format!("open shards: {scaled} USD a day"), Some(SHARDS)),
        ((300, 1), format!("static, {fixed} shards: {fixed_usd} USD a day"), Some(STATIC)),
        ((606, 1), format!("on-demand: {on_demand} USD a day"), None),
    ];
    for ((left, row), text, color) in entries {
        let (x, y) = (i(LEFT) + left, 52 + 27 * row);
        match color {
            None => {}
            Some(color @ (SHARDS | STATIC)) => {
                head.draw(&PathElement::new([(x, y), (x + 18, y)], color.stroke_width(3)))?;
            }
            Some(OUT) => head.draw(&(EmptyElement::at((x + 9, y)) + Polygon::new(UP, OUT)))?,
            Some(IN) => head.draw(&(EmptyElement::at((x + 9, y)) + Polygon::new(DOWN, IN)))?,
            Some(color) => head.draw(&Rectangle::new([(x, y - 6), (x + 18, y + 6)], color.filled()))?,
        }
        head.draw(&Text::new(text, (x + 26, y - 9), LETTERS.into_font().color(&SHARDS)))?;
    }
    Ok(())
}

/// Triangles in pixels about a point.
const UP: [(i32, i32); 3] = [(-6, 5), (6, 5), (0, -6)];
const DOWN: [(i32, i32); 3] = [(-6, -5), (6, -5), (0, 6)];

fn body_of(scenario: &Scenario, run: &Run, fixed: u32, body: &Area<'_>) -> Result<()> {
    let columns = columns(scenario, run);
    let minutes = i64::try_from(scenario.trace.minutes.len())?;
    let highest = columns.iter().map(|column| column.load.max(column.shards)).fold(f64::from(fixed), f64::max);
    // Room for the strip of throttled minutes above everything else.
    let top = highest * 1.1;
    let axis = TimeAxis { start: scenario.trace.start, minutes };
    let mut chart = ChartBuilder::on(body)
        .margin(MARGIN)
        // The last date is centred on the chart's end.
        .margin_right(3 * MARGIN)
        .x_label_area_size(BELOW)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(axis, 0.0..top)?;
    chart
        .configure_mesh()
        .x_labels(12)
        .y_labels(8)
        .x_desc("UTC")
        .y_desc("shards")
        .y_label_formatter(&|shards| if top < 8.0 { format!("{shards:.1}") } else { format!("{shards:.0}") })
        .label_style(LETTERS)
        .axis_desc_style(LETTERS)
        .light_line_style(WHITE)
        .bold_line_style(GREY)
        .draw()?;
    curves(&columns, minutes, fixed, &mut chart)?;
    strip(&columns, top, &mut chart)?;
    resizes(run, &mut chart)
}

fn columns(scenario: &Scenario, run: &Run) -> Vec<Column> {
    let assumptions = &scenario.assumed.aws;
    let wide = scenario.trace.minutes.len().div_ceil(COLUMNS).max(1);
    let minutes = scenario.trace.minutes.chunks(wide).zip(run.capacity.chunks(wide));
    let column = |(at, (offered, shards)): (usize, (&[_], &[u32]))| Column {
        at: i64::try_from(at * wide).unwrap_or(i64::MAX),
        load: offered.iter().map(|minute| assumptions.load(minute)).fold(0.0, f64::max),
        shards: f64::from(shards.iter().copied().max().unwrap_or_default()),
        is_throttled: (at * wide..)
            .zip(offered.iter().zip(shards))
            .any(|(minute, (offered, shards))| run.throttled_share(minute, offered, *shards, assumptions) > 0.0),
    };
    minutes.enumerate().map(column).collect()
}

/// The load as an area, the shards as a line in steps, the static ones as a level one.
fn curves(columns: &[Column], minutes: i64, fixed: u32, chart: &mut Chart<'_, '_>) -> Result<()> {
    let load = steps(columns, minutes, |column| column.load);
    chart.draw_series(AreaSeries::new(load, 0.0, LOAD))?;
    let level = [(0, f64::from(fixed)), (minutes, f64::from(fixed))];
    chart.draw_series(LineSeries::new(level, STATIC.stroke_width(2)))?;
    let shards = steps(columns, minutes, |column| column.shards);
    chart.draw_series(LineSeries::new(shards, SHARDS.stroke_width(2)))?;
    Ok(())
}

/// A value that holds from one column to the next: two points for each.
fn steps(columns: &[Column], minutes: i64, value: impl Fn(&Column) -> f64) -> Vec<(i64, f64)> {
    let ends = columns.iter().skip(1).map(|column| column.at).chain([minutes]);
    columns.iter().zip(ends).flat_map(|(column, end)| [(column.at, value(column)), (end, value(column))]).collect()
}

/// Where it throttled: a strip along the top, in pieces that are never too narrow to be seen.
fn strip(columns: &[Column], top: f64, chart: &mut Chart<'_, '_>) -> Result<()> {
    let wide = columns.get(1).map_or(1, |second| second.at);
    let pieces = columns.chunk_by(|one, next| one.is_throttled == next.is_throttled);
    let pieces = pieces.filter(|piece| piece[0].is_throttled).map(|piece| {
        let (first, last) = (piece[0].at, piece[piece.len() - 1].at);
        Rectangle::new([(first, top * 0.97), (last + 2 * wide, top)], THROTTLED.filled())
    });
    chart.draw_series(pieces)?;
    Ok(())
}

/// A mark at each call, at the count that it asked for.
fn resizes(run: &Run, chart: &mut Chart<'_, '_>) -> Result<()> {
    let mut marks = Vec::new();
    for call in &run.calls {
        let at = (i64::try_from(call.minute).context("a minute of a trace")?, f64::from(call.to));
        let (shape, color) = if call.to > call.from { (UP, OUT) } else { (DOWN, IN) };
        marks.push(EmptyElement::at(at) + Polygon::new(shape, color));
    }
    chart.draw_series(marks)?;
    Ok(())
}

/// Pixels as the library takes them for places.
fn i(pixels: u32) -> i32 {
    i32::try_from(pixels).unwrap_or(i32::MAX)
}
