// SPDX-License-Identifier: Apache-2.0
//! `shardctl status`: how a stream stands, and what the functions would do with it now. Changes nothing.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write;

use anyhow::{Result, bail};
use billing::prices::{Item, PriceSheet};
use clap::Args;
use jiff::Timestamp;
use kinesis_model::limits::{RESIZES_PER_DAY, SHARD_METRICS, TAGS_PER_STREAM_MAX};
use kinesis_model::{OpenShard, ShardCount, StreamMode};
use operator_aws::{AlarmState, StreamDetails};
use scaler_app::advice::StreamCommand;
use scaler_app::cloud::{CallError, Clock as _, Cloud as _, Failure, Kinesis as _};
use scaler_app::{Outcome, reconcile};
use scaler_core::{
    ALARM_PREFIX, Attempt, AttemptKind, Direction, HotShardKind, Intent, Policy, ShardWindow, StreamTags, TAG_MANAGED,
    TAG_NOTICES, TAG_RESIZES, classify_hot_shards, shard_loads,
};
use serde::Serialize;

use crate::connection::{Connection, explained, in_aws};
use crate::load::{ASKED_MINUTES, Load, or_dash};
use crate::options::{Output, stream_name};
use crate::report::write_json;
use crate::settings::{StackOptions, in_words as settings_in_words};
use crate::stack::{StackPolicy, stack_policy};
use crate::table::{percent, table};
use crate::waiting::word;
use kinesis_model::whole_minute;

/// Shards that are shown to a person, the busiest first; programs get all.
const SHARDS_SHOWN: usize = 20;

/// Show a stream's state, and what kinesis-scaler would do with it now; without a name, show all managed streams.
///
/// Changes nothing. What cannot be read is left out and named. The load is that of the last minutes that CloudWatch
/// has, throttled records included; lag is known only for consumers that use `GetRecords`. The deployed code decides
/// what would be done, with the settings that the stack's alarms have or those given here. Reading costs less than a
/// cent.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The stream [default: every stream that has the tag kinesis-scaler/managed, one line for each].
    #[arg(value_name = "NAME", value_parser = stream_name)]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) stack: StackOptions,
    /// The form of the answer; json is for programs.
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    pub(crate) output: Output,
}

/// A stream, as far as it could be read.
#[derive(Serialize)]
struct Status<'a> {
    stream: &'a str,
    region: String,
    at: String,
    #[serde(flatten)]
    seen: Option<Seen>,
    managed: Option<bool>,
    tags: Option<BTreeMap<String, String>>,
    /// Tags of ours that the functions cannot understand, and contradictions: while there are any they leave it alone.
    tag_faults: Vec<String>,
    /// The tags of ours for which the stream has no room.
    no_room_for: Vec<&'static str>,
    /// What applies to it, by the names of the settings; `null` where its tags could not be read or are wrong.
    settings: Option<BTreeMap<&'static str, String>>,
    #[serde(skip)]
    settings_in_words: Option<String>,
    /// The stack whose alarms told them; `null` where the caller gave them, or nobody told any.
    settings_of_stack: Option<String>,
    /// That the stack's own are not known, or not all of them, and what to do.
    settings_warning: Option<String>,
    load: Option<Load>,
    /// `null` where shard-level metrics are not enabled.
    shards: Option<Vec<ShardStatus>>,
    resizes_left: Option<u32>,
    next_resize_free_at: Option<String>,
    attempts: Vec<AttemptReport>,
    alarms: Option<Vec<AlarmReport>>,
    decisions: Decisions,
    /// What could not be read, and why.
    missing: Vec<String>,
}

#[derive(Serialize)]
struct Seen {
    mode: &'static str,
    status: &'static str,
    open_shards: u32,
    retention_hours: u32,
    fan_out_consumers: u32,
    shard_metrics: Vec<String>,
}

#[derive(Serialize)]
struct ShardStatus {
    shard: String,
    /// Share of the hash keys, 0 to 1.
    keys_share: f64,
    #[serde(flatten)]
    load: Load,
    /// `hot`, `wide`, `one-key` or `even` where it throttles or takes more than is bearable; `null` where it does not, or
    /// not all is sent that tells.
    hot_because: Option<&'static str>,
    #[serde(skip)]
    hot_in_words: Option<String>,
}

#[derive(Serialize)]
struct AttemptReport {
    at: String,
    what: &'static str,
    from: u32,
    to: Option<u32>,
}

#[derive(Serialize)]
struct AlarmReport {
    name: String,
    state: String,
    since: Option<String>,
}

/// What a pass in each direction would come to.
#[derive(Serialize)]
struct Decisions {
    scale_out: Outcome,
    scale_in: Outcome,
}

pub(crate) fn run(name: &str, arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    let status = in_aws(look(name, &arguments.stack))?;
    match arguments.output {
        Output::Json => write_json(&status, out),
        Output::Table => status.tell(out),
    }
}

/// Keeps what could be read, and notes what could not.
pub(crate) fn kept<T>(read: Result<T, CallError>, what: &str, missing: &mut Vec<String>) -> Option<T> {
    read.map_err(|error| missing.push(format!("{what}: {}", explained(&error)))).ok()
}

async fn look<'a>(name: &'a str, options: &StackOptions) -> Result<Status<'a>> {
    let connection = Connection::new().await?;
    let (cloud, operator) = (&connection.cloud, &connection.operator);
    let (now, mut missing) = (cloud.clock().now(), Vec::new());
    let details = match operator.details(name).await {
        // Then there is nothing to show, or nobody who would.
        Err(error)
            if matches!(error.failure, Failure::NotFound | Failure::Unauthenticated(_))
                || error.failure.is_uncertain() =>
        {
            bail!(explained(&error))
        }
        details => kept(details, "mode, status and shards", &mut missing),
    };
    let alarms = kept(operator.alarms(&format!("{ALARM_PREFIX}{name}/")).await, "alarms", &mut missing);
    let StackPolicy { policy: stack, policy_source } =
        stack_policy(&connection, options, None, alarms.as_deref()).await?;
    let stack = &stack;
    let tags = kept(cloud.kinesis().tags(name).await, "tags, settings and resizes", &mut missing);
    let stream_tags = tags.as_ref().map(|tags| StreamTags::read(tags));
    let end = whole_minute(now);
    let windows = operator.windows(&[name.to_owned()], end, ASKED_MINUTES).await;
    let window = kept(windows, "load", &mut missing).and_then(|mut windows| windows.remove(name));
    let capacity = details.as_ref().and_then(provisioned);
    let shards = match &details {
        Some(details) if !details.shard_metrics.is_empty() => {
            // Tags that are wrong are told above; the stack's own target is as good as any.
            let policy = stream_tags.as_ref().and_then(|stream_tags| stream_tags.policy(stack).ok()).unwrap_or(*stack);
            let judging = details.state.shard_metrics.then_some(&policy);
            kept(shard_statuses(&connection, name, end, judging).await, "load of the shards", &mut missing)
        }
        _ => None,
    };
    if details.is_none() && tags.is_none() && window.is_none() && alarms.is_none() {
        bail!("stream {name} cannot be read:\n  {}", missing.join("\n  "));
    }
    let history = stream_tags.as_ref().map(|stream_tags| &stream_tags.history);
    let policy = stream_tags.as_ref().and_then(|stream_tags| stream_tags.policy(stack).ok());
    Ok(Status {
        stream: name,
        region: connection.region.clone(),
        at: now.strftime("%FT%TZ").to_string(),
        seen: details.as_ref().map(Seen::of),
        managed: stream_tags.as_ref().map(|stream_tags| stream_tags.managed),
        tag_faults: stream_tags.as_ref().map(|stream_tags| tag_faults(stream_tags, stack)).unwrap_or_default(),
        no_room_for: stream_tags.as_ref().map(StreamTags::no_room_for).unwrap_or_default(),
        settings: policy.map(|policy| policy.variables().into_iter().collect()),
        settings_in_words: policy.map(|policy| settings_in_words(&policy)),
        settings_of_stack: policy_source.stack().map(str::to_owned),
        settings_warning: policy_source.warning(),
        load: window.map(|window| Load::of(&window, capacity)),
        shards,
        resizes_left: history.map(|history| RESIZES_PER_DAY.saturating_sub(history.spent(now))),
        next_resize_free_at: history.and_then(|history| history.next_free(now)).map(|at| at.to_string()),
        attempts: history.iter().flat_map(|history| history.attempts()).map(AttemptReport::of).collect(),
        alarms: alarms.map(|alarms| alarms.iter().map(AlarmReport::of).collect()),
        decisions: decisions(&connection, name, stack).await,
        tags: tags.map(|tags| tags.into_iter().collect()),
        missing,
    })
}

/// The capacity that can be told in shards.
fn provisioned(details: &StreamDetails) -> Option<ShardCount> {
    match details.state.mode {
        StreamMode::Provisioned => Some(details.state.open_shards),
        StreamMode::OnDemand => None,
    }
}

fn tag_faults(stream_tags: &StreamTags, stack: &Policy) -> Vec<String> {
    let contradictions = stream_tags.policy(stack).err().unwrap_or_default();
    let faults = stream_tags.faults.iter().map(ToString::to_string);
    faults.chain(contradictions.iter().map(ToString::to_string)).collect()
}

/// The deployed pass as a dry run, which writes no tag, resizes nothing, and touches no alarm.
async fn decisions(connection: &Connection, name: &str, stack: &Policy) -> Decisions {
    let cloud = &connection.cloud;
    let of = async |direction| {
        reconcile(cloud, &connection.function_state, stack, name, Intent::DryRun, direction, None).await
    };
    Decisions { scale_out: of(Direction::Out).await, scale_in: of(Direction::In).await }
}

/// The load of every open shard, the busiest first, and what is the matter with it by this policy; `None` where not all
/// is sent that tells.
async fn shard_statuses(
    connection: &Connection,
    name: &str,
    end: Timestamp,
    policy: Option<&Policy>,
) -> Result<Vec<ShardStatus>, CallError> {
    let open = connection.cloud.kinesis().open_shards(name).await?;
    let ids: Vec<_> = open.iter().map(|shard| shard.id.clone()).collect();
    let mut windows = connection.operator.shard_windows(name, &ids, end, ASKED_MINUTES).await?;
    let with_window = |shard: OpenShard| windows.remove(&shard.id).map(|window| ShardWindow { shard, window });
    let shards: Vec<_> = open.into_iter().filter_map(with_window).collect();
    let loads = policy.and_then(|_| shard_loads(&shards, Timestamp::MIN)).unwrap_or_default();
    let hot = policy.map(|policy| classify_hot_shards(policy, &loads)).unwrap_or_default();
    let status = |ShardWindow { shard, window }: &ShardWindow| {
        let kind = hot.iter().find(|(load, _)| load.shard.id == shard.id).map(|(_, kind)| *kind);
        ShardStatus {
            shard: shard.id.clone(),
            keys_share: shard.range.share(),
            load: Load::of(window, Some(ShardCount::ONE)),
            hot_because: kind.map(kind_word),
            hot_in_words: kind.map(|kind| kind.to_string()),
        }
    };
    let mut shards: Vec<_> = shards.iter().map(status).collect();
    shards.sort_by_key(|shard| std::cmp::Reverse(shard.load.busiest_percent));
    Ok(shards)
}

/// For programs.
fn kind_word(kind: HotShardKind) -> &'static str {
    match kind {
        HotShardKind::Even => "even",
        HotShardKind::WideRange => "wide",
        HotShardKind::HotRange => "hot",
        HotShardKind::HotKey => "one-key",
    }
}

impl Seen {
    fn of(details: &StreamDetails) -> Self {
        Self {
            mode: mode_word(details.state.mode),
            status: word(details.state.status),
            open_shards: details.state.open_shards.get(),
            retention_hours: details.retention_hours,
            fan_out_consumers: details.fan_out_consumers,
            shard_metrics: details.shard_metrics.clone(),
        }
    }
}

pub(crate) fn mode_word(mode: StreamMode) -> &'static str {
    match mode {
        StreamMode::Provisioned => "provisioned",
        StreamMode::OnDemand => "on-demand",
    }
}

impl AttemptReport {
    fn of(attempt: &Attempt) -> Self {
        let what = match attempt.kind {
            AttemptKind::Unanswered(Direction::Out) => "scale-out-unanswered",
            AttemptKind::Unanswered(Direction::In) => "scale-in-unanswered",
            AttemptKind::NotMade => "not-made",
            AttemptKind::DailyLimitReached => "day-spent",
            AttemptKind::ScaleOut => "scale-out",
            AttemptKind::ScaleIn => "scale-in",
            AttemptKind::Refused => "refused",
            AttemptKind::External => "by-somebody-else",
            AttemptKind::SplitOrMerge => "step-by-step",
        };
        let to = attempt.to.map(ShardCount::get);
        Self { at: attempt.at.to_string(), what, from: attempt.from.get(), to }
    }
}

impl AlarmReport {
    fn of(alarm: &AlarmState) -> Self {
        let AlarmState { name, state, since, .. } = alarm;
        Self { name: name.clone(), state: state.clone(), since: since.map(|since| since.to_string()) }
    }
}

impl Status<'_> {
    fn tell(&self, out: &mut impl Write) -> Result<()> {
        writeln!(out, "{}", self.heading())?;
        self.tell_settings(out)?;
        if let Some(load) = &self.load {
            writeln!(out, "\nload of the last minutes\n{load}")?;
        }
        self.tell_shards(out)?;
        self.tell_resizes(out)?;
        self.tell_alarms(out)?;
        let Decisions { scale_out, scale_in } = &self.decisions;
        writeln!(out, "\nwhat the functions would do now, by these settings")?;
        // What stands against any change is told once.
        if scale_out.words == scale_in.words {
            writeln!(out, "  {}", scale_out.in_words())?;
        } else {
            writeln!(out, "  scale-out: {}\n  scale-in: {}", scale_out.in_words(), scale_in.in_words())?;
        }
        for fault in scale_out.faults.iter().chain(&scale_in.faults) {
            writeln!(out, "  also: {fault}")?;
        }
        for missing in &self.missing {
            writeln!(out, "\nmissing: {missing}")?;
        }
        Ok(())
    }

    fn heading(&self) -> String {
        let Some(seen) = &self.seen else { return format!("{} at {}", self.stream, self.at) };
        let Seen { mode, status, open_shards, retention_hours, fan_out_consumers, .. } = seen;
        format!(
            "{}: {mode}, {status}, open shards {open_shards}, retention {retention_hours} h, consumers with enhanced \
             fan-out {fan_out_consumers}",
            self.stream
        )
    }

    fn tell_settings(&self, out: &mut impl Write) -> Result<()> {
        let Some(tags) = &self.tags else { return Ok(()) };
        match self.managed {
            Some(true) => writeln!(out, "managed by kinesis-scaler")?,
            _ => writeln!(
                out,
                "not managed: {} enrols it",
                StreamCommand::Tag(&format!("{TAG_MANAGED}=true")).text(Some(&self.region), self.stream)
            )?,
        }
        let is_memory = |key: &str| key == TAG_RESIZES || key == TAG_NOTICES;
        let tags = tags.iter().filter(|(key, _)| !is_memory(key)).map(|(key, value)| format!("{key}={value}"));
        writeln!(out, "tags: {}", joined(tags))?;
        if let Some(settings) = &self.settings_in_words {
            let policy_source =
                self.settings_of_stack.as_ref().map(|stack| format!(" (of stack {stack})")).unwrap_or_default();
            writeln!(out, "settings: {settings}{policy_source}")?;
        }
        if let Some(warning) = &self.settings_warning {
            writeln!(out, "{warning}")?;
        }
        for fault in &self.tag_faults {
            writeln!(out, "wrong: {fault}; the functions do not change the stream until this is corrected")?;
        }
        for tag in &self.no_room_for {
            writeln!(out, "wrong: all {TAGS_PER_STREAM_MAX} tags are in use and the functions need {tag}: remove one")?;
        }
        Ok(())
    }

    fn tell_shards(&self, out: &mut impl Write) -> Result<()> {
        if let Some(shards) = &self.shards {
            let shown = shards.iter().take(SHARDS_SHOWN).map(|shard| {
                let [bytes, records, used, throttled, lag] = shard.load.cells();
                let keys = percent(shard.keys_share, 1);
                [shard.shard.clone(), keys, bytes, records, used, throttled, lag, or_dash(shard.hot_in_words.as_ref())]
            });
            writeln!(out, "\nbusiest minute of each shard, {} of {}", shown.len(), shards.len())?;
            writeln!(
                out,
                "{}",
                table(["shard", "keys", "bytes/s", "records/s", "used", "throttled", "lag", "matter"], shown)
            )?;
        } else if let Some(seen) = self.seen.as_ref().filter(|seen| seen.shard_metrics.is_empty()) {
            let metrics = SHARD_METRICS.len() as u64 * u64::from(seen.open_shards);
            // Each is charged as a custom metric. Kinesis Developer Guide, "Monitoring with CloudWatch".
            let cost = match PriceSheet::of(&self.region).price(Item::CustomMetric) {
                Ok(month) => format!("cost {} USD a month for these shards", month.times(metrics)),
                Err(_) => format!("are charged as {metrics} custom metrics for these shards"),
            };
            writeln!(
                out,
                "\nload of each shard: not known without shard-level metrics, which {cost}:\n  \
                 {}",
                StreamCommand::Measure(&SHARD_METRICS).text(Some(&self.region), self.stream),
            )?;
        }
        Ok(())
    }

    fn tell_resizes(&self, out: &mut impl Write) -> Result<()> {
        let Some(left) = self.resizes_left else { return Ok(()) };
        let next = self.next_resize_free_at.as_ref().map(|at| format!(", one more from {at} on")).unwrap_or_default();
        writeln!(out, "\nresizes left in 24 h: {left} of {RESIZES_PER_DAY}{next}")?;
        if !self.attempts.is_empty() {
            let row = |attempt: &AttemptReport| {
                let to = attempt.to.map_or_else(|| "-".to_owned(), |to| to.to_string());
                [attempt.at.clone(), attempt.what.to_owned(), attempt.from.to_string(), to]
            };
            writeln!(out, "{}", table(["UTC", "attempt", "from", "to"], self.attempts.iter().map(row)))?;
        }
        Ok(())
    }

    fn tell_alarms(&self, out: &mut impl Write) -> Result<()> {
        let Some(alarms) = &self.alarms else { return Ok(()) };
        if alarms.is_empty() {
            let why = if self.managed == Some(true) { ": alarm-sync creates them, if it is deployed" } else { "" };
            return Ok(writeln!(out, "\nalarms: none{why}")?);
        }
        let rows = alarms.iter().map(|AlarmReport { name, state, since }| {
            [name.clone(), state.clone(), since.clone().unwrap_or_else(|| "-".to_owned())]
        });
        Ok(writeln!(out, "\n{}", table(["alarm", "state", "since"], rows))?)
    }
}

fn joined(words: impl Iterator<Item = impl Display>) -> String {
    let words: Vec<_> = words.map(|word| word.to_string()).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
