// SPDX-License-Identifier: Apache-2.0
//! Laws of the one reader: the encoding changes nothing, any bytes are read or refused, a broken row is alone.
#![allow(clippy::unwrap_used)]

use file_reader::{Printed, Table, fault_of, whole_text};
use proptest::prelude::*;

/// The same text in each encoding that is read, with each end of line.
fn written(text: &str) -> Vec<Vec<u8>> {
    let mut written = Vec::new();
    for end in ["\n", "\r\n", "\r"] {
        let text = text.replace('\n', end);
        let marked = format!("\u{feff}{text}");
        written.push(marked.encode_utf16().flat_map(u16::to_le_bytes).collect());
        written.push(marked.encode_utf16().flat_map(u16::to_be_bytes).collect());
        written.push(marked.into_bytes());
        written.push(text.into_bytes());
    }
    written
}

proptest! {
    #[test]
    fn a_text_is_the_same_in_every_encoding(text in "[a-z][a-zé,;\u{1f600}\n]{1,200}") {
        for bytes in written(&text) {
            prop_assert_eq!(whole_text(bytes.as_slice()).unwrap(), text.as_str(), "{:?}", bytes);
        }
    }

    #[test]
    fn any_bytes_are_text_or_refused_with_their_place(bytes in proptest::collection::vec(any::<u8>(), 0..300), begin in 0..4_usize) {
        let mark: &[u8] = [&b""[..], b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"][begin];
        let whole = [mark, bytes.as_slice()].concat();
        match whole_text(whole.as_slice()) {
            Ok(text) => {
                if let Ok(table) = Table::of(&text) {
                    prop_assert!(table.rows().count() <= text.lines().count());
                }
                let printed = Printed::of(text.lines().next().unwrap_or_default());
                prop_assert!(text.lines().filter_map(|line| printed.cells(line)).count() <= text.lines().count());
            }
            Err(error) => prop_assert!(fault_of(&error).unwrap().offset <= whole.len() as u64),
        }
    }

    #[test]
    fn what_is_quoted_is_read_whatever_is_in_it(
        rows in proptest::collection::vec(["[a-z]{1,4}", "[a-z,;\t\"# \n]{0,12}"], 1..20),
    ) {
        let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let lines = rows.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(","));
        let text = format!("topic,note\n{}\n", lines.collect::<Vec<_>>().join("\n"));
        let read: Vec<_> = Table::of(&text).unwrap().rows().map(|row| row.unwrap().cells).collect();
        let expected: Vec<_> = rows.iter().map(|row| row.iter().map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()).collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn a_broken_row_takes_no_other_with_it(
        rows in proptest::collection::vec("[a-z]{1,8},([0-9]{1,8}|\"[0-9]{1,8}\")", 1..20),
        broken in prop_oneof!["\"[a-z,;]{0,20}", "[a-z]{1,9}", "[a-z],[a-z],[a-z]", "\"a\"[a-z],1"],
        at in any::<prop::sample::Index>(),
    ) {
        let at = at.index(rows.len() + 1);
        let mut lines = rows.clone();
        lines.insert(at, broken);
        let text = format!("topic,mb\n{}\n", lines.join("\n"));
        let read: Vec<_> = Table::of(&text).unwrap().rows().collect();
        let good: Vec<_> = read.iter().flatten().map(|row| row.cells.join(",")).collect();
        let rows: Vec<_> = rows.iter().map(|row| row.replace('"', "")).collect();
        prop_assert_eq!(good, rows);
        let bad: Vec<_> = read.iter().filter_map(|row| row.as_ref().err()).map(|fault| fault.line).collect();
        prop_assert_eq!(bad, [at + 2]);
    }
}
