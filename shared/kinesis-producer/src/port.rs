// SPDX-License-Identifier: Apache-2.0
//! The one call of a producer, and how it can end.

/// One record of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub partition_key: String,
    /// Where on the ring it goes instead of the key's MD5.
    pub explicit_hash_key: Option<u128>,
    /// Its data.
    pub data: Vec<u8>,
}

/// A record that the stream took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutSuccess {
    /// The shard that took it.
    pub shard: String,
    /// Its number there.
    pub sequence_number: String,
}

/// Why one record of a call that succeeded was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutFailure {
    /// Whether its shard was too busy for it.
    pub is_throttled: bool,
    /// AWS's code and words.
    pub message: String,
}

/// Why a whole call came to nothing, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallFailure {
    /// Too many calls or too much; nothing was written.
    #[error("throttled: {0}")]
    Throttled(String),
    /// AWS understood and said no; the same call would fail again, and nothing was written.
    #[error("refused: {0}")]
    Refused(String),
    /// AWS refused it for its size, be it the whole or one record of it; nothing was written. It is made again as two, down to
    /// single records.
    #[error("too large: {0}")]
    TooLarge(String),
    /// No answer, or one that does not say whether the records were written.
    #[error("no answer: {0}")]
    Unanswered(String),
}

/// What became of each record of a call, in their order.
pub type Put = Vec<Result<PutSuccess, PutFailure>>;

/// `PutRecords` of one stream, tried once.
pub trait PutRecords: Send + Sync + 'static {
    /// Writes these records, at most 500.
    fn put(&self, entries: Vec<Entry>) -> impl Future<Output = Result<Put, CallFailure>> + Send;
}
