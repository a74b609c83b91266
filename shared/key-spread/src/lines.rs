//! Keys from lines of text, read once, in pieces, with every core: a file of any length takes the same memory.

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use memchr::{memchr_iter, memrchr};
use scaler_core::HashKeyRange;
use scaler_core::keys::KEY_CHARS_MAX;

use crate::spread::Spread;

/// Bytes read at once; a line is far shorter.
const PIECE: usize = 1 << 20;
/// The longest line: JSON may have much beside the key.
const LINE_MAX: usize = 8 * PIECE;
/// Keys handed over at once.
const BATCH: usize = 4_096;

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Nothing on it.
    #[error("is empty, and a partition key has 1 to {KEY_CHARS_MAX} characters")]
    Empty,
    /// More than Kinesis takes.
    #[error("has a key of {0} characters, and a partition key has 1 to {KEY_CHARS_MAX}")]
    TooLong(usize),
    /// Not text.
    #[error("is not UTF-8, as partition keys are")]
    NotText,
    /// What whoever reads the lines says of it.
    #[error("{0}")]
    Unlike(String),
}

/// Why lines could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LinesFault {
    /// The source failed.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// A line is not as it should be.
    #[error("line {line} {fault}")]
    Line {
        /// From 1.
        line: u64,
        /// What is wrong with it.
        fault: KeyFault,
    },
    /// Something that has no end of line.
    #[error("line {line} is longer than {LINE_MAX} bytes")]
    NoEnd {
        /// From 1.
        line: u64,
    },
}

/// Whole lines, and the number of the first.
struct Piece {
    text: Vec<u8>,
    line: u64,
}

/// A record for each line, over shards with these ranges. `key_of` finds the key in a line; a line that is the key is
/// `|line| Ok(line.into())`.
///
/// # Errors
/// The source's own, or the first line found that is not as it should be.
pub fn spread_lines<F>(source: impl Read, ranges: &[HashKeyRange], key_of: F) -> Result<Spread, LinesFault>
where
    F: for<'a> Fn(&'a str) -> Result<&'a str, KeyFault> + Sync,
{
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let (send, pieces) = sync_channel::<Piece>(workers * 2);
    let pieces = Mutex::new(pieces);
    thread::scope(|scope| {
        let work = || {
            let mut spread = Spread::over(ranges);
            while let Some(piece) = next(&pieces) {
                piece.count(&mut spread, &key_of)?;
            }
            Ok(spread)
        };
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        // A worker that found a fault takes no more pieces; the others go on, and it is told in the end.
        let read = each_piece(source, |piece| send.send(piece).is_ok());
        drop(send);
        let mut whole = Spread::over(ranges);
        let mut fault = read.err();
        for thread in threads {
            match thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)) {
                Ok(part) => whole.merge(part),
                Err(error) => fault = Some(first(fault, error)),
            }
        }
        fault.map_or(Ok(whole), Err)
    })
}

fn next(pieces: &Mutex<Receiver<Piece>>) -> Option<Piece> {
    pieces.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// Of two faults the one of the earlier line.
fn first(one: Option<LinesFault>, other: LinesFault) -> LinesFault {
    match (&one, &other) {
        (Some(LinesFault::Line { line: a, .. }), LinesFault::Line { line: b, .. }) if a <= b => {}
        (Some(LinesFault::Read(_) | LinesFault::NoEnd { .. }), _) => {}
        _ => return other,
    }
    one.unwrap_or(other)
}

/// Reads whole lines until nobody wants more.
fn each_piece(mut source: impl Read, mut wanted: impl FnMut(Piece) -> bool) -> Result<(), LinesFault> {
    let (mut rest, mut line) = (Vec::new(), 1);
    loop {
        let mut text = std::mem::take(&mut rest);
        let before = text.len();
        source.by_ref().take(PIECE as u64).read_to_end(&mut text)?;
        let is_last = text.len() == before;
        match memrchr(b'\n', &text) {
            _ if is_last => {}
            Some(end) => rest = text.split_off(end + 1),
            None if text.len() > LINE_MAX => return Err(LinesFault::NoEnd { line }),
            None => {
                rest = text;
                continue;
            }
        }
        let lines = memchr_iter(b'\n', &text).count() as u64;
        let is_wanted = text.is_empty() || wanted(Piece { text, line });
        if is_last || !is_wanted {
            return Ok(());
        }
        line += lines;
    }
}

impl Piece {
    fn count<F>(&self, spread: &mut Spread, key_of: &F) -> Result<(), LinesFault>
    where
        F: for<'a> Fn(&'a str) -> Result<&'a str, KeyFault> + Sync,
    {
        let text = str::from_utf8(&self.text).map_err(|error| {
            let good = &self.text[..error.valid_up_to()];
            LinesFault::Line { line: self.line + memchr_iter(b'\n', good).count() as u64, fault: KeyFault::NotText }
        })?;
        let mut batch: Vec<&[u8]> = Vec::with_capacity(BATCH);
        let (mut begins, mut line) = (0, self.line);
        let ends = memchr_iter(b'\n', text.as_bytes()).chain((!text.ends_with('\n')).then_some(text.len()));
        for end in ends {
            let whole = &text[begins..end];
            let key = key_of(whole.strip_suffix('\r').unwrap_or(whole)).and_then(checked);
            batch.push(key.map_err(|fault| LinesFault::Line { line, fault })?.as_bytes());
            if batch.len() == BATCH {
                spread.take(&batch, |_| ());
                batch.clear();
            }
            (begins, line) = (end + 1, line + 1);
        }
        spread.take(&batch, |_| ());
        Ok(())
    }
}

/// The key, if it is one that Kinesis takes.
///
/// # Errors
/// What is wrong with it.
pub fn checked(key: &str) -> Result<&str, KeyFault> {
    match key.len() {
        0 => Err(KeyFault::Empty),
        // No key has more characters than bytes.
        1..=KEY_CHARS_MAX => Ok(key),
        _ => match key.chars().count() {
            ..=KEY_CHARS_MAX => Ok(key),
            chars => Err(KeyFault::TooLong(chars)),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn told(text: &[u8]) -> String {
        match spread_lines(text, &HashKeyRange::uniform(4), |line| Ok(line)) {
            Ok(spread) => format!("{} records", spread.records()),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn lines_are_keys_with_or_without_a_last_end_of_line() {
        assert_eq!([told(b"a\nb\n"), told(b"a\r\nb"), told(b"")], ["2 records", "2 records", "0 records"]);
    }

    #[test]
    fn a_bad_line_is_named() {
        let long = format!("ok\nok\n{}\n", "k".repeat(257));
        assert_eq!(
            [told(b"a\n\nb"), told(b"a\n\xff\n"), told(long.as_bytes())],
            [
                "line 2 is empty, and a partition key has 1 to 256 characters",
                "line 2 is not UTF-8, as partition keys are",
                "line 3 has a key of 257 characters, and a partition key has 1 to 256"
            ]
        );
        assert_eq!(told("é".repeat(256).as_bytes()), "1 records", "characters count, not bytes");
        let far = "key\n".repeat(200_000);
        assert_eq!(
            told(format!("{far}\n{far}").as_bytes()),
            "line 200001 is empty, and a partition key has 1 to 256 characters"
        );
    }

    #[test]
    fn many_pieces_are_counted_as_one_would_be() {
        let keys: Vec<String> = (0..150_000_u64).map(|i| format!("user-{}", (i * i) % 70_001)).collect();
        let ranges = HashKeyRange::uniform(7);
        let mut one = Spread::over(&ranges);
        one.take(&keys.iter().map(String::as_bytes).collect::<Vec<_>>(), |_| ());
        let many = spread_lines(keys.join("\n").as_bytes(), &ranges, |line| Ok(line)).unwrap();
        assert_eq!(many.shards(), one.shards());
        assert_eq!(many.records(), 150_000);
    }
}
