"""What an organization has: the hub's bus and stack sets, and the stacks that these make of infra/member.yaml."""

import json
from pathlib import Path

import moto_gaps
from expectations import expect
from hub_stack import FUNCTION, HOME, HUB_ROLES, STACK, Stack, actions_of, created, statements_of
from samcli.yamlhelper import yaml_parse

ORGANIZATION = "o-a1b2c3d4e5"


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
        expect(f"roles that {name} takes on", [one["Resource"] for one in assumed], [member])
        conditions = [one["Condition"] for one in assumed]
        expect("of this organization only", conditions, [{"StringEquals": {"aws:ResourceOrgID": ORGANIZATION}}])


def check_register(hub: Stack) -> None:
    schedule = hub.client("scheduler").get_schedule(Name=f"{STACK}-register")
    function = hub.client("lambda").get_function_configuration(FunctionName=f"{STACK}-organize-sweep")["FunctionArn"]
    target = schedule["Target"]
    invoking = (target["Arn"], target["RoleArn"])
    expect("what brings the register up to date", invoking, (function, hub.role_arn("RegisterRole")))
    expect("how it is asked to", json.loads(target["Input"]), {"step": "register"})
    invoked = [(one["Action"], one["Resource"]) for one in statements_of(hub, "RegisterRole")]
    expect("what the register's role may invoke", invoked, [("lambda:InvokeFunction", function)])
    started = [(one["Action"], one["Resource"]) for one in statements_of(hub, "StartSweepRole")]
    expect("what may be started", started, [("states:StartExecution", hub.outputs["SweepMachineArn"])])


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
    check_narrow_member(endpoint, members)
    return stacks + 1


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
    forward = iam.get_role(RoleName=f"layerward-forward-{region}")["Role"]
    role = forward["Arn"]
    trusted = [(one["Principal"], one["Condition"]) for one in forward["AssumeRolePolicyDocument"]["Statement"]]
    source = {"StringEquals": {"aws:SourceAccount": account}}
    expect(f"who forwards in {where}", trusted, [({"Service": "events.amazonaws.com"}, source)])
    sending = iam.get_role_policy(RoleName=forward["RoleName"], PolicyName="forward")["PolicyDocument"]["Statement"]
    sent = [(one["Action"], one["Resource"]) for one in sending]
    expect(f"what {where} may send where", sent, [("events:PutEvents", hub.outputs["EventBusArn"])])
    for rule in ("layerward-forward-changes", "layerward-forward-tags"):
        targets = events.list_targets_by_rule(Rule=rule)["Targets"]
        sends = [(one["Arn"], one["RoleArn"]) for one in targets]
        expect(f"where {rule} of {where} sends", sends, [(hub.outputs["EventBusArn"], role)])
    pattern = json.loads(events.describe_rule(Name="layerward-forward-changes")["EventPattern"])
    issuers = [branch["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] for branch in pattern["detail"]["$or"]]
    own = hub.hub_roles() if is_hub else [f"arn:aws:iam::{account}:role/layerward-member"]
    expect(f"own roles left out of {where}", issuers, [[{"exists": False}], [{"anything-but": own}]])
    if not is_home:
        return
    member = iam.get_role(RoleName="layerward-member")["Role"]
    trust = member["AssumeRolePolicyDocument"]["Statement"]
    expect(f"who {where} trusts", [one["Principal"] for one in trust], [{"AWS": f"arn:aws:iam::{hub.account}:root"}])
    roles = {"ArnEquals": {"aws:PrincipalArn": hub.hub_roles()}}
    conditions = {**roles, "StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}
    expect(f"which roles {where} trusts", [one["Condition"] for one in trust], [conditions])
    statements = member_statements(iam)
    tag = {"StringEquals": {"aws:ResourceTag/layerward:protect": "on"}}
    expect(f"RequireOptInTag in {where}", statements["UpdateFunctions"]["Condition"], tag)
    keys = statements["UseKeysThroughLambda"]
    expect(f"whose keys in {where}", keys["Resource"], f"arn:aws:kms:*:{account}:key/*")
    expect(f"keys in {where} through", keys["Condition"], {"StringLike": {"kms:ViaService": "lambda.*.amazonaws.com"}})
    functions = f"arn:aws:lambda:*:{account}:function:*"
    of_functions = [statements[sid]["Resource"] for sid in ("ReadFunctions", "UpdateFunctions")]
    expect(f"whose functions in {where}", of_functions, [functions, functions])
    actions = sorted(actions_of(list(statements.values())))
    changing = [one for one in actions if one.startswith(("lambda:Update", "lambda:Create", "lambda:Delete", "iam:"))]
    expect(f"what may be changed in {where}", changing, ["lambda:UpdateFunctionConfiguration"])


def check_narrow_member(endpoint: str, stack_set: dict) -> None:
    """A member with the parameters the other way round."""
    account = "888899990000"
    other = {"AllowCustomerManagedKeys": "false", "RequireOptInTag": "false"}
    given = {one["ParameterKey"]: one["ParameterValue"] for one in stack_set["Parameters"]}
    moto_gaps.client_of(endpoint, account, HOME, "cloudformation").create_stack(
        StackName=f"StackSet-{STACK}-members",
        TemplateBody=json.dumps(yaml_parse(stack_set["TemplateBody"])),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in {**given, **other}.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    statements = member_statements(moto_gaps.client_of(endpoint, account, HOME, "iam"))
    expect("KMS in a member without AllowCustomerManagedKeys", "UseKeysThroughLambda" in statements, False)
    expect("a member without RequireOptInTag", statements["UpdateFunctions"].get("Condition"), None)


def member_statements(iam) -> dict[str, dict]:
    """What the hub may do in a member, by Sid."""
    document = iam.get_role_policy(RoleName="layerward-member", PolicyName="member")["PolicyDocument"]
    return {one["Sid"]: one for one in document["Statement"]}


def check_trail(stack: Stack) -> None:
    trails = stack.client("cloudtrail").describe_trails()["trailList"]
    found = [(one["Name"], one["IsMultiRegionTrail"], one["IsOrganizationTrail"]) for one in trails]
    expect("the organization's trail", found, [(f"{STACK}-organization", True, True)])
    policy = json.loads(stack.client("s3").get_bucket_policy(Bucket=trails[0]["S3BucketName"])["Policy"])
    writers = [one["Principal"] for one in policy["Statement"] if one["Effect"] == "Allow"]
    expect("who writes to its bucket", writers, [{"Service": "cloudtrail.amazonaws.com"}] * 2)
