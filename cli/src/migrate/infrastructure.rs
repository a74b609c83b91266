// SPDX-License-Identifier: Apache-2.0
//! Topics that tools keep for themselves: a migration moves none of them.

/// Whose a topic is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Infrastructure {
    /// Hardly anybody else calls a topic so.
    Certain(&'static str),
    /// An application may call one of its own so: a person has to say.
    Likely(&'static str),
}

impl Infrastructure {
    /// The tool's, in words.
    pub(super) fn whose(self) -> &'static str {
        match self {
            Certain(whose) | Likely(whose) => whose,
        }
    }
}

use Infrastructure::{Certain, Likely};

const CONNECT: &str = "Kafka Connect's own";
const CRUISE_CONTROL: &str = "Cruise Control's own";
const MIRROR_MAKER: &str = "MirrorMaker's own";
const SCHEMA_REGISTRY: &str = "the schema registry's own";
const STREAMS: &str = "Kafka Streams' own";

/// What `MirrorMaker` and many applications call a topic.
const HEARTBEATS: &str = "heartbeats";

/// Whole names. Sources: the defaults in each tool's documentation.
const NAMES: [(&str, Infrastructure); 22] = [
    ("__consumer_offsets", Certain("Kafka's own")),
    ("__transaction_state", Certain("Kafka's own")),
    ("__share_group_state", Certain("Kafka's own")),
    ("__cluster_metadata", Certain("Kafka's own")),
    ("__remote_log_metadata", Certain("Kafka's own")),
    ("__CruiseControlMetrics", Certain(CRUISE_CONTROL)),
    ("strimzi.cruisecontrol.metrics", Certain(CRUISE_CONTROL)),
    ("strimzi.cruisecontrol.modeltrainingsamples", Certain(CRUISE_CONTROL)),
    ("strimzi.cruisecontrol.partitionmetricsamples", Certain(CRUISE_CONTROL)),
    ("connect-configs", Certain(CONNECT)),
    ("connect-offsets", Certain(CONNECT)),
    ("connect-status", Certain(CONNECT)),
    ("_schemas", Certain(SCHEMA_REGISTRY)),
    ("_schema_encoders", Certain(SCHEMA_REGISTRY)),
    ("kafkasql-journal", Certain("Apicurio Registry's own")),
    (HEARTBEATS, Likely(MIRROR_MAKER)),
    ("__consumer_timestamps", Certain("Confluent Replicator's own")),
    ("confluent-audit-log-events", Certain("Confluent's own")),
    ("__topology", Certain("Lenses' own")),
    ("__topology__metrics", Certain("Lenses' own")),
    ("default_ksql_processing_log", Certain("ksqlDB's own")),
    ("ksql_processing_log", Certain("ksqlDB's own")),
];

/// How names begin.
const BEGINNINGS: [(&str, Infrastructure); 20] = [
    ("__amazon_msk_connect_", Certain("MSK Connect's own")),
    ("__amazon_msk_", Certain("Amazon MSK's own")),
    ("__KafkaCruiseControl", Certain(CRUISE_CONTROL)),
    ("__strimzi", Certain("Strimzi's own")),
    ("__confluent", Certain("Confluent's own")),
    ("_confluent-ksql-", Certain("ksqlDB's own")),
    ("_confluent", Certain("Confluent's own")),
    ("__redpanda", Certain("Redpanda's own")),
    ("_redpanda", Certain("Redpanda's own")),
    ("__debezium-heartbeat", Certain("Debezium's own")),
    ("_kafka_lenses_", Certain("Lenses' own")),
    ("mm2-configs.", Certain(MIRROR_MAKER)),
    ("mm2-offsets.", Certain(MIRROR_MAKER)),
    ("mm2-status.", Certain(MIRROR_MAKER)),
    ("mm2-offset-syncs.", Certain(MIRROR_MAKER)),
    ("schema-changes.", Likely("Debezium's own")),
    ("dbhistory.", Likely("Debezium's own")),
    ("_schemas", Likely(SCHEMA_REGISTRY)),
    ("__", Likely("some tool's own")),
    ("_", Likely("some tool's own")),
];

/// How names end.
const ENDINGS: [(&str, Infrastructure); 9] = [
    (".checkpoints.internal", Certain(MIRROR_MAKER)),
    (".heartbeats", Likely(MIRROR_MAKER)),
    (".internal", Likely(MIRROR_MAKER)),
    ("-changelog", Likely(STREAMS)),
    ("-repartition", Likely(STREAMS)),
    ("ksql_processing_log", Likely("ksqlDB's own")),
    ("ksql__command_topic", Likely("ksqlDB's own")),
    ("-schemas", Likely(SCHEMA_REGISTRY)),
    ("_command_topic", Likely("ksqlDB's own")),
];

/// Endings of Kafka Connect's three topics, whose names somebody chose with the word "connect" in them.
const CONNECT_ENDINGS: [&str; 6] = ["configs", "config", "offsets", "offset", "status", "statuses"];
/// What Kafka Streams calls what nobody gave a name, with a number behind it, and how such names end.
const STREAMS_STORES: [&str; 2] = ["-KSTREAM-", "-KTABLE-"];
const STREAMS_ENDINGS: [&str; 3] = ["-changelog", "-repartition", "-topic"];

/// Whose of all these topics are certain to be a tool's, by name: beside others of `MirrorMaker`'s, `heartbeats` is its own.
pub(super) fn certain(names: &[String]) -> impl Iterator<Item = (&str, &'static str)> {
    let of_mirror_maker = |name: &String| infrastructure(name) == Some(Certain(MIRROR_MAKER));
    let is_mirrored = names.iter().any(of_mirror_maker);
    names.iter().filter_map(move |name| match infrastructure(name)? {
        Certain(whose) => Some((name.as_str(), whose)),
        Likely(whose) => (name == HEARTBEATS && is_mirrored).then_some((name.as_str(), whose)),
    })
}

/// Whose topic has this name; `None` for one that is an application's.
pub(super) fn infrastructure(name: &str) -> Option<Infrastructure> {
    let whole = NAMES.iter().find(|(known, _)| *known == name);
    let beginning = BEGINNINGS.iter().find(|(begin, _)| name.starts_with(begin));
    let ending = ENDINGS.iter().find(|(end, _)| name.ends_with(end));
    let named = [whole, ending, beginning].into_iter().flatten().map(|(_, whose)| *whose);
    // What a name ends in says more than a `_` at its beginning.
    let candidates: Vec<_> = [generated(name), connect(name)].into_iter().flatten().chain(named).collect();
    let certain = candidates.iter().find(|whose| matches!(whose, Certain(_)));
    certain.or(candidates.first()).copied()
}

fn generated(name: &str) -> Option<Infrastructure> {
    let is_store = STREAMS_STORES.iter().any(|store| name.contains(store));
    (is_store && STREAMS_ENDINGS.iter().any(|end| name.ends_with(end))).then_some(Certain(STREAMS))
}

fn connect(name: &str) -> Option<Infrastructure> {
    let (before, last) = name.rsplit_once(['-', '_', '.'])?;
    let mut words = before.split(['-', '_', '.']);
    let is_one = CONNECT_ENDINGS.contains(&last) && words.any(|word| word.eq_ignore_ascii_case("connect"));
    is_one.then_some(Likely(CONNECT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tools_keep_for_themselves_is_told_from_what_applications_write() {
        for (name, whose) in [
            ("__consumer_offsets", Some(Certain("Kafka's own"))),
            ("__amazon_msk_canary", Some(Certain("Amazon MSK's own"))),
            ("__amazon_msk_canary_state", Some(Certain("Amazon MSK's own"))),
            ("__amazon_msk_connect_configs_orders_1f2e-2", Some(Certain("MSK Connect's own"))),
            ("__KafkaCruiseControlPartitionMetricSamples", Some(Certain(CRUISE_CONTROL))),
            ("connect-offsets", Some(Certain(CONNECT))),
            ("my-cluster-connect-offsets", Some(Likely(CONNECT))),
            ("_connect_status", Some(Likely(CONNECT))),
            ("connect-cluster-configs", Some(Likely(CONNECT))),
            ("Prod.Connect.offsets", Some(Likely(CONNECT))),
            ("connected-devices-status", None),
            ("reconnect-status", None),
            ("disconnects_status", None),
            ("connector-configs", None),
            ("_schemas", Some(Certain(SCHEMA_REGISTRY))),
            ("_schemas_dev", Some(Likely(SCHEMA_REGISTRY))),
            ("app-KSTREAM-AGGREGATE-STATE-STORE-0000000003-changelog", Some(Certain(STREAMS))),
            ("app-store-changelog", Some(Likely(STREAMS))),
            ("app-by-user-repartition", Some(Likely(STREAMS))),
            ("heartbeats", Some(Likely(MIRROR_MAKER))),
            ("mm2-offset-syncs.west.internal", Some(Certain(MIRROR_MAKER))),
            ("west.checkpoints.internal", Some(Certain(MIRROR_MAKER))),
            ("west.heartbeats", Some(Likely(MIRROR_MAKER))),
            ("_confluent-ksql-default__command_topic", Some(Certain("ksqlDB's own"))),
            ("_confluent-metrics", Some(Certain("Confluent's own"))),
            ("schema-changes.inventory", Some(Likely("Debezium's own"))),
            ("__orders", Some(Likely("some tool's own"))),
            ("connections", None),
            ("connect", None),
            ("order-status", None),
            ("fares", None),
            ("changelog", None),
        ] {
            assert_eq!(infrastructure(name), whose, "{name}");
        }
    }
}
