import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { openStage, type Stage } from '../../src/sandbox/tour/stage.ts';
import { liveChange, report } from '../../src/service/report-schema.ts';

/* `layerward report` and `layerward console` as processes, against a sandbox in which somebody takes protection off. */

const root = join(import.meta.dirname, '../..');
const tags = { 'layerward:protect': 'on' };

let sandbox: Sandbox;
let stage: Stage;
beforeAll(async () => {
  sandbox = await startSandbox({ timings: { deliveryMs: 5, pendingMs: 20, updateMs: 20, stateMachineSecondMs: 50 } });
  sandbox.lambda.faults.replace({ quotas: 'off' });
  stage = await openStage(sandbox);
  await stage.create('olga', 'orders', { Tags: tags });
  await stage.create('olga', 'blocked', {
    Tags: tags,
    Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/theirs' } },
    Runtime: 'python3.8',
    Handler: 'app.handler',
  });
  await stage.recorded('orders', 'protected');
  await stage.recorded('blocked', 'blocked');
  await stage.change('mallory', 'orders', { Layers: [] });
  await stage.recorded('orders', 'protected', '', ({ action }) => action === 'repaired');
});
afterAll(() => sandbox?.stop());

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

function run(args: readonly string[], folder = root, environment: Record<string, string> = {}) {
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: 'viewer',
    AWS_SECRET_ACCESS_KEY: 'any',
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: sandbox.endpoint,
    ...environment,
  };
  const child = spawn(process.execPath, [join(root, 'bin/layerward.js'), ...args], { cwd: folder, env });
  running.push(child);
  const printed = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed.stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, printed, ended };
}

const folder = () => mkdtempSync(join(tmpdir(), 'layerward-report-'));

describe('npx layerward report', () => {
  it('writes one file that needs nobody, and says in a line what is in it', async () => {
    const place = folder();
    const { printed, ended } = run(['report'], place);
    expect(await ended, printed.stderr).toBe(0);
    expect(printed.stderr.trim()).toBe('layerward-report.html: 50.0% of 2 functions are protected, 1 need a person');
    expect(readdirSync(place)).toEqual(['layerward-report.html']);
    const html = readFileSync(join(place, 'layerward-report.html'), 'utf8');
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).toContain('mallory');
    expect(html).not.toMatch(/sandbox-(key|secret)/);
  });

  it('prints everything as JSON of the form that is documented', async () => {
    const { printed, ended } = run(['report', '--json']);
    expect(await ended, printed.stderr).toBe(0);
    const { functions, timeline, coverage, totals } = report.parse(JSON.parse(printed.stdout));
    expect(functions.map(({ name, status }) => `${name} ${status}`)).toEqual(['blocked blocked', 'orders protected']);
    expect(functions[0]).toMatchObject({
      reason: 'foreign-wrapper',
      needsPerson: true,
      next: expect.stringMatching(/^Take the other/),
    });
    expect(timeline.find(({ action }) => action === 'repaired')?.cause.actor?.name).toBe('mallory');
    expect(coverage.length).toBeGreaterThan(0);
    expect(totals).toMatchObject({ functions: 2, protected: 1, needPerson: 1 });
  });

  it('writes the functions as CSV to where it is told, over what was there', async () => {
    const file = join(folder(), 'functions.csv');
    writeFileSync(file, 'old');
    const { printed, ended } = run(['report', '--csv', '--out', file]);
    expect(await ended, printed.stderr).toBe(0);
    expect(printed.stdout).toBe('');
    expect(readFileSync(file, 'utf8').split('\r\n')).toHaveLength(4);
  });

  it.each([
    ['two forms', ['--json', '--csv'], 2, /--json and --csv exclude each other/],
    ['a time that is none', ['--since', 'yesterday'], 2, /--since takes how long ago/],
    ['a place that is not there', ['--out', '/nowhere/report.html'], 2, /\/nowhere\/report\.html can't be written/],
    ['an unknown option', ['--jsno'], 2, /unknown option '--jsno'/],
    ['a stack that is not there', ['--stack', 'nobody'], 2, /there is no stack nobody/],
    ['a table that is not there', ['--table', 'nowhere'], 2, /there is no table nowhere/],
    [
      'an endpoint where nobody is',
      ['--endpoint', 'http://127.0.0.1:9'],
      3,
      /nothing answers at http:\/\/127\.0\.0\.1:9/,
    ],
  ] as const)('refuses %s in a sentence, and writes nothing', async (_, args, code, words) => {
    const place = folder();
    const { printed, ended } = run(['report', ...args], place);
    expect(await ended).toBe(code);
    expect(printed.stderr).toMatch(words);
    expect(printed.stderr).not.toMatch(/^\s+at /m);
    expect(readdirSync(place)).toEqual([]);
  });
});

/** Starts a console, and answers its address. */
async function openConsole(args: readonly string[] = []) {
  const command = run(['console', '--no-open', ...args]);
  const url = await expect
    .poll(() => /^(http:\/\/127\.0\.0\.1:\d+\/\w+\/\?token=[\w-]{43})$/m.exec(command.printed.stdout)?.[1], {
      timeout: 30_000,
    })
    .toBeDefined()
    .then(() => command.printed.stdout.trim());
  const address = new URL(url);
  const headers = { authorization: `Bearer ${address.searchParams.get('token')}` };
  const ask = (path: string) => fetch(`${address.origin}${address.pathname}${path}`, { headers });
  return { ...command, url, ask };
}

describe('npx layerward console', () => {
  it('shows what happens as it happens, and ends cleanly by Ctrl-C', async () => {
    const { ask, child, ended } = await openConsole();
    await expect.poll(async () => (await ask('api/report')).status, { timeout: 30_000 }).toBe(200);
    const before = report.parse(await (await ask('api/report')).json());
    expect(before.functions).toHaveLength(2);
    const events = await ask('api/events');
    const told = (async () => {
      const decoder = new TextDecoder();
      let text = '';
      for await (const chunk of events.body ?? []) {
        text += decoder.decode(chunk, { stream: true });
        const changes = [...text.matchAll(/event: changes\ndata: (.*)\n\n/g)].flatMap(([, data = '']) =>
          z.array(liveChange).parse(JSON.parse(data)),
        );
        const repaired = changes.find(({ outcome }) => outcome.action === 'repaired');
        if (repaired) return repaired;
      }
      throw new Error('the stream ended');
    })();
    await stage.change('paul', 'orders', { Layers: [] });
    const { outcome, function: current } = await told;
    expect(outcome.cause.actor?.name).toBe('paul');
    expect(current).toMatchObject({ name: 'orders', status: 'protected', repairCount: 2 });
    child.kill('SIGINT');
    expect(await ended).toBe(0);
  });

  it('prints nothing but its address, and tells nobody anything without it', async () => {
    const { url, printed } = await openConsole();
    expect(printed.stdout).toBe(`${url}\n`);
    const answer = await fetch(new URL(url).origin);
    expect(answer.status).toBe(401);
    expect(existsSync(join(root, 'layerward-report.html'))).toBe(false);
  });

  it('says in a sentence that the port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? String(address.port) : '';
    const { printed, ended } = run(['console', '--no-open', '--port', port]);
    expect(await ended).toBe(3);
    expect(printed.stderr.trim()).toBe(`layerward: port ${port} is taken: give another one by --port, or none for any`);
    server.close();
  });

  it.each([
    ['a port that is none', ['--port', 'x'], 2, /--port takes a number/],
    ['a stack that is not there', ['--stack', 'nobody'], 2, /there is no stack nobody/],
  ] as const)('refuses %s in a sentence', async (_, args, code, words) => {
    const { printed, ended } = run(['console', '--no-open', ...args]);
    expect(await ended).toBe(code);
    expect(printed.stderr).toMatch(words);
  });
});
