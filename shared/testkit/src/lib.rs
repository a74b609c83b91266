//! An AWS in memory behind the traits of `scaler-app`, for tests.

mod billing;
mod cloudwatch;
mod kinesis;
mod refusal;
mod services;
mod stream;
mod world;

pub use billing::Billed;
pub use stream::Stream;
pub use world::{Held, World};
