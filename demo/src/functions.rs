// SPDX-License-Identifier: Apache-2.0
//! The deployed functions' own code over the sandbox: each event goes to the function that it is for.

use jiff::Timestamp;
use sandbox::{Delivery, EventSource};
use scaler_app::cloud::{Clock as _, Cloud as _};
use scaler_app::fleet::{BEGINS_WITHIN, Settings, sync};
use scaler_app::stack_config::StackConfig;
use scaler_app::{FunctionState, Outcome, handle};
use scaler_aws::AwsFleetCloud;
use scaler_core::{Direction, Policy};
use serde_json::Value;

use crate::time::Time;

/// The function that makes and keeps alarms.
pub(crate) const ALARM_SYNC: &str = "alarm-sync";
/// Which of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    /// scale-out or scale-in.
    Scaling(Direction),
    /// alarm-sync.
    AlarmSync,
}

impl Function {
    fn named(name: &str) -> Self {
        let direction = [Direction::Out, Direction::In].into_iter().find(|direction| direction.to_string() == name);
        // The stage has the sandbox call no fourth one.
        direction.map_or(Self::AlarmSync, Self::Scaling)
    }
}

/// What a function answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// When it was given.
    pub(crate) at: Timestamp,
    /// Whose it is.
    pub(crate) function: Function,
    /// How the event came.
    pub(crate) road: EventSource,
    /// What came of it; of alarm-sync, only what was not as it should be.
    pub(crate) outcomes: Vec<Outcome>,
}

/// The three functions, with one environment.
pub(crate) struct Functions {
    /// What they do their work with.
    pub(crate) cloud: AwsFleetCloud<Time>,
    /// What they know of themselves.
    pub(crate) function_state: FunctionState,
    /// Their settings.
    pub(crate) policy: Policy,
    /// Whom they tell, and what alarms call.
    pub(crate) stack_config: StackConfig,
}

impl Functions {
    /// Calls the function that an event is for. Calls follow one another, as in Lambda at a reserved concurrency of one.
    pub(crate) async fn answer(&self, delivery: Delivery) -> Answer {
        let Delivery { function, payload, source: road } = delivery;
        let function = Function::named(&function);
        let outcomes = match function {
            Function::Scaling(direction) => {
                handle(&self.cloud, &self.function_state, &self.policy, direction, &payload, &mut |_| ()).await.outcomes
            }
            Function::AlarmSync => self.sync(&payload).await,
        };
        Answer { at: self.cloud.clock().now(), function, road, outcomes }
    }

    /// Runs alarm-sync.
    pub(crate) async fn sync(&self, event: &Value) -> Vec<Outcome> {
        let settings = Settings { policy: &self.policy, stack_config: &self.stack_config };
        let until = self.cloud.clock().now() + BEGINS_WITHIN;
        sync(&self.cloud, &self.function_state, settings, event, until, &mut |_| ()).await.outcomes
    }
}
