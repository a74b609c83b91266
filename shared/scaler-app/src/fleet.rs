// SPDX-License-Identifier: Apache-2.0
//! What alarm-sync runs: every managed stream gets its alarms and its bounds, every other a clean account.
//!
//! Start at [`sync()`]: an event becomes [`SyncRequest`]s; a fleet is walked by name (`fleet_sync.rs`), each stream is synchronised with its
//! tags (`stream_sync.rs`), and what does not fit into a run goes on in another. What CloudFormation asks, [`answer_stack()`] answers.

mod deployed;
mod fleet_sync;
mod metrics;
mod plan_step;
mod request;
mod response;
mod settings;
mod stack_deletion;
mod stream_sync;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::cloud::FleetCloud;
use crate::function_state::FunctionState;
use crate::outcome::{Outcome, OutcomeKind};
use crate::telemetry::TelemetryItem;

pub use request::{Look, SyncRequest, parse};
pub use response::SyncResponse;
pub use settings::Settings;
pub use stack_deletion::{StackRequest, answer_stack};

use deployed::notify_deployed;
use fleet_sync::FleetSync;
use response::ResponseBuilder;

/// How long a run begins with more streams: the function's 300 s in `template.yaml`, less what one stream may take at worst.
/// Not by the event's deadline, which `cargo lambda watch` puts in 1970.
pub const BEGINS_WITHIN: SignedDuration = SignedDuration::from_secs(255);

/// Handles any event that alarm-sync may be sent. Bad input is an outcome, not an error.
///
/// Nothing new is begun after `until`; what is left goes on in another run. `emit` gets everything as it comes, so that it is on
/// record should the run be cut off.
pub async fn sync(
    cloud: &impl FleetCloud,
    function_state: &FunctionState,
    settings: Settings<'_>,
    event: &Value,
    until: Timestamp,
    emit: &mut (dyn FnMut(TelemetryItem) + Send),
) -> SyncResponse {
    let mut builder = ResponseBuilder::new(emit);
    for request in parse(event, &settings.stack_config.roles) {
        let fleet_sync = FleetSync::new(cloud, function_state, settings, until);
        match request {
            Err(fault) => builder.outcome(Outcome::plain(OutcomeKind::Refused, None, fault.to_string())),
            Ok(SyncRequest::Nothing(why)) => builder.outcome(Outcome::plain(OutcomeKind::Ignored, None, why)),
            Ok(SyncRequest::Due { asked_at }) => fleet_sync.due(asked_at, &mut builder).await,
            Ok(SyncRequest::All { after }) => drop(fleet_sync.all(after, &mut builder).await),
            Ok(SyncRequest::Deployed { is_rollback }) => {
                if let Some(scaled) = fleet_sync.all(None, &mut builder).await {
                    notify_deployed(cloud, settings, is_rollback, scaled, &mut builder).await;
                }
            }
            Ok(SyncRequest::Streams(look)) => fleet_sync.streams(look, &mut builder).await,
        }
    }
    builder.build()
}
