"""Who may take on the roles of the hub's stack: each exactly the one service that it is for, in this account."""

from collections.abc import Callable
from fnmatch import fnmatchcase

from expectations import expect

FUNCTIONS = ["RemediateRole", "SweepRole", "OrganizeSweepRole", "DeploymentRole"]


def check_trust(trust_of: Callable[[str], dict], account: str) -> None:
    """Of a hub for one account and region. `trust_of` answers the only statement of a role's trust policy."""
    source = {"StringEquals": {"aws:SourceAccount": account}}
    for name in FUNCTIONS:
        trusts(trust_of(name), name, "lambda.amazonaws.com", None)
    trusts(trust_of("SweepMachineRole"), "SweepMachineRole", "states.amazonaws.com", source)
    starting = ["events.amazonaws.com", "scheduler.amazonaws.com"]
    trusts(trust_of("StartSweepRole"), "StartSweepRole", starting, source)
    trusts(trust_of("PolicyMonitorRole"), "PolicyMonitorRole", "appconfig.amazonaws.com", None)


def check_trust_elsewhere(trust_of: Callable[[str], dict], account: str, administration_arn: str) -> None:
    """Of a hub with other places."""
    source = {"StringEquals": {"aws:SourceAccount": account}}
    trusts(trust_of("RegisterRole"), "RegisterRole", "scheduler.amazonaws.com", source)
    stack_set = f"arn:aws:cloudformation:*:{account}:stackset/layerward-hub-regions:*"
    administration = {**source, "ArnLike": {"aws:SourceArn": stack_set}}
    name = "StackSetAdministrationRole"
    trusts(trust_of(name), name, "cloudformation.amazonaws.com", administration)
    execution = trust_of("StackSetExecutionRole")
    expect("whose role may deploy", execution["Principal"], {"AWS": f"arn:aws:iam::{account}:root"})
    pattern = execution["Condition"]["ArnLike"]["aws:PrincipalArn"]
    expect("conditions of who may deploy", list(execution["Condition"]), ["ArnLike"])
    # CloudFormation shortens what is too long for a role's name: first the stack's name, then the logical id.
    prefix = f"arn:aws:iam::{account}:role"
    long = [f"{prefix}/a-stack-with-a-very-long-StackSetAdministrationRo-1A2B3C4D5E6F", administration_arn]
    expect("which role may deploy", [arn for arn in long if not fnmatchcase(arn, pattern)], [])
    others = [f"{prefix}/layerward-RemediateRole-1A2B3C4D5E6F", f"{prefix}/admin"]
    expect("which roles may not", [arn for arn in others if fnmatchcase(arn, pattern)], [])


def trusts(statement: dict, name: str, service: str | list[str], condition: dict | None) -> None:
    expect(f"who takes on {name}", statement["Principal"], {"Service": service})
    expect(f"what it takes to take on {name}", statement.get("Condition"), condition)
    expect(f"how {name} is taken on", (statement["Effect"], statement["Action"]), ("Allow", "sts:AssumeRole"))
