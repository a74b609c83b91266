//! A local AWS endpoint for this project: Kinesis that throttles, CloudWatch that evaluates alarms, tags that are
//! found, SNS that records, SQS that delivers, a price list, S3 that keeps.
//!
//! One HTTP port on loopback speaks to unchanged AWS SDKs, to boto3 and to the AWS CLI, each in the protocol that it chooses.
//! Inside, `ferrokinesis` is Kinesis, with what it lets pass
//! refused and what streams take in and throttle counted in front of it; the models of `aws-models` are CloudWatch.
//! Alarms that change state, schedules and messages become [`Delivery`] values: the events that the deployed functions
//! would be called with. Every call is counted and, if asked for, held to the rate that AWS allows.

mod calls;
mod clock;
mod cloudwatch;
mod events;
mod json;
mod kinesis;
mod lambda;
mod locked;
mod pricing;
mod query;
mod rates;
mod s3;
mod sns;
mod sqs;
mod state;
mod tagging;
mod traffic;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, MutexGuard};

use anyhow::Context as _;
use aws_models::cloudwatch::{CloudWatch, Transition};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{any_service, get, post, put};
use axum::{Router, middleware};
use ferrokinesis::actions::{self, Operation};
use ferrokinesis::store::{Store, StoreOptions};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use clock::{ClockOptions, SPEEDS, SandboxClock};
pub use s3::{MISSING_BUCKET, Object};
pub use traffic::Traffic;

use locked::locked;
use state::Shared;

/// How a sandbox is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// How its clock runs.
    pub clock: ClockOptions,
    /// Account id, 12 digits.
    pub account: String,
    /// Region code.
    pub region: String,
    /// Shard quota of the account. 20,000 in us-east-1 (facts 1.3).
    pub account_shard_limit: u32,
    /// How long creating or deleting a stream or a consumer takes, virtual seconds.
    pub create_seconds: u32,
    /// How long a resize takes, virtual seconds. AWS says "a few minutes" (facts 1.2).
    pub resize_seconds: u32,
    /// Newest whole minutes of every metric that cannot be seen yet.
    pub metric_delay_minutes: u32,
    /// Functions that subscribe to SNS topics.
    pub subscriptions: Vec<Subscription>,
    /// Whether EventBridge passes alarms named `../scale-out` and `../scale-in` that go to ALARM to those functions.
    pub eventbridge: bool,
    /// Queues whose messages call a function.
    pub queues: Vec<QueueMapping>,
    /// Functions that are called by the virtual clock.
    pub schedules: Vec<Schedule>,
    /// Whether calls that come faster than AWS allows an account are refused, by the virtual clock.
    pub api_rates: bool,
    /// Streams whose metrics are made up, minute by minute; no records are written.
    pub traffic: Vec<Traffic>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            clock: ClockOptions::Running { speed: 1.0 },
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            account_shard_limit: 20_000,
            create_seconds: 10,
            resize_seconds: 60,
            metric_delay_minutes: 0,
            subscriptions: Vec::new(),
            eventbridge: false,
            queues: Vec::new(),
            schedules: Vec::new(),
            api_rates: false,
            traffic: Vec::new(),
        }
    }
}

/// A function that is called with every message of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The topic.
    pub topic_arn: String,
    /// The function's name.
    pub function: String,
}

/// A queue, and the function that is called with each of its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMapping {
    /// The queue's URL. Its last two parts, account and name, are what counts: so it can be said before the port is.
    pub queue_url: String,
    /// The function's name.
    pub function: String,
}

/// A function that is called again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The function's name.
    pub function: String,
    /// Called in every virtual minute whose number since 1970 is a multiple of this; 1 or more.
    pub every_minutes: u32,
}

/// A message published to a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The topic.
    pub topic_arn: String,
    /// The id SNS gave it.
    pub message_id: String,
    /// Its subject line.
    pub subject: Option<String>,
    /// Its text.
    pub message: String,
    /// When it was published, virtual time.
    pub at: Timestamp,
}

/// The way an event takes to a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Road {
    /// An alarm, or a publisher, through a topic.
    Sns,
    /// An alarm through an EventBridge rule.
    EventBridge,
    /// An alarm whose action is the function.
    Direct,
    /// A schedule.
    Schedule,
    /// A message through a queue.
    Sqs,
}

/// An event for a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The function's name.
    pub function: String,
    /// The event, as the function gets it.
    pub payload: Value,
    /// How it came.
    pub road: Road,
}

/// How a stream gets its capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capacity {
    /// Provisioned mode with that many shards.
    Shards(u32),
    /// On-demand mode.
    OnDemand,
}

/// A running endpoint; dropping it stops it.
pub struct Sandbox {
    shared: Arc<Shared>,
    endpoint: String,
    tasks: Vec<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts an endpoint and, on a running clock, the tick of every virtual minute. The receiver gets every event for
    /// a function; when it is dropped, events go nowhere.
    pub async fn start(options: Options) -> anyhow::Result<(Self, mpsc::UnboundedReceiver<Delivery>)> {
        let clock = SandboxClock::new(options.clock)?;
        sqs::checked(&options.queues)?;
        for Schedule { function, every_minutes } in &options.schedules {
            anyhow::ensure!(*every_minutes > 0, "schedule of {function}: every_minutes=0 is not 1 or more");
        }
        let store = Store::new(store_options(&options));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let listener =
            tokio::net::TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        let endpoint = format!("http://{}", listener.local_addr()?);

        let (sender, receiver) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::new(options, clock, store, sender));
        let app = router(&shared);
        let server = tokio::spawn(async move {
            // Serving ends only with the process or the sandbox.
            let _ = axum::serve(listener, app).await;
        });
        let ticker = tokio::spawn(tick_every_minute(Arc::clone(&shared)));
        Ok((Self { shared, endpoint, tasks: vec![server, ticker] }, receiver))
    }

    /// The base URL, for `endpoint_url` of an SDK or `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The virtual time.
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// The clock, to read or, if it is a manual one, to move.
    pub fn clock(&self) -> &SandboxClock {
        &self.shared.clock
    }

    /// Handles every minute boundary since the last tick: changes of streams that are due end, alarms are evaluated, events
    /// delivered. A running clock does so by itself. Returns the alarms that changed state.
    pub async fn tick(&self) -> Vec<Transition> {
        self.shared.tick().await
    }

    /// All that was published to topics, oldest first.
    pub fn published(&self) -> Vec<Published> {
        self.shared.published()
    }

    /// All that was put into buckets of S3, by bucket and key.
    pub fn objects(&self) -> BTreeMap<(String, String), Object> {
        locked(&self.shared.objects).clone()
    }

    /// Requests that arrived since the start or the last [`Self::forget_calls`], by IAM action, for example
    /// `kinesis:DescribeStreamSummary`, `cloudwatch:PutMetricAlarm`, `tag:GetResources`. Refused ones count.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.shared.calls.counts()
    }

    /// Those of [`Self::calls`] that were refused because they came too fast; see [`Options::api_rates`].
    pub fn throttled(&self) -> BTreeMap<String, u64> {
        self.shared.calls.throttled()
    }

    /// Starts [`Self::calls`] and [`Self::throttled`] from zero.
    pub fn forget_calls(&self) {
        self.shared.calls.forget();
    }

    /// The metrics and alarms, to seed or to read; requests wait while this is held.
    pub fn cloudwatch(&self) -> MutexGuard<'_, CloudWatch> {
        locked(&self.shared.cloudwatch)
    }

    /// Creates a stream that is ACTIVE at once.
    pub async fn create_stream(&self, name: &str, capacity: Capacity, tags: &[(&str, &str)]) -> anyhow::Result<()> {
        let store = &self.shared.store;
        let (shards, on_demand) = match capacity {
            Capacity::Shards(shards) => (shards, false),
            Capacity::OnDemand => (kinesis::ON_DEMAND_SHARDS, true),
        };
        let request = serde_json::json!({"StreamName": name, "ShardCount": shards});
        actions::dispatch(store, Operation::CreateStream, request)
            .await
            .map_err(|error| anyhow::anyhow!("cannot create stream {name}: {:?}", error.body))?;
        self.shared.was_created(name, self.now());
        let tags: BTreeMap<String, String> = tags.iter().map(|(key, tag)| ((*key).into(), (*tag).into())).collect();
        kinesis::finish_creation(&self.shared, name, on_demand, tags).await?;
        Ok(())
    }

    /// Drops the stored records of a stream, so that a long run does not fill the memory. Metrics stay.
    pub async fn trim(&self, stream: &str) {
        let keys: Vec<String> = self.shared.store.get_record_store(stream).await.into_keys().collect();
        self.shared.store.delete_record_keys(stream, &keys).await;
        locked(&self.shared.arrivals).forget(stream);
    }

    /// Makes up the last `minutes` of metrics, and the running one, for the streams of [`Options::traffic`], which from
    /// then on have been there for so long.
    pub async fn seed(&self, minutes: u32) {
        let running = state::minute_of(self.now());
        for traffic in &self.shared.options.traffic {
            self.shared.was_created(&traffic.stream, running - jiff::SignedDuration::from_mins(i64::from(minutes)));
        }
        for ago in (0..=i64::from(minutes)).rev() {
            for traffic in &self.shared.options.traffic {
                traffic.record(&self.shared, running - jiff::SignedDuration::from_mins(ago)).await;
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// The emulator neither waits nor throttles, and has no quota of shards: see `kinesis.rs`.
fn store_options(options: &Options) -> StoreOptions {
    StoreOptions {
        create_stream_ms: 0,
        delete_stream_ms: 0,
        update_stream_ms: 0,
        shard_limit: u32::MAX,
        enforce_limits: false,
        aws_account_id: options.account.clone(),
        aws_region: options.region.clone(),
        ..StoreOptions::default()
    }
}

fn router(shared: &Arc<Shared>) -> Router {
    // Six services share `/`: each takes what is its own and passes the rest on, at last to Kinesis.
    let slash = ferrokinesis::create_router(shared.store.clone())
        .layer(middleware::from_fn_with_state(Arc::clone(shared), kinesis::layer))
        .layer(middleware::from_fn_with_state(Arc::clone(shared), query::layer))
        .layer(middleware::from_fn_with_state(Arc::clone(shared), cloudwatch::layer))
        .layer(middleware::from_fn_with_state(Arc::clone(shared), sqs::layer))
        .layer(middleware::from_fn_with_state(Arc::clone(shared), pricing::layer))
        .layer(middleware::from_fn_with_state(Arc::clone(shared), tagging::layer));
    // Other methods at such a path are not S3's: older clients post to a queue's.
    let objects = get(s3::get).put(s3::put).fallback_service(slash.clone());
    Router::new()
        .route(cloudwatch::PATH, post(cloudwatch::cbor).with_state(Arc::clone(shared)))
        .route(lambda::PATH, put(lambda::put).delete(lambda::delete).with_state(Arc::clone(shared)))
        .route(s3::PATH, objects.with_state(Arc::clone(shared)))
        .route("/_health/{*emulator}", any_service(slash.clone()))
        .fallback_service(slash)
        // The services read bodies to their own limits, which are above the framework's 2 MB.
        .layer(DefaultBodyLimit::max(json::BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(shared), settle_first))
}

/// Ends the changes of streams that are due, so that every request finds them as they are by now.
async fn settle_first(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    // In a task of its own: a client that hangs up ends its request, and no change may end half-way.
    let settled = tokio::spawn(async move { shared.settle().await });
    // It panics only where the runtime shuts down, and then nobody is answered.
    let _ = settled.await;
    next.run(request).await
}

async fn tick_every_minute(shared: Arc<Shared>) {
    while let Some(wait) = shared.clock.real_time_until(shared.next_tick().await) {
        tokio::time::sleep(wait).await;
        shared.tick().await;
    }
}
