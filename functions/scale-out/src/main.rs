//! The Lambda function `scale-out`: an alarm fires, a stream gets bigger.

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn, tracing};
use scaler_app::event::account_of;
use scaler_app::ports::Clock;
use scaler_app::telemetry::Teller;
use scaler_app::{Outcome, RetryNeeded, config, handle, stack_config};
use scaler_core::Direction;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let (policy, stack_config) = (config::from_environment()?, stack_config::from_environment()?);
    let ports = scaler_aws::connect(&stack_config).await;
    let teller = Teller { function: "scale-out", by_stream: stack_config.stream_metrics };
    run(service_fn(async |event: LambdaEvent<Value>| {
        if let Some(account) = account_of(&event.context.invoked_function_arn) {
            ports.account.get_or_init(|| account);
        }
        let mut tell = |outcome: &Outcome| teller.print(outcome, ports.clock.now());
        let response = handle(&ports, &policy, Direction::Out, &event.payload, &mut tell).await;
        response
            .into_result()
            .map_err(|error| Diagnostic { error_type: RetryNeeded::NAME.to_owned(), error_message: error.to_string() })
    }))
    .await
}
