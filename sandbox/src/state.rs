// SPDX-License-Identifier: Apache-2.0
//! What the services of one sandbox share.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_models::cloudwatch::CloudWatch;
use ferrokinesis::store::Store;
use jiff::{SignedDuration, Timestamp};
use kinesis_model::whole_minute;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::calls::{Calls, TooFast};
use crate::clock::SandboxClock;
use crate::delivery::{Delivery, EventSource, Published};
use crate::events::{self, Origin};
use crate::kinesis::arrivals::Arrivals;
use crate::kinesis::pending::Pending;
use crate::kinesis::shard_lifetimes::ShardLifetimes;
use crate::kinesis::throttle::Throttle;
use crate::locked::locked;
use crate::objects::Objects;
use crate::options::Options;

pub(crate) const MINUTE: SignedDuration = SignedDuration::from_mins(1);

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) clock: SandboxClock,
    pub(crate) store: Store,
    pub(crate) cloudwatch: Mutex<CloudWatch>,
    pub(crate) calls: Calls,
    pub(crate) objects: Mutex<Objects>,
    /// When streams were created, by name: the emulator knows the real time only.
    created: Mutex<HashMap<String, Timestamp>>,
    /// The changes of streams and consumers under way.
    pub(crate) pending: tokio::sync::Mutex<Pending>,
    /// What shards have taken in the present window of their limits.
    pub(crate) throttle: Mutex<Throttle>,
    /// When records came in.
    pub(crate) arrivals: Mutex<Arrivals>,
    /// When shards were opened and closed.
    pub(crate) shard_lifetimes: Mutex<ShardLifetimes>,
    /// The functions that may not run. AWS keeps their events for hours; here they are gone.
    pub(crate) stopped: Mutex<BTreeSet<String>>,
    published: Mutex<Vec<Published>>,
    deliveries: mpsc::UnboundedSender<Delivery>,
    /// Deliveries that are not due yet, with the time from which they are.
    delayed: Mutex<Vec<(Timestamp, Delivery)>>,
    /// Held over a whole tick: two at once would evaluate the same minute twice.
    pub(crate) last_tick: tokio::sync::Mutex<Timestamp>,
    next_id: AtomicU64,
}

impl Shared {
    pub(crate) fn new(
        options: Options,
        clock: SandboxClock,
        store: Store,
        deliveries: mpsc::UnboundedSender<Delivery>,
    ) -> Self {
        let cloudwatch = CloudWatch::with_metric_delay(options.metric_delay_minutes);
        let calls = Calls::new(options.api_rates);
        let last_tick = whole_minute(clock.now());
        Self {
            options,
            clock,
            store,
            cloudwatch: Mutex::new(cloudwatch),
            calls,
            objects: Mutex::default(),
            created: Mutex::default(),
            pending: tokio::sync::Mutex::default(),
            throttle: Mutex::default(),
            arrivals: Mutex::default(),
            shard_lifetimes: Mutex::default(),
            stopped: Mutex::default(),
            published: Mutex::default(),
            deliveries,
            delayed: Mutex::default(),
            last_tick: tokio::sync::Mutex::new(last_tick),
            next_id: AtomicU64::new(1),
        }
    }

    /// A new id in the form of a UUID; counted, so that two runs are alike.
    pub(crate) fn new_id(&self) -> String {
        format!("00000000-0000-4000-8000-{:012x}", self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    /// Counts a call that has arrived, and refuses it when it comes faster than AWS allows.
    pub(crate) fn called(&self, service: &str, operation: &str) -> Result<(), TooFast> {
        self.calls.arrived(service, operation, self.clock.now())
    }

    pub(crate) fn was_created(&self, name: &str, at: Timestamp) {
        locked(&self.created).insert(name.to_owned(), at);
    }

    pub(crate) fn created(&self, name: &str) -> Option<Timestamp> {
        locked(&self.created).get(name).copied()
    }

    pub(crate) fn published(&self) -> Vec<Published> {
        locked(&self.published).clone()
    }

    /// Records a message and delivers it to the functions that subscribe to its topic; returns its id.
    pub(crate) fn publish(&self, topic_arn: &str, subject: Option<String>, message: String, at: Timestamp) -> String {
        let published = Published { topic_arn: topic_arn.to_owned(), message_id: self.new_id(), subject, message, at };
        for subscription in self.options.subscriptions.iter().filter(|it| it.topic_arn == topic_arn) {
            self.deliver(&subscription.function, events::sns_envelope(&published), EventSource::Sns);
        }
        let id = published.message_id.clone();
        locked(&self.published).push(published);
        id
    }

    pub(crate) fn deliver(&self, function: &str, payload: Value, source: EventSource) {
        if locked(&self.stopped).contains(function) {
            return;
        }
        // Nobody listens any more when the receiver is gone; the sandbox goes on without it.
        let _ = self.deliveries.send(Delivery { function: function.to_owned(), payload, source });
    }

    /// As [`Self::deliver`], at the first minute boundary that is no earlier than this.
    pub(crate) fn deliver_from(&self, from: Timestamp, function: &str, payload: Value, source: EventSource) {
        locked(&self.delayed).push((from, Delivery { function: function.to_owned(), payload, source }));
    }

    /// Takes out the delayed deliveries that are due.
    pub(crate) fn due(&self, at: Timestamp) -> Vec<Delivery> {
        let due = |(from, _): &mut (Timestamp, Delivery)| *from <= at;
        locked(&self.delayed).extract_if(.., due).map(|(_, delivery)| delivery).collect()
    }

    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin { account: &self.options.account, region: &self.options.region }
    }
}
