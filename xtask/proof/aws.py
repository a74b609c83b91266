# SPDX-License-Identifier: Apache-2.0
"""The proof on AWS itself, in an account that can be thrown away: `cargo xtask prove`.

Says first what it will make, cost and take; ends by itself after a time limit; deletes everything that it made at every exit, and
looks that nothing is left.
"""

import argparse
import contextlib
import os
import subprocess
import sys

import boto3
import streams
from botocore.exceptions import BotoCoreError, ClientError
from cloud import ALARM_PREFIX, MANAGED, Cloud, Disproved, expect, refusal, until
from ending import end, prove
from proof import Proof
from stack import Stack
from world import ROLE_SECONDS, World

# With the Region behind it, so that two proofs in two Regions are not in each other's way. Short: CloudFormation cuts long names.
STACK = "scaler-proof"
# More than one shard takes, and less than two.
LOAD_MIB_PER_SECOND = 1.5
# USD in us-east-1, as in shared/scaler-core/src/prices/sheet.rs. Other Regions ask up to a third more.
SHARD_HOUR_USD, MILLION_UNITS_USD, ALARM_MONTH_USD, METRIC_MONTH_USD = 0.015, 0.014, 0.10, 0.30
SHARDS_AT_MOST, ALARM_METRICS, OWN_METRICS, HOURS_A_MONTH = 5, 20, 30, 730
# What UpdateShardCount answers once it has been authorized; that the count is the present one is no matter.
AUTHORIZED = [None, "InvalidArgumentException", "ValidationException", "ResourceInUseException", "LimitExceededException"]
# The longest time limit that may be asked for: a day.
MINUTES_MAX = 1440
# A payload unit is 25 KB; the load's records have 10 KiB, one unit each.
RECORDS_PER_SECOND = LOAD_MIB_PER_SECOND * 102.4


def main():
    arguments = parsed()
    expect("AWS_ENDPOINT_URL" not in os.environ, "AWS_ENDPOINT_URL is set: this proof is for AWS itself, unset it")
    cloud = Cloud(boto3.Session(region_name=arguments.region))
    name = f"{STACK}-{cloud.region}"
    bucket = f"{name}-{cloud.account}"
    stack = Stack(cloud, arguments.sam, name, f"{arguments.build}/template.yaml", bucket)
    world = Aws(cloud, arguments.load, arguments.architecture, bucket)
    proof = Proof(cloud, stack, world)
    announce(cloud, name, arguments.minutes)
    expect(arguments.account == cloud.account,
           f"--account is {arguments.account or 'not given'}, the credentials are of {cloud.account}."
           f" Where that account can be thrown away: cargo xtask prove --account {cloud.account}")
    if arguments.clean_up:
        return end(proof, None)
    free_of_the_scaler(stack)
    return prove(proof, arguments.minutes)


def parsed():
    parser = argparse.ArgumentParser(prog="cargo xtask prove", description=__doc__, allow_abbrev=False)
    for made in ["sam", "build", "architecture", "load"]:
        parser.add_argument(f"--{made}", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--account", default="", help="the account of the credentials; without it nothing is made")
    parser.add_argument("--region", help="where; else that of the profile or of AWS_REGION")
    parser.add_argument("--minutes", type=minutes, default=60, help="the time limit, before everything is deleted (default 60)")
    parser.add_argument("--clean-up", action="store_true", help="only delete what a run that was killed has left")
    return parser.parse_args()


def minutes(text):
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MINUTES_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of minutes from 1 to {MINUTES_MAX}")
    return int(text)


def announce(cloud, name, minutes):
    hours = minutes / 60
    usd = (SHARDS_AT_MOST * SHARD_HOUR_USD * hours + RECORDS_PER_SECOND * 3600 * hours * MILLION_UNITS_USD / 1e6
           + (ALARM_METRICS * ALARM_MONTH_USD + OWN_METRICS * METRIC_MONTH_USD) * hours / HOURS_A_MONTH)
    print(f"""In account {cloud.account}, Region {cloud.region}, this makes
  the stack {name} (functions, roles, topics, queues, alarms) and a bucket for its bundles,
  the streams {name}-tagged and {name}-untagged, a queue, and the role {name}-witness,
and deletes all of it. It takes about half an hour, {minutes} minutes at most, and costs at most {usd:.2f} USD
(prices of us-east-1, for the whole time limit; Lambda, SNS and SQS are far inside their free tiers or below a cent).
""", flush=True)


def free_of_the_scaler(stack):
    """Nothing of what a proof makes may be there, since it deletes by name; and no other stack, whose streams would be its own."""
    cloud = stack.cloud
    again = "; after a run that was killed: cargo xtask prove --clean-up --account " + cloud.account
    missing = refusal(lambda: cloud.cloudformation.describe_stacks(StackName=stack.name))
    expect(missing == "ValidationError", f"there is a stack {stack.name} already{again}")
    there = stack.left()
    expect(not there, f"of the scaler, or of the names that this proof would use, there is already {there[:3]}{again}")
    tagged = cloud.every("tagging", "get_resources", "ResourceTagMappingList",
                         TagFilters=[{"Key": MANAGED}], ResourceTypeFilters=["kinesis:stream"])
    names = [stream["ResourceARN"] for stream in tagged]
    expect(not names, f"these streams are tagged {MANAGED} and would be resized: {names[:3]}{again}")


class Aws(World):
    """Load by the producer, alarms by CloudWatch, permissions by IAM."""

    shards_at_first = 1
    every_stream, every_managed = "all", "managed"
    # An alarm looks once a minute at metrics that come a minute or two late; a resize takes half a minute and more.
    resize_seconds = 900
    # The shortest stabilization window, its alarm, the cooldown, and a sweep of scale-in every ten minutes.
    shrink_seconds = 1800

    def __init__(self, cloud, load, architecture, bucket):
        super().__init__(cloud, bucket)
        self.load_program = load
        self.parameters = {"Architecture": architecture, "StabilizationWindowMinutes": 5, "ScaleInCooldownSeconds": 60}

    @contextlib.contextmanager
    def load(self, proof):
        arguments = [proof.tagged, "--seconds", str(self.resize_seconds), "--mib-per-second", str(LOAD_MIB_PER_SECOND)]
        credentials = proof.cloud.session.get_credentials().get_frozen_credentials()
        environment = os.environ | {"AWS_REGION": proof.cloud.region, "AWS_ACCESS_KEY_ID": credentials.access_key,
                                    "AWS_SECRET_ACCESS_KEY": credentials.secret_key}
        environment.pop("AWS_SESSION_TOKEN", None)
        if credentials.token:
            environment["AWS_SESSION_TOKEN"] = credentials.token
        with subprocess.Popen([self.load_program, *arguments], env=environment) as self.writer:
            try:
                yield
            finally:
                self.writer.terminate()

    def fires(self, proof, direction):
        name = f"{ALARM_PREFIX}{proof.tagged}/{direction}"
        seconds = self.resize_seconds if direction == "scale-out" else self.shrink_seconds
        before = until(f"stream {proof.tagged} is ACTIVE", seconds, lambda: streams.shards(proof.cloud, proof.tagged))

        def fired():
            expect(direction == "scale-in" or self.writer.poll() is None, "the program that writes the load has ended")
            count = streams.shards(proof.cloud, proof.tagged)
            return streams.alarms(proof.cloud, proof.tagged)[name]["StateValue"] == "ALARM" or count not in (before, None)

        until(f"alarm {name} fires", seconds, fired)
        return f"alarm {name} fired by itself"

    def denied(self, proof):
        """A role with the functions' own policy, which we may take, asks Kinesis itself."""
        kinesis = self.witness(proof.stack)
        here = streams.summary(proof.cloud, proof.tagged)["OpenShardCount"]
        # First what is allowed: from then on a denial is the condition's, and not a role's that IAM does not know yet.
        until("the functions' policy lets the tagged stream be resized; if Kinesis does not know the tag for UpdateShardCount, "
              "the stack needs TagConditions=false", ROLE_SECONDS,
              lambda: refusal(lambda: resize(kinesis, proof.tagged, here)) in AUTHORIZED)
        denials = {
            "resize the untagged stream": lambda: resize(kinesis, proof.untagged, 2),
            "enrol the untagged stream": lambda: kinesis.add_tags_to_stream(StreamName=proof.untagged, Tags={MANAGED: "true"}),
            "change the limits of the tagged stream":
                lambda: kinesis.add_tags_to_stream(StreamName=proof.tagged, Tags={"kinesis-scaler/shards-max": "9"}),
            "delete the tagged stream": lambda: kinesis.delete_stream(StreamName=proof.tagged),
        }
        for what, call in denials.items():
            code = refusal(call)
            expect(code == "AccessDeniedException", f"the functions' policy lets them {what} (AWS answered {code})")
        return f"IAM itself denied: {', '.join(denials)}"


def resize(kinesis, stream, count):
    kinesis.update_shard_count(StreamName=stream, TargetShardCount=count, ScalingType="UNIFORM_SCALING")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Disproved, BotoCoreError, ClientError) as fault:
        sys.exit(f"nothing was made: {fault}")
