// SPDX-License-Identifier: Apache-2.0
//! Keys from lines of text, read once, in pieces, with every core: a file of any length takes the same memory, and what is told of
//! it depends on nothing but what is in it.

use std::borrow::Cow;
use std::io::Read;

use kinesis_model::HashKeyRange;
use kinesis_model::keys;
use memchr::{memchr_iter, memrchr};
use rayon::prelude::*;

use crate::fault::{LineFault, LinesFault};
use crate::pieces::{Piece, Pieces};
use crate::spread::Spread;

/// Keys handed over at once. Chosen: enough that what is done once for all of them does not count.
const BATCH_KEYS: usize = 4_096;
/// Pieces for each core that are counted at a time, and as many that are read meanwhile. Chosen: whoever is done early takes another.
const PIECES_PER_CORE: usize = 2;

/// A record for each line, over shards with these ranges. `key_of` finds the key in a line, whose number
/// it gets before it, from 1; a line that is the key is `|_, line| Ok(line.into())`.
///
/// # Errors
/// The first line that is not as it should be, or the source's own.
pub fn spread_lines<F>(source: impl Read, ranges: &[HashKeyRange], key_of: F) -> Result<Spread, LinesFault>
where
    F: for<'a> Fn(u64, &'a str) -> Result<Cow<'a, str>, LineFault> + Sync,
{
    let count = |(piece, mut spread): (Piece, Spread)| count(&piece, &mut spread, &key_of).map(|()| spread);
    let most = PIECES_PER_CORE * rayon::current_num_threads();
    let (mut whole, mut spare) = (Spread::over(ranges), Vec::new());
    let mut pieces = Pieces::of(source);
    let (mut read, mut counted): (Vec<Result<_, LinesFault>>, Vec<Result<Spread, _>>) = (Vec::new(), Vec::new());
    loop {
        let mut counting = Vec::new();
        let reading: Result<Vec<_>, LinesFault> = rayon::in_place_scope(|scope| {
            scope.spawn(|_| counting = read.into_par_iter().map(|piece| piece.and_then(count)).collect());
            // Meanwhile what was counted before is put together, in the order of the lines, and more is read.
            for spread in counted {
                let mut spread = spread?;
                whole.merge(&mut spread);
                spare.push(spread);
            }
            let mut with_spread = |piece| (piece, spare.pop().unwrap_or_else(|| whole.another()));
            Ok(pieces.by_ref().take(most).map(|piece| piece.map(&mut with_spread)).collect())
        });
        let reading = reading?;
        if reading.is_empty() && counting.is_empty() {
            return Ok(whole);
        }
        (read, counted) = (reading, counting);
    }
}

/// Counts the lines of a piece.
fn count<F>(piece: &Piece, spread: &mut Spread, key_of: &F) -> Result<(), LinesFault>
where
    F: for<'a> Fn(u64, &'a str) -> Result<Cow<'a, str>, LineFault> + Sync,
{
    let good = match str::from_utf8(&piece.text) {
        Ok(text) => return count_text(text, piece.line, spread, key_of),
        Err(error) => &piece.text[..error.valid_up_to()],
    };
    let whole_lines = memrchr(b'\n', good).map_or(0, |end| end + 1);
    if let (1.., Ok(text)) = (whole_lines, str::from_utf8(&good[..whole_lines])) {
        count_text(text, piece.line, spread, key_of)?;
    }
    Err(LinesFault::Line { line: piece.line + memchr_iter(b'\n', good).count() as u64, fault: LineFault::NotText })
}

fn count_text<F>(text: &str, first_line: u64, spread: &mut Spread, key_of: &F) -> Result<(), LinesFault>
where
    F: for<'a> Fn(u64, &'a str) -> Result<Cow<'a, str>, LineFault> + Sync,
{
    let mut batch: Vec<Cow<'_, str>> = Vec::with_capacity(BATCH_KEYS);
    let (mut begins, mut line) = (0, first_line);
    let ends = memchr_iter(b'\n', text.as_bytes()).chain((!text.ends_with('\n')).then_some(text.len()));
    for end in ends {
        let whole = &text[begins..end];
        let key = key_of(line, whole.strip_suffix('\r').unwrap_or(whole));
        let key = key.and_then(|key| keys::check(&key).map(|()| key).map_err(LineFault::from));
        batch.push(key.map_err(|fault| LinesFault::Line { line, fault })?);
        if batch.len() == BATCH_KEYS {
            take_all(&batch, spread);
            batch.clear();
        }
        (begins, line) = (end + 1, line + 1);
    }
    take_all(&batch, spread);
    Ok(())
}

fn take_all(keys: &[Cow<'_, str>], spread: &mut Spread) {
    let bytes: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes()).collect();
    spread.take(&bytes, |_| ());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fmt::Write as _;
    use std::io;

    use rayon::ThreadPoolBuilder;

    use super::*;
    use crate::fault::LINE_BYTES_MAX;

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
                "line 2 is not a valid key: a partition key has 1 to 256 characters, and this key is empty",
                "line 2 is not UTF-8, as partition keys are",
                "line 3 is not a valid key: a partition key has 1 to 256 characters, and \
                 \"kkkkkkkkkkkkkkkkkkkk...\" has 257: use a hash of it"
            ]
        );
        assert_eq!(told("é".repeat(256).as_bytes()), "1 records", "characters count, not bytes");
        let far = "key\n".repeat(200_000);
        assert_eq!(
            told(format!("{far}\n{far}").as_bytes()),
            "line 200001 is not a valid key: a partition key has 1 to 256 characters, and this key is empty"
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
    fn report(cores: usize, source: impl Read + Send) -> String {
        let key_of = |line: &str| line.split('|').next().unwrap().to_owned();
        let ranges = HashKeyRange::uniform(4);
        let pool = ThreadPoolBuilder::new().num_threads(cores).build().unwrap();
        match pool.install(|| spread_lines(source, &ranges, |_, line| Ok(key_of(line).into()))) {
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
        let expected = "line 130001 is not a valid key: a partition key has 1 to 256 characters, and this key \
            is empty";
        assert_eq!(agreed(format!("{far}\nkey\n{far}\n{far}").as_bytes(), false), expected);
        assert_eq!(agreed(format!("{far}\n").as_bytes(), true), expected);
        assert_eq!(agreed([far.as_bytes(), b"\n\xff\n"].concat().as_slice(), false), expected);
        assert_eq!(agreed(format!("{far}\n{}", "x".repeat(LINE_BYTES_MAX + 1)).as_bytes(), false), expected);
        assert_eq!(agreed(far.as_bytes(), true), "the disk is gone");
        assert_eq!(agreed("\n".repeat(2 << 20).as_bytes(), false), expected.replace("130001", "1"));
    }

    #[test]
    fn a_line_is_too_long_by_its_length_and_not_by_how_it_is_read() {
        let longest = format!("key|{}", "x".repeat(LINE_BYTES_MAX - 4));
        assert!(agreed(format!("a\n{longest}\nb\n").as_bytes(), false).starts_with('['));
        assert!(agreed(format!("a\n{longest}").as_bytes(), false).starts_with('['));
        let told = "line 2 is longer than 8388608 bytes";
        assert_eq!(agreed(format!("a\n{longest}x\nb\n").as_bytes(), false), told);
        assert_eq!(agreed(format!("a\n{longest}x").as_bytes(), false), told);
    }

    #[test]
    #[should_panic = "nobody reads line 70000"]
    fn a_panic_of_whoever_reads_lines_is_passed_on() {
        let lines = "key\n".repeat(1_000_000);
        let _ = spread_lines(lines.as_bytes(), &HashKeyRange::uniform(4), |line, text| {
            assert_ne!(line, 70_000, "nobody reads line 70000");
            Ok(text.into())
        });
    }
}
