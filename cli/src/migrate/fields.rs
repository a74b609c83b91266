// SPDX-License-Identifier: Apache-2.0
//! A topic as the fields of [`FIELDS`] describe it.

use serde_json::Value;

use super::gathered::{FIELDS, Gathered};

/// Takes a topic as our fields describe it.
pub(super) fn add_value(place: &str, topic: &Value, gathered: &mut Gathered) {
    let Some(object) = topic.as_object() else {
        return gathered.fault(None, place, format!("{topic} is not {{\"topic\": ...}}"));
    };
    let (mut fields, mut faults) = (Vec::new(), Vec::new());
    for (name, value) in object {
        match as_text(name, value) {
            Ok(Some(text)) => fields.push((name.clone(), text)),
            // What is `null` is not known.
            Ok(None) => {}
            Err(fault) => faults.push(fault),
        }
    }
    add(place, &fields, faults, gathered);
}

/// A value as a CSV file would have it.
fn as_text(name: &str, value: &Value) -> Result<Option<String>, String> {
    Ok(match value {
        Value::Null => None,
        Value::Bool(is_so) => Some(is_so.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(list) => {
            let names: Option<Vec<_>> = list.iter().map(Value::as_str).collect();
            Some(names.ok_or_else(|| format!("{name}={value} is not a list of names"))?.join(";"))
        }
        Value::Object(_) => return Err(format!("{name}={value} is not a value")),
    })
}

/// What is wrong with the name of a field, if it is none.
pub(super) fn unknown(name: &str) -> Option<String> {
    let is_known = FIELDS.iter().any(|(field, _)| *field == name);
    let known = || FIELDS.map(|(field, _)| field).join(", ");
    (!is_known).then(|| format!("no field is called {name:?}; there are {}", known()))
}

pub(super) fn add(place: &str, fields: &[(String, String)], mut faults: Vec<String>, gathered: &mut Gathered) {
    faults.extend(fields.iter().filter_map(|(name, _)| unknown(name)));
    let name = fields.iter().find(|(field, _)| field == "topic").map(|(_, name)| name.as_str());
    match name {
        Some(name) if gathered.found(name, place) => {
            if fields.iter().any(|(field, _)| !["topic", "partitions"].contains(&field.as_str())) {
                gathered.described(name);
            }
            for (field, value) in fields {
                gathered.take(name, place, field, value);
            }
        }
        Some(_) => {}
        None => faults.push("the field `topic`, its name, is missing".to_owned()),
    }
    for fault in faults {
        gathered.fault(name, place, fault);
    }
}
