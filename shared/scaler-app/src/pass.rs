//! A pass over one stream: it looks, decides, acts and tells people.

mod act;
mod end;
mod handle;
mod reconcile;
mod refit;
mod settle;
mod tell;

pub use handle::handle;
pub use reconcile::{reconcile, reshard};
pub use refit::{is_ours, refit};
pub(crate) use settle::settle;
pub(crate) use tell::{tell_people, tell_without_memory};
