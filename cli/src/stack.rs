//! The settings that a deployed stack judges by, as its alarms tell them.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};
use scaler_app::stack_settings::StackSettings;
use scaler_aws::AlarmState;
use scaler_core::{ALARM_PREFIX, Policy};

use crate::connection::Connection;
use crate::options::StackOptions;

/// A policy, and whose it is.
pub(crate) struct Judged {
    /// The stack's, with what the caller says over it.
    pub(crate) policy: Policy,
    pub(crate) whose: Whose,
}

/// Whose settings are judged by.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The caller named a file.
    Caller,
    /// Those of this stack, which its alarms tell.
    Stack(String),
    /// Nobody told any, for this reason: they are the program's own.
    Unknown(&'static str),
}

impl Whose {
    /// What a person has to know of it; `None` where the settings are the stack's, or the caller's.
    pub(crate) fn warning(&self) -> Option<String> {
        let Self::Unknown(why) = self else { return None };
        Some(format!(
            "the settings of the stack are not known, since {why}: these are shardctl's own, as a stack is deployed but without a \
             maximum. To give the stack's: --policy FILE, --risk, --shards-min, --shards-max"
        ))
    }

    /// For programs.
    pub(crate) fn stack(&self) -> Option<&str> {
        match self {
            Self::Stack(stack) => Some(stack),
            Self::Caller | Self::Unknown(_) => None,
        }
    }
}

/// The settings of the stack of this name, or of whichever there is: by the stream's own alarms, `own`, where they could be read,
/// else by those of other streams.
///
/// # Errors
/// Settings that are wrong.
pub(crate) async fn judged(
    connection: &Connection,
    options: &StackOptions,
    stack: Option<&str>,
    own: Option<&[AlarmState]>,
) -> Result<Judged> {
    if options.names_a_file() {
        return Ok(Judged { policy: options.policy(None)?, whose: Whose::Caller });
    }
    let told = match own.map(|own| told_in(own, stack)) {
        None => Err("its alarms could not be read"),
        Some(Some(told)) => Ok(told),
        Some(None) => match connection.operator.first_alarms(ALARM_PREFIX).await {
            Err(_) => Err("alarms could not be read"),
            Ok(others) => told_in(&others, stack).ok_or("no alarm tells them"),
        },
    };
    match told {
        Err(why) => Ok(Judged { policy: options.policy(None)?, whose: Whose::Unknown(why) }),
        Ok(told) => {
            told.policy().map_err(|faults| {
                anyhow!("the alarms of stack {} tell settings that this shardctl does not take: {faults} give them by --policy FILE", told.stack)
            })?;
            let policy = options.policy(Some(&told.variables))?;
            Ok(Judged { policy, whose: Whose::Stack(told.stack) })
        }
    }
}

/// What these alarms tell, if it is of one stack.
fn told_in(alarms: &[AlarmState], stack: Option<&str>) -> Option<StackSettings> {
    let told = alarms.iter().filter_map(|alarm| StackSettings::of(&alarm.description));
    let mut told: Vec<_> = told.filter(|told| stack.is_none_or(|stack| told.stack == stack)).collect();
    let stacks: BTreeSet<_> = told.iter().map(|told| told.stack.clone()).collect();
    // Several stacks may have different settings: which is meant, nobody says.
    if stacks.len() == 1 { told.pop() } else { None }
}
