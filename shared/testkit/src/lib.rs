// SPDX-License-Identifier: Apache-2.0
//! An AWS in memory for tests: every service that `scaler-app` uses. And the documents that tests write.

mod billing;
mod cloudwatch;
pub mod document;
mod kinesis;
mod refusal;
mod services;
mod stream;
mod world;

pub use stream::{Billed, Stream};
pub use world::{World, WorldAlarm};
