import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryTitle } from '../../../src/cli/plan-report.ts';
import type { Plan } from '../../../src/domain/decision.ts';
import { formatFunctionArn, parseFunctionArn } from '../../../src/domain/function-arn.ts';
import { applyPlans } from '../../../src/service/apply-plans.ts';
import { markUpdate } from '../../../src/service/explain-update.ts';
import { formatPlanFile, markPolicy, type PlanFile, readPlanFile } from '../../../src/service/plan-file.ts';
import { judgeSnapshot } from '../../../src/service/survey.ts';
import { arn, policyOf, snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

/*
 * A plan file lies about on a disk or in a pipeline before somebody applies it with their own rights. It says which
 * functions, and lets one check that the update is still the one that was read; it never says what is sent.
 */

const yaml = 'exclude: { functions: ["never-*"] }\nrules: [{ match: { functions: ["audited-*"] }, mode: audit }]';
const arnOf = (functionName: string) => formatFunctionArn({ ...arn, functionName });
const names = ['orders', 'never-this', 'audited-one', 'untagged', 'other'] as const;

/** Functions, the plan file of one of them, and how to apply a file to them. */
async function createPlan() {
  const world = createWorld(yaml);
  const policy = policyOf(yaml);
  for (const functionName of names)
    world.functions.put(
      snapshotOf({
        arn: { ...arn, functionName },
        ...(functionName === 'untagged' ? { tags: { readable: true, values: {} } } : {}),
      }),
    );
  const sent: Plan[] = [];
  const place = {
    ...world.world,
    functions: {
      read: world.world.functions.read,
      async update(plan: Plan) {
        const answer = await world.world.functions.update(plan);
        sent.push(plan);
        return answer;
      },
    },
    sleep: async (ms: number) => {
      world.pass(ms / 1000);
      world.functions.settle();
    },
  };
  const salt = 'salt';
  const entry = async (functionName: string): Promise<PlanFile['functions'][number]> => {
    const snapshot = world.functions.get(arnOf(functionName)) ?? snapshotOf();
    const { decision, attachment, functionArn } = await judgeSnapshot(snapshot, 'unknown', { ...place, policy });
    const plan = 'plan' in decision ? decision.plan : undefined;
    return {
      functionArn,
      revisionId: snapshot.revisionId,
      status: 'drifted',
      reason: 'layer-missing',
      purpose: 'attached',
      mode: 'enforce',
      drift: [],
      updateMark: plan ? markUpdate({ snapshot, plan, attachment }, salt) : 'none',
    };
  };
  const file: PlanFile = {
    format: 'layerward-plan',
    version: 1,
    createdAt: '2026-11-23T12:00:00.000Z',
    accountId: arn.accountId,
    policyMark: markPolicy(policy),
    salt,
    functions: [await entry('orders')],
  };
  return {
    file,
    entry,
    sent,
    apply: ({ functions, salt: given }: Pick<PlanFile, 'functions' | 'salt'>) =>
      applyPlans({ functions, salt: given, policy, request: { id: 'apply-1', name: 'Apply' }, parallel: 2 }, place, {
        done: () => {},
        mayGoOn: () => true,
      }),
  };
}

const text = fc.oneof(
  fc.constantFrom('', 'none', 'salt', 'revision-1', ...names.map(arnOf)),
  fc.string({ maxLength: 20 }),
);
const tampering = fc.record(
  {
    functionArn: fc.oneof(text, fc.constantFrom(...names.map(arnOf))),
    revisionId: fc.constantFrom('revision-1', 'revision-2', 'revision-3', 'revision-4', 'revision-5'),
    updateMark: text,
    mode: fc.constantFrom('enforce' as const, 'audit' as const),
    status: fc.constantFrom('drifted' as const, 'release' as const),
    reason: text,
  },
  { requiredKeys: [] },
);

describe('a tampered plan file', () => {
  it('sends no other update than a plan that is made anew would, to no other function', async () => {
    const honest = await createPlan();
    expect(await honest.apply(honest.file)).toMatchObject([{ outcome: 'attached' }]);
    const [planned] = honest.sent;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(tampering, { minLength: 1, maxLength: 4 }), fc.option(text), async (changes, salt) => {
        const { file, apply, sent } = await createPlan();
        const functions = changes.map(
          (change) => ({ ...file.functions[0], ...change }) as PlanFile['functions'][number],
        );
        const tampered = formatPlanFile({ ...file, functions, salt: salt ?? file.salt });
        if (functions.some(({ functionArn }) => !parseFunctionArn(functionArn))) {
          expect(() => readPlanFile(tampered, 'plan.json')).toThrow(/functionArn: is not a function’s ARN/);
          return;
        }
        const applied = await apply(readPlanFile(tampered, 'plan.json'));
        refused += applied.filter(({ outcome }) => outcome !== 'attached').length;
        for (const plan of sent) expect({ ...plan, revisionId: '' }).toEqual({ ...planned, revisionId: '' });
        expect(sent.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  it.each([
    ['a function that the policy leaves out', 'never-this', 'unchanged'],
    ['a function that did not opt in', 'untagged', 'unchanged'],
    ['a function that is only audited', 'audited-one', 'skipped'],
  ])('with %s leaves that alone, with a true revision and a true mark', async (_, name, outcome) => {
    const { file, entry, apply, sent } = await createPlan();
    expect(await apply({ ...file, functions: [await entry(name)] })).toMatchObject([{ outcome }]);
    expect(sent).toEqual([]);
  });

  it('has nowhere to say what is sent: a layer, a Handler, a variable or a policy in it is not read', async () => {
    const { file, apply, sent } = await createPlan();
    const update = { Layers: ['arn:aws:lambda:us-east-1:999988887777:layer:evil:1'], Handler: 'evil.handler' };
    const [first] = file.functions;
    const more = { ...file, policy: {}, functions: [{ ...first, update, plan: { update }, ...update }] };
    await apply(readPlanFile(JSON.stringify(more), 'plan.json'));
    expect(sent).toHaveLength(1);
    expect(JSON.stringify(sent)).not.toContain('evil');
  });

  it('of another policy has another mark, and none of it is applied', () => {
    const marks = ['', 'mode: audit', 'exclude: { functions: [orders] }', 'optIn: { value: yes-please }'].map(
      (changed) => markPolicy(policyOf(changed)),
    );
    expect(new Set(marks).size).toBe(marks.length);
  });

  it('can’t write to the terminal of whoever applies it', async () => {
    const { file } = await createPlan();
    const [first] = file.functions;
    const written = [
      { ...first, functionArn: `\u001b[2J\u001b]0;evil\u0007` },
      { ...first, reason: 'a\u001b[1A\rb\u009b31m\u202eevil' },
    ].map((one) => entryTitle(one as PlanFile['functions'][number]));
    for (const line of written) expect(line.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
  });

  it('can’t reach what all objects share', () => {
    const poison = '"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}},';
    const content = `{${poison} "format": "layerward-plan", "version": 1, "createdAt": "2026-11-23T12:00:00Z",
      "accountId": "111122223333", "policyMark": "", "salt": "", "functions": []}`;
    expect(readPlanFile(content, 'plan.json')).not.toHaveProperty('polluted');
    expect({}).not.toHaveProperty('polluted');
  });
});
