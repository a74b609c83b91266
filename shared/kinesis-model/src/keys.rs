// SPDX-License-Identifier: Apache-2.0
//! Partition keys for producers: five ways to choose one, and what each is good for.
//!
//! Records of one key go to one shard, in order, and no count of shards gives one key more than a shard. So a key has to have
//! many values at any time, none of them heavy, and no more order than is needed: `shardctl keys compare` measures it.
//!
//! | Strategy | Evenness | Order kept of | Good for |
//! |---|---|---|---|
//! | [`hash_based_key`] | as even as what is hashed has values | records with the same identifier | repeats of a record meeting on one shard; identifiers that nobody should read |
//! | [`user_based_key`] | as even as users are | each user | sessions, accounts, devices |
//! | [`time_based_key`] | one shard takes all at any time | everything, while a period lasts | almost nothing: low volumes that must be in order |
//! | [`composite_key`] | more even than its first part | each combination | a heavy user whose records need order only within, say, a category |
//! | [`random_key`] | even | nothing | the highest volumes, where order does not matter |

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use md5::{Digest as _, Md5};

/// Characters of a partition key, at most; a key has one at least. Source: Kinesis API reference, `PutRecords`.
pub const KEY_CHARS_MAX: usize = 256;

/// Characters shown of a text that is too long for a key. Chosen: enough to find it.
const SHOWN_CHARS: usize = 20;

/// A text that is no partition key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Nothing.
    #[error("a partition key has 1 to {KEY_CHARS_MAX} characters, and this key is empty")]
    Empty,
    /// More than Kinesis takes. It is not cut: two long keys might become one. `hash_based_key` of it is short.
    #[error("a partition key has 1 to {KEY_CHARS_MAX} characters, and \"{begin}...\" has {chars}: use a hash of it")]
    TooLong {
        /// How it begins.
        begin: String,
        /// Characters of it.
        chars: usize,
    },
}

/// The hash of an identifier, in 32 hexadecimal digits, whatever its length.
///
/// As even as the identifiers: it spreads many that look alike, but one that has many records is as hot as before. Order is
/// kept of the records of one identifier. For identifiers of records (an order's number): repeats of the same record
/// come to the same shard, where they can be told. Nobody can read the identifier in it; who knows them can try them.
///
/// ```
/// assert_eq!(kinesis_model::keys::hash_based_key("order-1"), "6e7f85a9d0fe9b5dfb504c6f2991d744");
/// ```
pub fn hash_based_key(identifier: &str) -> String {
    format!("{:032x}", u128::from_be_bytes(Md5::digest(identifier).into()))
}

/// The user's own identifier.
///
/// As even as users are: with many of them, none far busier than the others, very. A user who writes more than a shard takes (1 MiB
/// or 1,000 records a second) is throttled, however many shards there are. Order is kept of each user.
///
/// # Errors
/// It is empty or too long for a key.
pub fn user_based_key(user: &str) -> Result<String, KeyFault> {
    checked(user.to_owned())
}

/// The period of time that a moment is in, as the epoch seconds with which it begins; a period of less than a second is one.
///
/// Not even at any time: all records of a period go to one shard, the next period's perhaps to another, and the others are idle
/// meanwhile. Order is kept of everything, while a period lasts.
///
/// ```
/// use jiff::{SignedDuration, Timestamp};
/// let at = Timestamp::from_second(1_767_322_859).unwrap();
/// assert_eq!(kinesis_model::keys::time_based_key(at, SignedDuration::from_mins(1)), "1767322800");
/// ```
pub fn time_based_key(at: Timestamp, period: SignedDuration) -> String {
    let period = period.as_secs().max(1);
    (at.as_second().div_euclid(period) * period).to_string()
}

/// Several parts as one key, such that different parts are never the same key: `user-1/books`. A `/` or `\` in a part is written
/// after a `\`.
///
/// More even than its first part alone, by as much as that is spread over the others. Order is kept of each combination, and of
/// the first part's records no longer.
///
/// ```
/// use kinesis_model::keys::composite_key;
/// assert_eq!(composite_key(&["user-1", "books"]).unwrap(), "user-1/books");
/// assert_ne!(composite_key(&["a/b", "c"]), composite_key(&["a", "b/c"]));
/// ```
///
/// # Errors
/// It would be empty or too long for a key.
pub fn composite_key(parts: &[&str]) -> Result<String, KeyFault> {
    let escaped = parts.iter().map(|part| part.replace('\\', "\\\\").replace('/', "\\/"));
    checked(escaped.collect::<Vec<_>>().join("/"))
}

/// A random number, in 32 hexadecimal digits. It has to be another one for each record.
///
/// Even, whatever is written. No order is kept: two records of one user go to two shards.
pub fn random_key(random: u128) -> String {
    format!("{random:032x}")
}

fn checked(key: String) -> Result<String, KeyFault> {
    check(&key).map(|()| key)
}

/// Whether Kinesis takes a text as a partition key.
///
/// # Errors
/// What is wrong with it.
pub fn check(key: &str) -> Result<(), KeyFault> {
    match key.len() {
        0 => Err(KeyFault::Empty),
        // No key has more characters than bytes.
        1..=KEY_CHARS_MAX => Ok(()),
        _ => match key.chars().count() {
            ..=KEY_CHARS_MAX => Ok(()),
            chars => Err(KeyFault::TooLong { begin: key.chars().take(SHOWN_CHARS).collect(), chars }),
        },
    }
}

/// The five strategies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStrategy {
    /// [`hash_based_key`].
    HashBased,
    /// [`user_based_key`].
    UserBased,
    /// [`time_based_key`].
    TimeBased,
    /// [`composite_key`].
    Composite,
    /// [`random_key`].
    Random,
}

/// The names of the strategies, to be read.
pub const KEY_STRATEGY_WORDS: &str = "hash-based, user-based, time-based, composite or random";

/// A text that names no strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {KEY_STRATEGY_WORDS}")]
pub struct UnknownStrategy;

impl KeyStrategy {
    /// All five.
    pub const ALL: [Self; 5] = [Self::HashBased, Self::UserBased, Self::TimeBased, Self::Composite, Self::Random];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HashBased => "hash-based",
            Self::UserBased => "user-based",
            Self::TimeBased => "time-based",
            Self::Composite => "composite",
            Self::Random => "random",
        }
    }

    /// Of what such keys keep the order, to be read; `None` where they keep none.
    pub const fn keeps_order_of(self) -> Option<&'static str> {
        match self {
            Self::HashBased => Some("the records of an identifier"),
            Self::UserBased => Some("each user"),
            Self::TimeBased => Some("everything, while a period lasts"),
            Self::Composite => Some("each user in each category"),
            Self::Random => None,
        }
    }

    /// The name of the function that makes such keys.
    pub const fn function(self) -> &'static str {
        match self {
            Self::HashBased => "hash_based_key",
            Self::UserBased => "user_based_key",
            Self::TimeBased => "time_based_key",
            Self::Composite => "composite_key",
            Self::Random => "random_key",
        }
    }
}

impl fmt::Display for KeyStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyStrategy {
    type Err = UnknownStrategy;

    /// Reads its name, or that of its function.
    fn from_str(text: &str) -> Result<Self, UnknownStrategy> {
        let named = |strategy: &Self| strategy.name() == text || strategy.function() == text;
        Self::ALL.into_iter().find(named).ok_or(UnknownStrategy)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn parts_that_differ_are_keys_that_differ() {
        let parts: [&[&str]; 8] = [
            &["a", "bc"],
            &["ab", "c"],
            &["a/b", "c"],
            &["a", "b/c"],
            &["a\\", "b"],
            &["a", "\\b"],
            &["a\\/b"],
            &["a", "", "b"],
        ];
        let mut keys: Vec<_> = parts.iter().map(|parts| composite_key(parts).unwrap()).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), parts.len(), "{keys:?}");
    }

    #[test]
    fn what_is_no_key_is_told_and_not_cut() {
        assert_eq!(user_based_key(""), Err(KeyFault::Empty));
        assert!(user_based_key(&"é".repeat(256)).is_ok(), "characters, not bytes");
        let long = user_based_key(&"u".repeat(257)).unwrap_err();
        assert!(long.to_string().contains("has 257: use a hash of it"), "{long}");
        assert_eq!(hash_based_key(&"u".repeat(9_999)).len(), 32);
        assert_eq!(composite_key(&[]), Err(KeyFault::Empty));
    }

    #[test]
    fn a_period_has_one_key_also_before_1970() {
        let key = |second| time_based_key(Timestamp::from_second(second).unwrap(), SignedDuration::from_secs(60));
        assert_eq!([0, 59, 60, -1].map(key), ["0", "0", "60", "-60"]);
    }

    #[test]
    fn names_are_read_back() {
        for strategy in KeyStrategy::ALL {
            assert_eq!(strategy.to_string().parse(), Ok(strategy));
            assert_eq!(strategy.function().parse(), Ok(strategy));
            assert!(KEY_STRATEGY_WORDS.contains(strategy.name()));
        }
        assert_eq!("Random".parse::<KeyStrategy>(), Err(UnknownStrategy));
    }
}
