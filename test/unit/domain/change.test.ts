import { describe, expect, it } from 'vitest';
import {
  attribute,
  type Change,
  followUpAttempts,
  followUpDelay,
  idOfAnother,
  knowledgeAsOf,
} from '../../../src/domain/change.ts';

const alice = { type: 'IAMUser', name: 'alice' };

function changeAt(minute: string, changes: Partial<Change> = {}): Change {
  return {
    functionArn: { partition: 'aws', region: 'us-east-1', accountId: '111122223333', functionName: 'orders' },
    kind: 'configured',
    eventId: `event-${minute}`,
    eventName: 'UpdateFunctionConfiguration',
    eventTime: `2026-11-23T12:${minute}:00.000Z`,
    touched: [],
    tagKeys: [],
    ...changes,
  };
}

describe('what policy and credentials must be as new as', () => {
  it.each(['swept', 'asked'] as const)('is the newest change that was %s, whatever their order', (kind) => {
    const changes = [changeAt('10', { kind }), changeAt('30', { kind }), changeAt('20', { kind }), changeAt('40')];
    expect(knowledgeAsOf(changes)).toEqual(new Date('2026-11-23T12:30:00Z'));
  });

  it('is nothing where only AWS told of changes', () => {
    expect(knowledgeAsOf([changeAt('10'), changeAt('20', { kind: 'tagged' })])).toBeUndefined();
  });
});

describe('the time until the next look', () => {
  it('doubles with each attempt, up to the quarter of an hour that SQS allows', () => {
    const delays = Array.from({ length: followUpAttempts }, (_, index) => followUpDelay(index + 1, 0));
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]);
  });

  it('is longer by up to a half, so that looks that failed together come apart', () => {
    expect(followUpDelay(5, 0.5)).toBe(20);
    expect(followUpDelay(5, 1)).toBe(24);
    expect(followUpDelay(11, 1)).toBe(900);
  });

  it('is as long as was asked for, in whole seconds, but never longer than SQS allows', () => {
    expect(followUpDelay(1, 0, 30)).toBe(30);
    expect(followUpDelay(1, 0, 2.1)).toBe(3);
    expect(followUpDelay(6, 0, 30)).toBe(32);
    expect(followUpDelay(1, 0, 3_600)).toBe(900);
  });

  it('stays what SQS allows however often it was tried', () => {
    expect(followUpDelay(5_000, 1)).toBe(900);
  });
});

describe('the change that led to drift', () => {
  const layers = changeAt('10', { touched: ['Layers'], actor: alice });
  const handler = changeAt('20', { touched: ['Handler', 'Runtime'], actor: { ...alice, name: 'bob' } });
  const other = changeAt('30', { actor: { ...alice, name: 'carol' } });

  it.each([
    ['Layers', layers],
    ['Handler', handler],
  ])('is the one that named %s', (path, change) => {
    for (const changes of [
      [layers, handler, other],
      [other, handler, layers],
    ])
      expect(attribute(changes, [path])).toEqual({ change, isCulprit: true });
  });

  it('is the one that named Environment where a variable drifted', () => {
    const environment = changeAt('05', { touched: ['Environment'], actor: alice });
    expect(attribute([layers, environment], ['Environment.Variables.STAGE'])).toEqual({
      change: environment,
      isCulprit: true,
    });
  });

  it('is the newest of several that named it', () => {
    const later = changeAt('40', { touched: ['Layers'], actor: alice });
    expect(attribute([layers, later], ['Handler', 'Layers']).change).toBe(later);
    expect(attribute([later, layers], ['Layers']).change).toBe(later);
  });

  it('is the creation of the function, whatever that named', () => {
    const created = changeAt('05', { kind: 'created', actor: alice });
    expect(attribute([created, other], ['Layers'])).toEqual({ change: created, isCulprit: true });
  });

  it('is the newest where none named what drifted, and nobody is called the culprit', () => {
    expect(attribute([layers, other, handler], ['Environment.Variables.STAGE'])).toEqual({
      change: other,
      isCulprit: false,
    });
    expect(attribute([layers], [])).toEqual({ change: layers, isCulprit: false });
  });

  it('names no culprit where nobody knows who it was', () => {
    const { actor: _, ...unknown } = layers;
    expect(attribute([unknown], ['Layers'])).toEqual({ change: unknown, isCulprit: false });
    expect(attribute([{ ...unknown, kind: 'created' }], ['Layers']).isCulprit).toBe(false);
  });

  it('leaves the list of changes in its order', () => {
    const changes = [layers, handler, other];
    attribute(changes, []);
    expect(changes).toEqual([layers, handler, other]);
  });

  it('can’t be told without a change', () => {
    expect(() => attribute([], ['Layers'])).toThrow(new TypeError('a look needs a change that led to it'));
  });
});

describe('a change that no event has told of yet', () => {
  it('has an id that no event has, and that tells which change it followed', () => {
    expect(idOfAnother('5f6c1d2e')).toBe('5f6c1d2e+');
  });
});
