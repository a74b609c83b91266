//! `shardctl keys sample`: a bounded look at what is written to a stream, and which keys of it are hot.

use kinesis_model::num::float;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, value_parser};
use jiff::{SignedDuration, Timestamp};
use kinesis_model::limits::{
    READ_BYTES_PER_SECOND_PER_SHARD, READ_CALLS_PER_SECOND_PER_SHARD, WRITE_BYTES_PER_SECOND_PER_SHARD,
    WRITE_RECORDS_PER_SECOND_PER_SHARD,
};
use kinesis_model::{OpenShard, hash_key, thousands};
use kinesis_producer::aggregation::{self, Aggregate, AggregateFault};
use operator_aws::{SampleLimits, SampledRecord};
use scaler_app::advice::{StreamCommand, operand};
use scaler_app::cloud::{Clock as _, Cloud as _, CloudWatch as _, Kinesis as _};
use scaler_core::{
    Direction, KeyLoad, Operation, Policy, PolicySpec, ReshardTerms, ShardCall, ShardLoad, ShardWindow, StreamTags,
    plan_reshard, shard_loads,
};
use serde::Serialize;

use crate::connection::{Connection, explained, in_aws};
use crate::options::{Output, stream_name};
use crate::report::write_json;
use crate::shown::shown;
use crate::table::{percent, table};
use kinesis_model::whole_minute;

/// Shards that are looked at where none are named.
const SHARDS_MAX: usize = 4;
/// One call of a shard's five a second, and an eighth of its bytes.
const PAUSE: Duration = Duration::from_secs(1);
const PAGE_BYTES: usize = 256 << 10;
/// Keys that are shown.
const SHOWN: usize = 15;
/// So many keys are too few to spread anything.
const FEW_KEYS: usize = 4;
/// A key that is split over several is to take no more of a shard than this.
const OF_A_SHARD: f64 = 0.5;

/// Read a bounded sample of what is written to a stream, and show its hottest keys.
///
/// Reads from the shards that throttle or are full, where shard-level metrics tell, else from four of them; or from those
/// named. It shares each shard's read throughput with all its consumers that use `GetRecords`, so it says beforehand what it
/// takes of it: at most one call in a second of the five that a shard answers, and an eighth of its bytes. Records that
/// the KPL put together are opened, and the report says where that failed. Nothing is written, and nothing of the data is shown but keys.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The stream.
    #[arg(long, value_name = "NAME", value_parser = stream_name)]
    stream: String,
    /// A shard to look at. Repeatable [default: hot ones].
    #[arg(long = "shard", value_name = "ID")]
    shards: Vec<String>,
    /// From so many minutes ago on; shards that were split or merged since are read as well.
    #[arg(long, value_name = "MINUTES", default_value_t = 10, value_parser = value_parser!(u32).range(1..=1_440))]
    since_minutes: u32,
    /// Records of each shard, at most.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = value_parser!(u32).range(1..=1_000_000))]
    records: u32,
    /// MiB of each shard, about.
    #[arg(long, value_name = "MIB", default_value_t = 2, value_parser = value_parser!(u32).range(1..=1_000))]
    mib: u32,
    /// Only say what would be read, and what that takes.
    #[arg(long)]
    dry_run: bool,
    /// The form of the answer; json is for programs.
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    output: Output,
}

/// What was seen.
#[derive(Serialize)]
struct Report {
    stream: String,
    shards: Vec<ShardReport>,
    records: usize,
    /// Of those, records that several were put together in.
    aggregated: usize,
    /// Of those, records that begin as such and could not be opened: each counts as one, of its own key.
    unopened: usize,
    /// How many of these for each reason.
    unopened_because: BTreeMap<String, usize>,
    /// Of the records inside, those whose explicit hash key is no number.
    odd_hash_keys: usize,
    /// Records inside those and beside them.
    user_records: usize,
    /// Records that an explicit hash key put where they are.
    with_explicit_hash_key: usize,
    distinct_keys: usize,
    hottest_keys: Vec<HotKey>,
    /// The first split of each shard that is over its target, by the keys seen; `null` without shard-level metrics.
    splits: Option<Vec<Split>>,
    advice: Vec<String>,
}

/// What a dry run says.
#[derive(Serialize)]
struct WouldRead<'a> {
    would_read: &'a str,
}

/// A split that would help.
#[derive(Serialize)]
struct Split {
    shard: String,
    /// The first hash key of its upper part.
    at: String,
    command: String,
}

#[derive(Serialize)]
struct ShardReport {
    shard: String,
    /// What is wanted of it, of what a shard takes; `null` without shard-level metrics.
    load: Option<f64>,
    records: usize,
    bytes: usize,
}

/// A key of the sample.
#[derive(Serialize)]
struct HotKey {
    key: String,
    shard: String,
    /// Of the records sampled of its shard, 0 to 1.
    share: f64,
    /// Of their bytes.
    bytes_share: f64,
    /// What it takes of a shard, by its share and the shard's load.
    of_a_shard: f64,
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    in_aws(async {
        let connection = Connection::new().await?;
        let open =
            connection.cloud.kinesis().open_shards(&arguments.stream).await.map_err(|error| explained(&error))?;
        let policy = policy(&connection, &arguments.stream).await?;
        let loads = loads(&connection, &policy, &arguments.stream, &open).await?;
        let since = since(&connection, arguments);
        let closed = closed_since(&connection, &arguments.stream, since, &open).await?;
        let chosen = with_parents(chosen(arguments, &open, &closed, loads.as_deref())?, &closed);
        // Before anything is read.
        let takes = takes(arguments, &chosen);
        match arguments.output {
            Output::Json if arguments.dry_run => return write_json(&WouldRead { would_read: &takes }, out),
            Output::Json => {}
            Output::Table => writeln!(out, "{takes}\n").and_then(|()| out.flush())?,
        }
        if arguments.dry_run {
            return Ok(());
        }
        let mut samples = Vec::with_capacity(chosen.len());
        for shard in chosen {
            let read = connection.operator.sample(&arguments.stream, &shard.id, since, arguments.limits()).await;
            let records = read.map_err(|error| explained(&error))?;
            if let (Some(busy), Output::Table) = (&records.cut_short_by, arguments.output) {
                writeln!(out, "{}: only {} records were read: {busy}\n", shard.id, records.len())?;
            }
            let its = |load: &&ShardLoad| load.shard.id == shard.id;
            let load = loads.as_ref().and_then(|loads| loads.iter().find(its)).map(|load| load.load);
            samples.push(Sample::of(shard.clone(), load, &records));
        }
        let mut report = Report::of(&arguments.stream, &samples);
        report.splits = loads.map(|loads| splits(&policy, &loads, &samples, &arguments.stream, &connection.region));
        match arguments.output {
            Output::Json => write_json(&report, out),
            Output::Table => report.tell(out),
        }
    })
}

impl Arguments {
    fn limits(&self) -> SampleLimits {
        let (records, bytes) = (self.records as usize, (self.mib as usize) << 20);
        SampleLimits { records, bytes, page_bytes: PAGE_BYTES, pause: PAUSE }
    }
}

fn since(connection: &Connection, arguments: &Arguments) -> Timestamp {
    let now = connection.cloud.clock().now();
    now.checked_sub(SignedDuration::from_mins(i64::from(arguments.since_minutes))).unwrap_or(Timestamp::MIN)
}

/// What applies to the stream, by its own tags; where those are not understood, as the functions are deployed.
async fn policy(connection: &Connection, stream: &str) -> Result<Policy> {
    let tags = connection.cloud.kinesis().tags(stream).await.map_err(|error| explained(&error))?;
    let enrolment = StreamTags::read(&tags);
    let deployed = Policy::new(PolicySpec::default()).expect("the default is a policy");
    Ok(enrolment.policy(&deployed).unwrap_or(deployed))
}

/// What is wanted of each shard, where their metrics are sent.
async fn loads(
    connection: &Connection,
    policy: &Policy,
    stream: &str,
    open: &[OpenShard],
) -> Result<Option<Vec<ShardLoad>>> {
    let cloud = &connection.cloud;
    if !cloud.kinesis().describe(stream).await.map_err(|error| explained(&error))?.shard_metrics {
        return Ok(None);
    }
    let (end, ids): (_, Vec<_>) =
        (whole_minute(cloud.clock().now()), open.iter().map(|shard| shard.id.clone()).collect());
    let minutes = policy.window_minutes(Direction::Out);
    let mut windows =
        cloud.cloudwatch().shard_windows(stream, &ids, end, minutes).await.map_err(|error| explained(&error))?;
    let window = |shard: &OpenShard| Some(ShardWindow { window: windows.remove(&shard.id)?, shard: shard.clone() });
    Ok(shard_loads(&open.iter().filter_map(window).collect::<Vec<_>>(), Timestamp::MIN))
}

/// The shards that were open then and are closed by now, the oldest first.
async fn closed_since(
    connection: &Connection,
    stream: &str,
    since: Timestamp,
    open: &[OpenShard],
) -> Result<Vec<OpenShard>> {
    let shards = connection.operator.shards_since(stream, since).await.map_err(|error| explained(&error))?;
    let mut closed: Vec<_> = shards.into_iter().filter(|shard| open.iter().all(|open| open.id != shard.id)).collect();
    closed.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(closed)
}

/// These shards, and before them those closed ones whose keys are theirs now: what was written before a split or merge is in them.
fn with_parents<'a>(mut chosen: Vec<&'a OpenShard>, closed: &'a [OpenShard]) -> Vec<&'a OpenShard> {
    let overlaps = |one: &OpenShard, other: &OpenShard| {
        one.range.contains(other.range.first()) || other.range.contains(one.range.first())
    };
    let is_parent = |shard: &&OpenShard| {
        let is_named = chosen.iter().any(|chosen| chosen.id == shard.id);
        !is_named && chosen.iter().any(|chosen| overlaps(chosen, shard))
    };
    let mut all: Vec<_> = closed.iter().filter(is_parent).collect();
    all.append(&mut chosen);
    all
}

/// The shards to look at.
fn chosen<'a>(
    arguments: &Arguments,
    open: &'a [OpenShard],
    closed: &'a [OpenShard],
    loads: Option<&[ShardLoad]>,
) -> Result<Vec<&'a OpenShard>> {
    let find = |id: &str| open.iter().find(|shard| shard.id == id);
    if !arguments.shards.is_empty() {
        let named: BTreeSet<_> = arguments.shards.iter().collect();
        let named = named.into_iter().map(|id| {
            find(id).or_else(|| closed.iter().find(|shard| shard.id == *id)).ok_or_else(|| {
                anyhow::anyhow!(
                    "stream {} has no shard {id} that was open in the last {} minutes: see shardctl status {0}, or look \
                     further back with --since-minutes",
                    arguments.stream,
                    arguments.since_minutes
                )
            })
        });
        return named.collect();
    }
    let mut loads: Vec<_> = loads.unwrap_or_default().iter().collect();
    if loads.is_empty() {
        // Any of them, spread over the ring.
        let step = open.len().div_ceil(SHARDS_MAX).max(1);
        return Ok(open.iter().step_by(step).collect());
    }
    loads.sort_by(|a, b| (b.throttled_records > 0).cmp(&(a.throttled_records > 0)).then(b.load.total_cmp(&a.load)));
    let busiest = loads.iter().take(SHARDS_MAX).filter_map(|load| find(&load.shard.id));
    let hot: Vec<_> = busiest.collect();
    Ok(hot)
}

/// What is read, and what it takes of those who read as well.
fn takes(arguments: &Arguments, shards: &[&OpenShard]) -> String {
    let ids: Vec<_> = shards.iter().map(|shard| shard.id.as_str()).collect();
    let bytes_percent = 100 * PAGE_BYTES as u64 / READ_BYTES_PER_SECOND_PER_SHARD;
    format!(
        "reads at most {} records or about {} MiB of each of {}; while that takes, one of the {READ_CALLS_PER_SECOND_PER_SHARD} calls \
         and about {bytes_percent} % of the bytes that a shard gives all its classic consumers in a second",
        thousands(u64::from(arguments.records)),
        arguments.mib,
        ids.join(", ")
    )
}

/// What was read of one shard.
struct Sample {
    shard: OpenShard,
    /// What is wanted of it, of what a shard takes: by its metrics, or by the records' own times.
    load: f64,
    measured: Option<f64>,
    records: usize,
    bytes: usize,
    aggregated: usize,
    unopened: BTreeMap<AggregateFault, usize>,
    odd_hash_keys: usize,
    user_records: usize,
    keys: HashMap<String, (usize, usize)>,
    /// By the keys that chose the shard.
    outer: HashMap<String, (usize, usize)>,
    /// Records whose key's MD5 is not on the shard: an explicit hash key chose it, which readers are not told.
    elsewhere: usize,
}

impl Sample {
    fn of(shard: OpenShard, measured: Option<f64>, records: &[SampledRecord]) -> Self {
        let mut sample = Self {
            shard,
            load: measured.unwrap_or_else(|| rate(records)),
            measured,
            records: records.len(),
            bytes: 0,
            aggregated: 0,
            unopened: BTreeMap::new(),
            odd_hash_keys: 0,
            user_records: 0,
            keys: HashMap::new(),
            outer: HashMap::new(),
            elsewhere: 0,
        };
        for record in records {
            let bytes = record.partition_key.len() + record.data.len();
            sample.bytes += bytes;
            count(&mut sample.outer, &record.partition_key, bytes);
            sample.elsewhere += usize::from(!sample.shard.range.contains(hash_key(&record.partition_key)));
            match aggregation::decode(&record.data) {
                Ok(Some(inside)) => sample.opened(inside),
                Ok(None) => sample.own(record),
                Err(fault) => {
                    *sample.unopened.entry(fault).or_default() += 1;
                    sample.own(record);
                }
            }
        }
        sample
    }

    fn own(&mut self, record: &SampledRecord) {
        self.user_records += 1;
        count(&mut self.keys, &record.partition_key, record.partition_key.len() + record.data.len());
    }

    fn opened(&mut self, inside: Aggregate) {
        self.aggregated += 1;
        self.user_records += inside.records.len();
        self.odd_hash_keys += inside.odd_hash_keys;
        for user in inside.records {
            count(&mut self.keys, &user.partition_key, user.partition_key.len() + user.data.len());
        }
    }

    /// The share that a key has of what binds the shard: of its records, or of its bytes.
    fn share(&self, (records, bytes): (usize, usize)) -> (f64, f64) {
        (float(records) / float(self.user_records.max(1)), float(bytes) / float(self.bytes.max(1)))
    }

    /// The loads of the keys that lie on this shard by their own hash, for a plan.
    fn key_loads(&self) -> Vec<KeyLoad> {
        let load = |(key, counts): (&String, &(usize, usize))| {
            let (_, bytes_share) = self.share(*counts);
            let records_share = float(counts.0) / float(self.records.max(1));
            KeyLoad { hash_key: hash_key(key), load: self.load * records_share.max(bytes_share) }
        };
        self.outer.iter().map(load).filter(|key| self.shard.range.contains(key.hash_key)).collect()
    }
}

fn count(keys: &mut HashMap<String, (usize, usize)>, key: &str, bytes: usize) {
    if let Some((records, all)) = keys.get_mut(key) {
        (*records, *all) = (*records + 1, *all + bytes);
    } else {
        keys.insert(key.to_owned(), (1, bytes));
    }
}

/// What records fill of a shard, by when they came.
fn rate(records: &[SampledRecord]) -> f64 {
    let arrived = || records.iter().filter_map(|record| record.arrived);
    let (Some(first), Some(last)) = (arrived().min(), arrived().max()) else { return 0.0 };
    // Times are told in whole seconds at best.
    let seconds = last.duration_since(first).as_secs_f64().max(1.0);
    let bytes: usize = records.iter().map(|record| record.partition_key.len() + record.data.len()).sum();
    let of_records = float(records.len()) / seconds / float(WRITE_RECORDS_PER_SECOND_PER_SHARD);
    of_records.max(float(bytes) / seconds / float(WRITE_BYTES_PER_SECOND_PER_SHARD))
}

impl Report {
    fn of(stream: &str, samples: &[Sample]) -> Self {
        let mut hottest_keys: Vec<HotKey> = Vec::new();
        let mut distinct = HashSet::new();
        for sample in samples {
            for (key, counts) in &sample.keys {
                distinct.insert(key);
                let (share, bytes_share) = sample.share(*counts);
                hottest_keys.push(HotKey {
                    key: key.clone(),
                    shard: sample.shard.id.clone(),
                    share,
                    bytes_share,
                    of_a_shard: sample.load * share.max(bytes_share),
                });
            }
        }
        hottest_keys.sort_by(|a, b| b.of_a_shard.total_cmp(&a.of_a_shard).then_with(|| a.key.cmp(&b.key)));
        hottest_keys.truncate(SHOWN);
        let sum = |of: fn(&Sample) -> usize| samples.iter().map(of).sum();
        let shard = |sample: &Sample| ShardReport {
            shard: sample.shard.id.clone(),
            load: sample.measured,
            records: sample.records,
            bytes: sample.bytes,
        };
        let distinct_keys = distinct.len();
        let mut unopened_because = BTreeMap::new();
        for (fault, records) in samples.iter().flat_map(|sample| &sample.unopened) {
            *unopened_because.entry(fault.to_string()).or_default() += records;
        }
        let user_records = sum(|sample| sample.user_records);
        Self {
            stream: stream.to_owned(),
            shards: samples.iter().map(shard).collect(),
            records: sum(|sample| sample.records),
            aggregated: sum(|sample| sample.aggregated),
            unopened: unopened_because.values().sum(),
            unopened_because,
            odd_hash_keys: sum(|sample| sample.odd_hash_keys),
            user_records,
            with_explicit_hash_key: sum(|sample| sample.elsewhere),
            distinct_keys,
            splits: None,
            advice: advice(stream, &hottest_keys, samples, distinct_keys),
            hottest_keys,
        }
    }

    fn tell(&self, out: &mut impl Write) -> Result<()> {
        let shards = self.shards.iter().map(|shard| {
            let load = shard.load.map_or_else(|| "?".to_owned(), |load| percent(load, 0));
            [shard.shard.clone(), load, thousands(shard.records as u64), thousands(shard.bytes as u64)]
        });
        writeln!(out, "{}\n", table(["shard", "wanted", "records", "bytes"], shards))?;
        self.tell_aggregated(out)?;
        let measured = self.shards.iter().all(|shard| shard.load.is_some());
        let of_a_shard = if measured { "of a shard" } else { "of a shard, by its times" };
        let keys = self.hottest_keys.iter().map(|key| {
            [
                shown(&key.key),
                key.shard.clone(),
                percent(key.share, 1),
                percent(key.bytes_share, 1),
                percent(key.of_a_shard, 1),
            ]
        });
        let what = if self.distinct_keys == 1 { "key" } else { "keys" };
        writeln!(out, "hottest of {} {what}", thousands(self.distinct_keys as u64))?;
        writeln!(out, "{}\n", table(["key", "shard", "of its records", "of its bytes", of_a_shard], keys))?;
        for advice in &self.advice {
            writeln!(out, "{advice}")?;
        }
        match self.splits.as_deref() {
            None => writeln!(
                out,
                "without shard-level metrics it is not known which shards are full: shardctl status {}",
                self.stream
            )?,
            Some([]) => writeln!(out, "no split is needed: every shard is under its target, or has only one hot key")?,
            Some(splits) => {
                writeln!(
                    out,
                    "splits that help, by where the keys lie; one at a time, and look again when the stream is ACTIVE:"
                )?;
                for Split { command, .. } in splits {
                    writeln!(out, "  {command}")?;
                }
            }
        }
        Ok(())
    }
}

impl Report {
    /// What was put together by the KPL, and what of it could not be taken apart.
    fn tell_aggregated(&self, out: &mut impl Write) -> Result<()> {
        if self.aggregated > 0 {
            let (aggregated, inside) = (thousands(self.aggregated as u64), thousands(self.user_records as u64));
            writeln!(out, "{aggregated} records are several put together by the KPL; opened, there are {inside}")?;
        }
        if self.odd_hash_keys > 0 {
            let odd = thousands(self.odd_hash_keys as u64);
            writeln!(
                out,
                "{odd} records in them name an explicit hash key that is no number: they count by their keys"
            )?;
        }
        for (why, records) in &self.unopened_because {
            let records = thousands(*records as u64);
            writeln!(
                out,
                "{records} begin as the KPL's and could not be opened, and count as one of their own key each: {why}"
            )?;
        }
        if self.aggregated + self.unopened > 0 {
            writeln!(out)?;
        }
        Ok(())
    }
}

/// The first of the fewest splits, by what was seen of the keys.
fn splits(policy: &Policy, loads: &[ShardLoad], samples: &[Sample], stream: &str, region: &str) -> Vec<Split> {
    let terms = ReshardTerms { shards_min: u32::MAX, ..ReshardTerms::of(policy) };
    let mut keys: Vec<KeyLoad> = samples.iter().flat_map(Sample::key_loads).collect();
    keys.sort_by_key(|key| key.hash_key);
    let plan = plan_reshard(loads, &keys, &terms);
    // Of each shard the first: its parts have names when they are there.
    let mut split_already = HashSet::new();
    let split = |operation: &Operation| match operation.on(loads.iter().map(|load| &load.shard))? {
        ShardCall::Split { shard, at } => {
            let command = StreamCommand::Split { shard: &shard, at }.text(Some(region), stream);
            Some(Split { shard, at: at.to_string(), command })
        }
        ShardCall::Merge { .. } => None,
    };
    plan.operations.iter().filter_map(split).filter(|split| split_already.insert(split.shard.clone())).collect()
}

/// What could be done about it.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a load is finite and not negative, a sample bounded"
)]
fn advice(stream: &str, hottest: &[HotKey], samples: &[Sample], distinct: usize) -> Vec<String> {
    let Some(first) = hottest.first() else {
        return vec!["nothing was written to these shards in that time: --since-minutes looks back further".to_owned()];
    };
    let (records, user_records) =
        samples.iter().fold((0, 0), |(all, users), it| (all + it.records, users + it.user_records));
    let elsewhere: usize = samples.iter().map(|sample| sample.elsewhere).sum();
    let is_measured = samples.iter().all(|sample| sample.measured.is_some());
    let mut advice = Vec::new();
    for key in hottest.iter().filter(|key| key.of_a_shard > OF_A_SHARD) {
        let parts = (key.of_a_shard / OF_A_SHARD).ceil() as u64;
        advice.push(format!(
            "{0} takes {1} of a shard by itself, and no count of shards gives one key more than one: write it under {parts} keys, \
             {0}/0 to {0}/{2} in turn; order is then kept within each of them only",
            shown(&key.key),
            percent(key.of_a_shard, 0),
            parts - 1
        ));
    }
    if distinct <= FEW_KEYS && user_records > 100 * FEW_KEYS {
        advice.push(format!(
            "only {distinct} keys in {} records: whatever the shards, so many take all; choose a key with more values (shardctl keys \
             compare shows five ways)",
            thousands(user_records as u64)
        ));
    }
    if elsewhere > 0 {
        advice.push(format!(
            "{} of the records are not where the MD5 of their key lies: explicit hash keys put them there, which readers are not told; \
             where those lie together, no split helps",
            percent(float(elsewhere) / float(records.max(1)), 0)
        ));
    }
    if advice.is_empty() {
        let (key, share) = (shown(&first.key), percent(first.share.max(first.bytes_share), 1));
        advice.push(if is_measured {
            let of_a_shard = percent(first.of_a_shard, 1);
            let stream = operand(stream);
            format!(
                "no key is hot: {key} is the hottest, with {of_a_shard} of a shard. If a shard is, a split helps: shardctl scale {stream} \
                 rebalance"
            )
        } else {
            format!("{key} is the hottest, with {share} of what its shard took; how full the shard is, is not known")
        });
    }
    advice
}
