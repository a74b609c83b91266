# SPDX-License-Identifier: Apache-2.0
"""boto3 against the sandbox: CloudWatch by each of its protocols, a reader that follows reshards, tags and refusals.

`check` does all of it and ends with 0 if it came out as expected. `prepare NAME...` makes streams of two shards with
consumers of the names `app` and `-app`, for commands to be tried on. Endpoint, Region and keys come from the variables
that the sandbox tells people to set.
"""

import copy
import datetime
import sys
import time

import boto3
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:topic"
PROTOCOLS = ("json", "query", "smithy-rpc-v2-cbor")
WAIT_SECONDS = 30


def cloudwatch_by(protocol):
    """A client of CloudWatch that speaks this protocol and no other."""
    session = boto3.Session()
    loader = session._session.get_component("data_loader")
    load = loader.load_service_model

    def load_with_protocol(service, kind, *rest, **named):
        model = load(service, kind, *rest, **named)
        if (service, kind) == ("cloudwatch", "service-2"):
            model = copy.deepcopy(model)
            model["metadata"]["protocols"] = [protocol]
        return model

    loader.load_service_model = load_with_protocol
    client = session.client("cloudwatch")
    assert client.meta.service_model.resolved_protocol == protocol, client.meta.service_model.resolved_protocol
    return client


def refused(call, **arguments):
    """The code, the status and the words of a refusal."""
    try:
        call(**arguments)
    except ClientError as error:
        told = error.response["Error"]
        return told["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"], told["Message"]
    raise AssertionError(f"{call.__name__}({arguments}) is not refused")


def without_metadata(answer):
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def query(name, metric, **more):
    dimensions = [{"Name": "StreamName", "Value": "orders"}]
    stat = {"Metric": {"Namespace": "AWS/Kinesis", "MetricName": metric, "Dimensions": dimensions}, "Period": 60, "Stat": "Sum"}
    return {"Id": name, "MetricStat": stat, **more}


def cloudwatch_answers(client, end):
    """What CloudWatch answers to every operation, and the refusals among it."""
    queries = [query("bytes", "IncomingBytes", ReturnData=False), {"Id": "usage", "Expression": "100 * bytes / 251658240"}]
    arn = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:clients/<one> & two"
    alarm = {
        "AlarmName": "clients/<one> & two",
        "Metrics": queries,
        "Threshold": 90.5,
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "TreatMissingData": "notBreaching",
        "AlarmActions": [TOPIC],
        "OKActions": [],
        "ActionsEnabled": False,
        "Tags": [{"Key": "team", "Value": "data"}],
    }
    client.put_metric_alarm(**alarm)
    client.put_metric_alarm(
        AlarmName="clients/plain", Namespace="AWS/Kinesis", MetricName="IncomingBytes", Statistic="Sum", Period=60, Threshold=1,
        EvaluationPeriods=1, ComparisonOperator="LessThanThreshold", Dimensions=[{"Name": "StreamName", "Value": "orders"}],
    )
    client.set_alarm_state(AlarmName="clients/plain", StateValue="OK", StateReason="by hand", StateReasonData='{"a": 1}')
    client.tag_resource(ResourceARN=arn, Tags=[{"Key": "a:b", "Value": ""}])
    client.untag_resource(ResourceARN=arn, TagKeys=["team"])
    seen = {"tags": without_metadata(client.list_tags_for_resource(ResourceARN=arn))}

    pages = client.get_paginator("describe_alarms").paginate(AlarmNamePrefix="clients/", PaginationConfig={"PageSize": 1})
    described = [alarm for page in pages for alarm in page["MetricAlarms"]]
    for one in described:
        # They tell when this ran, and are the same kind of time by each protocol.
        for key in [key for key in one if key.endswith("Timestamp")]:
            assert abs(one.pop(key).timestamp() - time.time()) < 24 * 3600 * 20, key
    seen["alarms"] = described
    assert [alarm["AlarmName"] for alarm in described] == ["clients/<one> & two", "clients/plain"], described
    assert described[0]["Metrics"][1]["Expression"] == queries[1]["Expression"], described
    by_action = client.describe_alarms(ActionPrefix=TOPIC, StateValue="INSUFFICIENT_DATA", MaxRecords=1)
    assert [alarm["AlarmName"] for alarm in by_action["MetricAlarms"]] == ["clients/<one> & two"], by_action

    span = {"StartTime": end - datetime.timedelta(minutes=30), "EndTime": end}
    pages = client.get_paginator("get_metric_data").paginate(MetricDataQueries=queries, MaxDatapoints=7, **span)
    seen["data"] = [without_metadata(page) for page in pages]
    values = [value for page in seen["data"] for value in page["MetricDataResults"][0]["Values"]]
    assert len(values) == 30 and all(value > 0 for value in values), values

    many = [query(f"q{index}", "IncomingBytes") for index in range(501)]
    seen["refusals"] = [
        refused(client.set_alarm_state, AlarmName="none", StateValue="OK", StateReason="r"),
        refused(client.list_tags_for_resource, ResourceARN=arn + "?"),
        refused(client.describe_alarms, NextToken="made up"),
        refused(client.put_metric_alarm, **{**alarm, "AlarmActions": ["topic"]}),
        refused(client.put_metric_alarm, **{**alarm, "Metrics": queries[:1]}),
        refused(client.get_metric_data, MetricDataQueries=many, **span),
        refused(client.get_metric_data, MetricDataQueries=queries, StartTime=end, EndTime=end),
        refused(client.get_metric_data, MetricDataQueries=queries, MaxDatapoints=0, **span),
    ]
    assert [code for code, _, _ in seen["refusals"]] == [
        "ResourceNotFound", "ResourceNotFoundException", "InvalidNextToken", *["ValidationError"] * 5
    ], seen["refusals"]
    client.delete_alarms(AlarmNames=[alarm["AlarmName"], "clients/plain"])
    assert client.describe_alarms(AlarmNamePrefix="clients/")["MetricAlarms"] == []
    return seen


def check_cloudwatch():
    # Some minutes back, where nothing is recorded any more.
    end = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0) - datetime.timedelta(minutes=40)
    chosen = boto3.client("cloudwatch").meta.service_model.resolved_protocol
    answers = {protocol: cloudwatch_answers(cloudwatch_by(protocol), end) for protocol in PROTOCOLS}
    for protocol in PROTOCOLS[1:]:
        for part, answer in answers[protocol].items():
            assert answer == answers["json"][part], f"{part} by {protocol}:\n{answer}\nby json:\n{answers['json'][part]}"
    print(f"CloudWatch answers the same by {', '.join(PROTOCOLS)}; boto3 chooses {chosen}")


def wait_until_active(kinesis, stream):
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
        if summary["StreamStatus"] == "ACTIVE":
            return summary
        time.sleep(0.02)
    raise AssertionError(f"{stream} is not ACTIVE after {WAIT_SECONDS} s")


def put(kinesis, stream, keys, data):
    """Puts a record of each key, what is throttled again and again."""
    records = [{"PartitionKey": key, "Data": data} for key in keys]
    until = time.monotonic() + WAIT_SECONDS
    while records and time.monotonic() < until:
        results = kinesis.put_records(StreamName=stream, Records=records)["Records"]
        records = [record for record, result in zip(records, results) if "ErrorCode" in result]
        time.sleep(0.05)
    assert not records, f"{len(records)} records were not taken"


def read_shard(kinesis, stream, shard):
    """The records of a shard in order, each as key and data, and its children once it has ended."""
    iterator = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    records = []
    while True:
        answer = kinesis.get_records(ShardIterator=iterator, Limit=7)
        records += [(record["PartitionKey"], int(record["Data"])) for record in answer["Records"]]
        iterator = answer.get("NextShardIterator")
        if iterator is None:
            return records, answer["ChildShards"]
        if not answer["Records"] and answer["MillisBehindLatest"] == 0:
            return records, []


def check_reader():
    """Parents first, a child of two when both are done: so every record comes once, and those of a key in their order."""
    kinesis, stream = boto3.client("kinesis"), "reshards"
    kinesis.create_stream(StreamName=stream, ShardCount=2)
    wait_until_active(kinesis, stream)
    keys, targets = [str(key) for key in range(20)], [3, 2, 4, 2, 1]
    for round_, target in enumerate(targets):
        put(kinesis, stream, keys, str(round_).encode())
        kinesis.update_shard_count(StreamName=stream, TargetShardCount=target, ScalingType="UNIFORM_SCALING")
        wait_until_active(kinesis, stream)
    first = kinesis.list_shards(StreamName=stream, ShardFilter={"Type": "AT_TRIM_HORIZON"})["Shards"]
    waiting, done, read = [shard["ShardId"] for shard in first], [], []
    assert waiting == ["shardId-000000000000", "shardId-000000000001"], f"the first shards are listed as {waiting}"
    # No shard is known here but the first ones and those that the end of a shard has named.
    while waiting:
        shard = waiting.pop(0)
        records, children = read_shard(kinesis, stream, shard)
        read += records
        done.append(shard)
        for child in children:
            if child["ShardId"] not in done + waiting and all(parent in done for parent in child["ParentShards"]):
                waiting.append(child["ShardId"])
    for key in keys:
        rounds = [round_ for of, round_ in read if of == key]
        assert rounds == list(range(len(targets))), f"key {key} was read in the order {rounds}"
    all_shards = [shard["ShardId"] for shard in kinesis.list_shards(StreamName=stream)["Shards"]]
    assert sorted(done) == all_shards, f"{done} of {all_shards}"
    kinesis.delete_stream(StreamName=stream)
    print(f"a reader followed 5 reshards through {len(done)} shards and had each of {len(read)} records once and in order")


def check_tags():
    kinesis, tagging = boto3.client("kinesis"), boto3.client("resourcegroupstaggingapi")
    kinesis.create_stream(StreamName="tagged", ShardCount=1, Tags={"born": "so"})
    arn = wait_until_active(kinesis, "tagged")["StreamARN"]
    kinesis.tag_resource(ResourceARN=arn, Tags={"a:b": "c"})
    kinesis.add_tags_to_stream(StreamName="tagged", Tags={"team": "data"})
    kinesis.untag_resource(ResourceARN=arn, TagKeys=["born"])
    tags = {tag["Key"]: tag["Value"] for tag in kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"]}
    assert tags == {"a:b": "c", "team": "data"}, tags
    found = tagging.get_resources(TagFilters=[{"Key": "a:b"}], ResourceTypeFilters=["kinesis:stream"])
    assert [it["ResourceARN"] for it in found["ResourceTagMappingList"]] == [arn], found
    assert refused(kinesis.tag_resource, ResourceARN=arn, Tags={"aws:a": "b"})[0] == "InvalidArgumentException"
    kinesis.delete_stream(StreamName="tagged")
    print("streams are tagged by ARN and by name, and found by tag")


def check_others():
    sns, awslambda = boto3.client("sns"), boto3.client("lambda")
    sns.publish(TopicArn=TOPIC, Subject="a subject", Message="m" * 262_144)
    assert refused(sns.publish, TopicArn=TOPIC, Message="m" * 262_145)[0] == "InvalidParameter"
    assert refused(sns.publish, TopicArn=TOPIC, Message="m", Subject="s" * 100)[0] == "InvalidParameter"
    put_ = awslambda.put_function_concurrency(FunctionName="no-function-of-ours", ReservedConcurrentExecutions=0)
    assert put_["ReservedConcurrentExecutions"] == 0, put_
    awslambda.delete_function_concurrency(FunctionName="no-function-of-ours")
    print("SNS and Lambda answer too")


def prepare(kinesis, stream):
    kinesis.create_stream(StreamName=stream, ShardCount=2)
    arn = wait_until_active(kinesis, stream)["StreamARN"]
    for consumer in ("app", "-app"):
        kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=consumer)


def main():
    match sys.argv[1:]:
        case ["check"]:
            check_cloudwatch()
            check_reader()
            check_tags()
            check_others()
        case ["prepare", *streams] if streams:
            for stream in streams:
                prepare(boto3.client("kinesis"), stream)
        case _:
            sys.exit("one of: check | prepare NAME...")


main()
