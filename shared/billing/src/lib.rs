//! What a stream costs: what it used, the bill for it, what the same would have cost otherwise, and what could be saved.

mod advice;
mod bill;
mod month;
mod own;
pub mod prices;
mod usage;

pub use advice::{Advice, AdviceInput, Saving, advice};
pub use bill::{ADVANTAGE_FLOOR_BYTES_PER_SECOND, Bill, BillLine, advantage_of_all};
pub use month::{MonthEnd, month_end};
pub use own::OwnUse;
pub use usage::{Consumer, ConsumerUse, OnDemandOnly, Series, Standing, Tick, Usage, on_demand_bytes, put_units};
