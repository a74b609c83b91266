// SPDX-License-Identifier: Apache-2.0
//! Tables as programs and spreadsheets write them: a header, then rows, with commas, semicolons or tabs between cells.

use std::iter;

/// What may stand between cells, the likeliest first.
const DELIMITERS: [char; 3] = [',', ';', '\t'];
/// Ends of lines that a cell has at most. Source: Microsoft, "Excel specifications and limits", line feeds per cell.
const LINE_FEEDS_PER_CELL_MAX: usize = 253;

/// A table whose header was read.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    /// What follows the header.
    below: Lines<'a>,
    delimiter: char,
    header: Vec<String>,
    header_line: usize,
}

/// The lines of a text that are still to be read.
#[derive(Clone, Copy, Debug)]
struct Lines<'a> {
    text: &'a str,
    /// Bytes and lines that were read, and where the last of them began.
    read: usize,
    line: usize,
    begin: usize,
}

/// A row that fits the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its first of the text, from 1.
    pub line: usize,
    /// One for each column; an empty cell says nothing.
    pub cells: Vec<String>,
}

/// A text without a header that could be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableFault {
    /// Nothing but blank lines.
    #[error("there is no header: the file is empty")]
    Empty,
    /// A quote that does not end.
    #[error("line {line}: {fault}")]
    Header {
        /// From 1.
        line: usize,
        /// What is wrong.
        fault: CellFault,
    },
    /// Which of the two, nobody can know.
    #[error("line {line}: two columns are called {name:?}: remove one of them")]
    Twice {
        /// From 1.
        line: usize,
        /// As the first is written.
        name: String,
    },
}

/// A row that does not fit the header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct RowFault {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub fault: CellFault,
    /// The line as it is.
    pub text: String,
}

/// Why a line cannot be told into its cells.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CellFault {
    /// A quote that ends neither on the line nor on those below it in a way that makes a row.
    #[error("it begins a quoted cell that has no closing quote at the end of a row")]
    Unclosed,
    /// Something between the end of a quoted cell and the next delimiter.
    #[error("a quoted cell has text after its closing quote")]
    BehindQuote,
    /// Fewer or more cells than columns.
    #[error("it has {cells} cells, and the header has {columns}")]
    Count {
        /// On the line.
        cells: usize,
        /// In the header.
        columns: usize,
    },
}

impl<'a> Table<'a> {
    /// The table in a text; lines that are blank or begin with `#` are none of it.
    ///
    /// # Errors
    /// There is no header, or its columns cannot be told apart.
    pub fn of(text: &'a str) -> Result<Self, TableFault> {
        let mut lines = Lines { text, read: 0, line: 0, begin: 0 };
        let begin = lines;
        let (_, first) = lines.next_with_words().ok_or(TableFault::Empty)?;
        // What spreadsheets write for each other.
        let told = first.strip_prefix("sep=").and_then(|rest| rest.chars().next());
        if told.is_none() {
            lines = begin;
        }
        let delimiter_of = |line: &str| told.unwrap_or_else(|| delimiter(line));
        let header = lines.row(|line| Ok((delimiter_of(line), cells(line, delimiter_of(line))?)));
        let (at, _, header) = header.ok_or(TableFault::Empty)?;
        let (delimiter, mut header) = header.map_err(|fault| TableFault::Header { line: at, fault })?;
        while header.len() > 1 && header.last().is_some_and(String::is_empty) {
            header.pop();
        }
        let same = |one: &String, other: &String| !one.is_empty() && one.eq_ignore_ascii_case(other);
        let twice = header.iter().enumerate().find(|(i, name)| header[..*i].iter().any(|earlier| same(earlier, name)));
        if let Some((_, name)) = twice {
            return Err(TableFault::Twice { line: at, name: name.clone() });
        }
        Ok(Self { below: lines, delimiter, header, header_line: at })
    }

    /// The names of the columns, as they are written.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The line of the header, from 1.
    pub fn header_line(&self) -> usize {
        self.header_line
    }

    /// Where the column of this name is, however its letters are.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column.eq_ignore_ascii_case(name))
    }

    /// Its rows, each for itself: one that does not fit takes none of the others with it. Rows of empty cells are left out.
    pub fn rows(&self) -> impl Iterator<Item = Result<Row, RowFault>> {
        let mut lines = self.below;
        let rows = iter::from_fn(move || lines.row(|text| self.fitted(cells(text, self.delimiter)?)));
        rows.filter_map(|(line, text, row)| match row {
            Ok(cells) if cells.iter().all(String::is_empty) => None,
            Ok(cells) => Some(Ok(Row { line, cells })),
            Err(fault) => Some(Err(RowFault { line, fault, text: text.to_owned() })),
        })
    }

    /// Spreadsheets write empty cells behind the last column, or omit the delimiters of an empty row.
    fn fitted(&self, mut cells: Vec<String>) -> Result<Vec<String>, CellFault> {
        let columns = self.header.len();
        while cells.len() > columns && cells.last().is_some_and(String::is_empty) {
            cells.pop();
        }
        if cells.iter().all(String::is_empty) {
            cells.resize(columns, String::new());
        }
        if cells.len() == columns { Ok(cells) } else { Err(CellFault::Count { cells: cells.len(), columns }) }
    }
}

impl<'a> Lines<'a> {
    /// The next line, whatever it says.
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.read..).filter(|rest| !rest.is_empty())?;
        let line = rest.split_inclusive('\n').next()?;
        self.begin = self.read;
        self.read += line.len();
        self.line += 1;
        Some(line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line)))
    }

    /// The next line that says something, with its number from 1.
    fn next_with_words(&mut self) -> Option<(usize, &'a str)> {
        loop {
            let line = self.next()?;
            if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
                return Some((self.line, line));
            }
        }
    }

    /// The next row: where it begins, its text, and what is read of it. A quote that does not end on its line goes on over those
    /// below, if a row comes of them; else the line is broken alone.
    fn row<T>(
        &mut self,
        read: impl Fn(&'a str) -> Result<T, CellFault>,
    ) -> Option<(usize, &'a str, Result<T, CellFault>)> {
        let (line, first) = self.next_with_words()?;
        let begin = self.begin;
        let alone = read(first);
        if !matches!(alone, Err(CellFault::Unclosed)) {
            return Some((line, first, alone));
        }
        let mut further = *self;
        for _ in 0..LINE_FEEDS_PER_CELL_MAX {
            let Some(next) = further.next() else { break };
            // Only a quote ends a quote.
            if !next.contains('"') {
                continue;
            }
            let text = self.text[begin..further.read].trim_end_matches(['\n', '\r']);
            match read(text) {
                Err(CellFault::Unclosed) => {}
                Err(_) => break,
                row => {
                    *self = further;
                    return Some((line, text, row));
                }
            }
        }
        Some((line, first, alone))
    }
}

/// The sign that stands most often between what is not quoted.
fn delimiter(header: &str) -> char {
    let bare: String = header.split('"').step_by(2).collect();
    let count = |sign: char| bare.matches(sign).count();
    // Of several, `max_by_key` gives the last: the likeliest has to come last.
    DELIMITERS.into_iter().rev().max_by_key(|sign| count(*sign)).unwrap_or(',')
}

/// The cells of a line, without blanks around them; a quoted one has `""` for a quote.
fn cells(line: &str, delimiter: char) -> Result<Vec<String>, CellFault> {
    let (mut found, mut rest) = (Vec::new(), line);
    loop {
        let begin = rest.trim_start_matches(|sign: char| sign.is_whitespace() && sign != delimiter);
        let Some(quoted) = begin.strip_prefix('"') else {
            let (cell, more) = rest.split_once(delimiter).map_or((rest, None), |(cell, more)| (cell, Some(more)));
            found.push(cell.trim().to_owned());
            match more {
                Some(more) => rest = more,
                None => return Ok(found),
            }
            continue;
        };
        let end = closing(quoted).ok_or(CellFault::Unclosed)?;
        found.push(quoted[..end].replace("\"\"", "\"").trim().to_owned());
        let behind = quoted[end + 1..].trim_start_matches(|sign: char| sign.is_whitespace() && sign != delimiter);
        match behind.strip_prefix(delimiter) {
            Some(more) => rest = more,
            None if behind.is_empty() => return Ok(found),
            None => return Err(CellFault::BehindQuote),
        }
    }
}

/// Where the quote ends that the text begins in.
fn closing(quoted: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + quoted[from..].find('"')?;
        if !quoted[at + 1..].starts_with('"') {
            return Some(at);
        }
        from = at + 2;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn cells_are_told_apart_as_spreadsheets_write_them() {
        for (text, delimiter) in [
            ("topic,groups\norders,\"a;b\"\n", ','),
            ("Topic;Groups\r\norders;\"a;b\"\r\n", ';'),
            ("topic\tgroups\norders\ta;b\n", '\t'),
            ("sep=|\ntopic|groups\norders|a;b\n", '|'),
            ("# made by hand\n\n \"topic\" , \"groups\" \norders , a;b ,,\n,,\n", ','),
            ("topic,groups,,\norders,a;b,,\n\n", ','),
        ] {
            let table = Table::of(text).unwrap();
            assert_eq!(
                (table.delimiter, table.column("groups"), table.header().len()),
                (delimiter, Some(1), 2),
                "{text}"
            );
            let rows: Vec<_> = table.rows().map(|row| row.unwrap().cells).collect();
            assert_eq!(rows, [["orders", "a;b"]], "{text}");
        }
        let quotes = Table::of("a,b\n\"say \"\"no\"\"\",5\"\n").unwrap();
        assert_eq!(quotes.rows().next().unwrap().unwrap().cells, ["say \"no\"", "5\""]);
    }

    #[test]
    fn a_row_that_does_not_fit_takes_no_other_with_it() {
        let table = Table::of("topic,mb\na,1\n\"b,2\nc\nd,4,5\n\"e\"x,5\nf,6\n").unwrap();
        let told = table.rows().map(|row| match row {
            Ok(row) => format!("{}: {}", row.line, row.cells.join("|")),
            Err(fault) => fault.to_string(),
        });
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                "2: a|1",
                "line 3: it begins a quoted cell that has no closing quote at the end of a row",
                "line 4: it has 1 cells, and the header has 2",
                "line 5: it has 3 cells, and the header has 2",
                "line 6: a quoted cell has text after its closing quote",
                "7: f|6"
            ]
        );
    }

    #[test]
    fn a_quoted_cell_may_go_on_over_lines() {
        for (text, cells) in [
            ("topic,groups\norders,\"a\nb\"\nclicks,c\n", [["orders", "a\nb"], ["clicks", "c"]]),
            ("topic,groups\r\norders,\"a\r\n\r\n# b\"\r\nclicks,c\r\n", [["orders", "a\r\n\r\n# b"], ["clicks", "c"]]),
            ("topic,groups\n\"orders\",\"a \"\"x\"\"\nb\"\nclicks,c", [["orders", "a \"x\"\nb"], ["clicks", "c"]]),
            ("topic,\"groups\nthat read it\"\norders,\"a\nb\"\nclicks,c\n", [["orders", "a\nb"], ["clicks", "c"]]),
        ] {
            let table = Table::of(text).unwrap();
            let rows: Vec<_> = table.rows().map(|row| row.unwrap().cells).collect();
            assert_eq!(
                (rows, table.column("topic")),
                (cells.map(|row| row.map(str::to_owned).to_vec()).to_vec(), Some(0))
            );
        }
        let table = Table::of("a\n\"b\nc\"\nd\n").unwrap();
        assert_eq!(table.rows().map(|row| row.unwrap().line).collect::<Vec<_>>(), [2, 4], "where each begins");
    }

    #[test]
    fn a_quote_takes_no_more_lines_than_a_cell_can_have() {
        let text = |lines: usize| format!("topic,note\nx,\"{}\"\ny,1\n", "z\n".repeat(lines));
        for (lines, rows, broken) in [(LINE_FEEDS_PER_CELL_MAX, 2, false), (LINE_FEEDS_PER_CELL_MAX + 1, 256, true)] {
            let text = text(lines);
            let told: Vec<_> = Table::of(&text).unwrap().rows().collect();
            assert_eq!((told.len(), told[0].is_err()), (rows, broken), "{lines} ends of lines");
            assert_eq!(told.last().unwrap().as_ref().unwrap().cells, ["y", "1"]);
        }
    }

    #[test]
    fn a_header_that_is_none_is_told() {
        let told = |text| Table::of(text).unwrap_err().to_string();
        assert_eq!(told("\n# nothing\n"), "there is no header: the file is empty");
        assert_eq!(told("a,\"b\n"), "line 1: it begins a quoted cell that has no closing quote at the end of a row");
        assert_eq!(told("a,b,A\n"), "line 1: two columns are called \"A\": remove one of them");
    }
}
