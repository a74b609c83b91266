// SPDX-License-Identifier: Apache-2.0
//! The Regions of AWS by their codes, and which of them a slip of the pen may have meant.

/// Regions that AWS has. Sources: AWS General Reference, "Amazon Kinesis Data Streams endpoints and quotas"; botocore,
/// `partitions.json`, for those of AWS's separate partitions. One that is newer is asked for its address before it is doubted.
const KNOWN: [&str; 46] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];
/// What the addresses of a Region end in, by how its code begins. Source: botocore, `partitions.json`.
const SUFFIXES: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
];
const SUFFIX: &str = "amazonaws.com";
/// Letters that differ at most between what was written and what was meant.
const SLIPS_MAX: usize = 2;

/// Whether AWS is known to have it.
pub(crate) fn is_known(region: &str) -> bool {
    KNOWN.contains(&region)
}

/// Whether one that is not known may be a slip of the pen for one that is.
pub(super) fn is_near_another(region: &str) -> bool {
    !is_known(region) && !nearest(region, KNOWN).is_empty()
}

/// Where Kinesis is in a Region.
pub(crate) fn kinesis_host(region: &str) -> String {
    let of_partition = SUFFIXES.iter().find(|(begin, _)| region.starts_with(begin));
    format!("kinesis.{region}.{}", of_partition.map_or(SUFFIX, |(_, suffix)| suffix))
}

/// What may have been meant by a Region that is none; all there are where nothing comes near.
pub(crate) fn meant(region: &str) -> String {
    match nearest(region, KNOWN) {
        likely if likely.is_empty() => format!("AWS has {}", KNOWN.join(", ")),
        likely => format!("is {} meant?", likely.join(" or ")),
    }
}

/// The names that are nearest to one that is none of them, if any is near.
pub(super) fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wrong = wrong.trim().to_lowercase().replace([' ', '_'], "-");
    let far = |name: &str| strsim::osa_distance(&wrong, name);
    let names: Vec<_> = names.into_iter().collect();
    let least = names.iter().map(|name| far(name)).min().filter(|least| *least <= SLIPS_MAX);
    names.into_iter().filter(|name| Some(far(name)) == least).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_of_another_partition_is_no_slip() {
        for (region, is_near, host) in [
            ("eusc-de-east-1", false, "kinesis.eusc-de-east-1.amazonaws.eu"),
            ("eusc-de-east-2", true, "kinesis.eusc-de-east-2.amazonaws.eu"),
            ("us-iso-east-1", false, "kinesis.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", false, "kinesis.us-isob-east-1.sc2s.sgov.gov"),
            ("cn-north-1", false, "kinesis.cn-north-1.amazonaws.com.cn"),
            ("us-gov-west-1", false, "kinesis.us-gov-west-1.amazonaws.com"),
            ("us-esat-1", true, "kinesis.us-esat-1.amazonaws.com"),
            ("nz-central-9", false, "kinesis.nz-central-9.amazonaws.com"),
            ("local", false, "kinesis.local.amazonaws.com"),
        ] {
            assert_eq!((is_near_another(region), kinesis_host(region).as_str()), (is_near, host), "{region}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_has_what_was_meant() {
        for (wrong, words) in [
            ("us-esat-1", "is us-east-1 meant?"),
            ("us-east-1a", "is us-east-1 meant?"),
            ("US East 1", "is us-east-1 meant?"),
            ("eu-wst-3", "is eu-west-3 meant?"),
            ("useast1", "is us-east-1 meant?"),
            ("ap-northeast-9", "is ap-northeast-1 or ap-northeast-2 or ap-northeast-3 meant?"),
        ] {
            assert_eq!(meant(wrong), words, "{wrong}");
        }
        assert!(meant("virginia").starts_with("AWS has af-south-1, "), "{}", meant("virginia"));
    }
}
