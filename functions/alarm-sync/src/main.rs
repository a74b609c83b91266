// SPDX-License-Identifier: Apache-2.0
//! The Lambda function `alarm-sync`: every managed stream gets its alarms and its bounds.

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn, tracing};
use scaler_app::cloud::{Clock, Cloud};
use scaler_app::fleet::{BEGINS_WITHIN, Settings, StackRequest, answer_stack, sync};
use scaler_app::telemetry::Telemetry;
use scaler_app::{FunctionState, config, stack_config};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    // A stack is to be deployed and deleted whatever its settings are: a bad one stops all but that.
    let settings = config::from_environment().and_then(|policy| Ok((policy, stack_config::from_environment()?)));
    let known =
        settings.as_ref().map_or_else(|_| stack_config::stack_alone(), |(_, stack_config)| stack_config.clone());
    let (cloud, cloudformation) = scaler_aws::connect_fleet(&known).await;
    let (function_state, telemetry) =
        (FunctionState::new(&known), Telemetry { function: "alarm-sync", by_stream: known.stream_metrics });
    run(service_fn(async |event: LambdaEvent<Value>| {
        let until = cloud.clock().now() + BEGINS_WITHIN;
        let mut emit = |item| telemetry.emit(&item, cloud.clock().now());
        if let Some(request) = StackRequest::read(&event.payload) {
            return Ok(answer_stack(&cloud, &cloudformation, &known.stack_name, request, until, &mut emit).await);
        }
        let (policy, stack_config) = settings.as_ref().map_err(ToString::to_string)?;
        let response =
            sync(&cloud, &function_state, Settings { policy, stack_config }, &event.payload, until, &mut emit).await;
        Ok::<_, Diagnostic>(response.into_result()?)
    }))
    .await
}
