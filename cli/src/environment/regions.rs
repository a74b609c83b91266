//! The Regions of AWS by their codes, and which of them a slip of the pen may have meant.

/// Regions that AWS has. Source: AWS General Reference, "Amazon Kinesis Data Streams endpoints and quotas". One that is newer is
/// asked for its address before it is doubted.
const KNOWN: [&str; 38] = [
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
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];
/// Letters that differ at most between what was written and what was meant.
const SLIPS_MAX: usize = 2;

/// Whether AWS is known to have it.
pub(crate) fn is_known(region: &str) -> bool {
    KNOWN.contains(&region)
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
