//! Keys from lines of text, read once, in pieces, with every core: a file of any length takes the same memory, and what is told of
//! it depends on nothing but what is in it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use kinesis_model::HashKeyRange;
use kinesis_model::keys::KEY_CHARS_MAX;
use memchr::{memchr_iter, memrchr};

use crate::spread::{Spread, WINDOW_RECORDS};

/// Bytes of a piece, and the line that is over it.
const PIECE: usize = 1 << 20;
/// The longest line: JSON may have much beside the key.
const LINE_MAX: usize = 8 * PIECE;
/// Keys handed over at once.
const BATCH: usize = 4_096;
/// Pieces for each core that may be counted and wait for one before them.
const AHEAD: u64 = 4;

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

/// Whole lines of one window.
struct Piece {
    /// From 0, in the order of the lines.
    number: u64,
    text: Vec<u8>,
    /// The number of its first line.
    line: u64,
}

/// A record for each line, over shards with these ranges. `key_of` finds the key in a line, whose number
/// it gets before it, from 1; a line that is the key is `|_, line| Ok(line.into())`.
///
/// # Errors
/// The first line that is not as it should be, or the source's own.
pub fn spread_lines<F>(source: impl Read, ranges: &[HashKeyRange], key_of: F) -> Result<Spread, LinesFault>
where
    F: for<'a> Fn(u64, &'a str) -> Result<Cow<'a, str>, KeyFault> + Sync,
{
    let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    spread_on(cores, source, ranges, key_of)
}

fn spread_on<F>(
    cores: NonZeroUsize,
    source: impl Read,
    ranges: &[HashKeyRange],
    key_of: F,
) -> Result<Spread, LinesFault>
where
    F: for<'a> Fn(u64, &'a str) -> Result<Cow<'a, str>, KeyFault> + Sync,
{
    let (send, pieces) = sync_channel::<Piece>(cores.get() * 2);
    let pieces = Mutex::new(pieces);
    let whole = Whole::new(Spread::over(ranges), AHEAD * cores.get() as u64);
    let read = thread::scope(|scope| {
        for _ in 0..cores.get() {
            scope.spawn(|| {
                // After a fault the rest is taken, lest the reader wait for ever, and not looked at.
                let over = OverOnPanic(&whole);
                while let Some(piece) = next(&pieces) {
                    if let Some(mut part) = whole.part(piece.number) {
                        let counted = piece.count(&mut part, &key_of);
                        whole.take(piece.number, counted.map(|()| part));
                    }
                }
                drop(over);
            });
        }
        let read = Pieces::of(source).each(|piece| {
            // It fails where nobody takes any more.
            send.send(piece).is_ok() && !whole.is_over()
        });
        drop(send);
        read
    });
    whole.end(read)
}

fn next(pieces: &Mutex<Receiver<Piece>>) -> Option<Piece> {
    pieces.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// What was counted, put together in the order of the lines, whoever counted it and whenever.
struct Whole {
    state: Mutex<State>,
    /// Tells whoever is far ahead that others have come after.
    went_on: Condvar,
    ahead: u64,
}

struct State {
    spread: Spread,
    fault: Option<LinesFault>,
    /// Whether nothing is looked at any more: there is a fault, or a panic.
    is_over: bool,
    /// The piece that comes next.
    next: u64,
    waiting: BTreeMap<u64, Result<Spread, LinesFault>>,
    /// Empty ones, to be filled again.
    spare: Vec<Spread>,
}

impl Whole {
    fn new(spread: Spread, ahead: u64) -> Self {
        let state = State { spread, fault: None, is_over: false, next: 0, waiting: BTreeMap::new(), spare: Vec::new() };
        Self { state: Mutex::new(state), went_on: Condvar::new(), ahead }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.state().is_over
    }

    /// What a piece is to be counted into, once not too many before it are still counted; `None` when it is over.
    fn part(&self, piece: u64) -> Option<Spread> {
        let is_far = |state: &mut State| !state.is_over && piece >= state.next + self.ahead;
        let mut state = self.went_on.wait_while(self.state(), is_far).unwrap_or_else(PoisonError::into_inner);
        if state.is_over {
            return None;
        }
        Some(state.spare.pop().unwrap_or_else(|| state.spread.another()))
    }

    /// Takes what a piece came to, and puts to the whole what has its turn.
    fn take(&self, piece: u64, counted: Result<Spread, LinesFault>) {
        let mut state = self.state();
        let state = &mut *state;
        state.waiting.insert(piece, counted);
        while let (None, Some(counted)) = (&state.fault, state.waiting.remove(&state.next)) {
            state.next += 1;
            match counted {
                Ok(mut part) => {
                    state.spread.merge(&mut part);
                    state.spare.push(part);
                }
                Err(fault) => (state.fault, state.is_over) = (Some(fault), true),
            }
        }
        self.went_on.notify_all();
    }

    /// All of it. A line's fault is told before that which ended the reading: the line came first.
    fn end(self, read: Result<(), LinesFault>) -> Result<Spread, LinesFault> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match state.fault {
            Some(fault) => Err(fault),
            None => read.map(|()| state.spread),
        }
    }
}

/// Lets the others end where one panics: what it had never comes, and they would wait for it.
struct OverOnPanic<'a>(&'a Whole);

impl Drop for OverOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.state().is_over = true;
            self.0.went_on.notify_all();
        }
    }
}

/// Cuts a source into pieces. Where it is cut depends on its lines alone, and not on how many bytes come at once.
struct Pieces<R> {
    source: R,
    text: Vec<u8>,
    /// The number of the piece to come, and of its first line.
    number: u64,
    line: u64,
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

impl<R: Read> Pieces<R> {
    fn of(source: R) -> Self {
        Self { source, text: Vec::new(), number: 0, line: 1 }
    }

    /// Hands out every piece in turn, until there is none or nobody wants more.
    fn each(mut self, mut wanted: impl FnMut(Piece) -> bool) -> Result<(), LinesFault> {
        loop {
            match self.cut() {
                Cut::At(bytes, lines) => {
                    if !wanted(self.take(bytes, lines)) {
                        return Ok(());
                    }
                }
                Cut::TooLong(bytes, lines) => {
                    let line = self.line + lines;
                    self.last(bytes, wanted);
                    return Err(LinesFault::NoEnd { line });
                }
                Cut::Further => match self.read() {
                    Ok(0) => {
                        let rest = self.text.len();
                        self.last(rest, wanted);
                        return Ok(());
                    }
                    Ok(_) => {}
                    Err(error) => {
                        let whole_lines = memrchr(b'\n', &self.text).map_or(0, |end| end + 1);
                        self.last(whole_lines, wanted);
                        return Err(error.into());
                    }
                },
            }
        }
    }

    /// Hands out what is left, which may have a fault that comes before the one that ends the reading.
    fn last(mut self, bytes: usize, mut wanted: impl FnMut(Piece) -> bool) {
        if bytes > 0 {
            wanted(self.take(bytes, 0));
        }
    }

    fn read(&mut self) -> io::Result<usize> {
        self.source.by_ref().take(PIECE as u64).read_to_end(&mut self.text)
    }

    fn cut(&self) -> Cut {
        let in_window = (self.line - 1) % WINDOW_RECORDS;
        let (mut begins, mut lines) = (0, 0);
        for end in memchr_iter(b'\n', &self.text) {
            if end - begins > LINE_MAX {
                return Cut::TooLong(begins, lines);
            }
            (begins, lines) = (end + 1, lines + 1);
            if begins >= PIECE || in_window + lines == WINDOW_RECORDS {
                return Cut::At(begins, lines);
            }
        }
        if self.text.len() - begins > LINE_MAX { Cut::TooLong(begins, lines) } else { Cut::Further }
    }

    fn take(&mut self, bytes: usize, lines: u64) -> Piece {
        let rest = self.text.split_off(bytes);
        let text = std::mem::replace(&mut self.text, rest);
        let piece = Piece { number: self.number, text, line: self.line };
        (self.number, self.line) = (self.number + 1, self.line + lines);
        piece
    }
}

impl Piece {
    fn count<F>(&self, spread: &mut Spread, key_of: &F) -> Result<(), LinesFault>
    where
        F: for<'a> Fn(u64, &'a str) -> Result<Cow<'a, str>, KeyFault> + Sync,
    {
        let good = match str::from_utf8(&self.text) {
            Ok(text) => return self.count_text(text, spread, key_of),
            Err(error) => &self.text[..error.valid_up_to()],
        };
        let whole_lines = memrchr(b'\n', good).map_or(0, |end| end + 1);
        if let (1.., Ok(text)) = (whole_lines, str::from_utf8(&good[..whole_lines])) {
            self.count_text(text, spread, key_of)?;
        }
        Err(LinesFault::Line { line: self.line + memchr_iter(b'\n', good).count() as u64, fault: KeyFault::NotText })
    }

    fn count_text<F>(&self, text: &str, spread: &mut Spread, key_of: &F) -> Result<(), LinesFault>
    where
        F: for<'a> Fn(u64, &'a str) -> Result<Cow<'a, str>, KeyFault> + Sync,
    {
        let mut batch: Vec<Cow<'_, str>> = Vec::with_capacity(BATCH);
        let (mut begins, mut line) = (0, self.line);
        let ends = memchr_iter(b'\n', text.as_bytes()).chain((!text.ends_with('\n')).then_some(text.len()));
        for end in ends {
            let whole = &text[begins..end];
            let key = key_of(line, whole.strip_suffix('\r').unwrap_or(whole));
            let key = key.and_then(|key| checked(&key).map(|()| key));
            batch.push(key.map_err(|fault| LinesFault::Line { line, fault })?);
            if batch.len() == BATCH {
                take(&batch, spread);
                batch.clear();
            }
            (begins, line) = (end + 1, line + 1);
        }
        take(&batch, spread);
        Ok(())
    }
}

fn take(keys: &[Cow<'_, str>], spread: &mut Spread) {
    let bytes: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes()).collect();
    spread.take(&bytes, |_| ());
}

/// Whether Kinesis takes this as a key.
///
/// # Errors
/// What is wrong with it.
pub fn checked(key: &str) -> Result<(), KeyFault> {
    match key.len() {
        0 => Err(KeyFault::Empty),
        // No key has more characters than bytes.
        1..=KEY_CHARS_MAX => Ok(()),
        _ => match key.chars().count() {
            ..=KEY_CHARS_MAX => Ok(()),
            chars => Err(KeyFault::TooLong(chars)),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fmt::Write as _;

    use super::*;

    fn told(text: &[u8]) -> String {
        match spread_lines(text, &HashKeyRange::uniform(4), |_, line| Ok(line.into())) {
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
        let many = spread_lines(keys.join("\n").as_bytes(), &ranges, |_, line| Ok(line.into())).unwrap();
        assert_eq!(many.shards(), one.shards());
        assert_eq!(many.records(), 150_000);
        assert_eq!(many.window_max_over_mean(), one.window_max_over_mean());
    }

    /// A source that hands out as many bytes at once as it likes, and may fail in the end.
    struct Drops<'a> {
        text: &'a [u8],
        state: u64,
        fails: bool,
    }

    /// The next of numbers without an order, of which the upper half is used.
    fn random(state: &mut u64) -> usize {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) as usize
    }

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.text.is_empty() && self.fails {
                return Err(io::Error::other("the disk is gone"));
            }
            let bytes = (random(&mut self.state) % 70_000 + 1).min(into.len());
            self.text.read(&mut into[..bytes])
        }
    }

    /// Everything that is told of lines, by so many cores, or the fault.
    fn report(cores: usize, source: impl Read) -> String {
        let key_of = |line: &str| line.split('|').next().unwrap().to_owned();
        let ranges = HashKeyRange::uniform(4);
        match spread_on(NonZeroUsize::new(cores).unwrap(), source, &ranges, |_, line| Ok(key_of(line).into())) {
            Ok(spread) => format!(
                "{:?} {:?} {:?} {} {:?}",
                spread.shards(),
                spread.window_max_over_mean(),
                spread.evenness(),
                spread.error(),
                spread.hottest(usize::MAX)
            ),
            Err(fault) => fault.to_string(),
        }
    }

    /// The report of one core, and that it is the others' too.
    fn agreed(text: &[u8], fails: bool) -> String {
        let one = report(1, Drops { text, state: 1, fails });
        for (cores, state) in [(2, 2), (3, 3), (8, 4)] {
            assert!(report(cores, Drops { text, state, fails }) == one, "{cores} cores");
        }
        one
    }

    /// Stretches of one key each are as long as a window: at any time one shard has all.
    #[test]
    fn stretches_of_one_key_are_as_uneven_as_can_be_whatever_the_cores() {
        let mut text = String::new();
        for stretch in 0..6 {
            text += &format!("key-{stretch}\n").repeat(60_000);
        }
        let told = agreed(text.as_bytes(), false);
        assert!(told.contains("] Some(4.0) Some("), "{}", &told[..200]);
    }

    #[test]
    fn what_is_told_of_lines_does_not_depend_on_cores_nor_on_how_they_are_read() {
        for seed in 1..5_u64 {
            let (mut state, mut text) = (seed, String::new());
            for _ in 0..random(&mut state) % 150_000 {
                // Many more keys than are counted exactly, some of them heavy, and lines of any length behind them.
                let key =
                    if random(&mut state).is_multiple_of(3) { random(&mut state) % 9 } else { random(&mut state) };
                let behind = random(&mut state) % (1 << (seed % 5 * 2));
                let _ = writeln!(text, "{key}|{}", "x".repeat(behind));
            }
            text += "the last";
            let told = agreed(text.as_bytes(), false);
            assert!(told.starts_with('['), "seed {seed}: {told}");
        }
    }

    #[test]
    fn of_several_faults_the_first_is_told_whatever_the_cores() {
        let far = "key\n".repeat(130_000);
        let expected = "line 130001 is empty, and a partition key has 1 to 256 characters";
        assert_eq!(agreed(format!("{far}\nkey\n{far}\n{far}").as_bytes(), false), expected);
        assert_eq!(agreed(format!("{far}\n").as_bytes(), true), expected);
        assert_eq!(agreed([far.as_bytes(), b"\n\xff\n"].concat().as_slice(), false), expected);
        assert_eq!(agreed(format!("{far}\n{}", "x".repeat(LINE_MAX + 1)).as_bytes(), false), expected);
        assert_eq!(agreed(far.as_bytes(), true), "the disk is gone");
        assert_eq!(agreed("\n".repeat(2 << 20).as_bytes(), false), expected.replace("130001", "1"));
    }

    #[test]
    fn a_line_is_too_long_by_its_length_and_not_by_how_it_is_read() {
        let longest = format!("key|{}", "x".repeat(LINE_MAX - 4));
        assert!(agreed(format!("a\n{longest}\nb\n").as_bytes(), false).starts_with('['));
        assert!(agreed(format!("a\n{longest}").as_bytes(), false).starts_with('['));
        let told = "line 2 is longer than 8388608 bytes";
        assert_eq!(agreed(format!("a\n{longest}x\nb\n").as_bytes(), false), told);
        assert_eq!(agreed(format!("a\n{longest}x").as_bytes(), false), told);
    }

    #[test]
    #[should_panic = "a scoped thread panicked"]
    fn a_panic_of_whoever_reads_lines_is_passed_on() {
        let lines = "key\n".repeat(1_000_000);
        let cores = NonZeroUsize::new(4).unwrap();
        let _ = spread_on(cores, lines.as_bytes(), &HashKeyRange::uniform(4), |line, text| {
            assert_ne!(line, 70_000);
            Ok(text.into())
        });
    }
}
