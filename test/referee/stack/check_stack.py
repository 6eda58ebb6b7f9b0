"""Deploys the template as `sam deploy` would, but into moto, and looks at what came of it through boto3.

Usage: check_stack.py TEMPLATE, the deployable one. Prints one line about what was checked; every finding is a line on
standard error, and then the exit code is 1. What moto lacks is listed, and filled in where it can be, in moto_gaps.py.
"""

import json
import sys
from pathlib import Path

import expectations
import moto_gaps
from check_alerts import EMAIL, check_alerts
from check_execution_role import check_execution_role
from check_members import ORGANIZATION, check_bus, check_members, check_places, check_register, check_trail
from check_trust import check_trust, check_trust_elsewhere
from expectations import expect
from hub_stack import FUNCTION, FUNCTIONS, HUB_ROLES, STACK, Stack, actions_of, create, listed, package, statements_of
from jsonschema import Draft4Validator
from samcli.yamlhelper import yaml_parse

# What outlives the stack.
RETAINED = ["DeadLetterQueue", "DeploymentLogGroup", "RecordsTable", "TrailBucket"]


def main() -> None:
    template = Path(sys.argv[1])
    server, endpoint = moto_gaps.start()
    translated = package(template, endpoint)
    declared = translated["Resources"]
    types = sorted({resource["Type"] for resource in declared.values()})
    logging = declared["RemediateFunction"]["Properties"]["LoggingConfig"]
    expect("where and how the function logs", logging, {"LogGroup": {"Ref": "RemediateLogGroup"}, "LogFormat": "Text"})
    deployment = declared["Deployment"]
    expect("what is released before anything is taken away", deployment["DependsOn"][0], "PolicyDeployment")
    expect("what goes before the release", declared["ChangeMapping"]["DependsOn"], ["PolicyDeployment", "Deployment"])
    retained = sorted(name for name, one in declared.items() if one.get("DeletionPolicy") == "Retain")
    expect("what outlives the stack", retained, RETAINED)
    replaced = sorted(name for name, one in declared.items() if one.get("UpdateReplacePolicy") == "Retain")
    expect("what outlives its replacement", replaced, RETAINED)
    # moto would start a container for its function.
    custom = deployment["Type"]
    deployment["Type"] = "AWS::CloudFormation::WaitConditionHandle"
    expect("what SAM left untranslated", [kind for kind in types if kind.startswith("AWS::Serverless")], [])

    single = create(endpoint, "111111111111", translated, {"AlertEmail": EMAIL}, ("HasAlertEmail",))
    check_single(single, template)
    check_places(single, buses=0, stack_sets=[])
    places = {"Regions": "us-east-1,eu-west-1"}
    several = create(endpoint, "222222222222", translated, places, ("HasOtherPlaces",))
    check_places(several, buses=1, stack_sets=["layerward-hub-regions"])
    organization = {**places, "OrganizationId": ORGANIZATION, "OrganizationalUnitIds": "ou-ab12-cdef3456"}
    everywhere = ("HasOtherPlaces", "IsForOrganization")
    hub = create(endpoint, "111122223333", translated, {**organization, "RequireOptInTag": "true"}, everywhere)
    check_places(hub, buses=1, stack_sets=["layerward-hub-regions", "layerward-members"])
    check_bus(hub)
    check_trust_elsewhere(hub.trust_of, hub.account, hub.role_arn("StackSetAdministrationRole"))
    check_register(hub)
    member = yaml_parse(Path("infra/member.yaml").read_text())
    check_execution_role(member, statements_of(hub, "StackSetExecutionRole"), "eu-west-1")
    stacks = check_members(endpoint, hub)
    management = {**organization, "DeployedIn": "management-account", "CreateOrganizationTrail": "true"}
    root = create(endpoint, "999988887777", translated, management, (*everywhere, "CreatesTrail"))
    expect("CallAs there", moto_gaps.STACK_SETS[(root.account, "layerward-members")]["CallAs"], "SELF")
    check_trail(root)
    without_keys = create(endpoint, "333333333333", translated, {"AllowCustomerManagedKeys": "false"}, ())
    actions = {action for name in HUB_ROLES for action in actions_of(statements_of(without_keys, name))}
    expect("KMS without AllowCustomerManagedKeys", [one for one in actions if one.startswith("kms:")], [])

    server.stop()
    for finding in expectations.findings:
        print(finding, file=sys.stderr)
    nameless = sorted(kind for kind in types if moto_gaps.GAPS.get(kind) is moto_gaps.only_an_id)
    print(
        f"5 hub stacks of up to {len(declared)} resources, {len(types)} types (no more than an id in moto: "
        f"{', '.join([*nameless, custom])}); {stacks} member stacks; {expectations.checks} expectations"
    )
    sys.exit(1 if expectations.findings else 0)


def check_single(stack: Stack, template: Path) -> None:
    client, outputs, resources = stack.client, stack.outputs, stack.resources
    expect("the output RemediateRoleArn", outputs["RemediateRoleArn"], stack.role_arn("RemediateRole"))
    expect("the output HubRoleArns", outputs["HubRoleArns"], ",".join(stack.hub_roles()))
    check_queues(client, outputs)
    check_rules(stack)
    check_function(stack)
    check_roles(stack)
    check_trust(stack.trust_of, stack.account)
    check_sweeps(stack)
    check_table(client, outputs)
    check_alerts(client, outputs)
    check_policy(client, resources, template)


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


def check_rules(stack: Stack) -> None:
    client = stack.client
    events = client("events")
    changes, dead = queues(client)
    every = events.list_rules()["Rules"]
    expect("the number of rules", len(every), 5)
    rules = [rule for rule in every if json.loads(rule["EventPattern"])["source"][0] in ("aws.lambda", "aws.tag")]
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
    expect("own roles left out, users let in", issuers, [[{"exists": False}], [{"anything-but": stack.hub_roles()}]])
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


def check_function(stack: Stack) -> None:
    client, outputs = stack.client, stack.outputs
    role_arn = stack.role_arn("RemediateRole")
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
    expect("own roles", variables["LAYERWARD_OWN_ROLE_ARNS"], ",".join([*stack.hub_roles(), role_arn]))
    own = [lambda_.get_function_configuration(FunctionName=name)["FunctionArn"] for name in FUNCTIONS]
    expect("own functions", variables["LAYERWARD_OWN_FUNCTION_ARNS"], ",".join(own))
    expect("namespace of metrics", variables["POWERTOOLS_METRICS_NAMESPACE"], "Layerward")
    unset = [name for name, value in variables.items() if "${" in value]
    unset += [name for name, value in variables.items() if not value and name != "LAYERWARD_ORGANIZATION_ID"]
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


def check_roles(stack: Stack) -> None:
    lambda_ = stack.client("lambda")
    own = [lambda_.get_function_configuration(FunctionName=name)["FunctionArn"] for name in FUNCTIONS]
    reading = ["lambda:GetFunction", "lambda:GetLayerVersion", "lambda:ListTags"]
    expected = {
        "RemediateRole": [*reading, "lambda:UpdateFunctionConfiguration"],
        "SweepRole": ["lambda:GetAccountSettings", *reading, "lambda:UpdateFunctionConfiguration"],
        "DeploymentRole": [*reading, "lambda:InvokeFunction", "lambda:UpdateFunctionConfiguration"],
        "OrganizeSweepRole": [],
    }
    expected["SweepRole"].append("lambda:ListFunctions")
    for name, writes in expected.items():
        statements = statements_of(stack, name)
        actions = actions_of(statements)
        expect(f"{name}: actions with wildcards", sorted(one for one in actions if "*" in one), [])
        unlimited = [one["Sid"] for one in statements if "*" in listed(one["Resource"]) and one["Effect"] == "Allow"]
        expect(f"{name}: statements on everything", unlimited, ["ListFunctions"] if name == "SweepRole" else [])
        expect(f"{name}: statements without a name", [one for one in statements if "Sid" not in one], [])
        found = sorted(one for one in actions if one.startswith(("lambda:", "iam:")))
        expect(f"{name}: what it may do to functions", found, sorted(writes))
        expect(f"{name}: other accounts", "sts:AssumeRole" in actions, False)
        denied = [sorted(listed(one["Resource"])) for one in statements if one["Effect"] == "Deny"]
        expect(f"{name}: Layerward's own functions", denied, [] if name == "OrganizeSweepRole" else [sorted(own)])


def check_sweeps(stack: Stack) -> None:
    machine = stack.outputs["SweepMachineArn"]
    events, scheduler = stack.client("events"), stack.client("scheduler")
    start = stack.role_arn("StartSweepRole")
    for logical_id, source in {
        "SweepAfterPolicy": "aws.appconfig",
        "SweepAfterRotation": "aws.secretsmanager",
        "SweepOnRequest": "layerward",
    }.items():
        rule = events.describe_rule(Name=stack.resources[logical_id])
        expect(f"what {logical_id} hears of", json.loads(rule["EventPattern"])["source"], [source])
        targets = events.list_targets_by_rule(Rule=stack.resources[logical_id])["Targets"]
        expect(f"what {logical_id} starts", [(one["Arn"], one["RoleArn"]) for one in targets], [(machine, start)])
    schedule = scheduler.get_schedule(Name=f"{STACK}-sweep")
    expect("how often it sweeps", schedule["ScheduleExpression"], "rate(6 hours)")
    target = schedule["Target"]
    expect("what the schedule starts", (target["Arn"], target["RoleArn"]), (machine, start))
    expect("schedules", [one["Name"] for one in scheduler.list_schedules()["Schedules"]], [f"{STACK}-sweep"])
    definition = stack.client("stepfunctions").describe_state_machine(stateMachineArn=machine)
    expect("places left open in the definition", "${" in definition["definition"], False)
    expect("the state machine's role", definition["roleArn"], stack.role_arn("SweepMachineRole"))
    invoked = [one["Resource"] for one in statements_of(stack, "SweepMachineRole") if one["Sid"] == "InvokeSteps"]
    lambda_ = stack.client("lambda")
    steps = [lambda_.get_function_configuration(FunctionName=name)["FunctionArn"] for name in FUNCTIONS[1:3]]
    expect("functions that a sweep may invoke", invoked, [steps])


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
