//! The Lambda function `alarm-sync`: every managed stream gets its alarms and its bounds.

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn, tracing};
use scaler_app::ports::Clock;
use scaler_app::sync::{BEGINS_WITHIN, Said, Settings, sync};
use scaler_app::telemetry::Teller;
use scaler_app::{RetryNeeded, config, wiring};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let (policy, wiring) = (config::from_environment()?, wiring::from_environment()?);
    let ports = scaler_aws::connect_fleet(&wiring).await;
    let settings = Settings { policy: &policy, wiring: &wiring };
    let teller = Teller { function: "alarm-sync", by_stream: wiring.stream_metrics };
    run(service_fn(async |event: LambdaEvent<Value>| {
        let until = ports.pass.clock.now() + BEGINS_WITHIN;
        let mut say = |said: Said| match said {
            Said::Outcome(outcome) => teller.print(&outcome, ports.pass.clock.now()),
            Said::Gauges(gauges) => println!("{}", gauges.line(ports.pass.clock.now())),
        };
        let response = sync(&ports, settings, &event.payload, until, &mut say).await;
        response
            .into_result()
            .map_err(|error| Diagnostic { error_type: RetryNeeded::NAME.to_owned(), error_message: error.to_string() })
    }))
    .await
}
