//! A recorded workload: what producers offered a stream, minute by minute.

use std::io::BufRead;

use jiff::{SignedDuration, Timestamp};
use scaler_core::Demand;

/// The columns of a trace file.
const HEADER: &str = "timestamp,incoming_bytes,incoming_records";

/// Offered traffic, one entry a minute without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What it is called: its file's name without the extension.
    pub name: String,
    /// When the first minute begins; a whole minute.
    pub start: Timestamp,
    /// Sums of each minute.
    pub minutes: Vec<Demand>,
}

/// A line of a trace file that is not what it should be.
#[derive(Debug, thiserror::Error)]
#[error(
    "line {line}: {what}; a trace has the header `{HEADER}` and one line a minute, without gaps, as in 2026-01-31T23:59:00Z,1048576,1000"
)]
pub struct TraceFault {
    /// Counted from one.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl Trace {
    /// Reads a trace of this name.
    ///
    /// # Errors
    /// The first line that is not as it should be.
    pub fn read(name: &str, from: impl BufRead) -> Result<Self, TraceFault> {
        let mut minutes = Vec::new();
        let mut start = None;
        for (at, line) in from.lines().enumerate() {
            let fault = |what: String| TraceFault { line: at + 1, what };
            let line = line.map_err(|error| fault(error.to_string()))?;
            let line = line.trim_end();
            match (at, start) {
                (0, _) if line == HEADER => {}
                (0, _) => return Err(fault(format!("the header is `{line}`"))),
                _ => {
                    let (begins, demand) = row(line).map_err(fault)?;
                    let first = *start.get_or_insert(begins);
                    let expected = minute_after(first, minutes.len());
                    if begins != expected || begins.as_second() % 60 != 0 {
                        return Err(fault(format!("the minute {begins} is not the one expected, {expected}")));
                    }
                    minutes.push(demand);
                }
            }
        }
        let lines = minutes.len() + 1;
        let start = start.ok_or_else(|| TraceFault { line: lines, what: "there is no minute in it".to_owned() })?;
        Ok(Self { name: name.to_owned(), start, minutes })
    }

    /// When minute `index` begins.
    pub fn at(&self, index: usize) -> Timestamp {
        minute_after(self.start, index)
    }

    /// The first `minutes` of it.
    #[must_use]
    pub fn cut(&self, minutes: usize) -> Self {
        let minutes = self.minutes[..minutes.min(self.minutes.len())].to_vec();
        Self { minutes, ..self.clone() }
    }

    /// The fewest shards that carry its largest minute.
    pub fn peak_shards(&self) -> u32 {
        self.minutes.iter().map(|minute| minute.shards(100).get()).max().unwrap_or(1)
    }

    /// Where a stream of unknown size best begins: the smallest power of two that carries the first hour at 90 %.
    pub fn initial_shards(&self) -> u32 {
        let first_hour = self.minutes.iter().take(60).map(|minute| minute.shards(90).get()).max();
        first_hour.unwrap_or(1).next_power_of_two()
    }
}

fn minute_after(start: Timestamp, index: usize) -> Timestamp {
    let later = SignedDuration::from_mins(i64::try_from(index).unwrap_or(i64::MAX));
    start.checked_add(later).unwrap_or(Timestamp::MAX)
}

fn row(line: &str) -> Result<(Timestamp, Demand), String> {
    let mut cells = line.split(',');
    let (Some(at), Some(bytes), Some(records), None) = (cells.next(), cells.next(), cells.next(), cells.next()) else {
        return Err(format!("`{line}` has not three columns"));
    };
    let at = at.parse().map_err(|_| format!("{at:?} is no time"))?;
    let whole = |cell: &str| cell.parse().map_err(|_| format!("{cell:?} is no whole number"));
    Ok((at, Demand { bytes: whole(bytes)?, records: whole(records)? }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> Result<Trace, String> {
        Trace::read("t", text.as_bytes()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_trace_is_read_minute_by_minute() {
        let text = format!("{HEADER}\n2026-01-31T23:59:00Z,1048576,1000\n2026-02-01T00:00:00Z,0,0\n");
        let trace = read(&text).unwrap();
        assert_eq!(trace.minutes[0], Demand { bytes: 1_048_576, records: 1_000 });
        assert_eq!(trace.at(1).to_string(), "2026-02-01T00:00:00Z");
        assert_eq!((trace.peak_shards(), trace.initial_shards(), trace.cut(1).minutes.len()), (1, 1, 1));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let faults = [
            ("", "line 1: there is no minute"),
            ("a,b\n", "line 1: the header is `a,b`"),
            ("H\n2026-01-31T23:59:00Z,1\n", "line 2: `2026-01-31T23:59:00Z,1` has not three columns"),
            ("H\nnoon,1,1\n", "line 2: \"noon\" is no time"),
            ("H\n2026-01-31T23:59:00Z,1.5,1\n", "line 2: \"1.5\" is no whole number"),
            ("H\n2026-01-31T23:59:30Z,1,1\n", "line 2: the minute 2026-01-31T23:59:30Z is not"),
            (
                "H\n2026-01-31T23:58:00Z,1,1\n2026-02-01T00:00:00Z,1,1\n",
                "line 3: the minute 2026-02-01T00:00:00Z is not",
            ),
        ];
        for (text, begins) in faults {
            let told = read(&text.replace('H', HEADER)).unwrap_err();
            assert!(told.starts_with(begins), "{told}");
        }
    }
}
