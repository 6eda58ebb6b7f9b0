import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/domain/decide.ts';
import type { Snapshot } from '../../../src/domain/snapshot.ts';
import { explainUpdate, markUpdate, type PlannedUpdate } from '../../../src/service/explain-update.ts';
import { attachedTo } from '../../fixtures/decision-cases.ts';
import { credentials, situationOf, snapshotOf, vendorLayer } from '../../fixtures/situation.ts';

const teamLayer = 'arn:aws:lambda:us-east-1:111122223333:layer:team:7';
const untagged = { readable: true, values: {} } as const;

function plannedFor(snapshot: Snapshot, situation: NonNullable<Parameters<typeof situationOf>[1]> = {}): PlannedUpdate {
  const decision = decide(situationOf(snapshot, situation));
  if (!('plan' in decision) || !decision.plan) throw new Error(`nothing is planned: ${decision.status}`);
  return { snapshot, plan: decision.plan, attachment: situation.attachment };
}

const having = (snapshot: Snapshot, variables: Record<string, string>): Snapshot => ({
  ...snapshot,
  environment: {
    readable: true,
    variables: { ...(snapshot.environment.readable ? snapshot.environment.variables : {}), ...variables },
  },
});

describe('what an update would change', () => {
  it('is told part by part, with the agent’s own values and without credentials', () => {
    const { changes, kept } = explainUpdate(
      plannedFor(
        snapshotOf({ runtime: 'python3.7', handler: 'app.handler', layers: [teamLayer], variables: { A: '1' } }),
      ),
    );
    expect(changes.slice(0, 2)).toEqual([
      { part: 'handler', change: 'changed', from: 'app.handler', to: 'trend_app_protect_handler.handler' },
      { part: 'layer', change: 'added', arn: vendorLayer('python') },
    ]);
    expect(changes).toContainEqual({ part: 'variable', change: 'added', name: 'TREND_AP_HTTP_TIMEOUT', to: '5' });
    expect(changes).toContainEqual({ part: 'variable', change: 'added', name: 'TREND_AP_HANDLER', to: 'app.handler' });
    expect(changes).toContainEqual({ part: 'variable', change: 'added', name: 'TREND_AP_KEY' });
    expect(kept).toEqual({ layers: 1, variables: 1 });
  });

  it('hides what a team wrote into one of the agent’s variables', () => {
    const { snapshot, attachment } = attachedTo(snapshotOf());
    const { changes } = explainUpdate(
      plannedFor(having(snapshot, { TREND_AP_CACHE_DIR: 'planted-password' }), { attachment }),
    );
    expect(changes).toEqual([
      { part: 'variable', change: 'changed', name: 'TREND_AP_CACHE_DIR', to: '/tmp/trend_cache' },
    ]);
  });

  it('hides what a team wrote into the variable that keeps the Handler', () => {
    const { snapshot, attachment } = attachedTo(snapshotOf({ runtime: 'python3.7', handler: 'app.handler' }));
    const moved = having({ ...snapshot, runtime: 'python3.8' }, { TREND_AP_HANDLER: 'planted-password' });
    expect(
      JSON.stringify(
        explainUpdate(plannedFor(moved, { attachment })).changes.filter(({ part }) => part === 'variable'),
      ),
    ).not.toContain('planted-password');
  });

  it('of a release shows what of ours goes, and hides what the team gets back', () => {
    const { snapshot, attachment } = attachedTo(snapshotOf({ variables: { TREND_AP_HTTP_TIMEOUT: 'planted-value' } }));
    const { changes } = explainUpdate(plannedFor({ ...snapshot, tags: untagged }, { attachment }));
    expect(changes).toContainEqual({ part: 'layer', change: 'removed', arn: vendorLayer('nodejs14_x') });
    expect(changes).toContainEqual({ part: 'variable', change: 'changed', name: 'TREND_AP_HTTP_TIMEOUT', from: '5' });
    expect(changes).toContainEqual({ part: 'variable', change: 'removed', name: 'TREND_AP_KEY' });
  });

  it('never holds a team’s value, whatever variables it has', () => {
    const names = fc.constantFrom(
      'STAGE',
      'TREND_AP_KEY',
      'TREND_AP_HANDLER',
      'TREND_AP_CACHE_DIR',
      'TREND_AP_LOG_LEVEL',
    );
    fc.assert(
      fc.property(
        fc.dictionary(names, fc.stringMatching(/^planted-[a-z]{8}$/)),
        fc.constantFrom('python3.7', 'python3.8', 'nodejs14.x'),
        (variables, runtime) => {
          const shown = JSON.stringify(explainUpdate(plannedFor(snapshotOf({ runtime, variables }))));
          expect(shown).not.toContain('planted-');
          expect(shown).not.toContain(credentials.key);
        },
      ),
    );
  });
});

describe('the mark of an update', () => {
  const planned = plannedFor(snapshotOf());

  it('is the same for the same update, and another one with another salt', () => {
    expect(markUpdate(planned, 'salt')).toBe(markUpdate(plannedFor(snapshotOf()), 'salt'));
    expect(markUpdate(planned, 'salt')).not.toBe(markUpdate(planned, 'another'));
  });

  it.each([
    ['a rotated secret', plannedFor(snapshotOf(), { credentials: { found: { ...credentials, secret: 'rotated' } } })],
    [
      'another value in the policy',
      plannedFor(snapshotOf(), {
        yaml: 'agents: { trend-application-security: { variables: { TREND_AP_HTTP_TIMEOUT: "9" } } }',
      }),
    ],
    ['another layer', plannedFor(snapshotOf({ runtime: 'nodejs12.x' }))],
    ['another Handler', plannedFor(snapshotOf({ runtime: 'python3.7' }))],
  ])('is another one with %s', (_, other) => {
    expect(markUpdate(other, 'salt')).not.toBe(markUpdate(planned, 'salt'));
  });

  it('does not depend on a team’s values, so that nobody can find them out by trying', () => {
    const one = plannedFor(snapshotOf({ variables: { PASSWORD: 'one' } }));
    const other = plannedFor(snapshotOf({ variables: { PASSWORD: 'other' } }));
    expect(markUpdate(one, 'salt')).toBe(markUpdate(other, 'salt'));
  });
});
