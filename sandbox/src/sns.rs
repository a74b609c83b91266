//! SNS over the AWS query protocol: `Publish`, recorded and passed on to subscribed functions.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Form, FromRequest, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::state::Shared;

/// Takes the forms posted to `/`; everything else goes on to Kinesis, which shares that path.
pub(crate) async fn layer(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let form = content_type.starts_with("application/x-www-form-urlencoded");
    if !form || request.method() != Method::POST || request.uri().path() != "/" {
        return next.run(request).await;
    }
    match Form::<BTreeMap<String, String>>::from_request(request, &()).await {
        Ok(Form(form)) => answer(&shared, &form),
        Err(_) => malformed(&shared),
    }
}

fn answer(shared: &Shared, form: &BTreeMap<String, String>) -> Response {
    match publish(shared, form) {
        Ok(message_id) => xml(
            StatusCode::OK,
            &format!(
                "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
                 <MessageId>{message_id}</MessageId></PublishResult><ResponseMetadata><RequestId>{}</RequestId>\
                 </ResponseMetadata></PublishResponse>",
                shared.new_id()
            ),
        ),
        Err(refusal) => refuse(shared, &refusal),
    }
}

struct Refusal {
    /// The code on the wire; `InvalidParameter` is what the SDK calls `InvalidParameterException`.
    code: &'static str,
    message: String,
}

/// Source of the rules: SNS API reference, `Publish`.
fn publish(shared: &Shared, form: &BTreeMap<String, String>) -> Result<String, Refusal> {
    let invalid =
        |message: &str| Refusal { code: "InvalidParameter", message: format!("Invalid parameter: {message}") };
    let field = |name: &str| form.get(name).filter(|value| !value.is_empty());
    let action = form.get("Action").map(String::as_str);
    if let Some(action) = action {
        let code = "Throttling"; // not reached today: no rate of SNS is in the table
        shared.called("sns", action).map_err(|too_fast| Refusal { code, message: too_fast.message() })?;
    }
    match action {
        Some("Publish") => {}
        Some(action) => {
            let message = format!("The action {action} is not one this sandbox knows: Publish");
            return Err(Refusal { code: "InvalidAction", message });
        }
        None => {
            return Err(Refusal { code: "MissingAction", message: "The request has no Action parameter".to_owned() });
        }
    }
    let topic =
        field("TopicArn").ok_or_else(|| invalid("TopicArn or TargetArn Reason: no value for required parameter"))?;
    if !topic.starts_with("arn:aws:sns:") || topic.split(':').count() != 6 {
        return Err(invalid(&format!("TopicArn Reason: {topic:?} is not an SNS topic ARN")));
    }
    let message = field("Message").ok_or_else(|| invalid("Empty message"))?;
    let subject = field("Subject").cloned();
    if subject.as_ref().is_some_and(|subject| !is_subject(subject)) {
        return Err(invalid("Subject"));
    }
    Ok(shared.publish(topic, subject, message.clone(), shared.clock.now()))
}

/// Whether SNS takes this for a subject: less than 100 printable characters of ASCII, of which the first is no blank. Source: API
/// reference, `Publish`.
fn is_subject(subject: &str) -> bool {
    subject.len() < 100 && !subject.starts_with(' ') && subject.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn malformed(shared: &Shared) -> Response {
    refuse(shared, &Refusal { code: "MalformedQueryString", message: "The request body is not a form".to_owned() })
}

fn refuse(shared: &Shared, refusal: &Refusal) -> Response {
    let body = format!(
        "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>{}</Code>\
         <Message>{}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
        refusal.code,
        escaped(&refusal.message),
        shared.new_id()
    );
    xml(StatusCode::BAD_REQUEST, &body)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn xml(status: StatusCode, body: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/xml")], body.to_owned()).into_response()
}
