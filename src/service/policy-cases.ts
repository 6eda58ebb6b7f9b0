import { isSeq, LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import { type Agent, type Agents, agentLayer, awsRegion, findVariant, variableName } from '../domain/agent.ts';
import type { Attachment } from '../domain/attachment.ts';
import { decide } from '../domain/decide.ts';
import type { Decision, Update } from '../domain/decision.ts';
import { type DriftCode, driftCodes } from '../domain/drift.ts';
import { type FunctionArn, formatFunctionArn, parseFunctionArn } from '../domain/function-arn.ts';
import { parseLayerArn } from '../domain/layer-arn.ts';
import { type Finding, layerSourceFor, type Policy, type Selection, select } from '../domain/policy.ts';
import type { Situation } from '../domain/situation.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { readYamlDocument } from './yaml-document.ts';

/*
 * A policy's own tests: functions as they may be found, and what is expected of each. Pure, like the decision itself.
 */

type ReasonOf<Status extends Decision['status']> =
  Extract<Decision, { status: Status }> extends { readonly reason: infer Reason extends string } ? Reason : never;

/** The reasons that a decision of each status can have; the compiler holds that none is left out. */
const reasonsByStatus: { readonly [Status in Decision['status']]: Readonly<Record<ReasonOf<Status>, true>> } = {
  'out-of-scope': { self: true, excluded: true, 'not-opted-in': true },
  release: { 'opted-out': true, excluded: true, runtime: true, architecture: true },
  unsupported: { 'container-image': true, 'lambda-edge': true, runtime: true, architecture: true, region: true },
  blocked: {
    'tags-unreadable': true,
    'environment-unreadable': true,
    'foreign-wrapper': true,
    'layer-limit': true,
    'environment-size': true,
    'credentials-missing': true,
    'original-handler-lost': true,
    'runtime-frozen': true,
    'code-signing': true,
    'layer-access': true,
    'aws-refused': true,
  },
  compliant: {},
  waiting: { 'function-not-ready': true },
  drifted: recordOf(driftCodes),
  contested: { flapping: true },
};

function recordOf(codes: readonly DriftCode[]): Readonly<Record<DriftCode, true>> {
  return z
    .record(z.enum(driftCodes), z.literal(true))
    .parse(Object.fromEntries(codes.map((code) => [code, true] as const)));
}

const reasonsOf = (status: Decision['status']) => Object.keys(reasonsByStatus[status]);
const statuses = z
  .enum(['out-of-scope', 'release', 'unsupported', 'blocked', 'compliant', 'waiting', 'drifted', 'contested'])
  .describe('The status of the decision: docs/decisions.md.');
const allReasons = [...new Set(statuses.options.flatMap(reasonsOf))];

const text = z.string();
const layerVersion = z
  .string()
  .refine(
    (arn) => parseLayerArn(arn) !== undefined,
    'must be the ARN of a layer version: arn:aws:lambda:…:layer:NAME:1',
  );

/** What of a function is the team's own. */
const team = {
  runtime: text.describe('AWS’s name, such as python3.8 (default: the first that the agent serves).'),
  architecture: z.enum(['x86_64', 'arm64']).describe('(default: the first on which the agent serves the runtime)'),
  handler: text.describe('(default: index.handler)'),
  layers: z.array(layerVersion).describe('ARNs of layer versions, in their order (default: none).'),
  variables: z.record(variableName, text).describe('Environment variables (default: none).'),
};

const functionCase = z
  .strictObject({
    arn: text.refine((arn) => parseFunctionArn(arn) !== undefined, 'must be the ARN of a function'),
    name: text.regex(/^[A-Za-z0-9_-]{1,140}$/, 'must be the name of a function').describe('(default: example)'),
    account: text.regex(/^\d{12}$/, 'must be an account id: 12 digits, in quotes').describe('(default: 111122223333)'),
    region: awsRegion.describe('(default: us-east-1, where the agent is there, else its first)'),
    organizationalUnits: z.array(text).describe('Those that the account is in, the root included (default: none).'),
    tags: z.record(text, text).describe('All of its tags (default: the opt-in tag).'),
    packageType: z.enum(['Zip', 'Image']).describe('(default: Zip)'),
    ...team,
    unreadable: z.array(z.enum(['tags', 'variables'])).describe('What AWS does not show.'),
    state: z.enum(['Active', 'Pending', 'Inactive', 'Failed']).describe('(default: Active)'),
    lastUpdateStatus: z.enum(['Successful', 'InProgress', 'Failed']).describe('(default: Successful)'),
    masterArn: text.describe('Of a replica of Lambda@Edge: the ARN of its master.'),
  })
  .partial();

const expectation = z.strictObject({
  status: statuses,
  reason: z.enum(allReasons).exactOptional(),
  group: text.exactOptional(),
  agent: text.exactOptional(),
  mode: z.enum(['enforce', 'audit']).exactOptional(),
  layer: text.exactOptional().describe('The agent’s layer afterwards: its ARN, or NAME:VERSION.'),
  handler: text.exactOptional().describe('The Handler afterwards.'),
  variables: z.record(variableName, text).exactOptional().describe('Some of the variables afterwards.'),
});

const policyCase = z.strictObject({
  name: text.min(1).exactOptional().describe('What the case is about, in a sentence.'),
  function: functionCase.prefault({}),
  record: z
    .literal('attached')
    .exactOptional()
    .describe(
      'Layerward attached before: what `function` does not give of handler, layers, variables is as it left it.',
    ),
  before: z
    .strictObject(team)
    .partial()
    .exactOptional()
    .describe('With `record`: what the team had when Layerward attached (default: the same runtime, nothing else).'),
  repairs: z.int().min(0).max(100).default(0).describe('How often it was put right lately, and undone again.'),
  credentials: z.literal('missing').exactOptional().describe('The secret of the group can’t be had.'),
  expect: expectation,
});

/** The schema of a list of cases. */
export const policyCasesSchema = z.array(policyCase).min(1, 'there is no case in it');

/** A function as it may be found, and what is expected of it. */
export type PolicyCase = z.output<typeof policyCase>;

/** What is expected of a case. */
export type Expectation = z.output<typeof expectation>;

/** A case, and the line of the file at which it begins, from 1. */
export interface LocatedCase {
  readonly case: PolicyCase;
  readonly line: number;
}

/**
 * Reads a list of cases.
 * @throws {InvalidDocument} with all mistakes, each with line, column and a guess.
 */
export function readPolicyCases(content: string, fileName: string): LocatedCase[] {
  const cases = readYamlDocument(content, fileName, policyCasesSchema, (read) => read.flatMap(findingsIn));
  const lines = new LineCounter();
  const { contents } = parseDocument(content, { lineCounter: lines });
  const items = isSeq(contents) ? contents.items : [];
  return cases.map((one, index) => ({ case: one, line: lineOf(items[index], lines) }));
}

function lineOf(node: unknown, lines: LineCounter): number {
  const range = typeof node === 'object' && node !== null ? Reflect.get(node, 'range') : undefined;
  return Array.isArray(range) && typeof range[0] === 'number' ? lines.linePos(range[0]).line : 1;
}

/** What no schema can check. */
function findingsIn(one: PolicyCase, index: number): Finding[] {
  const findings: Finding[] = [];
  const { arn, name, account, region } = one.function;
  if (arn !== undefined && (name ?? account ?? region) !== undefined)
    findings.push({ path: [index, 'function', 'arn'], message: 'says the same as name, account and region: give one' });
  if (one.before && one.record === undefined)
    findings.push({ path: [index, 'before'], message: 'is about what was attached: say record: attached too' });
  const { status, reason } = one.expect;
  const possible = reasonsOf(status);
  if (reason !== undefined && !possible.includes(reason))
    findings.push({
      path: [index, 'expect', 'reason'],
      message:
        possible.length === 0
          ? `${status} has no reason`
          : `${reason} is no reason of ${status}; those are: ${possible.join(', ')}`,
    });
  return findings;
}

/** What was decided of a case. */
export interface Got {
  readonly status: Decision['status'];
  readonly reason?: string;
  readonly detail?: string;
  readonly group: string;
  readonly agent: string;
  readonly mode: Policy['mode'];
  /** The agent's layer afterwards. */
  readonly layer?: string;
  readonly handler?: string;
}

/** Something that is not as it was expected. */
export interface Difference {
  readonly what: string;
  readonly expected: string;
  readonly got: string;
}

/** How a case went. */
export interface CaseResult {
  readonly name: string;
  readonly line: number;
  readonly functionArn: string;
  readonly expected: Expectation;
  /** Absent where the case itself can't be: Layerward would not have attached what it says was attached. */
  readonly got?: Got;
  /** Empty exactly where the case holds. */
  readonly differences: readonly Difference[];
}

/** Any moment: nothing but the time between repairs depends on it. */
const now = new Date('2026-01-01T12:00:00Z');

/** In place of a group's credentials; as long as real ones. */
const credentials = { key: 'the-key-of-the-group-of-the-function', secret: 'the-secret-of-the-group-of-function' };

/** Decides about every case by a policy, and compares. */
export function runPolicyCases(cases: readonly LocatedCase[], policy: Policy, agents: Agents): CaseResult[] {
  return cases.map(({ case: one, line }, index) => {
    const arn = arnOf(one, policy, agents);
    const common = {
      name: one.name ?? `case ${index + 1}`,
      line,
      functionArn: formatFunctionArn(arn),
      expected: one.expect,
    };
    const found = find(one, arn, policy, agents);
    if ('impossible' in found)
      return { ...common, differences: [{ what: 'record', expected: 'attached', got: found.impossible }] };
    const { decision, selection, after } = found;
    const got = gotOf(decision, selection, after);
    return { ...common, got, differences: differencesOf(one.expect, got, after) };
  });
}

function arnOf({ function: given }: PolicyCase, policy: Policy, agents: Agents): FunctionArn {
  const whole = given.arn === undefined ? undefined : parseFunctionArn(given.arn);
  if (whole) return whole;
  const agent = agents.get(policy.agent);
  const regions = agent ? layerSourceFor(policy, agent).regions : [];
  const usual = 'us-east-1';
  const region = given.region ?? (regions.includes(usual) ? usual : (regions[0] ?? usual));
  return {
    partition: partitionOf(region),
    region,
    accountId: given.account ?? '111122223333',
    functionName: given.name ?? 'example',
  };
}

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  return region.startsWith('eusc-') ? 'aws-eusc' : 'aws';
}

/** What was decided, and what the function is afterwards. */
interface Found {
  readonly decision: Decision;
  readonly selection: Selection;
  readonly after: Snapshot;
}

function find(
  one: PolicyCase,
  arn: FunctionArn,
  policy: Policy,
  agents: Agents,
): Found | { readonly impossible: string } {
  const { tag, value } = policy.optIn;
  const given = one.function;
  const tags = given.tags ?? { [tag]: value };
  const isShown = (part: 'tags' | 'variables') => !given.unreadable?.includes(part);
  const readable: Snapshot['tags'] = { readable: true, values: tags };
  const shownTags: Snapshot['tags'] = isShown('tags')
    ? readable
    : { readable: false, errorCode: 'AccessDeniedException' };
  const place = { arn, organizationalUnits: given.organizationalUnits ?? [] };
  const selection = select(policy, agents, place, shownTags);
  const common = { contest: policy.contest, ownFunctionArns: [], now };

  const attached = one.record && attach(one, select(policy, agents, place, readable), arn, common);
  if (attached && 'impossible' in attached) return attached;
  const bare = attached?.snapshot ?? snapshotOf(arn, given, selection.agent);
  const snapshot: Snapshot = {
    ...bare,
    packageType: given.packageType ?? 'Zip',
    ...(given.packageType === 'Image'
      ? { runtime: undefined, handler: undefined }
      : {
          runtime: given.runtime ?? bare.runtime,
          handler: given.handler ?? bare.handler,
        }),
    architecture: given.architecture ?? bare.architecture,
    layers: given.layers ?? bare.layers,
    environment: !isShown('variables')
      ? { readable: false, errorCode: 'AccessDeniedException' }
      : given.variables
        ? { readable: true, variables: given.variables }
        : bare.environment,
    tags: shownTags,
    state: given.state ?? 'Active',
    lastUpdateStatus: given.lastUpdateStatus ?? 'Successful',
    masterArn: given.masterArn,
  };
  const decision = decide({
    ...common,
    snapshot,
    selection,
    attachment: attached?.attachment,
    repairs: Array.from({ length: one.repairs }, () => now.toISOString()),
    credentials: one.credentials ? { missing: 'the case says so' } : { found: credentials },
  });
  return { decision, selection, after: snapshotAfter(snapshot, decision) };
}

/** The function as the team made it, with what is not given filled in. */
function snapshotOf(arn: FunctionArn, given: PolicyCase['before'] & object, agent: Agent): Snapshot {
  const [first] = agent.variants;
  const runtime = given.runtime ?? first?.runtimes[0];
  const serving = agent.variants.find(({ runtimes }) => runtime !== undefined && runtimes.includes(runtime)) ?? first;
  return {
    arn,
    packageType: 'Zip',
    runtime,
    architecture: given.architecture ?? serving?.architectures[0] ?? 'x86_64',
    handler: given.handler ?? 'index.handler',
    layers: given.layers ?? [],
    environment: { readable: true, variables: given.variables ?? {} },
    tags: { readable: true, values: {} },
    state: 'Active',
    lastUpdateStatus: 'Successful',
    lastUpdateStatusReason: undefined,
    revisionId: 'revision-1',
    masterArn: undefined,
  };
}

/** What Layerward made of the function when it attached. */
function attach(
  { function: given, before = {} }: PolicyCase,
  selection: Selection,
  arn: FunctionArn,
  common: Pick<Situation, 'contest' | 'ownFunctionArns' | 'now'>,
): { readonly snapshot: Snapshot; readonly attachment: Attachment } | { readonly impossible: string } {
  const { runtime = given.runtime, architecture = given.architecture, ...rest } = before;
  const snapshot = snapshotOf(
    arn,
    {
      ...rest,
      ...(runtime === undefined ? {} : { runtime }),
      ...(architecture === undefined ? {} : { architecture }),
    },
    selection.agent,
  );
  const served = findVariant(selection.agent, snapshot.runtime, snapshot.architecture);
  if ('missing' in served)
    return {
      impossible: `the agent does not run on ${snapshot[served.missing]}: say by \`before\` what the function was then`,
    };
  const decision = decide({
    ...common,
    snapshot,
    // It was in scope then, whatever it is now.
    selection: { ...selection, scope: 'in' },
    attachment: undefined,
    repairs: [],
    credentials: { found: credentials },
  });
  if (decision.status === 'drifted' && decision.plan.attachment)
    return { snapshot: updated(snapshot, decision.plan.update), attachment: decision.plan.attachment };
  if (decision.status === 'compliant') return { snapshot, attachment: decision.attachment };
  const { status, reason, detail } = wordsOf(decision);
  return { impossible: [status, reason, detail].filter((part) => part !== undefined).join(': ') };
}

function snapshotAfter(snapshot: Snapshot, decision: Decision): Snapshot {
  return 'plan' in decision && decision.plan ? updated(snapshot, decision.plan.update) : snapshot;
}

function updated(snapshot: Snapshot, { Handler, Layers, Environment }: Update): Snapshot {
  return {
    ...snapshot,
    handler: Handler ?? snapshot.handler,
    layers: Layers ?? snapshot.layers,
    environment: Environment ? { readable: true, variables: Environment.Variables } : snapshot.environment,
  };
}

function wordsOf(decision: Decision): Pick<Got, 'status' | 'reason' | 'detail'> {
  return {
    status: decision.status,
    ...('reason' in decision ? { reason: decision.reason } : {}),
    ...('detail' in decision ? { detail: decision.detail } : {}),
  };
}

function gotOf(decision: Decision, { groupName, agent, mode, layerSource }: Selection, after: Snapshot): Got {
  const layer = after.layers.find((arn) => agentLayer(agent, layerSource, arn) !== undefined);
  return {
    ...wordsOf(decision),
    group: groupName,
    agent: agent.name,
    mode,
    ...(layer === undefined ? {} : { layer }),
    ...(after.handler === undefined ? {} : { handler: after.handler }),
  };
}

function differencesOf(expected: Expectation, got: Got, after: Snapshot): Difference[] {
  const { layer, variables = {}, ...same } = expected;
  const differences: Difference[] = [];
  const differ = (what: string, wanted: string, is: string | undefined) => {
    if (is !== wanted) differences.push({ what, expected: wanted, got: is ?? 'none' });
  };
  for (const what of ['status', 'reason', 'group', 'agent', 'mode', 'handler'] as const) {
    const wanted = same[what];
    if (wanted !== undefined) differ(what, wanted, got[what]);
  }
  if (layer !== undefined) differ('layer', layer, layer.startsWith('arn:') ? got.layer : shortLayer(got.layer));
  const { environment } = after;
  for (const [name, wanted] of Object.entries(variables))
    differ(name, wanted, environment.readable ? environment.variables[name] : undefined);
  return differences;
}

/** `NAME:VERSION` */
function shortLayer(arn: string | undefined): string | undefined {
  const parsed = arn === undefined ? undefined : parseLayerArn(arn);
  return parsed && `${parsed.layerName}:${parsed.version}`;
}
