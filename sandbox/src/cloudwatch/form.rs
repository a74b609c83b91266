// SPDX-License-Identifier: Apache-2.0
//! The parameters of the query protocol as a tree of values: `Dimensions.member.1.Name=StreamName`.

use std::collections::BTreeMap;

use ciborium::Value;
use jiff::Timestamp;

use super::refusal::Refusal;
use super::wire::values::tagged;
use crate::query::Form;

/// Parts of a parameter's name, at most. The deepest of CloudWatch's has nine.
const PARTS_MAX: usize = 20;

/// What stands before the number of a list's member.
const MEMBER: &str = "member";

#[derive(Default)]
struct Node {
    text: Option<String>,
    parts: BTreeMap<String, Node>,
}

/// The input of an operation.
pub(super) fn read(form: Form) -> Result<Value, Refusal> {
    let mut root = Node::default();
    for (name, text) in form {
        if name.split('.').count() > PARTS_MAX {
            return Err(Refusal::serialization(format!("Parameter {name} has more than {PARTS_MAX} parts")));
        }
        let node = name.split('.').fold(&mut root, |node, part| node.parts.entry(part.to_owned()).or_default());
        node.text = Some(text);
    }
    structure(root.parts)
}

fn structure(parts: BTreeMap<String, Node>) -> Result<Value, Refusal> {
    let field = |(name, node): (String, Node)| Ok((Value::Text(name.clone()), value(&name, node)?));
    Ok(Value::Map(parts.into_iter().map(field).collect::<Result<_, Refusal>>()?))
}

fn value(name: &str, node: Node) -> Result<Value, Refusal> {
    let Node { text, mut parts } = node;
    match (text, parts.remove(MEMBER)) {
        (None, Some(members)) if parts.is_empty() => list(name, members.parts),
        (None, None) => structure(parts),
        (Some(text), None) if parts.is_empty() => leaf(name, text),
        _ => {
            Err(Refusal::serialization(format!("Parameter {name} is more than one of a text, a list and a structure")))
        }
    }
}

/// Members come in the order of their numbers, which may leave some out.
fn list(name: &str, members: BTreeMap<String, Node>) -> Result<Value, Refusal> {
    let mut numbered = BTreeMap::new();
    for (number, node) in members {
        let Ok(place) = number.parse::<u32>() else {
            return Err(Refusal::serialization(format!("{name}.member.{number} is not numbered 1, 2, 3 and so on")));
        };
        numbered.insert(place, value(MEMBER, node)?);
    }
    Ok(Value::Array(numbered.into_values().collect()))
}

/// All is text in a form. What the operations make of it is told by its name. Source: the service's model, 2010-08-01.
fn leaf(name: &str, text: String) -> Result<Value, Refusal> {
    let read = match name {
        "Period" | "EvaluationPeriods" | "DatapointsToAlarm" | "MaxRecords" | "MaxDatapoints" => {
            text.parse::<i64>().ok().map(Value::from)
        }
        "Threshold" => text.parse::<f64>().ok().map(Value::from),
        "ActionsEnabled" | "ReturnData" => text.parse::<bool>().ok().map(Value::from),
        "StartTime" | "EndTime" => text.parse::<Timestamp>().ok().map(tagged),
        "AlarmNames"
        | "AlarmTypes"
        | "OKActions"
        | "AlarmActions"
        | "InsufficientDataActions"
        | "Dimensions"
        | "Metrics"
        | "MetricDataQueries"
        | "Tags"
        | "TagKeys" => text.is_empty().then(|| Value::Array(Vec::new())),
        _ => return Ok(Value::Text(text)),
    };
    read.ok_or_else(|| Refusal::new("MalformedInput", "MalformedInput", format!("{name}={text:?} cannot be read")))
}
