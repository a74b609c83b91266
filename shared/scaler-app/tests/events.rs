// SPDX-License-Identifier: Apache-2.0
//! Every file in `events/`: what it parses to, and that no prefix or mutilation of it can break a function.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;

use scaler_app::report::CostRequest;
use scaler_app::role::Role;
use scaler_app::{event, fleet};
use serde_json::{Value, json};

fn files() -> Vec<(String, Value)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path.file_stem().unwrap().to_string_lossy().into_owned(), serde_json::from_str(&text).unwrap())
        })
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

#[test]
fn every_sample_event_parses_to_what_its_name_says() {
    let parsed: serde_json::Map<_, _> = files()
        .into_iter()
        .map(|(name, event)| {
            let parsed = match &name {
                name if name.starts_with("alarm-sync-stack") => json!(asked_by_cloudformation(&event)),
                name if name.starts_with("alarm-sync") => json!(fleet::parse(&event, &[])),
                name if name.starts_with("cost-report") => json!(asked(&event)),
                _ => json!(event::parse(&event)),
            };
            (name, parsed)
        })
        .collect();
    assert!(!parsed.is_empty());
    insta::assert_json_snapshot!("events", Value::Object(parsed));
}

/// What an event of CloudFormation asks for, if it is one.
fn asked_by_cloudformation(event: &Value) -> String {
    format!("{:?}", fleet::StackRequest::read(event))
}

/// What a cost-report event asks for.
fn asked(event: &Value) -> String {
    let now = "2026-01-02T06:15:00Z".parse().unwrap();
    match CostRequest::parse(event, now) {
        Ok(CostRequest { scope, from, until, publish, .. }) => {
            format!("{scope:?} from {from} until {until}, to be published: {publish}")
        }
        Err(fault) => fault.to_string(),
    }
}

/// The texts that tell people what to send to a function by hand: the template and every document.
fn texts() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let listed = [root.clone(), root.join("docs")].into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let paths = listed.map(|entry| entry.unwrap().path());
    let documents = paths.filter(|path| path.extension().is_some_and(|it| it == "md"));
    std::iter::once(root.join("template.yaml")).chain(documents).collect()
}

/// Every JSON object in a text that stands on one line, but for the conditions of policies.
fn objects(text: &str) -> Vec<Value> {
    let starts = text.match_indices("{\"").map(|(at, _)| &text[at..]);
    let lines = starts.filter_map(|rest| rest.lines().next());
    let objects = lines.filter_map(|line| serde_json::Deserializer::from_str(line).into_iter::<Value>().next()?.ok());
    objects.filter(|object| !object.as_object().is_some_and(|it| it.keys().any(|key| key.contains(':')))).collect()
}

#[test]
fn every_request_that_people_are_told_to_send_is_one() {
    let now = "2026-01-02T06:15:00Z".parse().unwrap();
    let mut told = 0;
    for text in texts() {
        for request in objects(&fs::read_to_string(&text).unwrap()) {
            told += 1;
            let is_sync = fleet::parse(&request, &[]).iter().all(Result::is_ok);
            let is_report = CostRequest::parse(&request, now).is_ok();
            assert!(is_sync || is_report, "{} tells people to send {request}, which no function takes", text.display());
        }
    }
    assert!(told >= 3, "{told}");
}

/// Takes out each field in turn, and puts a value of every other type in its place: a clear fault or a notice, no panic.
#[test]
fn no_mutilated_event_breaks_the_parser() {
    let ours: Vec<_> = Role::of_arn("arn:aws:iam::123456789012:role/operator").into_iter().collect();
    for (name, event) in files() {
        let mut tried = 0;
        for pointer in pointers(&event) {
            for other in [Value::Null, json!(7), json!("text"), json!([]), json!({})] {
                let mut mutilated = event.clone();
                *mutilated.pointer_mut(&pointer).unwrap() = other;
                let _ = (event::parse(&mutilated), fleet::parse(&mutilated, &ours), asked(&mutilated));
                let told = asked_by_cloudformation(&mutilated);
                assert!(!told.contains("X-Amz"), "{name}: {pointer}: {told}");
                tried += 1;
            }
        }
        assert!(tried >= 10, "{name} has hardly a field");
    }
}

/// A JSON pointer to each value in the tree, the root included.
fn pointers(value: &Value) -> Vec<String> {
    let below = |key: &str, child: &Value| {
        let key = key.replace('~', "~0").replace('/', "~1");
        pointers(child).into_iter().map(move |rest| format!("/{key}{rest}")).collect::<Vec<_>>()
    };
    let mut all = vec![String::new()];
    match value {
        Value::Object(fields) => all.extend(fields.iter().flat_map(|(key, child)| below(key, child))),
        Value::Array(items) => {
            all.extend(items.iter().enumerate().flat_map(|(i, child)| below(&i.to_string(), child)));
        }
        _ => {}
    }
    all
}

#[test]
fn what_is_no_event_of_ours_is_described_but_not_quoted() {
    for (event, told) in [
        (json!("secret"), "a string"),
        (json!(null), "null"),
        (json!([1, 2]), "an array"),
        (json!({"password": "secret"}), "an object with the fields [password]"),
    ] {
        let words = serde_json::to_string(&event::parse(&event)).unwrap();
        assert!(words.contains(told) && !words.contains("secret"), "{words}");
    }
}
