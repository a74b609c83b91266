// SPDX-License-Identifier: Apache-2.0
//! The smallest Lambda function: what `cargo xtask bench cold-start` holds `scale-out` against.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(async |event: LambdaEvent<Value>| Ok::<_, Error>(event.payload))).await
}
