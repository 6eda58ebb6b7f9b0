import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CreateFunctionCommand, GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterEach, describe, expect, it } from 'vitest';

/* The commands as processes of their own, as people start them. */

const root = join(import.meta.dirname, '../..');
const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

function run(file: string, args: readonly string[]) {
  const env = { ...process.env, AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any' };
  const child = spawn(process.execPath, [join(root, file), ...args], { cwd: root, env });
  running.push(child);
  const printed = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    printed.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    printed.stderr += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const endpoint = /^ready (http:\/\/127\.0\.0\.1:\d+)$/m.exec(printed.stdout)?.[1];
      if (endpoint) resolve(endpoint);
    });
    child.on('close', (code) => reject(new Error(`ended with ${code}: ${printed.stderr}`)));
  });
  ready.catch(() => {});
  return { child, printed, ended, ready };
}

describe('npm run sandbox', () => {
  it('says when it is ready, protects what is created, and ends cleanly on SIGTERM', async () => {
    const { child, printed, ended, ready } = run('src/sandbox/main.ts', ['--port', '0']);
    const endpoint = await ready;
    expect(printed.stdout).toBe(`ready ${endpoint}\n`);
    const lambda = new LambdaClient({
      endpoint,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName: 'orders',
        Runtime: 'python3.7',
        Handler: 'app.handler',
        Role: 'arn:aws:iam::111122223333:role/orders',
        Code: { ZipFile: Buffer.from('504b0506000000000000000000000000000000000000', 'hex') },
        Tags: { 'layerward:protect': 'on' },
      }),
    );
    await expect
      .poll(
        async () => (await lambda.send(new GetFunctionCommand({ FunctionName: 'orders' }))).Configuration?.Handler,
        { timeout: 30_000 },
      )
      .toBe('trend_app_protect_handler.handler');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  }, 60_000);

  it('without Layerward, leaves functions alone', async () => {
    const { child, ended, ready } = run('src/sandbox/main.ts', ['--port', '0', '--no-service']);
    const calls = await fetch(`${await ready}/_sandbox/calls`);
    expect(calls.status).toBe(200);
    child.kill('SIGINT');
    expect(await ended).toBe(0);
  }, 60_000);

  it('says in a sentence that the port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? String(address.port) : '';
    const { printed, ended } = run('src/sandbox/main.ts', ['--port', port]);
    expect(await ended).toBe(3);
    expect(printed.stderr.trim().split('\n')).toHaveLength(1);
    expect(printed.stderr).toContain(port);
    server.close();
  }, 60_000);

  it.each([[['--prot', '1']], [['--port', 'x']]])(
    'refuses %j with exit code 2',
    async (args) => {
      const { ended } = run('src/sandbox/main.ts', args);
      expect(await ended).toBe(2);
    },
    60_000,
  );
});

const record = {
  eventVersion: '1.11',
  userIdentity: {
    type: 'IAMUser',
    arn: 'arn:aws:iam::111122223333:user/alice',
    accountId: '111122223333',
    userName: 'alice',
  },
  eventTime: '2026-11-20T08:30:00Z',
  eventSource: 'lambda.amazonaws.com',
  eventName: 'UpdateFunctionConfiguration20150331v2',
  awsRegion: 'us-east-1',
  sourceIPAddress: '192.0.2.1',
  userAgent: 'aws-cli/2',
  requestParameters: { functionName: 'orders', layers: [], environment: {} },
  responseElements: {},
  requestID: 'c7a3c1de-5b1f-4c2e-8d3a-7f20c4e1b9d5',
  eventID: 'c7a3c1de-5b1f-4c2e-8d3a-7f20c4e1b9d6',
  readOnly: false,
  eventType: 'AwsApiCall',
  managementEvent: true,
  recipientAccountId: '111122223333',
  eventCategory: 'Management',
};

function file(name: string, content: unknown): string {
  const path = join(mkdtempSync(join(tmpdir(), 'layerward-')), name);
  writeFileSync(
    path,
    content instanceof Buffer ? content : typeof content === 'string' ? content : JSON.stringify(content),
  );
  return path;
}

describe('npx layerward replay', () => {
  it.each([
    ['a record', record, 1],
    ['a list', [record, record], 2],
    ['CloudTrail’s own files', { Records: [record, record, record] }, 3],
    ['an EventBridge event', { source: 'aws.lambda', 'detail-type': 'AWS API Call via CloudTrail', detail: record }, 1],
    ['gzip', gzipSync(JSON.stringify({ Records: [record] })), 1],
    ['a record a line', `${JSON.stringify(record)}\n${JSON.stringify(record)}\n`, 2],
  ])('reads %s, and prints one object per record as JSON', async (_, content, count) => {
    const { printed, ended } = run('bin/layerward.js', ['replay', file('records.json', content), '--json']);
    expect(await ended).toBe(0);
    const answers = JSON.parse(printed.stdout);
    expect(answers).toHaveLength(count);
    expect(answers[0]).toMatchObject({
      verdict: 'look',
      reason: 'configured',
      actor: { name: 'alice' },
      eventId: record.eventID,
    });
  });

  it('explains for people what it would do and why', async () => {
    const failed = { ...record, errorCode: 'AccessDenied', requestParameters: null, responseElements: null };
    const { printed, ended } = run('bin/layerward.js', ['replay', file('records.json', [record, failed])]);
    expect(await ended).toBe(0);
    expect(printed.stdout).toContain('alice (IAMUser from 192.0.2.1)');
    expect(printed.stdout).toMatch(
      /dropped +the call failed \(AccessDenied\), so it changed nothing; nothing is asked of AWS/,
    );
    expect(
      Math.max(
        ...printed.stdout
          .split('\n')
          .filter((line) => !line.includes('look'))
          .map((line) => line.length),
      ),
    ).toBeLessThan(120);
  });

  it('decides about the live function where it is given an endpoint', async () => {
    const sandbox = run('src/sandbox/main.ts', ['--port', '0']);
    const endpoint = await sandbox.ready;
    const { printed, ended } = run('bin/layerward.js', [
      'replay',
      file('r.json', record),
      '--endpoint',
      endpoint,
      '--json',
    ]);
    expect(await ended).toBe(0);
    expect(JSON.parse(printed.stdout)[0].decision).toEqual({ status: 'deleted' });
    sandbox.child.kill('SIGTERM');
    await sandbox.ended;
  }, 60_000);

  it.each([
    ['a file that is not there', ['replay', '/nowhere.json'], 2, /nowhere\.json can't be read/],
    ['a file that is not JSON', ['replay', file('broken.json', '{"Records": [')], 2, /broken\.json is not JSON/],
    ['an unknown option', ['replay', 'x', '--jsno'], 2, /unknown option '--jsno'/],
    ['no file', ['replay'], 2, /missing required argument/],
    ['an unknown command', ['relpay'], 2, /unknown command 'relpay'/],
    [
      'a policy with a typo',
      ['replay', file('r.json', record), '--policy', file('policy.yaml', 'version: 1\nagnet: x\n')],
      2,
      /policy\.yaml:2:1: agnet: unknown key; did you mean agent/,
    ],
  ] as const)('refuses %s in a sentence', async (_, args, code, words) => {
    const { printed, ended } = run('bin/layerward.js', args);
    expect(await ended).toBe(code);
    expect(printed.stderr).toMatch(words);
    expect(printed.stderr).not.toMatch(/^\s+at /m);
  });

  it('tells by its exit code that a record is malformed, and goes on with the others', async () => {
    const { printed, ended } = run('bin/layerward.js', [
      'replay',
      file('r.json', [{ eventName: 'x' }, record]),
      '--json',
    ]);
    expect(await ended).toBe(1);
    expect(JSON.parse(printed.stdout)).toMatchObject(
      [{ verdict: 'malformed', explanation: /CloudTrail record/ }, { verdict: 'look' }].map(({ verdict }) => ({
        verdict,
      })),
    );
  });

  it('has help with examples', async () => {
    const { printed, ended } = run('bin/layerward.js', ['replay', '--help']);
    expect(await ended).toBe(0);
    expect(printed.stdout).toContain('Examples:');
  });
});
