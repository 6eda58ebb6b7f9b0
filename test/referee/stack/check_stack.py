"""Deploys the template as `sam deploy` would, but into moto, and looks at what came of it through boto3.

Usage: check_stack.py TEMPLATE, the deployable one. Prints one line about what was checked; every finding is a line on
standard error, and then the exit code is 1. What moto lacks is listed, and filled in where it can be, in moto_gaps.py.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import boto3
import moto_gaps
from jsonschema import Draft4Validator
from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samcli.yamlhelper import yaml_parse

STACK = "layerward"
BUCKET = "layerward-artifacts"
HOME = "us-east-1"
FUNCTION = f"{STACK}-remediate"
FUNCTIONS = [f"{STACK}-{name}" for name in ("remediate", "sweep", "organize-sweep", "deployment")]
HUB_ROLES = ["RemediateRole", "SweepRole", "DeploymentRole"]
ORGANIZATION = "o-a1b2c3d4e5"
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


def create(endpoint: str, account: str, translated: dict, parameters: dict[str, str]) -> "Stack":
    """Creates the hub's stack in an account."""

    def client(service: str):
        return moto_gaps.client_of(endpoint, account, HOME, service)

    cloudformation = client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(translated),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    )
    stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    expect(f"the stack with {parameters}", stack["StackStatus"], "CREATE_COMPLETE")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    found = created(cloudformation, STACK)
    resources = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}
    return Stack(account, client, outputs, resources)


def created(cloudformation, stack_name: str) -> list[dict]:
    """The resources of a stack. What a condition leaves out moto lists, too, without a name."""
    found = cloudformation.describe_stack_resources(StackName=stack_name)["StackResources"]
    return [resource for resource in found if "LogicalResourceId" in resource]


@dataclass
class Stack:
    account: str
    client: Callable
    outputs: dict[str, str]
    resources: dict[str, str]

    def role_arn(self, logical_id: str) -> str:
        return self.client("iam").get_role(RoleName=self.resources[logical_id])["Role"]["Arn"]

    def hub_roles(self) -> list[str]:
        return [self.role_arn(name) for name in HUB_ROLES]


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
    # moto would start a container for its function.
    deployment["Type"] = "AWS::CloudFormation::WaitConditionHandle"
    expect("what SAM left untranslated", [kind for kind in types if kind.startswith("AWS::Serverless")], [])

    single = create(endpoint, "111111111111", translated, {"AlertEmail": EMAIL})
    check_single(single, template)
    check_places(single, buses=0, stack_sets=[])
    places = {"Regions": "us-east-1,eu-west-1"}
    several = create(endpoint, "222222222222", translated, places)
    check_places(several, buses=1, stack_sets=["layerward-hub-regions"])
    organization = {**places, "OrganizationId": ORGANIZATION, "OrganizationalUnitIds": "ou-ab12-cdef3456"}
    hub = create(endpoint, "111122223333", translated, {**organization, "RequireOptInTag": "true"})
    check_places(hub, buses=1, stack_sets=["layerward-hub-regions", "layerward-members"])
    check_bus(hub)
    stacks = check_members(endpoint, hub)
    management = {**organization, "DeployedIn": "management-account", "CreateOrganizationTrail": "true"}
    root = create(endpoint, "999988887777", translated, management)
    expect("CallAs there", moto_gaps.STACK_SETS[(root.account, "layerward-members")]["CallAs"], "SELF")
    check_trail(root)
    without_keys = create(endpoint, "333333333333", translated, {"AllowCustomerManagedKeys": "false"})
    actions = {action for name in HUB_ROLES for action in actions_of(statements_of(without_keys, name))}
    expect("KMS without AllowCustomerManagedKeys", [one for one in actions if one.startswith("kms:")], [])

    server.stop()
    for finding in findings:
        print(finding, file=sys.stderr)
    print(f"5 hub stacks of {len(declared)} resources, {len(types)} types; {stacks} member stacks; {checks} expectations")
    sys.exit(1 if findings else 0)


def check_single(stack: Stack, template: Path) -> None:
    client, outputs, resources = stack.client, stack.outputs, stack.resources
    expect("the output RemediateRoleArn", outputs["RemediateRoleArn"], stack.role_arn("RemediateRole"))
    expect("the output HubRoleArns", outputs["HubRoleArns"], ",".join(stack.hub_roles()))
    check_queues(client, outputs)
    check_rules(stack)
    check_function(stack)
    check_roles(stack)
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


def listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def statements_of(stack: Stack, logical_id: str) -> list[dict]:
    """All that a role may do: its own policies and those that are attached to it."""
    iam = stack.client("iam")
    name = stack.resources[logical_id]
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"] for one in inline]
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)
        documents.append(found["PolicyVersion"]["Document"])
    return [statement for document in documents for statement in document["Statement"]]


def actions_of(statements: list[dict]) -> set[str]:
    return {action for one in statements if one["Effect"] == "Allow" for action in listed(one["Action"])}


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


def check_places(stack: Stack, buses: int, stack_sets: list[str]) -> None:
    """Where else the stack is at work: its bus, and the stack sets that it declares."""
    found = [bus["Name"] for bus in stack.client("events").list_event_buses()["EventBuses"]]
    expect(f"buses in {stack.account}", sorted(found), ["default", STACK][: 1 + buses])
    declared = sorted(name for account, name in moto_gaps.STACK_SETS if account == stack.account)
    expect(f"stack sets of {stack.account}", declared, stack_sets)


def check_bus(hub: Stack) -> None:
    policy = json.loads(hub.client("events").describe_event_bus(Name=STACK)["Policy"])
    expect("statements about the bus", len(policy["Statement"]), 1)
    statement = policy["Statement"][0]
    expect("what may be done to the bus", statement["Action"], "events:PutEvents")
    expect("whose events", statement["Condition"]["StringEquals"], {"aws:PrincipalOrgID": ORGANIZATION})
    roles = {"aws:PrincipalArn": "arn:aws:iam::*:role/layerward-forward-*"}
    expect("which roles' events", statement["Condition"]["ArnLike"], roles)
    variables = hub.client("lambda").get_function_configuration(FunctionName=FUNCTION)["Environment"]["Variables"]
    member = "arn:aws:iam::*:role/layerward-member"
    expect("own roles in members", variables["LAYERWARD_OWN_ROLE_ARNS"].split(",")[-1], member)
    for name in HUB_ROLES:
        assumed = [one for one in statements_of(hub, name) if one["Action"] == "sts:AssumeRole"]
        expect(f"roles that {name} takes on", [one["Resource"] for one in assumed], ["arn:aws:iam::*:role/layerward-member"])
        conditions = [one["Condition"] for one in assumed]
        expect("of this organization only", conditions, [{"StringEquals": {"aws:ResourceOrgID": ORGANIZATION}}])


def check_members(endpoint: str, hub: Stack) -> int:
    """Creates the stacks of both stack sets where AWS would. Answers how many."""
    members = moto_gaps.STACK_SETS[(hub.account, "layerward-members")]
    regions = moto_gaps.STACK_SETS[(hub.account, "layerward-hub-regions")]
    expect("permissions of members", members["PermissionModel"], "SERVICE_MANAGED")
    expect("CallAs", members["CallAs"], "DELEGATED_ADMIN")
    expect("accounts that join", str(members["AutoDeployment"]["Enabled"]).lower(), "true")
    group = members["StackInstancesGroup"][0]
    targets = (group["DeploymentTargets"]["OrganizationalUnitIds"], group["Regions"])
    expect("units and regions", targets, (["ou-ab12-cdef3456"], ["us-east-1", "eu-west-1"]))
    expect("permissions of the hub's regions", regions["PermissionModel"], "SELF_MANAGED")
    execution = (regions["AdministrationRoleARN"], regions["ExecutionRoleName"])
    own = (hub.role_arn("StackSetAdministrationRole"), hub.resources["StackSetExecutionRole"])
    expect("roles of the hub's regions", execution, own)
    accounts = regions["StackInstancesGroup"][0]["DeploymentTargets"]["Accounts"]
    expect("account of the hub's regions", accounts, [hub.account])
    for stack_set in (members, regions):
        expect("capabilities", stack_set["Capabilities"], ["CAPABILITY_NAMED_IAM"])
        expect("one template", stack_set["TemplateBody"], Path("infra/member.yaml").read_text().rstrip("\n"))

    stacks = 0
    for account in ("444455556666", "777788889999", hub.account):
        for region in group["Regions"]:
            stacks += 1
            check_member(endpoint, hub, members, "members", account, region)
    for region in group["Regions"]:
        stacks += 1
        check_member(endpoint, hub, regions, "hub-regions", hub.account, region)
    return stacks


def check_member(endpoint: str, hub: Stack, stack_set: dict, name: str, account: str, region: str) -> None:
    def client(service: str):
        return moto_gaps.client_of(endpoint, account, region, service)

    stack_name = f"StackSet-{STACK}-{name}"
    cloudformation = client("cloudformation")
    cloudformation.create_stack(
        StackName=stack_name,
        # moto reads conditions within conditions from JSON only.
        TemplateBody=json.dumps(yaml_parse(stack_set["TemplateBody"])),
        Parameters=stack_set["Parameters"],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    found = created(cloudformation, stack_name)
    made = sorted(one["LogicalResourceId"] for one in found)
    where = f"{name} in {account} {region}"
    is_hub = account == hub.account
    if is_hub if name == "members" else region == HOME:
        expect(f"what {where} makes", made, ["Nothing"])
        return
    forwarding = ["ForwardChangeRule", "ForwardRole", "ForwardTagRule"]
    is_home = name == "members" and region == "us-east-1"
    expect(f"what {where} makes", made, sorted([*forwarding, *(["MemberRole"] if is_home else [])]))
    events, iam = client("events"), client("iam")
    role = iam.get_role(RoleName=f"layerward-forward-{region}")["Role"]["Arn"]
    for rule in ("layerward-forward-changes", "layerward-forward-tags"):
        targets = events.list_targets_by_rule(Rule=rule)["Targets"]
        expect(f"where {rule} of {where} sends", [(one["Arn"], one["RoleArn"]) for one in targets], [(hub.outputs["EventBusArn"], role)])
    pattern = json.loads(events.describe_rule(Name="layerward-forward-changes")["EventPattern"])
    issuers = [branch["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] for branch in pattern["detail"]["$or"]]
    own = hub.hub_roles() if is_hub else [f"arn:aws:iam::{account}:role/layerward-member"]
    expect(f"own roles left out of {where}", issuers, [[{"exists": False}], [{"anything-but": own}]])
    if not is_home:
        return
    member = iam.get_role(RoleName="layerward-member")["Role"]
    trust = member["AssumeRolePolicyDocument"]["Statement"]
    expect(f"who {where} trusts", [one["Principal"] for one in trust], [{"AWS": f"arn:aws:iam::{hub.account}:root"}])
    conditions = {"ArnEquals": {"aws:PrincipalArn": hub.hub_roles()}, "StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}
    expect(f"which roles {where} trusts", [one["Condition"] for one in trust], [conditions])
    document = iam.get_role_policy(RoleName="layerward-member", PolicyName="member")["PolicyDocument"]
    update = [one for one in document["Statement"] if one["Sid"] == "UpdateFunctions"]
    tag = [{"StringEquals": {"aws:ResourceTag/layerward:protect": "on"}}]
    expect(f"RequireOptInTag in {where}", [one["Condition"] for one in update], tag)


def check_trail(stack: Stack) -> None:
    trails = stack.client("cloudtrail").describe_trails()["trailList"]
    found = [(one["Name"], one["IsMultiRegionTrail"], one["IsOrganizationTrail"]) for one in trails]
    expect("the organization's trail", found, [(f"{STACK}-organization", True, True)])
    policy = json.loads(stack.client("s3").get_bucket_policy(Bucket=trails[0]["S3BucketName"])["Policy"])
    writers = [one["Principal"] for one in policy["Statement"] if one["Effect"] == "Allow"]
    expect("who writes to its bucket", writers, [{"Service": "cloudtrail.amazonaws.com"}] * 2)


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
    expected += ["no-sweep", "oldest-change", "policy-unusable", "sweep-failed", "sweep-problems"]
    expect("alarms", sorted(alarm["AlarmName"] for alarm in alarms), [f"{STACK}-{name}" for name in sorted(expected)])
    silence = {f"{STACK}-no-sweep": "breaching", f"{STACK}-sweep-problems": "ignore"}
    for alarm in alarms:
        name = alarm["AlarmName"]
        expect(f"whom {name} tells", alarm["AlarmActions"], [topic])
        expect(f"{name} without data", alarm["TreatMissingData"], silence.get(name, "notBreaching"))
        expect(f"{name} names its page", "docs/operations.md" in alarm["AlarmDescription"], True)
    dimensions = {alarm["AlarmName"]: alarm["Dimensions"] for alarm in alarms}
    function = [{"Name": "FunctionName", "Value": FUNCTION}]
    expect("the function with errors", dimensions[f"{STACK}-function-errors"], function)
    service = [{"Name": "service", "Value": "layerward"}]
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
