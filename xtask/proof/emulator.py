# SPDX-License-Identifier: Apache-2.0
"""The proof on MiniStack, an emulator of AWS that nobody here wrote, by each road that alarms can take.

Arguments: the path of `sam`, the folder that `sam build` made, the architecture of its bundles, the program that writes load.
The environment leads every client to the emulator. What it does otherwise than AWS, and what is done about it here, is a table
in docs/what-was-proven.md.
"""

import contextlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import streams
from aws import free_of_the_scaler
from cloud import ALARM_PREFIX, Cloud, expect
from ending import prove
from proof import Proof
from samcli.yamlhelper import yaml_dump, yaml_parse
from stack import Stack
from world import World

EVENTS = Path(__file__).parents[2] / "events"
ACCOUNT_IN_EVENTS, STREAMS_IN_EVENTS = "123456789012", ("orders", "clicks")
# For one road; it takes a minute beside other work.
MINUTES = 10
MIB = 1024 * 1024
# Mean size of the records that are made up, bytes: far from Kinesis's limit on records a second.
RECORD_BYTES = 10 * 1024
# As far back as the shortest stabilization window looks, and one more.
QUIET_MINUTES, BUSY_MINUTES = 7, 3
LOAD_MIB_PER_SECOND = 3.2


def main(sam, build, architecture, load):
    cloud = Cloud()
    template = without_attention_alarm(Path(build))
    for road, expected in [(BySns, 0), (ByLambda, 0), (ByEventBridge, 0), (Interrupted, 1)]:
        bucket = f"{road.__name__.lower()}-bundles"
        stack = Stack(cloud, sam, f"proof-{road.__name__.lower()}", template, bucket)
        free_of_the_scaler(stack)
        code = prove(Proof(cloud, stack, road(cloud, load, architecture, bucket)), MINUTES)
        expect(code == expected, f"the proof {road.__name__} ended with {code}, and not {expected}")
        expect(not stack.left(), f"the proof {road.__name__} left {stack.left()}")


def without_attention_alarm(build):
    """A copy of the template without the alarm on metric math, for which MiniStack rolls the whole stack back."""
    template = yaml_parse((build / "template.yaml").read_text())
    del template["Resources"]["NeedsAttentionAlarm"]
    path = build / "template-emulator.yaml"
    path.write_text(yaml_dump(template))
    return str(path)


class Emulator(World):
    """Load as figures in CloudWatch, which the emulator does not count itself; its resizes take no time."""

    shards_at_first = 2
    resize_seconds = shrink_seconds = 60
    # Its tagging API lists no streams, so the functions are asked for one by name.
    every_stream = every_managed = None

    def __init__(self, cloud, load, architecture, bucket):
        super().__init__(cloud, bucket)
        self.load_program = load
        self.minute = int(time.time()) // 60 * 60
        # The shortest stabilization window and no cooldowns: waiting is tested where the clock can be moved.
        self.parameters = {"AlarmRoad": self.name, "Architecture": architecture, "StabilizationWindowMinutes": 5,
                           "ScaleOutCooldownSeconds": 0, "ScaleInCooldownSeconds": 0}

    @contextlib.contextmanager
    def load(self, proof):
        """Records through the producer, and the load that they stand for; afterwards the same load with a minus."""
        subprocess.run([self.load_program, proof.tagged, "--seconds", "1", "--mib-per-second", "1"], check=True)
        for stream in [proof.tagged, proof.untagged]:
            self.put(stream, QUIET_MINUTES, 0.1)
            self.put(stream, BUSY_MINUTES, LOAD_MIB_PER_SECOND)
        yield
        for stream in [proof.tagged, proof.untagged]:
            self.put(stream, BUSY_MINUTES, -LOAD_MIB_PER_SECOND)

    def put(self, stream, minutes, mib_per_second):
        """Adds to the sums of the last full minutes before the world began."""
        bytes_a_minute = mib_per_second * MIB * 60
        figures = [("IncomingBytes", bytes_a_minute), ("IncomingRecords", bytes_a_minute / RECORD_BYTES)]
        dimensions = [{"Name": "StreamName", "Value": stream}]
        data = [{"MetricName": metric, "Dimensions": dimensions, "Timestamp": self.minute - 60 * ago, "Value": value}
                for ago in range(1, minutes + 1) for metric, value in figures]
        self.cloud.cloudwatch.put_metric_data(Namespace="AWS/Kinesis", MetricData=data)

    def denied(self, proof):
        count = streams.summary_by(self.witness(proof.stack), proof.untagged)["OpenShardCount"]
        expect(count == self.shards_at_first, f"the witness sees {count} shards of the untagged stream")
        return "the untagged stream was left alone; the emulator judges no permissions"

    def action(self, proof, direction):
        """The one action of the stream's alarm."""
        name = f"{ALARM_PREFIX}{proof.tagged}/{direction}"
        [action] = streams.alarms(self.cloud, proof.tagged)[name]["AlarmActions"]
        return action


class BySns(Emulator):
    name = "sns"

    def fires(self, proof, direction):
        """A single-metric alarm under the scaler's name goes to ALARM; the emulator writes and sends its own message."""
        topic = self.action(proof, direction)
        name = f"{ALARM_PREFIX}{proof.tagged}/{direction}"
        self.cloud.cloudwatch.put_metric_alarm(
            AlarmName=name, Namespace="AWS/Kinesis", MetricName="IncomingBytes", Statistic="Sum", Period=60,
            Dimensions=[{"Name": "StreamName", "Value": proof.tagged}], EvaluationPeriods=1, Threshold=1,
            ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic])
        for state in ["OK", "ALARM"]:
            self.cloud.cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="proof")
        return "the emulator's own alarm message, by SNS"


class ByLambda(Emulator):
    name = "lambda"

    def fires(self, proof, direction):
        """The payload that AWS documents for an alarm whose action is a function; the emulator sends none itself."""
        self.cloud.invoke(self.action(proof, direction), event(proof, f"{direction}-direct.json"))
        return "the documented payload of an alarm that calls a function"


class ByEventBridge(Emulator):
    name = "eventbridge"

    def fires(self, proof, direction):
        """Holds the rules to the documented events, and gives the alarm's event to the target of its rule.

        Nobody may put an event of aws.cloudwatch on the bus, on AWS as on the emulator.
        """
        rules = proof.stack.resources()
        for rule, taken, about in matches(proof):
            pattern = self.cloud.events.describe_rule(Name=rules[rule])["EventPattern"]
            found = self.cloud.events.test_event_pattern(EventPattern=pattern, Event=json.dumps(about))["Result"]
            expect(found == taken, f"rule {rule} {'takes' if found else 'does not take'} {json.dumps(about)}")
        alarm = event(proof, f"{direction}-eventbridge.json")
        rule = rules["ScaleOutRule" if direction == "scale-out" else "ScaleInRule"]
        [target] = self.cloud.events.list_targets_by_rule(Rule=rule)["Targets"]
        self.cloud.invoke(target["Arn"], alarm)
        return "the documented event, given to its rule's target"


class Interrupted(BySns):
    """Ends in the middle of the work, as by Ctrl-C."""

    def fires(self, proof, direction):
        signal.raise_signal(signal.SIGINT)


def matches(proof):
    """Rule, whether it takes the event, and the event."""
    out, into = event(proof, "scale-out-eventbridge.json"), event(proof, "scale-in-eventbridge.json")
    over = event(proof, "scale-out-eventbridge.json")
    over["detail"]["state"]["value"] = "OK"
    remembered = event(proof, "alarm-sync-cloudtrail-resize.json")
    remembered["detail"]["eventName"] = "AddTagsToStream"
    remembered["detail"]["requestParameters"] = {"streamName": proof.tagged, "tags": {"kinesis-scaler/resizes": "o1"}}
    resized, made, own, tagged, deployed, elsewhere = (
        event(proof, f"alarm-sync-{name}.json")
        for name in ["cloudtrail-resize", "cloudtrail-create", "own-tag", "tag-change", "deployed", "deployed"])
    [described] = proof.cloud.cloudformation.describe_stacks(StackName=proof.stack.name)["Stacks"]
    deployed["detail"]["stack-id"] = described["StackId"]
    return [
        ("ScaleOutRule", True, out), ("ScaleOutRule", False, into), ("ScaleOutRule", False, over),
        ("ScaleInRule", True, into), ("ScaleInRule", False, out),
        ("StreamsChangedRule", True, resized), ("StreamsChangedRule", True, made),
        ("StreamsChangedRule", False, remembered),
        ("TagsChangedRule", True, tagged), ("TagsChangedRule", False, own),
        ("DeployedRule", True, deployed), ("DeployedRule", False, elsewhere),
    ]


def event(proof, file):
    """A sample event, about the proof's stream and account."""
    text = (EVENTS / file).read_text().replace(ACCOUNT_IN_EVENTS, proof.cloud.account)
    for name in STREAMS_IN_EVENTS:
        text = text.replace(f"/{name}/", f"/{proof.tagged}/").replace(f'"{name}"', f'"{proof.tagged}"')
        text = text.replace(f":stream/{name}", f":stream/{proof.tagged}")
    return json.loads(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
