import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { readPolicy } from '../../../src/aws/appconfig-policies.ts';
import { createSecretsManagerCredentials } from '../../../src/aws/secrets-manager-credentials.ts';
import { entryTitle } from '../../../src/cli/plan-report.ts';
import { agentsFolder, readAgent, readPolicyDocument } from '../../../src/service/agent-files.ts';
import { readPlanFile } from '../../../src/service/plan-file.ts';
import { readRecordFile } from '../../../src/service/record-file.ts';
import * as trail from '../../fixtures/cloudtrail.ts';
import { leaksBy, mark, plantInEach } from '../../fixtures/planted.ts';
import { agents } from '../../fixtures/situation.ts';
import { type StandIn, standInOptions, startStandIn } from '../../fixtures/stand-in.ts';

/*
 * A secret in every field of the documents that people write or keep, one at a time, against what is said of them: names are
 * quoted, and words that differ from a known one as a typing error would.
 */

/** All that an error says, its causes and stack included; nothing where there is none. */
function saidBy(read: () => unknown): string {
  try {
    read();
    return '';
  } catch (error) {
    return inspect(error, { depth: 10, showHidden: true });
  }
}

const searchedIn = (document: unknown, dictionaries: readonly string[], read: (planted: unknown) => unknown) =>
  plantInEach(document, dictionaries).map(({ path, planted }) => ({
    path,
    out: { said: saidBy(() => read(planted)) },
  }));

const policy = {
  version: 1,
  mode: 'enforce',
  agent: 'trend-application-security',
  optIn: { tag: 'layerward:protect', value: 'on' },
  groupTag: 'layerward:group',
  defaultGroup: 'default',
  groups: {
    default: { secret: 'layerward/groups/default', parameters: { cloudOneRegion: 'us-1' }, accounts: ['111122223333'] },
  },
  agents: {
    'trend-application-security': {
      layers: {
        account: '444455556666',
        partition: 'aws',
        regions: ['us-east-1'],
        versions: { 'CloudOne-ApplicationSecurity-python': 2 },
      },
      variables: { TREND_AP_LOG_LEVEL: 'warn', TREND_AP_TAGS: 'x' },
      teamVariables: ['TREND_AP_LOG_FILE'],
    },
  },
  exclude: {
    accounts: ['111122223333'],
    organizationalUnits: ['ou-ab12-11111111'],
    regions: ['us-east-1'],
    functions: ['a*'],
  },
  rules: [{ match: { regions: ['eu-west-1'] }, mode: 'audit', agent: 'trend-application-security', group: 'default' }],
  contest: { repairs: 5, withinMinutes: 60 },
};

/** Names, by which a policy speaks of agents, groups and variables. */
const quotedOfPolicy = [
  'agent',
  'agents.trend-application-security.teamVariables.*',
  'defaultGroup',
  'rules.*.agent',
  'rules.*.group',
];

describe('a secret that is planted in a policy', () => {
  it('is quoted by whoever reads the file only where a name belongs', () => {
    const searched = searchedIn(policy, [], (planted) => readPolicyDocument(stringify(planted), 'policy.yaml', agents));
    expect(searched.length).toBeGreaterThan(60);
    expect(leaksBy(searched)).toEqual(quotedOfPolicy);
  });

  it('is quoted by the deployed functions no more than that', () => {
    const searched = searchedIn(policy, [], (planted) => readPolicy(JSON.stringify(planted), agents));
    expect(leaksBy(searched).filter((path) => !quotedOfPolicy.includes(path))).toEqual([]);
  });

  it('is not quoted where the policy is no document at all', () => {
    for (const text of [
      mark,
      `{"key": "${mark}`,
      `secret: [${mark}`,
      `secret: "${mark}`,
      `- ${mark}`,
      `&${mark.toLowerCase()} x: {`,
    ]) {
      expect(saidBy(() => readPolicy(text, agents))).not.toContain(mark);
      const said = saidBy(() => readPolicyDocument(text, 'policy.yaml', agents));
      expect(said).not.toBe('');
      expect(said).not.toContain(mark);
    }
  });
});

describe('a secret that is planted in an agent’s file', () => {
  it('is quoted only where the name of a variable belongs', () => {
    const document: unknown = parse(readFileSync(`${agentsFolder}/trend-application-security.yaml`, 'utf8'));
    const fileName = 'agents/trend-application-security.yaml';
    const searched = searchedIn(document, [], (planted) => readAgent(stringify(planted), fileName));
    expect(searched.length).toBeGreaterThan(150);
    expect(leaksBy(searched)).toEqual([
      'settings.prefix',
      'settings.sensitive.*',
      'variants.*.activation.originalHandlerVariable',
    ]);
  });
});

describe('a secret that is planted in a plan file', () => {
  const plan = {
    format: 'layerward-plan',
    version: 1,
    createdAt: '2026-11-23T12:00:00.000Z',
    accountId: '111122223333',
    policyMark: 'mark',
    salt: 'salt',
    functions: [
      {
        functionArn: 'arn:aws:lambda:us-east-1:111122223333:function:orders',
        revisionId: 'r',
        status: 'drifted',
        reason: 'layer-missing',
        purpose: 'attached',
        mode: 'enforce',
        drift: [{ code: 'layer-missing', path: 'Layers', expected: 'a', actual: 'b' }],
        updateMark: 'm',
      },
    ],
  };

  it('is quoted by nobody who refuses it, and printed only as a function’s ARN and reason', () => {
    const searched = plantInEach(plan).map(({ path, planted }) => {
      const titles: string[] = [];
      const said = saidBy(() =>
        titles.push(...readPlanFile(JSON.stringify(planted), 'plan.json').functions.map(entryTitle)),
      );
      return { path, out: { said, titles: titles.join('\n') } };
    });
    expect(leaksBy(searched, (way) => way === 'said')).toEqual([]);
    expect(leaksBy(searched)).toEqual(['functions.*.functionArn', 'functions.*.reason']);
  });

  it('is not quoted where it is no plan', () => {
    for (const text of [mark, `"${mark}"`, `{"format": "${mark}"}`, JSON.stringify(plan).slice(0, -3) + mark])
      expect(saidBy(() => readPlanFile(text, 'plan.json'))).not.toContain(mark);
  });
});

describe('a secret that is planted in a file of records', () => {
  it.each([
    ['text', `password=${mark}`],
    ['a text in quotes', `"${mark}`],
    ['JSON that is cut off', `{"key": "${mark}`],
    ['JSON with something after it', `{"key": "x"} ${mark}`],
    ['JSON with something before it', `${mark}{"key": "x"}`],
    ['a second line that is none', `${JSON.stringify(trail.createFunctionRecord())}\n${mark}`],
    ['JSON of another kind of quotes', `{'key': '${mark}'}`],
    ['many lines', `${mark}\n`.repeat(5)],
  ])('is not quoted: %s', (_, text) => {
    for (const content of [Buffer.from(text), gzipSync(text)]) {
      const said = saidBy(() => readRecordFile(content, 'trail.json'));
      expect(said).toContain('is not JSON');
      expect(said).not.toContain(mark);
    }
  });
});

describe('a secret of a group', () => {
  let standIn: StandIn;
  beforeAll(async () => {
    standIn = await startStandIn();
  });
  afterAll(() => standIn.stop());

  const find = async (SecretString: unknown) => {
    standIn.answer({ body: { Name: 'n', SecretString, VersionId: mark } });
    const store = createSecretsManagerCredentials(new SecretsManagerClient(standInOptions(standIn)), () => new Date());
    return store
      .find('layerward/groups/default')
      .catch((error: unknown) => ({ missing: inspect(error, { depth: 10 }) }));
  };

  it('is not quoted, however malformed it is', async () => {
    const json = fc.json({ stringUnit: 'binary-ascii' });
    const texts = fc.oneof(
      fc.string().map((text) => `${text}${mark}`),
      json.map((text) => `${text}${mark}`),
      json.map((text) => `{"key": "${mark}", "secret": ${text}`),
      json.map((text) => JSON.stringify({ key: mark, secrets: text })),
      json.map((text) => JSON.stringify({ key: [mark], secret: text })),
      fc.constantFrom(
        mark,
        `"${mark}"`,
        `{'key': '${mark}'}`,
        `key: ${mark}`,
        `{"key": "${mark}"}`,
        `{"secret": "${mark}"}`,
      ),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const answer = await find(text);
        expect(answer).toHaveProperty('missing');
        expect(JSON.stringify(answer)).not.toContain(mark);
      }),
      { numRuns: 200 },
    );
  });

  it('is read for its two fields, and nothing else in it is kept', async () => {
    const searched = await Promise.all(
      plantInEach({ key: 'k', secret: 's', note: 'n', nested: { more: 'm' } }).map(async ({ path, planted }) => ({
        path,
        out: { found: JSON.stringify(await find(JSON.stringify(planted))) },
      })),
    );
    expect(leaksBy(searched)).toEqual([]);
  });
});
