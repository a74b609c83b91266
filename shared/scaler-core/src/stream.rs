// SPDX-License-Identifier: Apache-2.0
//! What is known of one stream: its tags, its resizes, what people were told of it, its load.

mod history;
mod load_history;
mod notices;
mod shard_load;
mod tags;

pub(crate) use history::DAILY_LIMIT_BELIEVED_FOR;
pub use history::{Attempt, AttemptKind, ResizeHistory};
pub use load_history::{HISTORY_MINUTES, LoadHistory};
pub use notices::NoticeMemory;
pub use shard_load::{ShardLoad, ShardWindow, shard_loads};
pub(crate) use shard_load::{even_loads, known_minutes, largest_over, loads_with_past, total};
pub use tags::{Overrides, StreamTags, TAG_BUDGET, TAG_MANAGED, TAG_NOTICES, TAG_PREFIX, TAG_RESIZES, TagFault};
