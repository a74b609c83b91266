// SPDX-License-Identifier: Apache-2.0
//! `decide`: from what was seen of a stream to what will be requested, each stage explained.

mod admit;
mod bounds;
mod budget;
mod cause;
mod consumers;
mod context;
mod cooldown;
mod direction;
mod hot_shards;
mod load_signals;
mod observation;
mod quota;
mod recommend;
mod resharding;
mod stages;
mod step_factor;
#[cfg(test)]
mod tests;
mod uneven_load;
mod words;

use std::fmt;

use jiff::Timestamp;

pub use admit::AdmitReason;
pub(crate) use admit::admission;
pub use bounds::BoundsReason;
pub use budget::{BudgetReason, NoneLeft};
pub use cause::Cause;
pub use consumers::ConsumersReason;
pub(crate) use consumers::read_capacity_floor;
pub(crate) use context::Context;
pub use context::may_plan;
use context::{Basis, Proposal, StageResult};
pub use cooldown::CooldownReason;
pub use direction::DirectionReason;
pub use hot_shards::{HotKey, HotShardsReason};
pub use load_signals::UnknownLoad;
pub use observation::Observation;
pub use quota::QuotaReason;
pub use recommend::RecommendReason;
pub use resharding::{Progress, Resharding};
pub use step_factor::StepFactorReason;
pub use uneven_load::{TooFull, UnevenLoadReason};
use words::{Explain, shards};

use crate::direction::Direction;
use crate::intent::Intent;
use crate::need::Need;
use crate::policy::Policy;
use crate::reshard::ShardCall;
use crate::stream::StreamTags;
use kinesis_model::{ShardCount, StreamState};

stages::stages! {
    /// May this stream be changed at all?
    Admit "admit" AdmitReason;
    /// What does the load ask for, or the plan of the next day?
    Recommend "recommend" RecommendReason: recommend::recommend;
    /// Is one shard hot, or one key?
    HotShards "hot-shards" HotShardsReason: hot_shards::hot_shards;
    /// The operator's minimum and maximum.
    Bounds "bounds" BoundsReason: bounds::bounds;
    /// Scale-out never shrinks, scale-in never grows.
    Direction "direction" DirectionReason: direction::direction;
    /// Can the consumers spare shards?
    Consumers "consumers" ConsumersReason: consumers::consumers;
    /// Was the last attempt long enough ago?
    Cooldown "cooldown" CooldownReason: cooldown::cooldown;
    /// Is one of the day's resizes left for this?
    Budget "budget" BudgetReason: budget::budget;
    /// Between half and double.
    StepFactor "step-factor" StepFactorReason: step_factor::step_factor;
    /// AWS's ceiling of a stream and the account's shard quota.
    Quota "quota" QuotaReason: quota::quota;
    /// Would one of the even shards be too full?
    UnevenLoad "uneven-load" UnevenLoadReason: uneven_load::uneven_load;
}

/// Decides how many shards to request, at `now`, for the stream that `seen` describes.
///
/// `stack` is the policy of the whole deployment; the stream's own tags are applied to it here.
///
/// # Errors
/// What else is to be fetched before it can be decided.
pub fn decide(
    stack: &Policy,
    seen: &Observation,
    intent: Intent,
    direction: Direction,
    now: Timestamp,
) -> Result<Decision, Need> {
    let policy = match admit(stack, &seen.stream, &seen.tags, intent, direction) {
        Ok(policy) => policy,
        Err(decision) => return Ok(*decision),
    };
    let dry_run = intent.is_dry_run(stack, &seen.tags);
    let context = Context::new(&policy, seen, intent, dry_run, direction, now)?;
    let mut pipeline = Pipeline::new(&context);
    for stage in STAGES {
        pipeline.apply(stage(&context, &pipeline.proposal)?);
        if pipeline.is_finished() {
            break;
        }
    }
    Ok(pipeline.decision())
}

/// The policy of one stream, if it may be changed now.
///
/// `decide` asks this first. A pass may ask it before it reads any metrics, so that a stream that is not ours costs no
/// more than a look.
///
/// # Errors
/// The whole decision, where it ends here.
pub fn admit(
    stack: &Policy,
    stream: &StreamState,
    tags: &StreamTags,
    intent: Intent,
    direction: Direction,
) -> Result<Policy, Box<Decision>> {
    admission(stack, stream, tags, intent)
        .map_err(|reason| Box::new(Decision::stopped(direction, stream.open_shards, reason)))
}

/// What a decision comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Request the desired count, or the split or merge that leads to it.
    Resize,
    /// Have the metrics of the shards sent, and nothing else.
    Measure,
    /// The desired count differs, but only say so.
    DryRun,
    /// Leave the stream as it is; looking again later may come to something else.
    Hold,
    /// This stream is not ours to change, until a person does something about it.
    Refuse,
}

/// One stage's outcome: the count after it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The count after it.
    pub shards: ShardCount,
    /// Why.
    pub reason: Reason,
}

/// What will be done, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Which way the stream could have been changed.
    pub direction: Direction,
    /// Open shards now.
    pub current: ShardCount,
    /// What the load, the plan or a person asks for, before anything that stands in the way.
    pub wanted: ShardCount,
    /// What there will be; equal to `current` unless the verdict is [`Verdict::Resize`] or [`Verdict::DryRun`].
    pub desired: ShardCount,
    /// What it comes to.
    pub verdict: Verdict,
    /// The stage that left the stream as it is though a change in this direction was wanted, or might be were more known.
    pub blocked_by: Option<Stage>,
    /// What a person should know of: the stream is not getting what it needs, and will not by itself.
    pub attention: Option<Cause>,
    /// The split or merge that leads there; `None` where `UpdateShardCount` does.
    pub resharding: Option<Resharding>,
    /// Which one it is of a series of splits or merges.
    pub progress: Option<Progress>,
    /// When it was made; `None` where no time played a part: it ended at admission, or is a split or merge that a person
    /// ordered.
    pub at: Option<Timestamp>,
    /// How it came about; never empty.
    pub steps: Vec<Step>,
}

/// The stages of a decision as far as they were run.
struct Pipeline<'a> {
    context: &'a Context<'a>,
    proposal: Proposal,
    wanted: ShardCount,
    blocked_by: Option<Stage>,
    steps: Vec<Step>,
}

impl<'a> Pipeline<'a> {
    fn new(context: &'a Context<'a>) -> Self {
        let current = context.current;
        let proposal = Proposal { shards: current, resharding: None, basis: Basis::Load };
        let wanted = context.order.map_or(current, |order| order.shards);
        Self { context, proposal, wanted, blocked_by: None, steps: Vec::new() }
    }

    fn apply(&mut self, output: Option<context::StageOutput<Reason>>) {
        let Some(output) = output else { return };
        let (current, stage) = (self.context.current, output.reason.stage());
        let was_wanted = match self.context.direction {
            Direction::Out => self.proposal.shards > current,
            Direction::In => self.proposal.shards < current,
        };
        if (was_wanted && output.shards == current) || output.reason.is_waiting() {
            self.blocked_by = Some(stage);
        }
        if matches!(stage, Stage::Recommend | Stage::HotShards) && self.context.order.is_none() {
            self.wanted = output.shards;
        }
        self.proposal = Proposal {
            shards: output.shards,
            resharding: output.resharding.or(self.proposal.resharding.take()),
            basis: output.basis.unwrap_or(self.proposal.basis),
        };
        self.steps.push(Step { shards: output.shards, reason: output.reason });
    }

    /// Whether nothing is left to be done. Bounds are always asked, since a stream outside them is wrong whatever its load.
    fn is_finished(&self) -> bool {
        let stage = self.steps.last().map(|step| step.reason.stage());
        self.proposal.shards == self.context.current && !matches!(stage, Some(Stage::Recommend | Stage::HotShards))
    }

    fn decision(self) -> Decision {
        let Context { direction, current, now, .. } = *self.context;
        let is_held = self.proposal.shards == current || self.falls_short();
        let resharding = self.proposal.resharding.clone().filter(|_| !is_held);
        let desired = match &resharding {
            _ if is_held => current,
            Some(resharding) => resharding.next(current),
            None => self.proposal.shards,
        };
        let verdict = match self.proposal.basis {
            // Only where nothing is resized: a resize that the bounds ask for goes first.
            Basis::Measuring if is_held => Verdict::Measure,
            _ if is_held => Verdict::Hold,
            _ if self.context.dry_run => Verdict::DryRun,
            _ => Verdict::Resize,
        };
        let (attention, noticed_by) = self.attention().unzip();
        Decision {
            direction,
            current,
            wanted: self.wanted,
            desired,
            verdict,
            blocked_by: if is_held { self.blocked_by().or(noticed_by) } else { None },
            attention,
            progress: resharding.as_ref().map(|resharding| resharding.progress(current)),
            resharding,
            at: Some(now),
            steps: self.steps,
        }
    }

    /// Whether a scale-in that was ordered would stop short of what one call can do, at what the load or the consumers need. That is
    /// not what was ordered, and not worth one of ten resizes without being asked.
    fn falls_short(&self) -> bool {
        let Context { direction, current, order, .. } = *self.context;
        let falls_short = |shards: ShardCount| self.proposal.shards > shards.max(current.halved());
        direction == Direction::In && order.is_some_and(|order| falls_short(order.shards))
    }

    /// What stopped it. Of an order that is the stage by which the stream keeps what it keeps: its bounds are the order itself.
    fn blocked_by(&self) -> Option<Stage> {
        if self.context.order.is_none() || self.blocked_by.is_some() {
            return self.blocked_by;
        }
        let tells = |stage: &Stage| !matches!(stage, Stage::Bounds | Stage::Direction | Stage::StepFactor);
        let keeps = self.steps.iter().filter(|step| step.shards == self.proposal.shards);
        Some(keeps.map(|step| step.reason.stage()).find(tells).unwrap_or(Stage::Recommend))
    }

    /// What a person should know of, and the stage that found it.
    fn attention(&self) -> Option<(Cause, Stage)> {
        // What the shards' own loads explain is told by that.
        let is_explained = self.steps.iter().any(|step| step.reason.stage() == Stage::HotShards);
        let found = self.steps.iter().filter_map(|step| Some((step.reason.cause()?, step.reason.stage())));
        found
            .filter(|(cause, _)| cause.matters_in(self.context.direction))
            .find(|(cause, _)| !(is_explained && *cause == Cause::HotShardSuspected))
    }
}

impl Decision {
    /// A decision that came to its end at admission.
    fn stopped(direction: Direction, current: ShardCount, reason: AdmitReason) -> Self {
        let verdict = if reason.is_passing() { Verdict::Hold } else { Verdict::Refuse };
        Self {
            direction,
            current,
            wanted: current,
            desired: current,
            verdict,
            blocked_by: Some(Stage::Admit),
            attention: reason.cause(),
            resharding: None,
            progress: None,
            at: None,
            steps: vec![Step { shards: current, reason: Reason::Admit(reason) }],
        }
    }

    /// The decision to make a split or merge that a person ordered, as one of so many.
    pub fn ordered(call: ShardCall, current: ShardCount, progress: Progress) -> Self {
        let direction = match call {
            ShardCall::Split { .. } => Direction::Out,
            ShardCall::Merge { .. } => Direction::In,
        };
        let resharding = Resharding::one(call, current);
        let desired = resharding.to;
        let reason = HotShardsReason::Ordered { step: progress.step, all: progress.of };
        Self {
            direction,
            current,
            wanted: desired,
            desired,
            verdict: Verdict::Resize,
            blocked_by: None,
            attention: None,
            resharding: Some(resharding),
            progress: Some(progress),
            at: None,
            steps: vec![Step { shards: desired, reason: Reason::HotShards(reason) }],
        }
    }

    /// The steps that moved the count or stopped it, in words: what a person asks first.
    pub fn words(&self) -> String {
        let mut before = self.current;
        let mut told = Vec::new();
        for step in &self.steps {
            // Where it starts and where the load lies; else only what changed the count, or somebody should know.
            let is_told = match step.reason.stage() {
                Stage::Admit | Stage::Recommend | Stage::HotShards | Stage::UnevenLoad => true,
                _ => step.shards != before,
            };
            let is_notable = step.reason.explained().is_always_told(self.desired != self.current)
                || step.reason.cause().is_some_and(|cause| cause.matters_in(self.direction));
            if is_told || is_notable {
                told.push(self.describe(&step.reason));
            }
            before = step.shards;
        }
        let verdict = match self.verdict {
            Verdict::Resize => format!("{} from {} to {}", self.direction, self.current, shards(self.desired.get())),
            Verdict::DryRun => {
                let scale = self.direction.to_string().replace('-', " ");
                format!("dry run: would {scale} from {} to {}", self.current, shards(self.desired.get()))
            }
            Verdict::Measure => format!("held at {} to measure each shard", shards(self.current.get())),
            Verdict::Hold => format!("held at {}", shards(self.current.get())),
            Verdict::Refuse => "refused".to_owned(),
        };
        format!("{verdict}: {}", told.join("; "))
    }

    /// Whether the stream is left alone since it lacks the tag that lets us change it.
    pub fn is_not_managed(&self) -> bool {
        matches!(self.steps.first(), Some(Step { reason: Reason::Admit(AdmitReason::NotManaged), .. }))
    }

    /// Why it was blocked, in the words of the stage that did.
    pub fn why_blocked(&self) -> Option<String> {
        let stopped = self.steps.iter().find(|step| Some(step.reason.stage()) == self.blocked_by)?;
        Some(self.describe(&stopped.reason))
    }

    /// One of its reasons in words, as of when it was made.
    pub fn describe(&self, reason: &Reason) -> String {
        ReasonAt { reason, now: self.at }.to_string()
    }
}

impl Reason {
    /// What only a person can mend.
    pub fn cause(&self) -> Option<Cause> {
        self.explained().cause()
    }

    /// Whether too little is known, or the load has not settled: a later look may come to something else.
    const fn is_waiting(&self) -> bool {
        matches!(self, Self::Recommend(reason) if reason.is_waiting())
    }
}

impl fmt::Display for Reason {
    /// Times have their date: who reads it, and when, is not known. See [`Decision::describe`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.explained().write(f, None)
    }
}

/// A reason as it is told at a time.
struct ReasonAt<'a> {
    reason: &'a Reason,
    now: Option<Timestamp>,
}

impl fmt::Display for ReasonAt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.explained().write(f, self.now)
    }
}
