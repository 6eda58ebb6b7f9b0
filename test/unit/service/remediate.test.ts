import { describe, expect, it } from 'vitest';
import { shapeOf } from '../../../src/domain/attachment.ts';
import { FunctionBusy, RevisionChanged, ServiceUnavailable, Throttled } from '../../../src/domain/errors.ts';
import type { Outcome } from '../../../src/domain/record.ts';
import { arn, credentials, snapshotOf, vendorLayer } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

const untagged = { readable: true, values: {} } as const;

describe('a function that opts in', () => {
  it('is attached with two Lambda calls, and protected only once AWS says that the update took effect', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf());
    await world.look();
    expect(world.functions.calls).toEqual(['GetFunction', 'UpdateFunctionConfiguration']);
    expect(world.record()).toMatchObject({ status: 'drifted', action: 'sent' });
    expect(world.queue).toMatchObject([{ change: { followUp: { purpose: 'verify', attempt: 1 } }, delaySeconds: 1 }]);
    await world.settle();
    expect(world.record()).toMatchObject({ status: 'protected', action: 'attached', outbox: [] });
    expect(world.live()?.layers).toEqual([vendorLayer('nodejs14_x')]);
  });

  it('is looked at again while AWS still works on it, without an update', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf({ state: 'Pending' }));
    expect(await world.look()).toMatchObject({ status: 'waiting', reason: 'function-not-ready' });
    expect(world.functions.calls).toEqual(['GetFunction']);
    expect(world.queue).toMatchObject([{ change: { followUp: { purpose: 'not-ready', attempt: 1 } } }]);
    await world.settle();
    expect(world.record()?.status).toBe('protected');
  });

  it('is published as an event, and is no alert', async () => {
    const world = createWorld();
    await world.protect();
    expect(world.events.map(({ status, action }) => `${status} ${action}`)).toEqual(['protected attached']);
    expect(world.alerts).toEqual([]);
  });

  it('has its history, with who did it, by which event, what differed and what was done', async () => {
    const world = createWorld();
    await world.protect();
    expect([...world.records.history.values()]).toMatchObject([
      {
        status: 'drifted',
        action: 'sent',
        cause: { eventId: 'event-1', actor: { name: 'mallory' } },
        drift: [{ code: 'layer-missing' }, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}],
      },
      { status: 'protected', action: 'attached', durationMs: 1000 },
    ]);
  });
});

describe('calls', () => {
  it('are one in all for a function that did not opt in', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf({ tags: untagged, variables: { STAGE: 'prod' } }));
    expect(await world.look()).toMatchObject({ status: 'out-of-scope', reason: 'not-opted-in' });
    expect([...world.functions.calls, ...world.records.calls]).toEqual(['GetFunction']);
    expect(world.record()).toBeUndefined();
  });

  it('are one of Lambda and one of DynamoDB for a function that is protected', async () => {
    const world = createWorld();
    await world.protect();
    world.functions.calls.length = 0;
    world.records.calls.length = 0;
    await world.look();
    expect([...world.functions.calls, ...world.records.calls]).toEqual(['GetFunction', 'GetItem']);
  });

  it('are none of Lambda for a deleted function that nobody knows', async () => {
    const world = createWorld();
    await world.look(world.change({ kind: 'deleted', eventName: 'DeleteFunction' }));
    expect(world.functions.calls).toEqual([]);
  });
});

/** What is kept of the function, oldest first: event, status, action, and who did it. */
async function historyOf({ records, functionArn }: ReturnType<typeof createWorld>) {
  const outcomes: Outcome[] = [];
  for await (const outcome of records.port.history(functionArn)) outcomes.push(outcome);
  return outcomes
    .sort((a, b) => a.at.localeCompare(b.at))
    .map(({ cause, status, action }) => [cause.eventId, status, action, cause.actor?.name]);
}

describe('protection that somebody takes off', () => {
  it('is put back, and one alert names who did it and what differed', async () => {
    const world = createWorld();
    await world.protect();
    world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
    await world.look(world.change({ touched: ['Layers'] }));
    await world.settle();
    expect(world.live()?.layers).toEqual([vendorLayer('nodejs14_x')]);
    expect(world.alerts).toMatchObject([
      {
        status: 'protected',
        action: 'repaired',
        drift: [{ code: 'layer-missing' }],
        cause: { actor: { name: 'mallory' } },
      },
    ]);
  });

  it('is not laid at the door of whoever happened to change something else', async () => {
    const world = createWorld();
    await world.protect();
    world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
    await world.look(world.change({ touched: [], actor: { type: 'IAMUser', name: 'alice' } }));
    await world.settle();
    expect(world.alerts).toMatchObject([{ status: 'protected', action: 'repaired' }]);
    expect(world.alerts[0]?.cause.actor).toBeUndefined();
  });

  it('again and again is left to people after five times within the hour, who are told once', async () => {
    const world = createWorld();
    await world.protect();
    for (let round = 0; round < 8; round++) {
      world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
      await world.look();
      await world.settle();
      world.pass(60);
    }
    expect(world.record()).toMatchObject({ status: 'contested', reason: 'flapping' });
    expect(world.alerts.map(({ status }) => status)).toEqual([...Array(5).fill('protected'), 'contested']);
    expect(world.alerts.at(-1)?.cause.actor?.name).toBe('mallory');
    expect(world.live()?.layers).toEqual([]);
    world.pass(3600);
    await world.look();
    await world.settle();
    expect(world.record()?.status).toBe('protected');
  });

  it.each([
    ['was busy', () => new FunctionBusy('409')],
    ['throttled', () => new Throttled('429')],
    ['had another revision', () => new RevisionChanged('412')],
    ['refused, and then did not', () => ({ accepted: false, reason: 'aws-refused', detail: 'no' }) as const],
  ])('is not counted as put back where AWS %s', async (_, answer) => {
    const world = createWorld('contest: { repairs: 1 }');
    await world.protect();
    world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
    world.functions.answerOnce(answer);
    await world.look();
    await world.settle();
    await world.look();
    await world.settle();
    expect(world.record()).toMatchObject({ status: 'protected', action: 'repaired', repairs: [{}], repairCount: 1 });
    expect(world.alerts.map(({ status }) => status)).not.toContain('contested');
  });

  it('is counted once, also where a deployment goes on with calls of its own before it is put back', async () => {
    const world = createWorld();
    await world.protect();
    world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
    const busy = () => new FunctionBusy('409');
    const deployment = [['Layers'], [], ['Layers', 'Runtime']].map((touched) => world.change({ touched }));
    world.pass(3);
    for (const call of deployment) {
      world.functions.answerOnce(busy);
      await world.look(call);
    }
    await world.settle();
    expect(world.record()).toMatchObject({ status: 'protected', action: 'repaired', repairs: [{}] });
  });

  it('before it is verified is a change of its own, which nobody is known to have made', async () => {
    const world = createWorld();
    await world.protect();
    world.pass(60);
    world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
    await world.look(world.change({ eventId: 'first', touched: ['Layers'] }));
    world.functions.settle();
    world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
    await world.settle();
    expect(world.live()?.layers).toEqual([vendorLayer('nodejs14_x')]);
    expect(await historyOf(world)).toMatchObject([
      ['event-1', 'drifted', 'sent', 'mallory'],
      ['event-1', 'protected', 'attached', 'mallory'],
      ['first', 'drifted', 'sent', 'mallory'],
      ['first+', 'drifted', 'sent', undefined],
      ['first+', 'protected', 'repaired', undefined],
    ]);
  });

  it('is blamed on nobody whose change came before all was last in place, and is told of late', async () => {
    const world = createWorld();
    await world.protect();
    world.pass(60);
    const late = world.change({ eventId: 'late', actor: { type: 'IAMUser', name: 'alice' } });
    world.pass(10);
    for (const eventId of ['told', undefined]) {
      world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
      await world.look(eventId === undefined ? late : world.change({ eventId }));
      await world.settle();
      world.pass(60);
    }
    expect((await historyOf(world)).slice(2)).toMatchObject([
      ['told', 'drifted', 'sent', 'mallory'],
      ['told', 'protected', 'repaired', 'mallory'],
      ['late+', 'drifted', 'sent', undefined],
      ['late+', 'protected', 'repaired', undefined],
    ]);
  });

  it('names whoever did it within the same second as the look that found all in place', async () => {
    const world = createWorld();
    await world.protect();
    world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
    const [second = ''] = (world.record()?.updatedAt ?? '').split('.');
    await world.look(world.change({ eventId: 'soon', eventTime: `${second}Z` }));
    expect(world.record()?.cause).toMatchObject({ eventId: 'soon', actor: { name: 'mallory' } });
  });

  it('before it is verified, each time, is left to people as well', async () => {
    const world = createWorld();
    await world.protect();
    world.pass(60);
    world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
    await world.look();
    for (let round = 0; round < 8; round++) {
      world.functions.settle();
      world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
      const [verification] = world.queue.splice(0);
      if (verification) await world.look(verification.change);
    }
    expect(world.record()).toMatchObject({ status: 'contested', reason: 'flapping' });
  });

  it('once more is kept in the history, though the event that comes with it was told of before', async () => {
    const world = createWorld();
    await world.protect();
    const twice = world.change({ eventId: 'twice', touched: ['Layers'] });
    for (const _ of ['once', 'again']) {
      world.pass(60);
      world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
      await world.look(twice);
      await world.settle();
    }
    expect((await historyOf(world)).slice(2)).toMatchObject([
      ['twice', 'drifted', 'sent', 'mallory'],
      ['twice', 'protected', 'repaired', 'mallory'],
      ['twice+', 'drifted', 'sent', undefined],
      ['twice+', 'protected', 'repaired', undefined],
    ]);
  });

  it('and is put back at the second attempt is one change, of the one who made it', async () => {
    const world = createWorld();
    await world.protect();
    world.pass(60);
    world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
    world.functions.answerOnce(() => new Throttled('slower'));
    await world.look(world.change({ eventId: 'once', touched: ['Layers'] }));
    await world.settle();
    expect((await historyOf(world)).slice(2)).toMatchObject([
      ['once', 'drifted', 'sent', 'mallory'],
      ['once', 'protected', 'repaired', 'mallory'],
    ]);
  });

  it('in audit mode is announced once and not touched', async () => {
    const world = createWorld();
    await world.protect();
    world.setPolicy('mode: audit');
    world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
    world.functions.calls.length = 0;
    await world.look();
    await world.look();
    expect(world.functions.calls).toEqual(['GetFunction', 'GetFunction']);
    expect(world.alerts).toMatchObject([{ status: 'drifted', action: 'reported', reason: 'layer-missing' }]);
  });
});

describe('a change that only follows the policy', () => {
  it('rotated credentials are brought up to date without an alert', async () => {
    const world = createWorld();
    await world.protect();
    world.setSecret({ found: { key: 'rotated-key', secret: 'rotated-secret' } });
    await world.look();
    await world.settle();
    expect(world.record()).toMatchObject({ status: 'protected', action: 'updated', repairs: [] });
    expect(world.alerts).toEqual([]);
  });
});

describe('a release', () => {
  it('gives the function back exactly, and drops what was attached from the record', async () => {
    const world = createWorld();
    const before = snapshotOf({
      runtime: 'python3.7',
      handler: 'app.main',
      layers: ['arn:aws:lambda:us-east-1:111122223333:layer:team:1'],
      variables: { STAGE: 'prod', TREND_AP_LOG_FILE: '/tmp/x' },
    });
    world.functions.put(before);
    await world.look();
    await world.settle();
    world.functions.put({ ...(world.live() ?? before), tags: untagged });
    await world.look(world.change({ kind: 'tagged', tagKeys: ['layerward:protect'], touched: ['Tags'] }));
    await world.settle();
    expect(shapeOf(world.live() ?? before)).toEqual(shapeOf(before));
    expect(world.record()).toMatchObject({ status: 'released', reason: 'opted-out', action: 'released' });
    expect(world.record()?.attachment).toBeUndefined();
    expect(world.alerts).toMatchObject([{ status: 'released', reason: 'opted-out' }]);
  });

  it('in audit mode only is announced', async () => {
    const world = createWorld();
    await world.protect();
    world.setPolicy('mode: audit');
    world.functions.put({ ...(world.live() ?? snapshotOf()), tags: untagged });
    await world.look();
    await world.look();
    expect(world.live()?.layers).toHaveLength(1);
    expect(world.alerts).toMatchObject([{ status: 'release', action: 'reported' }]);
  });

  it('is only noted where the team took everything off itself', async () => {
    const world = createWorld();
    await world.protect();
    world.functions.put(snapshotOf({ tags: untagged }));
    world.functions.calls.length = 0;
    await world.look(world.change({ kind: 'tagged', tagKeys: ['layerward:protect'], touched: ['Tags'] }));
    expect(world.functions.calls).toEqual(['GetFunction']);
    expect(world.record()).toMatchObject({ status: 'released', action: 'none' });
  });

  it('leaves alone the credentials that a team had set itself, where the first update was refused', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf({ variables: { TREND_AP_KEY: 'own-key' } }));
    world.functions.answerOnce(() => new ServiceUnavailable('no answer'));
    await expect(world.look()).rejects.toThrow('no answer');
    world.functions.put({ ...(world.live() ?? snapshotOf()), tags: untagged });
    await world.look(world.change({ kind: 'tagged', tagKeys: ['layerward:protect'], touched: ['Tags'] }));
    expect(shapeOf(world.live() ?? snapshotOf()).variables).toEqual({ TREND_AP_KEY: 'own-key' });
  });
});

describe('AWS’s answers', () => {
  it('a changed revision is read and decided again at once', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf());
    world.functions.answerOnce(() => new RevisionChanged('412'));
    await world.look();
    expect(world.functions.calls).toEqual([
      'GetFunction',
      'UpdateFunctionConfiguration',
      'GetFunction',
      'UpdateFunctionConfiguration',
    ]);
    await world.settle();
    expect(world.record()?.status).toBe('protected');
  });

  it.each([
    ['function-busy', () => new FunctionBusy('409'), 1],
    ['throttled', () => new Throttled('429', { retryAfterSeconds: 7 }), 7],
  ] as const)(
    '%s goes back to the queue, and the function is protected later',
    async (purpose, answer, delaySeconds) => {
      const world = createWorld();
      world.functions.put(snapshotOf());
      world.functions.answerOnce(answer);
      expect(await world.look()).toMatchObject({ status: 'waiting', reason: purpose });
      expect(world.queue).toMatchObject([{ change: { followUp: { purpose, attempt: 1 } }, delaySeconds }]);
      await world.settle();
      expect(world.record()?.status).toBe('protected');
    },
  );

  it.each([
    ['the only attempt', true, 0],
    ['one of several attempts, of which another may have had its effect', false, 1],
  ])('for now, to %s, leave what was written ahead on record accordingly', async (_, hadNoEffect, pending) => {
    for (const answer of [
      new FunctionBusy('409', { hadNoEffect }),
      new Throttled('429', { hadNoEffect }),
      // Revisions that change again and again send the look back to the queue as well.
      new RevisionChanged('412', { hadNoEffect }),
    ]) {
      const world = createWorld();
      world.functions.put(snapshotOf());
      Object.assign(world.world.functions, { update: () => Promise.reject(answer) });
      await world.look();
      expect(world.queue).toHaveLength(1);
      expect(world.record()?.pending).toHaveLength(pending);
      expect(world.record()?.attachment).toBeUndefined();
    }
  });

  it('a refusal blocks the function with AWS’s words, and nothing counts as attached', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf());
    world.functions.answerOnce(() => ({
      accepted: false,
      reason: 'code-signing',
      detail: 'CodeVerificationFailedException: unsigned',
    }));
    await world.look();
    expect(world.record()).toMatchObject({
      status: 'blocked',
      reason: 'code-signing',
      detail: 'CodeVerificationFailedException: unsigned',
    });
    expect(world.record()?.attachment).toBeUndefined();
    expect(world.alerts).toMatchObject([{ status: 'blocked', reason: 'code-signing' }]);
  });

  it('an update that was accepted and failed is blocked with AWS’s words, and the same is not said twice', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf());
    await world.look();
    await world.settle('Failed', 'You have exceeded the maximum limit for ENIs');
    expect(world.record()).toMatchObject({
      status: 'blocked',
      reason: 'aws-refused',
      detail: 'You have exceeded the maximum limit for ENIs',
    });
    await world.look();
    await world.settle('Failed', 'You have exceeded the maximum limit for ENIs');
    expect(world.alerts).toHaveLength(1);
  });

  it('no answer at all comes back through the queue; where the update took effect all the same, nothing is sent twice', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf());
    const { update } = world.functions.port;
    world.functions.port.update = async (plan) => {
      await update(plan);
      throw new ServiceUnavailable('socket hang up');
    };
    const change = world.change();
    await expect(world.look(change)).rejects.toThrow('socket hang up');
    world.functions.port.update = update;
    world.functions.calls.length = 0;
    await world.look(change);
    await world.settle();
    expect(world.functions.calls).not.toContain('UpdateFunctionConfiguration');
    expect(world.record()).toMatchObject({ status: 'protected', action: 'attached' });
  });
});

describe('a record', () => {
  it('is not changed, and nobody is told again, when the same event comes twice', async () => {
    const world = createWorld();
    await world.protect();
    world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
    const change = world.change();
    await world.look(change);
    await world.settle();
    const before = structuredClone(world.record());
    await world.look(change);
    expect(world.record()).toEqual(before);
    expect(world.alerts).toHaveLength(1);
    expect(world.record()?.repairs).toHaveLength(1);
  });

  it('that another look wrote meanwhile is read again', async () => {
    const world = createWorld();
    await world.protect();
    world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
    const { save } = world.records.port;
    let isFirst = true;
    world.records.port.save = async (record) => {
      if (!isFirst) return save(record);
      isFirst = false;
      return 'stale';
    };
    await world.look();
    await world.settle();
    expect(world.record()?.status).toBe('protected');
  });

  it('that is younger than what was read of the function is not judged by it: the function is read again', async () => {
    const world = createWorld();
    const { functions } = world.world;
    const { read } = functions;
    world.functions.put(snapshotOf());
    const bare = await read(arn);
    Object.assign(functions, {
      // The answer takes its time, in which another look attaches and verifies.
      read: async () => {
        Object.assign(functions, { read });
        world.pass(1);
        await world.protect();
        return bare;
      },
    });
    world.functions.calls.length = 0;
    await world.look();
    expect(world.functions.calls.filter((call) => call === 'UpdateFunctionConfiguration')).toHaveLength(1);
    expect(world.record()).toMatchObject({ status: 'protected', action: 'attached', pending: [] });
  });

  it('keeps what could not be announced, and the next look makes up for it', async () => {
    const world = createWorld();
    await world.protect();
    world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
    await world.look();
    world.setDown({ alerts: new ServiceUnavailable('SNS is down') });
    await expect(world.settle()).rejects.toThrow('SNS is down');
    expect(world.record()).toMatchObject({ status: 'protected', outbox: [{}, {}] });
    world.setDown({});
    await world.look();
    expect(world.alerts).toMatchObject([{ action: 'repaired' }]);
    expect(world.record()?.outbox).toEqual([]);
  });

  it('of a deleted function says so', async () => {
    const world = createWorld();
    await world.protect();
    world.functions.remove(world.functionArn);
    await world.look(world.change({ kind: 'deleted', eventName: 'DeleteFunction' }));
    expect(world.record()).toMatchObject({ status: 'deleted' });
    expect(world.record()?.attachment).toBeUndefined();
  });

  it('is forgotten where a blocked function opts out before anything was attached', async () => {
    const world = createWorld();
    world.setSecret({ missing: 'the secret does not exist' });
    world.functions.put(snapshotOf());
    await world.look();
    expect(world.record()).toMatchObject({ status: 'blocked', reason: 'credentials-missing' });
    world.functions.put(snapshotOf({ tags: untagged }));
    await world.look(world.change({ kind: 'tagged', tagKeys: ['layerward:protect'] }));
    expect(world.record()).toBeUndefined();
  });

  it('and everything else that is kept, told or logged holds no credential', async () => {
    const world = createWorld();
    await world.protect();
    world.functions.put({ ...(world.live() ?? snapshotOf()), environment: { readable: true, variables: {} } });
    await world.look();
    await world.settle();
    const all = JSON.stringify([
      [...world.records.records.values()],
      [...world.records.history.values()],
      world.alerts,
      world.events,
      world.logs,
      world.queue,
    ]);
    expect(all).not.toContain(credentials.key);
    expect(all).not.toContain(credentials.secret);
  });
});

describe('tags that can’t be read', () => {
  it('block the function, release nothing, and are asked for again', async () => {
    const world = createWorld();
    await world.protect();
    world.functions.put({ ...(world.live() ?? snapshotOf()), tags: { readable: false, errorCode: 'AccessDenied' } });
    await world.look();
    expect(world.live()?.layers).toHaveLength(1);
    expect(world.record()).toMatchObject({ status: 'blocked', reason: 'tags-unreadable' });
    expect(world.queue).toMatchObject([{ change: { followUp: { purpose: 'tags-unreadable' } } }]);
  });

  it('of a function that never opted in leave no record in the end', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf({ tags: { readable: false, errorCode: 'AccessDenied' } }));
    await world.look();
    expect(world.alerts).toEqual([]);
    world.functions.put(snapshotOf({ tags: untagged }));
    await world.settle();
    expect(world.record()).toBeUndefined();
  });
});

describe('a function that never gets ready', () => {
  it('goes to the dead letters in the end, with words that say so', async () => {
    const world = createWorld();
    world.functions.put(snapshotOf({ state: 'Pending' }));
    const last = world.change({ followUp: { purpose: 'not-ready', attempt: 14 } });
    await expect(world.look(last)).rejects.toThrow(/looked at 14 times/);
  });
});
