# SPDX-License-Identifier: Apache-2.0
"""Deploying the stack with `sam deploy`, deleting it with `sam delete`, and looking for what is left."""

import json
import os
import subprocess

from cloud import expect, refusal

# Kinds of resources that a deletion may leave behind: service, listing, field of the answer, field that names one.
KINDS = [
    ("awslambda", "list_functions", "Functions", "FunctionName"),
    ("awslambda", "list_event_source_mappings", "EventSourceMappings", "FunctionArn"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("sns", "list_subscriptions", "Subscriptions", "TopicArn"),
    ("sqs", "list_queues", "QueueUrls", None),
    ("events", "list_rules", "Rules", "Name"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("kinesis", "list_streams", "StreamNames", None),
    ("s3", "list_buckets", "Buckets", "Name"),
]


class Stack:
    """One stack, by name; `template` is what `sam build` made, or a copy beside it."""

    def __init__(self, cloud, sam, name, template, bucket):
        self.cloud, self.sam, self.name, self.template, self.bucket = cloud, sam, name, template, bucket

    def deploy(self, **parameters):
        overrides = [f"{key}={value}" for key, value in parameters.items()]
        self._sam("deploy", "--stack-name", self.name, "--template-file", self.template, "--s3-bucket", self.bucket,
                  "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar",
                  "--on-failure", "DELETE", "--parameter-overrides", *overrides)
        listed = self._sam("list", "stack-outputs", "--stack-name", self.name, "--output", "json")
        return {output["OutputKey"]: output["OutputValue"] for output in json.loads(listed)}

    def delete(self):
        """Deletes the stack; one that is not there is deleted."""
        if refusal(lambda: self.cloud.cloudformation.describe_stacks(StackName=self.name)) == "ValidationError":
            return
        self._sam("delete", "--stack-name", self.name, "--no-prompts")

    def resources(self):
        """Physical names by logical names."""
        found = self.cloud.cloudformation.describe_stack_resources(StackName=self.name)["StackResources"]
        return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}

    def left(self):
        """What carries the stack's name and is still there. Alarms that the functions made carry the scaler's prefix."""
        found = []
        for service, operation, field, name in KINDS:
            listed = self.cloud.every(service, operation, field)
            names = [item if name is None else item[name] for item in listed]
            found += [f"{operation}: {item}" for item in names if self.name in item or item.startswith("kinesis-scaler/")]
        policies = self.cloud.every("iam", "list_policies", "Policies", Scope="Local")
        return found + [f"list_policies: {policy['PolicyName']}" for policy in policies if self.name in policy["PolicyName"]]

    def _sam(self, *arguments):
        region = ["--region", self.cloud.region]
        # Away from the terminal: Ctrl-C is ours to answer, and must not end a deletion.
        done = subprocess.run([self.sam, *arguments, *region], text=True, env=os.environ, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        expect(done.returncode == 0, f"sam {arguments[0]} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout
