// SPDX-License-Identifier: Apache-2.0
//! CloudWatch in each of its protocols: the operations this project uses, and those that tag alarms.

pub(crate) mod layer;

mod alarms;
mod form;
mod metrics;
mod protocol;
mod refusal;
mod tags;
mod wire;
