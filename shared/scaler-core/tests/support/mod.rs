// SPDX-License-Identifier: Apache-2.0
//! Observations made to order, for tests of `decide`.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub, missing_docs)]

use jiff::Timestamp;
use kinesis_model::{
    AccountShards, HashKeyRange, MetricWindow, Minute, OpenShard, ShardCount, StreamMode, StreamState, StreamStatus,
};
use scaler_core::{
    Decision, Direction, Fetched, Intent, Need, Observation, Policy, PolicySpec, ShardWindow, StreamTags, decide,
};

/// 2026-01-02T03:00:00Z.
pub const NOW: Timestamp = Timestamp::constant(1_767_322_800, 0);
const MIB_PER_MINUTE: u64 = 60 * 1_048_576;

/// A stream with a steady load, a consumer that keeps up, and a whole window of metrics up to a minute ago.
#[derive(Clone)]
pub struct Case {
    shards: u32,
    tags: Vec<(String, String)>,
    minutes: Vec<Minute>,
    mode: StreamMode,
    status: StreamStatus,
    account: Option<AccountShards>,
    shard_metrics: bool,
    windows: Fetched<Vec<ShardWindow>>,
}

impl Case {
    pub fn of(shards: u32) -> Self {
        let idle = Minute {
            bytes: Some(0),
            records: Some(0),
            throttled_records: Some(0),
            read_bytes: Some(0),
            read_throttles: Some(0),
            iterator_age_ms: Some(0),
        };
        Self {
            shards,
            tags: vec![("kinesis-scaler/managed".to_owned(), "true".to_owned())],
            minutes: vec![idle; 62],
            mode: StreamMode::Provisioned,
            status: StreamStatus::Active,
            account: Some(AccountShards { open: shards, limit: 20_000 }),
            shard_metrics: false,
            windows: Fetched::Unavailable,
        }
    }

    fn each(mut self, change: impl Fn(&mut Minute)) -> Self {
        self.minutes.iter_mut().for_each(change);
        self
    }

    /// Bytes at this percent of the stream's capacity, in every minute.
    pub fn busy(self, percent: u64) -> Self {
        let bytes = u64::from(self.shards) * MIB_PER_MINUTE * percent / 100;
        self.each(|minute| minute.bytes = Some(bytes))
    }

    /// One minute, so long ago, was busier.
    pub fn peak_minutes_ago(mut self, ago: usize, percent: u64) -> Self {
        let i = self.minutes.len() - ago;
        self.minutes[i].bytes = Some(u64::from(self.shards) * MIB_PER_MINUTE * percent / 100);
        self
    }

    pub fn records_per_second(self, records: u64) -> Self {
        self.each(|minute| minute.records = Some(records * 60))
    }

    pub fn throttled_per_second(self, records: u64) -> Self {
        self.each(|minute| minute.throttled_records = Some(records * 60))
    }

    pub fn lag_ms(self, ms: u64) -> Self {
        self.each(|minute| minute.iterator_age_ms = Some(ms))
    }

    pub fn read_throttles(self, calls: u64) -> Self {
        self.each(|minute| minute.read_throttles = Some(calls))
    }

    pub fn read_mib_per_second(self, mib: u64) -> Self {
        self.each(|minute| minute.read_bytes = Some(mib * MIB_PER_MINUTE))
    }

    pub fn no_consumer(self) -> Self {
        self.each(|minute| (minute.iterator_age_ms, minute.read_bytes, minute.read_throttles) = (None, None, None))
    }

    pub fn only_a_consumer(self) -> Self {
        self.each(|minute| (minute.bytes, minute.records, minute.throttled_records) = (None, None, None))
    }

    pub fn unknown(self) -> Self {
        self.each(|minute| *minute = Minute::default())
    }

    /// Only the newest so many are known.
    pub fn known_minutes(mut self, known: usize) -> Self {
        let unknown = self.minutes.len() - known;
        self.minutes[..unknown].fill(Minute::default());
        self
    }

    /// The newest known minute began so long ago.
    pub fn newest_minutes_ago(mut self, ago: usize) -> Self {
        let known = self.minutes.len() + 1 - ago;
        self.minutes[known..].fill(Minute::default());
        self
    }

    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.push((format!("kinesis-scaler/{key}"), value.to_owned()));
        self
    }

    pub fn resized(self, letter: &str, seconds_ago: i64) -> Self {
        let at = NOW.as_second() - seconds_ago;
        let from = self.shards;
        self.tag("resizes", &format!("{letter}{at}={from}"))
    }

    /// So many resizes, an hour apart, the newest an hour ago.
    pub fn resizes_today(self, count: i64) -> Self {
        let words: Vec<_> =
            (1..=count).map(|hours| format!("o{}={}", NOW.as_second() - hours * 3_600, self.shards)).collect();
        self.tag("resizes", &words.join(" "))
    }

    /// So many resizes, an hour apart, of which the first began at `peak` shards.
    pub fn resized_from(self, peak: u32, count: i64) -> Self {
        let from = |hours| if hours == count { peak } else { self.shards };
        let words: Vec<_> =
            (1..=count).map(|hours| format!("i{}={}", NOW.as_second() - hours * 3_600, from(hours))).collect();
        self.tag("resizes", &words.join(" "))
    }

    pub fn consumer_stopped_minutes_ago(mut self, ago: usize) -> Self {
        let stopped = self.minutes.len() - ago;
        for minute in &mut self.minutes[stopped..] {
            (minute.iterator_age_ms, minute.read_bytes, minute.read_throttles) = (None, None, None);
        }
        self
    }

    pub fn unmanaged(mut self) -> Self {
        self.tags.clear();
        self
    }

    pub fn mode(mut self, mode: StreamMode) -> Self {
        self.mode = mode;
        self
    }

    pub fn status(mut self, status: StreamStatus) -> Self {
        self.status = status;
        self
    }

    pub fn account(mut self, open: u32, limit: u32) -> Self {
        self.account = Some(AccountShards { open, limit });
        self
    }

    pub fn account_unknown(mut self) -> Self {
        self.account = None;
        self
    }

    /// The metrics of its shards are sent, and may be looked at.
    pub fn measured(mut self) -> Self {
        self.shard_metrics = true;
        self.tag("shard-metrics", "true")
    }

    /// Its shards have these ranges, and each is wanted to take so many percent of what it can in every minute. What one is
    /// wanted to take above all that it can is throttled; that and all else is the stream's own, too.
    pub fn shards(mut self, shards: &[(HashKeyRange, u64)]) -> Self {
        let length = self.minutes.len();
        let window = |percent: u64| {
            let (accepted, over) = (percent.min(100), percent.saturating_sub(100));
            // Records of 1 KiB.
            let minute = Minute {
                bytes: Some(MIB_PER_MINUTE * accepted / 100),
                records: Some(60 * 1_024 * accepted / 100),
                throttled_records: Some(60 * 1_024 * over / 100),
                ..Minute::default()
            };
            MetricWindow { end: NOW, minutes: vec![minute; length] }
        };
        let windows = shards.iter().zip(0..).map(|((range, percent), i)| ShardWindow {
            shard: OpenShard { id: format!("shardId-{i:012}"), range: *range },
            window: window(*percent),
        });
        let windows: Vec<_> = windows.collect();
        let sum = |of: fn(&Minute) -> Option<u64>| {
            Some(windows.iter().filter_map(|shard| of(&shard.window.minutes[0])).sum::<u64>())
        };
        let (bytes, records, throttled) = (sum(|it| it.bytes), sum(|it| it.records), sum(|it| it.throttled_records));
        self.windows = Fetched::Known(windows);
        self.each(|minute| (minute.bytes, minute.records, minute.throttled_records) = (bytes, records, throttled))
    }

    /// Every shard throttles a record a second, in bursts that its minutes do not show.
    pub fn bursts(mut self) -> Self {
        let shards = self.windows();
        shards
            .iter_mut()
            .flat_map(|shard| &mut shard.window.minutes)
            .for_each(|minute| minute.throttled_records = Some(60));
        let throttled = 60 * u64::from(self.shards);
        self.each(|minute| minute.throttled_records = Some(throttled))
    }

    /// The same, of which nobody has looked at the shards.
    pub fn unlooked(mut self) -> Self {
        self.windows = Fetched::NotYet;
        self
    }

    /// The shards' own metrics are not there.
    pub fn shards_unknown(mut self) -> Self {
        for shard in self.windows() {
            shard.window.minutes.fill(Minute::default());
        }
        self
    }

    pub fn minutes(mut self, minutes: Vec<Minute>) -> Self {
        self.minutes = minutes;
        self
    }

    pub fn observe(&self) -> Observation {
        Observation {
            stream: StreamState {
                status: self.status,
                mode: self.mode,
                open_shards: ShardCount::new(self.shards).unwrap(),
                shard_metrics: self.shard_metrics,
            },
            tags: StreamTags::read(&self.tags),
            window: MetricWindow { end: NOW, minutes: self.minutes.clone() },
            plan: Fetched::Unavailable,
            account: self.account.into(),
            shards: self.windows.clone(),
        }
    }

    pub fn decide(&self, direction: Direction) -> Decision {
        self.ask(direction).unwrap()
    }

    /// What is decided, or what is needed for that.
    pub fn ask(&self, direction: Direction) -> Result<Decision, Need> {
        self.intend(Intent::Auto, direction)
    }

    pub fn intend(&self, intent: Intent, direction: Direction) -> Result<Decision, Need> {
        decide(&Policy::new(PolicySpec::default()).unwrap(), &self.observe(), intent, direction, NOW)
    }

    fn windows(&mut self) -> &mut [ShardWindow] {
        if let Fetched::Known(windows) = &mut self.windows { windows } else { &mut [] }
    }
}

/// The decision of a pass that an alarm causes, with all that it needs.
pub fn decided(policy: &Policy, seen: &Observation, direction: Direction, now: Timestamp) -> Decision {
    decide(policy, seen, Intent::Auto, direction, now).unwrap()
}
