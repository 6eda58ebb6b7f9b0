import {
  accessDeniedRecord,
  assumedRole,
  createFunctionRecord,
  deleteFunctionRecord,
  eventBridgeEvent,
  getFunctionRecord,
  identities,
  tagChangeEvent,
  tagResourceRecord,
  untagResourceRecord,
  updateCodeRecord,
  updateConfigurationRecord,
} from '../fixtures/cloudtrail.ts';
import type { Scheduler } from '../simulation/scheduler.ts';
import type { LiveFunction } from './lambda-model.ts';
import type { QueueModel } from './queue-model.ts';
import type { Script } from './script.ts';
import type { Story } from './story.ts';

/** Who changes functions. */
export type Person = 'team' | 'terraform' | 'cloudformation' | 'mallory' | 'layerward';

/** A call of Lambda's API, as far as CloudTrail tells it. */
export type TrailCall =
  | { readonly name: 'create' }
  | { readonly name: 'configure'; readonly parameters: readonly string[] }
  | { readonly name: 'deploy'; readonly publish: boolean }
  | { readonly name: 'tag'; readonly tags: Readonly<Record<string, string>> }
  | { readonly name: 'untag'; readonly keys: readonly string[] }
  | { readonly name: 'delete' };

/** The way of what happens to functions to the queue: CloudTrail, rules, buses. It is best effort. */
export interface Trail {
  /** The probabilities that an event is lost, comes twice, or comes minutes late. */
  readonly weather: { losing: number; doubling: number; late: number };
  tell(id: string, one: LiveFunction, who: Person, call: TrailCall): void;
  /** Something that no look should follow from, or that can't even be read. */
  noise(id: string, one: LiveFunction): void;
}

type Fields = Readonly<Record<string, unknown>>;

const longestLateMs = 600_000;

/** @param isHeard whether the events of an account reach the hub */
export function createTrail(
  scheduler: Scheduler,
  script: Script,
  story: Story,
  queue: QueueModel,
  isHeard: (accountId: string) => boolean,
): Trail {
  const weather = { losing: 0, doubling: 0, late: 0 };
  const deliver = (id: string, one: LiveFunction, body: string) => {
    if (!isHeard(one.accountId)) return;
    if (script.happens(`lose ${id}`, weather.losing, `the event ${id} is lost`)) {
      story.tell(one.functionArn, `the event ${id} is lost`);
      return;
    }
    const isDoubled = script.happens(`double ${id}`, weather.doubling, `the event ${id} comes twice`);
    for (let copy = 1; copy <= (isDoubled ? 2 : 1); copy++) {
      const random = script.of(`way ${copy} of ${id}`);
      const isLate = script.happens(`late ${copy} ${id}`, weather.late, `the event ${id} is late`);
      scheduler.after(isLate ? random.between(5_000, longestLateMs) : random.between(100, 5_000), () =>
        queue.deliver(body),
      );
    }
  };

  return {
    weather,
    tell(id, one, who, call) {
      const record = recordOf(one, call, script.of(`name in ${id}`).below(4), changesOf(id, one, who, scheduler.now()));
      deliver(id, one, JSON.stringify(eventOf(id, one, record, scheduler.now())));
      if (call.name !== 'tag' && call.name !== 'untag') return;
      // EventBridge tells of tags by itself, too.
      const keys = call.name === 'tag' ? Object.keys(call.tags) : call.keys;
      const time = { id: `${id}-tags`, account: one.accountId, region: one.region, time: isoSeconds(scheduler.now()) };
      deliver(`${id}-tags`, one, JSON.stringify(tagChangeEvent(keys, { resource: one.functionArn }, time)));
    },
    noise(id, one) {
      const changes = changesOf(id, one, 'team', scheduler.now());
      const event = (record: Fields) => JSON.stringify(eventOf(id, one, record, scheduler.now()));
      const body = [
        event(getFunctionRecord(changes)),
        event({ ...accessDeniedRecord('UpdateFunctionConfiguration20150331v2'), ...changes }),
        event(tagResourceRecord(`arn:aws:lambda:${one.region}:${one.accountId}:layer:team-1`, {}, changes)),
        event(updateConfigurationRecord({ name: 'not a name of a function' }, { ...changes, responseElements: null })),
        '{"source": "aws.lambda", "detail-type"',
      ][script.of(`noise ${id}`).below(5)];
      deliver(id, one, body ?? '');
    },
  };
}

/** Bodies that nobody can read, and that end as dead letters. */
export function isPoison(body: string): boolean {
  return body.includes('not a name of a function') || body === '{"source": "aws.lambda", "detail-type"';
}

function recordOf(one: LiveFunction, call: TrailCall, form: number, changes: Fields): Fields {
  const name = [
    one.functionName,
    one.functionArn,
    `${one.accountId}:function:${one.functionName}`,
    `${one.functionArn}:$LATEST`,
  ][form];
  const given = name === undefined ? {} : { name };
  switch (call.name) {
    case 'create':
      return createFunctionRecord({ name: one.functionName, tags: one.tags }, { ...changes, responseElements: null });
    case 'configure':
      return updateConfigurationRecord(
        { ...given, ...Object.fromEntries(call.parameters.map((parameter) => [parameter, {}])) },
        { ...changes, responseElements: null },
      );
    case 'deploy':
      return updateCodeRecord(call.publish, {
        ...changes,
        requestParameters: { functionName: name, publish: call.publish, dryRun: false },
        responseElements: { functionArn: call.publish ? `${one.functionArn}:7` : one.functionArn },
      });
    case 'tag':
      return tagResourceRecord(one.functionArn, call.tags, changes);
    case 'untag':
      return untagResourceRecord(one.functionArn, call.keys, changes);
    case 'delete':
      return deleteFunctionRecord({ ...changes, requestParameters: { functionName: name } });
  }
}

function changesOf(id: string, one: LiveFunction, who: Person, at: number): Fields {
  return {
    eventID: id,
    eventTime: isoSeconds(at),
    awsRegion: one.region,
    recipientAccountId: one.accountId,
    userIdentity: identityOf(who),
    ...(who === 'cloudformation'
      ? { sourceIPAddress: 'cloudformation.amazonaws.com', userAgent: 'cloudformation.amazonaws.com' }
      : {}),
  };
}

function identityOf(who: Person): Fields {
  switch (who) {
    case 'team':
      return identities.iamUser;
    case 'terraform':
      return assumedRole('deployment', 'terraform');
    case 'cloudformation':
      return identities.cloudFormation;
    case 'mallory':
      return assumedRole('administrator', 'mallory');
    case 'layerward':
      return assumedRole('layerward-member', 'layerward');
  }
}

function eventOf(id: string, { accountId, region }: LiveFunction, record: Fields, at: number): Fields {
  return eventBridgeEvent(record, { id, account: accountId, region, time: isoSeconds(at) });
}

/** CloudTrail tells times in seconds. */
function isoSeconds(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
