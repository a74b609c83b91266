// SPDX-License-Identifier: Apache-2.0
//! Which operations were called how often, and which calls came faster than AWS allows.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use jiff::Timestamp;

use crate::locked::locked;
use crate::rates::{self, Bucket};

/// The calls of one sandbox, by IAM action.
#[derive(Debug)]
pub(crate) struct Calls {
    limited: bool,
    log: Mutex<Log>,
}

#[derive(Debug, Default)]
struct Log {
    arrived: BTreeMap<String, u64>,
    throttled: BTreeMap<String, u64>,
    buckets: HashMap<String, Bucket>,
}

/// A call came too soon after others of its operation.
#[derive(Debug)]
pub(crate) struct TooFast {
    action: String,
    per_second: i32,
}

impl TooFast {
    /// The text of the refusal; each service has a name of its own for it.
    pub(crate) fn message(&self) -> String {
        format!("Rate exceeded: calls of {} by an account are limited to {} a second", self.action, self.per_second)
    }
}

impl Calls {
    /// None yet. Calls that come too fast are refused when they are `limited`.
    pub(crate) fn new(limited: bool) -> Self {
        Self { limited, log: Mutex::default() }
    }

    /// Counts a call that has arrived, and refuses it when it is too fast.
    pub(crate) fn arrived(&self, service: &str, operation: &str, now: Timestamp) -> Result<(), TooFast> {
        let action = format!("{service}:{operation}");
        let log = &mut *locked(&self.log);
        *log.arrived.entry(action.clone()).or_default() += 1;
        let Some(per_second) = rates::per_second(&action).filter(|_| self.limited) else { return Ok(()) };
        if log.buckets.entry(action.clone()).or_default().take(per_second, now) {
            return Ok(());
        }
        *log.throttled.entry(action.clone()).or_default() += 1;
        Err(TooFast { action, per_second })
    }

    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        locked(&self.log).arrived.clone()
    }

    pub(crate) fn throttled(&self) -> BTreeMap<String, u64> {
        locked(&self.log).throttled.clone()
    }

    /// Counts from zero again. The buckets stay as full as they are: forgetting must not let more calls through.
    pub(crate) fn forget(&self) {
        let log = &mut *locked(&self.log);
        log.arrived.clear();
        log.throttled.clear();
    }
}
