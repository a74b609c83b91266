// SPDX-License-Identifier: Apache-2.0
//! Pages of `ListShards`, whose tokens carry all that the next page needs: the stream, the filter and the last shard.

use std::fmt;

use aws_models::kinesis_rules::Refusal;
use ferrokinesis::types::{Shard, Stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::answers::invalid_argument;
use super::shard_lifetimes::{self, Lifetime, ShardLifetimes};
use super::shards::is_open;

/// Shards on a page, at most, whatever `MaxResults` says. Source: API reference, `ListShards`.
const PAGE: usize = 1_000;

/// What a token stands for, so that nothing of it may be said once more. Source: API reference, `ListShards`.
const NOT_BESIDE_A_TOKEN: [&str; 3] = ["StreamName", "StreamCreationTimestamp", "ExclusiveStartShardId"];

/// The types of `ShardFilter`. Source: API reference, `ShardFilter`.
const AFTER_SHARD_ID: &str = "AFTER_SHARD_ID";
const AT_TRIM_HORIZON: &str = "AT_TRIM_HORIZON";
const FROM_TRIM_HORIZON: &str = "FROM_TRIM_HORIZON";
const AT_LATEST: &str = "AT_LATEST";
const AT_TIMESTAMP: &str = "AT_TIMESTAMP";
const FROM_TIMESTAMP: &str = "FROM_TIMESTAMP";
const TYPES: [&str; 6] = [AFTER_SHARD_ID, AT_TRIM_HORIZON, FROM_TRIM_HORIZON, AT_LATEST, AT_TIMESTAMP, FROM_TIMESTAMP];

/// Which shards are listed, of those that are still known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    All,
    AtHorizon,
    Open,
    At(Timestamp),
    From(Timestamp),
}

/// The shards that a request asks for.
pub(super) struct Listing {
    pub(super) stream: String,
    filter: Filter,
    /// Those with this id and before are passed over; every id is after the empty one.
    after: String,
}

impl Listing {
    pub(super) fn of(request: &Map<String, Value>) -> Result<Self, Refusal> {
        let text = |field: &str| request.get(field).and_then(Value::as_str);
        let Some(token) = text("NextToken") else {
            let (filter, after) = Filter::asked(request.get("ShardFilter"))?;
            let after = after.or(text("ExclusiveStartShardId")).unwrap_or_default().to_owned();
            return Ok(Self { stream: text("StreamName").unwrap_or_default().to_owned(), filter, after });
        };
        if let Some(field) =
            NOT_BESIDE_A_TOKEN.iter().find(|field| request.get(**field).is_some_and(|it| !it.is_null()))
        {
            return Err(invalid_argument(format!("NextToken and {field} cannot be provided together.")));
        }
        Self::from_token(token).ok_or_else(|| {
            invalid_argument(format!("NextToken {token} is not one that ListShards returned; list from the start."))
        })
    }

    fn from_token(token: &str) -> Option<Self> {
        // No slash is in a stream's name nor in a shard's.
        let mut parts = token.splitn(3, '/');
        let (stream, filter, after) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { stream: stream.to_owned(), filter: Filter::from_token(filter)?, after: after.to_owned() })
    }

    /// The next of the stream's shards, which come in the order of their ids, and a token if there are more.
    pub(super) fn page(
        &self,
        stream: &Stream,
        lifetimes: &ShardLifetimes,
        now: Timestamp,
        asked: Option<u64>,
    ) -> Value {
        let size = asked.and_then(|asked| usize::try_from(asked).ok()).map_or(PAGE, |asked| asked.min(PAGE));
        let is_listed = |shard: &&Shard| {
            shard.shard_id > self.after
                && lifetimes.is_kept(stream, &shard.shard_id, now)
                && self.filter.passes(
                    shard,
                    lifetimes.of(&self.stream, &shard.shard_id),
                    shard_lifetimes::horizon(stream, now),
                )
        };
        let mut listed = stream.shards.iter().filter(is_listed).peekable();
        let page: Vec<_> = listed.by_ref().take(size).collect();
        let more = page.last().filter(|_| listed.peek().is_some());
        let token = more.map(|last| format!("{}/{}/{}", self.stream, self.filter, last.shard_id));
        let mut answer = json!({ "Shards": page });
        if let Some(token) = token {
            answer["NextToken"] = json!(token);
        }
        answer
    }
}

impl Filter {
    /// The filter that is asked for, and the shard after which it begins.
    fn asked(filter: Option<&Value>) -> Result<(Self, Option<&str>), Refusal> {
        let Some(filter) = filter.filter(|filter| !filter.is_null()) else { return Ok((Self::All, None)) };
        let kind = filter["Type"].as_str().unwrap_or_default();
        let (shard, time) = (filter["ShardId"].as_str(), filter["Timestamp"].as_f64());
        if shard.is_some() != (kind == AFTER_SHARD_ID) && TYPES.contains(&kind) {
            return Err(invalid_argument(format!(
                "ShardFilter has a ShardId if its Type is {AFTER_SHARD_ID}, and {kind} is given."
            )));
        }
        let is_timed = matches!(kind, AT_TIMESTAMP | FROM_TIMESTAMP);
        if time.is_some() != is_timed && TYPES.contains(&kind) {
            let expected = format!("a Timestamp if its Type is {AT_TIMESTAMP} or {FROM_TIMESTAMP}");
            return Err(invalid_argument(format!("ShardFilter has {expected}, and {kind} is given.")));
        }
        let time = time.and_then(|time| SignedDuration::try_from_secs_f64(time).ok());
        let time = time.and_then(|time| Timestamp::from_duration(time).ok());
        match (kind, time) {
            (AFTER_SHARD_ID | FROM_TRIM_HORIZON, _) => Ok((Self::All, shard)),
            (AT_TRIM_HORIZON, _) => Ok((Self::AtHorizon, None)),
            (AT_LATEST, _) => Ok((Self::Open, None)),
            (AT_TIMESTAMP, Some(time)) => Ok((Self::At(time), None)),
            (FROM_TIMESTAMP, Some(time)) => Ok((Self::From(time), None)),
            (AT_TIMESTAMP | FROM_TIMESTAMP, None) => {
                Err(invalid_argument(format!("Timestamp {} of ShardFilter is not a time.", filter["Timestamp"])))
            }
            _ => Err(Refusal::new(
                "ValidationException",
                format!(
                    "1 validation error detected: Value '{kind}' at 'shardFilter.type' failed to satisfy constraint: \
                     Member must satisfy enum value set: [{}]",
                    TYPES.join(", ")
                ),
            )),
        }
    }

    fn from_token(text: &str) -> Option<Self> {
        let (kind, time) = text.split_once('@').unwrap_or((text, ""));
        match (kind, time.parse()) {
            (FROM_TRIM_HORIZON, _) => Some(Self::All),
            (AT_TRIM_HORIZON, _) => Some(Self::AtHorizon),
            (AT_LATEST, _) => Some(Self::Open),
            (AT_TIMESTAMP, Ok(time)) => Some(Self::At(time)),
            (FROM_TIMESTAMP, Ok(time)) => Some(Self::From(time)),
            _ => None,
        }
    }

    /// A time before the horizon counts as the horizon: nothing older is known.
    fn passes(self, shard: &Shard, lifetime: Lifetime, horizon: Timestamp) -> bool {
        let was_open = |at: Timestamp| {
            let at = at.max(horizon);
            lifetime.opened <= at && lifetime.closed.is_none_or(|closed| closed >= at)
        };
        match self {
            Self::All => true,
            Self::Open => is_open(shard),
            Self::AtHorizon => was_open(horizon),
            Self::At(time) => was_open(time),
            Self::From(time) => lifetime.closed.is_none_or(|closed| closed >= time.max(horizon)),
        }
    }
}

/// As it stands in a token.
impl fmt::Display for Filter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => out.write_str(FROM_TRIM_HORIZON),
            Self::AtHorizon => out.write_str(AT_TRIM_HORIZON),
            Self::Open => out.write_str(AT_LATEST),
            Self::At(time) => write!(out, "{AT_TIMESTAMP}@{time}"),
            Self::From(time) => write!(out, "{FROM_TIMESTAMP}@{time}"),
        }
    }
}
