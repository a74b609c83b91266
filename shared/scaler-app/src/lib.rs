//! One pass over ports: from an alarm's event to a resized stream and a report of why.
//!
//! [`handle`] is what both Lambda functions run. It parses the event ([`event`]), runs a pass for each stream named
//! ([`reconcile`]) over the [`ports`], and answers with a [`Response`]. Nothing here names an AWS SDK.

pub mod config;
pub mod event;
mod handle;
pub mod ports;
mod reconcile;
mod report;
pub mod telemetry;

pub use handle::handle;
pub use ports::Ports;
pub use reconcile::reconcile;
pub use report::{Outcome, OutcomeKind, Response, RetryNeeded, StepReport};
