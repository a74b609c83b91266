//! A pass over one stream: it looks, decides, acts and tells people.

mod handle;
mod refit;
pub(crate) mod tell;

pub use handle::handle;
pub use refit::{is_ours, refit};
