// SPDX-License-Identifier: Apache-2.0
//! The settings of a run of alarm-sync.

use scaler_core::Policy;

use crate::stack_config::StackConfig;

/// The settings of a run.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// The stack's policy.
    pub policy: &'a Policy,
    /// What the stack says of itself.
    pub stack_config: &'a StackConfig,
}
