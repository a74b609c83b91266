//! One pass over ports: from an alarm's event to a resized stream and a report of why.
//!
//! [`handle`] is what scale-out and scale-in run: it parses the event ([`event`]), runs a pass for each stream named
//! ([`reconcile`]) over the [`ports`], and answers with a [`Response`]. [`sync`] is what alarm-sync runs, over the whole
//! fleet. Nothing here names an AWS SDK.

pub mod config;
pub mod cost;
pub mod event;
mod handle;
mod notice;
mod pasts;
pub mod ports;
mod reconcile;
mod report;
mod retry;
pub mod role;
pub mod stack_config;
pub mod stack_settings;
pub mod stream_name;
mod subject;
pub mod sync;
pub mod telemetry;

pub use handle::handle;
pub use ports::Ports;
pub use reconcile::{reconcile, reshard};
pub use report::{CallReport, Outcome, OutcomeKind, Response, StepReport};
pub use retry::RetryNeeded;
