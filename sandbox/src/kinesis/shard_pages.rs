//! Pages of `ListShards`, whose tokens carry all that the next page needs: the stream, the filter and the last shard.

use ferrokinesis::types::Shard;
use scaler_sim::kinesis_rules::Refusal;
use serde_json::{Map, Value, json};

use super::is_open;

/// Shards on a page, at most, whatever `MaxResults` says. Source: API reference, `ListShards`.
const PAGE: usize = 1_000;

/// What a token stands for, so that nothing of it may be said once more. Source: API reference, `ListShards`.
const NOT_BESIDE_A_TOKEN: [&str; 3] = ["StreamName", "StreamCreationTimestamp", "ExclusiveStartShardId"];

/// The words of a token for its filter.
const OPEN: &str = "open";
const ALL: &str = "all";

/// The shards that a request asks for.
pub(super) struct Listing {
    pub(super) stream: String,
    open_only: bool,
    /// Those with this id and before are passed over; every id is after the empty one.
    after: String,
}

impl Listing {
    pub(super) fn of(request: &Map<String, Value>) -> Result<Self, Refusal> {
        let text = |field: &str| request.get(field).and_then(Value::as_str);
        let Some(token) = text("NextToken") else {
            let open_only = request.get("ShardFilter").is_some_and(|filter| filter["Type"] == "AT_LATEST");
            let owned = |field| text(field).unwrap_or_default().to_owned();
            return Ok(Self { stream: owned("StreamName"), open_only, after: owned("ExclusiveStartShardId") });
        };
        if let Some(field) =
            NOT_BESIDE_A_TOKEN.iter().find(|field| request.get(**field).is_some_and(|it| !it.is_null()))
        {
            return Err(invalid(format!("NextToken and {field} cannot be provided together.")));
        }
        Self::from_token(token)
            .ok_or_else(|| invalid(format!("NextToken {token} is none that ListShards gave; list from the start.")))
    }

    fn from_token(token: &str) -> Option<Self> {
        // No slash is in a stream's name nor in a shard's.
        let mut parts = token.splitn(3, '/');
        let (stream, filter, after) = (parts.next()?, parts.next()?, parts.next()?);
        let open_only = match filter {
            OPEN => true,
            ALL => false,
            _ => return None,
        };
        Some(Self { stream: stream.to_owned(), open_only, after: after.to_owned() })
    }

    /// The next of these shards, which come in the order of their ids, and a token if there are more.
    pub(super) fn page(&self, shards: &[Shard], asked: Option<u64>) -> Value {
        let size = asked.and_then(|asked| usize::try_from(asked).ok()).map_or(PAGE, |asked| asked.min(PAGE));
        let is_listed = |shard: &&Shard| shard.shard_id > self.after && (!self.open_only || is_open(shard));
        let mut listed = shards.iter().filter(is_listed).peekable();
        let page: Vec<_> = listed.by_ref().take(size).collect();
        let more = page.last().filter(|_| listed.peek().is_some());
        let token = more.map(|last| format!("{}/{}/{}", self.stream, self.filter(), last.shard_id));
        let mut answer = json!({ "Shards": page });
        if let Some(token) = token {
            answer["NextToken"] = json!(token);
        }
        answer
    }

    fn filter(&self) -> &'static str {
        if self.open_only { OPEN } else { ALL }
    }
}

fn invalid(message: String) -> Refusal {
    Refusal { error_type: "InvalidArgumentException", message }
}
