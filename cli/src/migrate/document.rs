// SPDX-License-Identifier: Apache-2.0
//! A document of tables, lists and checks, as text for a terminal or as Markdown.

use crate::table::wide_table;

/// A part with a title.
pub(super) struct Section {
    pub(super) title: String,
    pub(super) blocks: Vec<Block>,
}

/// What a part has in it.
pub(super) enum Block {
    Text(String),
    Table {
        header: Vec<String>,
        rows: Vec<Vec<String>>,
    },
    List(Vec<String>),
    /// Things to do; those that are done are ticked.
    Checks(Vec<(bool, String)>),
    /// Commands, a line each.
    Commands(Vec<String>),
}

/// For a terminal.
pub(super) fn as_text(sections: &[Section]) -> String {
    let block = |block: &Block| match block {
        Block::Text(text) => text.clone(),
        Block::Table { header, rows } => wide_table(header, rows),
        Block::List(items) => items.iter().map(|item| format!(" - {item}")).collect::<Vec<_>>().join("\n"),
        Block::Checks(checks) => checked(checks, " "),
        Block::Commands(lines) => lines.iter().map(|line| format!(" {line}")).collect::<Vec<_>>().join("\n"),
    };
    let section = |section: &Section| {
        let blocks: Vec<_> = section.blocks.iter().map(block).collect();
        format!("{}\n\n{}\n", section.title.to_uppercase(), blocks.join("\n\n"))
    };
    sections.iter().map(section).collect::<Vec<_>>().join("\n")
}

/// For a page or a pull request.
pub(super) fn as_markdown(title: &str, sections: &[Section]) -> String {
    let block = |block: &Block| match block {
        Block::Text(text) => text.clone(),
        Block::Table { header, rows } => {
            let line = |cells: &[String]| {
                format!("| {} |", cells.iter().map(|cell| escaped(cell)).collect::<Vec<_>>().join(" | "))
            };
            let rule = format!("|{}", "---|".repeat(header.len()));
            let rows = rows.iter().map(|row| line(row));
            [line(header), rule].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
        }
        Block::List(items) => items.iter().map(|item| format!("- {item}")).collect::<Vec<_>>().join("\n"),
        Block::Checks(checks) => checked(checks, "- "),
        Block::Commands(lines) => format!("```sh\n{}\n```", lines.join("\n")),
    };
    let section = |section: &Section| {
        let blocks: Vec<_> = section.blocks.iter().map(block).collect();
        format!("## {}\n\n{}\n", section.title, blocks.join("\n\n"))
    };
    format!("# {title}\n\n{}", sections.iter().map(section).collect::<Vec<_>>().join("\n"))
}

fn checked(checks: &[(bool, String)], before: &str) -> String {
    let line = |(done, what): &(bool, String)| format!("{before}[{}] {what}", if *done { "x" } else { " " });
    checks.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn escaped(cell: &str) -> String {
    cell.replace('|', "\\|")
}
