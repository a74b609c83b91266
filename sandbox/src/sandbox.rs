// SPDX-License-Identifier: Apache-2.0
//! A running endpoint.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, MutexGuard};

use anyhow::Context as _;
use aws_models::cloudwatch::{CloudWatch, Transition};
use ferrokinesis::actions::{self, Operation};
use ferrokinesis::store::Store;
use jiff::Timestamp;
use kinesis_model::whole_minute;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::clock::SandboxClock;
use crate::delivery::{Delivery, Published};
use crate::kinesis::creation;
use crate::locked::locked;
use crate::objects::Object;
use crate::options::{Options, Schedule};
use crate::router::router;
use crate::state::Shared;
use crate::{emulator, sqs, tick};

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
        let store = Store::new(emulator::options(&options));
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
        tick::tick(&self.shared).await
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
            Capacity::OnDemand => (creation::ON_DEMAND_SHARDS, true),
        };
        let request = serde_json::json!({"StreamName": name, "ShardCount": shards});
        actions::dispatch(store, Operation::CreateStream, request)
            .await
            .map_err(|error| anyhow::anyhow!("cannot create stream {name}: {:?}", error.body))?;
        self.shared.was_created(name, self.now());
        let tags: BTreeMap<String, String> = tags.iter().map(|(key, tag)| ((*key).into(), (*tag).into())).collect();
        creation::finish_creation(&self.shared, name, on_demand, tags).await?;
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
        let running = whole_minute(self.now());
        for traffic in &self.shared.options.traffic {
            self.shared.was_created(&traffic.stream, running - jiff::SignedDuration::from_mins(i64::from(minutes)));
        }
        for ago in (0..=i64::from(minutes)).rev() {
            for traffic in &self.shared.options.traffic {
                tick::record_traffic(&self.shared, traffic, running - jiff::SignedDuration::from_mins(ago)).await;
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn tick_every_minute(shared: Arc<Shared>) {
    while let Some(wait) = shared.clock.real_time_until(tick::next(&shared).await) {
        tokio::time::sleep(wait).await;
        tick::tick(&shared).await;
    }
}
