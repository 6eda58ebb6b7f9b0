"""Whom the stack tells, of what, and what it shows."""

import json

from expectations import expect
from hub_stack import FUNCTION, STACK

EMAIL = "oncall@example.com"


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
