"""Deploys the template as `sam deploy` would, but into moto, and looks at what came of it through boto3.

Usage: check_stack.py TEMPLATE, the deployable one. Prints one line about what was checked; every finding is a line on
standard error, and then the exit code is 1. What moto lacks is listed, and filled in where it can be, in moto_gaps.py.
"""

import ast
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3
import moto_gaps
from jsonschema import Draft4Validator
from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samcli.yamlhelper import yaml_parse

STACK = "layerward"
BUCKET = "layerward-artifacts"
FUNCTION = f"{STACK}-remediate"
EMAIL = "oncall@example.com"

findings: list[str] = []
checks = 0


def expect(what: str, actual: object, expected: object) -> None:
    """Notes a finding where something is not as it should be."""
    global checks
    checks += 1
    if actual != expected:
        findings.append(f"{what}: expected {expected!r}, and it is {actual!r}")


def package(template: Path, endpoint: str) -> dict:
    """The template with its code uploaded, by the SAM CLI itself, and translated by SAM's own library."""
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=BUCKET)
    sam = Path(sys.executable).parent / "sam"
    with tempfile.TemporaryDirectory() as folder:
        packaged = Path(folder) / "packaged.yaml"
        command = [sam, "package", "--template-file", template, "--s3-bucket", BUCKET]
        result = subprocess.run(
            [*command, "--output-template-file", packaged, "--no-progressbar"],
            capture_output=True,
            text=True,
            env={**os.environ, "AWS_ENDPOINT_URL": endpoint},
        )
        if result.returncode != 0:
            sys.exit(f"sam package failed: {result.stdout}{result.stderr}")
        source = yaml_parse(packaged.read_text())
    code = source["Resources"]["RemediateFunction"]["Properties"]["CodeUri"]
    expect("where sam package put the code", code.startswith(f"s3://{BUCKET}/"), True)
    return transform(source, {}, ManagedPolicyLoader(boto3.client("iam", endpoint_url=endpoint)))


def main() -> None:
    template = Path(sys.argv[1])
    server, endpoint = moto_gaps.start()

    def client(service: str):
        return boto3.client(service, endpoint_url=endpoint)

    translated = package(template, endpoint)
    declared = translated["Resources"]
    types = sorted({resource["Type"] for resource in declared.values()})
    logging = declared["RemediateFunction"]["Properties"]["LoggingConfig"]
    expect("where and how the function logs", logging, {"LogGroup": {"Ref": "RemediateLogGroup"}, "LogFormat": "Text"})
    expect("what SAM left untranslated", [kind for kind in types if kind.startswith("AWS::Serverless")], [])

    cloudformation = client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(translated),
        Parameters=[{"ParameterKey": "AlertEmail", "ParameterValue": EMAIL}],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    )
    stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    expect("the stack", stack["StackStatus"], "CREATE_COMPLETE")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    resources = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for resource in cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    }
    role_arn = client("iam").get_role(RoleName=resources["RemediateRole"])["Role"]["Arn"]
    expect("the output RemediateRoleArn", outputs["RemediateRoleArn"], role_arn)

    check_queues(client, outputs)
    check_rules(client, outputs, resources, role_arn)
    check_function(client, outputs, role_arn)
    check_role(client, resources)
    check_table(client, outputs)
    check_alerts(client, outputs)
    check_policy(client, resources, template)

    server.stop()
    for finding in findings:
        print(finding, file=sys.stderr)
    print(f"{len(declared)} resources of {len(types)} types created, {checks} expectations")
    sys.exit(1 if findings else 0)


def queue_of(client, url: str) -> dict:
    return client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def queues(client) -> tuple[dict, dict]:
    """The queue of changes and the dead-letter queue, told apart by which one redrives."""
    found = [queue_of(client, url) for url in client("sqs").list_queues()["QueueUrls"]]
    changes = next(queue for queue in found if "RedrivePolicy" in queue)
    return changes, next(queue for queue in found if "RedrivePolicy" not in queue)


def check_queues(client, outputs: dict) -> None:
    changes, dead = queues(client)
    expect("the number of queues", len(client("sqs").list_queues()["QueueUrls"]), 2)
    expect("the output", queue_of(client, outputs["DeadLetterQueueUrl"])["QueueArn"], dead["QueueArn"])
    expect(
        "the redrive",
        json.loads(changes["RedrivePolicy"]),
        {"deadLetterTargetArn": dead["QueueArn"], "maxReceiveCount": 6},
    )
    expect("encryption of the queue", changes["SqsManagedSseEnabled"], "true")
    expect("encryption of the dead letters", dead["SqsManagedSseEnabled"], "true")
    expect("days that dead letters are kept", int(dead["MessageRetentionPeriod"]) // 86_400, 14)
    expect("4 days of messages or more", int(changes["MessageRetentionPeriod"]) >= 4 * 86_400, True)
    outlives = int(dead["MessageRetentionPeriod"]) > int(changes["MessageRetentionPeriod"])
    expect("dead letters outlive messages", outlives, True)
    timeout = client("lambda").get_function_configuration(FunctionName=FUNCTION)["Timeout"]
    expect("visibility of 6 time-outs or more", int(changes["VisibilityTimeout"]) >= 6 * timeout, True)


def check_rules(client, outputs: dict, resources: dict, role_arn: str) -> None:
    events = client("events")
    changes, dead = queues(client)
    rules = events.list_rules()["Rules"]
    expect("the number of rules", len(rules), 2)
    patterns = {json.loads(rule["EventPattern"])["source"][0]: json.loads(rule["EventPattern"]) for rule in rules}
    expect("sources of events", sorted(patterns), ["aws.lambda", "aws.tag"])
    api = patterns["aws.lambda"]
    expect("detail type of calls", api["detail-type"], ["AWS API Call via CloudTrail"])
    expect("event source", api["detail"]["eventSource"], ["lambda.amazonaws.com"])
    names = ["CreateFunction20150331", "UpdateFunctionConfiguration20150331v2", "UpdateFunctionCode20150331v2"]
    names += ["TagResource20170331v2", "UntagResource20170331v2", "DeleteFunction20150331"]
    bare = ["CreateFunction", "UpdateFunctionConfiguration", "UpdateFunctionCode"]
    bare += ["TagResource", "UntagResource", "DeleteFunction"]
    expect("names of events", sorted(api["detail"]["eventName"]), sorted(names + bare))
    expect("failed calls", api["detail"]["errorCode"], [{"exists": False}])
    issuers = [branch["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] for branch in api["detail"]["$or"]]
    expect("own role left out, users let in", issuers, [[{"exists": False}], [{"anything-but": [role_arn]}]])
    tag = patterns["aws.tag"]
    expect("detail type of tag changes", tag["detail-type"], ["Tag Change on Resource"])
    expect("tag changes", tag["detail"], {"service": ["lambda"], "resource-type": ["function"]})
    for rule in rules:
        expect(f"size of the pattern of {rule['Name']}", len(rule["EventPattern"]) <= 2048, True)
        expect(f"bus of {rule['Name']}", rule["EventBusName"], "default")
        expect(f"state of {rule['Name']}", rule["State"], "ENABLED")
        targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        expect(f"target of {rule['Name']}", [target["Arn"] for target in targets], [changes["QueueArn"]])
        expect(f"dead letters of {rule['Name']}", targets[0].get("DeadLetterConfig"), {"Arn": dead["QueueArn"]})
    arns = sorted(rule["Arn"] for rule in rules)
    for name, queue in {"queue": changes, "dead-letter queue": dead}.items():
        statements = json.loads(queue["Policy"])["Statement"]
        allowed = [statement for statement in statements if statement["Effect"] == "Allow"]
        denied = [statement for statement in statements if statement["Effect"] == "Deny"]
        expect(f"who may write to the {name}", [s["Principal"] for s in allowed], [{"Service": "events.amazonaws.com"}])
        expect(f"what they may do to the {name}", [s["Action"] for s in allowed], ["sqs:SendMessage"])
        expect(f"rules that write to the {name}", sorted(allowed[0]["Condition"]["ArnEquals"]["aws:SourceArn"]), arns)
        plain = [{"Bool": {"aws:SecureTransport": "false"}}]
        expect(f"plain HTTP to the {name}", [s["Condition"] for s in denied], plain)


def check_function(client, outputs: dict, role_arn: str) -> None:
    changes, _ = queues(client)
    lambda_ = client("lambda")
    function = lambda_.get_function_configuration(FunctionName=FUNCTION)
    expect("runtime", function["Runtime"], "nodejs24.x")
    expect("architecture", function["Architectures"], ["arm64"])
    expect("handler", function["Handler"], "index.handler")
    expect("role", function["Role"], role_arn)
    variables = function["Environment"]["Variables"]
    expect("table", variables["LAYERWARD_TABLE_NAME"], outputs["RecordsTableName"])
    expect("topic", variables["LAYERWARD_TOPIC_ARN"], outputs["AlertTopicArn"])
    expect("queue", queue_of(client, variables["LAYERWARD_QUEUE_URL"])["QueueArn"], changes["QueueArn"])
    expect("own roles", variables["LAYERWARD_OWN_ROLE_ARNS"], role_arn)
    expect("own functions", variables["LAYERWARD_OWN_FUNCTION_ARNS"], function["FunctionArn"])
    expect("namespace of metrics", variables["POWERTOOLS_METRICS_NAMESPACE"], "Layerward")
    unset = [name for name, value in variables.items() if not value or "${" in value]
    expect("values that reference nothing", unset, [])
    mappings = lambda_.list_event_source_mappings(FunctionName=FUNCTION)["EventSourceMappings"]
    expect("event sources", [mapping["EventSourceArn"] for mapping in mappings], [changes["QueueArn"]])
    mapping = mappings[0]
    expect("batch size", mapping["BatchSize"], 10)
    expect("batching window", mapping["MaximumBatchingWindowInSeconds"], 1)
    expect("partial answers", mapping["FunctionResponseTypes"], ["ReportBatchItemFailures"])
    expect("batches at the same time", mapping["ScalingConfig"], {"MaximumConcurrency": 5})
    groups = client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{FUNCTION}")["logGroups"]
    expect("days that logs are kept", [group.get("retentionInDays") for group in groups], [90])


def check_role(client, resources: dict) -> None:
    iam = client("iam")
    name = resources["RemediateRole"]
    expect("managed policies", iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"], [])
    policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
    expect("inline policies", policies, ["remediate"])
    document = iam.get_role_policy(RoleName=name, PolicyName="remediate")["PolicyDocument"]
    # moto answers with Python's way of writing it (moto_gaps.py).
    statements = ast.literal_eval(document)["Statement"]

    def listed(value: object) -> list:
        return value if isinstance(value, list) else [value]

    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]
    actions = {action for statement in allowed for action in listed(statement["Action"])}
    expect("actions with wildcards", sorted(action for action in actions if "*" in action), [])
    expect("statements on everything", [s["Sid"] for s in allowed if "*" in listed(s["Resource"])], [])
    expect("statements without a name", [s for s in statements if "Sid" not in s], [])
    writes = sorted(action for action in actions if action.startswith(("lambda:", "iam:")))
    expected = ["lambda:GetFunction", "lambda:GetLayerVersion", "lambda:ListTags", "lambda:UpdateFunctionConfiguration"]
    expect("what it may do to functions", writes, expected)
    denied = [statement for statement in statements if statement["Effect"] == "Deny"]
    own = client("lambda").get_function_configuration(FunctionName=FUNCTION)["FunctionArn"]
    expect("its own function", [listed(s["Resource"]) for s in denied], [[own]])


def check_table(client, outputs: dict) -> None:
    dynamodb = client("dynamodb")
    name = outputs["RecordsTableName"]
    table = dynamodb.describe_table(TableName=name)["Table"]
    expect("keys", table["KeySchema"], keys("pk", "sk"))
    expect("billing", table["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
    expect("deletion protection", table["DeletionProtectionEnabled"], True)
    expect("encryption", table["SSEDescription"]["Status"], "ENABLED")
    index = table["GlobalSecondaryIndexes"][0]
    expect("index", (index["IndexName"], index["KeySchema"]), ("outcomes", keys("outcomePk", "outcomeSk")))
    expect("projection", index["Projection"]["ProjectionType"], "ALL")
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    expect("recovery", backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"], "ENABLED")
    ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    expect("time to live", (ttl["TimeToLiveStatus"], ttl.get("AttributeName")), ("ENABLED", "expiresAt"))


def keys(partition: str, sort: str) -> list[dict]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def check_alerts(client, outputs: dict) -> None:
    topic = outputs["AlertTopicArn"]
    sns = client("sns")
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    expect("subscriptions", [(s["Protocol"], s["Endpoint"]) for s in subscriptions], [("email", EMAIL)])
    policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    publishers = [s["Principal"] for s in policy["Statement"] if s["Effect"] == "Allow"]
    expect("who may publish by the topic's policy", publishers, [{"Service": "cloudwatch.amazonaws.com"}])
    filters = client("logs").describe_metric_filters(logGroupName=f"/aws/lambda/{FUNCTION}")["metricFilters"]
    metrics = [(f["filterPattern"], f["metricTransformations"][0]["metricName"]) for f in filters]
    expect("metrics from the log", metrics, [('{ $.code = "policy-unusable" }', "PolicyUnusable")])
    dashboards = client("cloudwatch").list_dashboards()["DashboardEntries"]
    expect("dashboards", [dashboard["DashboardName"] for dashboard in dashboards], [f"{STACK}-us-east-1"])
    body = json.loads(client("cloudwatch").get_dashboard(DashboardName=f"{STACK}-us-east-1")["DashboardBody"])
    expect("references left in the dashboard", "${" in json.dumps(body), False)
    expect("overlapping widgets of the dashboard", overlaps(body["widgets"]), [])
    alarms = client("cloudwatch").describe_alarms()["MetricAlarms"]
    expected = ["dead-letters", "function-errors", "function-throttles", "functions-blocked"]
    expected += ["oldest-change", "policy-unusable"]
    expect("alarms", sorted(alarm["AlarmName"] for alarm in alarms), [f"{STACK}-{name}" for name in expected])
    for alarm in alarms:
        name = alarm["AlarmName"]
        expect(f"whom {name} tells", alarm["AlarmActions"], [topic])
        expect(f"{name} without data", alarm["TreatMissingData"], "notBreaching")
        expect(f"{name} names its page", "docs/operations.md" in alarm["AlarmDescription"], True)
    dimensions = {alarm["AlarmName"]: alarm["Dimensions"] for alarm in alarms}
    function = [{"Name": "FunctionName", "Value": FUNCTION}]
    expect("the function with errors", dimensions[f"{STACK}-function-errors"], function)
    service = [{"Name": "service", "Value": "remediate"}]
    expect("the metric of blocked functions", dimensions[f"{STACK}-functions-blocked"], service)


def overlaps(widgets: list[dict]) -> list[tuple[int, int]]:
    """Pairs of widgets that cover the same place."""

    def places(widget: dict) -> set[tuple[int, int]]:
        return {
            (widget["x"] + column, widget["y"] + row)
            for column in range(widget["width"])
            for row in range(widget["height"])
        }

    covered = [places(widget) for widget in widgets]
    pairs = [(first, second) for second in range(len(covered)) for first in range(second)]
    return [(first, second) for first, second in pairs if covered[first] & covered[second]]


def check_policy(client, resources: dict, template: Path) -> None:
    appconfig = client("appconfig")
    application, profile = resources["PolicyApplication"], resources["PolicyProfile"]
    found = appconfig.get_configuration_profile(ApplicationId=application, ConfigurationProfileId=profile)
    expect("where the policy is", found["LocationUri"], "hosted")
    expect("validators", [validator["Type"] for validator in found["Validators"]], ["JSON_SCHEMA"])
    content = found["Validators"][0]["Content"]
    expect("a validator that AppConfig takes", len(content) <= 32_768, True)
    schema = json.loads(content)
    expect("its draft", schema["$schema"], "http://json-schema.org/draft-04/schema#")
    Draft4Validator.check_schema(schema)
    policy = json.loads(yaml_parse(template.read_text())["Resources"]["PolicyVersion"]["Properties"]["Content"])
    validator = Draft4Validator(schema)
    expect("the policy under its validator", [error.message for error in validator.iter_errors(policy)], [])
    expect("a typo under the validator", validator.is_valid({**policy, "mdoe": "audit"}), False)
    expect("no groups under the validator", validator.is_valid({**policy, "groups": None}), False)


if __name__ == "__main__":
    main()
