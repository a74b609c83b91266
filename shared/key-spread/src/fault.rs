// SPDX-License-Identifier: Apache-2.0
//! Why lines of keys cannot be counted.

use std::io;

use kinesis_model::keys::KeyFault;

/// The longest line. Chosen: JSON may have much beside the key, and a file without ends of lines is not to fill the memory.
pub(crate) const LINE_BYTES_MAX: usize = 8 << 20;

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// What is on it is no partition key.
    #[error("is not a valid key: {0}")]
    Key(#[from] KeyFault),
    /// Not text.
    #[error("is not UTF-8, as partition keys are")]
    NotText,
    /// What whoever reads the lines says of it.
    #[error("{0}")]
    Unlike(String),
}

/// Why lines could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LinesFault {
    /// The source failed.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// A line is not as it should be.
    #[error("line {line} {fault}")]
    Line {
        /// From 1.
        line: u64,
        /// What is wrong with it.
        fault: LineFault,
    },
    /// Something that has no end of line.
    #[error("line {line} is longer than {LINE_BYTES_MAX} bytes")]
    NoEnd {
        /// From 1.
        line: u64,
    },
}
