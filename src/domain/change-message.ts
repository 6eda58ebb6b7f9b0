import * as z from 'zod';
import type { Actor, Change, ChangeKind } from './change.ts';
import { InvalidInput } from './errors.ts';
import { type FunctionArn, formatFunctionArn, parseFunctionArn, resolveFunctionName } from './function-arn.ts';

/** Why something that happened needs no look. */
export type DropReason =
  | 'own-update'
  | 'failed-call'
  | 'read-only'
  | 'not-a-function'
  | 'other-account'
  | 'other-event';

/** What a message comes to: a change to look at, or why there is nothing to look at. */
export type Reading =
  | { readonly change: Change }
  | { readonly dropped: DropReason; readonly detail: string; readonly eventId?: string };

/** Messages longer than this are refused unread; SQS itself allows no more than 1 MiB. */
const longestMessage = 1_048_576;
/** What is kept of a text that a caller chose. */
const longestText = 256;
/** AWS allows no more tags. */
const mostTags = 50;

const shortText = z.string().transform((text) => text.slice(0, longestText));

const envelope = z.object({
  id: z.string().max(longestText).default(''),
  source: z.string(),
  'detail-type': z.string(),
  account: z.string().default(''),
  time: z.string().default(''),
  resources: z.array(z.string()).default([]),
  detail: z.record(z.string(), z.unknown()),
});

const userIdentity = z.object({
  type: shortText.optional(),
  arn: shortText.optional(),
  userName: shortText.optional(),
  principalId: shortText.optional(),
  invokedBy: shortText.optional(),
  sessionContext: z
    .object({ sessionIssuer: z.object({ arn: shortText.optional(), userName: shortText.optional() }).nullish() })
    .nullish(),
});

/** The fields of a CloudTrail record that are read; both halves may be null, and hold more than is named here. */
const cloudTrailRecord = z.object({
  eventID: z.string().min(1).max(longestText),
  eventName: z.string().min(1).max(longestText),
  eventSource: shortText,
  eventTime: z.iso.datetime({ offset: true }),
  awsRegion: z.string(),
  recipientAccountId: z.string().optional(),
  readOnly: z.boolean().optional(),
  errorCode: shortText.nullish(),
  userIdentity: userIdentity.nullish(),
  sourceIPAddress: shortText.nullish(),
  userAgent: shortText.nullish(),
  requestParameters: z.record(z.string(), z.unknown()).nullish(),
  responseElements: z.record(z.string(), z.unknown()).nullish(),
});

type CloudTrailRecord = z.output<typeof cloudTrailRecord>;

const actorSchema = z.object({
  type: shortText,
  name: shortText,
  arn: shortText.exactOptional(),
  invokedBy: shortText.exactOptional(),
  sourceIpAddress: shortText.exactOptional(),
  userAgent: shortText.exactOptional(),
});

/** A later look, as we put it on the queue ourselves; it has the shape of an EventBridge event. */
const followUpDetail = z.object({
  functionArn: z.string(),
  kind: z.enum([
    'created',
    'configured',
    'code-updated',
    'tagged',
    'deleted',
    'swept',
    'asked',
  ]) satisfies z.ZodType<ChangeKind>,
  eventId: shortText,
  eventName: shortText,
  eventTime: z.iso.datetime({ offset: true }),
  actor: actorSchema.exactOptional() satisfies z.ZodType<Actor>,
  touched: z.array(shortText).max(mostTags),
  tagKeys: z.array(shortText).max(mostTags),
  followUp: z
    .object({
      purpose: z.enum([
        'verify',
        'not-ready',
        'function-busy',
        'throttled',
        'revision-changed',
        'tags-unreadable',
        'unavailable',
        'turn',
        'turn-taken',
      ]),
      attempt: z.int().positive(),
    })
    .exactOptional(),
});

const ownSource = 'layerward';
const ownDetailType = 'Layerward Look';

/** Writes a change as a message for the queue; {@link readMessage} reads it again. */
export function followUpMessage(change: Change): string {
  return JSON.stringify({
    source: ownSource,
    'detail-type': ownDetailType,
    detail: { ...change, functionArn: formatFunctionArn(change.functionArn) },
  });
}

/**
 * Reads the body of a message from the queue: an EventBridge event with a CloudTrail record or a tag change in it, or
 * a later look of our own.
 * @param ownRoleArns roles whose calls are Layerward's own; `*` stands for the account in which the call was made
 * @throws {InvalidInput} that says what is wrong and where, for anything else.
 */
export function readMessage(body: string, ownRoleArns: readonly string[]): Reading {
  if (body.length > longestMessage)
    throw new InvalidInput(
      `the message is ${body.length} characters long, and no event is longer than ${longestMessage}`,
    );
  return readEvent(parse(parseJson(body), envelope, 'the message is not an EventBridge event'), ownRoleArns);
}

/** Reads an EventBridge event that is parsed already. @throws {InvalidInput} */
export function readEventBridgeEvent(event: unknown, ownRoleArns: readonly string[]): Reading {
  return readEvent(parse(event, envelope, 'this is not an EventBridge event'), ownRoleArns);
}

function readEvent(event: z.output<typeof envelope>, ownRoleArns: readonly string[]): Reading {
  if (event['detail-type'] === 'AWS API Call via CloudTrail')
    return ofAccount(event.account, event.id, readCloudTrailRecord(event.detail, ownRoleArns));
  if (event.source === 'aws.tag' && event['detail-type'] === 'Tag Change on Resource')
    return ofAccount(event.account, event.id, readTagChange(event));
  if (event.source === ownSource && event['detail-type'] === ownDetailType) return readFollowUp(event.detail);
  throw new InvalidInput(
    `the event has source ${quote(event.source)} and detail-type ${quote(event['detail-type'])}, which Layerward does not know`,
  );
}

/**
 * An account tells of its own functions only. EventBridge itself says whose event it is; all else in it may have been
 * written by somebody who wants a look at another account's function. Of a call across accounts CloudTrail tells both
 * (`sharedEventID`), so nothing is lost.
 */
function ofAccount(account: string, eventId: string, reading: Reading): Reading {
  if (!('change' in reading) || account === '' || reading.change.functionArn.accountId === account) return reading;
  const functionArn = formatFunctionArn(reading.change.functionArn);
  return {
    dropped: 'other-account',
    detail: `account ${account} tells of ${functionArn}, which is not its own`,
    eventId,
  };
}

const kinds: ReadonlyMap<string, ChangeKind> = new Map([
  ['CreateFunction', 'created'],
  ['UpdateFunctionConfiguration', 'configured'],
  ['UpdateFunctionCode', 'code-updated'],
  ['TagResource', 'tagged'],
  ['UntagResource', 'tagged'],
  ['DeleteFunction', 'deleted'],
]);

/** AWS's name of an event without the date and version that CloudTrail adds to some: `CreateFunction20150331`. */
export function bareEventName(eventName: string): string {
  return eventName.replace(/\d{8}(v\d+)?$/, '');
}

/**
 * Reads one CloudTrail record. Our own updates, failed calls, read-only calls and calls on what is not a function are
 * told apart before AWS is asked anything.
 * @throws {InvalidInput} where it is not a CloudTrail record, or names no function.
 */
export function readCloudTrailRecord(input: unknown, ownRoleArns: readonly string[]): Reading {
  const record = parse(input, cloudTrailRecord, 'this is not a CloudTrail record');
  const eventName = bareEventName(record.eventName);
  const dropped = (reason: DropReason, detail: string): Reading => ({
    dropped: reason,
    detail,
    eventId: record.eventID,
  });

  if (record.eventSource !== 'lambda.amazonaws.com')
    return dropped('other-event', `it is an event of ${record.eventSource}, not of Lambda`);
  if (record.errorCode) return dropped('failed-call', `the call failed (${record.errorCode}), so it changed nothing`);
  if (record.readOnly) return dropped('read-only', `${eventName} only reads`);
  const kind = kinds.get(eventName);
  if (!kind) return dropped('other-event', `${eventName} changes nothing that Layerward looks after`);
  const issuer = record.userIdentity?.sessionContext?.sessionIssuer?.arn;
  const home = homeOf(record);
  if (ownRoleArns.some((pattern) => pattern.replace('*', home.accountId) === issuer))
    return dropped('own-update', 'Layerward made this call itself');

  const named = functionNameOf(record, kind);
  const functionArn = named && resolveFunctionName(named, home);
  if (!functionArn) {
    if (kind === 'tagged' && named)
      return dropped('not-a-function', `${named.slice(0, longestText)} is not a function`);
    throw new InvalidInput(
      `the CloudTrail record ${record.eventID} (${record.eventName}) names no function: ` +
        `${kind === 'tagged' ? 'requestParameters.resource' : 'requestParameters.functionName'} is ${quote(named)}, ` +
        `recipientAccountId ${quote(record.recipientAccountId)}, awsRegion ${quote(record.awsRegion)}`,
    );
  }
  const actor = actorOf(record);
  return ofAccount(home.accountId, record.eventID, {
    change: {
      functionArn,
      kind,
      eventId: record.eventID,
      eventName,
      eventTime: readTime(record.eventTime, `the CloudTrail record ${record.eventID}`),
      ...(actor ? { actor } : {}),
      touched: touchedBy(record, kind),
      tagKeys: tagKeysOf(record),
    },
  });
}

function functionNameOf(
  { requestParameters, responseElements }: CloudTrailRecord,
  kind: ChangeKind,
): string | undefined {
  const candidates =
    kind === 'tagged'
      ? [requestParameters?.['resource']]
      : [requestParameters?.['functionName'], responseElements?.['functionArn']];
  return candidates.find((candidate) => typeof candidate === 'string');
}

function homeOf(record: CloudTrailRecord): Omit<FunctionArn, 'functionName'> {
  const region = record.awsRegion;
  const partition = region.startsWith('us-gov-')
    ? 'aws-us-gov'
    : region.startsWith('cn-')
      ? 'aws-cn'
      : region.startsWith('eusc-')
        ? 'aws-eusc'
        : 'aws';
  return { partition, region, accountId: record.recipientAccountId ?? '' };
}

/** The parts of a function that a call can name, by the name that CloudTrail gives the parameter. */
const parts: ReadonlyMap<string, string> = new Map([
  ['handler', 'Handler'],
  ['layers', 'Layers'],
  ['environment', 'Environment'],
  ['runtime', 'Runtime'],
  ['architectures', 'Architectures'],
]);

function touchedBy({ requestParameters }: CloudTrailRecord, kind: ChangeKind): string[] {
  if (kind === 'tagged') return ['Tags'];
  const touched = [...parts].filter(([name]) => Object.hasOwn(requestParameters ?? {}, name)).map(([, part]) => part);
  return kind === 'created' ? [...touched, 'Tags'] : touched;
}

function tagKeysOf({ requestParameters }: CloudTrailRecord): string[] {
  const { tags, tagKeys } = requestParameters ?? {};
  const keys = Array.isArray(tagKeys) ? tagKeys : typeof tags === 'object' && tags !== null ? Object.keys(tags) : [];
  return keys
    .filter((key) => typeof key === 'string')
    .slice(0, mostTags)
    .map((key) => key.slice(0, longestText));
}

function actorOf(record: CloudTrailRecord): Actor | undefined {
  const identity = record.userIdentity;
  if (!identity) return undefined;
  const { type = 'Unknown', arn, invokedBy } = identity;
  // arn:aws:sts::111122223333:assumed-role/deploy/alice → deploy/alice
  const session = arn?.split(':assumed-role/')[1];
  const name = session ?? identity.userName ?? identity.sessionContext?.sessionIssuer?.userName ?? invokedBy ?? arn;
  return {
    type,
    name: name ?? identity.principalId ?? 'unknown',
    ...(arn ? { arn } : {}),
    ...(invokedBy ? { invokedBy } : {}),
    ...(record.sourceIPAddress ? { sourceIpAddress: record.sourceIPAddress } : {}),
    ...(record.userAgent ? { userAgent: record.userAgent } : {}),
  };
}

const tagChangeDetail = z.object({
  service: z.string(),
  'resource-type': z.string(),
  'changed-tag-keys': z.array(shortText).default([]),
});

/** Reads a tag change. It does not say who made it; the CloudTrail record of the same change does. */
function readTagChange(event: z.output<typeof envelope>): Reading {
  const detail = parse(event.detail, tagChangeDetail, 'this is not a tag change', ['detail']);
  const [resource = ''] = event.resources;
  const functionArn = parseFunctionArn(resource);
  if (detail.service !== 'lambda' || detail['resource-type'] !== 'function' || !functionArn)
    return { dropped: 'not-a-function', detail: `${quote(resource)} is not a function`, eventId: event.id };
  return {
    change: {
      functionArn,
      kind: 'tagged',
      eventId: event.id,
      eventName: 'TagChange',
      eventTime: readTime(event.time, `the tag change ${event.id}`),
      touched: ['Tags'],
      tagKeys: detail['changed-tag-keys'].slice(0, mostTags),
    },
  };
}

/** A moment as it is stored; what is compared as text has to have a year of four digits. */
function readTime(text: string, what: string): string {
  const time = new Date(text);
  const year = time.getUTCFullYear();
  if (!(year >= 1970 && year <= 9999)) throw new InvalidInput(`${what} has the time ${quote(text)}`);
  return time.toISOString();
}

function readFollowUp(input: unknown): Reading {
  const { functionArn, ...detail } = parse(input, followUpDetail, 'this is not a later look of Layerward’s', [
    'detail',
  ]);
  const arn = parseFunctionArn(functionArn);
  if (!arn) throw new InvalidInput(`detail.functionArn is ${quote(functionArn)}, which is not a function's ARN`);
  return { change: { ...detail, functionArn: arn } };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // What is no event of AWS's may be anything, and stays where it is: on the queue.
    throw new InvalidInput(`the message is not JSON; it is ${body.length} characters long`);
  }
}

function parse<T>(input: unknown, schema: z.ZodType<T>, what: string, at: readonly string[] = []): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${[...at, ...path].join('.') || 'it'}: ${message}`);
  throw new InvalidInput(`${what}: ${issues.join('; ')}`);
}

/** A text from outside, short enough for an error message. */
function quote(text: string | undefined): string {
  return text === undefined ? 'missing' : JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
