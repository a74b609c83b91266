# SPDX-License-Identifier: Apache-2.0
"""Streams of a proof: making, tagging, counting, deleting them."""

from cloud import ALARM_PREFIX, MANAGED, expect, refusal, until

# CreateStream and DeleteStream take up to a minute each.
STREAM_SECONDS = 180


def make(cloud, name, shards, managed):
    cloud.kinesis.create_stream(StreamName=name, ShardCount=shards)
    until(f"stream {name} is ACTIVE", STREAM_SECONDS, lambda: summary(cloud, name)["StreamStatus"] == "ACTIVE", every=1)
    if managed:
        cloud.kinesis.add_tags_to_stream(StreamName=name, Tags={MANAGED: "true"})


def summary(cloud, name):
    return summary_by(cloud.kinesis, name)


def summary_by(kinesis, name):
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]


def shards(cloud, name):
    """Open shards, once no resize is under way; None meanwhile."""
    now = summary(cloud, name)
    return now["OpenShardCount"] if now["StreamStatus"] == "ACTIVE" else None


def becomes(cloud, name, count, seconds):
    until(f"stream {name} has {count} open shards", seconds, lambda: shards(cloud, name) == count, every=1)


def tags(cloud, name):
    return {tag["Key"]: tag["Value"] for tag in cloud.kinesis.list_tags_for_stream(StreamName=name)["Tags"]}


def alarms(cloud, name=None):
    """The alarms under the scaler's prefix, of one stream or of all, by name."""
    prefix = f"{ALARM_PREFIX}{name}/" if name else ALARM_PREFIX
    found = cloud.every("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNamePrefix=prefix)
    return {alarm["AlarmName"]: alarm for alarm in found}


def delete(cloud, name):
    """Deletes the stream and waits until it is gone; one that is not there is gone."""
    gone = "ResourceNotFoundException"
    refused = refusal(lambda: cloud.kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True))
    expect(refused in (None, gone), f"DeleteStream of {name} was refused: {refused}")
    until(f"stream {name} is deleted", STREAM_SECONDS, lambda: refusal(lambda: summary(cloud, name)) == gone, every=1)
