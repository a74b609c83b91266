//! What is known of one stream: its resizes, what people were told of it, its load, all that a decision looks at.

pub(crate) mod history;
mod load_history;
pub(crate) mod notices;
mod observation;
mod shard_load;

pub(crate) use history::SPENT_BELIEVED;
pub use history::{Attempt, AttemptKind, ResizeHistory};
pub use load_history::{LoadHistory, PAST_MINUTES};
pub use notices::NoticeMemory;
pub use observation::{Observation, ShardWindow};
pub use shard_load::{ShardLoad, shard_loads};
pub(crate) use shard_load::{even_loads, largest_over, loads_with_past, total};
