// SPDX-License-Identifier: Apache-2.0
//! The other services, as the AWS in memory has them, and the clouds that they make.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use scaler_app::cloud::{
    CallError, Clock, Cloud, CloudFormation, FleetCloud, Notification, Notifications, Queue, TaggedStream, Tagging,
};
use scaler_core::TAG_PREFIX;

use crate::cloudwatch::alarm_arn;
use crate::stream::Stream;
use crate::world::World;

impl Notifications for World {
    async fn publish(&self, notification: &Notification) -> Result<(), CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("Publish", &notification.subject, "")?;
        state.told.push(notification.clone());
        Ok(())
    }
}

impl Tagging for World {
    async fn streams_tagged(&self, key: &str) -> Result<Vec<TaggedStream>, CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("GetResources", "the fleet", "")?;
        let known = state.streams.iter().filter(|(name, _)| !state.not_indexed.contains(*name));
        let tags = |(name, stream): (&'_ String, &Stream)| {
            (name.clone(), state.indexed.get(name).unwrap_or(&stream.tags).clone())
        };
        let tagged = known.map(tags).filter(|(_, tags)| tags.contains_key(key));
        let ours = |(name, tags): (String, BTreeMap<String, String>)| TaggedStream {
            name,
            tags: tags.into_iter().filter(|(key, _)| key.starts_with(TAG_PREFIX)).collect(),
        };
        Ok(tagged.map(ours).collect())
    }

    async fn alarms_tagged(&self, _: &str, _: &str) -> Result<BTreeSet<String>, CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("GetResources", "the stack's alarms", "")?;
        let known = state.alarms.values().filter(|held| held.is_ours && !state.not_indexed.contains(&held.alarm.name));
        Ok(known.map(|held| alarm_arn(&held.alarm.name)).collect())
    }
}

impl Queue for World {
    async fn send(&self, message: &str, delay_seconds: u32) -> Result<(), CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("SendMessage", "alarm-sync", message)?;
        state.later.push((message.to_owned(), delay_seconds));
        Ok(())
    }
}

impl CloudFormation for World {
    async fn answer(&self, _: &str, answer: &str) -> Result<(), CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("PUT", "the answer", "")?;
        state.answers.push(answer.to_owned());
        Ok(())
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.advance(SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX));
        Box::pin(std::future::ready(()))
    }
}

impl Cloud for World {
    type Kinesis = Self;
    type CloudWatch = Self;
    type Notifications = Self;
    type Clock = Self;

    fn kinesis(&self) -> &Self {
        self
    }

    fn cloudwatch(&self) -> &Self {
        self
    }

    fn notifications(&self) -> Option<&Self> {
        Some(self)
    }

    fn clock(&self) -> &Self {
        self
    }
}

impl FleetCloud for World {
    type Tagging = Self;
    type Queue = Self;

    fn tagging(&self) -> &Self {
        self
    }

    fn queue(&self) -> Option<&Self> {
        Some(self)
    }
}
