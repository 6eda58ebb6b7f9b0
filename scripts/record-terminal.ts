import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { openStage } from '../src/sandbox/tour/stage.ts';

/*
 * `npm run record`: what README.md shows of a terminal, from real runs against the sandbox. Each recording stands between
 * two comments that name it, and is replaced as a whole; nothing of it is written by hand, and no line is changed.
 */

const root = join(import.meta.dirname, '..');
const page = join(root, 'README.md');
const tags = { 'layerward:protect': 'on' };
/** Whoever reads a README reads no more of a tour than this. */
const chapters = ['Somebody takes protection off', 'Something stands in the way', 'An organization'];

/** Runs a program of ours, and answers what it prints. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'layerward-record-'));
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', COLUMNS: '100', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      rmSync(folder, { recursive: true });
      resolve(output.trimEnd());
    });
  });
}

/** The tour, as `npm start` plays it, without most of its chapters. */
async function recordTour(): Promise<string> {
  const output = await run([join(root, 'src/sandbox/start.ts'), '--once']);
  const parts = output.split('\n\n');
  const told = parts.filter((part) => chapters.some((chapter) => part.startsWith(chapter)));
  const held = parts.at(-1) ?? '';
  if (told.length !== chapters.length || !/^(\d+) of \1 held\.$/.test(held))
    throw new Error(`the tour went wrong: ${output}`);
  return [...told, held].join('\n\n');
}

/** What some commands say of functions that have a story. */
async function recordCommands(): Promise<Map<string, string>> {
  const sandbox = await startSandbox();
  try {
    await tellStories(sandbox);
    const env = {
      AWS_ENDPOINT_URL: sandbox.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'you',
      AWS_SECRET_ACCESS_KEY: 'any',
    };
    const shown = new Map<string, string>();
    for (const [name, args] of [
      ['scan', ['scan']],
      ['explain', ['explain', 'billing']],
      ['plan', ['plan', '--regions', 'eu-west-1']],
      ['history', ['history', 'billing']],
    ] as const) {
      const output = await run([join(root, 'bin/layerward.js'), ...args], env);
      if (output === '') throw new Error(`layerward ${args.join(' ')} printed nothing`);
      shown.set(name, `$ npx layerward ${args.join(' ')}\n${output}`);
    }
    return shown;
  } finally {
    await sandbox.stop();
  }
}

async function tellStories(sandbox: Sandbox): Promise<void> {
  const stage = await openStage(sandbox);
  const python = { Runtime: 'python3.8', Handler: 'app.handler' } as const;
  await stage.create('alice', 'billing', { Tags: tags, ...python });
  await stage.create('alice', 'invoices', { Tags: tags });
  await stage.create('alice', 'traced', {
    Tags: tags,
    Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/otel-handler' } },
  });
  await stage.create('alice', 'payouts', { Tags: { ...tags, 'layerward:group': 'payments' } });
  await stage.create('alice', 'ledger', { Tags: tags, Runtime: 'java21', Handler: 'Ledger' });
  await stage.create('alice', 'untouched');
  for (const name of ['billing', 'invoices']) await stage.recorded(name, 'protected');
  for (const name of ['traced', 'payouts']) await stage.recorded(name, 'blocked');
  await stage.recorded('ledger', 'unsupported');
  await stage.change('mallory', 'billing', { Layers: [] });
  await stage.recorded('billing', 'protected', '', ({ action }) => action === 'repaired');
  // Nobody looks after this region here, so there is something to plan.
  sandbox.lambda.seed([
    {
      accountId: sandbox.accountId,
      region: 'eu-west-1',
      name: 'checkout',
      runtime: 'python3.7',
      handler: 'app.handler',
      tags,
      variables: { STAGE: 'production', DATABASE_PASSWORD: 'nobody-may-read-this' },
    },
  ]);
}

/** A page with a recording in its place. */
function withRecording(text: string, name: string, recording: string): string {
  const [start, end] = [`<!-- recorded: ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0) return text;
  if (to < from) throw new Error(`README.md has no ${end} after ${start}`);
  return `${text.slice(0, from + start.length)}\n\n\`\`\`text\n${recording}\n\`\`\`\n\n${text.slice(to)}`;
}

const recordings = new Map([['tour', await recordTour()], ...(await recordCommands())]);
let text = readFileSync(page, 'utf8');
for (const [name, recording] of recordings) text = withRecording(text, name, recording);
writeFileSync(page, text);
