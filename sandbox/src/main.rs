// SPDX-License-Identifier: Apache-2.0
//! The sandbox as a program: streams to try the functions on, and their events sent to `cargo lambda watch`.

mod invoke;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use clap::Parser;
use kinesis_model::ShardCount;
use kinesis_model::limits::SHARDS_PER_STREAM_MAX;
use sandbox::{
    Capacity, ClockOptions, Options, QueueMapping, SPEEDS, Sandbox, Schedule, Subscription, Traffic, alarm_config,
};
use scaler_app::stack_settings::alarms_of;
use scaler_core::{AlarmActions, Direction, Policy, PolicySpec, TAG_MADE_BY, TAG_MANAGED};

use invoke::Invoker;

/// The function that makes and keeps the alarms of every stream.
const ALARM_SYNC: &str = "alarm-sync";

/// The stack whose alarms they are, as the functions take it where nothing else is said.
const STACK: &str = "kinesis-scaler";

const DIRECTIONS: [Direction; 2] = [Direction::Out, Direction::In];

/// The streams that are always there.
const UNTAGGED: &str = "untagged";
const ELASTIC: &str = "elastic";

/// Characters of a stream's name, at most. Source: Kinesis API reference, `CreateStream`.
const NAME_CHARS_MAX: usize = 128;
/// A hundred times what the shards take: more is nobody's stream.
const LOAD_PERCENT_MAX: u32 = 10_000;

/// Minutes of metrics a new stream starts with: enough for any alarm of this project.
const SEED_MINUTES: u32 = 90;

/// A local AWS endpoint: Kinesis that throttles, CloudWatch that evaluates alarms, tags, SNS, SQS, prices and S3.
///
/// The metrics of its streams are made up, minute by minute; no records are written unless a client writes them.
#[derive(Debug, Parser)]
struct Arguments {
    /// Port on 127.0.0.1.
    #[arg(long, default_value_t = 4567)]
    port: u16,
    /// Virtual seconds per real second, 0.001 to 86400. Functions in another process keep real time, so not with --invoke.
    #[arg(long, default_value_t = 1.0, value_parser = speed, conflicts_with = "invoke")]
    speed: f64,
    /// Where to send events: `http://127.0.0.1:9000` is `cargo lambda watch`. Without it they are printed.
    #[arg(long, value_name = "URL")]
    invoke: Option<Invoker>,
    /// A managed stream: its shards, 1 to 10000, and its steady load in percent of their capacity, 0 to 10000. Repeatable.
    #[arg(long = "stream", value_name = "NAME=SHARDS[:LOAD]", value_parser = stream)]
    streams: Vec<Stream>,
}

#[derive(Debug, Clone, PartialEq)]
struct Stream {
    name: String,
    shards: u32,
    load_percent: u32,
}

impl Stream {
    fn new(name: &str, shards: u32, load_percent: u32) -> Self {
        Self { name: name.to_owned(), shards, load_percent }
    }

    fn traffic(&self) -> Traffic {
        Traffic {
            stream: self.name.clone(),
            full_shards: f64::from(self.shards) * f64::from(self.load_percent) / 100.0,
        }
    }
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed| SPEEDS.contains(speed));
    speed.ok_or_else(|| format!("{text:?} is not a number from {} to {}", SPEEDS.start(), SPEEDS.end()))
}

fn stream(text: &str) -> anyhow::Result<Stream> {
    let expected = || format!("{text:?} is not NAME=SHARDS[:LOAD], for example orders=4:95");
    let (name, numbers) = text.split_once('=').with_context(expected)?;
    let (shards, load) = numbers.split_once(':').unwrap_or((numbers, "0"));
    let shards: u32 = shards.parse().with_context(expected)?;
    let load: u32 = load.parse().with_context(expected)?;
    let legal = name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    anyhow::ensure!(legal && (1..=NAME_CHARS_MAX).contains(&name.len()), expected());
    let (shards_max, load_max) = (SHARDS_PER_STREAM_MAX, LOAD_PERCENT_MAX);
    anyhow::ensure!((1..=shards_max).contains(&shards), "{text:?} has {shards} shards, not 1 to {shards_max}");
    anyhow::ensure!(load <= load_max, "{text:?} has a load of {load} percent, not 0 to {load_max}");
    Ok(Stream::new(name, shards, load))
}

/// Every stream has a name of its own, and those that are always there have theirs.
fn check_names(streams: &[Stream]) -> anyhow::Result<()> {
    let mut names = BTreeSet::from([UNTAGGED, ELASTIC]);
    for Stream { name, .. } in streams {
        let expected = "a name that no other stream here has; untagged and elastic are always there";
        anyhow::ensure!(names.insert(name), "--stream {name}=... is not {expected}");
    }
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = Arguments::parse();
    if arguments.streams.is_empty() {
        arguments.streams = vec![Stream::new("orders", 4, 95), Stream::new("clicks", 8, 10)];
    }
    check_names(&arguments.streams)?;
    let untagged = Stream::new(UNTAGGED, 2, 50);
    let (sandbox, mut deliveries) = Sandbox::start(options(&arguments, &untagged)).await?;
    let managed = [(TAG_MANAGED, "true")];
    for Stream { name, shards, .. } in &arguments.streams {
        sandbox.create_stream(name, Capacity::Shards(*shards), &managed).await?;
        make_alarms(&sandbox, name, *shards)?;
    }
    sandbox.create_stream(&untagged.name, Capacity::Shards(untagged.shards), &[]).await?;
    sandbox.create_stream(ELASTIC, Capacity::OnDemand, &managed).await?;
    sandbox.seed(SEED_MINUTES).await;
    print_help(&sandbox, &arguments);

    let events = async {
        while let Some(delivery) = deliveries.recv().await {
            match &arguments.invoke {
                Some(invoker) => println!("{}", invoker.invoke(&delivery).await),
                None => println!("{:?} -> {}: {}", delivery.source, delivery.function, delivery.payload),
            }
        }
    };
    tokio::select! {
        () = events => Ok(()),
        stopped = tokio::signal::ctrl_c() => stopped.context("cannot wait for Ctrl-C"),
    }
}

/// The topic whose messages go to the function of this direction, in the default account and Region.
fn topic(direction: Direction) -> String {
    format!("arn:aws:sns:us-east-1:123456789012:kinesis-scaler-{direction}")
}

/// The queue in which `alarm-sync` leaves itself what it has no time for.
fn queue_url(endpoint: &str) -> String {
    format!("{endpoint}/123456789012/kinesis-scaler-continuations")
}

/// The alarms of a managed stream, as alarm-sync makes them.
fn make_alarms(sandbox: &Sandbox, stream: &str, shards: u32) -> anyhow::Result<()> {
    let policy = Policy::new(PolicySpec::default()).map_err(|faults| anyhow::anyhow!("default policy: {faults:?}"))?;
    let shards = ShardCount::new(shards).context("a stream has at least one shard")?;
    let tags = BTreeMap::from([(TAG_MADE_BY.to_owned(), STACK.to_owned())]);
    let actions =
        AlarmActions { scale_out: Some(topic(Direction::Out)), scale_in: Some(topic(Direction::In)), watch: None };
    for alarm in alarms_of(&policy, &policy, stream, shards, &actions) {
        sandbox.cloudwatch().put_alarm_tagged(alarm_config(&alarm.signed_by(STACK)), tags.clone(), sandbox.now())?;
    }
    Ok(())
}

fn options(arguments: &Arguments, untagged: &Stream) -> Options {
    let defaults = Options::default();
    let every = |every_minutes, function: &str| Schedule { function: function.to_owned(), every_minutes };
    let sweeps = DIRECTIONS.map(|direction| every(1, &direction.to_string()));
    let subscription = |direction| Subscription { topic_arn: topic(direction), function: direction.to_string() };
    Options {
        port: arguments.port,
        clock: ClockOptions::Running { speed: arguments.speed },
        // Short, so that trying things out is not waiting; AWS takes minutes.
        create_seconds: 0,
        resize_seconds: 2,
        subscriptions: DIRECTIONS.map(subscription).to_vec(),
        // The port may not be chosen yet; it is not what names the queue.
        queues: vec![QueueMapping { queue_url: queue_url("http://127.0.0.1"), function: ALARM_SYNC.to_owned() }],
        schedules: sweeps.into_iter().chain([every(5, ALARM_SYNC)]).collect(),
        traffic: arguments.streams.iter().chain([untagged]).map(Stream::traffic).collect(),
        ..defaults
    }
}

fn print_help(sandbox: &Sandbox, arguments: &Arguments) {
    println!("Kinesis, CloudWatch, tagging, SNS, SQS, prices and S3 on {}", sandbox.endpoint());
    for Stream { name, shards, load_percent } in &arguments.streams {
        println!("  {name}: {shards} shards, managed, {load_percent} % loaded (made-up metrics)");
    }
    println!("  untagged: 2 shards, not managed, 50 % loaded; elastic: on-demand");
    println!("\nIn another terminal:");
    println!("  export AWS_ENDPOINT_URL={}", sandbox.endpoint());
    println!("  export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1");
    println!("  export AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox");
    println!("  export SCALE_OUT_ACTION_ARN={}", topic(Direction::Out));
    println!("  export SCALE_IN_ACTION_ARN={}", topic(Direction::In));
    println!("  export CONTINUATION_QUEUE_URL={}", queue_url(sandbox.endpoint()));
    println!("  export REPORT_BUCKET=reports");
    println!("  cargo lambda watch");
    println!("\nand in a third:");
    println!("  cargo lambda invoke scale-out --data-file events/scale-out-sns.json\n");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn streams_are_read_from_the_command_line() {
        let check = |text, expected: Option<Stream>| assert_eq!(stream(text).ok(), expected, "{text}");
        check("orders=4:95", Some(Stream::new("orders", 4, 95)));
        check("clicks=8", Some(Stream::new("clicks", 8, 0)));
        let long = format!("{}=4", "x".repeat(129));
        for wrong in ["orders", "=4", "orders=four", "orders=4:", "orders=4:many", "or ders=4", "orders=-1", &long] {
            check(wrong, None);
        }
    }

    #[test]
    fn numbers_out_of_bounds_are_named_with_the_bounds() {
        let told = |text| stream(text).unwrap_err().to_string();
        assert_eq!(told("orders=0"), "\"orders=0\" has 0 shards, not 1 to 10000");
        assert_eq!(told("orders=4000000000"), "\"orders=4000000000\" has 4000000000 shards, not 1 to 10000");
        assert_eq!(told("orders=4:10001"), "\"orders=4:10001\" has a load of 10001 percent, not 0 to 10000");
        for text in ["1e300", "0", "-1", "NaN", "inf", "1e-300", "86400.1", "fast", ""] {
            assert_eq!(speed(text), Err(format!("{text:?} is not a number from 0.001 to 86400")));
        }
        assert_eq!((speed("0.001"), speed("86400")), (Ok(0.001), Ok(86_400.0)));
    }

    #[test]
    fn no_two_streams_have_one_name() {
        let told = |names: &[&str]| {
            let streams: Vec<_> = names.iter().map(|name| Stream::new(name, 1, 0)).collect();
            check_names(&streams).is_ok()
        };
        let told = [told(&["a", "b"]), told(&["a", "a"]), told(&["untagged"]), told(&["elastic"])];
        assert_eq!(told, [true, false, false, false]);
    }
}
