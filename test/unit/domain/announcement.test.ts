import { describe, expect, it } from 'vitest';
import { announcementMark, isForMachines, isForPeople, severityOf } from '../../../src/domain/announcement.ts';
import type { Outcome } from '../../../src/domain/record.ts';
import { outcomeOf } from '../../fixtures/outcome.ts';

const { agent: _, ...neverAttached } = outcomeOf({ status: 'blocked', reason: 'tags-unreadable', action: 'none' });

describe('an outcome', () => {
  it.each<[string, Outcome, boolean, string]>([
    ['protection put back', outcomeOf(), true, 'warning'],
    ['a first attachment', outcomeOf({ action: 'attached' }), false, 'info'],
    ['an update to a new policy', outcomeOf({ action: 'updated' }), false, 'info'],
    [
      'drift in audit mode',
      outcomeOf({ status: 'drifted', reason: 'layer-missing', action: 'reported' }),
      true,
      'warning',
    ],
    [
      'drift that is put right',
      outcomeOf({ status: 'drifted', reason: 'layer-missing', action: 'sent' }),
      false,
      'warning',
    ],
    ['a blocked function', outcomeOf({ status: 'blocked', reason: 'layer-limit', action: 'none' }), true, 'critical'],
    [
      'tags that can’t be read, of a function of ours',
      outcomeOf({ status: 'blocked', reason: 'tags-unreadable', action: 'none' }),
      true,
      'critical',
    ],
    ['tags that can’t be read, of anybody’s function', neverAttached, false, 'critical'],
    ['a contested function', outcomeOf({ status: 'contested', reason: 'flapping', action: 'none' }), true, 'critical'],
    [
      'a release in audit mode',
      outcomeOf({ status: 'release', reason: 'opted-out', action: 'reported' }),
      true,
      'info',
    ],
    ['a release on its way', outcomeOf({ status: 'release', reason: 'opted-out', action: 'sent' }), false, 'info'],
    ['a release', outcomeOf({ status: 'released', reason: 'opted-out', action: 'released' }), true, 'info'],
    [
      'a release that leaves nothing protected',
      outcomeOf({ status: 'released', reason: 'architecture', action: 'released' }),
      true,
      'critical',
    ],
    [
      'a function that the agent can’t serve',
      outcomeOf({ status: 'unsupported', reason: 'region', action: 'none' }),
      false,
      'warning',
    ],
    ['a deleted function', outcomeOf({ status: 'deleted', action: 'none' }), false, 'info'],
  ])('%s', (_title, outcome, people, severity) => {
    expect(isForPeople(outcome, undefined)).toBe(people);
    expect(severityOf(outcome)).toBe(severity);
    expect(isForMachines(outcome)).toBe(outcome.action !== 'sent');
  });

  it('is not told twice in a row, except protection that was taken off and put back', () => {
    const blocked = outcomeOf({ status: 'blocked', reason: 'layer-limit', action: 'none' });
    expect(announcementMark(blocked)).toBe('blocked layer-limit');
    expect(isForPeople(blocked, announcementMark(blocked))).toBe(false);
    expect(isForPeople(blocked, 'blocked foreign-wrapper')).toBe(true);
    expect(announcementMark(outcomeOf())).toBe('protected');
    expect(isForPeople(outcomeOf(), 'protected')).toBe(true);
  });

  it.each<[string, Outcome]>([
    ['drift', outcomeOf({ status: 'drifted', reason: 'layer-missing', action: 'reported' })],
    ['a release to come', outcomeOf({ status: 'release', reason: 'opted-out', action: 'reported' })],
    ['a release', outcomeOf({ status: 'released', reason: 'opted-out', action: 'released' })],
    ['a contest', outcomeOf({ status: 'contested', reason: 'flapping', action: 'none' })],
  ])('of %s is told again only once something else was told', (_, outcome) => {
    expect(isForPeople(outcome, announcementMark(outcome))).toBe(false);
    expect(isForPeople(outcome, 'blocked layer-limit')).toBe(true);
  });

  it('is told where somebody’s function is blocked of which nobody knows the agent yet', () => {
    const { agent: _, ...blocked } = outcomeOf({ status: 'blocked', reason: 'layer-limit', action: 'none' });
    expect(isForPeople(blocked, undefined)).toBe(true);
  });

  it.each(['runtime', 'architecture'])('is critical where a release leaves nothing protected, by its %s', (reason) => {
    expect(severityOf(outcomeOf({ status: 'released', reason, action: 'released' }))).toBe('critical');
    expect(severityOf(outcomeOf({ status: 'release', reason, action: 'sent' }))).toBe('critical');
  });
});
