// SPDX-License-Identifier: Apache-2.0
//! What a function's process knows of itself, and keeps from one event to the next.

use std::sync::OnceLock;

use crate::event::account_of;
use crate::history_cache::HistoryCache;
use crate::stack_config::StackConfig;

/// What a function's process knows of itself, and keeps from one event to the next.
#[derive(Debug)]
pub struct FunctionState {
    /// The stack: whose alarms are ours.
    pub stack: String,
    /// The Region that it works in, where that is known.
    pub region: Option<String>,
    /// The account that it works in. A function learns it from its first invocation.
    pub account: OnceLock<String>,
    /// The load histories that were read within the hour.
    pub histories: HistoryCache,
}

impl FunctionState {
    /// A process of this stack.
    pub fn new(stack_config: &StackConfig) -> Self {
        Self {
            stack: stack_config.stack_name.clone(),
            region: Some(stack_config.region.clone()).filter(|region| !region.is_empty()),
            account: OnceLock::new(),
            histories: HistoryCache::default(),
        }
    }

    /// Learns the account from the ARN of the function.
    pub fn learn_account(&self, function_arn: &str) {
        if let Some(account) = account_of(function_arn) {
            self.account.get_or_init(|| account);
        }
    }
}

impl Default for FunctionState {
    fn default() -> Self {
        Self::new(&StackConfig::default())
    }
}
