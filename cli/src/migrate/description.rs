// SPDX-License-Identifier: Apache-2.0
//! Topics as somebody describes them: JSON or CSV with the fields of [`FIELDS`](super::gathered::FIELDS). Every fault is told, with its place.

use std::slice;

use file_reader::Table;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::fields::{add, add_value, unknown};
use super::gathered::Gathered;
use super::other_tools;

/// Whether a text is JSON: a value, or one after the other, as tools write that are called in a loop.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>().all(|value| value.is_ok())
}

/// Reads `{"topics": [{...}]}`, or the list alone; or what another tool tells of topics in JSON.
///
/// # Errors
/// It is not JSON, or none that is read.
pub(super) fn read_json(file: &str, text: &str, gathered: &mut Gathered) -> Result<(), String> {
    let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let mut values = values.collect::<Result<Vec<_>, _>>().map_err(|error| format!("{file}: {error}"))?;
    let parsed = match values.len() {
        1 => values.swap_remove(0),
        _ => Value::Array(values.into_iter().flat_map(other_tools::listed).collect()),
    };
    if other_tools::read(file, &parsed, gathered) {
        return Ok(());
    }
    let list = match &parsed {
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("topics") => {
            fields["topics"].as_array().map(Vec::as_slice)
        }
        Value::Object(fields) if fields.get("topic").is_some_and(Value::is_string) => Some(slice::from_ref(&parsed)),
        Value::Array(list) => Some(list.as_slice()),
        _ => None,
    };
    let list = list.filter(|list| list.is_empty() || !list.iter().all(Value::is_string));
    let list = list.ok_or_else(|| {
        let looks = other_tools::json_looks_like(&parsed);
        let ours = "{\"topics\": [{\"topic\": \"orders\", ...}]} or the list alone";
        format!("{file}: {looks}expected {ours}; {}", other_tools::READ)
    })?;
    for (at, topic) in list.iter().enumerate() {
        add_value(&format!("{file}: topic {}", at + 1), topic, gathered);
    }
    Ok(())
}

/// Reads a table whose header names the fields; what is empty is not known.
///
/// # Errors
/// It has no header that could be one.
pub(super) fn read_csv(file: &str, text: &str, gathered: &mut Gathered) -> Result<(), String> {
    let table = Table::of(text).map_err(|fault| format!("{file}: {fault}"))?;
    let header: Vec<_> = table.header().iter().map(|name| name.to_ascii_lowercase()).collect();
    // A column without a name has the numbers of rows, as pandas writes them.
    let unknown: Vec<_> = header.iter().filter(|name| !name.is_empty()).filter_map(|name| unknown(name)).collect();
    if !unknown.is_empty() {
        return Err(format!("{file}: line {}: {}", table.header_line(), unknown.join("; ")));
    }
    for row in table.rows() {
        match row {
            Ok(row) => {
                let known = header.iter().zip(row.cells).filter(|(name, value)| !name.is_empty() && !value.is_empty());
                let fields: Vec<_> = known.map(|(name, value)| (name.clone(), value)).collect();
                add(&format!("{file}: line {}", row.line), &fields, Vec::new(), gathered);
            }
            Err(fault) => {
                // Whichever topic it is of, what others say of it would be incomplete.
                let name = named(&table, &fault.text);
                let place = format!("{file}: line {}", fault.line);
                gathered.fault(name, &place, format!("{:?}: {}", fault.text, fault.fault));
            }
        }
    }
    Ok(())
}

/// The topic of a row that does not fit the header, where the name is its first cell.
fn named<'a>(table: &Table<'_>, row: &'a str) -> Option<&'a str> {
    let first = row.split([',', ';', '\t']).next().map(str::trim).filter(|name| !name.is_empty());
    first.filter(|name| table.column("topic") == Some(0) && !name.contains('"'))
}
