# SPDX-License-Identifier: Apache-2.0
"""The promise, step by step: deploy, enrol, scale out, refuse what is not enrolled, scale in, tell people, report, delete.

The steps are the same on AWS and on an emulator. What differs - how load comes, how an alarm fires, how long to wait - is asked
of the world (`aws.py`, `emulator.py`).
"""

import contextlib
import json
import time

import streams
from cloud import Disproved, expect, until

# Two make the functions look, four make people look.
ALARMS_A_STREAM = 6
# For alarm-sync to have found a new tag, and for a message to arrive.
SYNC_SECONDS = 300
# A queue may be listed for a minute after it was deleted (SQS API reference, DeleteQueue); twice that.
LISTED_SECONDS = 120


class Proof:
    """One run. `world` makes the load and the alarms; everything else is the deployed product's."""

    def __init__(self, cloud, stack, world):
        self.cloud, self.stack, self.world = cloud, stack, world
        self.tagged, self.untagged = f"{stack.name}-tagged", f"{stack.name}-untagged"
        self.outputs = {}

    def run(self):
        """Every step in order; the first promise that is not kept ends it."""
        for step in [self.deploy, self.enrol, self.scale_out, self.leave_alone, self.scale_in, self.report]:
            began = time.monotonic()
            seen = step()
            self.say(f"{step.__name__.replace('_', ' '):<12} {time.monotonic() - began:6.1f} s  {seen}")

    def say(self, what):
        # Who read it may be gone, a terminal that was closed; what was made is to be deleted all the same.
        with contextlib.suppress(OSError):
            print(f"{self.stack.name:<24} {what}", flush=True)

    def deploy(self):
        self.outputs = self.stack.deploy(**self.world.parameters)
        streams.make(self.cloud, self.tagged, self.world.shards_at_first, managed=True)
        streams.make(self.cloud, self.untagged, self.world.shards_at_first, managed=False)
        self.inbox = inbox(self.cloud, self.outputs["NotificationTopicArn"], f"{self.stack.name}-inbox")
        return f"{len(self.stack.resources())} resources, and two streams of {self.world.shards_at_first} shard(s)"

    def enrol(self):
        def asked():
            # Again and again: AWS may list a new tag late.
            self.cloud.invoke(self.outputs["AlarmSyncFunctionName"], {"sync": self.world.every_stream or [self.tagged]})
            return len(streams.alarms(self.cloud, self.tagged)) == ALARMS_A_STREAM

        until(f"{ALARMS_A_STREAM} alarms for {self.tagged}", SYNC_SECONDS, asked, every=15)
        expect(not streams.alarms(self.cloud, self.untagged), f"stream {self.untagged} is not tagged and has alarms")
        return f"alarm-sync, called by name, made {ALARMS_A_STREAM} alarms for the tagged stream, none for the other"

    def scale_out(self):
        before = self.world.shards_at_first
        with self.world.load(self):
            how = self.world.fires(self, "scale-out")
            self.grown = until(f"scale-out of {self.tagged}", self.world.resize_seconds,
                               lambda: self.count_where(lambda now: now > before), every=1)
        return f"{before} -> {self.grown} shards; {how}"

    def leave_alone(self):
        now = streams.shards(self.cloud, self.untagged)
        expect(now == self.world.shards_at_first, f"stream {self.untagged} is not tagged and has {now} shards")
        expect("kinesis-scaler/resizes" in streams.tags(self.cloud, self.tagged), "no history of resizes in the stream's tags")
        return self.world.denied(self)

    def scale_in(self):
        how = self.world.fires(self, "scale-in")
        now = until(f"scale-in of {self.tagged}", self.world.shrink_seconds,
                    lambda: self.count_where(lambda now: now < self.grown), every=1)
        return f"{self.grown} -> {now} shards; {how}"

    def report(self):
        subjects = until("two messages about resizes", SYNC_SECONDS, self.two_resizes, every=1)
        answer = self.cloud.invoke(self.outputs["CostReportFunctionName"], {"report": self.world.every_managed or [self.tagged]})
        reckoned = [stream["stream"] for stream in answer["streams"]]
        expect(reckoned == [self.tagged], f"the cost report is {json.dumps(answer)}")
        return f"people were told {len(subjects)} resizes ({subjects[0]!r}), and the costs of the tagged stream"

    def count_where(self, holds):
        now = streams.shards(self.cloud, self.tagged)
        return now if now is not None and holds(now) else None

    def two_resizes(self):
        subjects = [told["Subject"] for told in self.inbox() if told["MessageAttributes"]["kind"]["Value"] == "resize"]
        return subjects if len(subjects) >= 2 else None

    def clean_up(self):
        """Deletes everything that a run makes, also what only half of it made; gives what is left, in words."""
        faults = []
        # The witness holds the stack's policy, and the inbox its topic: before the stack. Its bundles: after it.
        for what in [lambda: self.world.dismiss_witness(self.stack), lambda: delete_inbox(self.cloud, f"{self.stack.name}-inbox"),
                     self.stack.delete, lambda: streams.delete(self.cloud, self.tagged),
                     lambda: streams.delete(self.cloud, self.untagged), self.world.delete_bucket]:
            try:
                try:
                    what()
                except Exception:  # Once more: AWS may only have been slow to know of what was deleted before.
                    what()
            except Exception as fault:  # One that cannot be deleted must not keep the others.
                faults.append(str(fault))
        try:
            until("nothing is left", LISTED_SECONDS, lambda: not self.stack.left())
        except Disproved:
            return faults + self.stack.left()
        return faults


def inbox(cloud, topic, queue):
    """A queue with what people are told; gives the messages so far at each call."""
    url = cloud.sqs.create_queue(QueueName=queue)["QueueUrl"]
    arn = cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    publishes = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
                 "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [publishes]})
    cloud.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    cloud.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    had = []

    def messages():
        while taken := cloud.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in taken:
                had.append(json.loads(message["Body"]))
                cloud.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [message for message in had if "kind" in message.get("MessageAttributes", {})]

    return messages


def delete_inbox(cloud, name):
    """The queue of exactly this name, and its subscription, which would outlive the topic."""
    for subscription in cloud.every("sns", "list_subscriptions", "Subscriptions"):
        if subscription["Endpoint"].endswith(f":{name}") and subscription["SubscriptionArn"].startswith("arn:"):
            cloud.sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    for url in cloud.sqs.list_queues(QueueNamePrefix=name).get("QueueUrls", []):
        if url.endswith(f"/{name}"):
            cloud.sqs.delete_queue(QueueUrl=url)
