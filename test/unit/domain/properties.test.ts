import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wrapperVariable } from '../../../src/domain/agent.ts';
import type { Attachment } from '../../../src/domain/attachment.ts';
import { shapeOf } from '../../../src/domain/attachment.ts';
import { decide } from '../../../src/domain/decide.ts';
import { release } from '../../../src/domain/release.ts';
import { limits } from '../../../src/domain/situation.ts';
import type { Snapshot } from '../../../src/domain/snapshot.ts';
import { agents, applied, credentials, situationOf, snapshotOf, vendorLayer } from '../../fixtures/situation.ts';

const agent = agents.get('trend-application-security');
const runtimes = ['python3.7', 'python3.8', 'nodejs10.x', 'nodejs12.x', 'nodejs14.x'] as const;
const secretNames = Object.keys(agent?.credentials ?? {});
const ownNames = [
  ...Object.keys(agent?.variables ?? {}),
  'TREND_AP_HELLO_URL',
  'TREND_AP_HANDLER',
  'TREND_AP_AGENT_ENABLED',
  'TREND_AP_PLUGINS_DISABLED',
];

const teamLayer = fc
  .tuple(
    fc.constantFrom('zebra', 'ant', 'CloudOne-ApplicationSecurity-python', 'common'),
    fc.integer({ min: 1, max: 9 }),
  )
  .map(([name, version]) => `arn:aws:lambda:us-east-1:111122223333:layer:${name}:${version}`);
const agentLayer = fc
  .tuple(fc.constantFrom('python', 'nodejs10_x', 'nodejs12_x', 'nodejs14_x'), fc.integer({ min: 1, max: 2 }))
  .map(([name, version]) => vendorLayer(name, version));
const layers = fc
  .array(fc.oneof({ weight: 3, arbitrary: teamLayer }, { weight: 1, arbitrary: agentLayer }), { maxLength: 4 })
  .map((list) => [...new Map(list.map((arn) => [arn.replace(/:\d+$/, ''), arn])).values()]);
const value = fc.oneof(fc.constantFrom('', '30', 'False', 'STDERR', 'off', '1'), fc.string({ maxLength: 20 }));
const handler = fc.constantFrom('index.handler', 'app.main', 'trend_app_protect_handler.handler', 'src/a.b');
const variables = fc
  .record({
    team: fc.dictionary(fc.constantFrom('STAGE', 'Z', 'A1', 'TREND_AP_LOG_LEVEL', 'TREND_AP_TAGS'), value),
    own: fc.dictionary(fc.constantFrom(...ownNames), fc.oneof(value, handler)),
    wrapper: fc.option(fc.constantFrom('/opt/trend_app_protect', '/opt/other', ''), { nil: undefined }),
  })
  .map(({ team, own, wrapper }) => ({
    ...team,
    ...own,
    ...(wrapper === undefined ? {} : { [wrapperVariable]: wrapper }),
  }));

/** Any opted-in function that the agent can serve; secrets that a team had set itself are left out, since they are not kept. */
const snapshots: fc.Arbitrary<Snapshot> = fc
  .record({ runtime: fc.constantFrom(...runtimes), handler, layers, variables })
  .map((parts) => snapshotOf(parts));

/** What a team, its tools or somebody else may do to a function. */
const edits = fc.array(
  fc.oneof(
    fc.record({ runtime: fc.constantFrom(...runtimes) }),
    fc.record({ handler }),
    fc.record({ layers }),
    fc.record({ addLayer: teamLayer }),
    fc.record({ set: fc.tuple(fc.constantFrom('STAGE', 'B2', ...ownNames, ...secretNames, wrapperVariable), value) }),
    fc.record({ unset: fc.constantFrom('STAGE', ...ownNames, ...secretNames, wrapperVariable) }),
  ),
  { maxLength: 4 },
);
type Edit = (typeof edits extends fc.Arbitrary<infer T> ? T : never)[number];

function edited(snapshot: Snapshot, edit: Edit): Snapshot {
  const shape = shapeOf(snapshot);
  if ('runtime' in edit) return { ...snapshot, runtime: edit.runtime };
  if ('handler' in edit) return { ...snapshot, handler: edit.handler };
  if ('layers' in edit) return { ...snapshot, layers: edit.layers };
  if ('addLayer' in edit)
    return snapshot.layers.includes(edit.addLayer)
      ? snapshot
      : { ...snapshot, layers: [...snapshot.layers, edit.addLayer] };
  const changed = { ...shape.variables };
  if ('set' in edit) changed[edit.set[0]] = edit.set[1];
  else delete changed[edit.unset];
  return { ...snapshot, environment: { readable: true, variables: changed } };
}

/** Lets Layerward look once; answers the function and what the record holds then. */
function looked(snapshot: Snapshot, attachment?: Attachment) {
  const decision = decide(situationOf(snapshot, { attachment }));
  if (decision.status !== 'drifted') return { decision, snapshot, attachment };
  return { decision, snapshot: applied(snapshot, decision.plan.update), attachment: decision.plan.attachment };
}

const isTeams = (arn: string) => !arn.includes(':800880067056:');
const runs = { numRuns: 2_000 };

describe('for any function', () => {
  it('deciding again after the plan finds nothing more to do', () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        const first = looked(snapshot);
        if (first.decision.status !== 'drifted') return;
        expect(looked(first.snapshot, first.attachment).decision.status).toBe('compliant');
        expect(looked(first.snapshot).decision.status).toBe('compliant');
      }),
      runs,
    );
  });

  it('a release gives back exactly what was there before', () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        const { decision, snapshot: attached, attachment } = looked(snapshot);
        if (decision.status !== 'drifted' || !attachment) return;
        expect(release(shapeOf(attached), attachment)).toEqual(shapeOf(snapshot));
      }),
      runs,
    );
  });

  it('a release after a look that found all in place by hand changes nothing', () => {
    fc.assert(
      fc.property(snapshots, (snapshot) => {
        const { snapshot: attached } = looked(snapshot);
        const { decision } = looked(attached);
        if (decision.status !== 'compliant') return;
        expect(release(shapeOf(attached), decision.attachment)).toEqual(shapeOf(attached));
      }),
      runs,
    );
  });

  it('no plan touches a layer, a variable or an order of the team’s, whatever happened before', () => {
    fc.assert(
      fc.property(snapshots, edits, (start, changes) => {
        let state: { snapshot: Snapshot; attachment: Attachment | undefined } = looked(start);
        for (const change of changes) {
          const before = edited(state.snapshot, change);
          const after = looked(before, state.attachment);
          expect(after.snapshot.layers.filter(isTeams)).toEqual(before.layers.filter(isTeams));
          const team = (shape: Record<string, string>) =>
            Object.entries(shape).filter(([name]) => !name.startsWith('TREND_AP_') && name !== wrapperVariable);
          expect(team(shapeOf(after.snapshot).variables)).toEqual(team(shapeOf(before).variables));
          state = after;
        }
      }),
      runs,
    );
  });

  it('a release, whatever happened before, leaves nothing of ours and all that is the team’s', () => {
    fc.assert(
      fc.property(snapshots, edits, (start, changes) => {
        const clean = {
          ...start,
          layers: start.layers.filter(isTeams),
          handler: 'own.handler',
          environment: { readable: true as const, variables: { STAGE: 'x' } },
        };
        let state: { snapshot: Snapshot; attachment: Attachment | undefined } = looked(clean);
        for (const change of changes) {
          if (!('runtime' in change) && !('addLayer' in change)) continue;
          state = looked(edited(state.snapshot, change), state.attachment);
        }
        if (!state.attachment) return;
        const released = release(shapeOf(state.snapshot), state.attachment);
        expect(released.handler).toBe('own.handler');
        expect(released.variables).toEqual({ STAGE: 'x' });
        expect(released.layers.every(isTeams)).toBe(true);
      }),
      runs,
    );
  });

  it('no plan goes above what AWS allows', () => {
    fc.assert(
      fc.property(
        snapshots,
        fc.integer({ min: 0, max: 4_000 }),
        fc.array(teamLayer, { maxLength: 5 }),
        (start, size, more) => {
          const shape = shapeOf(start);
          const all = [...new Set([...start.layers, ...more])].slice(0, 5);
          const snapshot: Snapshot = {
            ...start,
            layers: all,
            environment: { readable: true, variables: { ...shape.variables, LARGE: 'é'.repeat(size / 2) } },
          };
          const { decision } = looked(snapshot);
          if (decision.status !== 'drifted') return;
          const { Layers, Environment, ...rest } = decision.plan.update;
          expect(Object.keys(rest).every((key) => key === 'Handler')).toBe(true);
          expect((Layers ?? []).length).toBeLessThanOrEqual(limits.layers);
          if (Environment)
            expect(Buffer.byteLength(JSON.stringify(Environment.Variables))).toBeLessThanOrEqual(
              limits.environmentBytes,
            );
        },
      ),
      runs,
    );
  });

  it('no record and no drift ever holds a credential', () => {
    fc.assert(
      fc.property(snapshots, edits, (start, changes) => {
        let state: ReturnType<typeof looked> = looked(start);
        for (const change of changes) {
          state = looked(edited(state.snapshot, change), state.attachment);
          const kept = JSON.stringify([state.attachment, 'drift' in state.decision ? state.decision.drift : []]);
          expect(kept).not.toContain(credentials.key);
          expect(kept).not.toContain(credentials.secret);
        }
      }),
      runs,
    );
  });
});
