// SPDX-License-Identifier: Apache-2.0
//! Tables that a tool prints for people: each column begins where its name stands in the header.

/// A header, by which the lines below it are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// Names, and where they begin.
    columns: Vec<(String, usize)>,
    has_tabs: bool,
}

impl Printed {
    /// The columns of a header; its names have no blanks.
    pub fn of(header: &str) -> Self {
        let mut columns: Vec<(String, usize)> = Vec::new();
        let (mut at, mut in_name) = (0, false);
        for sign in header.chars() {
            match (sign.is_whitespace(), in_name, columns.last_mut()) {
                (false, true, Some((name, _))) => name.push(sign),
                (false, ..) => columns.push((sign.to_string(), at)),
                (true, ..) => {}
            }
            in_name = !sign.is_whitespace();
            at += sign.len_utf16();
        }
        Self { columns, has_tabs: header.contains('\t') }
    }

    /// Where a column is among the others.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(column, _)| column == name)
    }

    /// The cells of a line, some of which may have blanks in them; `None` where it does not fit the header.
    pub fn cells<'a>(&self, line: &'a str) -> Option<Vec<&'a str>> {
        if self.has_tabs {
            let cells: Vec<_> = line.split('\t').map(str::trim).collect();
            return (cells.len() >= self.columns.len()).then_some(cells);
        }
        // Whoever copied it from a page may have lost the blanks: then words are cells, if there are as many.
        self.by_place(line).or_else(|| {
            let words: Vec<_> = line.split_whitespace().collect();
            (words.len() == self.columns.len()).then_some(words)
        })
    }

    /// Cells by where the header's names begin, with a blank before each.
    fn by_place<'a>(&self, line: &'a str) -> Option<Vec<&'a str>> {
        let mut begins = self.columns.iter().map(|(_, begin)| *begin).peekable();
        let (mut starts, mut at, mut is_apart) = (Vec::with_capacity(self.columns.len()), 0, true);
        for (index, sign) in line.char_indices() {
            if begins.next_if(|begin| *begin <= at).is_some() {
                if !is_apart || sign.is_whitespace() {
                    return None;
                }
                starts.push(index);
            }
            is_apart = sign.is_whitespace();
            // As the tools pad: Java counts a character beyond the first 65,536 as two.
            at += sign.len_utf16();
        }
        let ends = starts.iter().skip(1).copied().chain([line.len()]);
        let cells: Vec<_> = starts.iter().zip(ends).map(|(start, end)| line[*start..end].trim()).collect();
        (cells.len() == self.columns.len()).then_some(cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_below_the_names_of_their_columns() {
        let header = "GROUP               TOPIC  PARTITION  CLIENT-ID";
        let printed = Printed::of(header);
        assert_eq!((printed.column("PARTITION"), printed.column("LAG")), (Some(2), None));
        for (line, cells) in [
            (
                "Fare Engine (prod)  fares  0          my client",
                Some(vec!["Fare Engine (prod)", "fares", "0", "my client"]),
            ),
            ("é\u{1f600}                 fares  0          -", Some(vec!["é\u{1f600}", "fares", "0", "-"])),
            ("billing fares 0 -", Some(vec!["billing", "fares", "0", "-"])),
            ("Fare Engine fares 0 -", None),
            ("Error: Consumer group 'gone' does not exist.", None),
            ("", None),
        ] {
            assert_eq!(printed.cells(line), cells, "{line}");
        }
        let tabs = Printed::of("GROUP\tTOPIC\tPARTITION");
        assert_eq!(tabs.cells("Fare Engine\tfares\t0"), Some(vec!["Fare Engine", "fares", "0"]));
    }
}
