import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { openStage, type Stage } from '../src/sandbox/tour/stage.ts';

/*
 * `npm run record`: what pages show of a terminal of 100 columns, from real runs against the sandbox. Each recording stands
 * between two comments that name it, and is replaced as a whole. Nothing is written by hand, and nothing is changed but
 * what would differ from run to run: the clock (see `withoutClock`).
 */

const root = join(import.meta.dirname, '..');
const pages = ['README.md', 'docs/first-hour.md', 'docs/policy.md'];
const bin = join(root, 'bin/layerward.js');
const tags = { 'layerward:protect': 'on' };
/** Whoever reads a README reads no more of a tour than this. */
const chapters = ['Somebody takes protection off', 'Something stands in the way', 'An organization'];

/** Recordings by their names. */
type Recordings = Readonly<Record<string, string>>;

/** Runs a program of ours to its end, and answers what it prints. */
function run(args: readonly string[], folder: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      if (output.trim() === '') reject(new Error(`${args.join(' ')} printed nothing`));
      else resolve(output.trimEnd());
    });
  });
}

/** Does something in a folder of its own, in which there is no policy.yaml to begin with. */
async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'layerward-record-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A command as a person types it, and what it prints. */
async function recordCommand(command: string, folder: string, endpoint?: string): Promise<string> {
  const output = await run([bin, ...command.split(' ')], folder, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'you',
    AWS_SECRET_ACCESS_KEY: 'any',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...(endpoint === undefined ? {} : { AWS_ENDPOINT_URL: endpoint }),
  });
  return `$ npx layerward ${command}\n${withoutClock(output)}`;
}

/** Dates and times become those of an example; seconds and durations, which differ from run to run, become dots. */
function withoutClock(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, '2026-12-01 09:00:··')
    .replaceAll(/\b\d+(?:\.\d)? s\b/g, (duration) => '·.· s'.padStart(duration.length));
}

/** The tour, as `npm start` plays it, without most of its chapters, and without the column that says how long it took. */
async function recordTour(): Promise<Recordings> {
  const output = await inFolder((folder) => run([join(root, 'src/sandbox/start.ts'), '--once'], folder));
  const parts = output.split('\n\n');
  const told = parts.filter((part) => chapters.some((chapter) => part.startsWith(chapter)));
  const held = parts.at(-1) ?? '';
  if (told.length !== chapters.length || !/^(\d+) of \1 held\.$/.test(held))
    throw new Error(`the tour went wrong: ${output}`);
  return { tour: [...told, held].join('\n\n').replaceAll(/ +\d+\.\d s$/gm, '') };
}

/** A first look at an account in which nothing is deployed. */
async function recordFirstLook(): Promise<Recordings> {
  const sandbox = await startSandbox({ service: false });
  try {
    sandbox.lambda.seed(
      ['orders', 'invoices'].map((name) => ({
        accountId: sandbox.accountId,
        region: sandbox.region,
        name,
        runtime: 'python3.7',
        handler: 'app.handler',
        tags: name === 'orders' ? tags : {},
        variables: { STAGE: 'production' },
      })),
    );
    return await inFolder(async (folder) => ({
      'first look': await recordCommand('explain orders', folder, sandbox.endpoint),
    }));
  } finally {
    await sandbox.stop();
  }
}

/** What cases say of a policy, before and after somebody forgot something. */
async function recordPolicyTest(): Promise<Recordings> {
  return inFolder(async (folder) => {
    cpSync(join(root, 'policy.cases.example.yaml'), join(folder, 'policy.cases.yaml'));
    const policy = readFileSync(join(root, 'policy.example.yaml'), 'utf8');
    writeFileSync(join(folder, 'policy.yaml'), policy.replace('["never-protect-*"]', '["never-protect"]'));
    return { 'policy test': await recordCommand('policy test', folder) };
  });
}

/** What commands say of functions that have a story, where Layerward is deployed. */
async function recordStories(): Promise<Recordings> {
  const sandbox = await startSandbox();
  try {
    await tellStories(await openStage(sandbox));
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
    return await inFolder(async (folder) => ({
      scan: await recordCommand('scan', folder, sandbox.endpoint),
      history: await recordCommand('history billing --limit 2', folder, sandbox.endpoint),
      plan: await recordCommand('plan --regions eu-west-1', folder, sandbox.endpoint),
      snippet: await recordCommand('snippet billing --as sam', folder, sandbox.endpoint),
    }));
  } finally {
    await sandbox.stop();
  }
}

async function tellStories(stage: Stage): Promise<void> {
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
}

const startOf = (name: string) => `<!-- recorded: ${name} -->`;

/** A page with a recording in its place. */
function withRecording(page: string, text: string, name: string, recording: string): string {
  const end = `<!-- end of ${name} -->`;
  const [from, to] = [text.indexOf(startOf(name)) + startOf(name).length, text.indexOf(end)];
  if (to < from) throw new Error(`${page} has no ${end} after ${startOf(name)}`);
  return `${text.slice(0, from)}\n\n\`\`\`text\n${recording}\n\`\`\`\n\n${text.slice(to)}`;
}

const recordings = Object.entries({
  ...(await recordTour()),
  ...(await recordFirstLook()),
  ...(await recordPolicyTest()),
  ...(await recordStories()),
});
const texts = new Map(pages.map((page) => [page, readFileSync(join(root, page), 'utf8')]));
for (const [name, recording] of recordings) {
  const [shown, ...more] = [...texts].filter(([, text]) => text.includes(startOf(name)));
  if (!shown || more.length > 0)
    throw new Error(`${more.length > 0 ? 'more than one page shows' : 'no page shows'} ${name}`);
  const [page, text] = shown;
  texts.set(page, withRecording(page, text, name, recording));
}
for (const [page, text] of texts) writeFileSync(join(root, page), text);
