import { type ApiRequest, type ApiService, AwsError } from '../api.ts';
import { createQueryService, listOf } from '../query-service.ts';
import type { XmlContent } from '../xml.ts';
import type { StackEvent, StackRecord, StackResource } from './stack-record.ts';
import type { Stack, Stacks } from './stacks.ts';

const EVENTS_A_PAGE = 100;
const MOST_RESOURCES = 100;

/** CloudFormation: what stacks there are, what happened to them, and their deletion. It deploys no templates. */
export function createCloudFormation(stacks: Stacks): ApiService {
  const find = ({ caller, region }: ApiRequest, name: string) => stacks.find(caller.accountId, region, name);
  const require = (form: URLSearchParams, request: ApiRequest, refusal: (name: string) => string): Stack => {
    const name = requireParameter(form, 'StackName');
    const stack = find(request, name);
    if (stack === undefined) {
      throw invalid(refusal(name));
    }
    return stack;
  };

  return createQueryService('CloudFormation', 'http://cloudformation.amazonaws.com/doc/2010-05-15/', {
    DescribeStacks: (form, request) => {
      const name = form.get('StackName') ?? '';
      const found =
        name === ''
          ? stacks.list(request.caller.accountId, request.region)
          : [require(form, request, (unknown) => `Stack with id ${unknown} does not exist`)];
      return { Stacks: found.map(({ record }) => tellStack(record)) };
    },

    DescribeStackResource: (form, request) => {
      const { record } = require(form, request, (unknown) => `Stack '${unknown}' does not exist`);
      const logicalId = requireParameter(form, 'LogicalResourceId');
      const resource = record.resources().find((one) => one.logicalId === logicalId);
      if (resource === undefined) {
        throw invalid(`Resource ${logicalId} does not exist for stack ${record.stackName}`);
      }
      return {
        StackResourceDetail: { ...tellResource(record, resource), LastUpdatedTimestamp: resource.time.toISOString() },
      };
    },

    DescribeStackResources: (form, request) => {
      const physicalId = form.get('PhysicalResourceId');
      const record =
        physicalId === null
          ? require(form, request, (unknown) => `Stack with id ${unknown} does not exist`).record
          : requireOwner(stacks.list(request.caller.accountId, request.region), physicalId);
      const logicalId = form.get('LogicalResourceId');
      const wanted = record.resources().filter((one) => logicalId === null || one.logicalId === logicalId);
      return {
        StackResources: wanted
          .slice(0, MOST_RESOURCES)
          .map((one) => ({ ...tellResource(record, one), Timestamp: one.time.toISOString() })),
      };
    },

    DescribeStackEvents: (form, request) => {
      const { record } = require(form, request, (unknown) => `Stack [${unknown}] does not exist`);
      const events = record.events();
      const after = form.get('NextToken');
      const from = after === null ? 0 : events.findIndex(({ id }) => id === after) + 1;
      if (after !== null && from === 0) {
        throw invalid('Invalid NextToken');
      }
      const page = events.slice(from, from + EVENTS_A_PAGE);
      return {
        StackEvents: page.map((event) => tellEvent(record, event)),
        NextToken: from + page.length < events.length ? page.at(-1)?.id : undefined,
      };
    },

    DeleteStack: (form, request) => {
      const stack = find(request, requireParameter(form, 'StackName'));
      const retained = listOf(form, 'RetainResources');
      const status = stack?.record.status;
      // As in AWS, a stack that is not there is as good as deleted.
      if (stack === undefined || status === 'DELETE_COMPLETE') {
        return undefined;
      }
      if (status === 'CREATE_IN_PROGRESS' || status === 'ROLLBACK_IN_PROGRESS') {
        throw invalid(`Stack [${stack.record.stackId}] cannot be deleted while in status ${status}`);
      }
      if (retained.length > 0 && status !== 'DELETE_FAILED') {
        throw invalid('RetainResources can be specified only for stacks in the DELETE_FAILED state');
      }
      void stack.remove(retained);
      return undefined;
    },
  });
}

function requireOwner(all: readonly Stack[], physicalId: string): StackRecord {
  const owner = all.find(({ record }) => record.resources().some((one) => one.physicalId === physicalId));
  if (owner === undefined) {
    throw invalid(`Stack for ${physicalId} does not exist`);
  }
  return owner.record;
}

function requireParameter(form: URLSearchParams, name: string): string {
  const value = form.get(name) ?? '';
  if (value === '') {
    const member = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
    throw invalid(
      `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
    );
  }
  return value;
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationError', 400, message);
}

function tellStack(record: StackRecord): XmlContent {
  return {
    StackId: record.stackId,
    StackName: record.stackName,
    Description: record.description,
    Parameters: Object.entries(record.parameters).map(([ParameterKey, ParameterValue]) => ({
      ParameterKey,
      ParameterValue,
    })),
    CreationTime: record.created.toISOString(),
    DeletionTime: record.deleted?.toISOString(),
    StackStatus: record.status,
    StackStatusReason: record.statusReason,
    DisableRollback: 'false',
    EnableTerminationProtection: 'false',
    NotificationARNs: [],
    Capabilities: [],
    Tags: [],
    Outputs: record.outputs.map(({ key, value, description, exportName }) => ({
      OutputKey: key,
      OutputValue: value,
      Description: description,
      ExportName: exportName,
    })),
    DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
  };
}

function tellResource(record: StackRecord, resource: StackResource): Readonly<Record<string, XmlContent | undefined>> {
  return {
    StackName: record.stackName,
    StackId: record.stackId,
    LogicalResourceId: resource.logicalId,
    PhysicalResourceId: resource.physicalId === '' ? undefined : resource.physicalId,
    ResourceType: resource.type,
    ResourceStatus: resource.status,
    ResourceStatusReason: resource.reason,
    DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
  };
}

function tellEvent(record: StackRecord, event: StackEvent): XmlContent {
  return {
    StackId: record.stackId,
    EventId: event.id,
    StackName: record.stackName,
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    Timestamp: event.time.toISOString(),
    ResourceStatus: event.status,
    ResourceStatusReason: event.reason,
  };
}
