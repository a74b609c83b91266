// SPDX-License-Identifier: Apache-2.0
//! A pass over one stream: it looks, decides, acts and tells people.

mod act;
mod end;
mod handle;
mod notify;
mod reconcile;
mod refit;
mod settle;

pub use handle::handle;
pub(crate) use notify::{notify, notify_unrecorded};
pub use reconcile::{reconcile, reshard};
pub use refit::{is_ours, refit};
pub(crate) use settle::settle;
