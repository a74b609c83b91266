//! Topics as somebody describes them: JSON or CSV with the fields of [`FIELDS`]. Every fault is told, with its place.

use serde_json::{Map, Value};

use super::gathered::{FIELDS, Gathered, take};

/// Reads `{"topics": [{...}]}`, or the list alone.
pub(super) fn read_json(file: &str, text: &str, gathered: &mut Gathered) {
    let parsed: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return gathered.faults.push(format!("{file}: {error}")),
    };
    let list = match &parsed {
        Value::Object(fields) if fields.len() == 1 => fields.get("topics").and_then(Value::as_array),
        Value::Array(list) => Some(list),
        _ => None,
    };
    let Some(list) = list else {
        let expected = "expected {\"topics\": [{\"topic\": \"orders\", ...}]} or the list alone";
        return gathered.faults.push(format!("{file}: {expected}"));
    };
    for (at, topic) in list.iter().enumerate() {
        let place = format!("{file}: topic {}", at + 1);
        match topic.as_object().map(as_text) {
            Some(Ok(fields)) => add(&place, &fields, gathered),
            Some(Err(fault)) => gathered.faults.push(format!("{place}: {fault}")),
            None => gathered.faults.push(format!("{place}: {topic} is not {{\"topic\": ...}}")),
        }
    }
}

/// The fields of an object as a CSV file would have them; those that are `null` are not known.
fn as_text(object: &Map<String, Value>) -> Result<Vec<(String, String)>, String> {
    let mut fields = Vec::new();
    for (name, value) in object {
        let text = match value {
            Value::Null => continue,
            Value::Bool(is_so) => is_so.to_string(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            Value::Array(list) => {
                let names: Option<Vec<_>> = list.iter().map(Value::as_str).collect();
                names.ok_or_else(|| format!("{name}={value} is not a list of names"))?.join(";")
            }
            Value::Object(_) => return Err(format!("{name}={value} is not a value")),
        };
        fields.push((name.clone(), text));
    }
    Ok(fields)
}

/// Reads a CSV file whose first line names the fields; what is empty is not known.
pub(super) fn read_csv(file: &str, text: &str, gathered: &mut Gathered) {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(text.as_bytes());
    let header: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(str::to_owned).collect(),
        Err(error) => return gathered.faults.push(format!("{file}: {error}")),
    };
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                let known = header.iter().zip(&record).filter(|(_, value)| !value.is_empty());
                let fields: Vec<_> = known.map(|(name, value)| (name.clone(), value.to_owned())).collect();
                add(&format!("{file}: line {line}"), &fields, gathered);
            }
            Err(error) => gathered.faults.push(format!("{file}: {error}")),
        }
    }
}

fn add(place: &str, fields: &[(String, String)], gathered: &mut Gathered) {
    let mut faults = Vec::new();
    let known = |name: &str| FIELDS.iter().any(|(field, _)| *field == name);
    for (name, _) in fields.iter().filter(|(name, _)| !known(name)) {
        faults.push(format!("no field is called {name:?}; there are {}", FIELDS.map(|(field, _)| field).join(", ")));
    }
    match fields.iter().find(|(name, _)| name == "topic") {
        Some((_, name)) => match gathered.topic(name) {
            Ok(topic) => faults.extend(fields.iter().filter_map(|(field, value)| take(topic, field, value).err())),
            Err(fault) => faults.push(fault),
        },
        None => faults.push("the field `topic`, its name, is missing".to_owned()),
    }
    gathered.faults.extend(faults.into_iter().map(|fault| format!("{place}: {fault}")));
}
