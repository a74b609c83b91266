//! The Lambda function `scale-in`: an alarm fires, a stream gets smaller.

use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use scaler_app::ports::Clock;
use scaler_app::{Outcome, config, handle, telemetry};
use scaler_core::Direction;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let policy = config::from_environment()?;
    let ports = scaler_aws::connect().await;
    run(service_fn(async |event: LambdaEvent<Value>| {
        let mut tell = |outcome: &Outcome| telemetry::print(Direction::In, outcome, ports.clock.now());
        let response = handle(&ports, &policy, Direction::In, &event.payload, &mut tell).await;
        Ok::<_, Error>(response.into_result()?)
    }))
    .await
}
