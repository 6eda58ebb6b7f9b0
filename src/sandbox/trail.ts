import * as z from 'zod';
import type { ApiService, CloudTrailRecord } from './api.ts';
import { action, createJsonService } from './json-service.ts';

/** CloudTrail: keeps the records of the control plane, and lets them be looked up. */
export interface Trail {
  readonly service: ApiService;
  add(record: CloudTrailRecord): void;
  /** All records, oldest first. */
  records(): readonly CloudTrailRecord[];
}

const MAXIMUM_PAGE = 50;

/** A trail that keeps the last `capacity` records. */
export function createTrail(capacity = 100_000): Trail {
  const records: CloudTrailRecord[] = [];

  const lookUp = action(
    z.object({
      LookupAttributes: z
        .array(
          z.object({
            AttributeKey: z.enum([
              ...(['EventId', 'EventName', 'ReadOnly', 'Username', 'ResourceType', 'ResourceName'] as const),
              ...(['EventSource', 'AccessKeyId'] as const),
            ]),
            AttributeValue: z.string(),
          }),
        )
        .max(1)
        .default([]),
      StartTime: z.number().optional(),
      EndTime: z.number().optional(),
      MaxResults: z.int().min(1).max(MAXIMUM_PAGE).default(MAXIMUM_PAGE),
      NextToken: z.string().optional(),
    }),
    (input, request) => {
      const [attribute] = input.LookupAttributes;
      const found = records
        .filter(
          (record) =>
            record.recipientAccountId === request.caller.accountId &&
            record.awsRegion === request.region &&
            timeOf(record) >= (input.StartTime ?? 0) &&
            timeOf(record) <= (input.EndTime ?? Number.POSITIVE_INFINITY) &&
            (attribute === undefined || fits(record, attribute.AttributeKey, attribute.AttributeValue)),
        )
        .reverse();
      const from = Number(input.NextToken ?? 0);
      const next = from + input.MaxResults;
      return {
        Events: found.slice(from, next).map(toEvent),
        ...(next < found.length ? { NextToken: String(next) } : {}),
      };
    },
    'InvalidLookupAttributesException',
  );

  return {
    service: createJsonService('CloudTrail', { LookupEvents: lookUp }),
    add: (record) => {
      records.push(record);
      if (records.length > capacity) {
        records.splice(0, records.length - capacity);
      }
    },
    records: () => records,
  };
}

type Attribute =
  | 'EventId'
  | 'EventName'
  | 'ReadOnly'
  | 'Username'
  | 'ResourceType'
  | 'ResourceName'
  | 'EventSource'
  | 'AccessKeyId';

function fits(record: CloudTrailRecord, key: Attribute, value: string): boolean {
  switch (key) {
    case 'EventId':
      return record.eventID === value;
    case 'EventName':
      return record.eventName === value;
    case 'EventSource':
      return record.eventSource === value;
    case 'ReadOnly':
      return String(record['readOnly']) === value;
    case 'Username':
      return userNameOf(record) === value;
    case 'AccessKeyId':
      return readMember(record['userIdentity'], 'accessKeyId') === value;
    case 'ResourceName':
      return resourcesOf(record).some(({ ResourceName }) => ResourceName === value);
    case 'ResourceType':
      return resourcesOf(record).some(({ ResourceType }) => ResourceType === value);
  }
}

function toEvent(record: CloudTrailRecord): Readonly<Record<string, unknown>> {
  return {
    EventId: record.eventID,
    EventName: record.eventName,
    ReadOnly: String(record['readOnly']),
    AccessKeyId: readMember(record['userIdentity'], 'accessKeyId'),
    EventTime: timeOf(record),
    EventSource: record.eventSource,
    Username: userNameOf(record),
    Resources: resourcesOf(record),
    CloudTrailEvent: JSON.stringify(record),
  };
}

/** The function that a record is about, by its bare name and by its ARN. */
function resourcesOf(
  record: CloudTrailRecord,
): readonly { readonly ResourceType: string; readonly ResourceName: string }[] {
  const names = new Set<string>();
  for (const half of [record['requestParameters'], record['responseElements']]) {
    for (const member of ['functionName', 'functionArn', 'resource']) {
      const value = readMember(half, member);
      if (value !== undefined) {
        names.add(value);
        names.add(/:function:([^:]+)/.exec(value)?.[1] ?? value);
      }
    }
  }
  return [...names].map((ResourceName) => ({ ResourceType: 'AWS::Lambda::Function', ResourceName }));
}

function userNameOf(record: CloudTrailRecord): string | undefined {
  const identity = record['userIdentity'];
  return readMember(identity, 'userName') ?? readMember(identity, 'arn')?.split('/').at(-1);
}

function readMember(value: unknown, name: string): string | undefined {
  if (typeof value !== 'object' || value === null) {
    return undefined;
  }
  const member: unknown = Object.entries(value).find(([key]) => key === name)?.[1];
  return typeof member === 'string' ? member : undefined;
}

function timeOf(record: CloudTrailRecord): number {
  return typeof record['eventTime'] === 'string' ? Date.parse(record['eventTime']) / 1000 : 0;
}
