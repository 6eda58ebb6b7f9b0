"""What moto 5.2 lacks of what the template needs: as code where it can be filled in, in words where it can't.

moto's CloudFormation skips resource types that it does not know, and fails on references to them; others it creates
with half of their properties. Each such type is taught to it here: created through moto's own API of the service, with
the properties that the template gives, so that references resolve and boto3 finds the resource as it was meant.

Not filled in:
- AppConfig has no environments, strategies, deployments and extension associations in moto, so those only get an id;
- StackSets are no resources of stacks: their properties are kept (STACK_SETS), and the check creates their stacks;
- custom resources would start a container for their function: the check takes ours out before;
- rules of a template, which refuse combinations of parameters, are not looked at;
- DeletionPolicy and UpdateReplacePolicy mean nothing; cfn-lint looks at those;
- functions have no LoggingConfig;
- IAM is not enforced, rules deliver nothing, functions log nothing.

What moto's Lambda lacks, on which the contract of the functions adapter runs, is in test/contract/moto-gaps.ts.
"""

import json
import logging
import secrets
import sys
from collections.abc import Callable

import boto3
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

Create = Callable[[Callable, str, dict], tuple[str, dict[str, str]]]


def start() -> tuple[ThreadedMotoServer, str]:
    """Starts moto on a free port of 127.0.0.1, with the gaps filled in. Answers the server and its endpoint."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    for resource_type, create in GAPS.items():
        teach(resource_type, create, endpoint)
    # Types that moto ignores, without so much as a name.
    for resource_type in [one for one in parsing.NULL_MODELS if one in GAPS]:
        parsing.NULL_MODELS.remove(resource_type)
    # moto remembers the list of the types that it knows.
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()
    return server, endpoint


def teach(resource_type: str, create: Create, endpoint: str) -> None:
    """Makes a resource type known to moto's CloudFormation, which finds the subclasses of its model by itself."""

    class Gap(CloudFormationModel):
        # moto keeps its models by the service that their module is named for.
        __module__ = "moto.gaps"

        def __init__(self, physical_id: str, attributes: dict[str, str]) -> None:
            self.physical_resource_id = physical_id
            self.attributes = attributes

        @staticmethod
        def cloudformation_name_type() -> str:
            return ""

        @staticmethod
        def cloudformation_type() -> str:
            return resource_type

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return True

        def get_cfn_attribute(self, name: str) -> str:
            return self.attributes[name]

        @classmethod
        def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
            def client(service: str):
                return client_of(endpoint, account_id, region_name, service)

            try:
                return cls(*create(client, resource_name, without_none(cloudformation_json.get("Properties", {}))))
            except Exception as error:
                # All that moto makes of it is "Internal Server Error".
                print(f"{resource_type} {resource_name} could not be created: {error}", file=sys.stderr)
                raise

    KEPT.append(Gap)


def client_of(endpoint: str, account: str, region: str, service: str):
    """A client in an account: moto takes a session of any role for the role's account."""
    if account not in SESSIONS:
        sts = boto3.client("sts", region_name=region, endpoint_url=endpoint)
        role = f"arn:aws:iam::{account}:role/referee"
        SESSIONS[account] = sts.assume_role(RoleArn=role, RoleSessionName="referee")["Credentials"]
    session = SESSIONS[account]
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )


SESSIONS: dict[str, dict] = {}


def without_none(value):
    """Without what AWS::NoValue has left."""
    if isinstance(value, dict):
        return {key: without_none(member) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [without_none(member) for member in value if member is not None]
    return value


# Classes are found only for as long as somebody holds them.
KEPT: list[type] = []


def table(client, name, properties):
    dynamodb = client("dynamodb")
    ttl = properties.pop("TimeToLiveSpecification")
    recovery = properties.pop("PointInTimeRecoverySpecification")
    encryption = {"Enabled": properties.pop("SSESpecification")["SSEEnabled"]}
    created = dynamodb.create_table(TableName=name, SSESpecification=encryption, **properties)
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=ttl)
    dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    return name, {"Arn": created["TableDescription"]["TableArn"]}


def function(client, name, properties):
    tags = {tag["Key"]: tag["Value"] for tag in properties.pop("Tags", [])}
    # Values of number parameters arrive as numbers, where CloudFormation makes text of them.
    variables = properties["Environment"]["Variables"]
    variables.update({key: str(value) for key, value in variables.items()})
    created = client("lambda").create_function(Tags=tags, **properties)
    return properties["FunctionName"], {"Arn": created["FunctionArn"]}


def event_source_mapping(client, name, properties):
    concurrency = int(properties.pop("ScalingConfig")["MaximumConcurrency"])
    scaling = {"MaximumConcurrency": concurrency}
    return client("lambda").create_event_source_mapping(ScalingConfig=scaling, **properties)["UUID"], {}


def alarm(client, name, properties):
    client("cloudwatch").put_metric_alarm(**properties)
    found = client("cloudwatch").describe_alarms(AlarmNames=[properties["AlarmName"]])["MetricAlarms"][0]
    return properties["AlarmName"], {"Arn": found["AlarmArn"]}


def queue_policy(client, name, properties):
    for url in properties["Queues"]:
        policy = json.dumps(properties["PolicyDocument"])
        client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return name, {}


def topic_policy(client, name, properties):
    for arn in properties["Topics"]:
        policy = json.dumps(properties["PolicyDocument"])
        client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return name, {}


def subscription(client, name, properties):
    return client("sns").subscribe(**properties)["SubscriptionArn"], {}


def metric_filter(client, name, properties):
    transformations = [
        {key[0].lower() + key[1:]: value for key, value in transformation.items()}
        for transformation in properties["MetricTransformations"]
    ]
    client("logs").put_metric_filter(
        filterName=name,
        logGroupName=properties["LogGroupName"],
        filterPattern=properties["FilterPattern"],
        metricTransformations=transformations,
    )
    return name, {}


def application(client, name, properties):
    return client("appconfig").create_application(**properties)["Id"], {}


def profile(client, name, properties):
    return client("appconfig").create_configuration_profile(**properties)["Id"], {}


def hosted_version(client, name, properties):
    created = client("appconfig").create_hosted_configuration_version(**properties)
    return str(created["VersionNumber"]), {}


def only_an_id(client, name, properties):
    return secrets.token_hex(4)[:7], {}


def role(client, name, properties):
    iam = client("iam")
    role_name = properties.get("RoleName", name)
    trust = json.dumps(properties["AssumeRolePolicyDocument"])
    created = iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=trust)["Role"]
    for policy in properties.get("Policies", []):
        document = json.dumps(policy["PolicyDocument"])
        iam.put_role_policy(RoleName=role_name, PolicyName=policy["PolicyName"], PolicyDocument=document)
    for arn in properties.get("ManagedPolicyArns", []):
        iam.attach_role_policy(RoleName=role_name, PolicyArn=arn)
    return role_name, {"Arn": created["Arn"]}


def managed_policy(client, name, properties):
    document = json.dumps(properties["PolicyDocument"])
    created = client("iam").create_policy(PolicyName=f"{name}-{secrets.token_hex(4)}", PolicyDocument=document)
    return created["Policy"]["Arn"], {}


def event_bus(client, name, properties):
    return properties["Name"], {"Arn": client("events").create_event_bus(Name=properties["Name"])["EventBusArn"]}


def event_bus_policy(client, name, properties):
    statement = {"Sid": properties["StatementId"], **properties["Statement"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("events").put_permission(EventBusName=properties["EventBusName"], Policy=policy)
    return name, {}


def rule(client, name, properties):
    events = client("events")
    rule_name = properties.get("Name", f"{name}-{secrets.token_hex(4)}")
    bus = {"EventBusName": properties["EventBusName"]} if "EventBusName" in properties else {}
    pattern = json.dumps(properties["EventPattern"])
    arn = events.put_rule(Name=rule_name, EventPattern=pattern, **bus)["RuleArn"]
    # Numbers of a template arrive as text.
    targets = json.loads(json.dumps(properties["Targets"]), object_hook=with_numbers)
    events.put_targets(Rule=rule_name, Targets=targets, **bus)
    return rule_name, {"Arn": arn}


def with_numbers(value: dict) -> dict:
    return {key: int(one) if key.startswith("Maximum") else one for key, one in value.items()}


def state_machine(client, name, properties):
    definition = properties["DefinitionS3Location"]
    content = client("s3").get_object(Bucket=definition["Bucket"], Key=definition["Key"])["Body"].read().decode()
    for key, value in properties["DefinitionSubstitutions"].items():
        content = content.replace(f"${{{key}}}", value)
    created = client("stepfunctions").create_state_machine(
        name=properties["StateMachineName"], definition=content, roleArn=properties["RoleArn"]
    )
    return created["stateMachineArn"], {"Arn": created["stateMachineArn"], "Name": properties["StateMachineName"]}


def schedule(client, name, properties):
    created = client("scheduler").create_schedule(**properties)
    return properties["Name"], {"Arn": created["ScheduleArn"]}


def log_group(client, name, properties):
    group = properties.get("LogGroupName", f"{name}-{secrets.token_hex(4)}")
    logs = client("logs")
    logs.create_log_group(logGroupName=group)
    if "RetentionInDays" in properties:
        logs.put_retention_policy(logGroupName=group, retentionInDays=int(properties["RetentionInDays"]))
    return group, {"Arn": logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["arn"]}


def bucket_policy(client, name, properties):
    policy = json.dumps(properties["PolicyDocument"])
    client("s3").put_bucket_policy(Bucket=properties["Bucket"], Policy=policy)
    return name, {}


def trail(client, name, properties):
    cloudtrail = client("cloudtrail")
    created = cloudtrail.create_trail(
        Name=properties["TrailName"],
        S3BucketName=properties["S3BucketName"],
        IsMultiRegionTrail=properties["IsMultiRegionTrail"],
        IsOrganizationTrail=properties["IsOrganizationTrail"],
    )
    return properties["TrailName"], {"Arn": created["TrailARN"]}


def stack_set(client, name, properties):
    STACK_SETS[(client("sts").get_caller_identity()["Account"], properties["StackSetName"])] = properties
    return f"{properties['StackSetName']}:{secrets.token_hex(4)}", {}


# By account and name, what stacks have declared.
STACK_SETS: dict[tuple[str, str], dict] = {}


GAPS: dict[str, Create] = {
    "AWS::DynamoDB::Table": table,
    "AWS::Lambda::Function": function,
    "AWS::Lambda::EventSourceMapping": event_source_mapping,
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::SQS::QueuePolicy": queue_policy,
    "AWS::SNS::TopicPolicy": topic_policy,
    "AWS::SNS::Subscription": subscription,
    "AWS::Logs::MetricFilter": metric_filter,
    "AWS::AppConfig::Application": application,
    "AWS::AppConfig::ConfigurationProfile": profile,
    "AWS::AppConfig::HostedConfigurationVersion": hosted_version,
    "AWS::AppConfig::Environment": only_an_id,
    "AWS::AppConfig::DeploymentStrategy": only_an_id,
    "AWS::AppConfig::Deployment": only_an_id,
    "AWS::AppConfig::ExtensionAssociation": only_an_id,
    "AWS::CloudFormation::StackSet": stack_set,
    "AWS::CloudTrail::Trail": trail,
    "AWS::CloudFormation::WaitConditionHandle": only_an_id,
    "AWS::Events::EventBus": event_bus,
    "AWS::Events::EventBusPolicy": event_bus_policy,
    "AWS::Events::Rule": rule,
    "AWS::IAM::ManagedPolicy": managed_policy,
    "AWS::IAM::Role": role,
    "AWS::Logs::LogGroup": log_group,
    "AWS::S3::BucketPolicy": bucket_policy,
    "AWS::Scheduler::Schedule": schedule,
    "AWS::StepFunctions::StateMachine": state_machine,
}
