// SPDX-License-Identifier: Apache-2.0
//! Commands for people to run, so written that they work for a stream of any name: one may begin with `-`.
//!
//! What anybody is told to have the AWS CLI do is made here, so that all of it can be tried.

/// What the AWS CLI is to do with a stream.
#[derive(Clone, Copy, Debug)]
pub enum StreamCommand<'a> {
    /// Give it tags, or change them: `key=value,key=value`, or a JSON object in single quotes.
    Tag(&'a str),
    /// Take a tag away, by its key.
    Untag(&'a str),
    /// Delete it with its records; AWS refuses where consumers are registered.
    Delete,
    /// Delete it with its records and its consumers.
    DeleteWithConsumers,
    /// Wait until it is ACTIVE.
    Await,
    /// Keep records longer, hours.
    LengthenRetention(u32),
    /// Keep records shorter, hours.
    ShortenRetention(u32),
    /// Have these shard-level metrics sent.
    Measure(&'a [&'a str]),
    /// Have these shard-level metrics sent no more.
    StopMeasuring(&'a [&'a str]),
    /// Switch it to this capacity mode.
    Switch(&'a str),
    /// Deregister a consumer, by its name.
    Deregister(&'a str),
    /// Have it take records of so many KiB.
    TakeRecords(u64),
    /// Split a shard at a hash key.
    Split {
        /// The shard's id.
        shard: &'a str,
        /// The first hash key of its upper part.
        at: u128,
    },
}

impl StreamCommand<'_> {
    /// As one types it; without a Region it is that of the CLI's settings.
    pub fn text(&self, region: Option<&str>, stream: &str) -> String {
        let (call, options) = self.call();
        let region = region.map(|region| format!(" --region {region}")).unwrap_or_default();
        let named = |call: &str| format!("aws kinesis {call}{region} --stream-name{}", option_value(stream));
        if self.takes_a_name() {
            return format!("{}{options}", named(call));
        }
        let arn =
            format!("{} --query StreamDescriptionSummary.StreamARN --output text", named("describe-stream-summary"));
        format!("aws kinesis {call}{region} --stream-arn \"$({arn})\"{options}")
    }

    /// Some calls take the stream's ARN alone.
    fn takes_a_name(&self) -> bool {
        !matches!(self, Self::Switch(_) | Self::Deregister(_) | Self::TakeRecords(_))
    }

    fn call(&self) -> (&'static str, String) {
        match self {
            Self::Tag(tags) => ("add-tags-to-stream", format!(" --tags {tags}")),
            Self::Untag(key) => ("remove-tags-from-stream", format!(" --tag-keys {key}")),
            Self::Delete => ("delete-stream", String::new()),
            Self::DeleteWithConsumers => ("delete-stream", " --enforce-consumer-deletion".to_owned()),
            Self::Await => ("wait stream-exists", String::new()),
            Self::LengthenRetention(hours) => {
                ("increase-stream-retention-period", format!(" --retention-period-hours {hours}"))
            }
            Self::ShortenRetention(hours) => {
                ("decrease-stream-retention-period", format!(" --retention-period-hours {hours}"))
            }
            Self::Measure(metrics) => ("enable-enhanced-monitoring", shard_metrics(metrics)),
            Self::StopMeasuring(metrics) => ("disable-enhanced-monitoring", shard_metrics(metrics)),
            Self::Switch(mode) => ("update-stream-mode", format!(" --stream-mode-details StreamMode={mode}")),
            Self::Deregister(consumer) => {
                ("deregister-stream-consumer", format!(" --consumer-name{}", option_value(consumer)))
            }
            Self::TakeRecords(kib) => ("update-max-record-size", format!(" --max-record-size-in-ki-b {kib}")),
            Self::Split { shard, at } => {
                ("split-shard", format!(" --shard-to-split {shard} --new-starting-hash-key {at}"))
            }
        }
    }
}

fn shard_metrics(metrics: &[&str]) -> String {
    format!(" --shard-level-metrics {}", metrics.join(" "))
}

/// A stream as the last argument of shardctl.
pub fn operand(stream: &str) -> String {
    if stream.starts_with('-') { format!("-- {stream}") } else { stream.to_owned() }
}

/// What follows an option's name.
pub fn option_value(value: &str) -> String {
    if value.starts_with('-') { format!("={value}") } else { format!(" {value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_looks_like_an_option_is_none() {
        let delete = |stream| StreamCommand::Delete.text(Some("r"), stream);
        assert_eq!(delete("a-b"), "aws kinesis delete-stream --region r --stream-name a-b");
        assert_eq!(delete("-x"), "aws kinesis delete-stream --region r --stream-name=-x");
        assert_eq!([operand("a-b"), operand("-x")], ["a-b", "-- -x"]);
    }
}
