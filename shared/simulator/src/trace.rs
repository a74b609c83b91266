// SPDX-License-Identifier: Apache-2.0
//! A recorded workload: what producers offered a stream, minute by minute.

use std::io::{self, Read};

use file_reader::{RowFault, Table, fault_of, whole_text};
use jiff::{SignedDuration, Timestamp};
use kinesis_model::Demand;
use kinesis_model::limits::SHARDS_PER_STREAM_MAX;
use kinesis_model::number::whole;

/// The columns that a trace file must have, in any order.
const COLUMNS: [&str; 3] = ["timestamp", "incoming_bytes", "incoming_records"];

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
    "line {line}: {what}; a trace has the header `{}` and one line for each minute, without gaps, for example \
     2026-01-31T23:59:00Z,1048576,1000",
    COLUMNS.join(",")
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
    pub fn read(name: &str, from: impl Read) -> Result<Self, TraceFault> {
        let text = whole_text(from).map_err(|error| TraceFault::unreadable(&error))?;
        let table = Table::of(&text).map_err(|fault| TraceFault { line: 1, what: fault.to_string() })?;
        let columns = columns(&table)?;
        let (mut minutes, mut start) = (Vec::new(), None);
        for row in table.rows() {
            let row = row?;
            let fault = |what: String| TraceFault { line: row.line, what };
            let (begins, demand) = minute(columns.map(|at| row.cells[at].as_str())).map_err(fault)?;
            let first = *start.get_or_insert(begins);
            let expected = minute_after(first, minutes.len());
            if begins != expected || begins.as_second() % 60 != 0 {
                return Err(fault(format!("the minute {begins} is not the one expected, {expected}")));
            }
            minutes.push(demand);
        }
        let no_minute = || TraceFault { line: table.header_line(), what: "no minute follows it".to_owned() };
        Ok(Self { name: name.to_owned(), start: start.ok_or_else(no_minute)?, minutes })
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

    /// Where a stream of unknown size best begins: the smallest power of two that carries the first hour at 90 %, or as many
    /// shards as a stream can have.
    pub fn initial_shards(&self) -> u32 {
        let first_hour = self.minutes.iter().take(60).map(|minute| minute.shards(90).get()).max();
        first_hour.unwrap_or(1).min(SHARDS_PER_STREAM_MAX).next_power_of_two().min(SHARDS_PER_STREAM_MAX)
    }
}

impl TraceFault {
    fn unreadable(error: &io::Error) -> Self {
        let line = fault_of(error).map_or(0, |fault| usize::try_from(fault.line).unwrap_or(usize::MAX));
        Self { line: line.max(1), what: error.to_string() }
    }
}

impl From<RowFault> for TraceFault {
    fn from(RowFault { line, fault, text }: RowFault) -> Self {
        Self { line, what: format!("`{text}`: {fault}") }
    }
}

/// Where the columns of a trace are.
fn columns(table: &Table<'_>) -> Result<[usize; 3], TraceFault> {
    let [Some(at), Some(bytes), Some(records)] = COLUMNS.map(|name| table.column(name)) else {
        let missing: Vec<_> = COLUMNS.into_iter().filter(|name| table.column(name).is_none()).collect();
        let what = format!("the header is `{}`, and lacks {}", table.header().join(","), missing.join(" and "));
        return Err(TraceFault { line: table.header_line(), what });
    };
    Ok([at, bytes, records])
}

fn minute_after(start: Timestamp, index: usize) -> Timestamp {
    let later = SignedDuration::from_mins(i64::try_from(index).unwrap_or(i64::MAX));
    start.checked_add(later).unwrap_or(Timestamp::MAX)
}

fn minute([at, bytes, records]: [&str; 3]) -> Result<(Timestamp, Demand), String> {
    let at = at.parse().map_err(|_| format!("{at:?} is not a time with a time zone"))?;
    let count =
        |column: usize, cell: &str| whole(cell).map_err(|fault| format!("{}={cell:?} is {fault}", COLUMNS[column]));
    Ok((at, Demand { bytes: count(1, bytes)?, records: count(2, records)? }))
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
        let text =
            "timestamp,incoming_bytes,incoming_records\n2026-01-31T23:59:00Z,1048576,1000\n2026-02-01T00:00:00Z,0,0\n";
        let trace = read(text).unwrap();
        assert_eq!(trace.minutes[0], Demand { bytes: 1_048_576, records: 1_000 });
        assert_eq!(trace.at(1).to_string(), "2026-02-01T00:00:00Z");
        assert_eq!((trace.peak_shards(), trace.initial_shards(), trace.cut(1).minutes.len()), (1, 1, 1));
    }

    #[test]
    fn a_trace_is_the_same_whichever_tool_wrote_it() {
        let minutes = [(31_457_280, 60_000), (0, 0)].map(|(bytes, records)| Demand { bytes, records });
        for text in [
            "timestamp,incoming_bytes,incoming_records\n2026-03-02T00:00:00Z,31457280.0,60000.0\n2026-03-02T00:01:00Z,0.0,0.0\n",
            "\u{feff}timestamp,incoming_bytes,incoming_records\r\n2026-03-02T00:00:00Z,3.1457280e7,6e4\r\n\
             2026-03-02T00:01:00Z,0,0\r\n\r\n",
            "Timestamp;Incoming_Records;Incoming_Bytes;\n2026-03-02 00:00:00+00:00;60000;\"31,457,280\";\n\
             2026-03-02T01:01:00+01:00;0;0;\n;;;\n",
            ",timestamp,incoming_bytes,incoming_records\n0,2026-03-02T00:00:00.000Z,31457280,60000\n1,2026-03-02T00:01:00Z,-0.0,0\n",
        ] {
            let trace = read(text).unwrap();
            assert_eq!(
                (trace.start.to_string().as_str(), &trace.minutes[..]),
                ("2026-03-02T00:00:00Z", &minutes[..]),
                "{text}"
            );
        }
    }

    #[test]
    fn a_stream_begins_with_no_more_shards_than_there_can_be() {
        for (bytes, shards) in [(0, 1), (1, 1), (503_316_480_000, 10_000), (u64::MAX, 10_000)] {
            let text = format!("timestamp,incoming_bytes,incoming_records\n2026-01-31T23:59:00Z,{bytes},1\n");
            assert_eq!(read(&text).unwrap().initial_shards(), shards, "{bytes}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let faults = [
            ("", "line 1: there is no header"),
            ("H\n", "line 1: no minute follows it"),
            ("a,b\n", "line 1: the header is `a,b`, and lacks timestamp and incoming_bytes and incoming_records"),
            ("H\n2026-01-31T23:59:00Z,1\n", "line 2: `2026-01-31T23:59:00Z,1`: it has 2 cells, and the header has 3"),
            ("H\nnoon,1,1\n", "line 2: \"noon\" is not a time"),
            ("H\n2026-01-31 23:59:00,1,1\n", "line 2: \"2026-01-31 23:59:00\" is not a time with a time zone"),
            ("H\n2026-01-31T23:59:00Z,1.5,1\n", "line 2: incoming_bytes=\"1.5\" is not a whole number"),
            ("H\n2026-01-31T23:59:00Z,1,NaN\n", "line 2: incoming_records=\"NaN\" is not a finite number"),
            ("H\n2026-01-31T23:59:00Z,-1,1\n", "line 2: incoming_bytes=\"-1\" is negative"),
            ("H\n2026-01-31T23:59:00Z,,1\n", "line 2: incoming_bytes=\"\" is not a number"),
            ("H\n2026-01-31T23:59:30Z,1,1\n", "line 2: the minute 2026-01-31T23:59:30Z is not"),
            (
                "H\n2026-01-31T23:58:00Z,1,1\n2026-02-01T00:00:00Z,1,1\n",
                "line 3: the minute 2026-02-01T00:00:00Z is not",
            ),
        ];
        for (text, begins) in faults {
            let told = read(&text.replace('H', &COLUMNS.join(","))).unwrap_err();
            assert!(told.starts_with(begins), "{told}");
        }
    }
}
