// SPDX-License-Identifier: Apache-2.0
//! What a stream costs: what it used, the bill for it, what the same would have cost otherwise, and what could be saved.

mod advice;
mod bill;
mod month;
pub mod prices;
mod scaler_usage;
mod usage;

pub use advice::{Advice, AdviceInput, Saving, advice};
pub use bill::{ADVANTAGE_FLOOR_BYTES_PER_SECOND, Bill, BillLine, advantage_of_all};
pub use month::{MonthEnd, month_end};
pub use scaler_usage::ScalerUsage;
pub use usage::{
    Consumer, ConsumerUse, OnDemandOnly, Series, StreamConfig, Usage, UsageStep, on_demand_bytes, put_units,
};
