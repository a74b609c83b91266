//! KPL aggregation: several records as the data of one, which the KCL and other readers take apart.
//!
//! The format is that of the Kinesis Producer Library (`aggregation-format.md` of awslabs/amazon-kinesis-producer, read
//! 2026-11): four magic bytes, a protobuf message, and the MD5 of that message.

use md5::{Digest as _, Md5};
use prost::Message as _;

const MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];
const DIGEST: usize = 16;

#[derive(Clone, PartialEq, prost::Message)]
struct AggregatedRecord {
    #[prost(string, repeated, tag = "1")]
    partition_key_table: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    explicit_hash_key_table: Vec<String>,
    #[prost(message, repeated, tag = "3")]
    records: Vec<SubRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct SubRecord {
    #[prost(uint64, required, tag = "1")]
    partition_key_index: u64,
    #[prost(uint64, optional, tag = "2")]
    explicit_hash_key_index: Option<u64>,
    #[prost(bytes = "vec", required, tag = "3")]
    data: Vec<u8>,
    #[prost(message, repeated, tag = "4")]
    tags: Vec<Tag>,
}

/// Read so that records with tags are whole, and not used.
#[derive(Clone, PartialEq, prost::Message)]
struct Tag {
    #[prost(string, required, tag = "1")]
    key: String,
    #[prost(string, optional, tag = "2")]
    value: Option<String>,
}

/// A record inside an aggregated one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// Its partition key.
    pub partition_key: String,
    /// Its explicit hash key, where it has one.
    pub explicit_hash_key: Option<u128>,
    /// Its data.
    pub data: Vec<u8>,
}

/// The data of one record that holds all of these. Whoever writes it sees to it that they belong on one shard.
pub fn encode(records: &[UserRecord]) -> Vec<u8> {
    let mut whole = AggregatedRecord::default();
    for record in records {
        let partition_key_index = index(&mut whole.partition_key_table, &record.partition_key);
        let explicit = record.explicit_hash_key.map(|hash_key| hash_key.to_string());
        let explicit_hash_key_index = explicit.map(|hash_key| index(&mut whole.explicit_hash_key_table, &hash_key));
        whole.records.push(SubRecord {
            partition_key_index,
            explicit_hash_key_index,
            data: record.data.clone(),
            tags: Vec::new(),
        });
    }
    let message = whole.encode_to_vec();
    let digest = Md5::digest(&message);
    [&MAGIC[..], &message, &digest].concat()
}

/// Where a text is in a table, at its end if it was not.
fn index(table: &mut Vec<String>, text: &str) -> u64 {
    let at = table.iter().position(|known| known == text).unwrap_or_else(|| {
        table.push(text.to_owned());
        table.len() - 1
    });
    at as u64
}

/// The records inside this data; `None` where it is not aggregated: then it is a record's own, whatever it begins with.
///
/// Takes any bytes: what does not have its own MD5 at its end, or points outside its tables, was not made by a producer of this
/// format.
pub fn decode(data: &[u8]) -> Option<Vec<UserRecord>> {
    let message = data.strip_prefix(&MAGIC)?;
    let (message, digest) = message.split_at_checked(message.len().checked_sub(DIGEST)?)?;
    if Md5::digest(message).as_slice() != digest {
        return None;
    }
    let whole = AggregatedRecord::decode(message).ok()?;
    let at = |table: &[String], index: u64| table.get(usize::try_from(index).ok()?).cloned();
    let record = |record: SubRecord| {
        let explicit_hash_key = match record.explicit_hash_key_index {
            None => None,
            Some(index) => Some(at(&whole.explicit_hash_key_table, index)?.parse().ok()?),
        };
        let partition_key = at(&whole.partition_key_table, record.partition_key_index)?;
        Some(UserRecord { partition_key, explicit_hash_key, data: record.data })
    };
    whole.records.into_iter().map(record).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn records() -> impl Strategy<Value = Vec<UserRecord>> {
        let record = ("[a-c]{1,3}", prop::option::of(0..4_u128), prop::collection::vec(any::<u8>(), 0..40));
        let record = record.prop_map(|(partition_key, explicit_hash_key, data)| UserRecord {
            partition_key,
            explicit_hash_key: explicit_hash_key.map(|key| key << 120),
            data,
        });
        prop::collection::vec(record, 0..20)
    }

    proptest! {
        #[test]
        fn what_was_put_together_is_taken_apart(records in records()) {
            prop_assert_eq!(decode(&encode(&records)), Some(records));
        }

        #[test]
        fn any_other_bytes_are_not_aggregated(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0..200_usize) {
            prop_assert_eq!(decode(&bytes), None);
            let mut broken = encode(&[UserRecord { partition_key: "k".into(), explicit_hash_key: None, data: bytes }]);
            broken.truncate(broken.len().saturating_sub(1 + cut));
            prop_assert_eq!(decode(&broken), None);
        }

        /// Whole by its digest, and whatever inside.
        #[test]
        fn hostile_messages_are_no_records_and_no_panic(message in prop::collection::vec(any::<u8>(), 0..60)) {
            let data = [&MAGIC[..], &message, &Md5::digest(&message)].concat();
            let _ = decode(&data);
        }
    }

    /// Put together by hand from the format's description: key table "a"; one record, index 0, data "x".
    #[test]
    fn bytes_are_those_of_the_format() {
        let message = [0x0A, 0x01, b'a', 0x1A, 0x05, 0x08, 0x00, 0x1A, 0x01, b'x'];
        let expected = [&MAGIC[..], &message, &Md5::digest(message)].concat();
        let record = UserRecord { partition_key: "a".to_owned(), explicit_hash_key: None, data: b"x".to_vec() };
        assert_eq!(encode(std::slice::from_ref(&record)), expected);
        assert_eq!(decode(&expected), Some(vec![record]));
    }

    #[test]
    fn an_index_outside_its_table_is_no_record() {
        let message = [0x0A, 0x01, b'a', 0x1A, 0x05, 0x08, 0x07, 0x1A, 0x01, b'x'];
        assert_eq!(decode(&[&MAGIC[..], &message, &Md5::digest(message)].concat()), None);
    }
}
