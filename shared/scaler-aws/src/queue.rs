// SPDX-License-Identifier: Apache-2.0
//! Amazon SQS through the SDK: the queue whose messages call alarm-sync.

use aws_sdk_sqs::Client;
use scaler_app::cloud::{CallError, Queue};

use crate::error::call_error;

/// The stack's queue.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    /// The client.
    pub client: Client,
    /// The queue.
    pub url: String,
}

impl Queue for SqsQueue {
    async fn send(&self, message: &str, delay_seconds: u32) -> Result<(), CallError> {
        let delay = i32::try_from(delay_seconds).unwrap_or(i32::MAX);
        let request = self.client.send_message().queue_url(&self.url).message_body(message).delay_seconds(delay);
        request.send().await.map_err(|error| call_error("SendMessage", &self.url, error))?;
        Ok(())
    }
}
