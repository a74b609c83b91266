// SPDX-License-Identifier: Apache-2.0
//! The inputs and outputs of CloudWatch's operations, and their translation to and from the model.
//!
//! Names are those of the Smithy model, as the AWS SDK for Rust 1.140 writes and reads them.

pub(super) mod alarms;
pub(super) mod metrics;
pub(super) mod tags;
pub(super) mod values;
