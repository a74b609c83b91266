// SPDX-License-Identifier: Apache-2.0
//! May this stream be changed at all? Asked before any metrics are read, so that a stream that is not ours costs two calls.

use std::fmt;

use jiff::Timestamp;

use super::cause::Cause;
use super::words::{Explain, joined};
use crate::intent::Intent;
use crate::policy::{Policy, PolicyFault};
use crate::settings::{TAG_SHARDS_MAX, TAG_SHARDS_MIN};
use crate::stream::{StreamTags, TAG_MANAGED, TAG_RESIZES, TagFault};
use kinesis_model::limits::TAGS_PER_STREAM_MAX;
use kinesis_model::{StreamMode, StreamState, StreamStatus};

/// Why a stream is not to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdmitReason {
    /// The stream does not carry the tag that lets us change it.
    NotManaged,
    /// Tags of ours that cannot be understood.
    BadTags(Vec<TagFault>),
    /// The stream's own settings contradict the stack's.
    BadPolicy(Vec<PolicyFault>),
    /// AWS chooses this stream's shard count.
    OnDemand,
    /// The stream has no room for the tag in which resizes are written down.
    NoRoomForTags {
        /// Its tags.
        tags: usize,
    },
    /// The stream is on its way out.
    Deleting,
    /// Not free to be resized now.
    NotActive(StreamStatus),
}

/// The policy of one stream, if it may be changed now.
///
/// # Errors
/// What stands against it.
pub(crate) fn admission(
    stack: &Policy,
    stream: &StreamState,
    tags: &StreamTags,
    intent: Intent,
) -> Result<Policy, AdmitReason> {
    let is_unsure = tags.faults.iter().any(|fault| fault.key == TAG_MANAGED);
    if !tags.managed && !is_unsure {
        return Err(AdmitReason::NotManaged);
    }
    if !tags.faults.is_empty() {
        return Err(AdmitReason::BadTags(tags.faults.clone()));
    }
    if stream.mode == StreamMode::OnDemand {
        return Err(AdmitReason::OnDemand);
    }
    if tags.lacks_room() {
        return Err(AdmitReason::NoRoomForTags { tags: tags.tag_count });
    }
    match stream.status {
        StreamStatus::Deleting => return Err(AdmitReason::Deleting),
        StreamStatus::Updating | StreamStatus::Creating => return Err(AdmitReason::NotActive(stream.status)),
        StreamStatus::Active => {}
    }
    match intent {
        // Bounds that contradict each other give way to an order.
        Intent::Exactly(_) => tags.policy(stack).or_else(|_| without_bounds(tags).policy(stack)),
        Intent::Auto | Intent::DryRun => tags.policy(stack),
    }
    .map_err(AdmitReason::BadPolicy)
}

fn without_bounds(tags: &StreamTags) -> StreamTags {
    let overrides = tags.overrides.without(&[TAG_SHARDS_MIN, TAG_SHARDS_MAX]);
    StreamTags { overrides, ..tags.clone() }
}

impl AdmitReason {
    /// What only a person can mend.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::BadTags(faults) => Some(Cause::BadTags(faults.clone())),
            Self::BadPolicy(_) => Some(Cause::BadPolicy),
            Self::OnDemand => Some(Cause::OnDemand),
            Self::NoRoomForTags { .. } => Some(Cause::NoRoomForTags),
            Self::NotManaged | Self::Deleting | Self::NotActive(_) => None,
        }
    }

    /// Whether it passes by itself: the stream is changing.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::NotActive(_))
    }
}

impl fmt::Display for AdmitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, None)
    }
}

impl Explain for AdmitReason {
    fn write(&self, f: &mut fmt::Formatter<'_>, _: Option<Timestamp>) -> fmt::Result {
        match self {
            Self::NotManaged => write!(f, "the stream is not managed: tag it {TAG_MANAGED}=true to enrol it"),
            Self::BadTags(faults) => f.write_str(&joined(faults)),
            Self::BadPolicy(faults) => {
                write!(f, "the stream's tags contradict the stack's settings: {}", joined(faults))
            }
            Self::OnDemand => f.write_str("the stream is in on-demand mode, in which AWS sets the shard count"),
            Self::NoRoomForTags { tags } => write!(
                f,
                "the stream has {tags} tags and AWS allows {TAGS_PER_STREAM_MAX}: there is no room for \
                 {TAG_RESIZES}, in which the scaler records each resize before it makes it"
            ),
            Self::Deleting => f.write_str("the stream is being deleted"),
            Self::NotActive(status) => {
                write!(f, "the stream is {}: the next evaluation checks again", status_word(*status))
            }
        }
    }

    fn cause(&self) -> Option<Cause> {
        Self::cause(self)
    }
}

fn status_word(status: StreamStatus) -> &'static str {
    match status {
        StreamStatus::Active => "active",
        StreamStatus::Updating => "being resized or reconfigured",
        StreamStatus::Creating => "being created",
        StreamStatus::Deleting => "being deleted",
    }
}
