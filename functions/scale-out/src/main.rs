// SPDX-License-Identifier: Apache-2.0
//! The Lambda function `scale-out`: an alarm fires, a stream gets bigger.

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn, tracing};
use scaler_app::cloud::{Clock, Cloud};
use scaler_app::telemetry::Telemetry;
use scaler_app::{FunctionState, config, handle, stack_config};
use scaler_core::Direction;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let (policy, stack_config) = (config::from_environment()?, stack_config::from_environment()?);
    let (cloud, function_state) = (scaler_aws::connect(&stack_config).await, FunctionState::new(&stack_config));
    let telemetry = Telemetry { function: "scale-out", by_stream: stack_config.stream_metrics };
    run(service_fn(async |event: LambdaEvent<Value>| {
        function_state.learn_account(&event.context.invoked_function_arn);
        let mut emit = |item| telemetry.emit(&item, cloud.clock().now());
        let response = handle(&cloud, &function_state, &policy, Direction::Out, &event.payload, &mut emit).await;
        Ok::<_, Diagnostic>(response.into_result()?)
    }))
    .await
}
