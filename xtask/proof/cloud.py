# SPDX-License-Identifier: Apache-2.0
"""The AWS API of one account and Region, as the proofs use it: clients, waiting, invoking, what is left of a stack."""

import json
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ALARM_PREFIX = "kinesis-scaler/"
MANAGED = "kinesis-scaler/managed"

# The SDK's own tries, so that a proof of an hour does not end by one lost connection.
TRIES = Config(retries={"mode": "standard", "max_attempts": 8}, read_timeout=330)


class Disproved(Exception):
    """What was seen is not what the product promises."""


class Stopped(BaseException):
    """The time limit, or a signal. No Exception: the SDK would take one in the middle of a call for a lost connection."""


def expect(holds, otherwise):
    if not holds:
        raise Disproved(otherwise)


class Cloud:
    """Clients by service name, made once."""

    def __init__(self, session=None):
        self.session = session or boto3.Session()
        self.region = self.session.region_name
        self.clients = {}
        self.account = self.sts.get_caller_identity()["Account"]

    def __getattr__(self, service):
        name = {"awslambda": "lambda", "tagging": "resourcegroupstaggingapi"}.get(service, service)
        if name not in self.clients:
            self.clients[name] = self.session.client(name, config=TRIES)
        return self.clients[name]

    def every(self, service, operation, field, **arguments):
        """All pages of a listing."""
        client = getattr(self, service)
        if not client.can_paginate(operation):
            return getattr(client, operation)(**arguments).get(field, [])
        pages = client.get_paginator(operation).paginate(**arguments)
        return [item for page in pages for item in page.get(field) or []]

    def invoke(self, function, payload):
        """The function's answer; a function that fails is a Disproved with its own words."""
        answer = self.awslambda.invoke(FunctionName=function, Payload=json.dumps(payload).encode())
        body = json.loads(answer["Payload"].read() or b"null")
        expect("FunctionError" not in answer, f"{function} failed: {json.dumps(body)}")
        return body


def until(what, seconds, probe, every=5.0):
    """What `probe` gives as soon as it is not None or False; Disproved where it stays so."""
    ends = time.monotonic() + seconds
    while True:
        found = probe()
        if found is not None and found is not False:
            return found
        expect(time.monotonic() < ends, f"not within {seconds} s: {what}")
        time.sleep(every)


def refusal(call):
    """The code of AWS's refusal of a call, or None where it was answered."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None
