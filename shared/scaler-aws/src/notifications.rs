//! The `Notices` port over Amazon SNS.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use scaler_app::cloud::{CallError, Failure, Notice, NoticeKind, Notices};

use crate::error::call_error;

const CALL: &str = "Publish";

/// A topic through the SDK.
#[derive(Clone, Debug)]
pub struct Topic {
    /// The client.
    pub client: Client,
    /// The topic.
    pub arn: String,
    /// Where the function runs, and where its log is: the last line of every message.
    pub here: String,
}

/// The stack's topic, if it has one.
#[derive(Clone, Debug)]
pub struct SnsNotices(pub Option<Topic>);

impl Notices for SnsNotices {
    fn is_heard(&self) -> bool {
        self.0.is_some()
    }

    async fn publish(&self, notice: &Notice) -> Result<(), CallError> {
        let Some(Topic { client, arn, here }) = &self.0 else { return Ok(()) };
        let kind = match notice.kind {
            NoticeKind::Resize => "resize",
            NoticeKind::Attention => "attention",
            NoticeKind::Fault => "fault",
            NoticeKind::Cost => "cost",
            NoticeKind::Deployment => "deployment",
        };
        // For the filter policy of a subscription: not everybody wants to hear of every resize.
        let kind = MessageAttributeValue::builder().data_type("String").string_value(kind).build();
        let kind = kind.map_err(|source| CallError {
            call: CALL,
            subject: arn.clone(),
            failure: Failure::Refused,
            message: source.to_string(),
            source: Some(Box::new(source)),
        })?;
        let request = client.publish().topic_arn(arn).subject(&*notice.subject).message_attributes("kind", kind);
        let sent = request.message(format!("{}{here}\n", notice.text)).send().await;
        sent.map_err(|error| call_error(CALL, arn, error))?;
        Ok(())
    }
}
