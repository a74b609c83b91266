// SPDX-License-Identifier: Apache-2.0
//! `shardctl scale`: a look at a stream, or a person's order, through the pass that the functions run.

mod plan;
mod rebalance;
mod to;

use std::io::Write;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use jiff::SignedDuration;
use kinesis_model::ShardCount;
use scaler_app::advice::{StreamCommand, operand, option_value};
use scaler_app::cloud::{CallError, Cloud as _, Failure, Kinesis as _};
use scaler_app::{Outcome, OutcomeKind, reconcile};
use scaler_core::{
    ALARM_PREFIX, Decision, Direction, Intent, Policy, StreamTags, TAG_DRY_RUN, TAG_MANAGED, TAG_SHARDS_MAX,
};
use serde::Serialize;

use crate::connection::{Connection, OUR_STACK, credentials_advice, explained, in_aws};
use crate::failure::{not_carried_out, usage};
use crate::options::{Output, shards, stack_name, stream_name};
use crate::report::write_json;
use crate::setting_options::SHARDS_MAX;
use crate::settings::StackOptions;
use crate::stack::{PolicySource, StackPolicy, stack_policy};
use crate::waiting::{until_active, until_step};
use plan::Plan;

/// A resize takes minutes, and the more the larger the stream.
const ACTIVE_WITHIN: SignedDuration = SignedDuration::from_mins(30);

/// Scale a stream: as its load needs, or to a count that you order.
///
/// `auto`, `out` and `in` do what the functions do when an alarm fires, with the same checks: the tag that enrols the
/// stream, consumers that lag, the ten resizes that AWS allows in 24 hours, and half to double in one resize. `to N` is
/// an order: it overrides the stream's minimum and maximum, the cooldowns and the reserve. It still does not remove
/// capacity that the load needs. Further than double or half takes several resizes: --wait makes them all. `rebalance`
/// is an order as well: it makes the fewest splits and merges that bring every shard under its target. AWS does not
/// count them among the ten resizes. It makes one at a time, and with --wait one after the other. The dry run of the
/// stack (`DRY_RUN`) stops auto, out and in. It does not stop the orders `to N` and `rebalance`: only the stream's own
/// tag kinesis-scaler/dry-run does.
///
/// The exit code is 0 if the change was made or started, or none was needed; 1 if it failed; 2 if the command is wrong;
/// and 3 if an order (`to N`, `rebalance`) is not carried out, because it is held or the stream's own dry run stops it.
#[derive(Debug, Args)]
#[command(override_usage = "shardctl scale [OPTIONS] <NAME> <auto|out|in|to N|rebalance>")]
pub(crate) struct Arguments {
    /// The stream.
    #[arg(value_name = "NAME", value_parser = stream_name)]
    name: String,
    /// Which way.
    #[arg(value_name = "ORDER")]
    order: OrderKind,
    /// The count, for `to`.
    #[arg(value_name = "N", value_parser = shards())]
    shards: Option<u32>,
    /// Show what would be done, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// With `to N`: treat minutes without data in CloudWatch as idle. If nobody writes to a stream, its load stays
    /// unknown, and without this option it is never scaled in.
    #[arg(long)]
    despite_unknown_load: bool,
    /// Wait until the stream is ACTIVE again, and go on until the count is reached.
    #[arg(long, conflicts_with = "dry_run")]
    wait: bool,
    #[command(flatten)]
    stack: StackOptions,
    /// The stack's name, as deployed: its settings apply, and only its alarms are fitted to the new count [default: the
    /// stack that created the stream's alarms].
    #[arg(long, value_name = "STACK", value_parser = stack_name, help_heading = "Policy")]
    stack_name: Option<String>,
    /// The form of the answer; json is for programs.
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OrderKind {
    /// Out if the load needs it, else in if the load allows it.
    Auto,
    /// More shards, if the load needs them.
    Out,
    /// Fewer shards, if the load allows it.
    In,
    /// Exactly N shards.
    To,
    /// Split hot shards, and merge cold adjacent shards.
    Rebalance,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Auto,
    Look(Direction),
    To(ShardCount),
    Rebalance,
}

impl Order {
    /// Whether the maximum is what ends it.
    fn heeds_maximum(self) -> bool {
        matches!(self, Self::Auto | Self::Look(Direction::Out) | Self::Rebalance)
    }

    /// Whether that end is what was ordered. A look orders nothing: holding is its answer.
    fn is_obeyed(self, result: OrderResult, dry_run: bool) -> bool {
        match (self, result) {
            (Self::Auto | Self::Look(_), _) | (_, OrderResult::Resized | OrderResult::NothingToDo) => true,
            (Self::To(_) | Self::Rebalance, OrderResult::DryRun) => dry_run,
            (Self::To(_) | Self::Rebalance, OrderResult::Held | OrderResult::Refused | OrderResult::Failed) => false,
        }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum OrderResult {
    Resized,
    NothingToDo,
    Held,
    DryRun,
    Refused,
    Failed,
}

/// What came of an order.
#[derive(Serialize)]
struct Answer {
    stream: String,
    outcome: OrderResult,
    /// Shards that were ordered, if a count was.
    ordered: Option<u32>,
    /// Open shards before.
    from: Option<u32>,
    /// Shards that were requested last, or would be; `from` where none were.
    to: Option<u32>,
    words: String,
    /// What to know of the days after.
    notes: Vec<String>,
    /// What to do, where there is something.
    next: Option<String>,
    /// The splits and merges of a rebalance.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Plan>,
    /// Every pass, as the functions log it.
    passes: Vec<Outcome>,
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    let order = arguments.order()?;
    // What is wrong is told before anything is called.
    arguments.stack.policy(None)?;
    let answer = in_aws(carry_out(arguments, order))?;
    let is_told = answer.outcome != OrderResult::Refused && answer.outcome != OrderResult::Failed;
    match arguments.output {
        Output::Json => write_json(&answer, out)?,
        Output::Table if is_told => answer.tell(out)?,
        Output::Table => {}
    }
    match answer.outcome {
        _ if !is_told => bail!("stream {}: {}", answer.stream, answer.in_words()),
        _ if order.is_obeyed(answer.outcome, arguments.dry_run) => Ok(()),
        _ => Err(not_carried_out(format!("stream {}: the order was not carried out", answer.stream))),
    }
}

impl Arguments {
    fn order(&self) -> Result<Order> {
        if self.despite_unknown_load && self.order != OrderKind::To {
            return Err(usage("--despite-unknown-load works only with `to N`"));
        }
        match (self.order, self.shards) {
            (OrderKind::To, Some(shards)) => Ok(Order::To(ShardCount::saturating(u64::from(shards)))),
            (OrderKind::To, None) => {
                Err(usage(format!("no shard count is given: use shardctl scale {} to N", operand(&self.name))))
            }
            (_, Some(shards)) => Err(usage(format!(
                "{shards} is only allowed after `to`: use shardctl scale {} to {shards}, or leave it out",
                operand(&self.name)
            ))),
            (OrderKind::Auto, None) => Ok(Order::Auto),
            (OrderKind::Rebalance, None) => Ok(Order::Rebalance),
            (OrderKind::Out, None) => Ok(Order::Look(Direction::Out)),
            (OrderKind::In, None) => Ok(Order::Look(Direction::In)),
        }
    }
}

async fn carry_out(arguments: &Arguments, order: Order) -> Result<Answer> {
    let asked = arguments.stack_name.as_deref();
    let mut connection = Connection::of_stack(asked.unwrap_or(OUR_STACK)).await?;
    let alarms = connection.operator.alarms(&format!("{ALARM_PREFIX}{}/", arguments.name)).await.ok();
    let StackPolicy { policy, policy_source } =
        stack_policy(&connection, &arguments.stack, asked, alarms.as_deref()).await?;
    if let (None, Some(stack)) = (asked, policy_source.stack()) {
        connection.fits_alarms_of(stack);
    }
    let job = ScaleJob {
        connection: &connection,
        stream: &arguments.name,
        stack: &policy,
        policy_source: &policy_source,
        arguments,
    };
    if order.heeds_maximum() {
        job.check_maximum().await?;
    }
    if arguments.wait {
        until_active(&connection, &arguments.name, ACTIVE_WITHIN).await?;
    }
    let mut answer = match order {
        Order::Auto => job.auto().await,
        Order::Look(direction) => {
            let pass = job.pass(direction).await;
            job.looked(vec![pass], direction).await
        }
        Order::Rebalance => job.rebalance().await,
        Order::To(shards) => job.to(shards).await,
    }?;
    answer.notes.extend(policy_source.warning());
    Ok(answer)
}

/// One order at work.
struct ScaleJob<'a> {
    connection: &'a Connection,
    stream: &'a str,
    stack: &'a Policy,
    policy_source: &'a PolicySource,
    arguments: &'a Arguments,
}

impl ScaleJob<'_> {
    /// Refuses to go without a maximum where the stream's own alarms name the stack that has one.
    async fn check_maximum(&self) -> Result<()> {
        let (Some(stacks), Some(asked)) = (self.policy_source.others(), &self.arguments.stack_name) else {
            return Ok(());
        };
        if self.arguments.stack.gives(SHARDS_MAX) {
            return Ok(());
        }
        let tags = self.tags().await.map_err(|error| explained(&error))?;
        if tags.overrides.has(TAG_SHARDS_MAX) {
            return Ok(());
        }
        Err(usage(format!(
            "stream {}: its alarms belong to stack {stacks}, not to {asked}, so its maximum is unknown. Nothing was done. Give --stack-name {stacks} or --shards-max N",
            self.stream
        )))
    }

    /// What the stream's tags say.
    async fn tags(&self) -> Result<StreamTags, CallError> {
        let tags = self.connection.cloud.kinesis().tags(self.stream).await?;
        Ok(StreamTags::read(&tags))
    }

    /// Scale-out first: what is too small is urgent, what is too large is only dear.
    async fn auto(&self) -> Result<Answer> {
        let out = self.pass(Direction::Out).await;
        if OrderResult::of(&out) != OrderResult::NothingToDo {
            return self.looked(vec![out], Direction::Out).await;
        }
        let inwards = self.pass(Direction::In).await;
        self.looked(vec![out, inwards], Direction::In).await
    }

    /// The very pass that an alarm causes.
    async fn pass(&self, direction: Direction) -> Outcome {
        let Connection { cloud, function_state, .. } = self.connection;
        let intent = if self.arguments.dry_run { Intent::DryRun } else { Intent::Auto };
        reconcile(cloud, function_state, self.stack, self.stream, intent, direction, None).await
    }

    /// The answer to looks, of which the last, in this direction, is decisive.
    async fn looked(&self, mut passes: Vec<Outcome>, direction: Direction) -> Result<Answer> {
        if self.arguments.wait {
            self.go_on(&mut passes, direction).await?;
        }
        let last = passes.last().expect("there was a look");
        let is_begun = passes.iter().any(|pass| pass.outcome == OutcomeKind::Resized);
        let outcome = match OrderResult::of(last) {
            OrderResult::Held | OrderResult::NothingToDo if is_begun => OrderResult::Resized,
            outcome => outcome,
        };
        let direction_word = match direction {
            Direction::Out => "out",
            Direction::In => "in",
        };
        let next = match outcome {
            OrderResult::DryRun if !self.arguments.dry_run => Some(self.dry_run_advice(last).await),
            OrderResult::Refused if let Some(Failure::Unauthenticated(fault)) = last.failure => {
                Some(credentials_advice(fault))
            }
            OrderResult::Failed => Some(self.check_status_advice()),
            OrderResult::Resized if !self.arguments.wait && is_one_of_more(last) => {
                Some(format!("To go on: {}", self.scale(&format!("--wait {} {direction_word}", operand(self.stream)))))
            }
            _ => self.enrol(last).or_else(|| last.next.clone()),
        };
        let words: Vec<_> = passes.iter().map(Outcome::in_words).collect();
        let (from, to, words) = (passes[0].current, last.desired, words.join("\n  "));
        Ok(Answer {
            stream: self.stream.to_owned(),
            outcome,
            ordered: None,
            from,
            to,
            words,
            notes: Vec::new(),
            next,
            plan: None,
            passes,
        })
    }

    /// Waits for what was asked for, and makes the other splits or merges that go with it.
    async fn go_on(&self, passes: &mut Vec<Outcome>, direction: Direction) -> Result<()> {
        while let Some(last) = passes.last().filter(|last| last.outcome == OutcomeKind::Resized) {
            let before = last.current.and_then(ShardCount::new);
            let step = last.resharding.as_ref().map_or_else(String::new, |call| format!("{call}: "));
            let resized = until_step(self.connection, self.stream, before, ACTIVE_WITHIN, &step).await;
            resized.with_context(|| last.words.clone())?;
            if !is_one_of_more(last) {
                break;
            }
            let next = self.pass(direction).await;
            passes.push(next);
        }
        Ok(())
    }

    /// How to have an order carried out on a stream that says itself that it is only to be talked about.
    fn dry_run_tag_advice(&self) -> String {
        format!(
            "Its tag {TAG_DRY_RUN} prevents changes: {} removes the tag.",
            self.command(StreamCommand::Untag(TAG_DRY_RUN))
        )
    }

    /// How to have done what a look came to, by whose dry run it was not.
    async fn dry_run_advice(&self, last: &Outcome) -> String {
        if !self.stack.dry_run {
            return self.dry_run_tag_advice();
        }
        let is_tagged = self.tags().await.is_ok_and(|own| own.overrides.is_dry_run());
        let and_tag = if is_tagged { format!(" {}", self.dry_run_tag_advice()) } else { String::new() };
        let off = match self.policy_source.stack() {
            Some(stack) => format!(
                "DRY_RUN of stack {stack} prevents changes to all its streams: deploy it with DryRun=false to end the dry run."
            ),
            None => "DRY_RUN in the --policy file prevents changes: set it to false there.".to_owned(),
        };
        let order = match (&last.resharding, last.desired) {
            (None, Some(shards)) => format!("to {shards}"),
            _ => "rebalance".to_owned(),
        };
        let order = self.scale(&format!("{} {order}", operand(self.stream)));
        format!("{off}{and_tag} The stack's dry run does not stop an explicit order: {order}")
    }

    /// A command of this kind, by the same stack.
    fn scale(&self, what: &str) -> String {
        match &self.arguments.stack_name {
            None => format!("shardctl scale {what}"),
            Some(stack) => format!("shardctl scale --stack-name{} {what}", option_value(stack)),
        }
    }

    /// A call without an answer may have done something.
    fn check_status_advice(&self) -> String {
        format!("See the current state with shardctl status {}, then run this command again.", operand(self.stream))
    }

    /// How to enrol a stream that is refused since it is not.
    fn enrol(&self, pass: &Outcome) -> Option<String> {
        pass.decision
            .as_deref()?
            .is_not_managed()
            .then(|| format!("{} enrols it.", self.command(StreamCommand::Tag(&format!("{TAG_MANAGED}=true")))))
    }

    fn command(&self, command: StreamCommand<'_>) -> String {
        command.text(Some(&self.connection.region), self.stream)
    }
}

/// Whether a pass made one of several splits or merges, and not the last.
fn is_one_of_more(pass: &Outcome) -> bool {
    pass.resharding.as_ref().is_some_and(|call| call.step < call.of)
}

impl OrderResult {
    /// How one look ended. Held means that a change was wanted, or that too little was known to want none.
    fn of(pass: &Outcome) -> Self {
        match pass.outcome {
            OutcomeKind::Resized => Self::Resized,
            OutcomeKind::DryRun => Self::DryRun,
            OutcomeKind::Refused => Self::Refused,
            OutcomeKind::Failed => Self::Failed,
            OutcomeKind::Held => {
                let is_blocked = |decision: &Decision| decision.blocked_by.is_some();
                if pass.decision.as_deref().is_none_or(is_blocked) { Self::Held } else { Self::NothingToDo }
            }
            OutcomeKind::Ignored | OutcomeKind::Kept | OutcomeKind::Mended => Self::NothingToDo,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Resized => "resized",
            Self::NothingToDo => "nothing to do",
            Self::Held => "held",
            Self::DryRun => "dry run",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl Answer {
    fn tell(&self, out: &mut impl Write) -> Result<()> {
        writeln!(out, "{}: {}\n  {}", self.stream, self.outcome.word(), self.in_words())?;
        self.plan.as_ref().map_or(Ok(()), |plan| plan.tell(out))
    }

    fn in_words(&self) -> String {
        let faults = self.passes.iter().flat_map(|pass| &pass.faults).map(|fault| format!("also: {fault}"));
        let besides = faults.chain(self.notes.iter().cloned()).chain(self.next.clone());
        let lines: Vec<_> = std::iter::once(self.words.clone()).chain(besides).collect();
        lines.join("\n  ")
    }
}
