// SPDX-License-Identifier: Apache-2.0
//! Text of a file as UTF-8 with `\n` at the end of lines, whether it was UTF-8 or UTF-16, of Unix, Windows or old Macs.

use std::io::{self, ErrorKind, Read};
use std::str;

use memchr::{memchr, memchr_iter, memmem};

/// Bytes read at once.
const CHUNK: usize = 1 << 18;
const MARK: &str = "\u{feff}";

/// What a file begins with that is no text, and what to do about it. Sources: RFC 1952 (gzip), RFC 8878 (zstd), PKWARE's
/// APPNOTE.TXT (ZIP), MS-CFB (old Office files), Apache Parquet's file format, the Unicode Standard, section 23.8 (marks).
const NO_TEXT: [(&[u8], &str); 7] = [
    (&[0xff, 0xfe, 0, 0], "UTF-32, which is not supported: save it as UTF-8"),
    (&[0, 0, 0xfe, 0xff], "UTF-32, which is not supported: save it as UTF-8"),
    (&[0x1f, 0x8b], "compressed by gzip: unpack it first"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "compressed by zstd: unpack it first"),
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet (.xlsx): unpack it, or save the sheet as CSV"),
    (&[0xd0, 0xcf, 0x11, 0xe0], "an old spreadsheet (.xls): save the sheet as CSV"),
    (b"PAR1", "Parquet: write the table as CSV"),
];

/// Bytes that are no text that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset} (line {line}): {what}")]
pub struct TextFault {
    /// Of the first byte that does not fit, from 0, in the file as it is.
    pub offset: u64,
    /// From 1.
    pub line: u64,
    /// What it is instead, and what to do.
    pub what: &'static str,
}

/// The fault behind an error of a [`TextReader`], where it is not the source's own.
pub fn fault_of(error: &io::Error) -> Option<TextFault> {
    error.get_ref()?.downcast_ref().copied()
}

/// All of a source as text.
///
/// # Errors
/// The source's own, or a [`TextFault`].
pub fn whole_text(source: impl Read) -> io::Result<String> {
    let mut text = String::new();
    TextReader::new(source).read_to_string(&mut text)?;
    Ok(text)
}

#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Utf16(fn([u8; 2]) -> u16),
}

/// Reads text of any length in pieces: what comes out is UTF-8 without byte order marks, and its lines end in `\n`.
pub struct TextReader<R> {
    source: R,
    /// `None` until the first bytes were seen.
    encoding: Option<Encoding>,
    /// Bytes that are not decoded yet, and where in the file they begin.
    raw: Vec<u8>,
    offset: u64,
    is_ended: bool,
    /// Text that was not asked for yet: what follows `taken`.
    ready: Vec<u8>,
    taken: usize,
    line: u64,
    /// Whether the last character was a `\r`, whose `\n` may follow.
    after_return: bool,
    at_line_start: bool,
}

impl<R: Read> TextReader<R> {
    /// Reads from there.
    pub fn new(source: R) -> Self {
        Self {
            source,
            encoding: None,
            raw: Vec::new(),
            offset: 0,
            is_ended: false,
            ready: Vec::new(),
            taken: 0,
            line: 1,
            after_return: false,
            at_line_start: true,
        }
    }

    /// Makes some text ready, unless the file has ended.
    fn fill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.taken = 0;
        while self.ready.is_empty() && !(self.is_ended && self.raw.is_empty()) {
            let before = self.raw.len();
            self.source.by_ref().take(CHUNK as u64).read_to_end(&mut self.raw)?;
            self.is_ended = self.raw.len() - before < CHUNK;
            let encoding = self.encoding.map_or_else(|| self.begin(), Ok)?;
            self.encoding = Some(encoding);
            match encoding {
                Encoding::Utf8 => self.decode_utf8()?,
                Encoding::Utf16(unit) => self.decode_utf16(unit)?,
            }
        }
        Ok(())
    }

    /// What the first bytes say; a byte order mark is taken away.
    fn begin(&mut self) -> io::Result<Encoding> {
        let known = NO_TEXT.iter().find(|(begin, _)| self.raw.starts_with(begin));
        // A text may begin with what can be printed: what follows has to be none.
        let known = known.filter(|(begin, _)| !begin.iter().all(u8::is_ascii_graphic) || self.is_binary());
        if let Some((_, what)) = known {
            return Err(self.fault(0, 1, what));
        }
        let (encoding, mark) = match self.raw[..] {
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
            [0xff, 0xfe, ..] => (Encoding::Utf16(u16::from_le_bytes), 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16(u16::from_be_bytes), 2),
            [0, _, ..] | [_, 0, ..] => {
                return Err(self.fault(0, 1, "UTF-16 without a byte order mark, or not text: save it as UTF-8"));
            }
            _ => (Encoding::Utf8, 0),
        };
        self.advance(mark);
        Ok(encoding)
    }

    /// Whether the first bytes have some that UTF-8 text has not; a character that the end of the chunk cuts is none of them.
    fn is_binary(&self) -> bool {
        memchr(0, &self.raw).is_some() || str::from_utf8(&self.raw).is_err_and(|error| error.error_len().is_some())
    }

    fn decode_utf8(&mut self) -> io::Result<()> {
        let raw = std::mem::take(&mut self.raw);
        let (text, bad) = match str::from_utf8(&raw) {
            Ok(text) => (text, None),
            Err(error) => {
                let (good, _) = raw.split_at(error.valid_up_to());
                // A character that the end of the chunk cut in two comes whole with the next one.
                let is_bad = error.error_len().is_some() || self.is_ended;
                (str::from_utf8(good).unwrap_or_default(), is_bad.then_some(good.len()))
            }
        };
        self.take_text(text);
        let decoded = text.len();
        self.raw = raw;
        self.end_of_piece(decoded, bad, "not UTF-8 (an older code page, such as Windows-1252?): save it as UTF-8")
    }

    fn decode_utf16(&mut self, unit: fn([u8; 2]) -> u16) -> io::Result<()> {
        let units = self.raw.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let (mut text, mut decoded, mut bad) = (String::with_capacity(self.raw.len()), 0, None);
        for each in char::decode_utf16(units) {
            match each {
                Ok(sign) => {
                    text.push(sign);
                    decoded += 2 * sign.len_utf16();
                }
                // The first half of a pair, cut by the end of the chunk.
                Err(half) if !self.is_ended && half.unpaired_surrogate() < 0xdc00 && decoded + 4 > self.raw.len() => {
                    break;
                }
                Err(_) => {
                    bad = Some(decoded);
                    break;
                }
            }
        }
        if self.is_ended && bad.is_none() && decoded < self.raw.len() {
            bad = Some(decoded);
        }
        self.take_text(&text);
        self.end_of_piece(decoded, bad, "not UTF-16, as the file's byte order mark says it is: save it as UTF-8")
    }

    fn end_of_piece(&mut self, decoded: usize, bad: Option<usize>, what: &'static str) -> io::Result<()> {
        if let Some(at) = bad {
            return Err(self.fault(at, self.line, what));
        }
        self.advance(decoded);
        Ok(())
    }

    fn advance(&mut self, bytes: usize) {
        self.raw.drain(..bytes);
        self.offset += bytes as u64;
    }

    fn fault(&self, at: usize, line: u64, what: &'static str) -> io::Error {
        io::Error::new(ErrorKind::InvalidData, TextFault { offset: self.offset + at as u64, line, what })
    }

    /// Makes text ready: lines end in `\n`, and have no mark before them, as where marked files were joined.
    fn take_text(&mut self, text: &str) {
        let before = self.ready.len();
        if memchr(b'\r', text.as_bytes()).is_none() && !self.after_return {
            self.ready.extend_from_slice(text.as_bytes());
        } else {
            self.with_line_ends(text);
        }
        let is_marked = memmem::find(&self.ready[before..], MARK.as_bytes()).is_some();
        if is_marked {
            self.without_marks(before);
        }
        if let Some(last) = self.ready.last() {
            self.at_line_start = *last == b'\n';
        }
        self.line += memchr_iter(b'\n', &self.ready[before..]).count() as u64;
    }

    fn with_line_ends(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        if self.after_return && !rest.is_empty() {
            self.after_return = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(at) = memchr(b'\r', rest) {
            self.ready.extend_from_slice(&rest[..at]);
            self.ready.push(b'\n');
            rest = &rest[at + 1..];
            self.after_return = rest.is_empty();
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        self.ready.extend_from_slice(rest);
    }

    fn without_marks(&mut self, from: usize) {
        let marked = self.ready.split_off(from);
        let lines = marked.split_inclusive(|byte| *byte == b'\n');
        let mut at_line_start = self.at_line_start;
        for line in lines {
            let begins = if at_line_start { line.strip_prefix(MARK.as_bytes()).unwrap_or(line) } else { line };
            self.ready.extend_from_slice(begins);
            at_line_start = true;
        }
    }
}

impl<R: Read> Read for TextReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.ready.len() && !into.is_empty() {
            self.fill()?;
        }
        let count = into.len().min(self.ready.len() - self.taken);
        into[..count].copy_from_slice(&self.ready[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn told(bytes: &[u8]) -> String {
        whole_text(bytes).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn an_encoding_that_is_not_read_is_named_with_its_offset() {
        for (bytes, words) in [
            (&b"a\nb\xe9c\n"[..], "byte 3 (line 2): not UTF-8 (an older code page, such as Windows-1252?)"),
            (b"\xef\xbb\xbfa\r\nb\xe9", "byte 7 (line 2): not UTF-8"),
            (b"\xe2\x82", "byte 0 (line 1): not UTF-8"),
            (b"a\0b\0", "byte 0 (line 1): UTF-16 without a byte order mark"),
            (b"\0a\0b", "byte 0 (line 1): UTF-16 without a byte order mark"),
            (b"\xff\xfea\0\n\0\x00\xd8a\0", "byte 6 (line 2): not UTF-16"),
            (b"\xff\xfea\0\n", "byte 4 (line 1): not UTF-16"),
            (b"\xff\xfe\0\0a\0\0\0", "byte 0 (line 1): UTF-32"),
            (b"\x1f\x8b\x08", "byte 0 (line 1): compressed by gzip: unpack it first"),
            (b"PK\x03\x04", "byte 0 (line 1): a ZIP archive or a spreadsheet (.xlsx)"),
            (b"PAR1\x15\0\x15\x02", "byte 0 (line 1): Parquet: write the table as CSV"),
            (b"PAR1\x15\x80\x15", "byte 0 (line 1): Parquet: write the table as CSV"),
        ] {
            assert!(told(bytes).starts_with(words), "{bytes:?}: {}", told(bytes));
        }
    }

    #[test]
    fn a_text_may_begin_as_other_files_do() {
        for text in
            ["PAR1-rack7\nPAR2-rack7\n", "PAR1", "PAR1é", "+/v8-lane\n+/v9-lane\n", "+/v", "PK-7\n", "(\u{b5}/\n"]
        {
            assert_eq!(told(text.as_bytes()), text);
        }
        let cut = format!("PAR1{}", "é".repeat(CHUNK / 2));
        assert!(told(cut.as_bytes()) == cut, "a chunk ends amid a character");
        let cut = format!("PAR1-{}", "é".repeat(CHUNK / 2));
        assert!(told(cut.as_bytes()) == cut, "a chunk ends amid a character");
    }

    #[test]
    fn lines_end_alike_and_marks_are_no_text() {
        for (bytes, text) in [
            (&b"\xef\xbb\xbfa\r\nb\rc\n"[..], "a\nb\nc\n"),
            (b"a\r", "a\n"),
            (b"a\r\r\n", "a\n\n"),
            (b"a\n\xef\xbb\xbfb", "a\nb"),
            (b"a\xef\xbb\xbfb", "a\u{feff}b"),
            (b"\xfe\xff\0a\0\r\0\n\xd8\x3d\xde\x00", "a\n\u{1f600}"),
            (b"\xff\xfe", ""),
            (b"", ""),
        ] {
            assert_eq!(told(bytes), text, "{bytes:?}");
        }
    }

    /// A source that gives so many bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(into.len()).min(self.0.len());
            into[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn what_a_chunk_cuts_is_read_whole() {
        for text in ["é\r\n", "\u{1f600}\r\n", "a\r\n", "ab\r\n"] {
            let long = text.repeat(CHUNK / 2);
            let expected = long.replace('\r', "");
            let units: Vec<u8> =
                "\u{feff}".encode_utf16().chain(long.encode_utf16()).flat_map(u16::to_le_bytes).collect();
            assert!(whole_text(Slow(long.as_bytes(), 7_001)).unwrap() == expected, "{text:?} in UTF-8");
            assert!(whole_text(Slow(&units, 7_001)).unwrap() == expected, "{text:?} in UTF-16");
        }
    }
}
