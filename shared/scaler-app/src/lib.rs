// SPDX-License-Identifier: Apache-2.0
//! What the functions do, over AWS's services as traits: from an event to a resized stream and a report of why.
//!
//! [`handle`] is what scale-out and scale-in run: it parses the event ([`event`]), runs a pass for each stream named
//! ([`reconcile`]) over a [`Cloud`](cloud::Cloud), and answers with a [`Response`]. [`fleet`] is what alarm-sync runs, [`report`] what
//! cost-report runs. Nothing here names an AWS SDK.

pub mod advice;
pub mod cloud;
pub mod config;
pub mod event;
pub mod fleet;
mod function_state;
mod history_cache;
mod outcome;
mod pass;
pub mod report;
mod retry;
pub mod role;
pub mod stack_config;
pub mod stack_settings;
pub mod stream_name;
pub mod telemetry;

pub use function_state::FunctionState;
pub use history_cache::HistoryCache;
pub use outcome::{CallReport, Outcome, OutcomeCause, OutcomeKind, Response, StepReport};
pub use pass::{handle, is_ours, reconcile, refit, reshard};
pub use retry::RetryNeeded;
