import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FunctionArn, formatFunctionArn } from '../../../src/domain/function-arn.ts';
import { readPolicyDocument } from '../../../src/service/agent-files.ts';
import { remediate } from '../../../src/service/remediate.ts';
import { agents, arn, credentials, snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

/*
 * Who may tag a function may be anybody of its team. A tag switches the protection of that one function on and off, and
 * names a group; this is what it can't do.
 */

const other = '444455556666';
const policy = readPolicyDocument(
  `version: 1
agent: trend-application-security
groups:
  default: { secret: layerward/groups/default, parameters: { cloudOneRegion: us-1 } }
  payments: { secret: layerward/groups/payments, parameters: { cloudOneRegion: us-1 }, accounts: ["${other}"] }
  vault: { secret: layerward/groups/vault, parameters: { cloudOneRegion: us-1 }, accounts: ["${other}"] }
exclude: { accounts: ["777788889999"], functions: ["never-*"] }
rules: [{ match: { functions: ["audited-*"] }, mode: audit }]
`,
  'policy.yaml',
  agents,
);

/** Looks at a function with these tags, and answers all that came of it. */
async function tag(values: Record<string, string>, place: Partial<FunctionArn> = {}) {
  const world = createWorld('', { policy });
  const asked: string[] = [];
  const functionArn: FunctionArn = { ...arn, ...place };
  world.functions.put(snapshotOf({ arn: functionArn, tags: { readable: true, values } }));
  const find = async (secretName: string) => {
    asked.push(secretName);
    return { found: credentials };
  };
  const change = world.change({ functionArn, kind: 'tagged', touched: ['Tags'], tagKeys: Object.keys(values) });
  const look = await remediate(functionArn, [change], { ...world.world, credentials: { find } });
  return {
    look,
    asked,
    updates: world.functions.calls.filter((call) => call === 'UpdateFunctionConfiguration').length,
  };
}

const optedIn = { 'layerward:protect': 'on' };

describe('a tag', () => {
  it.each([
    'payments',
    'vault',
    'Payments',
    'payments ',
    ' payments',
    '\u0440ayments',
    '\uff50ayments',
    'payments\u200b',
    'payments,default',
    'layerward/groups/payments',
    'layerward/groups/default',
    `arn:aws:secretsmanager:us-east-1:${arn.accountId}:secret:layerward/groups/payments`,
    '../groups/payments',
    '*',
    '',
    '__proto__',
    'constructor',
    'toString',
  ])('can’t choose the credentials of the group %j, which does not name the function’s account', async (group) => {
    const { look, asked, updates } = await tag({ ...optedIn, 'layerward:group': group });
    expect(look).toMatchObject({ status: 'blocked', reason: 'credentials-missing' });
    expect(asked).toEqual([]);
    expect(updates).toBe(0);
  });

  it('can choose no secret but those of the groups that the policy lets the account use', async () => {
    const text = fc.oneof(
      fc.constantFrom('default', 'payments', 'vault', 'on'),
      fc.string({ maxLength: 20, unit: 'grapheme' }),
    );
    const tags = fc.dictionary(
      fc.constantFrom('layerward:group', 'layerward:secret', 'layerward:account', 'group', 'secret'),
      text,
    );
    await fc.assert(
      fc.asyncProperty(tags, async (values) => {
        const { asked } = await tag({ ...values, ...optedIn });
        expect(asked.filter((name) => name !== 'layerward/groups/default')).toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect((await tag({ ...optedIn, 'layerward:group': 'payments' }, { accountId: other })).asked).toContain(
      'layerward/groups/payments',
    );
  });

  it.each([
    ['layerward:protect', 'On'],
    ['layerward:protect', 'ON'],
    ['layerward:protect', ' on'],
    ['layerward:protect', 'on '],
    ['layerward:protect', '\u043en'],
    ['layerward:protect', '\uff4f\uff4e'],
    ['layerward:protect', 'on\u200b'],
    ['layerward:protect', 'true'],
    ['layerward:protect', ''],
    ['Layerward:protect', 'on'],
    ['layerward:Protect', 'on'],
    ['layerward:protect ', 'on'],
    [' layerward:protect', 'on'],
    ['layerward:\u200bprotect', 'on'],
    ['lay\u0435rward:protect', 'on'],
    ['\uff4cayerward:protect', 'on'],
    ['layerward\uff1aprotect', 'on'],
    ['layerward-protect', 'on'],
    ['layerward:protected', 'on'],
  ])('that only looks like the opt-in tag, %j with %j, opts nothing in', async (key, value) => {
    const { look, asked, updates } = await tag({ [key]: value });
    expect(look).toMatchObject({ status: 'out-of-scope', reason: 'not-opted-in' });
    expect({ asked, updates }).toEqual({ asked: [], updates: 0 });
  });

  it.each([
    ['account', { accountId: '777788889999' }],
    ['name', { functionName: 'never-this' }],
  ])('opts in no function that the policy leaves out by its %s', async (_, place) => {
    for (const group of ['default', 'payments']) {
      const { look, asked, updates } = await tag({ ...optedIn, 'layerward:group': group }, place);
      expect(look).toMatchObject({ status: 'out-of-scope', reason: 'excluded' });
      expect({ asked, updates }).toEqual({ asked: [], updates: 0 });
    }
  });

  it('makes nobody change what the policy only audits', async () => {
    const audited = await tag(
      { ...optedIn, 'layerward:mode': 'enforce', mode: 'enforce' },
      { functionName: 'audited-one' },
    );
    expect(audited.look.status).toBe('drifted');
    expect(audited.updates).toBe(0);
    expect((await tag(optedIn)).updates).toBe(1);
  });

  it('never makes Layerward change its own functions', async () => {
    const own = createWorld().world.ownFunctionArns[0]?.split(':').at(-1) ?? '';
    const { look, updates } = await tag(optedIn, { functionName: own });
    expect(look).toMatchObject({ status: 'out-of-scope', reason: 'self' });
    expect(updates).toBe(0);
    expect(formatFunctionArn({ ...arn, functionName: own })).toBe(createWorld().world.ownFunctionArns[0]);
  });
});
