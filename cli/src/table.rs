// SPDX-License-Identifier: Apache-2.0
//! Tables for a terminal: plain text, numbers to the right.

use comfy_table::{CellAlignment, Table, presets};
use kinesis_model::thousands;

/// A table whose first column is text and whose others are numbers, as text.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header).add_rows(rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

/// A table of any width, in which the columns that hold nothing but figures are to the right.
pub(crate) fn wide_table(header: &[String], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header).add_rows(rows);
    let is_figure =
        |cell: &String| cell.is_empty() || cell == "?" || cell.starts_with(|first: char| first.is_ascii_digit());
    for (at, column) in table.column_iter_mut().enumerate() {
        if rows.iter().all(|row| row.get(at).is_none_or(is_figure)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

/// Thousands apart, so many decimals.
pub(crate) fn figure(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let digits = whole.trim_start_matches('-');
    let grouped = digits.parse().map_or_else(|_| digits.to_owned(), thousands);
    let sign = if whole.starts_with('-') { "-" } else { "" };
    format!("{sign}{grouped}{rest}")
}

/// A share, 0 to 1, as percent. Nothing and next to nothing are told apart.
pub(crate) fn percent(share: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$} %", share * 100.0);
    let is_nothing = text.chars().filter(char::is_ascii_digit).all(|digit| digit == '0');
    match decimals {
        0 => text,
        _ if is_nothing && share > 0.0 => format!("<0.{}1 %", "0".repeat(decimals - 1)),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        let shown = [0.0, 999.4, 1_000.0, 1_234_567.891, -1_234.5].map(|number| figure(number, 1));
        assert_eq!(shown, ["0.0", "999.4", "1,000.0", "1,234,567.9", "-1,234.5"]);
        assert_eq!(figure(2_880.0, 0), "2,880");
    }

    #[test]
    fn a_little_is_not_nothing() {
        assert_eq!([0.0, 0.000_000_1, 0.1234].map(|share| percent(share, 3)), ["0.000 %", "<0.001 %", "12.340 %"]);
    }
}
