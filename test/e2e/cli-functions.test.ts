import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { DeleteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyReport } from '../../src/cli/apply-report.ts';
import { explainReport } from '../../src/cli/explain-report.ts';
import { planReport } from '../../src/cli/plan-report.ts';
import { scanReport } from '../../src/cli/scan-report.ts';
import { EXAMPLE_ORGANIZATION } from '../../src/sandbox/organization/accounts.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { openStage, type Place, type Stage } from '../../src/sandbox/tour/stage.ts';
import { readPlanFile } from '../../src/service/plan-file.ts';
import { colours, type Ended, emptyFolder, expectSentence, runOnTerminal, runPiped } from '../fixtures/command-line.ts';

/*
 * The commands about functions as processes of their own, against the sandbox, with pipes and on a terminal. Functions
 * are put in place without events, so that the deployed Layerward leaves them to the commands.
 */

const [hub, orders, payments, legacy, closed] = [
  '111122223333',
  '222233334444',
  '333344445555',
  '444455556666',
  '555566667777',
];
const tags = { 'layerward:protect': 'on' };
/** What a team has in its variables: no command may ever show it. */
const planted = 'planted-password-of-the-team';

let sandbox: Sandbox;
let stage: Stage;
/** Everything that commands printed, to be searched for secrets in the end. */
const printed: string[] = [];

beforeAll(async () => {
  const administrators = (accountId: string) => ({
    accountId,
    name: 'OrganizationAccountAccessRole',
    trustPolicy: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${hub}:root` }, Action: 'sts:AssumeRole' }],
    },
    policies: {
      everything: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
    },
  });
  sandbox = await startSandbox({
    organization: EXAMPLE_ORGANIZATION,
    roles: [administrators(orders), administrators(payments), administrators(closed)],
    timings: { deliveryMs: 5, pendingMs: 20, updateMs: 20, stateMachineSecondMs: 50 },
  });
  sandbox.lambda.faults.replace({ quotas: 'off' });
  stage = await openStage(sandbox);
});
afterAll(() => sandbox?.stop());

const credentials = { AWS_ACCESS_KEY_ID: 'olga', AWS_SECRET_ACCESS_KEY: 'any', AWS_EC2_METADATA_DISABLED: 'true' };
const environment = (more: Readonly<Record<string, string>> = {}) => ({
  env: { ...credentials, AWS_ENDPOINT_URL: sandbox.endpoint, AWS_REGION: 'us-east-1', ...more },
});

async function piped(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const ended = await runPiped(args, environment(more));
  printed.push(ended.stdout, ended.stderr);
  return ended;
}

async function onTerminal(args: readonly string[], answer = '', more: Readonly<Record<string, string>> = {}) {
  const ended = await runOnTerminal(args, environment(more), answer);
  printed.push(ended.stdout);
  return ended;
}

let regions = 0;
/** A region of its own, so that tests don't see each other's functions; all of them are regions of the agent. */
function nextRegion(): string {
  const all = [
    'eu-north-1',
    'ap-south-1',
    'eu-west-2',
    'eu-west-3',
    'ap-northeast-1',
    'ap-northeast-2',
    'ca-central-1',
  ];
  const more = ['ap-southeast-1', 'ap-southeast-2', 'sa-east-1', 'eu-central-1', 'us-east-2', 'us-west-1', 'us-west-2'];
  const region = [...all, ...more][regions++];
  if (region === undefined) throw new Error('there are more tests than regions');
  return region;
}

type Seed = Omit<Parameters<Sandbox['lambda']['seed']>[0][number], 'accountId' | 'region' | 'name'>;
/** Puts a function in place that opted in, and that nothing of ours is on. */
function put({ accountId, region }: Place, name: string, more: Partial<Seed> = {}): string {
  sandbox.lambda.seed([
    {
      runtime: 'nodejs14.x',
      handler: 'index.handler',
      tags,
      variables: { PASSWORD: planted },
      ...more,
      accountId,
      region,
      name,
    },
  ]);
  return `arn:aws:lambda:${region}:${accountId}:function:${name}`;
}

const live = (functionArn: string) => {
  const [, , , region = '', accountId = '', , name = ''] = functionArn.split(':');
  const { layers, variables, handler } = {
    layers: sandbox.lambda.inspect(accountId, region, name)?.latest.settings.Layers ?? [],
    variables: sandbox.lambda.inspect(accountId, region, name)?.latest.settings.Variables ?? {},
    handler: sandbox.lambda.inspect(accountId, region, name)?.latest.settings.Handler,
  };
  return { layers: layers.map(({ Arn }) => Arn), variables, handler };
};

describe('layerward scan', () => {
  const place: Place = { accountId: hub, region: nextRegion() };
  const at = ['--regions', place.region];
  beforeAll(() => {
    put(place, 'bare');
    put(place, 'wrapped', { variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/otel-handler' } });
    put(place, 'modern', { runtime: 'java11' });
    put(place, 'never-protect-this');
    put(place, 'stranger', { tags: {} });
  });

  it('prints one object of the documented shape', async () => {
    const { code, stdout, stderr } = await piped(['scan', ...at, '--json']);
    expect(code).toBe(1);
    expect(stderr).toBe('');
    const report = scanReport.parse(JSON.parse(stdout));
    expect(report).toMatchObject({ optedIn: 3, protected: 0, percent: 0, hasRecords: true, attentionTotal: 2 });
    expect(report.places).toEqual([place]);
    expect(report.attention.map(({ status, reason }) => `${status}: ${reason}`)).toEqual([
      'blocked: foreign-wrapper',
      'drifted: layer-missing',
    ]);
    expect(report.counts.map(({ status, reason, count }) => `${count} ${status}: ${reason}`)).toEqual([
      '1 blocked: foreign-wrapper',
      '1 drifted: layer-missing',
      '1 unsupported: runtime',
      '1 out-of-scope: excluded',
    ]);
  });

  it('is read by people: a headline, a table, who needs somebody', async () => {
    const { code, stdout } = await piped(['scan', ...at, '--limit', '1']);
    expect(code).toBe(1);
    expect(stdout).not.toMatch(colours);
    expect(stdout).toMatch(/^0 of 3 opted-in functions are protected, 0%, in account 111122223333, /);
    expect(stdout).toMatch(/^blocked +foreign-wrapper +wrapped /m);
    expect(stdout).toContain('… and 1 more: --limit 2 names them all.');
  });

  it('has colours on a terminal, unless NO_COLOR is set', async () => {
    expect((await onTerminal(['scan', ...at])).stdout).toMatch(colours);
    const plain = await onTerminal(['scan', ...at], '', { NO_COLOR: '1' });
    expect(plain.stdout).not.toMatch(colours);
    expect(plain.code).toBe(1);
  });

  it('says how to begin where nothing opted in', async () => {
    const { code, stdout } = await piped(['scan', '--region', 'us-west-1']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^No function in account 111122223333, us-west-1 has opted in\.\nTo protect one: aws lambda tag-/,
    );
  });

  it('goes by the records where there are some: what is protected, and what opted out', async () => {
    const protectedName = 'scanned-protected';
    await stage.create('olga', protectedName, { Tags: tags });
    await stage.recorded(protectedName, 'protected');
    const report = scanReport.parse(JSON.parse((await piped(['scan', '--json'])).stdout));
    expect(report).toMatchObject({ hasRecords: true, optedIn: 1, protected: 1, percent: 100, attentionTotal: 0 });
  });

  it('goes through the accounts of an organization, and names what it can’t look at', async () => {
    const region = nextRegion();
    put({ accountId: orders, region }, 'there');
    put({ accountId: payments, region }, 'there');
    const args = ['scan', '--all-accounts', '--regions', `${region},us-west-2`];
    const { code, stdout } = await piped([...args, '--json']);
    expect(code).toBe(1);
    const report = scanReport.parse(JSON.parse(stdout));
    expect(report.optedIn).toBe(2);
    expect(new Set(report.places.map(({ accountId }) => accountId))).toEqual(new Set([hub, orders, payments]));
    const problems = report.problems.map(({ accountId, problem }) => `${accountId} ${problem}`).join('\n');
    expect(problems).toMatch(/^999988887777 account 999988887777 does not let Layerward in/m);
    expect(problems).toMatch(new RegExp(`^${legacy} `, 'm'));
    expect(problems).toMatch(new RegExp(`^${closed} account ${closed} \\(closed\\) is suspended`, 'm'));
    const text = (await piped(args)).stdout;
    expect(text).toContain('Could not be looked at');
    // One reason for two regions is told once.
    expect(text.match(/account 999988887777 does not let/g)).toHaveLength(1);
  });

  it('ends with 3 where nothing could be scanned, and says why', async () => {
    const region = nextRegion();
    put({ accountId: hub, region }, 'denied');
    sandbox.lambda.faults.replace({
      quotas: 'off',
      calls: [{ region, error: { status: 403, code: 'AccessDeniedException', message: 'not you' } }],
    });
    const { code, stdout } = await piped(['scan', '--regions', region]);
    sandbox.lambda.faults.replace({ quotas: 'off' });
    expect(code).toBe(3);
    expect(stdout).toMatch(/AccessDeniedException: not you/);
    expect(stdout).not.toMatch(/%|opted in/);
  });

  it('goes on where AWS throttles it', async () => {
    const region = nextRegion();
    put({ accountId: hub, region }, 'throttled');
    const error = { status: 429, code: 'TooManyRequestsException' };
    sandbox.lambda.faults.replace({ quotas: 'off', calls: [{ region, times: 2, error }] });
    const { code, stdout } = await piped(['scan', '--regions', region, '--json']);
    sandbox.lambda.faults.replace({ quotas: 'off' });
    expect(code).toBe(1);
    expect(scanReport.parse(JSON.parse(stdout)).optedIn).toBe(1);
  });
});

describe('layerward explain', () => {
  it('prints one object of the documented shape, with who did it', async () => {
    await stage.create('olga', 'explained', { Tags: tags });
    await stage.recorded('explained', 'protected');
    const { code, stdout } = await piped(['explain', 'explained', '--json']);
    expect(code).toBe(0);
    const report = explainReport.parse(JSON.parse(stdout));
    expect(report).toMatchObject({
      status: 'compliant',
      record: { status: 'protected', cause: { actor: { name: 'olga' } } },
    });
    expect(report.history.map(({ action }) => action)).toEqual(['attached', 'sent']);
  });

  it('is read by people, by a name or an ARN, in any account', async () => {
    const region = nextRegion();
    const functionArn = put({ accountId: orders, region }, 'far-away');
    const { code, stdout } = await piped(['explain', functionArn]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^far-away is not protected as the policy wants it: the agent’s layer is not attached\./);
    expect(stdout).toMatch(/^ {2}yes {2}Does something differ\?$/m);
    expect(stdout).toMatch(/^ {2}\+ variable {2}TREND_AP_KEY +. ••••$/m);
    expect(stdout).not.toMatch(colours);
    expect((await onTerminal(['explain', functionArn])).stdout).toMatch(colours);
  });

  it('does not let a function’s tags write to the terminal', async () => {
    const region = nextRegion();
    const evil = `${String.fromCharCode(27)}[31mred${String.fromCharCode(7)}`;
    put({ accountId: hub, region }, 'evil', { tags: { ...tags, 'layerward:group': evil } });
    const { stdout } = await piped(['explain', 'evil', '--region', region]);
    expect(stdout).toContain('the policy has no group \ufffd[31mred\ufffd');
    expect(stdout).not.toMatch(colours);
  });

  it('names the ARNs where a name is ambiguous', async () => {
    for (const accountId of [orders, payments]) {
      const there = stage.at({ accountId, region: 'eu-west-1' });
      await there.create('olga', 'twin', { Tags: tags });
      await there.recorded('twin', 'protected');
    }
    const ended = await piped(['explain', 'twin']);
    expect(ended.code).toBe(2);
    expectSentence(
      ended,
      /there is no function twin in account 111122223333, us-east-1, and the records know 2 of this name/,
    );
    for (const accountId of [orders, payments])
      expect(ended.stderr).toContain(`arn:aws:lambda:eu-west-1:${accountId}:function:twin`);
  });

  it.each([
    [
      ['explain', 'nowhere'],
      /there is no function nowhere in account 111122223333, us-east-1: check its name, or give --region/,
    ],
    [['explain', 'nowhere', '--region', 'eu-west-1'], /in account 111122223333, eu-west-1/],
    [['explain', 'not a name'], /"not a name" is neither a name nor an ARN of a function/],
    [['plan', 'nowhere'], /there is no function nowhere/],
    [['apply', 'nowhere', '--yes'], /there is no function nowhere/],
    [['release', 'nowhere', '--yes'], /there is no function nowhere/],
  ])('and the others refuse what is not there: %j', async (args, words) => {
    const ended = await piped(args);
    expect(ended.code).toBe(2);
    expectSentence(ended, words);
  });
});

describe('layerward plan', () => {
  const place: Place = { accountId: hub, region: nextRegion() };
  const at = ['--regions', place.region];
  let other = '';
  beforeAll(() => {
    put(place, 'redirected', { runtime: 'python3.7', handler: 'app.handler' });
    put(place, 'wrapped');
    put(place, 'traced', { variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/otel-handler' } });
    other = put(place, 'other', { tags: {} });
  });

  it('prints one object of the documented shape', async () => {
    const { code, stdout } = await piped(['plan', ...at, '--json']);
    expect(code).toBe(1);
    const report = planReport.parse(JSON.parse(stdout));
    expect(report.summary).toEqual({ attach: 2, repair: 0, update: 0, release: 0, auditOnly: 0 });
    expect(report.needingPeople).toBe(1);
    expect(report.functions.map(({ functionArn }) => functionArn.split(':').at(-1))).toEqual(['redirected', 'wrapped']);
    expect(report.functions[0]?.changes).toContainEqual({
      part: 'handler',
      change: 'changed',
      from: 'app.handler',
      to: 'trend_app_protect_handler.handler',
    });
  });

  it('is a difference for people, with credentials masked', async () => {
    const { code, stdout } = await piped(['plan', ...at]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ {2}~ handler {3}app\.handler → trend_app_protect_handler\.handler$/m);
    expect(stdout).toMatch(/^ {2}\+ layer {5}arn:aws:lambda:\S+:layer:CloudOne-ApplicationSecurity-nodejs14_x:1$/m);
    expect(stdout).toMatch(/^ {2}\+ variable {2}TREND_AP_SECRET +. ••••$/m);
    expect(stdout).toContain(
      'Plan: 2 to attach, 0 to repair, 0 to update, 0 to release.\n1 function that opted in needs people, and no update: layerward scan says why.\n',
    );
    expect(stdout).not.toMatch(colours);
    expect((await onTerminal(['plan', ...at])).stdout).toMatch(colours);
  });

  it('of a function that would not be changed says so, and ends with 0', async () => {
    const { code, stdout } = await piped(['plan', other]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^other stays as it is: out-of-scope: not-opted-in, it has not opted in/);
    const report = planReport.parse(JSON.parse((await piped(['plan', other, '--json'])).stdout));
    expect(report.unchanged).toHaveLength(1);
  });

  it('is kept in a file for its owner alone, with no value of a variable in it', async () => {
    const file = join(emptyFolder(), 'plan.json');
    const { code, stderr } = await piped(['plan', ...at, '--out', file]);
    expect(code).toBe(1);
    expect(stderr).toContain(`layerward apply --plan ${file}`);
    const content = readFileSync(file, 'utf8');
    printed.push(content);
    expect(readPlanFile(content, file).functions).toHaveLength(2);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('ends with 2 where the file can’t be written', async () => {
    const ended = await piped(['plan', ...at, '--out', '/nowhere/plan.json']);
    expect(ended.code).toBe(2);
    expectSentence(ended, /\/nowhere\/plan\.json can't be written/);
  });
});

/** No event tells the deployed Layerward of what commands do: each test sees what the command did, and nothing else. */
const quiet = { quotas: 'off', delivery: [{ effect: 'drop' }] } as const;

describe('layerward apply', () => {
  const twin = { accountId: hub, region: 'us-east-1' };
  beforeAll(() => {
    sandbox.lambda.faults.replace(quiet);
  });

  it('changes nothing without a terminal and without --yes', async () => {
    const functionArn = put(twin, 'apply-unasked');
    const ended = await piped(['apply', 'apply-unasked']);
    expect(ended.code).toBe(2);
    expectSentence(ended, /nothing was changed: there is no terminal to ask on; see layerward plan, then say --yes/);
    expect(live(functionArn).layers).toEqual([]);
  });

  it('asks on a terminal: no is no, yes goes on', async () => {
    const functionArn = put(twin, 'apply-asked');
    const declined = await onTerminal(['apply', 'apply-asked'], 'no');
    expect(declined.code).toBe(2);
    expect(stripVTControlCharacters(declined.stdout)).toContain('nothing was changed');
    expect(live(functionArn).layers).toEqual([]);
    const agreed = await onTerminal(['apply', 'apply-asked'], 'yes');
    expect(stripVTControlCharacters(agreed.stdout)).toMatch(/attached +apply-asked\r?\n/);
    expect(agreed.code).toBe(0);
    expect(live(functionArn).layers).toHaveLength(1);
    const record = await stage.record('apply-asked');
    expect(record).toMatchObject({
      status: 'protected',
      action: 'attached',
      attachment: { agent: 'trend-application-security' },
    });
  });

  it('goes on where one function fails, and ends with 1', async () => {
    const names = ['apply-1', 'apply-2', 'apply-3'];
    for (const name of names) put(twin, name);
    const error = { status: 400, code: 'InvalidParameterValueException', message: `${planted} is not allowed` };
    sandbox.lambda.faults.replace({
      ...quiet,
      calls: [{ function: 'apply-2', action: 'UpdateFunctionConfiguration', error }],
    });
    const { code, stdout, stderr } = await piped(['apply', ...names, '--yes', '--json', '--parallel', '2']);
    sandbox.lambda.faults.replace(quiet);
    expect(code).toBe(1);
    expect(stderr).toContain('Plan: 3 to attach');
    const report = applyReport.parse(JSON.parse(stdout));
    expect(report.functions.map(({ outcome }) => outcome)).toEqual(['attached', 'blocked', 'attached']);
    expect(report.summary).toEqual({ attached: 2, blocked: 1 });
  });

  it('has nothing to do the second time', async () => {
    put(twin, 'apply-twice');
    expect((await piped(['apply', 'apply-twice', '--yes'])).code).toBe(0);
    const { code, stdout } = await piped(['apply', 'apply-twice', '--yes']);
    expect(code).toBe(0);
    expect(stdout).toContain('apply-twice stays as it is: protected, all is in place');
    expect(stdout).toContain('1 unchanged.');
  });

  it('of a plan file refuses what has changed since, and goes on with the others', async () => {
    put(twin, 'planned-1');
    const changed = put(twin, 'planned-2');
    const file = join(emptyFolder(), 'plan.json');
    await piped(['plan', 'planned-1', 'planned-2', '--out', file]);
    await stage.change('olga', 'planned-2', { MemorySize: 256 });
    const { code, stdout } = await piped(['apply', '--plan', file, '--yes', '--json']);
    expect(code).toBe(1);
    const report = applyReport.parse(JSON.parse(stdout));
    expect(report.summary).toEqual({ attached: 1, refused: 1 });
    expect(live(changed).layers).toEqual([]);
  });

  it('of a plan file refuses all where the policy is another one, or the account', async () => {
    put(twin, 'planned-3');
    const folder = emptyFolder();
    const file = join(folder, 'plan.json');
    const policy = join(folder, 'other.yaml');
    writeFileSync(
      policy,
      'version: 1\nmode: audit\nagent: trend-application-security\ngroups: { default: { secret: layerward/groups/default, parameters: { cloudOneRegion: us-1 } } }\n',
    );
    await piped(['plan', 'planned-3', '--out', file]);
    const changed = await piped(['apply', '--plan', file, '--policy', policy, '--yes']);
    expect(changed.code).toBe(1);
    expect(changed.stdout).toMatch(/refused +planned-3 +the policy has changed since the plan was made: plan it again/);
    const elsewhere = await piped(['apply', '--plan', file, '--yes'], { AWS_ACCESS_KEY_ID: `${orders}/olga` });
    expect(elsewhere.code).toBe(2);
  });

  it('in audit mode changes nothing unless it is told to', async () => {
    const functionArn = put(twin, 'audited');
    const policy = join(emptyFolder(), 'audit.yaml');
    writeFileSync(policy, readFileSync('policy.example.yaml', 'utf8').replace('mode: enforce', 'mode: audit'));
    const audited = await piped(['apply', 'audited', '--policy', policy, '--yes']);
    expect(audited.code).toBe(0);
    expect(audited.stdout).toMatch(/skipped +audited +the mode is audit; --enforce changes it all the same/);
    expect(live(functionArn).layers).toEqual([]);
    expect((await piped(['apply', 'audited', '--policy', policy, '--yes', '--enforce'])).code).toBe(0);
    expect(live(functionArn).layers).toHaveLength(1);
  });

  it('without records changes nothing unless it is told to', async () => {
    const region = nextRegion();
    const functionArn = put({ accountId: hub, region }, 'unrecorded');
    const at = ['apply', '--regions', region, '--stack', 'nowhere', '--yes'];
    const refused = await piped(at);
    expect(refused.code).toBe(2);
    expectSentence(
      refused,
      /has no stack nowhere, so it would be kept nowhere what functions were before.*--without-records/,
    );
    const { code, stdout } = await piped([...at, '--without-records', '--json']);
    expect(code).toBe(0);
    expect(applyReport.parse(JSON.parse(stdout)).summary).toEqual({ attached: 1 });
    expect(live(functionArn).layers).toHaveLength(1);
  });

  it.each([
    ['a half-written plan', '{"format": "layerward-plan", "version": 1, "crea', /is not a whole plan/],
    ['something else', '[]', /is not a plan of Layerward’s/],
  ])('refuses %s with a sentence', async (_, content, words) => {
    const file = join(emptyFolder(), 'plan.json');
    writeFileSync(file, content);
    const ended = await piped(['apply', '--plan', file, '--yes']);
    expect(ended.code).toBe(2);
    expectSentence(ended, words);
  });
});

describe('layerward release', () => {
  const here = { accountId: hub, region: 'us-east-1' };

  beforeAll(() => {
    sandbox.lambda.faults.replace(quiet);
  });

  it('asks, warns of the tag, and gives back exactly what was there', async () => {
    const functionArn = put(here, 'release-1', { runtime: 'python3.7', handler: 'app.handler' });
    const before = live(functionArn);
    expect((await piped(['apply', 'release-1', '--yes'])).code).toBe(0);
    expect(live(functionArn).handler).toBe('trend_app_protect_handler.handler');
    const declined = await onTerminal(['release', 'release-1'], 'no');
    expect(declined.code).toBe(2);
    expect(stripVTControlCharacters(declined.stdout)).toMatch(
      /release-1 still has the tag layerward:protect=on, so a deployed Layerward attaches again/,
    );
    expect(live(functionArn).handler).toBe('trend_app_protect_handler.handler');
    const { code, stdout } = await piped(['release', 'release-1', '--yes', '--json']);
    expect(code).toBe(0);
    expect(applyReport.parse(JSON.parse(stdout)).summary).toEqual({ released: 1 });
    expect(live(functionArn)).toEqual(before);
    expect(await stage.record('release-1')).toMatchObject({ status: 'released', cause: { eventName: 'Release' } });
  });

  it('goes on where one function fails, and ends with 1', async () => {
    const names = ['release-2', 'release-3'];
    for (const name of names) put(here, name);
    expect((await piped(['apply', ...names, '--yes'])).code).toBe(0);
    const error = { status: 403, code: 'AccessDeniedException', message: 'not you' };
    sandbox.lambda.faults.replace({
      ...quiet,
      calls: [{ function: 'release-2', action: 'UpdateFunctionConfiguration', error }],
    });
    const { code, stdout } = await piped(['release', ...names, '--yes']);
    sandbox.lambda.faults.replace(quiet);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^blocked +release-2 +aws-refused: AccessDeniedException: not you$/m);
    expect(stdout).toMatch(/^released +release-3$/m);
  });

  it('says so where nothing of Layerward’s is on a function, and ends with 0', async () => {
    put(here, 'release-nothing', { tags: {} });
    const { code, stdout } = await piped(['release', 'release-nothing', '--yes']);
    expect(code).toBe(0);
    expect(stdout).toContain('release-nothing stays as it is: nothing to release, nothing of Layerward’s is on it');
    const json = await piped(['release', 'release-nothing', '--yes', '--json']);
    expect(applyReport.parse(JSON.parse(json.stdout)).functions[0]?.outcome).toBe('unchanged');
  });

  it('leaves what was there when Layerward first saw it, and says so', async () => {
    const attached = put(here, 'release-adopted');
    expect((await piped(['apply', 'release-adopted', '--yes'])).code).toBe(0);
    const table = String(sandbox.deployment?.outputs['RecordsTableName']);
    const dynamo = new DynamoDBClient({
      endpoint: sandbox.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'olga', secretAccessKey: 'any' },
    });
    // The record is lost, and made anew by whoever looks next.
    await dynamo.send(new DeleteItemCommand({ TableName: table, Key: { pk: { S: attached }, sk: { S: 'state' } } }));
    const whole = live(attached);
    expect((await piped(['explain', 'release-adopted'])).stdout).toMatch(
      /It was when Layerward first saw it, so a\s+release leaves it as it is\./,
    );
    sandbox.lambda.faults.replace({ quotas: 'off' });
    await stage.change('olga', 'release-adopted', { MemorySize: 192 });
    await stage.recorded('release-adopted', 'protected');
    sandbox.lambda.faults.replace(quiet);
    const { code, stdout } = await piped(['release', 'release-adopted', '--yes']);
    expect(code).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'nothing to release, all that is on it was there when Layerward first saw it',
    );
    expect(live(attached)).toEqual(whole);
  });

  it('needs the records', async () => {
    const ended = await piped(['release', 'any', '--region', 'us-west-1', '--yes']);
    expect(ended.code).toBe(2);
    expectSentence(ended, /has no stack layerward, and only the records know what a function was before/);
  });
});

describe('a profile', () => {
  it('brings its credentials, its region and its endpoint', async () => {
    const home = emptyFolder();
    mkdirSync(join(home, '.aws'));
    const config = ['[profile audit]', 'region = eu-west-1', `endpoint_url = ${sandbox.endpoint}`];
    writeFileSync(join(home, '.aws/config'), config.join('\n'));
    const keys = ['[audit]', `aws_access_key_id = ${orders}/olga`, 'aws_secret_access_key = any'];
    writeFileSync(join(home, '.aws/credentials'), keys.join('\n'));
    const ended = await runPiped(['scan', '--profile', 'audit', '--json'], { env: { HOME: home } });
    expect(ended.stderr).toBe('');
    expect(scanReport.parse(JSON.parse(ended.stdout)).places).toEqual([{ accountId: orders, region: 'eu-west-1' }]);
  });
});

describe('all of them', () => {
  const commands = [['scan'], ['explain', 'x'], ['plan'], ['apply', '--yes'], ['release', 'x', '--yes']] as const;

  it.each(commands.map((args) => [args]))('%j without credentials says so, and ends with 3', async (args) => {
    const ended = await runPiped(args, {
      env: { AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true', HOME: emptyFolder() },
    });
    expect(ended.code).toBe(3);
    expectSentence(ended, /there are no AWS credentials: set AWS_PROFILE or give --profile, and log in/);
  });

  it.each(commands.map((args) => [args]))('%j without a region says so, and ends with 3', async (args) => {
    const ended = await runPiped(args, { env: { ...credentials, HOME: emptyFolder() } });
    expect(ended.code).toBe(3);
    expectSentence(ended, /no region is set: give --region/);
  });

  it.each(commands.map((args) => [args]))('%j where nothing listens says so, and ends with 3', async (args) => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await new Promise((resolve) => server.close(resolve));
    const ended = await runPiped([...args, '--endpoint', `http://127.0.0.1:${port}`], {
      env: { ...credentials, AWS_REGION: 'us-east-1' },
    });
    expect(ended.code).toBe(3);
    expectSentence(ended, /nothing answers at http:\/\/127\.0\.0\.1/);
  });

  it.each([
    ['scan', []],
    ['explain', ['all-table']],
    ['plan', ['all-table']],
    ['apply', ['all-table', '--yes']],
    ['release', ['all-table', '--yes']],
  ] as const)('%s with a table that does not exist says so', async (command, args) => {
    if (command === 'scan') put({ accountId: hub, region: 'us-east-1' }, 'all-table', { tags: {} });
    const ended = await piped([command, ...args, '--table', 'nowhere']);
    expect([2, 3]).toContain(ended.code);
    expect(ended.stdout + ended.stderr).toMatch(/there is no table nowhere; restore it or deploy again/);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  it.each([
    [['scan', '--limit', '0'], /It is a number from 1 on/],
    [['scan', '--regions', 'us-esat-1'], /there is no region "us-esat-1"/],
    [['scan', '--jsno'], /unknown option '--jsno'/],
    [['explain'], /missing required argument 'function'/],
    [['plan', 'x', '--regions', 'all'], /name functions, or accounts and regions: not both/],
    [['apply', 'x', '--plan', 'p.json', '--yes'], /a plan file says itself which functions it is for/],
    [['apply', '--plan', '/nowhere.json', '--yes'], /\/nowhere\.json can't be read/],
    [['apply', '--parallel', '0', '--yes'], /It is a number from 1 to 50/],
    [['release', '--yes'], /missing required argument 'function'/],
    [['scan', '--policy', '/nowhere.yaml'], /\/nowhere\.yaml can't be read/],
  ])('refuse %j with exit code 2', async (args, words) => {
    const { code, stderr } = await piped(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it.each(['scan', 'explain', 'plan', 'apply', 'release'])(
    '%s has help with examples and exit codes',
    async (command) => {
      const { code, stdout } = await piped([command, '--help']);
      expect(code).toBe(0);
      expect(stdout).toContain('Examples:');
      expect(stdout).toMatch(/Exit codes: 0 /);
    },
  );

  it('have printed no credential and no value of a team’s', () => {
    const all = printed.join('\n');
    expect(all.length).toBeGreaterThan(10_000);
    expect(all).not.toContain('sandbox-key');
    expect(all).not.toContain('sandbox-secret');
    expect(all).not.toContain(planted);
    // Not even in AWS's own words, which the sandbox was told to say.
    expect(all).toContain('*** is not allowed');
  });
});
