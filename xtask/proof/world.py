# SPDX-License-Identifier: Apache-2.0
"""What a proof needs beside the stack: a bucket for its bundles, and a witness of what the functions' policy allows."""

import json

import boto3
from cloud import TRIES, refusal, until

# For IAM to know a new role everywhere.
ROLE_SECONDS = 180


class World:
    """The part that is the same on AWS and on an emulator."""

    def __init__(self, cloud, bucket):
        self.cloud, self.bucket = cloud, bucket

    def prepare(self):
        where = {} if self.cloud.region == "us-east-1" else {"LocationConstraint": self.cloud.region}
        configuration = {"CreateBucketConfiguration": where} if where else {}
        self.cloud.s3.create_bucket(Bucket=self.bucket, **configuration)

    def witness(self, stack):
        """A client of Kinesis with the permissions that the functions have."""
        iam, role = self.cloud.iam, witness_of(stack)
        partition = self.cloud.sts.get_caller_identity()["Arn"].split(":")[1]
        anybody_here = {"Effect": "Allow", "Principal": {"AWS": f"arn:{partition}:iam::{self.cloud.account}:root"},
                        "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [anybody_here]})
        arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.attach_role_policy(RoleName=role, PolicyArn=stack.resources()["ScalerPolicy"])
        taken = {}

        def take():
            taken.update(self.cloud.sts.assume_role(RoleArn=arn, RoleSessionName="proof")["Credentials"])

        until(f"role {role} can be assumed", ROLE_SECONDS, lambda: refusal(take) is None)
        return boto3.client("kinesis", region_name=self.cloud.region, aws_access_key_id=taken["AccessKeyId"],
                            aws_secret_access_key=taken["SecretAccessKey"], aws_session_token=taken["SessionToken"], config=TRIES)

    def dismiss_witness(self, stack):
        """Deletes the role, where it is."""
        iam, role = self.cloud.iam, witness_of(stack)
        if refusal(lambda: iam.get_role(RoleName=role)) is None:
            for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
                iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
            iam.delete_role(RoleName=role)

    def delete_bucket(self):
        """Deletes the bucket with its bundles, where it is."""
        if refusal(lambda: self.cloud.s3.head_bucket(Bucket=self.bucket)) is None:
            for item in self.cloud.every("s3", "list_objects_v2", "Contents", Bucket=self.bucket):
                self.cloud.s3.delete_object(Bucket=self.bucket, Key=item["Key"])
            self.cloud.s3.delete_bucket(Bucket=self.bucket)


def witness_of(stack):
    return f"{stack.name}-witness"
