import { describe, expect, it } from 'vitest';
import { type Attachment, rebuiltDetail } from '../../../src/domain/attachment.ts';
import type { Change } from '../../../src/domain/change.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import type { Drift, DriftCode } from '../../../src/domain/drift.ts';
import {
  attachmentInForce,
  type Cause,
  causeOf,
  type FunctionRecord,
  goalMark,
  purposeOf,
  recordDeleted,
  recordObstacle,
  recordProtected,
  recordReleased,
  recordStatuses,
  recordUpdate,
  repairsOf,
  withUndone,
} from '../../../src/domain/record.ts';
import { type AttachmentChanges, attachmentOf, acmeLayer as layer } from '../../fixtures/acme-guard.ts';
import { arn, snapshotOf } from '../../fixtures/snapshot.ts';

const functionArn = 'arn:aws:lambda:us-east-1:111122223333:function:orders';
const mallory = { type: 'IAMUser', name: 'mallory' };
const now = new Date('2026-11-23T12:00:00.000Z');
const cause: Cause = {
  eventId: 'event-2',
  eventName: 'UpdateFunctionConfiguration',
  eventTime: '2026-11-23T11:59:58.000Z',
  actor: mallory,
};
const earlier: Cause = { ...cause, eventId: 'event-1', eventTime: '2026-11-23T11:00:00.000Z' };

/** A function that is protected since long. */
function recordOf(changes: Partial<FunctionRecord> = {}): FunctionRecord {
  return {
    functionArn,
    version: 7,
    status: 'protected',
    reason: '',
    detail: '',
    action: 'attached',
    drift: [],
    cause: earlier,
    since: '2026-11-23T11:00:03.000Z',
    updatedAt: '2026-11-23T11:30:00.000Z',
    runtime: 'nodejs14.x',
    architecture: 'x86_64',
    agent: 'acme-guard',
    variant: 'node',
    group: 'default',
    attachment: attachmentOf(),
    pending: [],
    goalMark: goalMark(attachmentOf()),
    purpose: 'attached',
    repairs: [],
    repairCount: 4,
    outbox: [],
    ...changes,
  };
}

const drift: readonly Drift[] = [
  { code: 'layer-missing', path: 'Layers', expected: layer(3) },
  { code: 'variable-missing', path: 'Environment.Variables.ACME_MODE', expected: 'block' },
];
const plan = (attachment: Attachment | undefined) => ({
  functionArn,
  revisionId: 'revision-1',
  update: {},
  attachment,
});
const drifted = (
  attachment: Attachment = attachmentOf(),
  mode: 'enforce' | 'audit' = 'enforce',
): Extract<Decision, { status: 'drifted' }> => ({
  status: 'drifted',
  reason: 'layer-missing',
  drift,
  mode,
  plan: { ...plan(attachment), attachment },
});
const leaving = (mode: 'enforce' | 'audit' = 'enforce'): Extract<Decision, { status: 'release' }> => ({
  status: 'release',
  reason: 'opted-out',
  detail: 'its opt-in tag was taken off',
  mode,
  plan: plan(attachmentOf()),
});
const other = (n: number) => attachmentOf({ variant: `node-${n}` });
const outcomes = (count: number) => {
  const { outcome } = recordDeleted(recordOf(), cause, now);
  if (!outcome) throw new Error('a deletion has an outcome');
  return Array.from({ length: count }, (_, index) => ({ ...outcome, durationMs: index }));
};

describe('what a record says of a function', () => {
  it('is one of the statuses that are stored, and so never renamed', () => {
    expect(recordStatuses).toEqual([
      'protected',
      'drifted',
      'blocked',
      'contested',
      'unsupported',
      'release',
      'released',
      'deleted',
    ]);
  });
});

describe('the cause of an outcome', () => {
  const change: Change = { ...cause, functionArn: arn, kind: 'configured', touched: ['Layers'], tagKeys: [] };

  it('names who did it only where that may be told', () => {
    const { actor: _, ...unnamed } = cause;
    expect(causeOf(change, true)).toStrictEqual(cause);
    expect(causeOf(change, false)).toStrictEqual(unnamed);
    const { actor: __, ...unknown } = change;
    expect(causeOf(unknown, true)).toStrictEqual(unnamed);
  });
});

describe('what of ours is on a function', () => {
  const old = attachmentOf();
  const newer = attachmentOf({ applied: { layerArn: layer(4), variables: { ACME_MODE: 'watch', ACME_TAG: 'x' } } });
  const newest = attachmentOf({ applied: { layerArn: layer(5), variables: { ACME_MODE: 'watch' } } });
  const inForce = (
    attachment: Attachment | undefined,
    pending: readonly Attachment[],
    changes: Parameters<typeof snapshotOf>[0],
  ) => attachmentInForce({ ...(attachment ? { attachment } : {}), pending }, snapshotOf(changes));

  it('is what was verified, where nothing was sent since', () => {
    expect(inForce(old, [], { layers: [] })).toBe(old);
    expect(inForce(undefined, [], { layers: [layer(3)] })).toBeUndefined();
  });

  it('is nothing where nothing that was sent is seen on it', () => {
    expect(inForce(undefined, [newest, newer], { layers: [] })).toBeUndefined();
  });

  it('is what was verified, where nothing that was sent is seen on it', () => {
    expect(inForce(old, [newest], { layers: [layer(3)], variables: { ACME_MODE: 'block' } })).toBe(old);
  });

  it('is the update that fits best, whichever was sent last', () => {
    const asNewer = { layers: [layer(4)], variables: { ACME_MODE: 'watch', ACME_TAG: 'x' } };
    expect(inForce(old, [newest, newer], asNewer)).toBe(newer);
    const asNewest = { layers: [layer(5)], variables: { ACME_MODE: 'watch' } };
    expect(inForce(old, [newest, newer], asNewest)).toBe(newest);
    expect(inForce(undefined, [newer, newest], asNewest)).toBe(newest);
    const asOld = { layers: [layer(3)], variables: { ACME_MODE: 'block' } };
    expect(inForce(newest, [newer, old], asOld)).toBe(old);
  });

  it('is the newest of several that fit as well', () => {
    expect(inForce(old, [newest, newer], { variables: { ACME_MODE: 'watch', ACME_TAG: 'y' } })).toBe(newest);
    const twin = attachmentOf({ group: 'other' });
    expect(inForce(old, [twin], { layers: [layer(3)], variables: { ACME_MODE: 'block' } })).toBe(twin);
  });

  it('is told by the Handler where that was redirected', () => {
    const redirected = attachmentOf({
      applied: { layerArn: layer(3), handler: 'acme.handler', handlerVariable: 'ACME_HANDLER' },
    });
    const bare = { layers: [layer(3)], variables: { ACME_MODE: 'block' } };
    expect(inForce(old, [redirected], { ...bare, handler: 'acme.handler' })).toBe(redirected);
    expect(inForce(redirected, [old], { ...bare, handler: 'index.handler' })).toBe(old);
    expect(inForce(undefined, [redirected], { handler: 'acme.handler' })).toBe(redirected);
    expect(inForce(undefined, [redirected], { handler: 'index.handler' })).toBeUndefined();
  });

  it('is not told by a Handler that an update left as it was', () => {
    const changed = { layers: [layer(4)], variables: { ACME_MODE: 'watch' }, handler: 'app.other' };
    expect(inForce(undefined, [newer], changed)).toBe(newer);
  });

  it('is told by a Handler that one update redirected and the other left alone', () => {
    const redirected = attachmentOf({ applied: { handler: 'acme.handler', handlerVariable: 'ACME_HANDLER' } });
    const bare = { layers: [layer(3)], variables: { ACME_MODE: 'block' } };
    expect(inForce(old, [redirected], { ...bare, handler: 'index.handler' })).toBe(old);
    expect(inForce(old, [redirected], { ...bare, handler: 'app.new' })).toBe(old);
  });

  it('is told by variables that one update brings and the other does not', () => {
    const more = attachmentOf({ applied: { variables: { ACME_MODE: 'block', ACME_TAG: 'x' } } });
    const snapshot = { layers: [layer(3)], variables: { ACME_MODE: 'block' } };
    expect(inForce(old, [more], snapshot)).toBe(old);
    expect(inForce(more, [old], snapshot)).toBe(old);
    expect(inForce(more, [old], { ...snapshot, variables: { ACME_MODE: 'block', ACME_TAG: 'x' } })).toBe(more);
    expect(inForce(old, [more], { ...snapshot, variables: { ACME_MODE: 'block', ACME_TAG: 'x' } })).toBe(more);
  });

  it('is told by a variable that one update gives back and the other replaces', () => {
    const replacing = attachmentOf({
      applied: { variables: { ACME_MODE: 'block', ACME_TAG: 'x' } },
      before: { variables: { ACME_TAG: 'team' } },
    });
    const giving = attachmentOf({ before: { variables: { ACME_TAG: 'team' } } });
    const on = (ACME_TAG: string) => ({ layers: [layer(3)], variables: { ACME_MODE: 'block', ACME_TAG } });
    expect(inForce(giving, [replacing], on('x'))).toBe(replacing);
    expect(inForce(replacing, [giving], on('team'))).toBe(giving);
    expect(inForce(giving, [replacing], on('other'))).toBe(giving);
  });
});

describe('the record before an update is sent', () => {
  it('holds all that is needed to put a new function back', () => {
    const { record, outcome } = recordUpdate(undefined, snapshotOf(), drifted(), cause, 'default', now);
    const said = {
      functionArn,
      status: 'drifted',
      reason: 'layer-missing',
      detail: '',
      action: 'sent',
      drift,
      cause,
    };
    expect(record).toStrictEqual({
      ...said,
      version: 1,
      since: now.toISOString(),
      updatedAt: now.toISOString(),
      runtime: 'nodejs14.x',
      architecture: 'x86_64',
      pending: [attachmentOf()],
      group: 'default',
      purpose: 'attached',
      repairs: [],
      repairCount: 0,
      outbox: [outcome],
    });
    expect(outcome).toStrictEqual({ ...said, at: now.toISOString(), durationMs: 2_000, group: 'default' });
  });

  it('keeps what was verified, and says what the function was', () => {
    const known = recordOf({
      announced: 'blocked layer-limit',
      repairs: [{ at: earlier.eventTime, eventId: 'event-0' }],
    });
    const { record, outcome } = recordUpdate(known, snapshotOf(), drifted(other(1)), cause, 'blue', now);
    expect(record).toMatchObject({
      version: 8,
      attachment: attachmentOf(),
      pending: [other(1)],
      group: 'blue',
      announced: 'blocked layer-limit',
      repairs: [{ at: earlier.eventTime, eventId: 'event-0' }],
      repairCount: 4,
    });
    expect(outcome).toMatchObject({
      agent: 'acme-guard',
      variant: 'node',
      group: 'blue',
      previous: { status: 'protected', reason: '' },
    });
    expect(record).not.toHaveProperty('goalMark');
  });

  it('is of the group of what was verified, where nobody names one', () => {
    const { record, outcome } = recordUpdate(recordOf(), snapshotOf(), drifted(), cause, undefined, now);
    expect(record.group).toBe('default');
    expect(outcome?.group).toBe('default');
    const first = recordUpdate(undefined, snapshotOf(), drifted(), cause, undefined, now);
    expect(first.record).not.toHaveProperty('group');
    expect(first.outcome).not.toHaveProperty('group');
  });

  it('only reports in audit mode, and expects nothing to take effect', () => {
    const known = recordOf({ pending: [other(1)] });
    const { record } = recordUpdate(known, snapshotOf(), drifted(attachmentOf(), 'audit'), cause, 'default', now);
    expect(record).toMatchObject({ status: 'drifted', action: 'reported', pending: [other(1)] });
    expect(
      recordUpdate(undefined, snapshotOf(), drifted(attachmentOf(), 'audit'), cause, 'g', now).record,
    ).toMatchObject({
      action: 'reported',
      pending: [],
    });
  });

  it('says why a release is sent, and keeps what is to be released', () => {
    const known = recordOf({ pending: [other(1)] });
    const { record } = recordUpdate(known, snapshotOf(), leaving(), cause, undefined, now);
    expect(record).toMatchObject({
      status: 'release',
      reason: 'opted-out',
      detail: 'its opt-in tag was taken off',
      action: 'sent',
      drift: [],
      purpose: 'released',
      attachment: attachmentOf(),
      pending: [other(1)],
    });
    expect(recordUpdate(known, snapshotOf(), leaving('audit'), cause, undefined, now).record.action).toBe('reported');
    expect(recordUpdate(undefined, snapshotOf(), leaving(), cause, undefined, now).record.pending).toStrictEqual([]);
  });

  it('remembers each different update once, the newest first, and twenty at the most', () => {
    const many = Array.from({ length: 20 }, (_, n) => other(n));
    const pendingAfter = (pending: readonly Attachment[], planned: Attachment) =>
      recordUpdate(recordOf({ pending }), snapshotOf(), drifted(planned), cause, 'default', now).record.pending;
    expect(pendingAfter([other(1), other(2)], other(2))).toStrictEqual([other(2), other(1)]);
    expect(pendingAfter([other(1)], other(2))).toStrictEqual([other(2), other(1)]);
    expect(pendingAfter(many, other(20))).toStrictEqual([other(20), ...many.slice(0, 19)]);
  });

  it('leaves the runtime out where the function has none', () => {
    const { record } = recordUpdate(undefined, snapshotOf({ runtime: undefined }), drifted(), cause, 'default', now);
    expect(record).not.toHaveProperty('runtime');
  });

  it('has an outcome each time an update is sent, but only once where it is reported', () => {
    const sent = recordUpdate(undefined, snapshotOf(), drifted(), cause, 'default', now).record;
    expect(recordUpdate(sent, snapshotOf(), drifted(), cause, 'default', now).outcome).toBeDefined();
    const audit = drifted(attachmentOf(), 'audit');
    const reported = recordUpdate(undefined, snapshotOf(), audit, cause, 'default', now).record;
    const later = new Date('2026-11-23T13:00:00.000Z');
    const again = recordUpdate(reported, snapshotOf(), audit, cause, 'default', later);
    expect(again.outcome).toBeUndefined();
    expect(again.record).toMatchObject({
      version: 2,
      since: now.toISOString(),
      updatedAt: later.toISOString(),
      outbox: reported.outbox,
    });
  });

  it.each<[string, Partial<FunctionRecord>]>([
    ['its status', { status: 'blocked' }],
    ['its reason', { reason: 'layer-version' }],
    ['what was done', { action: 'none' }],
    ['its drift', { drift: [] }],
    ['the code of its drift', { drift: drift.map((one) => ({ ...one, code: 'layer-version' as const })) }],
    ['the place of its drift', { drift: drift.map((one) => ({ ...one, path: 'Handler' })) }],
  ])('has an outcome where %s was another', (_, changes) => {
    const audit = drifted(attachmentOf(), 'audit');
    const reported = recordUpdate(undefined, snapshotOf(), audit, cause, 'default', new Date(earlier.eventTime)).record;
    const { outcome, record } = recordUpdate({ ...reported, ...changes }, snapshotOf(), audit, cause, 'default', now);
    expect(outcome).toBeDefined();
    expect(record.since).toBe(now.toISOString());
  });

  it('has no outcome where the same drift is listed in another order, or with other values', () => {
    const audit = drifted(attachmentOf(), 'audit');
    const reported = recordUpdate(undefined, snapshotOf(), audit, cause, 'default', now).record;
    const listed = [...drift].reverse().map(({ code, path }) => ({ code, path }));
    expect(
      recordUpdate({ ...reported, drift: listed }, snapshotOf(), audit, cause, 'default', now).outcome,
    ).toBeUndefined();
  });

  it('keeps the last fifty outcomes that nobody was told of', () => {
    const outbox = outcomes(50);
    const { record, outcome } = recordUpdate(recordOf({ outbox }), snapshotOf(), drifted(), cause, 'default', now);
    expect(record.outbox).toStrictEqual([...outbox.slice(1), outcome]);
    const gone = recordDeleted(recordOf({ outbox }), cause, now);
    expect(gone.record.outbox).toStrictEqual([...outbox.slice(1), gone.outcome]);
  });

  it('has room for one more outcome where a later one repeats it: no kind of change goes untold', () => {
    const [first, second, ...rest] = outcomes(50);
    if (!first || !second) throw new Error('there are fifty');
    const outboxAfter = (outbox: FunctionRecord['outbox']) =>
      recordUpdate(recordOf({ outbox }), snapshotOf(), drifted(), cause, 'default', now).record.outbox;
    for (const other of [
      { ...first, status: 'contested' as const },
      { ...first, reason: 'of its own' },
      { ...first, action: 'reported' as const },
    ]) {
      expect(outboxAfter([other, second, ...rest]).slice(0, -1)).toStrictEqual([other, ...rest]);
      expect(outboxAfter([second, ...rest, other])[0]).toStrictEqual(rest[0]);
    }
    const distinct = outcomes(50).map((outcome, index) => ({ ...outcome, reason: `reason ${index}` }));
    expect(outboxAfter(distinct).slice(0, -1)).toStrictEqual(distinct.slice(1));
    expect(outboxAfter(distinct.slice(1))).toHaveLength(50);
  });

  it('counts no time where the clocks of AWS and ours differ', () => {
    const ahead = { ...cause, eventTime: '2026-11-23T12:00:01.000Z' };
    expect(recordUpdate(undefined, snapshotOf(), drifted(), ahead, 'g', now).outcome?.durationMs).toBe(0);
  });
});

describe('the purpose of an update', () => {
  const one = (code: DriftCode, path: string, expected?: string): Drift => ({
    code,
    path,
    ...(expected === undefined ? {} : { expected }),
  });
  const variable = (name: string) => `Environment.Variables.${name}`;
  const whole = { layers: [layer(3)], variables: { ACME_MODE: 'block' } };
  const purpose = (
    snapshot: Parameters<typeof snapshotOf>[0],
    found: readonly Drift[],
    planned = attachmentOf(),
    record: FunctionRecord | undefined = recordOf(),
  ) => purposeOf(record, snapshotOf(snapshot), planned, found);

  it('is to attach where nothing was verified yet', () => {
    const { attachment: _, ...unverified } = recordOf({ pending: [attachmentOf()] });
    expect(purpose({}, drift, attachmentOf(), unverified)).toBe('attached');
    expect(purposeOf(undefined, snapshotOf(), attachmentOf(), drift)).toBe('attached');
  });

  it('is to repair where the layer is off', () => {
    expect(purpose({ ...whole, layers: [] }, [one('layer-missing', 'Layers', layer(3))])).toBe('repaired');
    expect(
      purpose(
        { ...whole, layers: [] },
        [one('layer-missing', 'Layers', layer(4))],
        attachmentOf({ applied: { layerArn: layer(4) } }),
      ),
    ).toBe('repaired');
  });

  it('is to repair where a layer was put beside ours', () => {
    expect(purpose(whole, [one('layer-of-other-variant', 'Layers')])).toBe('repaired');
  });

  it('is to update where the layer is as we left it, and another is wanted', () => {
    const planned = attachmentOf({ applied: { layerArn: layer(4) } });
    expect(purpose(whole, [one('layer-version', 'Layers', layer(4))], planned)).toBe('updated');
  });

  it('is to repair where the Handler is not as we left it, and to update where it is', () => {
    const found = [one('handler-stale', 'Handler', 'app.handler')];
    expect(purpose({ ...whole, handler: 'app.other' }, found)).toBe('repaired');
    expect(purpose({ ...whole, handler: 'index.handler' }, found)).toBe('updated');
  });

  it('is to repair where a variable is not as we left it, and to update where it is', () => {
    const found = [one('variable-changed', variable('ACME_MODE'), 'watch')];
    expect(purpose({ ...whole, variables: { ACME_MODE: 'off' } }, found)).toBe('repaired');
    expect(purpose({ ...whole, variables: {} }, found)).toBe('repaired');
    expect(purpose(whole, found)).toBe('updated');
  });

  it('is to repair where a credential is off, and to update where it is another', () => {
    expect(purpose(whole, [one('variable-missing', variable('ACME_KEY'))])).toBe('repaired');
    expect(purpose(whole, [one('credentials-changed', variable('ACME_KEY'))])).toBe('updated');
  });

  it('is to repair where somebody set a variable that we never set, and to update where we want one', () => {
    expect(purpose(whole, [one('variable-changed', variable('ACME_SKIP'))])).toBe('repaired');
    expect(purpose(whole, [one('variable-changed', variable('ACME_NEW'), 'x')])).toBe('updated');
    expect(purpose(whole, [one('variable-missing', variable('ACME_NEW'))])).toBe('updated');
  });

  it('is to repair where one of several places is not as we left it', () => {
    const found = [one('credentials-changed', variable('ACME_KEY')), one('layer-missing', 'Layers', layer(3))];
    expect(purpose({ ...whole, layers: [] }, found)).toBe('repaired');
    expect(purpose(whole, [])).toBe('updated');
  });

  it('is to repair still where a repair was sent and is not verified yet, whatever differs now', () => {
    const found = [one('credentials-changed', variable('ACME_KEY'))];
    const sent = { status: 'drifted', action: 'sent' } as const;
    expect(purpose(whole, found, attachmentOf(), recordOf({ ...sent, purpose: 'repaired' }))).toBe('repaired');
    expect(purpose(whole, found, attachmentOf(), recordOf({ ...sent, purpose: 'updated' }))).toBe('updated');
    expect(purpose(whole, found, attachmentOf(), recordOf({ action: 'repaired', purpose: 'repaired' }))).toBe(
      'updated',
    );
  });

  it('is told by what is in force, not by what was verified last', () => {
    const newer = attachmentOf({ applied: { layerArn: layer(4), variables: { ACME_MODE: 'watch' } } });
    const snapshot = { layers: [layer(4)], variables: { ACME_MODE: 'watch' } };
    const found = [one('variable-changed', variable('ACME_MODE'), 'block')];
    expect(purpose(snapshot, found, attachmentOf(), recordOf({ pending: [newer] }))).toBe('updated');
    expect(purpose(snapshot, found, attachmentOf(), recordOf())).toBe('repaired');
  });
});

describe('a record whose last update was undone before it was verified', () => {
  const sent = recordOf({ status: 'drifted', action: 'sent' });
  const later: Cause = { ...cause, eventTime: sent.updatedAt };
  const counted = [{ at: now.toISOString(), eventId: 'event-1' }];
  const undone = (
    record: FunctionRecord | undefined = sent,
    {
      by = later,
      looks = [],
      lastUpdateStatus = 'Successful',
    }: { by?: Cause; looks?: Parameters<typeof withUndone>[2]; lastUpdateStatus?: string } = {},
  ) => withUndone(record, snapshotOf({ lastUpdateStatus }), looks, by, now);

  it('counts that update where somebody changed the function since', () => {
    expect(undone()).toStrictEqual({ ...sent, repairs: counted });
  });

  it('counts it where its verification found it undone', () => {
    const { actor: _, ...nobody } = earlier;
    for (const look of [
      { eventId: 'event-1', followUp: { purpose: 'verify', attempt: 1 } } as const,
      { eventId: 'event-1+' },
    ])
      expect(undone(sent, { by: nobody, looks: [{ eventId: 'event-0' }, look] })).toStrictEqual({
        ...sent,
        repairs: counted,
      });
  });

  it.each<[string, Cause]>([
    ['the event that it was sent for', { ...later, eventId: 'event-1' }],
    [
      'an event of nobody',
      { eventId: 'event-2', eventName: 'UpdateFunctionConfiguration', eventTime: later.eventTime },
    ],
    ['an event from before it', { ...later, eventTime: '2026-11-23T11:29:59.999Z' }],
  ])('does not count it by %s', (_, by) => {
    expect(undone(sent, { by })).toBe(sent);
    const looks = [{ eventId: 'event-1', followUp: { purpose: 'not-ready', attempt: 1 } }] as const;
    expect(undone(sent, { by, looks })).toBe(sent);
  });

  it.each<[string, FunctionRecord]>([
    ['is verified', recordOf()],
    ['was only reported', recordOf({ status: 'drifted', action: 'reported' })],
    ['is a release', recordOf({ status: 'release', action: 'sent' })],
  ])('does not count an update that %s', (_, record) => {
    expect(undone(record)).toBe(record);
  });

  it('does not count an update that AWS never brought into effect', () => {
    expect(undone(sent, { lastUpdateStatus: 'Failed' })).toBe(sent);
  });

  it('is none where there is no record', () => {
    expect(withUndone(undefined, snapshotOf(), [], later, now)).toBeUndefined();
  });

  it('counts an update once, however often it is looked at', () => {
    const once = undone();
    expect(undone(once)).toStrictEqual(once);
  });

  it('keeps the last hundred repairs', () => {
    const repairs = Array.from({ length: 100 }, (_, n) => ({ at: now.toISOString(), eventId: `old-${n}` }));
    expect(undone(recordOf({ status: 'drifted', action: 'sent', repairs }))?.repairs).toStrictEqual([
      ...repairs.slice(1),
      ...counted,
    ]);
  });
});

describe('the times of repairs', () => {
  it('are those of the record', () => {
    expect(repairsOf(recordOf({ repairs: [{ at: '2026-11-23T11:00:00Z', eventId: 'a' }] }))).toStrictEqual([
      '2026-11-23T11:00:00Z',
    ]);
    expect(repairsOf(undefined)).toStrictEqual([]);
  });
});

describe('the mark of a goal', () => {
  const mark = goalMark(attachmentOf());

  it('is short, and the same for the same goal', () => {
    expect(mark).toMatch(/^[A-Za-z0-9_-]{22}$/);
    const applied = { variables: { B: '2', A: '1' } };
    expect(goalMark(attachmentOf({ applied }))).toBe(
      goalMark(attachmentOf({ applied: { variables: { A: '1', B: '2' } } })),
    );
  });

  it('does not follow the team’s code, nor what the team had', () => {
    const applied = { handlerVariable: 'ACME_HANDLER', variables: { ACME_HANDLER: 'app.one', ACME_MODE: 'block' } };
    const moved = { ...applied, handler: 'app.two', variables: { ACME_HANDLER: 'app.two', ACME_MODE: 'block' } };
    expect(goalMark(attachmentOf({ applied }))).toBe(mark);
    expect(goalMark(attachmentOf({ applied: moved, before: { variables: { ACME_MODE: 'x' } } }))).toBe(mark);
  });

  it.each<[string, AttachmentChanges]>([
    ['agent', { agent: 'other' }],
    ['variant', { variant: 'other' }],
    ['group', { group: 'other' }],
    ['layer', { applied: { layerArn: layer(4) } }],
    ['value', { applied: { variables: { ACME_MODE: 'watch' } } }],
    ['variable', { applied: { variables: { ACME_MODE: 'block', ACME_TAG: '' } } }],
  ])('is another for another %s', (_, changes) => {
    expect(goalMark(attachmentOf(changes))).not.toBe(mark);
  });

  it('stays what earlier records hold', () => {
    expect(mark).toBe('k-kAjTYwpfDUHw1clGsaYB');
    expect(goalMark(attachmentOf({ applied: { variables: { B: '2', A: '1' } } }))).toBe('Zw5O3MTDb9k2GaYJ5Usqmv');
  });
});

describe('the record of a function that is as it should be', () => {
  it('is protected by what was found, where nothing was known of it', () => {
    const { record, outcome } = recordProtected(undefined, snapshotOf(), attachmentOf(), cause, now);
    const said = { functionArn, status: 'protected', reason: '', detail: '', action: 'none', drift: [], cause };
    const whose = { agent: 'acme-guard', variant: 'node', group: 'default' };
    expect(record).toStrictEqual({
      ...said,
      ...whose,
      version: 1,
      since: now.toISOString(),
      updatedAt: now.toISOString(),
      runtime: 'nodejs14.x',
      architecture: 'x86_64',
      attachment: attachmentOf(),
      pending: [],
      goalMark: goalMark(attachmentOf()),
      repairs: [],
      repairCount: 0,
      outbox: [outcome],
    });
    expect(outcome).toStrictEqual({ ...said, ...whose, at: now.toISOString(), durationMs: 2_000 });
  });

  it.each(['attached', 'repaired', 'updated'] as const)(
    'has %s it where that was the purpose of what was sent',
    (purpose) => {
      const sent = recordOf({
        status: 'drifted',
        reason: 'layer-missing',
        action: 'sent',
        drift,
        purpose,
        pending: [other(1)],
      });
      const { record, outcome } = recordProtected(sent, snapshotOf(), other(1), cause, now);
      const done = { status: 'protected', reason: '', action: purpose, drift, cause: earlier };
      expect(record).toMatchObject({ ...done, attachment: other(1), pending: [], variant: 'node-1' });
      expect(record).not.toHaveProperty('purpose');
      expect(outcome).toMatchObject({ ...done, previous: { status: 'drifted', reason: 'layer-missing' } });
      const isRepair = purpose === 'repaired';
      expect(record.repairs).toStrictEqual(isRepair ? [{ at: now.toISOString(), eventId: 'event-1' }] : []);
      expect(record.repairCount).toBe(isRepair ? 5 : 4);
    },
  );

  it('has attached it where the record does not say what for', () => {
    const { purpose: _, ...sent } = recordOf({ status: 'drifted', action: 'sent' });
    expect(recordProtected(sent, snapshotOf(), attachmentOf(), cause, now).record.action).toBe('attached');
  });

  it('stays what it was where it was protected, and counts no repair twice', () => {
    const known = recordOf({ action: 'repaired', drift, purpose: 'repaired' });
    const { record, outcome } = recordProtected(known, snapshotOf(), attachmentOf(), cause, now);
    expect(outcome).toBeUndefined();
    expect(record).toMatchObject({
      action: 'repaired',
      drift,
      cause: earlier,
      since: known.since,
      repairs: [],
      repairCount: 4,
    });
  });

  it.each<[string, Partial<FunctionRecord>]>([
    ['only reported', { status: 'drifted', action: 'reported' }],
    ['blocked', { status: 'blocked', action: 'none' }],
    ['a release', { status: 'release', action: 'sent' }],
  ])('says that somebody else did it where it was %s', (_, changes) => {
    const known = recordOf({ ...changes, drift, purpose: 'repaired' });
    const { record } = recordProtected(known, snapshotOf(), attachmentOf(), cause, now);
    expect(record).toMatchObject({ action: 'none', drift: [], cause, repairs: [], repairCount: 4 });
  });

  it('says where it was made anew', () => {
    const { record } = recordProtected(undefined, snapshotOf(), attachmentOf({ isRebuilt: true }), cause, now);
    expect(record.detail).toBe(rebuiltDetail);
  });
});

describe('the record of a function that was released', () => {
  const why = { reason: 'opted-out', detail: 'its opt-in tag was taken off' };

  it('has nothing of ours any more', () => {
    const sent = recordOf({
      status: 'release',
      reason: 'opted-out',
      action: 'sent',
      purpose: 'released',
      pending: [other(1)],
    });
    const { record, outcome } = recordReleased(sent, snapshotOf(), why, cause, now);
    const done = { ...why, status: 'released', action: 'released', drift: [], cause: earlier };
    expect(record).toMatchObject({ ...done, pending: [], version: 8 });
    for (const key of ['attachment', 'agent', 'variant', 'group', 'goalMark', 'purpose'])
      expect(record).not.toHaveProperty(key);
    expect(outcome).toMatchObject({ ...done, previous: { status: 'release', reason: 'opted-out' } });
  });

  it.each<[string, Partial<FunctionRecord>]>([
    ['was sent', { status: 'release', action: 'reported' }],
    ['of ours was sent', { status: 'drifted', action: 'sent' }],
  ])('says that somebody else did it where no release %s', (_, changes) => {
    expect(recordReleased(recordOf(changes), snapshotOf(), why, cause, now).record).toMatchObject({
      ...why,
      action: 'none',
      cause,
    });
  });
});

describe('the record of a function that something stands in the way of', () => {
  const obstacle = { status: 'blocked', reason: 'layer-limit', detail: 'it has 5 layers already' } as const;

  it('keeps what is on it, and says what stands in the way', () => {
    const { record, outcome } = recordObstacle(
      recordOf({ pending: [other(1)] }),
      snapshotOf(),
      obstacle,
      cause,
      'blue',
      now,
    );
    const said = { ...obstacle, action: 'none', drift: [], cause, group: 'blue' };
    expect(record).toMatchObject({ ...said, attachment: attachmentOf(), pending: [other(1)] });
    expect(record).not.toHaveProperty('goalMark');
    expect(outcome).toMatchObject(said);
  });

  it('knows nothing more of a new function', () => {
    const { record } = recordObstacle(undefined, snapshotOf(), obstacle, cause, undefined, now);
    expect(record).toMatchObject({ ...obstacle, version: 1, pending: [], repairs: [], repairCount: 0 });
    expect(record).not.toHaveProperty('attachment');
    const unsupported = { status: 'unsupported', reason: 'runtime', detail: 'not served' } as const;
    expect(recordObstacle(undefined, snapshotOf(), unsupported, cause, undefined, now).record).toMatchObject({
      ...unsupported,
      pending: [],
    });
  });

  it('lists what differs where that is contested', () => {
    const contested = { status: 'contested', reason: 'flapping', detail: 'again and again', drift } as const;
    expect(recordObstacle(recordOf(), snapshotOf(), contested, cause, 'default', now).record.drift).toStrictEqual(
      drift,
    );
  });

  it('has no second outcome while it stays in the way', () => {
    const { record } = recordObstacle(recordOf(), snapshotOf(), obstacle, cause, 'default', now);
    expect(recordObstacle(record, snapshotOf(), obstacle, cause, 'default', now).outcome).toBeUndefined();
  });

  it('keeps what was written ahead, unless a release has taken it off', () => {
    const { attachment: _, ...bare } = recordOf({ status: 'release', action: 'sent', pending: [attachmentOf()] });
    const unsupported = { status: 'unsupported', reason: 'runtime', detail: 'not served' } as const;
    const blocked = { status: 'blocked', reason: 'aws-refused', detail: 'no' } as const;
    const kept = (record: FunctionRecord, obstacle: typeof unsupported | typeof blocked, snapshot = snapshotOf()) =>
      recordObstacle(record, snapshot, obstacle, cause, 'default', now).record.pending;
    expect(kept(bare, unsupported)).toStrictEqual([]);
    expect(kept(bare, blocked)).toStrictEqual(bare.pending);
    expect(kept({ ...bare, action: 'reported' }, unsupported)).toStrictEqual(bare.pending);
    expect(kept({ ...bare, status: 'drifted' }, unsupported)).toStrictEqual(bare.pending);
    const still = snapshotOf({ layers: [layer(3)], variables: { ACME_MODE: 'block' } });
    expect(kept(bare, unsupported, still)).toStrictEqual(bare.pending);
  });
});

describe('the record of a function that is gone', () => {
  it('keeps its history, and nothing of what was on it', () => {
    const known = recordOf({ status: 'blocked', reason: 'layer-limit', detail: 'x', drift, pending: [other(1)] });
    const { record, outcome } = recordDeleted(known, cause, now);
    const { attachment: _, purpose: __, goalMark: ___, ...kept } = known;
    const gone = { status: 'deleted', reason: '', detail: '', action: 'none', drift: [], cause };
    expect(outcome).toStrictEqual({
      ...gone,
      functionArn,
      at: now.toISOString(),
      durationMs: 2_000,
      previous: { status: 'blocked', reason: 'layer-limit' },
    });
    expect(record).toStrictEqual({
      ...kept,
      ...gone,
      version: 8,
      pending: [],
      since: now.toISOString(),
      updatedAt: now.toISOString(),
      outbox: [outcome],
    });
  });
});
