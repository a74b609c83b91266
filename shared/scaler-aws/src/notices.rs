//! The `Notices` port over Amazon SNS.

use aws_sdk_sns::Client;
use scaler_app::ports::{CallError, Notice, Notices};

use crate::error::call_error;

/// A topic through the SDK, if the stack has one.
#[derive(Clone, Debug)]
pub struct SnsNotices(pub Option<(Client, String)>);

impl Notices for SnsNotices {
    fn is_heard(&self) -> bool {
        self.0.is_some()
    }

    async fn publish(&self, notice: &Notice) -> Result<(), CallError> {
        let Some((client, topic_arn)) = &self.0 else { return Ok(()) };
        let request = client.publish().topic_arn(topic_arn).subject(&notice.subject).message(&notice.text);
        request.send().await.map_err(|error| call_error("Publish", topic_arn, error))?;
        Ok(())
    }
}
