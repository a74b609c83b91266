// SPDX-License-Identifier: Apache-2.0
//! Gives each request over the query protocol to its service.

use std::sync::Arc;

use axum::extract::{self, FromRequest, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::query::{Form, Refusal, refused};
use crate::state::Shared;
use crate::{cloudwatch, sns};

/// Takes the forms posted to `/`; everything else goes on to Kinesis, which shares that path.
pub(crate) async fn layer(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let is_form = content_type.starts_with("application/x-www-form-urlencoded");
    if !is_form || request.method() != Method::POST || request.uri().path() != "/" {
        return next.run(request).await;
    }
    match extract::Form::<Form>::from_request(request, &()).await {
        // The version is what tells the services apart.
        Ok(extract::Form(form)) if form.get("Version").is_some_and(|it| it == cloudwatch::layer::VERSION) => {
            cloudwatch::layer::query(&shared, form)
        }
        Ok(extract::Form(form)) => sns::answer(&shared, &form),
        Err(_) => refused(
            &shared,
            sns::NAMESPACE,
            &Refusal::new("MalformedQueryString", "The request body is not a form with one value for each name"),
        ),
    }
}
