import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudFormationClient, DeleteStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { afterEach, describe, expect, it } from 'vitest';
import { uninstallReport } from '../../src/cli/json-shapes.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { openStage, type Stage } from '../../src/sandbox/tour/stage.ts';
import { type StandIn, startStandIn } from '../fixtures/stand-in.ts';

/* The command as a process of its own, against a sandbox that has Layerward in it. */

const root = join(import.meta.dirname, '../..');
const optedIn = { Tags: { 'layerward:protect': 'on' }, Runtime: 'python3.7', Handler: 'app.handler' } as const;

let sandbox: Sandbox | undefined;
let standIn: StandIn | undefined;
const running: ChildProcess[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  await sandbox?.stop();
  await standIn?.stop();
  sandbox = undefined;
  standIn = undefined;
});

/** The template with other numbers: the deployed one waits for more than a minute before it is released for good. */
function templateWith(replacements: Readonly<Record<string, string>>): string {
  const text = Object.entries({
    'CodeUri: dist/': `CodeUri: ${root}/dist/`,
    'DefinitionUri: infra/': `DefinitionUri: ${root}/infra/`,
    ...replacements,
  }).reduce(
    (template, [from, to]) => {
      expect(template).toContain(from);
      return template.replaceAll(from, to);
    },
    readFileSync(join(root, 'template.yaml'), 'utf8'),
  );
  const folder = mkdtempSync(join(tmpdir(), 'layerward-'));
  const path = join(folder, 'template.yaml');
  writeFileSync(path, text);
  return path;
}

async function start(
  options: { readonly settleSeconds?: number; readonly timeoutSeconds?: number; readonly releases?: boolean } = {},
): Promise<{ readonly sandbox: Sandbox; readonly stage: Stage; readonly tableName: string }> {
  const { settleSeconds = 1, timeoutSeconds = 60, releases = true } = options;
  const templatePath = templateWith({
    'SettleSeconds: 75': `SettleSeconds: ${settleSeconds}`,
    'ServiceTimeout: 3600': `ServiceTimeout: ${timeoutSeconds}`,
  });
  sandbox = await startSandbox({
    templatePath,
    parameters: { ReleaseOnDelete: String(releases) },
    timings: { deliveryMs: 1, pendingMs: 5, updateMs: 5 },
  });
  rmSync(join(templatePath, '..'), { recursive: true });
  return {
    sandbox,
    stage: await openStage(sandbox),
    tableName: String(sandbox.deployment?.outputs['RecordsTableName']),
  };
}

async function protect(stage: Stage, ...names: readonly string[]): Promise<void> {
  for (const name of names) await stage.create('mia', name, optedIn);
  for (const name of names) await stage.recorded(name, 'protected');
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function launch(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(file, [...args], {
    env: { ...process.env, AWS_ACCESS_KEY_ID: 'uma', AWS_SECRET_ACCESS_KEY: 'any', AWS_REGION: 'us-east-1', ...env },
  });
  running.push(child);
  const printed = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    printed.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    printed.stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, ...printed })));
  return { child, printed, ended };
}

const command = join(root, 'bin/layerward.js');

/** Runs it as a script does: without a terminal. */
function uninstall(endpoint: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const { child, ended } = launch(process.execPath, [command, 'uninstall', '--endpoint', endpoint, ...args], env);
  child.stdin.end();
  return ended;
}

/** Runs it on a terminal, where a person types this once it is asked for. */
async function uninstallOnTerminal(endpoint: string, typed: string): Promise<Ended> {
  const line = `'${process.execPath}' '${command}' uninstall --endpoint ${endpoint}`;
  const { child, printed, ended } = launch('script', ['-qec', line, '/dev/null']);
  await expect.poll(() => printed.stdout, { timeout: 30_000 }).toContain("type the stack's name, layerward");
  child.stdin.write(`${typed}\n`);
  return ended;
}

async function statusOf(endpoint: string, name: string): Promise<string | undefined> {
  const client = new CloudFormationClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'uma', secretAccessKey: 'any' },
  });
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }));
  return Stacks?.[0]?.StackStatus;
}

describe('npx layerward uninstall', () => {
  it('releases every function, and names those that could not be', async () => {
    const { sandbox, stage, tableName } = await start();
    await protect(stage, 'orders', 'payments');
    sandbox.lambda.faults.replace({
      unreadableEnvironments: [{ function: 'payments', caller: '*:assumed-role/layerward-*' }],
    });
    const { code, stdout, stderr } = await uninstall(sandbox.endpoint, ['--yes']);
    expect(stderr).toBe('');
    expect(stdout).toContain('The stack layerward in account 111122223333, us-east-1, will be deleted.');
    expect(stdout).toContain('2 functions have something attached, and get back what was there before.');
    expect(stdout).toContain(`the table of records (${tableName})`);
    expect(stdout).toMatch(/^DELETE_IN_PROGRESS, 2 functions left$/m);
    expect(stdout).toMatch(/^DELETE_COMPLETE, 1 function left$/m);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toContain(
      'The stack layerward is deleted.\n1 function was released; 1 function still has something attached:\n' +
        `  ${stage.functionArn('payments')}  blocked: environment-unreadable\n`,
    );
    expect(code).toBe(1);
    expect(await stage.see('orders')).toMatchObject({ handler: 'app.handler' });
  });

  it('asks for the stack’s name, and deletes nothing before it has it', async () => {
    const { sandbox, stage } = await start();
    const { endpoint } = sandbox;
    await protect(stage, 'orders');

    expect(await uninstallOnTerminal(endpoint, 'layerwart')).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('nothing was deleted: that was not layerward'),
    });
    expect(await uninstall(endpoint, [])).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('1 function has something attached, and gets back what was there before.'),
      stderr: 'layerward: nothing was deleted: there is no terminal to ask on, so say --yes\n',
    });
    expect(await statusOf(endpoint, 'layerward')).toBe('CREATE_COMPLETE');

    const { code, stdout } = await uninstallOnTerminal(endpoint, 'layerward');
    expect(code).toBe(0);
    const shown = stdout
      .split('\r\u001b[K')
      .filter((line) => /^DELETE_IN_PROGRESS, [01] functions? left, 0:\d\d$/.test(line));
    expect(shown.length).toBeGreaterThan(0);
    expect(stdout).toContain('1 function was released; nothing of Layerward’s is on any function any more.');

    expect(await uninstall(endpoint, ['--yes'])).toMatchObject({
      code: 3,
      stdout: '',
      stderr:
        'layerward: there is no stack layerward in account 111122223333, us-east-1: give --stack, --region or --profile ' +
        'for where it is\n',
    });
  });

  it('prints one object and nothing else as JSON, also where nothing is to be released', async () => {
    const { sandbox, stage, tableName } = await start({ releases: false });
    await protect(stage, 'orders');
    const { code, stdout, stderr } = await uninstall(sandbox.endpoint, ['--yes', '--json']);
    expect(uninstallReport.parse(JSON.parse(stdout))).toEqual({
      stack: {
        name: 'layerward',
        id: expect.stringMatching(/^arn:aws:cloudformation:us-east-1:111122223333:stack\/layerward\//),
        accountId: '111122223333',
        region: 'us-east-1',
      },
      status: 'DELETE_COMPLETE',
      releasesFunctions: false,
      attached: 1,
      released: 0,
      left: [{ functionArn: stage.functionArn('orders'), status: 'protected', reason: '' }],
      stays: [
        { what: 'the table of records', name: tableName },
        { what: 'the dead-letter queue', name: expect.stringContaining('http') },
        { what: 'the log of the release', name: expect.any(String) },
      ],
    });
    expect(stderr).toContain('and stays as it is: the stack’s parameter ReleaseOnDelete is false.');
    expect(code).toBe(1);
    expect(await stage.see('orders')).toMatchObject({ handler: 'trend_app_protect_handler.handler' });
  });

  it('watches a stack that is being deleted already, and one that is gone, by its ARN', async () => {
    const { sandbox, stage } = await start({ settleSeconds: 5 });
    await protect(stage, 'orders');
    const client = new CloudFormationClient({
      endpoint: sandbox.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'uma', secretAccessKey: 'any' },
    });
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: 'layerward' }));
    await client.send(new DeleteStackCommand({ StackName: 'layerward' }));
    const { code, stdout } = await uninstall(sandbox.endpoint, []);
    expect(stdout).toContain('It is being deleted already.');
    expect(stdout).toContain('nothing of Layerward’s is on any function any more.');
    expect(code).toBe(0);
    expect(await uninstall(sandbox.endpoint, ['--stack', Stacks?.[0]?.StackId ?? ''])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('The stack layerward is deleted.'),
    });
  });

  it('tells why CloudFormation gave up, and goes on when it is run again', async () => {
    const { sandbox } = await start({ settleSeconds: 60, timeoutSeconds: 3 });
    const first = await uninstall(sandbox.endpoint, ['--yes']);
    expect(first.code).toBe(3);
    expect(first.stderr).toContain(
      'CloudFormation could not delete the stack layerward: The following resource(s) failed to delete: [Deployment].\n' +
        '  Deployment: CloudFormation did not receive a response from your Custom Resource Deployment\n',
    );
    expect(first.stderr).toContain(
      'aws cloudformation delete-stack --region us-east-1 --stack-name layerward --retain-resources Deployment',
    );
    const again = await uninstall(sandbox.endpoint, ['--yes', '--json']);
    expect(again.code).toBe(3);
    expect(JSON.parse(again.stdout)).toMatchObject({
      status: 'DELETE_FAILED',
      left: [],
      failure: { resources: [{ logicalId: 'Deployment', reason: expect.stringContaining('did not receive') }] },
    });
  });
});

/** An AWS that knows one stack, and says this of it. */
async function startAwsWith(stack: string): Promise<string> {
  standIn = await startStandIn();
  const xml = { 'content-type': 'text/xml' };
  standIn.answer(({ body }) =>
    body.includes('Action=GetCallerIdentity')
      ? {
          headers: xml,
          body:
            '<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account>' +
            '<Arn>arn:aws:iam::111122223333:user/uma</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>',
        }
      : {
          headers: xml,
          body:
            '<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>shop</StackName>' +
            `<StackStatus>CREATE_COMPLETE</StackStatus>${stack}</member></Stacks></DescribeStacksResult>` +
            '</DescribeStacksResponse>',
        },
  );
  return standIn.endpoint;
}

const releaseOnDelete =
  '<Parameters><member><ParameterKey>ReleaseOnDelete</ParameterKey><ParameterValue>true</ParameterValue></member>' +
  '</Parameters>';

describe('npx layerward uninstall refuses, in a sentence', () => {
  it.each([
    [
      'a stack that is not Layerward’s',
      '',
      2,
      /the stack shop is not Layerward's: it has no parameter ReleaseOnDelete/,
    ],
    [
      'a stack that is protected',
      `${releaseOnDelete}<EnableTerminationProtection>true</EnableTerminationProtection>`,
      3,
      /the stack shop is protected .*--stack-name shop --no-enable-termination-protection/,
    ],
  ])('%s, and sends no deletion', async (_, stack, code, sentence) => {
    const endpoint = await startAwsWith(stack);
    const ended = await uninstall(endpoint, ['--stack', 'shop', '--yes']);
    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(sentence) });
    expect(standIn?.requests.filter(({ body }) => body.includes('DeleteStack'))).toEqual([]);
  });

  it.each([
    ['an endpoint at which nobody is', [], {}, 3, /nothing answers at http:\/\/127\.0\.0\.1:1/],
    [
      'missing credentials',
      [],
      {
        AWS_ACCESS_KEY_ID: '',
        AWS_SECRET_ACCESS_KEY: '',
        AWS_EC2_METADATA_DISABLED: 'true',
        HOME: '/nowhere',
        AWS_CONFIG_FILE: '/nowhere',
        AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
      },
      3,
      /there are no AWS credentials/,
    ],
    ['an option that there is not', ['--retain'], {}, 2, /unknown option '--retain'/],
    ['an argument', ['layerward'], {}, 2, /too many arguments/],
  ] as const)('%s', async (_, args, env, code, sentence) => {
    const ended = await uninstall('http://127.0.0.1:1', args, env);
    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(sentence) });
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });
});
