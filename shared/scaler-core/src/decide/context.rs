// SPDX-License-Identifier: Apache-2.0
//! What every stage of a decision is given, and what it gives.

use jiff::Timestamp;

use super::load_signals::{LoadContext, LoadSignals};
use super::observation::Observation;
use super::resharding::Resharding;
use crate::direction::Direction;
use crate::intent::{Intent, Order};
use crate::need::{Fetched, Need};
use crate::plan::Plan;
use crate::policy::Policy;
use crate::stream::{ResizeHistory, ShardWindow};
use kinesis_model::limits::RESIZES_PER_DAY;
use kinesis_model::{AccountShards, ShardCount};

/// What every stage looks at.
pub(crate) struct Context<'a> {
    /// The stream's own.
    pub(crate) policy: &'a Policy,
    pub(crate) order: Option<Order>,
    pub(crate) dry_run: bool,
    /// The fewest shards there may be: the operator's minimum, or what is ordered.
    pub(crate) min: ShardCount,
    /// The most shards there may be: the operator's maximum, or what is ordered.
    pub(crate) max: ShardCount,
    pub(crate) direction: Direction,
    pub(crate) current: ShardCount,
    pub(crate) now: Timestamp,
    pub(crate) history: &'a ResizeHistory,
    /// The next day, where there is anything to plan for and the past tells enough of it.
    pub(crate) plan: Option<&'a Plan>,
    pub(crate) signals: LoadSignals,
    pub(crate) shards: &'a Fetched<Vec<ShardWindow>>,
    pub(crate) account: &'a Fetched<AccountShards>,
    /// Whether the metrics of the shards are sent.
    pub(crate) shard_metrics: bool,
}

impl<'a> Context<'a> {
    /// `dry_run` is whether the stream must not be changed.
    ///
    /// # Errors
    /// The past is needed for a plan.
    pub(crate) fn new(
        policy: &'a Policy,
        seen: &'a Observation,
        intent: Intent,
        dry_run: bool,
        direction: Direction,
        now: Timestamp,
    ) -> Result<Self, Need> {
        let order = intent.order();
        let is_planned = order.is_none() && may_plan(policy, &seen.tags.history, direction, now);
        let plan = if is_planned { seen.plan.or_need(Need::LoadHistory)? } else { None };
        Ok(Self { dry_run, ..Self::of(policy, seen, order, plan, direction, now) })
    }

    /// With this plan, or none.
    pub(crate) fn of(
        policy: &'a Policy,
        seen: &'a Observation,
        order: Option<Order>,
        plan: Option<&'a Plan>,
        direction: Direction,
        now: Timestamp,
    ) -> Self {
        let (history, current) = (&seen.tags.history, seen.stream.open_shards);
        let context = LoadContext {
            policy,
            history,
            current,
            direction,
            is_planned: plan.is_some(),
            unknown_is_idle: order.is_some_and(|order| order.unknown_is_idle),
        };
        Self {
            policy,
            order,
            dry_run: false,
            min: order.map_or(policy.min(), |order| order.shards),
            max: order.map_or(policy.max(), |order| order.shards),
            direction,
            current,
            now,
            history,
            plan,
            signals: LoadSignals::of(&seen.window, &context),
            shards: &seen.shards,
            account: &seen.account,
            shard_metrics: seen.stream.shard_metrics,
        }
    }

    /// Whether the shards' own metrics are to be looked at, which is charged; where the bounds leave one count there is no choice.
    pub(crate) fn may_look_at_shards(&self) -> bool {
        self.policy.shard_metrics && self.min < self.max
    }

    /// Whether a change brings a stream back under its maximum, which is worth a resize, however small it is.
    pub(crate) fn returns_under_max(&self, wanted: ShardCount) -> bool {
        self.current > self.max && wanted <= self.max
    }

    /// A scale-in that a floor has stopped short: to the floor, if that still saves more than the tolerance; else not at all.
    pub(crate) fn floor_if_worthwhile(&self, floor: ShardCount) -> ShardCount {
        if floor.get() <= self.policy.scale_in_target_max(self.current) { floor } else { self.current }
    }

    /// From which count to which splits were begun that are to be gone on with: while the stream throttles.
    pub(crate) fn unfinished_splits(&self) -> Option<(ShardCount, ShardCount)> {
        if self.direction == Direction::In || !self.signals.throttled_lately {
            return None;
        }
        self.history.unfinished_splits(self.current, self.now)
    }
}

/// Whether there is anything to plan for: while a decision cools down, or no resize is left, nothing may be done, and where
/// the bounds leave one count, it is that. Then the past need not even be read.
///
/// The cooldown's rule is that of the stage in `cooldown.rs`, before there is any proposal.
pub fn may_plan(policy: &Policy, history: &ResizeHistory, direction: Direction, now: Timestamp) -> bool {
    let is_cool = history.last_before_cooldown(direction).is_none_or(|last| {
        let until = last.at.checked_add(policy.cooldown(direction)).unwrap_or(last.at);
        now >= until
    });
    policy.min() < policy.max() && is_cool && history.spent(now) < RESIZES_PER_DAY
}

/// What a proposal is made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Basis {
    /// The load of the last minutes.
    Load,
    /// The plan of the next day.
    Plan,
    /// Throttling that more shards of equal size would not help.
    HotShardSuspected,
    /// The same, and the metrics of the shards are to be sent to see which one it is.
    Measuring,
}

/// What is proposed after some of the stages.
#[derive(Clone, Debug)]
pub(crate) struct Proposal {
    /// The count; of a split or a merge the one that its series leads to.
    pub(crate) shards: ShardCount,
    /// The split or merge that takes the place of `UpdateShardCount`.
    pub(crate) resharding: Option<Resharding>,
    pub(crate) basis: Basis,
}

/// What a stage makes of a proposal, and why.
pub(crate) struct StageOutput<R> {
    pub(crate) shards: ShardCount,
    pub(crate) reason: R,
    /// A split or merge that is to be made instead.
    pub(crate) resharding: Option<Resharding>,
    /// Where it is another from here on.
    pub(crate) basis: Option<Basis>,
}

impl<R> StageOutput<R> {
    pub(crate) fn map<S>(self, wrap: impl FnOnce(R) -> S) -> StageOutput<S> {
        let Self { shards, reason, resharding, basis } = self;
        StageOutput { shards, reason: wrap(reason), resharding, basis }
    }
}

/// `None` where a stage has nothing to say of a proposal.
pub(crate) type StageResult<R> = Result<Option<StageOutput<R>>, Need>;

/// The stage comes to this count.
#[allow(clippy::unnecessary_wraps, reason = "the form in which stages answer")]
pub(crate) fn propose<R>(shards: ShardCount, reason: R) -> StageResult<R> {
    Ok(Some(StageOutput { shards, reason, resharding: None, basis: None }))
}

/// The stage comes to this count, made by something else than the load.
#[allow(clippy::unnecessary_wraps, reason = "the form in which stages answer")]
pub(crate) fn propose_by<R>(basis: Basis, shards: ShardCount, reason: R) -> StageResult<R> {
    Ok(Some(StageOutput { shards, reason, resharding: None, basis: Some(basis) }))
}

/// The stage comes to this split or merge, of a series that leads to `shards`.
#[allow(clippy::unnecessary_wraps, reason = "the form in which stages answer")]
pub(crate) fn propose_call<R>(shards: ShardCount, reason: R, resharding: Resharding) -> StageResult<R> {
    Ok(Some(StageOutput { shards, reason, resharding: Some(resharding), basis: None }))
}
