// SPDX-License-Identifier: Apache-2.0
//! SNS over the AWS query protocol: `Publish`, recorded and passed on to subscribed functions.

use axum::response::Response;

use crate::query::{self, Form, Refusal};
use crate::state::Shared;

pub(crate) const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";

/// The longest message, bytes. Source: SNS API reference, `Publish`.
const MESSAGE_BYTES_MAX: usize = 262_144;

/// A subject has fewer characters than this. Source: as above.
const SUBJECT_CHARS_END: usize = 100;

/// Answers one action.
pub(crate) fn answer(shared: &Shared, form: &Form) -> Response {
    match publish(shared, form) {
        Ok(id) => query::answered(shared, NAMESPACE, "Publish", Some(&format!("<MessageId>{id}</MessageId>"))),
        Err(refusal) => query::refused(shared, NAMESPACE, &refusal),
    }
}

/// Source of the rules: SNS API reference, `Publish`; of the words: answers of SNS quoted in localstack's tests.
fn publish(shared: &Shared, form: &Form) -> Result<String, Refusal> {
    // `InvalidParameter` is what the SDK calls `InvalidParameterException`.
    let invalid = |message: &str| Refusal::new("InvalidParameter", format!("Invalid parameter: {message}"));
    let field = |name: &str| form.get(name).filter(|value| !value.is_empty());
    let action = form.get("Action").map(String::as_str).ok_or_else(query::missing_action)?;
    let code = "Throttling"; // not reached today: no rate of SNS is in the table
    shared.called("sns", action).map_err(|too_fast| Refusal::new(code, too_fast.message()))?;
    if action != "Publish" {
        let message = format!("The action {action} is not one that this sandbox supports: Publish");
        return Err(Refusal::new("InvalidAction", message));
    }
    let topic =
        field("TopicArn").ok_or_else(|| invalid("TopicArn or TargetArn Reason: no value for required parameter"))?;
    if !topic.starts_with("arn:aws:sns:") || topic.split(':').count() != 6 {
        return Err(invalid(&format!("TopicArn Reason: {topic:?} is not an SNS topic ARN")));
    }
    let message = field("Message").ok_or_else(|| invalid("Empty message"))?;
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(invalid("Message too long"));
    }
    let subject = form.get("Subject").cloned();
    if subject.as_deref().is_some_and(|subject| !is_subject(subject)) {
        return Err(invalid("Subject"));
    }
    Ok(shared.publish(topic, subject, message.clone(), shared.clock.now()))
}

/// Whether SNS takes this for a subject: without line breaks and control characters. Source: as above.
fn is_subject(subject: &str) -> bool {
    (1..SUBJECT_CHARS_END).contains(&subject.chars().count()) && !subject.chars().any(char::is_control)
}
