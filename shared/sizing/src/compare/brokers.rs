// SPDX-License-Identifier: Apache-2.0
//! Kafka brokers, as EC2 instances or in Amazon MSK: a dated sheet of their prices, and what a cluster costs.

use super::day::DailyLoad;
use crate::capacity::DOCUMENTS_BROKER_HOUR;
use billing::prices::{GB_BYTES, MONTH_SECONDS};
use kinesis_model::MicroUsd;

/// Values of the Price List of mid-2024 in infracost's golden files. Read 2026-11-21.
const INFRACOST: &str = "Price List of mid-2024 in infracost's golden files, read 2026-11-21";
/// A kafka.m5.24xlarge has 48 times a kafka.m5.large's vCPUs and memory.
const DERIVED: &str = "derived: 1/48 of kafka.m5.24xlarge in infracost's golden files, read 2026-11-21";
/// Cost estimates that infracost printed, in public repositories. Read 2026-11-25.
const ESTIMATES: &str = "infracost's estimates in public repositories, read 2026-11-25";
/// Bills quoted on public pages: "$0.010 per GB - regional data transfer", for either side. Read 2026-11-25.
const BILLS: &str = "bills quoted on public pages: 0.01 for either side, read 2026-11-25";
/// The script of the user's documents that compares costs. Ten price tables of us-east-1 in public repositories have the same
/// figure. Read 2026-12-01.
const DOCUMENTS: &str = "the documents' figure, which public price tables share, read 2026-12-01";
/// The Region of these prices.
const REGION: &str = "us-east-1";
/// What the smaller instances of the fifth generation are documented with, "up to 10 Gbps" in either direction, and less in the
/// long run. EC2 User Guide, "Amazon EC2 instance network bandwidth". Read 2026-11-25.
const NETWORK_BITS_PER_SECOND_MAX: u64 = 10_000_000_000;

/// A price and its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerPrice {
    /// The price.
    pub usd: MicroUsd,
    /// Where it is from.
    pub source: &'static str,
}

const fn price(micro_usd: u64, source: &'static str) -> BrokerPrice {
    BrokerPrice { usd: MicroUsd(micro_usd), source }
}

/// A broker of each type for an hour. Types without a source are not here: their price is asked for.
const HOURS: [(&str, BrokerPrice); 5] = [
    ("kafka.t3.small", price(45_600, INFRACOST)),
    ("kafka.m5.large", price(210_000, DERIVED)),
    ("kafka.m5.24xlarge", price(10_080_000, INFRACOST)),
    ("m5.large", price(96_000, INFRACOST)),
    ("r5.large", BrokerPrice { usd: DOCUMENTS_BROKER_HOUR, source: DOCUMENTS }),
];

/// Who runs the brokers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosting {
    /// You, on EC2 instances.
    Ec2,
    /// Amazon MSK, in which replication between brokers is not billed as transfer (MSK pricing page, as quoted
    /// publicly).
    Msk,
}

impl Hosting {
    /// By the instance's type.
    pub fn of(broker: &str) -> Self {
        if broker.starts_with("kafka.") { Self::Msk } else { Self::Ec2 }
    }
}

/// Bytes a second that a broker's network takes at the very most, where that is documented.
pub fn network_bytes_per_second_max(broker: &str) -> Option<u64> {
    let instance = broker.strip_prefix("kafka.").unwrap_or(broker);
    let (family, size) = instance.split_once('.')?;
    let is_small = matches!(size, "large" | "xlarge" | "2xlarge" | "4xlarge");
    (matches!(family, "m5" | "r5") && is_small).then_some(NETWORK_BITS_PER_SECOND_MAX / 8)
}

/// A broker for an hour; `None` where no source tells its price.
pub fn broker_hour(region: &str, broker: &str) -> Option<BrokerPrice> {
    let found = HOURS.into_iter().find(|(name, _)| *name == broker && region == REGION);
    found.map(|(_, price)| price)
}

/// A GB of a broker's disk for a month; `None` where no source tells its price.
pub fn storage_gb_month(region: &str, hosting: Hosting) -> Option<BrokerPrice> {
    (region == REGION).then_some(match hosting {
        Hosting::Msk => price(100_000, INFRACOST),
        // gp3.
        Hosting::Ec2 => price(80_000, ESTIMATES),
    })
}

/// A GB from one zone to another; `None` where no source tells its price.
pub fn transfer_gb(region: &str) -> Option<BrokerPrice> {
    (region == REGION).then_some(price(20_000, BILLS))
}

/// A cluster whose brokers are spread over up to three zones, each topic with a replica in each zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brokers {
    /// How many; at least one.
    pub count: u32,
    /// Who runs them.
    pub hosting: Hosting,
    /// One for an hour.
    pub usd_hour: MicroUsd,
    /// GB of each one's disk; `None` for what the retention takes.
    pub storage_gb: Option<u64>,
    /// A GB of it for a month.
    pub usd_storage_gb_month: MicroUsd,
    /// A GB from one zone to another.
    pub usd_transfer_gb: MicroUsd,
}

/// A line of a cluster's bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerPart {
    /// The brokers themselves.
    Instances,
    /// Their disks.
    Storage,
    /// Producers and consumers in other zones than the partition's leader.
    ClientTransfer,
    /// Replicas in other zones.
    ReplicationTransfer,
}

impl Brokers {
    /// What a month costs, line by line. Whether the brokers carry the load is not asked.
    pub fn month(&self, day: &DailyLoad) -> [(BrokerPart, MicroUsd); 4] {
        let (bytes, _) = day.written_in_month();
        let bytes = u128::from(bytes);
        let zones = self.zones();
        // Clients are spread as the leaders are: of three zones, two thirds of the bytes cross.
        let crossing = bytes * u128::from(1 + day.consumers) * (zones - 1) / zones;
        let replicated = match self.hosting {
            Hosting::Ec2 => bytes * (zones - 1),
            Hosting::Msk => 0,
        };
        let hours = u128::from(MONTH_SECONDS) / 3_600;
        let gigabytes = u128::from(self.storage_gb(day)) * u128::from(self.count);
        let transfer = |bytes: u128| money((bytes * u128::from(self.usd_transfer_gb.0) + GB_BYTES / 2) / GB_BYTES);
        [
            (BrokerPart::Instances, money(u128::from(self.usd_hour.0) * u128::from(self.count) * hours)),
            (BrokerPart::Storage, money(gigabytes * u128::from(self.usd_storage_gb_month.0))),
            (BrokerPart::ClientTransfer, transfer(crossing)),
            (BrokerPart::ReplicationTransfer, transfer(replicated)),
        ]
    }

    /// GB of each broker's disk: as given, or what all replicas take for as long as records are kept at the mean rate;
    /// up, since a part of a GB cannot be had.
    pub fn storage_gb(&self, day: &DailyLoad) -> u64 {
        self.storage_gb.unwrap_or_else(|| {
            let (bytes, _) = day.written_in_month();
            let kept =
                u128::from(bytes) * u128::from(day.retention_hours) * 3_600 / u128::from(MONTH_SECONDS) * self.zones();
            u64::try_from(kept.div_ceil(GB_BYTES * u128::from(self.count.max(1)))).unwrap_or(u64::MAX)
        })
    }

    /// Bytes a second at the peak that each broker takes in, from producers and from the other brokers, and that it gives
    /// out, to consumers and to the other brokers. Up, since a part of a byte is a byte.
    pub fn network_bytes_per_second(&self, day: &DailyLoad) -> [u64; 2] {
        let each = |copies: u128| {
            let bytes = (u128::from(day.peak_bytes_per_second) * copies).div_ceil(u128::from(self.count.max(1)));
            u64::try_from(bytes).unwrap_or(u64::MAX)
        };
        [each(self.zones()), each(u128::from(day.consumers) + self.zones() - 1)]
    }

    /// Zones, and replicas.
    fn zones(&self) -> u128 {
        u128::from(self.count.clamp(1, 3))
    }
}

fn money(micro_usd: u128) -> MicroUsd {
    MicroUsd(u64::try_from(micro_usd).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::flat;
    use super::*;

    fn three(hosting: Hosting) -> Brokers {
        let known = |price: Option<BrokerPrice>| price.unwrap().usd;
        Brokers {
            count: 3,
            hosting,
            usd_hour: known(broker_hour("us-east-1", "r5.large")),
            storage_gb: None,
            usd_storage_gb_month: known(storage_gb_month("us-east-1", hosting)),
            usd_transfer_gb: known(transfer_gb("us-east-1")),
        }
    }

    #[test]
    fn a_cluster_costs_what_a_hand_reckons() {
        let shown = |brokers: Brokers| brokers.month(&flat(10, 1_024)).map(|(_, cost)| cost.to_string());
        // 3 x 720 x 0.126. 10 MB/s for a day are 843.75 GB, three replicas on three brokers: 844 GB each at 0.08.
        // 25,312.5 GB in and out, two thirds of them to another zone; and twice 25,312.5 GB of replicas, at 0.02.
        assert_eq!(shown(three(Hosting::Ec2)), ["272.16", "202.56", "675.00", "1012.50"]);
        assert_eq!(shown(three(Hosting::Msk)), ["272.16", "253.20", "675.00", "0.00"]);
        // A single broker has no other zone.
        let one = Brokers { count: 1, storage_gb: Some(100), ..three(Hosting::Ec2) };
        assert_eq!(shown(one), ["90.72", "8.00", "0.00", "0.00"]);
    }

    #[test]
    fn each_broker_takes_its_share_of_every_replica() {
        // Three replicas of 10 MB/s on three brokers: 10 MB/s into each; one consumer and two replicas out of each.
        assert_eq!(three(Hosting::Ec2).network_bytes_per_second(&flat(10, 1_024)), [10 << 20, 10 << 20]);
        let six = Brokers { count: 6, ..three(Hosting::Ec2) };
        assert_eq!(six.network_bytes_per_second(&flat(10, 1_024)), [5 << 20, 5 << 20]);
        let known = ["r5.large", "kafka.m5.4xlarge", "m5.24xlarge", "kafka.m7g.large", "huge"];
        let most = Some(1_250_000_000);
        assert_eq!(known.map(network_bytes_per_second_max), [most, most, None, None, None]);
    }

    #[test]
    fn a_price_without_a_source_is_no_price() {
        for (region, broker) in [(REGION, "kafka.m7g.large"), (REGION, "r5.huge"), ("us-east-2", "r5.large")] {
            assert_eq!(broker_hour(region, broker), None, "{broker} in {region}");
        }
        assert_eq!((transfer_gb("eu-west-1"), storage_gb_month("eu-west-1", Hosting::Msk)), (None, None));
    }
}
