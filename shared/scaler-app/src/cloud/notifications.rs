// SPDX-License-Identifier: Apache-2.0
//! Amazon SNS: the topic that people read.

use super::failure::CallError;
use super::subject::Subject;

/// What a message is about, for people who want only a part of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotificationKind {
    /// A stream was resized: nothing to do.
    Resize,
    /// Somebody is needed.
    Attention,
    /// Something went wrong that is tried again.
    Fault,
    /// What streams cost.
    Cost,
    /// The stack was deployed: what the first look came to.
    Deployment,
}

/// One message to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// What it is about.
    pub kind: NotificationKind,
    /// What it is about in a line.
    pub subject: Subject,
    /// What happened, why, and what to do next.
    pub text: String,
}

/// The topic that people read.
pub trait Notifications: Send + Sync {
    /// Sends a message to all who have subscribed.
    fn publish(&self, notification: &Notification) -> impl Future<Output = Result<(), CallError>> + Send;
}
