// SPDX-License-Identifier: Apache-2.0
//! The story as a live view in the terminal.

use kinesis_model::num::float;
use std::time::{Duration, Instant};

use ratatui::DefaultTerminal;
use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize as _};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Block, Chart, Dataset, GraphType, Paragraph, Sparkline, Wrap};
use scaler_app::OutcomeKind;

use crate::View;
use crate::stage::SHARDS_AT_FIRST;
use crate::story::{Story, Told};

/// Minutes across the chart.
const MINUTES_SHOWN: f64 = 50.0;

/// Real time between two frames.
const FRAME: Duration = Duration::from_millis(100);

/// Draws the whole story on every frame.
pub(crate) struct Live {
    terminal: DefaultTerminal,
    drawn_at: Option<Instant>,
}

impl Live {
    pub(crate) fn start() -> Self {
        Self { terminal: ratatui::init(), drawn_at: None }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

impl View for Live {
    fn show(&mut self, story: &Story) -> anyhow::Result<bool> {
        if self.drawn_at.is_some_and(|drawn_at| drawn_at.elapsed() < FRAME) {
            return Ok(true);
        }
        self.drawn_at = Some(Instant::now());
        self.terminal.draw(|frame| draw(frame, story))?;
        let mut go_on = true;
        while event::poll(Duration::ZERO)? {
            if let Event::Key(key) = event::read()? {
                // The terminal sends no signal while every key is read.
                let is_interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
                go_on &= !is_interrupt && !matches!(key.code, KeyCode::Char('q') | KeyCode::Esc);
            }
        }
        Ok(go_on)
    }
}

/// The whole view.
pub(crate) fn draw(frame: &mut Frame, story: &Story) {
    let rows = [Constraint::Length(2), Constraint::Min(10), Constraint::Length(4), Constraint::Length(11)];
    let [head, chart, throttled, decisions] = Layout::vertical(rows).areas(frame.area());
    draw_head(frame, head, story);
    draw_chart(frame, chart, story);
    draw_throttled(frame, throttled, story);
    draw_decisions(frame, decisions, story);
}

fn draw_head(frame: &mut Frame, area: Rect, story: &Story) {
    let minute = story.minutes.last();
    let bill = story.bill();
    let now = Line::from(vec![
        Span::from(" orders ").bold().reversed(),
        Span::from(format!("  minute {}", minute.map_or(0, |minute| story.minute_of(minute.began)))),
        Span::from(format!("   {} shards", minute.map_or(SHARDS_AT_FIRST, |minute| minute.shards)))
            .bold()
            .fg(Color::Cyan),
        Span::from(
            minute.map_or_else(String::new, |minute| format!("   {:.1} MiB/s demand", minute.offered_mib_per_second)),
        ),
        Span::from("   q quits").dim(),
    ]);
    let money = Line::from(vec![
        Span::from(format!(" {} USD", bill.scaled.in_table())).bold().fg(Color::Green),
        Span::from(format!(
            "  as scaled;  {} USD static at the peak;  {} USD on-demand",
            bill.static_peak.in_table(),
            bill.on_demand.in_table()
        )),
    ]);
    frame.render_widget(Paragraph::new(vec![now, money]), area);
}

fn draw_chart(frame: &mut Frame, area: Rect, story: &Story) {
    let series = |value: fn(&crate::stage::MinuteSeen) -> f64| -> Vec<(f64, f64)> {
        story.minutes.iter().map(|minute| (float(story.minute_of(minute.began)), value(minute))).collect()
    };
    let accepted = series(crate::stage::MinuteSeen::accepted_mib_per_second);
    let wanted = series(|minute| minute.offered_mib_per_second);
    let capacity = series(|minute| f64::from(minute.shards));
    let line = |name, color, data| {
        Dataset::default()
            .name(name)
            .marker(Marker::Braille)
            .graph_type(GraphType::Line)
            .style(Style::new().fg(color))
            .data(data)
    };
    let top = f64::from(story.peak_shards().max(8)) + 1.0;
    let chart = Chart::new(vec![
        line("capacity", Color::Cyan, &capacity),
        line("demand", Color::Red, &wanted),
        line("accepted", Color::Green, &accepted),
    ])
    .block(Block::bordered().title(" MiB/s "))
    .hidden_legend_constraints((Constraint::Percentage(50), Constraint::Percentage(50)))
    .x_axis(Axis::default().bounds([0.0, MINUTES_SHOWN]).labels(["0", "25", "50 min"]))
    .y_axis(Axis::default().bounds([0.0, top]).labels(["0".to_owned(), format!("{top:.0}")]));
    frame.render_widget(chart, area);
}

fn draw_throttled(frame: &mut Frame, area: Rect, story: &Story) {
    let data: Vec<u64> = story.minutes.iter().map(|minute| minute.metrics.throttled_records.unwrap_or(0)).collect();
    let last = data.last().copied().unwrap_or(0);
    let block = Block::bordered().title(format!(" throttled records a minute: {last} "));
    frame.render_widget(Sparkline::default().block(block).data(data).fg(Color::Red), area);
}

fn draw_decisions(frame: &mut Frame, area: Rect, story: &Story) {
    let lines: Vec<Line> = story.told.iter().rev().map(|told| decision_line(story, told)).collect();
    let block = Block::bordered().title(" decisions, newest first ");
    frame.render_widget(Paragraph::new(lines).block(block).wrap(Wrap { trim: false }), area);
}

fn decision_line(story: &Story, told: &Told) -> Line<'static> {
    let color = match told.kind {
        OutcomeKind::Resized | OutcomeKind::Mended => Color::Green,
        OutcomeKind::Held | OutcomeKind::DryRun | OutcomeKind::Ignored | OutcomeKind::Kept => Color::Gray,
        OutcomeKind::Refused | OutcomeKind::Failed => Color::Red,
    };
    Line::from(vec![
        Span::from(format!("{:>3}' {:<6} ", story.minute_of(told.at), told.road)).dim(),
        Span::from(told.words.clone()).fg(color),
    ])
}
