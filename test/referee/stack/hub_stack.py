"""A hub's stack in moto: packaged by the SAM CLI, translated by SAM's own library, created in an account."""

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
from expectations import expect
from samcli.yamlhelper import yaml_parse
from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform

STACK = "layerward"
BUCKET = "layerward-artifacts"
HOME = "us-east-1"
FUNCTION = f"{STACK}-remediate"
FUNCTIONS = [f"{STACK}-{name}" for name in ("remediate", "sweep", "organize-sweep", "deployment")]
HUB_ROLES = ["RemediateRole", "SweepRole", "DeploymentRole"]


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


def create(endpoint: str, account: str, translated: dict, parameters: dict, conditions: tuple[str, ...]) -> "Stack":
    """Creates the hub's stack in an account. `conditions` are those of the template that hold then."""

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
    made = sorted(resource["LogicalResourceId"] for resource in found if "PhysicalResourceId" in resource)
    holding = [None, *conditions]
    wanted = sorted(name for name, one in translated["Resources"].items() if one.get("Condition") in holding)
    expect(f"the resources with {parameters}", made, wanted)
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

    def trust_of(self, logical_id: str) -> dict:
        """The only statement about who may take on a role."""
        role = self.client("iam").get_role(RoleName=self.resources[logical_id])["Role"]
        statements = role["AssumeRolePolicyDocument"]["Statement"]
        expect(f"statements about who takes on {logical_id}", len(statements), 1)
        return statements[0]

    def hub_roles(self) -> list[str]:
        return [self.role_arn(name) for name in HUB_ROLES]


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
