import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { coverageReport } from '../../src/cli/coverage-report.ts';
import { historyReport } from '../../src/cli/history-report.ts';
import { policyFindings } from '../../src/cli/policy-check-report.ts';
import { policyTestReport } from '../../src/cli/policy-test-report.ts';
import { replayReport } from '../../src/cli/replay-report.ts';
import { snippetReport } from '../../src/cli/snippet-report.ts';
import { statusReport } from '../../src/cli/status-report.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { openStage, type Stage } from '../../src/sandbox/tour/stage.ts';
import {
  colours,
  type Ended,
  emptyFolder,
  expectSentence,
  interruptAfter,
  runOnTerminal,
  runPiped,
} from '../fixtures/command-line.ts';

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
  sandbox = await startSandbox({ timings: { deliveryMs: 5, pendingMs: 20, updateMs: 20, stateMachineSecondMs: 50 } });
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
});
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

describe.concurrent('layerward status', () => {
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

  it.each([
    [['--protected'], [attacked, python]],
    [['--all', '--limit', '1'], [blocked]],
    [['--reason', 'layer-limit,foreign-wrapper'], [blocked]],
    [['--protected', '--regions', 'eu-west-1'], []],
    [['--protected', '--accounts', '444455556666'], []],
  ])('names what it is asked for by %j', async (args, names) => {
    const report = await json(['status', ...args], statusReport);
    expect(report.functions.map(({ name }) => name).sort()).toEqual(names);
  });

  it('ends with 1 for a job that has to fail, if it is asked to', async () => {
    expect((await piped(['status', '--blocked', '--exit-code'])).code).toBe(1);
    expect((await piped(['status', '--contested', '--exit-code'])).code).toBe(0);
  });
});

describe.concurrent('layerward history', () => {
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
});

describe.concurrent('layerward coverage', () => {
  it('prints one object of the documented shape', async () => {
    const report = await json(['coverage'], coverageReport);
    expect(report.last).toMatchObject({ functions: 3, protected: 2, percent: 66.7, problems: [] });
    expect(report.last?.parts).toMatchObject([{ account: '111122223333', region: 'us-east-1', functions: 3 }]);
    expect(report.sweeps.length).toBeGreaterThan(0);
  });

  it('is read by people', async () => {
    const { stdout } = await piped(['coverage']);
    expect(stdout).toMatch(/^2 of 3 functions that opted in are protected, 66\.7%, said the sweep of /);
    expect(stdout).toMatch(/^111122223333 +us-east-1 +3 +2 +66\.7% +█{8}░{4} +1 blocked: foreign-wrapper$/m);
  });

  it.each([
    ['account', /^111122223333 +3 +2/m, /us-east-1/],
    ['region', /^us-east-1 +3 +2/m, /^111122223333/m],
  ])('is told by %s', async (by, told, untold) => {
    const { stdout } = await piped(['coverage', '--by', by]);
    expect(stdout).toMatch(told);
    expect(stdout).not.toMatch(untold);
  });

  it('says so where no sweep has looked since then', async () => {
    const tomorrow = new Date(Date.now() - 1000).toISOString();
    const { code, stdout, stderr } = await piped(['coverage', '--since', tomorrow]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^No sweep has looked since .*: see further back with --since, or start one/);
  });
});

describe.concurrent('layerward snippet', () => {
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
    const [row] = replayReport.parse(JSON.parse(stdout));
    expect(row).toMatchObject({ verdict: 'look', decision: { status: 'compliant' } });
  });
});

describe('commands about records', () => {
  it('take the region of the AWS CLI’s own variable', async () => {
    const { AWS_REGION: _, ...others } = environment();
    const { code } = await runPiped(['status'], { env: { ...others, AWS_DEFAULT_REGION: 'us-east-1' } });
    expect(code).toBe(0);
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
});

describe.concurrent('layerward policy', () => {
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
    const findings = policyFindings.parse(
      JSON.parse((await runPiped(['policy', 'check', file, '--json'], { env: {} })).stdout),
    );
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
    const json = await runPiped(['policy', 'test', cases, '--json'], { env: {} });
    expect(json.code).toBe(1);
    expect(policyTestReport.parse(JSON.parse(json.stdout))).toMatchObject({
      held: 0,
      failed: 1,
      cases: [{ line: 1, holds: false, differences: [{ what: 'status', expected: 'drifted', got: 'out-of-scope' }] }],
    });
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

describe.concurrent('on a terminal of 80 columns', () => {
  const file = join(emptyFolder(), 'event.json');
  beforeAll(() => {
    const record = sandbox.trail.records().find(({ eventName }) => eventName.startsWith('UpdateFunctionConfiguration'));
    writeFileSync(file, JSON.stringify(record));
  });

  /** Nothing can be broken of an ARN, nor of a command that is to be copied. */
  const isTooLong = (line: string) => [...line].length > 80 && !/arn:aws:|^ *aws |npx layerward/.test(line);

  it.each([
    ['scan', [], 1],
    ['explain', [attacked], 0],
    ['explain', [blocked], 1],
    ['plan', [blocked], 0],
    ['apply', [blocked, '--yes'], 1],
    ['release', [blocked, '--yes'], 0],
    ['replay', [file, '--live'], 0],
    ['status', ['--all'], 0],
    ['history', [attacked], 0],
    ['coverage', [], 0],
    ['report', [], 0],
    ['policy', ['check'], 0],
    ['policy', ['test'], 0],
  ] as const)('layerward %s %j has lines that fit, and colours', async (command, args, code) => {
    const ended = await runOnTerminal([command, ...args], { env: environment() }, '', 80);
    printed.push(stripVTControlCharacters(ended.stdout));
    expect(ended.code).toBe(code);
    if (command !== 'replay' && command !== 'report') expect(ended.stdout).toMatch(colours);
    const lines = stripVTControlCharacters(ended.stdout.replaceAll(/^.*\r(?!\n)/gm, '')).split(/\r?\n/);
    expect(lines.filter(isTooLong)).toEqual([]);
  });

  it.each([
    ['console', ['--no-open'], /Ctrl-C ends the console\./, /^http:\/\/127\.0\.0\.1:\d+\/\w+\/\?token=\S+\r\n/],
    ['sandbox', ['--port', '0', '--no-service'], /^ready /m, /^ready http:\/\/127\.0\.0\.1:\d+\r\n/m],
  ] as const)('layerward %s %j is there until Ctrl-C, which is no failure', async (command, args, ready, printing) => {
    const ended = await runOnTerminal([command, ...args], { env: environment() }, interruptAfter(ready), 80);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(printing);
    expect(ended.stdout).not.toMatch(/^\s+at /m);
  });

  it('nothing is coloured where NO_COLOR is set, nor in JSON', async () => {
    const plain = await runOnTerminal(['status'], { env: environment({ NO_COLOR: '1' }) });
    expect(plain.stdout).toContain('2 of 3');
    expect(plain.stdout).not.toMatch(colours);
    const json = await runOnTerminal(['status', '--json'], { env: environment() });
    expect(json.stdout).not.toMatch(colours);
  });
});

describe('layerward completion', () => {
  it('prints what bash completes by', async () => {
    const { code, stdout } = await runPiped(['completion', 'bash'], { env: {} });
    expect(code).toBe(0);
    const file = join(emptyFolder(), 'completion.bash');
    writeFileSync(file, stdout);
    const { stdout: known } = spawnSync('bash', ['--norc', '-c', `source ${file}; complete -p layerward`], {
      encoding: 'utf8',
    });
    expect(known).toBe('complete -F _layerward layerward\n');
  });
});

describe('layerward sandbox', () => {
  const start = (stdout: 'pipe' | 'ignore') => {
    const bin = join(import.meta.dirname, '../../bin/layerward.js');
    const child = spawn(process.execPath, [bin, 'sandbox', '--port', '0', '--no-service'], {
      env: { PATH: process.env['PATH'] ?? '' },
      stdio: ['ignore', stdout, 'ignore'],
    });
    return { child, ended: new Promise<number | null>((resolve) => child.on('close', resolve)) };
  };

  it('is there, and ends when it is told to', async () => {
    const { child, ended } = start('pipe');
    const ready = await new Promise<string>((resolve) => child.stdout?.once('data', (text) => resolve(String(text))));
    expect(ready).toMatch(/^ready http:\/\/127\.0\.0\.1:\d+\n$/);
    const scan = await runPiped(['scan', '--endpoint', ready.slice('ready '.length).trim()], {
      env: { ...credentials, AWS_REGION: 'us-east-1' },
    });
    expect(scan.code).toBe(0);
    expect(scan.stdout).toContain('nothing is deployed here, so no records were asked');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('ends as asked where it is told to before it listens', async () => {
    const { child, ended } = start('ignore');
    await vi.waitUntil(() => childrenOf(child.pid) !== '', { interval: 1, timeout: 30_000 });
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});

function childrenOf(pid: number | undefined): string {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
}

describe('all commands', () => {
  it('have coloured nothing that goes to a pipe', () => {
    expect(printed.join('\n')).not.toMatch(colours);
  });

  it('have printed no credential and no value of a team’s', () => {
    const all = printed.join('\n');
    expect(all.length).toBeGreaterThan(10_000);
    for (const secret of ['sandbox-key', 'sandbox-secret', planted]) expect(all).not.toContain(secret);
  });
});
