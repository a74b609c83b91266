// SPDX-License-Identifier: Apache-2.0
//! The Lambda function `cost-report`: what the streams cost, what was saved, and what could be.

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn, tracing};
use scaler_app::cloud::{Clock, Cloud};
use scaler_app::report::{BEGINS_WITHIN, CostSettings, cost_report, lines};
use scaler_app::{config, stack_config};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let (policy, stack_config) = (config::from_environment()?, stack_config::from_environment()?);
    let cloud = billing_aws::connect(&stack_config).await;
    let settings = CostSettings { policy: &policy, stack_config: &stack_config, draw: cost_page::draw };
    run(service_fn(async |event: LambdaEvent<Value>| {
        let until = cloud.clock().now() + BEGINS_WITHIN;
        let report = cost_report(&cloud, settings, &event.payload, until).await;
        for line in lines(&report, stack_config.stream_metrics, cloud.clock().now()) {
            println!("{line}");
        }
        Ok::<_, Diagnostic>(report.into_result()?)
    }))
    .await
}
