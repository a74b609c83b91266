// SPDX-License-Identifier: Apache-2.0
//! What the scaler itself uses in a month: for each stream, and once for the stack.

use billing::ScalerUsage;
use billing::prices::MONTH_SECONDS;
use kinesis_model::ShardCount;
use scaler_core::{AlarmActions, Policy, PolicySpec, stream_alarms};

/// A run of one of the functions is taken to last so long. Chosen: longer than a sweep without firing alarms, which makes a few calls.
const RUN_MILLISECONDS: u128 = 200;
/// Runs an hour and MB of each, as in `template.yaml`: both scaling functions sweep every minute.
const SWEEPS: (u128, u128) = (2 * 60, 256);
/// The same of alarm-sync, every five minutes.
const SYNCS: (u128, u128) = (12, 512);

/// For a managed stream to which nothing happens. `has_metrics` is whether its metrics are published all the time, as they are unless
/// the operator says otherwise (`StreamMetrics`).
///
/// # Panics
/// The defaults of the settings contradict each other.
pub fn stream_month(has_metrics: bool) -> ScalerUsage {
    let policy = Policy::new(PolicySpec::default()).expect("the defaults agree with each other");
    let alarms = stream_alarms(&policy, "stream", ShardCount::ONE, &AlarmActions::default());
    let alarm_metrics = alarms.iter().map(|alarm| alarm.metrics.len()).sum();
    ScalerUsage::of_stream(MONTH_SECONDS, alarm_metrics, if has_metrics { MONTH_SECONDS } else { 0 })
}

/// For the stack, however many streams it manages: its own alarms and metrics, and the runs that schedules start.
pub fn stack_month() -> ScalerUsage {
    let hours = u128::from(MONTH_SECONDS / 3_600);
    let runs = |(an_hour, megabytes): (u128, u128)| ScalerUsage {
        runs: an_hour * hours,
        run_milliseconds_mb: an_hour * hours * RUN_MILLISECONDS * megabytes,
        ..ScalerUsage::default()
    };
    ScalerUsage::of_stack(MONTH_SECONDS).and(runs(SWEEPS)).and(runs(SYNCS))
}
