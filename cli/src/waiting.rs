// SPDX-License-Identifier: Apache-2.0
//! Waiting until a stream is ACTIVE: for so long and no longer, with a wheel on a terminal.

use std::time::Duration;

use anyhow::{Result, bail};
use jiff::SignedDuration;
use kinesis_model::{ShardCount, StreamState, StreamStatus};
use scaler_app::advice::operand;
use scaler_app::cloud::{Clock as _, Cloud as _, Kinesis as _};

use crate::connection::{Connection, explained};
use crate::progress;

/// The pause after the first look, and the longest; each is twice the one before.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Pauses between looks at something that may take a moment or minutes.
pub(crate) struct Pauses(Duration);

impl Pauses {
    pub(crate) fn new() -> Self {
        Self(PAUSE_MIN)
    }

    pub(crate) async fn next(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(PAUSE_MAX);
    }
}

/// Waits until a stream is ACTIVE, and says what it then is.
///
/// # Errors
/// It is not after so long, it is being deleted, or it cannot be looked at.
pub(crate) async fn until_active(connection: &Connection, stream: &str, most: SignedDuration) -> Result<StreamState> {
    until_resized(connection, stream, None, most).await
}

/// As [`until_active`], with another count than `before`: AWS might still show what it was.
///
/// # Errors
/// As there.
pub(crate) async fn until_resized(
    connection: &Connection,
    stream: &str,
    before: Option<ShardCount>,
    most: SignedDuration,
) -> Result<StreamState> {
    until_step(connection, stream, before, most, "").await
}

/// As [`until_resized`], with words before those of the wheel.
///
/// # Errors
/// As there.
pub(crate) async fn until_step(
    connection: &Connection,
    stream: &str,
    before: Option<ShardCount>,
    most: SignedDuration,
    step: &str,
) -> Result<StreamState> {
    let cloud = &connection.cloud;
    let (began, mut pauses) = (cloud.clock().now(), Pauses::new());
    let wheel = progress::wheel("waiting for AWS");
    loop {
        let seen = match cloud.kinesis().describe(stream).await {
            Ok(state) if state.status == StreamStatus::Active && before != Some(state.open_shards) => {
                wheel.finish_and_clear();
                return Ok(state);
            }
            Ok(state) if state.status == StreamStatus::Deleting => bail!("stream {stream} is being deleted"),
            Ok(state) => format!("stream {stream} is {}, open shards {}", word(state.status), state.open_shards),
            Err(error) if error.failure.is_passing() => explained(&error).to_string(),
            Err(error) => bail!(explained(&error)),
        };
        let waited = cloud.clock().now().duration_since(began);
        if waited >= most {
            bail!(
                "{seen}, after a wait of {} minutes: shardctl status {} shows its state",
                most.as_mins(),
                operand(stream)
            );
        }
        wheel.set_message(format!("{step}{seen}, for {} s", waited.as_secs()));
        pauses.next().await;
    }
}

/// A status as AWS writes it.
pub(crate) fn word(status: StreamStatus) -> &'static str {
    match status {
        StreamStatus::Active => "ACTIVE",
        StreamStatus::Updating => "UPDATING",
        StreamStatus::Creating => "CREATING",
        StreamStatus::Deleting => "DELETING",
    }
}
