"""What StackSets may do in the hub's other regions, against what AWS says that it takes.

CloudFormation makes the resources of infra/member.yaml there with the execution role, which nothing local does in its
name. AWS publishes for each type of resource which permissions its creation, reading, change and deletion take;
cfn-lint brings those schemas along.
"""

from fnmatch import fnmatchcase

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from expectations import expect

# What the schemas name, and a template without the property does not take.
UNLESS = {
    "iam:AttachRolePolicy": "ManagedPolicyArns",
    "iam:DetachRolePolicy": "ManagedPolicyArns",
    "iam:PutRolePermissionsBoundary": "PermissionsBoundary",
    "iam:DeleteRolePermissionsBoundary": "PermissionsBoundary",
}


def check_execution_role(member: dict, statements: list[dict], region: str) -> None:
    """The role's permissions are exactly those that it takes, on exactly what the template makes."""
    made = {name: one for name, one in member["Resources"].items() if one.get("Condition") == "Forwards"}
    expect("what a region of the hub has", sorted(made), ["ForwardChangeRule", "ForwardRole", "ForwardTagRule"])
    needed = {action for resource in made.values() for action in permissions_of(resource)}
    managing = {one["Sid"]: one for one in statements if one["Sid"] != "Stacks"}
    allowed = {action for one in managing.values() for action in one["Action"]}
    expect("permissions that StackSets lacks", sorted(needed - allowed), [])
    expect("permissions that StackSets has no use for", sorted(allowed - needed), [])
    names = {
        "Rules": [f"rule/{one['Properties']['Name']}" for one in made.values() if "Rule" in one["Type"]],
        "ForwardRoles": [f"role/layerward-forward-{region}"],
    }
    for sid, endings in names.items():
        pattern = managing[sid]["Resource"].split(":", 5)[5]
        expect(f"what {sid} is about", [name for name in endings if not fnmatchcase(name, pattern)], [])
    stacks = [one["Resource"].split(":", 5)[5] for one in statements if one["Sid"] == "Stacks"]
    expect("its stacks", stacks, ["stack/StackSet-layerward-hub-regions-*"])


def permissions_of(resource: dict) -> set[str]:
    """What AWS says that making, reading, changing and deleting such a resource takes."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource["Type"]).schema
    found = {
        permission
        for handler in ("create", "read", "update", "delete")
        for permission in schema["handlers"][handler]["permissions"]
    }
    return {one for one in found if one not in UNLESS or UNLESS[one] in resource["Properties"]}
