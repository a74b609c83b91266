//! What a shard costs an hour: a dated sheet, with the source of each line.
//!
//! Read 2026-11-21 from AWS Price List values (usage type `Storage-ShardHour`) as public fixtures hold them: us-east-1 and
//! us-east-2 from infracost's, ap-northeast-1 from a pricing registry's and a cost model's. For no other Region was a
//! source found, and none is guessed.

use crate::units::MicroUsd;

const SHARD_HOUR: [(&str, MicroUsd); 3] =
    [("us-east-1", MicroUsd(15_000)), ("us-east-2", MicroUsd(15_000)), ("ap-northeast-1", MicroUsd(19_500))];

/// The price of one provisioned shard for an hour; `None` where the sheet has no figure for the Region.
pub fn shard_hour(region: &str) -> Option<MicroUsd> {
    SHARD_HOUR.iter().find(|(listed, _)| *listed == region).map(|(_, price)| *price)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_without_a_figure_has_no_price() {
        assert_eq!(shard_hour("ap-northeast-1"), Some(MicroUsd(19_500)));
        assert_eq!(shard_hour("eu-west-1"), None);
    }
}
