import type { Change } from '../domain/change.ts';
import { type Reading, readCloudTrailRecord, readEventBridgeEvent, readMessage } from '../domain/change-message.ts';
import { LayerwardError } from '../domain/errors.ts';
import { formatFunctionArn } from '../domain/function-arn.ts';
import type { Policy } from '../domain/policy.ts';

/** What Layerward would do with one record, and why. */
export interface Replayed {
  /** `look`: the function would be read. `dropped`: nothing would be asked of AWS. `malformed`: to the dead letters. */
  readonly verdict: 'look' | 'dropped' | 'malformed';
  /** A code for machines: why it is dropped, or what kind of change it is. */
  readonly reason: string;
  readonly explanation: string;
  readonly eventId?: string;
  readonly eventName?: string;
  readonly eventTime?: string;
  readonly functionArn?: string;
  readonly actor?: Change['actor'];
  readonly change?: Change;
}

/** Says what Layerward would do with a record, without asking AWS anything. */
export function replayRecord(record: unknown, ownRoleArns: readonly string[], policy: Policy): Replayed {
  const about = describe(cloudTrailRecordIn(record));
  let reading: Reading;
  try {
    reading = readAny(record, ownRoleArns);
  } catch (error) {
    if (!(error instanceof LayerwardError)) throw error;
    return { verdict: 'malformed', reason: error.code, explanation: error.message, ...about };
  }
  if ('dropped' in reading)
    return {
      verdict: 'dropped',
      reason: reading.dropped,
      explanation: `${reading.detail}; nothing is asked of AWS`,
      ...about,
    };
  const { change } = reading;
  return {
    verdict: 'look',
    reason: change.kind,
    explanation: explain(change, record, policy),
    eventId: change.eventId,
    eventName: change.eventName,
    eventTime: change.eventTime,
    functionArn: formatFunctionArn(change.functionArn),
    ...(change.actor ? { actor: change.actor } : {}),
    change,
  };
}

function readAny(record: unknown, ownRoleArns: readonly string[]): Reading {
  const has = (name: string) => typeof record === 'object' && record !== null && Object.hasOwn(record, name);
  if (has('detail-type')) return readEventBridgeEvent(record, ownRoleArns);
  const body = has('body') ? Reflect.get(Object(record), 'body') : undefined;
  return typeof body === 'string' ? readMessage(body, ownRoleArns) : readCloudTrailRecord(record, ownRoleArns);
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** The CloudTrail record itself, where it came in an event, or in a message of the queue. */
function cloudTrailRecordIn(record: unknown): unknown {
  const body = fieldOf(record, 'body');
  const event = typeof body === 'string' ? parseJson(body) : record;
  return fieldOf(event, 'detail') ?? event;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What can be said of a record that is not read any further. */
function describe(record: unknown): Pick<Replayed, 'eventId' | 'eventName' | 'eventTime'> {
  const text = (name: string) => {
    const value = fieldOf(record, name);
    return typeof value === 'string' ? value.slice(0, 256) : undefined;
  };
  const [eventId, eventName, eventTime] = [text('eventID'), text('eventName'), text('eventTime')];
  return {
    ...(eventId ? { eventId } : {}),
    ...(eventName ? { eventName } : {}),
    ...(eventTime ? { eventTime } : {}),
  };
}

function explain(change: Change, record: unknown, policy: Policy): string {
  const { tag, value } = policy.optIn;
  switch (change.kind) {
    case 'created':
      return tagsAtCreation(record)?.[tag] === value
        ? `it was created with ${tag}=${value}: it is read as soon as it is Active, and gets what the policy wants`
        : `it was created without ${tag}=${value}: it is read once (GetFunction), and left alone unless the tag came since`;
    case 'configured':
      return `its ${change.touched.join(', ') || 'configuration'} may have changed: it is read (GetFunction), and what differs from the policy is put right if it opted in`;
    case 'code-updated':
      return 'a code update can change the architecture: it is read (GetFunction), and put right or released if need be';
    case 'tagged':
      return change.tagKeys.includes(tag)
        ? `its opt-in tag changed: it is read (GetFunction), and attached to or released by what the tag says now`
        : `its tags changed: it is read (GetFunction), since its group may be another one`;
    case 'deleted':
      return 'it was deleted: where the records know it, they note that; otherwise nothing is asked of Lambda';
    case 'swept':
    case 'asked':
      return 'a later look of Layerward’s own: it is read again (GetFunction)';
  }
}

function tagsAtCreation(record: unknown): Record<string, unknown> | undefined {
  const tags = fieldOf(fieldOf(cloudTrailRecordIn(record), 'requestParameters'), 'tags');
  return typeof tags === 'object' && tags !== null ? Object.fromEntries(Object.entries(tags)) : undefined;
}
