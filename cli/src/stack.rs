// SPDX-License-Identifier: Apache-2.0
//! The settings that a deployed stack judges by, as its alarms tell them.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::Result;
use operator_aws::AlarmState;
use scaler_app::stack_config::is_stack_name;
use scaler_app::stack_settings::StackSettings;
use scaler_core::{ALARM_PREFIX, Policy, signed_by};

use crate::connection::Connection;
use crate::settings::StackOptions;

/// A policy, and whose it is.
pub(crate) struct StackPolicy {
    /// The stack's, with what the caller says over it.
    pub(crate) policy: Policy,
    pub(crate) policy_source: PolicySource,
}

/// Whose settings are judged by.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PolicySource {
    /// The caller named a file.
    Caller,
    /// Those of this stack, which its alarms tell.
    Stack {
        name: String,
        /// What they do not tell, or tell in vain.
        warning: Option<String>,
    },
    /// Nobody told any, for this reason: they are the program's own.
    Unknown(UnknownReason),
}

/// Why the settings of the stack are not known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UnknownReason {
    /// AWS did not answer.
    Unread(&'static str),
    /// No alarm has any.
    Untold,
    /// Those that are told are another stack's than the one asked for.
    Others {
        asked: String,
        stacks: BTreeSet<String>,
        /// Whether it is the stream's own alarms that are another's.
        is_own: bool,
    },
    /// Which of these stacks is meant, nobody says.
    Several(BTreeSet<String>),
    /// What this alarm tells is no policy.
    Odd { alarm: String, faults: String },
}

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread(what) => f.write_str(what),
            Self::Untold => f.write_str("no alarm has them"),
            Self::Others { asked, stacks, is_own } => {
                let (alarms, stacks) =
                    (if *is_own { "its alarms" } else { "the alarms that have settings" }, either(stacks));
                write!(f, "{alarms} belong to stack {stacks}, not to {asked} (use --stack-name {stacks})")
            }
            Self::Several(stacks) => {
                write!(
                    f,
                    "alarms of several stacks have settings, and it is not clear which stack applies: {}",
                    either(stacks)
                )
            }
            Self::Odd { alarm, faults } => write!(f, "alarm {alarm} contains invalid settings ({faults})"),
        }
    }
}

impl PolicySource {
    /// What a person has to know of it; `None` where all settings are the stack's, or the caller's.
    pub(crate) fn warning(&self) -> Option<String> {
        match self {
            Self::Caller => None,
            Self::Stack { warning, .. } => warning.clone(),
            Self::Unknown(why) => Some(format!(
                "the stack's settings are unknown ({why}): shardctl uses the template's defaults without a maximum. To give the stack's settings: --policy FILE, --risk, --shards-min, --shards-max"
            )),
        }
    }

    /// Whether they are the stack's, or what the caller says they are.
    pub(crate) const fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown(_))
    }

    /// For programs.
    pub(crate) fn stack(&self) -> Option<&str> {
        match self {
            Self::Stack { name, .. } => Some(name),
            Self::Caller | Self::Unknown(_) => None,
        }
    }

    /// The stacks that the stream's own alarms name where the one asked for is not among them.
    pub(crate) fn others(&self) -> Option<String> {
        match self {
            Self::Unknown(UnknownReason::Others { stacks, is_own: true, .. }) => Some(either(stacks)),
            Self::Caller | Self::Stack { .. } | Self::Unknown(_) => None,
        }
    }
}

/// The settings of the stack of this name, or of whichever there is: by the stream's own alarms, `own`, where they could be read,
/// else by those of other streams.
///
/// # Errors
/// Settings of the caller's that are wrong.
pub(crate) async fn stack_policy(
    connection: &Connection,
    options: &StackOptions,
    stack: Option<&str>,
    own: Option<&[AlarmState]>,
) -> Result<StackPolicy> {
    if options.names_a_file() {
        return Ok(StackPolicy { policy: options.policy(None)?, policy_source: PolicySource::Caller });
    }
    match told(connection, stack, own).await {
        Err(why) => Ok(StackPolicy { policy: options.policy(None)?, policy_source: PolicySource::Unknown(why) }),
        Ok(told) => {
            let policy = options.policy(Some(&told.variables))?;
            let warning = gaps(&told, &policy, options);
            Ok(StackPolicy { policy, policy_source: PolicySource::Stack { name: told.stack, warning } })
        }
    }
}

/// The first settings of that stack that are good, the stream's own alarms before others'.
async fn told(
    connection: &Connection,
    asked: Option<&str>,
    own: Option<&[AlarmState]>,
) -> Result<StackSettings, UnknownReason> {
    let own = own.ok_or(UnknownReason::Unread("its alarms could not be read"))?;
    let stack = stack_of(own, asked)?;
    let odd = match good_in(own, stack.as_deref()) {
        Err(UnknownReason::Untold) => None,
        Err(odd) => Some(odd),
        told => return told,
    };
    let others = connection.operator.first_alarms(ALARM_PREFIX).await;
    let others = others.map_err(|_| UnknownReason::Unread("alarms could not be read"));
    let told = others.and_then(|others| in_others(&others, stack.as_deref(), asked));
    told.map_err(|why| odd.unwrap_or(why))
}

/// The stack whose settings are sought, by the stream's own alarms: the one asked for, or the one that made them.
fn stack_of(own: &[AlarmState], asked: Option<&str>) -> Result<Option<String>, UnknownReason> {
    let signed = own.iter().filter_map(|alarm| signed_by(&alarm.description));
    let mut stacks: BTreeSet<_> = signed.filter(|stack| is_stack_name(stack)).map(str::to_owned).collect();
    match asked {
        Some(asked) if stacks.is_empty() || stacks.contains(asked) => Ok(Some(asked.to_owned())),
        Some(asked) => Err(UnknownReason::Others { asked: asked.to_owned(), stacks, is_own: true }),
        None if stacks.len() > 1 => Err(UnknownReason::Several(stacks)),
        None => Ok(stacks.pop_first()),
    }
}

/// The same of the alarms of other streams.
fn in_others(others: &[AlarmState], stack: Option<&str>, asked: Option<&str>) -> Result<StackSettings, UnknownReason> {
    let told = others.iter().filter_map(|alarm| StackSettings::of(&alarm.description));
    let stacks: BTreeSet<_> = told.map(|told| told.stack).filter(|stack| is_stack_name(stack)).collect();
    match asked {
        Some(asked) if !stacks.is_empty() && !stacks.contains(asked) => {
            Err(UnknownReason::Others { asked: asked.to_owned(), stacks, is_own: false })
        }
        // Several stacks may have different settings.
        None if stack.is_none() && stacks.len() > 1 => Err(UnknownReason::Several(stacks)),
        _ => good_in(others, stack),
    }
}

/// The first settings of that stack, or of any, that are a policy; else what is wrong with the first.
fn good_in(alarms: &[AlarmState], stack: Option<&str>) -> Result<StackSettings, UnknownReason> {
    let mut odd = None;
    for alarm in alarms {
        let Some(told) = StackSettings::of(&alarm.description) else { continue };
        if stack.is_some_and(|stack| told.stack != stack) {
            continue;
        }
        match told.policy() {
            Ok(_) => return Ok(told),
            Err(faults) => {
                let faults: Vec<_> = faults.0.iter().map(ToString::to_string).collect();
                odd.get_or_insert(UnknownReason::Odd { alarm: alarm.name.clone(), faults: faults.join("; ") });
            }
        }
    }
    Err(odd.unwrap_or(UnknownReason::Untold))
}

/// Which settings of this policy are told by nobody, and what is told that is no setting.
fn gaps(told: &StackSettings, policy: &Policy, options: &StackOptions) -> Option<String> {
    let (stack, lacking, unknown) = (&told.stack, told.lacking(), told.unknown());
    let is_ours = |name: &str| lacking.contains(&name) && !options.gives(name);
    let ours: Vec<_> = policy.variables().into_iter().filter(|(name, _)| is_ours(name)).collect();
    let ours: Vec<_> = ours.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let lacking = (!ours.is_empty()).then(|| {
        let ours = ours.join(", ");
        format!(
            "the alarms of stack {stack} do not have all its settings: shardctl uses its own: {ours}. To \
            give the stack's: --policy FILE"
        )
    });
    let unknown = (!unknown.is_empty()).then(|| {
        format!("the alarms of stack {stack} have settings that shardctl does not know: {}", unknown.join(", "))
    });
    let gaps: Vec<_> = lacking.into_iter().chain(unknown).collect();
    (!gaps.is_empty()).then(|| gaps.join("; "))
}

/// `a or b`.
fn either(stacks: &BTreeSet<String>) -> String {
    stacks.iter().map(String::as_str).collect::<Vec<_>>().join(" or ")
}
