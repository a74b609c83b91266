// SPDX-License-Identifier: Apache-2.0
//! Which service answers a request.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{any_service, get, post, put};
use axum::{Router, middleware};

use crate::state::Shared;
use crate::{cloudwatch, json, kinesis, lambda, pricing, query_layer, s3, sqs, tagging, tick};

pub(crate) fn router(shared: &Arc<Shared>) -> Router {
    // Six services share `/`: each takes what is its own and passes the rest on, at last to Kinesis.
    let slash = ferrokinesis::create_router(shared.store.clone())
        .layer(middleware::from_fn_with_state(Arc::clone(shared), kinesis::layer::layer))
        .layer(middleware::from_fn_with_state(Arc::clone(shared), query_layer::layer))
        .layer(middleware::from_fn_with_state(Arc::clone(shared), cloudwatch::layer::layer))
        .layer(middleware::from_fn_with_state(Arc::clone(shared), sqs::layer))
        .layer(middleware::from_fn_with_state(Arc::clone(shared), pricing::layer))
        .layer(middleware::from_fn_with_state(Arc::clone(shared), tagging::layer));
    // Other methods at such a path are not S3's: older clients post to a queue's.
    let objects = get(s3::get).put(s3::put).fallback_service(slash.clone());
    Router::new()
        .route(cloudwatch::layer::PATH, post(cloudwatch::layer::cbor).with_state(Arc::clone(shared)))
        .route(lambda::PATH, put(lambda::put).delete(lambda::delete).with_state(Arc::clone(shared)))
        .route(s3::PATH, objects.with_state(Arc::clone(shared)))
        .route("/_health/{*emulator}", any_service(slash.clone()))
        .fallback_service(slash)
        // The services read bodies to their own limits, which are above the framework's 2 MB.
        .layer(DefaultBodyLimit::max(json::BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(shared), settle_first))
}

/// Ends the changes of streams that are due, so that every request finds them as they are by now.
async fn settle_first(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    // In a task of its own: a client that hangs up ends its request, and no change may end half-way.
    let settled = tokio::spawn(async move { tick::settle(&shared).await });
    // It panics only where the runtime shuts down, and then nobody is answered.
    let _ = settled.await;
    next.run(request).await
}
