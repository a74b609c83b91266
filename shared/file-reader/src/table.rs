//! Tables as programs and spreadsheets write them: a header, then a row a line, with commas, semicolons or tabs between.

/// What may stand between cells, the likeliest first.
const DELIMITERS: [char; 3] = [',', ';', '\t'];

/// A table whose header was read.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    text: &'a str,
    delimiter: char,
    header: Vec<String>,
    header_line: usize,
}

/// A row that fits the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Of the text, from 1.
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
    /// A quote that does not end on the line.
    #[error("a quote begins on it and does not end on it")]
    Unclosed,
    /// Something between the end of a quoted cell and the next delimiter.
    #[error("a quoted cell goes on behind its quote")]
    BehindQuote,
    /// Fewer or more cells than columns.
    #[error("it has {cells} cells and the header {columns}")]
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
        let mut lines = rows(text);
        let (mut at, mut line) = lines.next().ok_or(TableFault::Empty)?;
        // What spreadsheets write for each other.
        let told = line.strip_prefix("sep=").and_then(|rest| rest.chars().next());
        if told.is_some() {
            (at, line) = lines.next().ok_or(TableFault::Empty)?;
        }
        let delimiter = told.unwrap_or_else(|| delimiter(line));
        let mut header = cells(line, delimiter).map_err(|fault| TableFault::Header { line: at, fault })?;
        while header.len() > 1 && header.last().is_some_and(String::is_empty) {
            header.pop();
        }
        let same = |one: &String, other: &String| !one.is_empty() && one.eq_ignore_ascii_case(other);
        let twice = header.iter().enumerate().find(|(i, name)| header[..*i].iter().any(|earlier| same(earlier, name)));
        if let Some((_, name)) = twice {
            return Err(TableFault::Twice { line: at, name: name.clone() });
        }
        Ok(Self { text, delimiter, header, header_line: at })
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
        rows(self.text).filter(|(line, _)| *line > self.header_line).filter_map(|(line, text)| {
            let row = cells(text, self.delimiter).and_then(|cells| self.fitted(cells));
            match row {
                Ok(cells) if cells.iter().all(String::is_empty) => None,
                Ok(cells) => Some(Ok(Row { line, cells })),
                Err(fault) => Some(Err(RowFault { line, fault, text: text.to_owned() })),
            }
        })
    }

    /// Spreadsheets write empty cells behind the last column, or leave a row's last delimiters away where it is empty.
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

/// The lines that say something, with their numbers from 1.
fn rows(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    lines.filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
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
                "line 3: a quote begins on it and does not end on it",
                "line 4: it has 1 cells and the header 2",
                "line 5: it has 3 cells and the header 2",
                "line 6: a quoted cell goes on behind its quote",
                "7: f|6"
            ]
        );
    }

    #[test]
    fn a_header_that_is_none_is_told() {
        let told = |text| Table::of(text).unwrap_err().to_string();
        assert_eq!(told("\n# nothing\n"), "there is no header: the file is empty");
        assert_eq!(told("a,\"b\n"), "line 1: a quote begins on it and does not end on it");
        assert_eq!(told("a,b,A\n"), "line 1: two columns are called \"A\": remove one of them");
    }
}
