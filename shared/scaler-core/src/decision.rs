//! `decide`: from what was seen to what will be requested, each step explained.

use jiff::Timestamp;

use crate::constrain::{bounds, budget, consumers, cooldown, direction, quota, step_factor};
use crate::direction::Direction;
use crate::enrolment::{Enrolment, TAG_MANAGED};
use crate::history::ResizeHistory;
use crate::limits::RESIZES_PER_DAY;
use crate::observation::{Observation, StreamMode, StreamState, StreamStatus};
use crate::planned::plan_ahead;
use crate::policy::Policy;
use crate::reason::{Reason, Stage};
use crate::recommend::recommend;
use crate::step::{Context, Step};
use crate::units::ShardCount;

/// What a decision comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Request the desired count.
    Resize,
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
    /// What will be requested; equal to `current` unless the verdict is [`Verdict::Resize`] or [`Verdict::DryRun`].
    pub desired: ShardCount,
    /// What it comes to.
    pub verdict: Verdict,
    /// How it came about; never empty.
    pub steps: Vec<Step>,
}

impl Decision {
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
            if matches!(step.stage, Stage::Admit | Stage::Recommend) || step.shards != before || notable {
                told.push(step.reason.to_string());
            }
            before = step.shards;
        }
        let verdict = match self.verdict {
            Verdict::Resize => format!("{} from {} to {}", self.direction, self.current, self.desired),
            Verdict::DryRun => format!("dry run: would {} from {} to {}", self.direction, self.current, self.desired),
            Verdict::Hold => format!("held at {}", self.current),
            Verdict::Refuse => "refused".to_owned(),
        };
        format!("{verdict}: {}", told.join("; "))
    }

    /// What a person should know of: the stream is not getting what it needs, and will not by itself.
    pub fn attention(&self) -> Option<&Reason> {
        self.steps.iter().map(|step| &step.reason).find(|reason| reason.needs_a_person(self.direction))
    }

    /// A decision that came to its end in the first stage.
    fn stopped(direction: Direction, current: ShardCount, verdict: Verdict, reason: Reason) -> Self {
        let steps = vec![Step { stage: Stage::Admit, shards: current, reason }];
        Self { direction, current, desired: current, verdict, steps }
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
    enrolment: &Enrolment,
    direction: Direction,
) -> Result<Policy, Box<Decision>> {
    let stopped = |(verdict, reason)| Box::new(Decision::stopped(direction, stream.open_shards, verdict, reason));
    admission(stack, stream, enrolment).map_err(stopped)
}

/// [`admit`], or what stands against it.
pub(crate) fn admission(
    stack: &Policy,
    stream: &StreamState,
    enrolment: &Enrolment,
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
    let steps = run_stages(&context);
    let desired = steps.last().map_or(current, |step| step.shards);
    let verdict = match desired {
        _ if desired == current => Verdict::Hold,
        _ if policy.dry_run => Verdict::DryRun,
        _ => Verdict::Resize,
    };
    Decision { direction, current, desired, verdict, steps }
}

/// Runs the stages in order, and ends at the first after which nothing is left to be done. Bounds are always asked, since
/// a stream outside them is wrong whatever its load.
fn run_stages(context: &Context<'_>) -> Vec<Step> {
    let recommended = recommend(context);
    let mut wanted = recommended.shards;
    let mut steps = vec![recommended];
    for stage in [bounds, direction, consumers, cooldown, budget, step_factor, quota] {
        let step = stage(context, wanted);
        wanted = step.shards;
        steps.push(step);
        if wanted == context.current {
            break;
        }
    }
    steps
}
