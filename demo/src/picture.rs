// SPDX-License-Identifier: Apache-2.0
//! The last frame of the live view as an SVG picture, for documents.

use std::fmt::Write as _;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use crate::live::draw;
use crate::story::Story;

/// Columns and rows of the terminal.
const SIZE: (u16, u16) = (118, 38);
/// Pixels of one of its cells, and around all of them.
const CELL: (u16, u16) = (9, 18);
const MARGIN: u16 = 10;
/// Pixels from the top of a cell to the line that letters stand on.
const BASE: u16 = 13;

/// Colours of a light page, and of a dark one.
const STYLE: &str = "\
<style>
.page { fill: #FFFFFF } .text { fill: #1F2328 } .cyan { fill: #0A6C78 } .red { fill: #C62F21 } .green { fill: #116329 }
.bold { font-weight: bold } .dim { opacity: .7 }
@media (prefers-color-scheme: dark) {
.page { fill: #0D1117 } .text { fill: #E6EDF3 } .cyan { fill: #39C5CF } .red { fill: #FF7B72 } .green { fill: #56D364 }
}
</style>";

/// Draws the story as the live view has it.
pub(crate) fn svg(story: &Story) -> anyhow::Result<String> {
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1))?;
    terminal.draw(|frame| draw(frame, story))?;
    let [width, height] = [SIZE.0 * CELL.0, SIZE.1 * CELL.1].map(|pixels| pixels + 2 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace\" font-size=\"15\">\n\
         <title>cargo xtask demo</title>\n{STYLE}\n<rect class=\"page\" width=\"100%\" height=\"100%\" rx=\"6\"/>\n"
    );
    for row in 0..SIZE.1 {
        row_of(terminal.backend().buffer(), row, &mut svg)?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// A row, word by word: each says how long it is, whatever the font.
fn row_of(buffer: &Buffer, row: u16, svg: &mut String) -> anyhow::Result<()> {
    let cells: Vec<(u16, &Cell)> = (0..SIZE.0).map(|column| (column, &buffer[(column, row)])).collect();
    let top = MARGIN + row * CELL.1;
    for word in cells.chunk_by(|(_, one), (_, next)| look(one) == look(next) && is_blank(one) == is_blank(next)) {
        let (x, wide) = (MARGIN + word[0].0 * CELL.0, u16::try_from(word.len())? * CELL.0);
        let (color, more, is_reversed) = look(word[0].1);
        if is_reversed {
            let tall = CELL.1;
            writeln!(svg, "<rect class=\"{color}\" x=\"{x}\" y=\"{top}\" width=\"{wide}\" height=\"{tall}\"/>")?;
        }
        if !is_blank(word[0].1) {
            let color = if is_reversed { "page" } else { color };
            let text: String = word.iter().map(|(_, cell)| cell.symbol()).collect();
            let (text, y) = (text.replace('&', "&amp;").replace('<', "&lt;"), top + BASE);
            writeln!(svg, "<text class=\"{color}{more}\" x=\"{x}\" y=\"{y}\" textLength=\"{wide}\">{text}</text>")?;
        }
    }
    Ok(())
}

fn is_blank(cell: &Cell) -> bool {
    cell.symbol().trim().is_empty()
}

/// The class of its colour, other classes, and whether both colours are swapped.
fn look(cell: &Cell) -> (&'static str, &'static str, bool) {
    let color = match cell.fg {
        Color::Cyan => "cyan",
        Color::Red => "red",
        Color::Green => "green",
        _ => "text",
    };
    let has = |modifier| cell.modifier.contains(modifier);
    let more = match (has(Modifier::BOLD), has(Modifier::DIM)) {
        (true, _) => " bold",
        (false, true) => " dim",
        (false, false) => "",
    };
    (color, more, has(Modifier::REVERSED))
}
