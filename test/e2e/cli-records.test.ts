import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { coverageReport } from '../../src/cli/coverage-report.ts';
import { historyReport } from '../../src/cli/history-report.ts';
import { snippetReport } from '../../src/cli/snippet-report.ts';
import { statusReport } from '../../src/cli/status-report.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { openStage, type Stage } from '../../src/sandbox/tour/stage.ts';
import { type Ended, emptyFolder, runOnTerminal, runPiped } from '../fixtures/command-line.ts';

/*
 * The commands that read what a deployed Layerward has on record, and `snippet`, as processes of their own against a
 * sandbox in which a function was attacked, another one is blocked, and sweeps have looked.
 */

const tags = { 'layerward:protect': 'on' };
/** What a team has in its variables: no command may ever show it. */
const planted = 'planted-password-of-the-team';
const attacked = 'attacked-orders';
const blocked = 'blocked-payments';
const python = 'redirected-ledger';

let sandbox: Sandbox;
let stage: Stage;
/** Everything that commands printed, to be searched for secrets in the end. */
const printed: string[] = [];

beforeAll(async () => {
  const everybody = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:root' }, Action: 'sts:AssumeRole' };
  const toFindTheStack = { Effect: 'Allow', Action: ['cloudformation:*', 'sts:*'], Resource: '*' };
  sandbox = await startSandbox({
    timings: { deliveryMs: 5, pendingMs: 20, updateMs: 20, stateMachineSecondMs: 50 },
    roles: [
      {
        accountId: '111122223333',
        name: 'blind',
        trustPolicy: { Version: '2012-10-17', Statement: [everybody] },
        policies: { stacks: { Version: '2012-10-17', Statement: [toFindTheStack] } },
      },
    ],
  });
  sandbox.lambda.faults.replace({ quotas: 'off' });
  stage = await openStage(sandbox);
  const Environment = { Variables: { PASSWORD: planted } };
  await Promise.all([
    stage.create('olga', attacked, { Tags: tags, Environment }),
    stage.create('olga', blocked, {
      Tags: tags,
      Environment: { Variables: { ...Environment.Variables, AWS_LAMBDA_EXEC_WRAPPER: '/opt/theirs' } },
    }),
    stage.create('olga', python, { Tags: tags, Environment, Runtime: 'python3.7', Handler: 'app.handler' }),
  ]);
  await stage.recorded(attacked, 'protected');
  await stage.recorded(blocked, 'blocked');
  await stage.recorded(python, 'protected');
  await stage.change('mallory', attacked, { Layers: [] });
  await stage.recorded(attacked, 'protected', '', ({ action }) => action === 'repaired');
  await stage.sweep();
}, 90_000);
afterAll(() => sandbox?.stop());

const credentials = { AWS_ACCESS_KEY_ID: 'olga', AWS_SECRET_ACCESS_KEY: 'any', AWS_EC2_METADATA_DISABLED: 'true' };
const environment = (more: Readonly<Record<string, string>> = {}) => ({
  ...credentials,
  AWS_ENDPOINT_URL: sandbox.endpoint,
  AWS_REGION: 'us-east-1',
  ...more,
});

async function piped(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const ended = await runPiped(args, { env: environment(more) });
  printed.push(ended.stdout, ended.stderr);
  return ended;
}

async function json<Schema extends z.ZodType>(args: readonly string[], schema: Schema): Promise<z.output<Schema>> {
  const { code, stdout, stderr } = await piped([...args, '--json']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return schema.parse(JSON.parse(stdout));
}

const colours = new RegExp(`${String.fromCharCode(27)}\\[\\d`);

/** Exactly one sentence on standard error, and no stack trace. */
function expectSentence({ stderr }: Ended, words: RegExp): void {
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(/^layerward: /);
  expect(stderr).toMatch(words);
  expect(stderr).not.toMatch(/^\s+at /m);
}

describe('layerward status', () => {
  it('prints one object of the documented shape', async () => {
    const report = await json(['status'], statusReport);
    expect(report.counts).toMatchObject({ protected: 2, blocked: 1, contested: 0 });
    expect(report.functions).toMatchObject([{ name: blocked, status: 'blocked', reason: 'foreign-wrapper' }]);
  });

  it('is read by people: a sentence, and who needs a person', async () => {
    const { code, stdout } = await piped(['status']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^2 of 3 functions that opted in are protected; 1 blocked\.$/m);
    expect(stdout).toMatch(new RegExp(`^blocked +foreign-wrapper +${blocked} +111122223333 +us-east-1 +2\\d{3}-`, 'm'));
    expect(stdout).not.toMatch(colours);
  });

  it('names what it is asked for, by status, reason, account and region', async () => {
    const names = async (...args: string[]) =>
      (await json(['status', ...args], statusReport)).functions.map(({ name }) => name).sort();
    expect(await names('--protected')).toEqual([attacked, python]);
    expect(await names('--all', '--limit', '1')).toEqual([blocked]);
    expect(await names('--reason', 'layer-limit,foreign-wrapper')).toEqual([blocked]);
    expect(await names('--protected', '--regions', 'eu-west-1')).toEqual([]);
    expect(await names('--protected', '--accounts', '444455556666')).toEqual([]);
  });

  it('ends with 1 for a job that has to fail, if it is asked to', async () => {
    expect((await piped(['status', '--blocked', '--exit-code'])).code).toBe(1);
    expect((await piped(['status', '--contested', '--exit-code'])).code).toBe(0);
  });

  it('has colours on a terminal, unless NO_COLOR is set', async () => {
    const coloured = await runOnTerminal(['status'], { env: environment() });
    expect(coloured.stdout).toMatch(colours);
    const plain = await runOnTerminal(['status'], { env: environment({ NO_COLOR: '1' }) });
    expect(plain.stdout.replaceAll('\r', '')).not.toMatch(/\[3\dm/);
  });
});

describe('layerward history', () => {
  it('prints one object of the documented shape, newest first, with who did it', async () => {
    const report = await json(['history', attacked], historyReport);
    expect(report.now).toMatchObject({ status: 'protected', action: 'repaired', repairCount: 1 });
    expect(report.history.map(({ action, cause }) => `${action} after ${cause.actor?.name}`)).toEqual([
      'repaired after mallory',
      'sent after mallory',
      'attached after olga',
      'sent after olga',
    ]);
    expect(report.hasMore).toBe(false);
  });

  it('is read by people', async () => {
    const { code, stdout } = await piped(['history', attacked, '--limit', '2']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^attacked-orders in account 111122223333, us-east-1: protected since /);
    expect(stdout).toMatch(
      /^\S+ \S+ +protected +repaired +[\d.]+ s +layer-missing +mallory +UpdateFunctionConfiguration$/m,
    );
    expect(stdout).not.toMatch(/olga/);
  });

  it('says that the records know no such function', async () => {
    const ended = await piped(['history', 'nowhere']);
    expect(ended.code).toBe(2);
    expectSentence(ended, /the records of layerward know no function nowhere in account 111122223333, us-east-1/);
  });
});

describe('layerward coverage', () => {
  it('prints one object of the documented shape', async () => {
    const report = await json(['coverage'], coverageReport);
    expect(report.last).toMatchObject({ functions: 3, protected: 2, percent: 66.7, problems: [] });
    expect(report.last?.parts).toMatchObject([{ account: '111122223333', region: 'us-east-1', functions: 3 }]);
    expect(report.sweeps.length).toBeGreaterThan(0);
  });

  it('is read by people, by place, account or region', async () => {
    const { stdout } = await piped(['coverage']);
    expect(stdout).toMatch(/^2 of 3 functions that opted in are protected, 66\.7%, said the sweep of /);
    expect(stdout).toMatch(/^111122223333 +us-east-1 +3 +2 +66\.7% +█{8}░{4} +1 blocked: foreign-wrapper$/m);
    expect((await piped(['coverage', '--by', 'account'])).stdout).not.toContain('us-east-1');
    expect((await piped(['coverage', '--by', 'region'])).stdout).not.toMatch(/^111122223333/m);
  });

  it('says so where no sweep has looked since then', async () => {
    const tomorrow = new Date(Date.now() - 1000).toISOString();
    const { code, stdout, stderr } = await piped(['coverage', '--since', tomorrow]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^No sweep has looked since .*: see further back with --since, or start one/);
  });
});

describe('layerward snippet', () => {
  const resource = z.object({
    Resources: z.record(
      z.string(),
      z.object({
        Type: z.string(),
        Properties: z.object({
          Handler: z.string(),
          Layers: z.array(z.string()),
          Environment: z.object({ Variables: z.record(z.string(), z.string()) }),
        }),
      }),
    ),
  });

  it.each([
    ['cloudformation', 'AWS::Lambda::Function'],
    ['sam', 'AWS::Serverless::Function'],
  ])('as %s is a template with all that is on the function, and references for credentials', async (form, type) => {
    const { code, stdout, stderr } = await piped(['snippet', python, '--as', form]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const live = await stage.see(python);
    const { Type, Properties } = resource.parse(parse(stdout)).Resources['RedirectedLedger'] ?? {};
    expect(Type).toBe(type);
    expect(Properties).toMatchObject({ Handler: live.handler, Layers: live.layers });
    const { PASSWORD: _, TREND_AP_KEY: __, TREND_AP_SECRET: ___, ...own } = live.variables;
    expect(Properties?.Environment.Variables).toEqual({
      ...own,
      TREND_AP_KEY: '{{resolve:secretsmanager:layerward/groups/default:SecretString:key}}',
      TREND_AP_SECRET: '{{resolve:secretsmanager:layerward/groups/default:SecretString:secret}}',
    });
    expect(stdout).toContain('# PASSWORD: yours, as it is');
  });

  it('as terraform is two blocks, and as cdk a construct', async () => {
    const terraform = (await piped(['snippet', attacked])).stdout;
    expect(terraform).toMatch(/^resource "aws_lambda_function" "attacked-orders" \{$/m);
    expect(terraform).toMatch(/^ {6}TREND_AP_KEY +. jsondecode\(data\.aws_secretsmanager_secret_version\./m);
    const cdk = (await piped(['snippet', attacked, '--as', 'cdk'])).stdout;
    expect(cdk).toMatch(/^new lambda\.Function\(this, 'AttackedOrders', \{$/m);
  });

  it('adopted in a template, leaves Layerward nothing to do', async () => {
    const report = await json(['snippet', attacked, '--as', 'sam'], snippetReport);
    const live = await stage.see(attacked);
    expect(report.layers).toEqual(live.layers);
    expect(report.handler).toBe(live.handler);
    expect(live.variables).toMatchObject(report.variables);
    expect(report.secrets).toEqual({ TREND_AP_KEY: 'key', TREND_AP_SECRET: 'secret' });
    expect(report.kept).toEqual(['PASSWORD']);
  });

  it('of a function that has nothing to adopt says why, and what to do', async () => {
    const ended = await piped(['snippet', blocked]);
    expect(ended.code).toBe(2);
    expectSentence(ended, /has nothing to adopt: .*\/opt\/theirs.* Take the other tool’s AWS_LAMBDA_EXEC_WRAPPER off/);
  });
});

describe('layerward replay', () => {
  it('of a live function decides as things are now', async () => {
    const file = join(emptyFolder(), 'event.json');
    const record = sandbox.trail.records().find(({ eventName }) => eventName.startsWith('UpdateFunctionConfiguration'));
    writeFileSync(file, JSON.stringify(record));
    const { code, stdout } = await piped(['replay', file, '--live', '--json']);
    expect(code).toBe(0);
    const [row] = z.array(z.looseObject({ verdict: z.string(), decision: z.unknown() })).parse(JSON.parse(stdout));
    expect(row).toMatchObject({ verdict: 'look', decision: { status: 'compliant' } });
  });
});

describe('commands about records', () => {
  const commands = [['status'], ['history', attacked], ['coverage'], ['report', '--json']] as const;

  it.each(commands.map((args) => [args]))('%j without credentials say so, and end with 3', async (args) => {
    const ended = await runPiped(args, {
      env: { AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true', HOME: emptyFolder() },
    });
    expect(ended.code).toBe(3);
    expectSentence(ended, /there are no AWS credentials: set AWS_PROFILE or give --profile, and log in/);
  });

  it.each(commands.map((args) => [args]))('%j with a table that does not exist say so', async (args) => {
    const ended = await piped([...args, '--table', 'nowhere']);
    expect(ended.code).toBe(2);
    expectSentence(ended, /there is no table nowhere; restore it or deploy again/);
  });

  it.each(commands.map((args) => [args]))('%j where nothing is deployed say so, and end with 2', async (args) => {
    const ended = await piped(args, { AWS_REGION: 'eu-west-1' });
    expect(ended.code).toBe(2);
    expectSentence(
      ended,
      /there is no stack layerward in account 111122223333, eu-west-1: give --region, --profile or --stack/,
    );
  });

  it.each(commands.map((args) => [args]))('%j where AWS refuses say so in its words, and end with 3', async (args) => {
    const ended = await piped([...args, '--role', 'arn:aws:iam::111122223333:role/blind']);
    expect(ended.code).toBe(3);
    expectSentence(ended, /AccessDeniedException: .*is not authorized to perform: dynamodb:(Query|GetItem)/);
  });

  it.each([
    [['status', '--limit', '0'], /It is a number from 1 on/],
    [['status', '--accounts', '12'], /--accounts takes account ids \(12 digits\), not 12/],
    [['status', '--regions', ','], /--regions takes a list with commas, and there is nothing in it/],
    [['history'], /missing required argument 'function'/],
    [['history', 'not a name'], /"not a name" is neither a name nor an ARN of a function/],
    [['coverage', '--since', 'yesterday'], /--since/],
    [['coverage', '--by', 'colour'], /Allowed choices are place, account, region/],
    [['snippet', attacked, '--as', 'pulumi'], /Allowed choices are terraform, cloudformation, sam, cdk/],
    [['snippet', 'nowhere'], /there is no function nowhere in account 111122223333, us-east-1/],
    [['replay', '/nowhere.json'], /\/nowhere\.json can't be read/],
    [['statsu'], /unknown command 'statsu'[\s\S]*did you mean status\?/],
  ])('refuse %j with exit code 2', async (args, words) => {
    const { code, stderr } = await piped(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('show where an error comes from with --debug only', async () => {
    expect((await piped(['--debug', 'status', '--table', 'nowhere'])).stderr).toMatch(/^\s+at .*\.ts/m);
  });

  it('take the region of the AWS CLI’s own variable', async () => {
    const { AWS_REGION: _, ...others } = environment();
    const { code } = await runPiped(['status'], { env: { ...others, AWS_DEFAULT_REGION: 'us-east-1' } });
    expect(code).toBe(0);
  });

  it('say how to log in again where the SSO session has expired', async () => {
    const HOME = emptyFolder();
    const cache = join(HOME, '.aws/sso/cache');
    mkdirSync(cache, { recursive: true });
    writeFileSync(
      join(HOME, '.aws/config'),
      `[profile work]
region = us-east-1
sso_session = corp
sso_account_id = 111122223333
sso_role_name = platform
[sso-session corp]
sso_start_url = https://corp.example.com/start
sso_region = us-east-1
`,
    );
    writeFileSync(
      join(cache, `${createHash('sha1').update('corp').digest('hex')}.json`),
      JSON.stringify({ accessToken: 'none', expiresAt: '2020-01-01T00:00:00Z' }),
    );
    const ended = await runPiped(['status', '--profile', 'work'], {
      env: { HOME, AWS_ENDPOINT_URL: sandbox.endpoint, AWS_EC2_METADATA_DISABLED: 'true' },
    });
    expect(ended.code).toBe(3);
    expectSentence(ended, /the SSO session has expired: run aws sso login --profile work/);
  });

  it('end quietly where nobody reads on', async () => {
    const child = spawn(
      'bash',
      [
        '--norc',
        '-c',
        `"$0" bin/layerward.js status --all --json | head -c 1; echo "\${PIPESTATUS[0]}"`,
        process.execPath,
      ],
      {
        env: { PATH: process.env['PATH'] ?? '', ...environment() },
        cwd: join(import.meta.dirname, '../..'),
      },
    );
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
    });
    let complaint = '';
    child.stderr.on('data', (text) => {
      complaint += text;
    });
    await new Promise((resolve) => child.on('close', resolve));
    expect([output, complaint]).toEqual(['{0\n', '']);
  });

  it('have printed no credential and no value of a team’s', () => {
    const all = printed.join('\n');
    expect(all.length).toBeGreaterThan(10_000);
    for (const secret of ['sandbox-key', 'sandbox-secret', planted]) expect(all).not.toContain(secret);
  });
});

describe('layerward policy', () => {
  const policy = readFileSync(join(import.meta.dirname, '../../policy.example.yaml'), 'utf8');
  const write = (name: string, content: string) => {
    const file = join(emptyFolder(), name);
    writeFileSync(file, content);
    return file;
  };

  it('check is content with the example', async () => {
    const { code, stdout } = await runPiped(['policy', 'check'], { env: {} });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✓ policy\.example\.yaml is in order: mode enforce; agent trend-application-security/);
  });

  it('check names every mistake with line and column', async () => {
    const file = write('policy.yaml', policy.replace('mode: enforce', 'mode: enforced').replace('groups:', 'gruops:'));
    const { code, stdout } = await runPiped(['policy', 'check', file], { env: {} });
    expect(code).toBe(1);
    const line = policy.split('\n').findIndex((text) => text.startsWith('mode:')) + 1;
    expect(stdout).toMatch(new RegExp(`^${file}:${line}:\\d+: mode: `, 'm'));
    expect(stdout).toMatch(/gruops.*did you mean groups/i);
    const findings = z
      .array(z.strictObject({ path: z.string(), line: z.int(), column: z.int(), message: z.string() }))
      .parse(JSON.parse((await runPiped(['policy', 'check', file, '--json'], { env: {} })).stdout));
    expect(findings.length).toBeGreaterThan(1);
  });

  it('test runs the cases of the example', async () => {
    const { code, stdout } = await runPiped(['policy', 'test'], { env: {} });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^(\d+) of \1 cases hold for policy\.example\.yaml\.$/m);
  });

  it('test names the case that does not hold, what was expected, and what came', async () => {
    const cases = write(
      'cases.yaml',
      '- name: it is protected\n  function: { tags: {} }\n  expect: { status: drifted }\n',
    );
    const { code, stdout } = await runPiped(['policy', 'test', cases], { env: {} });
    expect(code).toBe(1);
    expect(stdout).toContain(`✗ it is protected  ${cases}:1`);
    expect(stdout).toMatch(/^ {4}status +expected drifted, got out-of-scope$/m);
  });

  it('test refuses cases that say nothing, with line and column', async () => {
    const cases = write('cases.yaml', '- name: nothing is expected\n');
    const { code, stderr } = await runPiped(['policy', 'test', cases], { env: {} });
    expect(code).toBe(2);
    expect(stderr).toMatch(/cases\.yaml:1:\d+/);
  });

  it('schema prints the schema that comes with it', async () => {
    const { code, stdout } = await runPiped(['policy', 'schema'], { env: {} });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ title: 'A Layerward policy', type: 'object' });
  });
});

describe('layerward sandbox', () => {
  it('is there, and ends when it is told to', async () => {
    const bin = join(import.meta.dirname, '../../bin/layerward.js');
    const child = spawn(process.execPath, [bin, 'sandbox', '--port', '0', '--no-service'], {
      env: { PATH: process.env['PATH'] ?? '' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const ready = await new Promise<string>((resolve) => child.stdout.once('data', (text) => resolve(String(text))));
    expect(ready).toMatch(/^ready http:\/\/127\.0\.0\.1:\d+\n$/);
    const scan = await runPiped(['scan', '--endpoint', ready.slice('ready '.length).trim()], {
      env: { ...credentials, AWS_REGION: 'us-east-1' },
    });
    expect(scan.code).toBe(0);
    expect(scan.stdout).toContain('nothing is deployed here, so no records were asked');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
