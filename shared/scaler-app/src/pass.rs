//! A pass over one stream: it looks, decides, acts and tells people.

mod handle;
pub(crate) mod refit;
pub(crate) mod tell;

pub use handle::handle;
pub use refit::{is_ours, refit};
