// SPDX-License-Identifier: Apache-2.0
//! An AWS in memory for tests: every service that `scaler-app` uses.

mod billing;
mod cloudwatch;
mod kinesis;
mod refusal;
mod services;
mod stream;
mod world;

pub use stream::{Billed, Stream};
pub use world::{World, WorldAlarm};
