// SPDX-License-Identifier: Apache-2.0
//! alarm-sync over a small AWS in memory: what it makes, mends, leaves alone and says.
#![allow(clippy::unwrap_used)]

mod chaos;
mod death;
mod fleet;
mod ledger;
mod ledger_properties;
mod mending;
mod people;
mod plan_step;
mod queue;
mod stack;
mod steady;
mod support;
mod tags;
mod turns;
