//! `decide`: from what was seen to what will be requested, each step explained.

use jiff::Timestamp;

use crate::constrain::{bounds, budget, consumers, cooldown, direction, quota, step_factor};
use crate::direction::Direction;
use crate::plan::plan_ahead;
use crate::policy::Policy;
use crate::reason::{Reason, Stage};
use crate::recommend::recommend;
use crate::reshard::ShardCall;
use crate::spread::{Finding, Resharding, hot, instead_of_waiting, uneven, unfinished};
use crate::step::{Context, Step};
use crate::stream::Observation;
use crate::stream::ResizeHistory;
use crate::stream::{StreamTags, TAG_MANAGED};
use kinesis_model::ShardCount;
use kinesis_model::limits::RESIZES_PER_DAY;
use kinesis_model::{StreamMode, StreamState, StreamStatus};

/// What a decision comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Request the desired count, or the split or merge that leads to it.
    Resize,
    /// Have the metrics of the shards sent, and nothing else.
    Measure,
    /// The desired count is another, but only say so.
    DryRun,
    /// Leave the stream as it is; looking again later may come to something else.
    Hold,
    /// This stream is not ours to change, until a person does something about it.
    Refuse,
}

/// What will be done, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Which way the stream could have been changed.
    pub direction: Direction,
    /// Open shards now.
    pub current: ShardCount,
    /// What there will be; equal to `current` unless the verdict is [`Verdict::Resize`] or [`Verdict::DryRun`].
    pub desired: ShardCount,
    /// The split or merge that leads there; `None` where `UpdateShardCount` does.
    pub resharding: Option<Resharding>,
    /// Whether [`Observation::shards`] would have mattered and were not there: to be read, and to be decided on again.
    pub wants_shards: bool,
    /// When it was made; `None` where no time played a part: it ended at admission, or a person ordered it.
    pub at: Option<Timestamp>,
    /// What it comes to.
    pub verdict: Verdict,
    /// How it came about; never empty.
    pub steps: Vec<Step>,
}

impl Decision {
    /// The how manieth of a series of splits or merges this is, and of how many; `None` where `UpdateShardCount` does it.
    pub fn progress(&self) -> Option<(u32, u32)> {
        let ordered = self.steps.iter().find_map(|step| match step.reason {
            Reason::Ordered { step, all } => Some((step, all)),
            _ => None,
        });
        let resharding = self.resharding.as_ref()?;
        Some(ordered.unwrap_or_else(|| resharding.progress(self.current)))
    }

    /// The steps that moved the count or stopped it, in words: what a person asks first.
    pub fn words(&self) -> String {
        let mut before = self.current;
        let mut told = Vec::new();
        for step in &self.steps {
            // Where it starts; after that only what changed the count, or somebody should know.
            // A scale-in without knowing the lag says so, lest it be taken for none.
            let unchecked = step.reason == Reason::LagUnknown && self.desired != self.current;
            let over_max = matches!(step.reason, Reason::OverMax { .. });
            let notable = over_max || unchecked || step.reason.needs_a_person(self.direction);
            if matches!(step.stage, Stage::Admit | Stage::Recommend | Stage::Spread) || step.shards != before || notable
            {
                told.push(self.told(&step.reason));
            }
            before = step.shards;
        }
        let verdict = match self.verdict {
            Verdict::Resize => format!("{} from {} to {}", self.direction, self.current, self.desired),
            Verdict::DryRun => format!("dry run: would {} from {} to {}", self.direction, self.current, self.desired),
            Verdict::Measure => format!("held at {} to measure", self.current),
            Verdict::Hold => format!("held at {}", self.current),
            Verdict::Refuse => "refused".to_owned(),
        };
        format!("{verdict}: {}", told.join("; "))
    }

    /// One of its reasons in words, as of when it was made.
    pub fn told(&self, reason: &Reason) -> String {
        self.at.map_or_else(|| reason.to_string(), |now| reason.told(now).to_string())
    }

    /// What a person should know of: the stream is not getting what it needs, and will not by itself.
    pub fn attention(&self) -> Option<&Reason> {
        // What the shards' own loads explain, or splits make up for, is told by that.
        let is_answered = |reason: &Reason| match reason {
            Reason::HotShardSuspected { .. } => self.steps.iter().any(|step| step.stage == Stage::Spread),
            spent if spent.is_budget_spent() => self.resharding.is_some(),
            _ => false,
        };
        let reasons = self.steps.iter().map(|step| &step.reason);
        reasons.filter(|reason| !is_answered(reason)).find(|reason| reason.needs_a_person(self.direction))
    }

    /// This decision of a policy whose bounds are a count that a person ordered: no bound was followed, but the order.
    #[must_use]
    pub fn as_ordered(mut self) -> Self {
        let is_bound = |reason: &Reason| {
            matches!(reason, Reason::RaisedToMin(_) | Reason::LoweredToMax { .. } | Reason::OverMax { .. })
        };
        for step in self.steps.iter_mut().filter(|step| is_bound(&step.reason)) {
            step.reason = Reason::AsOrdered;
        }
        self
    }

    /// The decision to make a split or merge that a person ordered, as one of so many.
    pub fn ordered(call: ShardCall, current: ShardCount, step: u32, all: u32) -> Self {
        let direction = match call {
            ShardCall::Split { .. } => Direction::Out,
            ShardCall::Merge { .. } => Direction::In,
        };
        let resharding = Resharding::one(call, current);
        let desired = resharding.to;
        let steps = vec![Step { stage: Stage::Spread, shards: desired, reason: Reason::Ordered { step, all } }];
        let (resharding, verdict) = (Some(resharding), Verdict::Resize);
        Self { direction, current, desired, resharding, wants_shards: false, at: None, verdict, steps }
    }

    /// A decision that came to its end in the first stage.
    fn stopped(direction: Direction, current: ShardCount, verdict: Verdict, reason: Reason) -> Self {
        let steps = vec![Step { stage: Stage::Admit, shards: current, reason }];
        Self { direction, current, desired: current, resharding: None, wants_shards: false, at: None, verdict, steps }
    }
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
    enrolment: &StreamTags,
    direction: Direction,
) -> Result<Policy, Box<Decision>> {
    let stopped = |(verdict, reason)| Box::new(Decision::stopped(direction, stream.open_shards, verdict, reason));
    admission(stack, stream, enrolment).map_err(stopped)
}

/// [`admit`], or what stands against it.
pub(crate) fn admission(
    stack: &Policy,
    stream: &StreamState,
    enrolment: &StreamTags,
) -> Result<Policy, (Verdict, Reason)> {
    let refuse = |reason| Err((Verdict::Refuse, reason));
    let unsure = enrolment.faults.iter().any(|fault| fault.key == TAG_MANAGED);
    if !enrolment.managed && !unsure {
        return refuse(Reason::NotManaged);
    }
    if !enrolment.faults.is_empty() {
        return refuse(Reason::BadTags(enrolment.faults.clone()));
    }
    if stream.mode == StreamMode::OnDemand {
        return refuse(Reason::OnDemand);
    }
    if enrolment.lacks_room() {
        return refuse(Reason::NoRoomForTags { tags: enrolment.tags });
    }
    match stream.status {
        StreamStatus::Deleting => return refuse(Reason::Deleting),
        StreamStatus::Updating | StreamStatus::Creating => {
            return Err((Verdict::Hold, Reason::NotActive(stream.status)));
        }
        StreamStatus::Active => {}
    }
    enrolment.policy(stack).or_else(|faults| refuse(Reason::BadPolicy(faults)))
}

/// Whether there is anything to plan for: while a decision cools down, or no resize is left, nothing may be done, and where
/// the bounds leave one count, it is that. Then the past need not even be read.
pub fn may_plan(policy: &Policy, history: &ResizeHistory, direction: Direction, now: Timestamp) -> bool {
    let is_cool = history.last_before_cooldown(direction).is_none_or(|last| {
        let until = last.at.checked_add(policy.cooldown(direction)).unwrap_or(last.at);
        now >= until
    });
    policy.min() < policy.max() && is_cool && history.spent(now) < RESIZES_PER_DAY
}

/// Decides how many shards to request, at `now`, for a stream of which this was seen.
///
/// `stack` is the policy of the whole deployment; the stream's own tags are applied to it here.
#[must_use]
pub fn decide(stack: &Policy, seen: &Observation, direction: Direction, now: Timestamp) -> Decision {
    let policy = match admit(stack, &seen.stream, &seen.enrolment, direction) {
        Ok(policy) => policy,
        Err(decision) => return *decision,
    };
    let current = seen.stream.open_shards;
    let mut context = Context { policy: &policy, seen, direction, current, now, plan: None };
    if may_plan(&policy, &seen.enrolment.history, direction, now) {
        context.plan = plan_ahead(&policy, seen, now);
    }
    let Course { steps, resharding, wants_shards, measures } = Course::run(&context);
    let desired = match (&resharding, steps.last()) {
        (Some(resharding), _) => resharding.next(current),
        (None, last) => last.map_or(current, |step| step.shards),
    };
    let verdict = match desired {
        // Nothing else waits for it.
        _ if desired == current && measures => Verdict::Measure,
        _ if desired == current => Verdict::Hold,
        _ if policy.dry_run => Verdict::DryRun,
        _ => Verdict::Resize,
    };
    Decision { direction, current, desired, resharding, wants_shards, at: Some(now), verdict, steps }
}

/// A stage: what it makes of the count that the stages before it came to.
type StageOf = fn(&Context<'_>, ShardCount) -> Step;

/// What stands between what is wanted and `UpdateShardCount`, in this order.
const FOR_A_COUNT: [StageOf; 7] = [bounds, direction, consumers, cooldown, budget, step_factor, quota];
/// The same for a split or a merge, which neither spends one of the ten nor takes larger steps than one shard.
const FOR_A_CALL: [StageOf; 5] = [bounds, direction, consumers, cooldown, quota];

/// The stages of a decision as far as they were run.
#[derive(Default)]
struct Course {
    steps: Vec<Step>,
    resharding: Option<Resharding>,
    wants_shards: bool,
    measures: bool,
}

impl Course {
    fn run(context: &Context<'_>) -> Self {
        let mut course = Self::default();
        let recommended = recommend(context);
        let recommended = unfinished(context, &recommended).unwrap_or(recommended);
        let found = hot(context, &recommended);
        course.steps.push(recommended);
        course.take(found);
        if course.resharding.is_some() {
            course.stages(context, &FOR_A_CALL);
        } else {
            course.stages(context, &FOR_A_COUNT);
            let last = course.steps.last().map(|step| step.shards);
            if let Some(desired) = last.filter(|last| *last != context.current && course.resharding.is_none()) {
                course.take(uneven(context, desired));
            }
        }
        // Whatever a stage has held back.
        let shards = course.steps.last().map_or(context.current, |step| step.shards);
        course.resharding = course.resharding.filter(|_| shards != context.current);
        course
    }

    /// Runs stages in order, and ends at the first after which nothing is left to be done. Bounds are always asked, since
    /// a stream outside them is wrong whatever its load.
    fn stages(&mut self, context: &Context<'_>, stages: &[StageOf]) {
        for stage in stages {
            let wanted = self.steps.last().map_or(context.current, |step| step.shards);
            let step = stage(context, wanted);
            let is_spent = step.reason.is_budget_spent();
            self.steps.push(step);
            if is_spent {
                self.take(instead_of_waiting(context, wanted));
                if self.resharding.is_some() {
                    return self.stages(context, &FOR_A_CALL);
                }
            }
            if self.steps.last().is_none_or(|step| step.shards == context.current) {
                return;
            }
        }
    }

    fn take(&mut self, found: Finding) {
        match found {
            Finding::Nothing => {}
            Finding::Look => self.wants_shards = true,
            Finding::Measure(step) => {
                self.measures = true;
                self.steps.push(step);
            }
            Finding::Step(step) => self.steps.push(step),
            Finding::Call(step, resharding) => {
                self.resharding = Some(resharding);
                self.steps.push(step);
            }
        }
    }
}
