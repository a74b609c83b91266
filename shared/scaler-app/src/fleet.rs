//! What alarm-sync runs: every managed stream gets its alarms and its bounds, every other a clean account.
//!
//! Start at [`sync()`]: an event becomes [`SyncRequest`]s; a fleet is walked by name (`walk.rs`), each stream is synchronised with its
//! tags (`stream_sync.rs`), and what does not fit into a run goes on in another. What CloudFormation asks, [`answer_stack()`] answers.

mod ahead;
mod deployed;
mod metrics;
mod request;
mod response;
mod settings;
mod stack_deletion;
mod stream_sync;
mod walk;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::cloud::FleetCloud;
use crate::outcome::{Outcome, OutcomeKind};
use crate::process::Process;
use crate::telemetry::TelemetryItem;

pub use request::{Look, SyncRequest, parse};
pub use response::SyncResponse;
pub use settings::Settings;
pub use stack_deletion::{StackRequest, answer_stack};

use deployed::tell_deployed;
use response::Tally;
use walk::Walk;

/// How long a run begins with more streams: the function's 300 s in `template.yaml`, less what one stream may take at worst.
/// Not by the event's deadline, which `cargo lambda watch` puts in 1970.
pub const BEGINS_WITHIN: SignedDuration = SignedDuration::from_secs(255);

/// Handles any event that alarm-sync may be sent. Bad input is an outcome, not an error.
///
/// Nothing new is begun after `until`; what is left goes on in another run. `emit` gets everything as it comes, so that it is on
/// record should the run be cut off.
pub async fn sync(
    cloud: &impl FleetCloud,
    process: &Process,
    settings: Settings<'_>,
    event: &Value,
    until: Timestamp,
    emit: &mut (dyn FnMut(TelemetryItem) + Send),
) -> SyncResponse {
    let mut tally = Tally::new(emit);
    for request in parse(event, &settings.stack_config.roles) {
        let walk = Walk::new(cloud, process, settings, until);
        match request {
            Err(fault) => tally.outcome(Outcome::plain(OutcomeKind::Refused, None, fault.to_string())),
            Ok(SyncRequest::Nothing(why)) => tally.outcome(Outcome::plain(OutcomeKind::Ignored, None, why)),
            Ok(SyncRequest::Due { asked_at }) => walk.due(asked_at, &mut tally).await,
            Ok(SyncRequest::All { after }) => drop(walk.all(after, &mut tally).await),
            Ok(SyncRequest::Deployed { is_rollback }) => {
                if let Some(scaled) = walk.all(None, &mut tally).await {
                    tell_deployed(cloud, settings, is_rollback, scaled, &mut tally).await;
                }
            }
            Ok(SyncRequest::Streams(look)) => walk.streams(look, &mut tally).await,
        }
    }
    tally.response()
}
