// SPDX-License-Identifier: Apache-2.0
//! What each shard gets, as bars: in the terminal and as an SVG picture.

use anyhow::Result;
use kinesis_model::num::{float, whole};
use kinesis_model::thousands;
use plotters::chart::ChartBuilder;
use plotters::prelude::{Color as _, IntoDrawingArea as _, PathElement, RGBColor, Rectangle, SVGBackend, WHITE};

use crate::table::{percent, table};

/// Characters of the longest bar.
const BAR: usize = 40;
/// Shards that are drawn in a terminal, the busiest ones; a picture has them all.
const SHOWN: usize = 32;

/// Pixels of the picture.
const SIZE: (u32, u32) = (1_000, 420);
const BARS: RGBColor = RGBColor(120, 175, 220);
const EVEN: RGBColor = RGBColor(30, 30, 40);

/// What one shard got, and its share of the hash keys.
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) records: u64,
    pub(crate) share: f64,
    pub(crate) keys_share: f64,
}

/// The bars as lines of text, in the order of the ranges while they are few.
pub(crate) fn text(bars: &[Bar]) -> String {
    let most = bars.iter().map(|bar| bar.share).fold(0.0, f64::max);
    let mut shown: Vec<&Bar> = bars.iter().collect();
    if shown.len() > SHOWN {
        shown.sort_by(|a, b| b.share.total_cmp(&a.share));
        shown.truncate(SHOWN);
    }
    let rows = shown.iter().map(|bar| {
        [
            bar.name.clone(),
            thousands(bar.records),
            percent(bar.share, 1),
            percent(bar.keys_share, 1),
            drawn(bar.share / most),
        ]
    });
    let mut drawn = table(["shard", "records", "share", "of the keys", ""], rows);
    // Bars begin where the others do.
    drawn = drawn.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    match bars.len() - shown.len() {
        0 => drawn,
        more => format!("{drawn}\n{more} shards with less are not shown"),
    }
}

fn drawn(share: f64) -> String {
    let length = if share.is_finite() { whole((share * float(BAR)).round().min(float(BAR))) } else { 0 };
    format!("{:<BAR$}", "#".repeat(usize::try_from(length).expect("no longer than a bar")))
}

/// The bars as a picture, with a line where each would be if all were even.
pub(crate) fn svg(bars: &[Bar], title: &str) -> Result<String> {
    let mut picture = String::new();
    let most = bars.iter().map(|bar| bar.share).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    {
        let root = SVGBackend::with_string(&mut picture, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let end = u32::try_from(bars.len()).map_or(f64::MAX, f64::from);
        let mut chart = ChartBuilder::on(&root)
            .caption(title, ("sans-serif", 18))
            .margin(14)
            .x_label_area_size(36)
            .y_label_area_size(60)
            .build_cartesian_2d(0.0..end, 0.0..most * 110.0)?;
        let mut mesh = chart.configure_mesh();
        mesh.disable_x_mesh().x_desc("shards, by their ranges").y_desc("percent of the records").draw()?;
        let bar =
            |(at, bar): (f64, &Bar)| Rectangle::new([(at + 0.1, 0.0), (at + 0.9, bar.share * 100.0)], BARS.filled());
        let places = || (0..u32::try_from(bars.len()).unwrap_or(u32::MAX)).map(f64::from);
        chart.draw_series(places().zip(bars).map(bar))?;
        let even = |(at, bar): (f64, &Bar)| {
            PathElement::new([(at, bar.keys_share * 100.0), (at + 1.0, bar.keys_share * 100.0)], EVEN.stroke_width(1))
        };
        chart.draw_series(places().zip(bars).map(even))?;
        root.present()?;
    }
    Ok(picture)
}
