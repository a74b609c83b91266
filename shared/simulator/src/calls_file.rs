// SPDX-License-Identifier: Apache-2.0
//! The accepted calls of a run as a file: one JSON object a line.

use std::io::{self, Write};

use serde::Serialize;

use crate::run::Run;
use crate::trace::Trace;

/// A line of the file.
#[derive(Serialize)]
struct Line<'a> {
    /// When it was made: RFC 3339, UTC.
    at: String,
    from: u32,
    to: u32,
    kind: &'static str,
    reason: &'a str,
}

/// Writes the calls of a run over this trace, in their order.
///
/// # Errors
/// Those of `to`.
pub fn write(trace: &Trace, run: &Run, mut to: impl Write) -> io::Result<()> {
    for call in &run.calls {
        let at = trace.at(call.minute).to_string();
        let line = Line { at, from: call.from, to: call.to, kind: call.kind.name(), reason: &call.reason };
        serde_json::to_writer(&mut to, &line)?;
        to.write_all(b"\n")?;
    }
    to.flush()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use aws_models::stream_model::{Call, ResizeKind};

    #[test]
    fn a_call_is_a_line() {
        let text = "timestamp,incoming_bytes,incoming_records\n2026-01-31T23:00:00Z,1,1\n";
        let trace = Trace::read("t", text.as_bytes()).unwrap();
        let call = |minute, kind, reason: &str| Call { minute, from: 4, to: 5, kind, reason: reason.to_owned() };
        let run = Run {
            capacity: vec![4],
            calls: vec![
                call(0, ResizeKind::UpdateShardCount, "load \"over\" target"),
                call(90, ResizeKind::SplitMerge, ""),
            ],
            throttled: None,
        };
        let mut file = Vec::new();
        write(&trace, &run, &mut file).unwrap();
        assert_eq!(
            String::from_utf8(file).unwrap(),
            r#"{"at":"2026-01-31T23:00:00Z","from":4,"to":5,"kind":"UpdateShardCount","reason":"load \"over\" target"}
{"at":"2026-02-01T00:30:00Z","from":4,"to":5,"kind":"SplitMerge","reason":""}
"#
        );
    }
}
