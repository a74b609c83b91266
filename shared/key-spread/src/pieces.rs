// SPDX-License-Identifier: Apache-2.0
//! A source of lines, cut into pieces. Where it is cut depends on its lines alone, and not on how many bytes come at once.

use std::io::{self, Read};

use memchr::{memchr_iter, memrchr};

use crate::fault::{LINE_BYTES_MAX, LinesFault};
use crate::spread::WINDOW_RECORDS;

/// Bytes of a piece, and the line that is over it. Chosen: about a window of short keys, which a core counts in some milliseconds.
const PIECE_BYTES: usize = 1 << 20;

/// Whole lines of one window.
pub(crate) struct Piece {
    pub(crate) text: Vec<u8>,
    /// The number of its first line, from 1.
    pub(crate) line: u64,
}

/// The pieces of a source, in order; what ended the reading comes last.
pub(crate) struct Pieces<R> {
    source: R,
    text: Vec<u8>,
    /// The number of the first line of the piece to come.
    line: u64,
    is_over: bool,
    /// What ended the reading, until it is told.
    fault: Option<LinesFault>,
}

/// The first lines of a text that are a piece.
enum Cut {
    /// So many bytes, and lines.
    At(usize, u64),
    /// More has to be read to know, or to have all of it.
    Further,
    /// After so many bytes and lines comes one that is too long.
    TooLong(usize, u64),
}

impl<R: Read> Iterator for Pieces<R> {
    type Item = Result<Piece, LinesFault>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            match self.cut() {
                Cut::At(bytes, lines) => return Some(Ok(self.take_out(bytes, lines))),
                Cut::TooLong(bytes, lines) => {
                    let line = self.line + lines;
                    return self.last(bytes, Some(LinesFault::NoEnd { line }));
                }
                Cut::Further => match self.read() {
                    Ok(0) => return self.last(self.text.len(), None),
                    Ok(_) => {}
                    Err(error) => {
                        let whole_lines = memrchr(b'\n', &self.text).map_or(0, |end| end + 1);
                        return self.last(whole_lines, Some(error.into()));
                    }
                },
            }
        }
        self.fault.take().map(Err)
    }
}

impl<R: Read> Pieces<R> {
    pub(crate) fn of(source: R) -> Self {
        Self { source, text: Vec::new(), line: 1, is_over: false, fault: None }
    }

    /// What is left, if anything: it may have a fault that comes before the one that ends the reading.
    fn last(&mut self, bytes: usize, fault: Option<LinesFault>) -> Option<Result<Piece, LinesFault>> {
        (self.is_over, self.fault) = (true, fault);
        if bytes > 0 { Some(Ok(self.take_out(bytes, 0))) } else { self.next() }
    }

    fn read(&mut self) -> io::Result<usize> {
        self.source.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut self.text)
    }

    fn cut(&self) -> Cut {
        let in_window = (self.line - 1) % WINDOW_RECORDS;
        let (mut begins, mut lines) = (0, 0);
        for end in memchr_iter(b'\n', &self.text) {
            if end - begins > LINE_BYTES_MAX {
                return Cut::TooLong(begins, lines);
            }
            (begins, lines) = (end + 1, lines + 1);
            if begins >= PIECE_BYTES || in_window + lines == WINDOW_RECORDS {
                return Cut::At(begins, lines);
            }
        }
        if self.text.len() - begins > LINE_BYTES_MAX { Cut::TooLong(begins, lines) } else { Cut::Further }
    }

    fn take_out(&mut self, bytes: usize, lines: u64) -> Piece {
        let rest = self.text.split_off(bytes);
        let piece = Piece { text: std::mem::replace(&mut self.text, rest), line: self.line };
        self.line += lines;
        piece
    }
}
