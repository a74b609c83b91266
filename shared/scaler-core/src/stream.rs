//! What is known of one stream.

pub(crate) mod tags;
