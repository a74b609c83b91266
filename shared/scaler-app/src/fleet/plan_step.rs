// SPDX-License-Identifier: Apache-2.0
//! Looking ahead for one stream: the step of its plan that is due is taken, the next one is kept in mind.

use kinesis_model::ShardCount;
use scaler_core::{Direction, Intent, Plan, Policy, StreamTags, may_plan, plan_ahead};

use super::settings::Settings;
use crate::cloud::{CallError, Clock, Cloud, CloudWatch};
use crate::function_state::FunctionState;
use crate::history_cache::minutes_since_end;
use crate::outcome::{Outcome, OutcomeKind};
use crate::pass::reconcile;
use kinesis_model::whole_minute;

/// A stream's next turn to be looked ahead for comes within so many minutes.
pub(super) const TURN_MINUTES: u32 = 60;
/// A request for another run can wait so long. Source: SQS API reference, `DelaySeconds`.
pub(super) const LATER_SECONDS_MAX: u32 = 900;

/// What was held is looked at again after so long.
const HELD_SECONDS: u32 = 300;

/// What came of it.
#[derive(Default)]
pub(super) struct PlanStep {
    /// What was done, if anything was to be.
    pub(super) outcome: Option<Outcome>,
    /// In how many seconds the next step is due, or a nearer look at it.
    pub(super) recheck_seconds: Option<u32>,
}

/// Plans the next day of a stream that has so many shards, as far as its alarms and tags say.
///
/// Those may be minutes old. So nothing is changed by them: what the plan wants now goes through the pass that an alarm causes,
/// which sees for itself and decides.
pub(super) async fn take_plan_step(
    cloud: &impl Cloud,
    function_state: &FunctionState,
    settings: Settings<'_>,
    stream: &str,
    shards: ShardCount,
    tags: &StreamTags,
) -> PlanStep {
    let Ok(policy) = tags.policy(settings.policy) else { return PlanStep::default() };
    let plan = match plan(cloud, function_state, &policy, stream, shards, tags).await {
        Ok(Some(plan)) => plan,
        Ok(None) => return PlanStep::default(),
        Err(error) => return PlanStep { outcome: Some(Outcome::of_call(stream, &error)), recheck_seconds: None },
    };
    let direction = match plan.desired() {
        desired if desired > shards => Direction::Out,
        desired if desired < shards => Direction::In,
        _ => {
            let next = plan.next().filter(|(minutes, _)| *minutes < TURN_MINUTES);
            return PlanStep {
                outcome: None,
                recheck_seconds: next.map(|(minutes, _)| (minutes * 60).min(LATER_SECONDS_MAX)),
            };
        }
    };
    if !may_plan(&policy, &tags.history, direction, cloud.clock().now()) {
        let recheck_seconds = (direction == Direction::Out).then_some(HELD_SECONDS);
        return PlanStep { outcome: None, recheck_seconds };
    }
    let outcome =
        Box::pin(reconcile(cloud, function_state, settings.policy, stream, Intent::Auto, direction, None)).await;
    let recheck_seconds = match (outcome.outcome, direction) {
        // A longer way has more than one step.
        (OutcomeKind::Resized, _) => Some(LATER_SECONDS_MAX),
        // No alarm fires before a peak that was foreseen.
        (OutcomeKind::Held | OutcomeKind::Failed, Direction::Out) => Some(HELD_SECONDS),
        // A saving waits for the stream's turn.
        _ => None,
    };
    PlanStep { outcome: Some(outcome), recheck_seconds }
}

async fn plan(
    cloud: &impl Cloud,
    function_state: &FunctionState,
    policy: &Policy,
    stream: &str,
    shards: ShardCount,
    tags: &StreamTags,
) -> Result<Option<Plan>, CallError> {
    let now = cloud.clock().now();
    let end = whole_minute(now);
    // Kept for the pass that may follow, and for the next look within the hour.
    let past = function_state.histories.of_stream(cloud.cloudwatch(), stream, now).await?;
    let window = cloud.cloudwatch().window(stream, end, minutes_since_end(now)).await?;
    Ok(plan_ahead(policy, shards, &tags.history, &past, &window, now))
}
