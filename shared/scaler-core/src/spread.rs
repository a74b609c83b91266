//! Where the load lies: a hot shard is split; and where even shards would not do, or AWS takes no more calls for a count, splits
//! and merges take the place of `UpdateShardCount`.
//!
//! One call each time, and the next look decides anew: nothing has to be remembered but where a series of splits is to end.

use kinesis_model::num::{float, whole};
use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::direction::Direction;
use crate::policy::Policy;
use crate::reason::Instead;
use crate::reason::{Reason, Stage};
use crate::recommend::{more_for_bursts, settled_since, throttled_lately, throttles, throttles_though_it_fits};
use crate::reshard::{Operation, ReshardTerms, ShardCall, plan_reshard};
use crate::step::{Context, Step};
use crate::stream::AttemptKind;
use crate::stream::ShardWindow;
use crate::stream::{ShardLoad, even_loads, largest_over, shard_loads, total};
use kinesis_model::Demand;
use kinesis_model::ShardCount;
use kinesis_model::{HashKeyRange, OpenShard};

/// A load counts as even up to this much above its mean: minutes and hashes are never perfectly even.
const EVEN: f64 = 1.25;
/// A hot shard whose range is this share of the others' at most holds one hot key, most likely: if it were many keys, splits
/// that halved its range three times would have halved its load.
const ONE_KEY: f64 = 1.0 / 8.0 + 1e-9;
/// So long after a split or merge shards without metrics are taken to be new: settling, and what CloudWatch is late by.
const NEW_FOR: SignedDuration = SignedDuration::from_mins(15);
/// Counts that are tried between what scale-in wants and what there is.
const COUNTS_TRIED: u32 = 8;

/// A split or a merge to be made now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resharding {
    /// The call.
    pub call: ShardCall,
    /// Open shards before the first call of the plan that this is one of.
    pub from: ShardCount,
    /// Open shards after its last.
    pub to: ShardCount,
}

impl Resharding {
    /// This call as a plan of its own, made to so many open shards.
    pub(crate) fn one(call: ShardCall, current: ShardCount) -> Self {
        let one = Self { call, from: current, to: current };
        Self { to: one.next(current), ..one }
    }

    /// The how manieth of its plan this call is, made to so many open shards, and of how many.
    pub(crate) fn progress(&self, current: ShardCount) -> (u32, u32) {
        let [done, all] = [current, self.to].map(|shards| shards.get().abs_diff(self.from.get()));
        (done + 1, all)
    }

    /// Open shards after this call.
    pub(crate) fn next(&self, current: ShardCount) -> ShardCount {
        match self.call {
            ShardCall::Split { .. } => one_more(current),
            ShardCall::Merge { .. } => one_fewer(current),
        }
    }
}

/// What there is to say of where the load lies.
pub(crate) enum Finding {
    /// Nothing: the count is what matters.
    Nothing,
    /// The shards have to be looked at first.
    Look,
    /// The metrics of the shards have to be sent first.
    Measure(Step),
    /// This, without a call.
    Step(Step),
    /// This call.
    Call(Step, Resharding),
}

/// Splits that were begun are gone on with while the stream throttles, if no more than they lead to is asked for.
pub(crate) fn unfinished(context: &Context<'_>, recommended: &Step) -> Option<Step> {
    let (from, to) = unfinished_splits(context).filter(|(_, to)| *to > recommended.shards)?;
    let done = context.current.get() - from.get();
    let reason = Reason::SplitsUnfinished { done, all: to.get() - from.get() };
    Some(Step { stage: Stage::Recommend, shards: to, reason })
}

/// From which count to which, if they are to be gone on with.
fn unfinished_splits(context: &Context<'_>) -> Option<(ShardCount, ShardCount)> {
    if context.direction == Direction::In || !throttled_lately(context) {
        return None;
    }
    context.seen.enrolment.history.unfinished_splits(context.current, context.now)
}

/// Why a stream throttles of which the average fits.
pub(crate) fn hot(context: &Context<'_>, recommended: &Step) -> Finding {
    let is_ours = context.direction == Direction::Out && may_look(context);
    if !is_ours || !throttles_though_it_fits(context) {
        return Finding::Nothing;
    }
    let is_suspected = matches!(recommended.reason, Reason::HotShardSuspected { .. });
    if !context.seen.stream.shard_metrics {
        let measure = is_suspected && !context.policy.dry_run;
        let step = Step { stage: Stage::Spread, shards: context.current, reason: Reason::MeasuringShards };
        return if measure { Finding::Measure(step) } else { Finding::Nothing };
    }
    let Some(shards) = &context.seen.shards else { return Finding::Look };
    match shard_loads(shards, settled_since(context)) {
        Some(loads) => of_hottest(context, recommended, &loads),
        // Without what is late, or never comes, it is as it would be without shards' metrics.
        None if is_new(context) || is_suspected => Finding::Step(unknown(context)),
        None => Finding::Nothing,
    }
}

fn unknown(context: &Context<'_>) -> Step {
    Step { stage: Stage::Spread, shards: context.current, reason: Reason::ShardsUnknown }
}

/// Whether a split or merge was so lately that its shards need have no metrics yet.
fn is_new(context: &Context<'_>) -> bool {
    let last = context.seen.enrolment.history.last_resize();
    last.is_some_and(|last| last.kind == AttemptKind::Stepwise && context.now.duration_since(last.at) < NEW_FOR)
}

/// Why a hot shard is hot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heat {
    /// All are as hot.
    Even,
    /// Its range is larger than the others'.
    Wide,
    /// More is written to its keys than to others.
    Hot,
    /// One of its keys.
    Key,
}

impl Heat {
    /// Why each of these would be hot.
    pub(crate) fn among(loads: &[ShardLoad]) -> impl Fn(&ShardLoad) -> Self + use<> {
        let (count, total) = (count(loads), total(loads));
        // Few shards have no mean to speak of once one of them is split.
        let widest = loads.iter().map(|load| load.shard.range.share()).fold(0.0, f64::max);
        let other = widest.min(2.0 / count);
        move |load| {
            let share = load.shard.range.share();
            match () {
                () if share <= ONE_KEY * other => Self::Key,
                () if load.load / total / share > EVEN => Self::Hot,
                () if share * count > EVEN => Self::Wide,
                () => Self::Even,
            }
        }
    }
}

impl fmt::Display for Heat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Even => "full as all are",
            Self::Wide => "wide shard",
            Self::Hot => "hot shard",
            Self::Key => "hot key suspected",
        })
    }
}

/// Those of all open shards that throttle or take more than is bearable, the hottest first, and why each does.
pub fn hot_shards<'a>(policy: &Policy, loads: &'a [ShardLoad]) -> Vec<(&'a ShardLoad, Heat)> {
    let bearable = ReshardTerms::of(policy).bearable;
    let is_hot = |load: &&ShardLoad| load.throttled_records > 0 || load.load > bearable;
    let heat = Heat::among(loads);
    let mut hot: Vec<_> = loads.iter().filter(is_hot).map(|load| (load, heat(load))).collect();
    hot.sort_by(|(a, _), (b, _)| b.load.total_cmp(&a.load));
    hot
}

fn of_hottest(context: &Context<'_>, recommended: &Step, loads: &[ShardLoad]) -> Finding {
    let is_suspected = matches!(recommended.reason, Reason::HotShardSuspected { .. });
    let step = |shards, reason| Step { stage: Stage::Spread, shards, reason };
    let terms = terms(context);
    let hot = hot_shards(context.policy, loads);
    let Some((hottest, _)) = hot.first() else { return Finding::Nothing };
    let Some((load, heat)) = hot.iter().find(|(_, heat)| *heat != Heat::Key) else {
        // No shards for its throttles, which none would lift; what is foreseen for all is another matter.
        let is_planned = matches!(recommended.reason, Reason::Planned { .. });
        let shards = if is_planned { recommended.shards } else { context.current };
        return Finding::Step(step(shards, hot_key(hottest, loads)));
    };
    let (shard, load_percent) = (load.shard.id.clone(), percent(load.load));
    let keys_percent = percent(load.shard.range.share());
    let reason = match heat {
        Heat::Even | Heat::Key if is_suspected => {
            let (shards, reason) = more_for_bursts(context);
            return Finding::Step(step(shards, reason));
        }
        Heat::Even | Heat::Key => return Finding::Nothing,
        Heat::Wide => Reason::WideShard { shard, load_percent, keys_percent },
        Heat::Hot => Reason::HotShard { shard, load_percent, keys_percent },
    };
    let plan = plan_reshard(std::slice::from_ref(*load), &[], &terms);
    match plan.operations.first().and_then(|operation| one_call(context, *operation)) {
        Some(resharding) => Finding::Call(step(one_more(context.current), reason), resharding),
        None => Finding::Nothing,
    }
}

/// That one key makes a shard hot.
pub(crate) fn hot_key(load: &ShardLoad, loads: &[ShardLoad]) -> Reason {
    let shard = load.shard.id.clone();
    Reason::HotKey { shard, load_percent: percent(load.load), narrower: narrower(load, loads) }
}

/// A resize that cannot be had, since all of the day's are spent, and is urgent: a stream that throttles is split, shard by shard.
pub(crate) fn instead_of_waiting(context: &Context<'_>, wanted: ShardCount) -> Finding {
    let unfinished = unfinished_splits(context);
    if context.direction == Direction::In || (unfinished.is_none() && !throttles(context)) {
        return Finding::Nothing;
    }
    let Some(shards) = &context.seen.shards else { return Finding::Look };
    let open = || shards.iter().map(|ShardWindow { shard, .. }| shard);
    let Some(call) = widest_split(open()) else { return Finding::Nothing };
    let (from, to) = unfinished.unwrap_or_else(|| {
        // As many as bring every shard under the target if keys are spread evenly; with a skew, each is another look's.
        let loads = even_loads(open(), f64::from(wanted.get()) * terms(context).target);
        let splits = plan_reshard(&loads, &[], &terms(context)).operations.len() as u64;
        (context.current, ShardCount::saturating(u64::from(context.current.get()) + splits.max(1)))
    });
    let (done, all) = (context.current.get() - from.get(), to.get() - from.get());
    let step = Step { stage: Stage::Spread, shards: to, reason: Reason::SplitsInstead { split: done + 1, all } };
    Finding::Call(step, Resharding { call, from, to })
}

/// A resize to so many even shards, of which one would take too much of what is written now.
pub(crate) fn uneven(context: &Context<'_>, desired: ShardCount) -> Finding {
    if !context.seen.stream.shard_metrics || !may_look(context) {
        return Finding::Nothing;
    }
    let Some(shards) = &context.seen.shards else { return Finding::Look };
    if context.direction == Direction::In && busiest(context) <= terms(context).bearable {
        // One shard could take it all, however it lies; of an idle stream shards have no metrics.
        return Finding::Nothing;
    }
    let loads = shard_loads(shards, since(context));
    let mut loads = match (context.direction, loads) {
        (Direction::Out, Some(loads)) => loads,
        (Direction::Out, None) if is_new(context) && !throttles(context) => return Finding::Step(unknown(context)),
        (Direction::Out, None) => return Finding::Nothing,
        // A pair that is cold now may have been hot within the window.
        (Direction::In, Some(loads)) if known_minutes(shards) >= context.policy.window_minutes(Direction::In) / 2 => {
            loads
        }
        (Direction::In, _) => return Finding::Step(unknown(context)),
    };
    let mut terms = terms(context);
    // What a plan grows for has not come yet.
    let growth = f64::from(desired.get()) * terms.target / total(&loads);
    if context.direction == Direction::Out && growth > 1.0 {
        for load in &mut loads {
            load.load *= growth;
        }
    }
    let all = total(&loads);
    let too_full = |shards: ShardCount| {
        let largest = largest_over(&loads, &HashKeyRange::uniform(shards.get()));
        (largest > terms.bearable && largest > EVEN * all / f64::from(shards.get())).then_some(largest)
    };
    let Some(largest) = too_full(desired) else { return Finding::Nothing };
    if context.direction == Direction::In {
        // A count that carries it and still saves something is one call; merges are one each.
        if let Some(shards) = counts_between(context, desired).find(|shards| too_full(*shards).is_none()) {
            let reason =
                Reason::UnevenLoad { desired, largest_percent: percent(largest), instead: Instead::Count(shards) };
            return Finding::Step(Step { stage: Stage::Spread, shards, reason });
        }
        // What throttled once is left whole here; it is not merged either, being hot.
        (terms.shards_min, terms.bearable) = (desired.get(), f64::INFINITY);
        for load in &mut loads {
            load.throttled_records = 0;
        }
    }
    let plan = plan_reshard(&loads, &[], &terms);
    let reason = |instead| Reason::UnevenLoad { desired, largest_percent: percent(largest), instead };
    let step = |shards, instead| Step { stage: Stage::Spread, shards, reason: reason(instead) };
    match plan.operations.first().and_then(|operation| one_call(context, *operation)) {
        Some(resharding) => Finding::Call(step(resharding.to, Instead::Call), resharding),
        None => Finding::Step(step(context.current, Instead::Nothing)),
    }
}

/// Some counts between what scale-in wants and what is worth a resize, the smallest first.
fn counts_between(context: &Context<'_>, desired: ShardCount) -> impl Iterator<Item = ShardCount> {
    let most = context.policy.worth_shrinking_to(context.current);
    let more = u64::from(most.saturating_sub(desired.get()));
    let counts =
        (1..=COUNTS_TRIED).map(move |part| u64::from(desired.get()) + more * u64::from(part) / u64::from(COUNTS_TRIED));
    counts.filter(move |count| *count > u64::from(desired.get())).map(ShardCount::saturating)
}

/// What the stream was wanted to take in the busiest minute of its window, in shards.
fn busiest(context: &Context<'_>) -> f64 {
    let wanted = context.seen.window.known().map(|(_, minute)| f64::from(Demand::wanted(minute).in_shards()));
    wanted.fold(0.0, f64::max)
}

/// Minutes in which anything is known of any shard.
fn known_minutes(shards: &[ShardWindow]) -> u32 {
    let minutes: BTreeSet<_> = shards.iter().flat_map(|shard| shard.window.known().map(|(began, _)| began)).collect();
    u32::try_from(minutes.len()).unwrap_or(u32::MAX)
}

/// Whether the shards' own metrics are to be looked at, which is charged; where the bounds leave one count, as an operator's
/// order for it does, there is no choice.
fn may_look(context: &Context<'_>) -> bool {
    context.policy.shard_metrics && context.policy.min() < context.policy.max()
}

/// The terms of a plan that only splits.
fn terms(context: &Context<'_>) -> ReshardTerms {
    ReshardTerms { shards_min: u32::MAX, shards_max: u32::MAX, ..ReshardTerms::of(context.policy) }
}

/// When the minutes begin by which this direction decides.
fn since(context: &Context<'_>) -> Timestamp {
    match context.direction {
        Direction::Out => settled_since(context),
        Direction::In => Timestamp::MIN,
    }
}

/// This operation as a plan of its own.
fn one_call(context: &Context<'_>, operation: Operation) -> Option<Resharding> {
    let shards = context.seen.shards.as_ref()?;
    let call = operation.on(shards.iter().map(|ShardWindow { shard, .. }| shard))?;
    Some(Resharding::one(call, context.current))
}

/// The split of the widest shard in its middle; of equals, of the first.
fn widest_split<'a>(shards: impl Iterator<Item = &'a OpenShard>) -> Option<ShardCall> {
    let length = |shard: &OpenShard| shard.range.last() - shard.range.first();
    let widest = shards.min_by_key(|shard| std::cmp::Reverse(length(shard)))?;
    Some(ShardCall::Split { shard: widest.id.clone(), at: widest.range.middle()? })
}

fn one_more(shards: ShardCount) -> ShardCount {
    ShardCount::saturating(u64::from(shards.get()) + 1)
}

fn one_fewer(shards: ShardCount) -> ShardCount {
    ShardCount::saturating(u64::from(shards.get()) - 1)
}

fn count(loads: &[ShardLoad]) -> f64 {
    float(loads.len())
}

/// Whole percent, to the nearest.
fn percent(share: f64) -> u64 {
    whole((share * 100.0).round())
}

/// How many times as large an even range would be.
fn narrower(load: &ShardLoad, loads: &[ShardLoad]) -> u64 {
    whole((1.0 / (load.shard.range.share() * count(loads))).round())
}
