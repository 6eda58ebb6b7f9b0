import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { parse } from 'yaml';
import { readPolicy } from '../../src/aws/appconfig-policies.ts';
import type { Agent } from '../../src/domain/agent.ts';
import { agentSchema } from '../../src/domain/agent-schema.ts';
import { decide } from '../../src/domain/decide.ts';
import { checkPolicy, type Policy, policySchema, select } from '../../src/domain/policy.ts';
import { createRandom, type Random } from '../../src/sandbox/random.ts';
import { readAgent, readPolicyDocument } from '../../src/service/agent-files.ts';
import { decodeText } from '../../src/service/text-file.ts';
import { agents, arn, credentials, situationOf, snapshotOf } from '../fixtures/situation.ts';
import { corrupt, hostileTexts, mutateText, mutateValue } from './mutation.ts';
import { hold, refused, type Target, type Verdict } from './target.ts';

/* Agent and policy files, as bytes; policies as the JSON that AppConfig has, too. */

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

const agentName = 'trend-application-security';
const agentFile = `agents/${agentName}.yaml`;

const richPolicy = `version: 1
mode: audit
agent: ${agentName}
optIn: { tag: "layerward:protect", value: "on" }
groupTag: layerward:group
defaultGroup: default
groups:
  default: &group { secret: layerward/groups/default, parameters: { cloudOneRegion: us-1 } }
  payments: { secret: layerward/groups/payments, parameters: { cloudOneRegion: de-1 }, accounts: ["111122223333"] }
  other: *group
agents:
  ${agentName}:
    layers: { account: "444455556666", regions: [us-east-1, eu-west-1], versions: { CloudOne-ApplicationSecurity-python: 2 } }
    variables: { TREND_AP_LOG_LEVEL: debug, TREND_AP_HTTP_TIMEOUT: "9" }
    teamVariables: [TREND_AP_LOG_FILE]
exclude: { accounts: ["777788889999"], regions: [eu-west-1], functions: ["never-protect-*"] }
rules:
  - { match: { accounts: ["111122223333"], functions: ["or*"] }, mode: enforce, group: payments }
  - match: {}
contest: { repairs: 3, withinMinutes: 30 }
`;

const policyTexts: readonly [string, ...string[]] = [
  read('policy.example.yaml'),
  richPolicy,
  JSON.stringify(parse(richPolicy)),
];
const agentTexts: readonly [string, ...string[]] = [read(agentFile), JSON.stringify(parse(read(agentFile)))];
const allTexts: readonly [string, ...string[]] = [...policyTexts, ...agentTexts];

interface Input {
  readonly kind: 'policy' | 'agent';
  readonly content: Buffer;
}

function contentOf(texts: readonly [string, ...string[]], random: Random): Buffer {
  const text = random.pick(texts);
  switch (random.below(8)) {
    case 0:
      return Buffer.from(text);
    case 1:
      return corrupt(Buffer.from(text), random);
    case 2:
    case 3:
    case 4:
      return Buffer.from(JSON.stringify(mutateValue(parse(text), random)));
    default:
      return Buffer.from(mutateText(text, allTexts, random));
  }
}

const input = (kind: Input['kind'], texts: readonly [string, ...string[]]) =>
  fc
    .integer({ min: 0, max: 2 ** 32 - 1 })
    .map((seed): Input => ({ kind, content: contentOf(texts, createRandom(seed)) }));

const anything = fc
  .oneof(fc.json(), fc.string({ unit: 'binary' }), fc.constantFrom(...hostileTexts))
  .chain((text) =>
    fc.constantFrom<Input['kind']>('policy', 'agent').map((kind): Input => ({ kind, content: Buffer.from(text) })),
  );

export const documents: Target<Input> = {
  name: 'documents',
  about: 'agent and policy files, and policies as AppConfig has them',
  inputs: fc.oneof(
    { weight: 6, arbitrary: input('policy', policyTexts) },
    { weight: 4, arbitrary: input('agent', agentTexts) },
    { weight: 1, arbitrary: anything },
  ),
  async open() {
    // A validator that others wrote, by the schemas that are generated for editors and for AppConfig.
    const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });
    const isPolicy = ajv.compile(JSON.parse(read('schemas/policy.schema.json')));
    const isAgent = ajv.compile(JSON.parse(read('schemas/agent.schema.json')));
    return {
      async give({ kind, content }) {
        let text: string;
        try {
          text = decodeText(content, 'file.yaml');
        } catch (error) {
          return refused(error);
        }
        return kind === 'policy' ? givePolicy(text, isPolicy) : giveAgent(text, isAgent);
      },
      close: async () => {},
    };
  },
};

type Validate = (value: unknown) => unknown;

function givePolicy(text: string, isPolicy: Validate): Verdict {
  let policy: Policy;
  try {
    policy = readPolicyDocument(text, 'policy.yaml', agents);
  } catch (error) {
    holdRefusedByAppConfig(text, error);
    return refused(error);
  }
  hold(Boolean(isPolicy(parse(text))), 'the JSON Schema refuses this policy');
  hold(isDeepStrictEqual(readPolicy(JSON.stringify(policy), agents), policy), 'AppConfig’s policy is another one');
  for (const [name, { secret }] of Object.entries(policy.groups))
    hold(secret !== '', `the group ${name} has no secret`);
  holdUsable(policy);
  return 'accepted';
}

/** A policy that was accepted decides about every function, tagged or not, without an error. */
function holdUsable(policy: Policy): void {
  for (const values of [{}, { [policy.optIn.tag]: policy.optIn.value }, { 'layerward:group': 'constructor' }])
    for (const runtime of ['python3.7', 'python3.8', 'nodejs14.x', 'java21']) {
      const snapshot = snapshotOf({ runtime, tags: { readable: true, values } });
      const selection = select(policy, agents, { arn, organizationalUnits: [] }, snapshot.tags);
      const decision = decide({
        ...situationOf(snapshot),
        selection,
        contest: policy.contest,
        credentials: { found: credentials },
      });
      hold(typeof decision.status === 'string', 'there is no decision');
    }
}

/** What only a file is refused for; JSON says it in one way only, and AppConfig takes no more than it has room for. */
const ofFilesOnly = /must be unique|characters long|at most 1024 chars|nested too deeply/;

function holdRefusedByAppConfig(text: string, reason: unknown): void {
  try {
    readPolicy(text, agents);
  } catch (error) {
    refused(error);
    return;
  }
  hold(ofFilesOnly.test(String(reason)), `only AppConfig takes it: ${reason}`);
}

function giveAgent(text: string, isAgent: Validate): Verdict {
  let agent: Agent;
  try {
    agent = readAgent(text, agentFile);
  } catch (error) {
    return refused(error);
  }
  hold(Boolean(isAgent(parse(text))), 'the JSON Schema refuses this agent');
  hold(
    isDeepStrictEqual(agentSchema.parse(JSON.parse(JSON.stringify(agent))), agent),
    'it is another agent, read again',
  );
  const parameters = Object.fromEntries(Object.entries(agent.parameters).map(([name, [first]]) => [name, first]));
  const policy = policySchema.parse({
    version: 1,
    agent: agent.name,
    groups: { default: { secret: 's', parameters } },
  });
  const known = new Map([[agent.name, agent]]);
  for (const { message } of checkPolicy(policy, known)) hold(/\w{3}/.test(message), 'a finding without a reason');
  const selection = select(policy, known, { arn, organizationalUnits: undefined }, snapshotOf().tags);
  const [runtime] = agent.variants.flatMap(({ runtimes }) => runtimes);
  const decision = decide({ ...situationOf(snapshotOf({ ...(runtime ? { runtime } : {}) })), selection });
  hold(typeof decision.status === 'string', 'there is no decision');
  return 'accepted';
}
