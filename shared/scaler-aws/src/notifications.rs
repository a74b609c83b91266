// SPDX-License-Identifier: Apache-2.0
//! Amazon SNS through the SDK: the topic that people read.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use scaler_app::cloud::{CallError, Failure, Notification, NotificationKind, Notifications};

use crate::error::call_error;

const CALL: &str = "Publish";

/// The stack's topic.
#[derive(Clone, Debug)]
pub struct SnsTopic {
    /// The client.
    pub client: Client,
    /// The topic.
    pub arn: String,
    /// Where the function runs, and where its log is: the last line of every message.
    pub here: String,
}

impl Notifications for SnsTopic {
    async fn publish(&self, notification: &Notification) -> Result<(), CallError> {
        let kind = match notification.kind {
            NotificationKind::Resize => "resize",
            NotificationKind::Attention => "attention",
            NotificationKind::Fault => "fault",
            NotificationKind::Cost => "cost",
            NotificationKind::Deployment => "deployment",
        };
        // For the filter policy of a subscription: not everybody wants to hear of every resize.
        let kind = MessageAttributeValue::builder().data_type("String").string_value(kind).build();
        let kind = kind.map_err(|source| {
            CallError::new(CALL, &self.arn, Failure::Refused, source.to_string()).caused_by(source)
        })?;
        let request = self.client.publish().topic_arn(&self.arn).subject(&*notification.subject);
        let request = request.message_attributes("kind", kind).message(format!("{}{}\n", notification.text, self.here));
        request.send().await.map_err(|error| call_error(CALL, &self.arn, error))?;
        Ok(())
    }
}
