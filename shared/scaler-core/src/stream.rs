//! What is known of one stream: its tags, its resizes, what people were told of it, its load, all that a decision looks at.

mod history;
mod load_history;
mod notices;
mod observation;
mod shard_load;
mod tags;

pub(crate) use history::SPENT_BELIEVED;
pub use history::{Attempt, AttemptKind, ResizeHistory};
pub use load_history::{LoadHistory, PAST_MINUTES};
pub use notices::NoticeMemory;
pub use observation::{Observation, ShardWindow};
pub use shard_load::{ShardLoad, shard_loads};
pub(crate) use shard_load::{even_loads, largest_over, loads_with_past, total};
pub use tags::{Overrides, StreamTags, TAG_BUDGET, TAG_MANAGED, TAG_NOTICES, TAG_PREFIX, TAG_RESIZES, TagFault};
