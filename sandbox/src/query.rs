// SPDX-License-Identifier: Apache-2.0
//! The AWS query protocol, in which CloudWatch and SNS may be spoken to at `/`: forms in, XML out.

use std::collections::BTreeMap;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::state::Shared;

/// The parameters of a request.
pub(crate) type Form = BTreeMap<String, String>;

/// An error answer.
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// The code on the wire, which an SDK's exception may name otherwise.
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }
}

/// What was not asked for an action.
pub(crate) fn missing_action() -> Refusal {
    Refusal::new("MissingAction", "The request has no Action parameter")
}

/// The answer to an action; without a result where the action has none.
pub(crate) fn answered(shared: &Shared, namespace: &str, action: &str, result: Option<&str>) -> Response {
    let result = result.map(|xml| format!("<{action}Result>{xml}</{action}Result>")).unwrap_or_default();
    let body = format!(
        "<{action}Response xmlns=\"{namespace}\">{result}<ResponseMetadata><RequestId>{}</RequestId>\
         </ResponseMetadata></{action}Response>",
        shared.new_id()
    );
    xml(StatusCode::OK, body)
}

/// AWS's shape of an error.
pub(crate) fn refused(shared: &Shared, namespace: &str, refusal: &Refusal) -> Response {
    let body = format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>{}</RequestId></ErrorResponse>",
        refusal.code,
        escaped(&refusal.message),
        shared.new_id()
    );
    xml(refusal.status, body)
}

/// Text between two tags. What XML has no place for, which is most control characters, becomes the replacement character.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A reader would take it for a line feed.
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' | ' '..='\u{FFFD}' | '\u{10000}'.. => out.push(character),
            _ => out.push('\u{FFFD}'),
        }
    }
    out
}

fn xml(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
}
