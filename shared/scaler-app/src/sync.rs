//! What alarm-sync runs: every managed stream gets its alarms and its bounds, every other a clean account.
//!
//! Start at [`sync()`]: an event becomes [`SyncRequest`]s; a fleet is walked by name (`walk.rs`), each stream is tended
//! (`tend.rs`), and what does not fit into a run goes on in another. What CloudFormation asks, [`answer_stack()`] answers.

mod ahead;
mod deployed;
mod metrics;
pub mod ports;
mod report;
mod request;
mod stack;
mod tend;
mod walk;

use jiff::{SignedDuration, Timestamp};
use scaler_core::Policy;
use serde_json::Value;

use crate::report::{Outcome, OutcomeKind};
use crate::stack_config::StackConfig;
use crate::telemetry::Gauges;

pub use ports::{FleetAdapters, FleetPorts};
pub use report::SyncResponse;
pub use request::{Look, SyncRequest, parse};
pub use stack::{StackRequest, answer_stack};

use deployed::tell_deployed;
use report::Tally;
use walk::Walk;

/// How long a run begins with more streams: the function's 300 s in `template.yaml`, less what one stream may take at worst.
/// Not by the event's deadline, which `cargo lambda watch` puts in 1970.
pub const BEGINS_WITHIN: SignedDuration = SignedDuration::from_secs(255);

/// What a run says as it goes, so that it is on record should the run be cut off.
#[derive(Clone, Debug)]
pub enum Said {
    /// What became of a stream for which there was something to do.
    Outcome(Box<Outcome>),
    /// Where a stream stands.
    Gauges(Gauges),
}

/// The settings of a run.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// The stack's policy.
    pub policy: &'a Policy,
    /// What the stack says of itself.
    pub stack_config: &'a StackConfig,
}

/// Handles any event that alarm-sync may be sent. Bad input is an outcome, not an error.
///
/// Nothing new is begun after `until`; what is left goes on in another run.
pub async fn sync<A: FleetAdapters>(
    ports: &FleetPorts<A>,
    settings: Settings<'_>,
    event: &Value,
    until: Timestamp,
    say: &mut (dyn FnMut(Said) + Send),
) -> SyncResponse {
    let mut tally = Tally::new(say);
    for request in parse(event, &settings.stack_config.roles) {
        let walk = Walk::new(ports, settings, until);
        match request {
            Err(fault) => tally.outcome(Outcome::plain(OutcomeKind::Refused, None, fault.to_string())),
            Ok(SyncRequest::Nothing(why)) => tally.outcome(Outcome::plain(OutcomeKind::Ignored, None, why)),
            // Boxed, as the futures within are: the compiler gives up on how deep they lie otherwise.
            Ok(SyncRequest::Due { asked_at }) => Box::pin(walk.due(asked_at, &mut tally)).await,
            Ok(SyncRequest::All { after }) => drop(Box::pin(walk.all(after, &mut tally)).await),
            Ok(SyncRequest::Deployed { is_rollback }) => {
                if let Some(scaled) = Box::pin(walk.all(None, &mut tally)).await {
                    tell_deployed(ports, settings, is_rollback, scaled, &mut tally).await;
                }
            }
            Ok(SyncRequest::Streams(look)) => Box::pin(walk.streams(look, &mut tally)).await,
        }
    }
    tally.response()
}
