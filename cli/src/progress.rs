// SPDX-License-Identifier: Apache-2.0
//! A bar on standard error for work that takes seconds; nothing where that is not a terminal.

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};

/// Milliseconds between two turns of the wheel that says "still at it".
const TURN: std::time::Duration = std::time::Duration::from_millis(120);

/// A bar that is full after so many steps.
pub(crate) fn bar(what: &'static str, steps: usize) -> ProgressBar {
    // The template is a constant; were it wrong, the bar would only look different.
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    // It draws to standard error, and hides itself where that is no terminal.
    let bar = ProgressBar::new(u64::try_from(steps).unwrap_or(u64::MAX)).with_style(style);
    bar.set_message(what);
    bar
}

/// For work whose length nobody knows.
pub(crate) fn wheel(what: &'static str) -> ProgressBar {
    let wheel = ProgressBar::new_spinner().with_finish(ProgressFinish::AndClear);
    wheel.set_message(what);
    wheel.enable_steady_tick(TURN);
    wheel
}
