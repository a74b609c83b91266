//! The `Continuations` port over Amazon SQS: a message to the queue that calls alarm-sync.

use aws_sdk_sqs::Client;
use scaler_app::cloud::CallError;
use scaler_app::cloud::Continuations;

use crate::error::call_error;

/// A queue through the SDK, if the stack has one.
#[derive(Clone, Debug)]
pub struct SqsContinuations(pub Option<(Client, String)>);

impl Continuations for SqsContinuations {
    fn is_there(&self) -> bool {
        self.0.is_some()
    }

    async fn later(&self, request: &str, seconds: u32) -> Result<(), CallError> {
        let Some((client, queue_url)) = &self.0 else { return Ok(()) };
        let delay = i32::try_from(seconds).unwrap_or(i32::MAX);
        let sent = client.send_message().queue_url(queue_url).message_body(request).delay_seconds(delay).send().await;
        sent.map_err(|error| call_error("SendMessage", queue_url, error))?;
        Ok(())
    }
}
