// SPDX-License-Identifier: Apache-2.0
//! The command that makes a saving.

use billing::Saving;
use scaler_core::{TAG_MANAGED, TAG_SHARDS_MIN};

use super::commands::{StreamCommand, operand};

/// The command that makes it, in this Region; `None` where none does.
pub fn saving_command(saving: &Saving, stream: &str, region: &str) -> Option<String> {
    let text = |command: StreamCommand<'_>| command.text(Some(region), stream);
    let enrol = || text(StreamCommand::Tag(&format!("{TAG_MANAGED}=true")));
    Some(match saving {
        Saving::ToOnDemand => text(StreamCommand::Switch("ON_DEMAND")),
        // What is in the way goes first, and no one command does that.
        Saving::ToProvisioned { only, .. } if !only.blocks().is_empty() => return None,
        Saving::ToProvisioned { .. } => format!("{} && {}", text(StreamCommand::Switch("PROVISIONED")), enrol()),
        Saving::DeleteIdle => text(StreamCommand::DeleteWithConsumers),
        Saving::Enrol { .. } => enrol(),
        Saving::LowerMin { to, .. } => text(StreamCommand::Tag(&format!("{TAG_SHARDS_MIN}={to}"))),
        Saving::AskWhyHeld { .. } => format!("AWS_REGION={region} shardctl status {}", operand(stream)),
        Saving::ShortenRetention { to, .. } => text(StreamCommand::ShortenRetention(*to)),
        Saving::DropConsumer { name } => text(StreamCommand::Deregister(name)),
        Saving::Aggregate { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use billing::OnDemandOnly;
    use kinesis_model::ShardCount;

    use super::*;

    /// What a stream has in on-demand mode alone goes first, and no one command does that.
    #[test]
    fn there_is_no_command_while_something_is_in_the_way() {
        let none = OnDemandOnly { channels: Some(0), is_auto: Some(false), consumers_beyond: 0 };
        for (only, is_clear) in [
            (OnDemandOnly::default(), true),
            (none, true),
            (OnDemandOnly { channels: Some(2), ..none }, false),
            (OnDemandOnly { is_auto: Some(true), ..none }, false),
            (OnDemandOnly { consumers_beyond: 3, ..none }, false),
        ] {
            let saving = Saving::ToProvisioned { shards: ShardCount::ONE, only };
            assert_eq!(saving_command(&saving, "orders", "us-east-1").is_some(), is_clear, "{saving}");
        }
    }
}
