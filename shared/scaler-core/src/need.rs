// SPDX-License-Identifier: Apache-2.0
//! What a decision may ask for beyond a first look, since reading it is slow, paced or charged.

/// What is to be fetched before it can be decided. A pass fetches it and asks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The stream's past, for a plan of the next day: [`Observation::plan`](crate::Observation::plan).
    LoadHistory,
    /// The open shards and their loads: [`Observation::shards`](crate::Observation::shards).
    Shards,
    /// The account's shard quota: [`Observation::account`](crate::Observation::account).
    Quota,
}

/// Something that is fetched only where a decision needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fetched<T> {
    /// Nobody has asked for it.
    #[default]
    NotYet,
    /// It could not be had: the decision is made without it.
    Unavailable,
    /// This is it.
    Known(T),
}

impl<T> Fetched<T> {
    /// The value; `None` where it could not be had.
    ///
    /// # Errors
    /// It has not been fetched yet, and this is what is needed.
    pub fn or_need(&self, need: Need) -> Result<Option<&T>, Need> {
        match self {
            Self::NotYet => Err(need),
            Self::Unavailable => Ok(None),
            Self::Known(value) => Ok(Some(value)),
        }
    }
}

impl<T> From<Option<T>> for Fetched<T> {
    /// What was asked for and answered, or not.
    fn from(answer: Option<T>) -> Self {
        answer.map_or(Self::Unavailable, Self::Known)
    }
}
