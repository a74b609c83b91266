// SPDX-License-Identifier: Apache-2.0
//! AWS calls that only people ask for: all there is to see of a stream, a new stream, a sample of records.

mod create;
mod operator;
mod sample;

pub use create::{NewCapacity, TestRecord};
pub use operator::{AlarmState, Operator, StreamDetails};
pub use sample::{SampleLimits, Sampled, SampledRecord};
