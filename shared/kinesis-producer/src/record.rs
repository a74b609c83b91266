// SPDX-License-Identifier: Apache-2.0
//! A record to be written.

use kinesis_model::hash_key;
use kinesis_model::keys::{self, KeyFault};

/// A record to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Records of one key go to one shard. 1 to 256 characters.
    pub partition_key: String,
    /// Where on the ring it goes instead of the key's MD5.
    pub explicit_hash_key: Option<u128>,
    /// What it says.
    pub data: Vec<u8>,
}

/// Why a record cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// A key that Kinesis does not take.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// More than the stream takes.
    #[error(
        "the record has {bytes} bytes with its key, and the settings allow {max}: split it, or raise \
         record_bytes_max up to the stream's limit"
    )]
    TooLarge {
        /// Its bytes.
        bytes: usize,
        /// What is allowed.
        max: usize,
    },
}

impl Record {
    /// A record whose shard is chosen by its key.
    pub fn new(partition_key: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Self { partition_key: partition_key.into(), explicit_hash_key: None, data: data.into() }
    }

    /// Bytes that count: of the key and of the data. Source: Kinesis API reference, `PutRecords`.
    pub fn bytes(&self) -> usize {
        self.partition_key.len() + self.data.len()
    }

    /// Where on the ring it goes.
    pub fn hash_key(&self) -> u128 {
        self.explicit_hash_key.unwrap_or_else(|| hash_key(&self.partition_key))
    }

    pub(crate) fn checked(&self, max: usize) -> Result<(), RecordFault> {
        keys::check(&self.partition_key)?;
        let bytes = self.bytes();
        if bytes > max { Err(RecordFault::TooLarge { bytes, max }) } else { Ok(()) }
    }
}
