import { beforeEach, describe, expect, it } from 'vitest';
import type { ApiRequest, Clock, CloudTrailRecord } from '../../../src/sandbox/api.ts';
import { type BusEvent, createEventBus, type EventBus } from '../../../src/sandbox/event-bus.ts';
import type { DeliveryFate } from '../../../src/sandbox/lambda/faults.ts';

const queue = 'arn:aws:sqs:us-east-1:111122223333:changes';
const asItShould: DeliveryFate = { copies: 1, delayMilliseconds: 0, holdBack: false };

let bus: EventBus;
let fates: DeliveryFate[];
let delivered: { ruleArn: string; event: BusEvent }[];
let due: { at: number; task: () => void }[];

beforeEach(() => {
  fates = [];
  delivered = [];
  due = [];
  const clock: Clock = {
    now: () => new Date('2026-11-01T00:00:00Z'),
    after: (at, task) => {
      due.push({ at, task });
      return () => {};
    },
  };
  bus = createEventBus({
    clock,
    hub: { accountId: '111122223333', region: 'us-east-1' },
    deliveryMilliseconds: 50,
    fateOf: () => fates.shift() ?? asItShould,
    deliver: async (_target, ruleArn, event) => {
      delivered.push({ ruleArn, event });
    },
    log: () => {},
  });
});

const pass = () => {
  for (const { task } of due.splice(0).sort((left, right) => left.at - right.at)) task();
};
const call = async (action: string, input: unknown, region = 'us-east-1', accountId = '111122223333') => {
  const request: ApiRequest = {
    service: 'events',
    region,
    caller: { accountId, accessKeyId: 'alice', userIdentity: { arn: `arn:aws:iam::${accountId}:user/alice` } },
    method: 'POST',
    path: '/',
    query: new URLSearchParams(),
    headers: { 'x-amz-target': `AWSEvents.${action}` },
    body: Buffer.from(JSON.stringify(input)),
  };
  const answer = await bus.service(request);
  return JSON.parse(answer.body.toString() || '{}') as Record<string, unknown>;
};
const addRule = async (Name: string, EventPattern: unknown, region?: string) => {
  await call('PutRule', { Name, EventPattern: JSON.stringify(EventPattern) }, region);
  await call('PutTargets', { Rule: Name, Targets: [{ Id: 'queue', Arn: queue }] }, region);
};
const record = (eventName: string, more: object = {}): CloudTrailRecord => ({
  eventID: eventName,
  eventName,
  eventSource: 'lambda.amazonaws.com',
  eventTime: '2026-11-01T00:00:00Z',
  awsRegion: 'eu-west-1',
  recipientAccountId: '444455556666',
  readOnly: false,
  ...more,
});
const names = () => delivered.map(({ event }) => (event.detail as { eventName: string }).eventName);

describe('a rule of the hub', () => {
  beforeEach(() => addRule('changes', { source: ['aws.lambda'] }));

  it('gets the calls of every account and region', () => {
    bus.onRecord(record('CreateFunction20150331'));
    expect(delivered).toEqual([]);
    pass();
    expect(delivered).toMatchObject([
      {
        ruleArn: 'arn:aws:events:us-east-1:111122223333:rule/changes',
        event: {
          account: '444455556666',
          region: 'eu-west-1',
          'detail-type': 'AWS API Call via CloudTrail',
          resources: [],
        },
      },
    ]);
  });

  it('gets no calls that only read', () => {
    bus.onRecord(record('GetFunction20150331v2', { readOnly: true }));
    pass();
    expect(delivered).toEqual([]);
  });

  it('gets nothing while it is disabled', async () => {
    await call('DisableRule', { Name: 'changes' });
    bus.onRecord(record('CreateFunction20150331'));
    pass();
    await call('EnableRule', { Name: 'changes' });
    bus.onRecord(record('DeleteFunction20150331'));
    pass();
    expect(names()).toEqual(['DeleteFunction20150331']);
  });

  it.each([
    ['dropped', { ...asItShould, copies: 0 as const }, ['second']],
    ['duplicated', { ...asItShould, copies: 2 as const }, ['first', 'first', 'second']],
    ['delayed', { ...asItShould, delayMilliseconds: 100 }, ['second', 'first']],
    ['held back', { ...asItShould, holdBack: true }, ['second', 'first']],
  ])('sees an event that is %s by a fault', (_what, fate, expected) => {
    fates = [fate];
    bus.onRecord(record('first'));
    bus.onRecord(record('second'));
    pass();
    expect(names()).toEqual(expected);
  });
});

it('a rule of another region gets the events of that region only', async () => {
  await addRule('here', { source: ['aws.lambda'] }, 'ap-south-1');
  bus.onRecord(record('elsewhere', { recipientAccountId: '111122223333' }));
  bus.onRecord(record('here', { recipientAccountId: '111122223333', awsRegion: 'ap-south-1' }));
  pass();
  expect(names()).toEqual(['here']);
});

it('events that were put have the time and resources that they were given', async () => {
  await addRule('own', { source: ['layerward'] });
  const Entries = [
    { Source: 'layerward', DetailType: 'Outcome', Detail: '{"a":1}', Resources: ['arn:x'], Time: 1_700_000_000 },
  ];
  expect(await call('PutEvents', { Entries })).toMatchObject({ FailedEntryCount: 0 });
  pass();
  expect(delivered[0]?.event).toMatchObject({ time: '2023-11-14T22:13:20Z', resources: ['arn:x'], detail: { a: 1 } });
});

it('a rule with targets cannot be deleted', async () => {
  await addRule('own', { source: ['layerward'] });
  await expect(call('DeleteRule', { Name: 'own' })).rejects.toThrow("Rule can't be deleted since it has targets.");
  await call('RemoveTargets', { Rule: 'own', Ids: ['queue'] });
  await call('DeleteRule', { Name: 'own' });
  await expect(call('DescribeRule', { Name: 'own' })).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
});

describe('a bus of one’s own', () => {
  const arn = 'arn:aws:events:us-east-1:111122223333:event-bus/own';
  const entry = (EventBusName: string) => ({
    Entries: [{ Source: 'mine', DetailType: 'd', Detail: '{"eventName":"x"}', EventBusName }],
  });
  beforeEach(async () => {
    await call('CreateEventBus', { Name: 'own' });
    await call('PutRule', { Name: 'r', EventBusName: 'own', EventPattern: '{"source":["mine","aws.lambda"]}' });
    await call('PutTargets', { Rule: 'r', EventBusName: arn, Targets: [{ Id: 'queue', Arn: queue }] });
  });

  it('gets what is put on it, and nothing of the default bus', async () => {
    await call('PutEvents', entry('own'));
    await call('PutEvents', entry('default'));
    bus.onRecord(record('CreateFunction20150331', { recipientAccountId: '111122223333', awsRegion: 'us-east-1' }));
    pass();
    expect(delivered.map(({ ruleArn }) => ruleArn)).toEqual(['arn:aws:events:us-east-1:111122223333:rule/own/r']);
  });

  it('is listed, and goes once its rules are gone', async () => {
    expect(await call('ListEventBuses', {})).toMatchObject({
      EventBuses: [{ Name: 'default' }, { Name: 'own', Arn: arn }],
    });
    await expect(call('CreateEventBus', { Name: 'own' })).rejects.toMatchObject({
      code: 'ResourceAlreadyExistsException',
    });
    await expect(call('DeleteEventBus', { Name: 'own' })).rejects.toThrow("can't be deleted since it has rules");
    await call('RemoveTargets', { Rule: 'r', EventBusName: 'own', Ids: ['queue'] });
    await call('DeleteRule', { Name: 'r', EventBusName: 'own' });
    await call('DeleteEventBus', { Name: 'own' });
    await expect(call('DescribeEventBus', { Name: 'own' })).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
    });
    expect(await call('PutEvents', entry('own'))).toMatchObject({
      FailedEntryCount: 1,
      Entries: [{ ErrorCode: 'ResourceNotFoundException' }],
    });
  });

  it('takes events of other accounts only as its policy says', async () => {
    const fromOther = () => call('PutEvents', entry(arn), 'eu-west-1', '222233334444');
    expect(await fromOther()).toMatchObject({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'AccessDeniedException' }] });
    const statement = { EventBusName: 'own', StatementId: 'orders', Action: 'events:PutEvents' };
    await call('PutPermission', { ...statement, Principal: '222233334444' });
    expect(await fromOther()).toMatchObject({ FailedEntryCount: 0 });
    pass();
    expect(delivered[0]?.event).toMatchObject({ account: '222233334444', region: 'eu-west-1' });
    await call('RemovePermission', { EventBusName: 'own', StatementId: 'orders' });
    expect(await fromOther()).toMatchObject({ FailedEntryCount: 1 });
  });

  it('forwards nothing that was forwarded to it', async () => {
    const other = 'arn:aws:events:us-east-1:111122223333:event-bus/other';
    await call('PutTargets', { Rule: 'r', EventBusName: 'own', Targets: [{ Id: 'bus', Arn: other }] });
    await call('PutEvents', entry('own'));
    pass();
    expect(delivered).toHaveLength(2);
    const [{ event } = expect.fail('nothing came')] = delivered.splice(0);
    const sender = { principal: { service: 'events.amazonaws.com' }, accountId: '111122223333', context: {} };
    bus.receive(arn, event, sender);
    expect(delivered).toHaveLength(1);
  });

  it.each([
    'arn:aws:events:eu-west-1:111122223333:event-bus/default',
    'arn:aws:events:us-east-1:222233334444:event-bus/default',
    'arn:aws:states:us-east-1:111122223333:stateMachine:sweep',
  ])('needs a role for the target %s', async (target) => {
    const Targets = [{ Id: 'away', Arn: target }];
    await expect(call('PutTargets', { Rule: 'r', EventBusName: 'own', Targets })).rejects.toThrow(
      `RoleArn is required for target ${target}.`,
    );
  });
});
