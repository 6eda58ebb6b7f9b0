import { describe, expect, it } from 'vitest';
import { followUpMessage, readMessage } from '../../../src/domain/change-message.ts';
import { AccessDenied, InvalidInput, PolicyUnusable, ServiceUnavailable } from '../../../src/domain/errors.ts';
import type { World } from '../../../src/service/remediate.ts';
import { remediateBatch } from '../../../src/service/remediate-batch.ts';
import * as trail from '../../fixtures/cloudtrail.ts';
import { arn, credentials, snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

const other = { ...arn, functionName: 'invoices' };
const untagged = { readable: true, values: {} } as const;
const place = { awsRegion: arn.region };

/** A message with an event that names a function of the fixture's region. */
function messageOf(
  messageId: string,
  name: string = arn.functionName,
  record = trail.updateConfigurationRecord({ name }, place),
) {
  return { messageId, body: JSON.stringify(trail.eventBridgeEvent(record)) };
}

function deliver(world: World, ...messages: readonly { messageId: string; body: string }[]) {
  return remediateBatch(messages, (body) => readMessage(body, []), world);
}

const messagesOf = (logs: readonly Readonly<Record<string, unknown>>[]) => logs.filter(({ code }) => code);

describe('a batch', () => {
  it('is one look, however many messages name the same function', async () => {
    const { world, functions, logs } = createWorld();
    functions.put(snapshotOf({ tags: untagged }));
    const messages = [
      messageOf('one'),
      messageOf('two', `111122223333:function:${arn.functionName}`),
      messageOf(
        'three',
        arn.functionName,
        trail.updateCodeRecord(false, { ...place, requestParameters: { functionName: arn.functionName } }),
      ),
    ];
    expect(await deliver(world, ...messages)).toEqual([]);
    expect(functions.calls).toEqual(['GetFunction']);
    expect(logs).toHaveLength(1);
    expect(logs[0]).toMatchObject({ status: 'out-of-scope', reason: 'not-opted-in', eventIds: { length: 3 } });
  });

  it('is one look for each function', async () => {
    const { world, functions } = createWorld();
    functions.put(snapshotOf({ tags: untagged }));
    functions.put(snapshotOf({ arn: other, tags: untagged }));
    expect(await deliver(world, messageOf('one'), messageOf('two', 'invoices'), messageOf('three'))).toEqual([]);
    expect(functions.calls).toEqual(['GetFunction', 'GetFunction']);
  });

  it('of nothing is nothing', async () => {
    const { world, functions } = createWorld();
    expect(await deliver(world)).toEqual([]);
    expect(functions.calls).toEqual([]);
  });

  it('names as who did it whoever named the part that drifted, not whoever came last', async () => {
    const world = createWorld();
    await world.protect();
    world.pass(60);
    world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
    const by = (userName: string, eventTime: string, parameters: Record<string, unknown>) =>
      messageOf(userName, arn.functionName, {
        ...trail.updateConfigurationRecord(parameters, place),
        eventTime,
        eventID: userName,
        userIdentity: { ...trail.identities.iamUser, userName, arn: `arn:aws:iam::111122223333:user/${userName}` },
      } as ReturnType<typeof trail.updateConfigurationRecord>);
    await deliver(
      world.world,
      by('alice', '2026-11-23T12:00:50Z', { memorySize: 256 }),
      by('mallory', '2026-11-23T12:00:51Z', { layers: [] }),
      by('bob', '2026-11-23T12:00:52Z', { timeout: 9 }),
    );
    expect(world.record()?.cause).toMatchObject({ eventId: 'mallory', actor: { name: 'mallory' } });
  });
});

describe('a message that needs no look', () => {
  it('is done with before anything is asked of AWS, and the log says why', async () => {
    const { world, functions, logs } = createWorld();
    const messages = [
      messageOf('read', '', trail.getFunctionRecord() as unknown as ReturnType<typeof trail.updateConfigurationRecord>),
      {
        messageId: 'layer',
        body: JSON.stringify(
          trail.tagChangeEvent(['a'], { type: 'layer', resource: 'arn:aws:lambda:us-east-1:111122223333:layer:a' }),
        ),
      },
    ];
    expect(await deliver(world, ...messages)).toEqual([]);
    expect(functions.calls).toEqual([]);
    expect(logs).toEqual([
      { messageId: 'read', eventId: expect.any(String), dropped: 'read-only' },
      { messageId: 'layer', eventId: expect.any(String), dropped: 'not-a-function' },
    ]);
  });
});

describe('what goes wrong with one message', () => {
  it.each([
    ['is no JSON', 'hello'],
    [
      'is an event of something else',
      JSON.stringify(trail.eventBridgeEvent({}, { source: 'aws.ec2', 'detail-type': 'x' })),
    ],
    ['names no function', JSON.stringify(trail.eventBridgeEvent(trail.updateConfigurationRecord({ name: '%' })))],
    ['is longer than any event', JSON.stringify({ padding: 'x'.repeat(1_100_000) })],
  ])('that %s does not keep the others from being served, and the message comes back', async (_, body) => {
    const { world, functions, logs, record } = createWorld();
    functions.put(snapshotOf());
    expect(await deliver(world, { messageId: 'broken', body }, messageOf('whole'))).toEqual(['broken']);
    expect(record()?.status).toBe('drifted');
    const [failure, ...more] = messagesOf(logs);
    expect(more).toEqual([]);
    expect(failure).toEqual({ messageId: 'broken', code: 'invalid-input', retryable: false });
  });

  it.each([
    [
      'AWS lets us do nothing',
      new AccessDenied('reading function failed'),
      { code: 'access-denied', retryable: false },
    ],
    ['AWS’s answer makes no sense', new InvalidInput('no RevisionId'), { code: 'invalid-input', retryable: false }],
    ['something is wrong with ourselves', new TypeError('x is not a function'), { code: 'unexpected' }],
  ])('where %s brings back every message of that function, and of no other', async (_, error, logged) => {
    const { world, functions, logs } = createWorld();
    functions.put(snapshotOf({ arn: other, tags: untagged }));
    const failing: World = {
      ...world,
      functions: {
        ...world.functions,
        read: (of) => (of.functionName === arn.functionName ? Promise.reject(error) : functions.port.read(of)),
      },
    };
    const messages = [messageOf('one'), messageOf('other', 'invoices'), messageOf('two')];
    expect((await deliver(failing, ...messages)).sort()).toEqual(['one', 'two']);
    expect(messagesOf(logs)).toMatchObject([
      {
        functionArn: 'arn:aws:lambda:us-east-1:111122223333:function:orders',
        messageIds: ['one', 'two'],
        ...logged,
      },
    ]);
    expect(logs).toContainEqual(expect.objectContaining({ status: 'out-of-scope' }));
  });
});

describe('a service that is down', () => {
  const down = new ServiceUnavailable('reading function failed');
  const withLambdaDown = (world: World): World => ({
    ...world,
    functions: { ...world.functions, read: () => Promise.reject(down) },
  });
  const lookedOften = (attempt: number) => {
    const reading = readMessage(messageOf('one').body, []);
    if (!('change' in reading)) throw new Error('the message names no function');
    const followUp = { purpose: 'unavailable', attempt } as const;
    return { messageId: 'one', body: followUpMessage({ ...reading.change, followUp }) };
  };

  it('brings the function back after a second, with one look for all that was heard of it', async () => {
    const { world, queue, logs } = createWorld();
    expect(await deliver(withLambdaDown(world), messageOf('one'), messageOf('two'))).toEqual([]);
    expect(queue).toMatchObject([
      { change: { functionArn: arn, followUp: { purpose: 'unavailable', attempt: 1 } }, delaySeconds: 1 },
    ]);
    expect(messagesOf(logs)).toMatchObject([
      { messageIds: ['one', 'two'], code: 'service-unavailable', retryable: true },
    ]);
  });

  it('brings it back later each time, and at last the message stays what it is', async () => {
    const { world, queue } = createWorld();
    expect(await deliver(withLambdaDown(world), lookedOften(3))).toEqual([]);
    expect(queue).toMatchObject([{ change: { followUp: { attempt: 4 } }, delaySeconds: 8 }]);
    expect(await deliver(withLambdaDown(world), lookedOften(14))).toEqual(['one']);
    expect(queue).toHaveLength(1);
  });

  it('and the queue too: every message comes back', async () => {
    const { world } = createWorld();
    const failing: World = {
      ...withLambdaDown(world),
      followUps: { ...world.followUps, schedule: () => Promise.reject(new ServiceUnavailable('no queue')) },
    };
    expect((await deliver(failing, messageOf('one'), messageOf('two'))).sort()).toEqual(['one', 'two']);
  });
});

describe('a part of AWS that fails', () => {
  it('the table that is gone: nothing is changed, and the error names the table', async () => {
    const { world, functions, logs } = createWorld();
    functions.put(snapshotOf());
    const gone = new InvalidInput('reading the record failed: there is no table layerward-records');
    const failing: World = { ...world, records: { ...world.records, find: () => Promise.reject(gone) } };
    expect(await deliver(failing, messageOf('one'))).toEqual(['one']);
    expect(functions.calls).toEqual(['GetFunction']);
    expect(messagesOf(logs)).toMatchObject([{ code: 'invalid-input' }]);
  });

  it('the table that takes no writes: the function is not changed, since it could not be put back', async () => {
    const { world, functions, queue } = createWorld();
    functions.put(snapshotOf());
    const down = new ServiceUnavailable('writing the record failed');
    const failing: World = { ...world, records: { ...world.records, save: () => Promise.reject(down) } };
    expect(await deliver(failing, messageOf('one'))).toEqual([]);
    expect(functions.calls).toEqual(['GetFunction']);
    expect(queue).toHaveLength(1);
  });

  it('SNS: the function is looked at again, and the alert is sent once SNS is up again', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf({ variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/other' } }));
    world.setDown({ alerts: new ServiceUnavailable('sending the alert failed') });
    expect(await deliver(world.world, messageOf('one'))).toEqual([]);
    expect(world.record()).toMatchObject({ status: 'blocked', outbox: [{ reason: 'foreign-wrapper' }] });
    world.setDown({});
    await world.settle();
    expect(world.alerts).toMatchObject([{ status: 'blocked', reason: 'foreign-wrapper' }]);
    expect(world.record()?.outbox).toEqual([]);
  });

  it('the policy that can’t be used: nothing is decided about anything', async () => {
    const { world, functions, records, logs, queue } = createWorld();
    functions.put(snapshotOf());
    functions.put(snapshotOf({ arn: other }));
    const unusable = new PolicyUnusable('AppConfig has no policy for Layerward');
    const failing: World = { ...world, policies: { current: () => Promise.reject(unusable) } };
    expect(await deliver(failing, messageOf('one'), messageOf('two', 'invoices'))).toEqual([]);
    expect(queue).toMatchObject([{ delaySeconds: 1 }, { delaySeconds: 1 }]);
    expect(functions.calls).toEqual(['GetFunction', 'GetFunction']);
    expect(records.calls).toEqual([]);
    expect(messagesOf(logs)).toMatchObject([{ code: 'policy-unusable' }, { code: 'policy-unusable' }]);
  });

  it('the policy that names organizational units that nobody can see: nothing is decided', async () => {
    const { world, functions, logs } = createWorld('exclude: { organizationalUnits: [ou-ab12-cdefgh34] }');
    functions.put(snapshotOf());
    expect(await deliver(world, messageOf('one'))).toEqual([]);
    expect(functions.calls).toEqual(['GetFunction']);
    expect(messagesOf(logs)).toMatchObject([{ code: 'policy-unusable', retryable: true }]);
  });

  it('the queue: the function that was changed comes back by its own message', async () => {
    const { world, functions, record } = createWorld();
    functions.put(snapshotOf());
    const down = new ServiceUnavailable('putting a later look on the queue failed');
    const failing: World = { ...world, followUps: { ...world.followUps, schedule: () => Promise.reject(down) } };
    expect(await deliver(failing, messageOf('one'))).toEqual(['one']);
    functions.settle();
    expect(await deliver(world, messageOf('one'))).toEqual([]);
    expect(record()).toMatchObject({ status: 'protected', action: 'attached' });
  });
});

describe('a later look', () => {
  it('goes through the queue and is read from it again', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf());
    await deliver(world.world, messageOf('one'));
    world.functions.settle();
    const [scheduled] = world.queue;
    if (!scheduled) throw new Error('nothing was scheduled');
    expect(await deliver(world.world, { messageId: 'later', body: followUpMessage(scheduled.change) })).toEqual([]);
    expect(world.record()?.status).toBe('protected');
  });

  it('carries no credential', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf());
    await deliver(world.world, messageOf('one'));
    const bodies = world.queue.map(({ change }) => followUpMessage(change)).join();
    expect(bodies).not.toContain(credentials.key);
    expect(bodies).not.toContain(credentials.secret);
  });
});
