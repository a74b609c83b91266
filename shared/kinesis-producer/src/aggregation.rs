// SPDX-License-Identifier: Apache-2.0
//! KPL aggregation: several records as the data of one, which the KCL and other readers take apart.
//!
//! The format is that of the Kinesis Producer Library (`aggregation-format.md` of awslabs/amazon-kinesis-producer, read
//! 2026-11): four magic bytes, a protobuf message, and the MD5 of that message.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use kinesis_model::keys::{self, KEY_CHARS_MAX};
use md5::{Digest as _, Md5};
use prost::{Message as _, decode_length_delimiter};

const MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];
const DIGEST: usize = 16;
/// Keys, hash keys and records of one message, at most, lest two bytes of it become a hundred in memory. A producer of this crate
/// puts no more than 161,000 records into the 10 MiB that Kinesis takes, each with a key and a hash key of its own.
const PARTS_MAX: usize = 500_000;
/// How protobuf marks a field that says its length.
const LENGTH_DELIMITED: usize = 2;

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
    // Its tags, field 4, are skipped: nobody uses them.
}

/// What an aggregated record holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aggregate {
    /// Its records, in their order.
    pub records: Vec<UserRecord>,
    /// How many of them name an explicit hash key that is none: they are here without it. Some producers write a word there.
    pub odd_hash_keys: usize,
}

/// Why data that begins as an aggregated record is none that can be opened. Readers take such data for a record's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum AggregateFault {
    /// Cut off, or changed, or an own record that happens to begin so.
    #[error("the MD5 checksum at its end does not match its content")]
    Digest,
    /// Whole, and of another making.
    #[error("its content is not an aggregated record")]
    Message,
    /// It would take a hundred times its size to open.
    #[error("it holds more than {PARTS_MAX} keys and records")]
    Parts,
    /// No record can have been written with it.
    #[error("it has a partition key that does not have 1 to {KEY_CHARS_MAX} characters")]
    Key,
    /// The record's key is not known.
    #[error("a record in it points to a key that it does not have")]
    Index,
}

/// A record inside an aggregated one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// Its partition key, shared with the other records that have it.
    pub partition_key: Arc<str>,
    /// Its explicit hash key, where it has one.
    pub explicit_hash_key: Option<u128>,
    /// Its data.
    pub data: Vec<u8>,
}

/// The data of one record that holds all of these. Whoever writes it sees to it that they belong on one shard.
pub fn encode(records: &[UserRecord]) -> Vec<u8> {
    let mut whole = AggregatedRecord::default();
    let (mut keys, mut hash_keys) = (HashMap::new(), HashMap::new());
    for record in records {
        let key: &str = &record.partition_key;
        let partition_key_index = index(&mut keys, &mut whole.partition_key_table, key);
        let table = &mut whole.explicit_hash_key_table;
        let explicit_hash_key_index = record.explicit_hash_key.map(|it| index(&mut hash_keys, table, it));
        whole.records.push(SubRecord { partition_key_index, explicit_hash_key_index, data: record.data.clone() });
    }
    let message = whole.encode_to_vec();
    let digest = Md5::digest(&message);
    [&MAGIC[..], &message, &digest].concat()
}

/// Where a key is in a table, at its end if it was not.
fn index<K: Hash + Eq + ToString>(known: &mut HashMap<K, u64>, table: &mut Vec<String>, key: K) -> u64 {
    *known.entry(key).or_insert_with_key(|key| {
        table.push(key.to_string());
        table.len() as u64 - 1
    })
}

/// What this data holds; `None` where it is not aggregated: then it is a record's own.
///
/// Takes any bytes, and what it makes of them is bounded by their size.
///
/// # Errors
/// Why data that begins as an aggregated record cannot be opened.
pub fn decode(data: &[u8]) -> Result<Option<Aggregate>, AggregateFault> {
    let Some(rest) = data.strip_prefix(&MAGIC) else { return Ok(None) };
    let (message, digest) = rest.split_last_chunk::<DIGEST>().ok_or(AggregateFault::Digest)?;
    if Md5::digest(message).as_slice() != digest {
        return Err(AggregateFault::Digest);
    }
    check_bounds(message)?;
    let whole = AggregatedRecord::decode(message).map_err(|_| AggregateFault::Message)?;
    if whole.partition_key_table.iter().any(|key| keys::check(key).is_err()) {
        return Err(AggregateFault::Key);
    }
    // Once for all records that have it.
    let keys: Vec<Arc<str>> = whole.partition_key_table.into_iter().map(Arc::from).collect();
    let hash_keys: Vec<Option<u128>> = whole.explicit_hash_key_table.iter().map(|it| it.parse().ok()).collect();
    let mut aggregate = Aggregate::default();
    for record in whole.records {
        let explicit_hash_key = match record.explicit_hash_key_index {
            None => None,
            Some(index) => {
                let hash_key = *at(&hash_keys, index)?;
                aggregate.odd_hash_keys += usize::from(hash_key.is_none());
                hash_key
            }
        };
        let partition_key = Arc::clone(at(&keys, record.partition_key_index)?);
        aggregate.records.push(UserRecord { partition_key, explicit_hash_key, data: record.data });
    }
    Ok(Some(aggregate))
}

fn at<T>(table: &[T], index: u64) -> Result<&T, AggregateFault> {
    usize::try_from(index).ok().and_then(|index| table.get(index)).ok_or(AggregateFault::Index)
}

/// Whether a message has no more parts than it may; looked at before any of them is made.
fn check_bounds(mut message: &[u8]) -> Result<(), AggregateFault> {
    for _ in 0..PARTS_MAX {
        if message.is_empty() {
            return Ok(());
        }
        message = after_part(message).ok_or(AggregateFault::Message)?;
    }
    if message.is_empty() { Ok(()) } else { Err(AggregateFault::Parts) }
}

fn after_part(mut message: &[u8]) -> Option<&[u8]> {
    // What marks a field is a number of the same form as a length.
    let field = decode_length_delimiter(&mut message).ok()?;
    let length = decode_length_delimiter(&mut message).ok()?;
    message.get(length..).filter(|_| field & 7 == LENGTH_DELIMITED)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn records() -> impl Strategy<Value = Vec<UserRecord>> {
        let record = ("[a-c]{1,3}", prop::option::of(0..4_u128), prop::collection::vec(any::<u8>(), 0..40));
        let record = record.prop_map(|(partition_key, explicit_hash_key, data)| UserRecord {
            partition_key: partition_key.into(),
            explicit_hash_key: explicit_hash_key.map(|key| key << 120),
            data,
        });
        prop::collection::vec(record, 0..20)
    }

    proptest! {
        #[test]
        fn what_was_put_together_is_taken_apart(records in records()) {
            prop_assert_eq!(opened(&encode(&records)), Ok(records));
        }

        #[test]
        fn any_other_bytes_are_not_aggregated(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0..200_usize) {
            prop_assert_eq!(decode(&bytes), Ok(None));
            let mut broken = encode(&[UserRecord { partition_key: "k".into(), explicit_hash_key: None, data: bytes }]);
            broken.truncate(broken.len().saturating_sub(1 + cut).max(MAGIC.len()));
            prop_assert_eq!(decode(&broken), Err(AggregateFault::Digest));
        }

        /// One bit of it is another: the digest tells, but in the first four bytes, which make it an own record.
        #[test]
        fn changed_data_is_opened_by_nobody(records in records(), at in any::<prop::sample::Index>(), bit in 0..8) {
            let mut changed = encode(&records);
            let at = at.index(changed.len());
            changed[at] ^= 1_u8 << bit;
            let expected = if at < MAGIC.len() { Ok(None) } else { Err(AggregateFault::Digest) };
            prop_assert_eq!(decode(&changed), expected);
        }

        /// Whole by its digest, and whatever inside.
        #[test]
        fn hostile_messages_are_no_records_and_no_panic(message in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = decode(&whole(&message));
        }
    }

    /// Put together by hand from the format's description: key table "a"; one record, index 0, data "x".
    #[test]
    fn bytes_are_those_of_the_format() {
        let message = [0x0A, 0x01, b'a', 0x1A, 0x05, 0x08, 0x00, 0x1A, 0x01, b'x'];
        let expected = [&MAGIC[..], &message, &Md5::digest(message)].concat();
        let record = UserRecord { partition_key: "a".into(), explicit_hash_key: None, data: b"x".to_vec() };
        assert_eq!(encode(std::slice::from_ref(&record)), expected);
        assert_eq!(opened(&expected), Ok(vec![record]));
    }

    /// Made by a Python script from the format's description, with its `hashlib`: keys "user-1" and "user-2", and the hash key
    /// 2^127 for the second of three records.
    #[test]
    fn bytes_that_another_program_made_are_read_and_made_alike() {
        let made = "f3899ac20a06757365722d310a06757365722d32122731373031343131383334363034363932333137333136383733303337\
                    31353838343130353732381a0908001a0566697273741a0c080110001a067365636f6e641a0908001a057468697264d6124b\
                    7c73ec378badd261e43e1ebb66";
        let byte = |i| u8::from_str_radix(&made[i..i + 2], 16).unwrap();
        let made: Vec<u8> = (0..made.len()).step_by(2).map(byte).collect();
        let record = |key: &str, explicit_hash_key, data: &str| UserRecord {
            partition_key: key.into(),
            explicit_hash_key,
            data: data.into(),
        };
        let records = [
            record("user-1", None, "first"),
            record("user-2", Some(1 << 127), "second"),
            record("user-1", None, "third"),
        ];
        assert_eq!(opened(&made), Ok(records.to_vec()));
        assert_eq!(encode(&records), made);
    }

    fn whole(message: &[u8]) -> Vec<u8> {
        [&MAGIC[..], message, &Md5::digest(message)].concat()
    }

    /// A key of so many characters, and so many records that have it.
    fn of_one_key(chars: usize, records: usize) -> Vec<u8> {
        let sub_record = SubRecord { partition_key_index: 0, explicit_hash_key_index: None, data: Vec::new() };
        let message = AggregatedRecord {
            partition_key_table: vec!["k".repeat(chars)],
            explicit_hash_key_table: Vec::new(),
            records: vec![sub_record; records],
        };
        whole(&message.encode_to_vec())
    }

    #[test]
    fn a_large_key_of_many_records_is_no_record_and_takes_no_room() {
        // A key of 1 MiB times 10,000 records would be 10 GB.
        for (chars, records) in [(1 << 20, 10_000), (257, 1), (0, 1)] {
            assert_eq!(decode(&of_one_key(chars, records)), Err(AggregateFault::Key));
        }
        let taken = opened(&of_one_key(256, 10_000)).unwrap();
        assert_eq!(taken.len(), 10_000);
        assert!(
            taken.iter().all(|record| Arc::ptr_eq(&record.partition_key, &taken[0].partition_key)),
            "one key for all"
        );
    }

    #[test]
    fn more_parts_than_a_producer_makes_are_no_records() {
        // Two bytes each, and a hundred in memory.
        let empty_records = [0x1A, 0x00].repeat(5 << 20);
        assert_eq!(decode(&whole(&empty_records)), Err(AggregateFault::Parts));
        assert!(opened(&of_one_key(1, PARTS_MAX - 1)).is_ok());
        assert_eq!(decode(&of_one_key(1, PARTS_MAX)), Err(AggregateFault::Parts));
    }

    #[test]
    fn tags_are_skipped() {
        // As in `bytes_are_those_of_the_format`, and the tag "t" of the record.
        let message = [0x0A, 0x01, b'a', 0x1A, 0x0A, 0x08, 0x00, 0x1A, 0x01, b'x', 0x22, 0x03, 0x0A, 0x01, b't'];
        let record = UserRecord { partition_key: "a".into(), explicit_hash_key: None, data: b"x".to_vec() };
        assert_eq!(opened(&whole(&message)), Ok(vec![record]));
    }

    #[test]
    fn a_record_whose_explicit_hash_key_is_no_number_has_its_key_and_is_counted() {
        let record = |explicit_hash_key_index, data: &[u8]| SubRecord {
            partition_key_index: 0,
            explicit_hash_key_index,
            data: data.to_vec(),
        };
        let message = AggregatedRecord {
            partition_key_table: vec!["meter-1".to_owned()],
            explicit_hash_key_table: ["undefined", "7", "-1", "", &"9".repeat(40)].map(str::to_owned).to_vec(),
            records: [Some(0), Some(1), None, Some(2), Some(3), Some(4)].map(|index| record(index, b"x")).to_vec(),
        };
        let aggregate = decode(&whole(&message.encode_to_vec())).unwrap().unwrap();
        let hash_keys: Vec<_> = aggregate.records.iter().map(|it| (&*it.partition_key, it.explicit_hash_key)).collect();
        assert_eq!(hash_keys, [None, Some(7), None, None, None, None].map(|hash_key| ("meter-1", hash_key)));
        assert_eq!(aggregate.odd_hash_keys, 4);
    }

    #[test]
    fn what_cannot_be_opened_is_told_why() {
        let of_index = |index| [0x0A, 0x01, b'a', 0x1A, 0x05, 0x08, index, 0x1A, 0x01, b'x'];
        let of_hash_key = [0x0A, 0x01, b'a', 0x1A, 0x07, 0x08, 0x00, 0x10, 0x00, 0x1A, 0x01, b'x'];
        for (data, fault) in [
            (whole(&of_index(7)), AggregateFault::Index),
            (whole(&of_hash_key), AggregateFault::Index),
            (whole(&[0x0A, 0x05, b'a']), AggregateFault::Message),
            (whole(&[0x0A, 0x01, 0xFF]), AggregateFault::Message),
            (whole(&[0x08, 0x01]), AggregateFault::Message),
            (MAGIC.to_vec(), AggregateFault::Digest),
            ([&MAGIC[..], &of_index(0), &[0; DIGEST]].concat(), AggregateFault::Digest),
        ] {
            assert_eq!(decode(&data), Err(fault), "{data:?}");
        }
        assert_eq!(opened(&whole(&[])), Ok(Vec::new()), "a message of nothing");
    }

    /// The records of data that is aggregated, without any odd hash key.
    fn opened(data: &[u8]) -> Result<Vec<UserRecord>, AggregateFault> {
        let aggregate = decode(data)?.unwrap();
        assert_eq!(aggregate.odd_hash_keys, 0);
        Ok(aggregate.records)
    }
}
