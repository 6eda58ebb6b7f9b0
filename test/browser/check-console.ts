import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import * as z from 'zod';
import { pageDocument } from '../../src/console/document.ts';
import { bundlePage } from '../../src/console/page-bundle.ts';
import { type RunningConsole, startConsole } from '../../src/console/server.ts';
import type { FunctionRecord, Outcome } from '../../src/domain/record.ts';
import { buildReport } from '../../src/service/report.ts';
import { outcomeOf } from '../fixtures/outcome.ts';
import { type Browser, startBrowser, type WatchedPage } from './browser.ts';
import { exampleOrganization } from './example-organization.ts';
import { createExampleRecords, type ExampleRecords } from './example-records.ts';
import { measureFiltering } from './frames.ts';

/*
 * The page in a real browser, against a console with ten thousand functions. Speed is printed and not held, since how
 * fast a machine is says nothing about the code; everything else is held.
 */

/** Where pictures go, and which program is the browser. */
export interface BrowserCheck {
  readonly chromium: string;
  readonly screenshots: string;
  /** Where the two pictures of the README go; nowhere if left out. */
  readonly images?: string;
}

const size = 10_000;
const openings = 5;
const dayMs = 24 * 60 * 60_000;

/** What a scene is given. */
interface Stage {
  readonly browser: Browser;
  readonly records: ExampleRecords;
  readonly running: RunningConsole;
  readonly origin: string;
  readonly options: BrowserCheck;
  open(scheme?: 'light' | 'dark'): Promise<WatchedPage>;
}

/** Checks the page. Answers what was checked and how fast it was. @throws {Error} that says what did not hold. */
export async function checkConsole(options: BrowserCheck): Promise<string> {
  rmSync(options.screenshots, { recursive: true, force: true });
  mkdirSync(options.screenshots, { recursive: true });
  const records = await createExampleRecords(size, Date.now());
  const running = await startConsole({ records: records.port, pollEveryMs: 200 });
  const browser = await startBrowser(options.chromium);
  const origin = `http://127.0.0.1:${running.port}`;
  const stage: Stage = {
    browser,
    records,
    running,
    origin,
    options,
    async open(scheme = 'light') {
      const watched = await browser.open({ origin, scheme });
      await watched.page.goto(running.url);
      await watched.page.waitForSelector('.share');
      return watched;
    },
  };
  const said: string[] = [];
  try {
    for (const [name, scene] of Object.entries(scenes)) {
      try {
        const words = await scene(stage);
        if (words !== undefined) said.push(words);
      } catch (error) {
        throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    }
  } finally {
    await browser.close();
    await running.close();
  }
  return `${Object.keys(scenes).length} scenes with ${size.toLocaleString('en')} functions; ${said.join('; ')}`;
}

const scenes: Readonly<Record<string, (stage: Stage) => Promise<string | undefined>>> = {
  'the first view': firstView,
  'opening time': openingTime,
  filtering: filtering,
  'a live event': liveEvent,
  'one function’s page, by the keyboard': oneFunction,
  'dark mode': darkMode,
  accessibility: accessibility,
  'an attack by a function’s name': attack,
  'a report in a file': fileReport,
  'trouble with AWS': trouble,
};

async function firstView({ open, options, running }: Stage): Promise<undefined> {
  const { page, foreign, complaints } = await open();
  assert.match(await textOf(page, '.share'), /^\d\d\.\d%$/);
  assert.equal(await page.title(), 'Overview · Layerward');
  assert.ok(!page.url().includes('token'), 'the token is out of the address');
  for (const section of ['.over-time svg', '.reason-card', '.activity-chart svg', '.parts .card'])
    assert.ok((await page.locator(section).count()) > 0, `the overview has ${section}`);
  await page.waitForSelector('.is-live');
  await page.screenshot({ path: join(options.screenshots, 'overview.png'), fullPage: true });
  if (options.images !== undefined) {
    const width = 1200;
    await page.setViewportSize({ width, height: 930 });
    await page.screenshot({ path: join(options.images, 'console-overview.png') });
  }
  await page.setViewportSize({ width: 390, height: 844 });
  const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
  assert.ok(Number(overflow) <= 0, `nothing is wider than a telephone: ${String(overflow)} px too wide`);
  await page.screenshot({ path: join(options.screenshots, 'telephone.png') });
  assert.deepEqual(foreign, [], 'no request leaves the page');
  assert.deepEqual(complaints, []);
  // Without its token, nobody gets anything.
  const answer = await fetch(running.url.replace(/token=.*/, 'token=guessed'));
  assert.equal(answer.status, 401);
  await page.close();
}

async function openingTime({ browser, running, origin }: Stage): Promise<string> {
  const times: number[] = [];
  for (let opening = 0; opening < openings; opening++) {
    const { page } = await browser.open({ origin });
    const startedAt = performance.now();
    await page.goto(running.url, { waitUntil: 'commit' });
    await page.waitForSelector('.share');
    times.push(performance.now() - startedAt);
    await page.close();
  }
  times.sort((a, b) => a - b);
  return `opens in ${Math.round(times[Math.floor(openings / 2)] ?? 0)} ms (median of ${openings}, longest ${Math.round(times.at(-1) ?? 0)} ms)`;
}

async function filtering({ open, options }: Stage): Promise<string> {
  const { page } = await open();
  await page.keyboard.press('/');
  await page.keyboard.type('checkout');
  await page.locator('.found', { hasText: ' of 10,000' }).waitFor();
  const found = Number((await textOf(page, '.found')).split(' ')[0]?.replace(',', ''));
  assert.ok(found > 500 && found < 1500, `some are found: ${found}`);
  const names = await page.locator('.rows .row:not([hidden]) .name').allTextContents();
  assert.ok(names.length > 5 && names.every((name) => name.startsWith('checkout')), names.join());
  assert.ok(names.length < 60, 'only rows in sight are in the document');
  await page.locator('.chips button', { hasText: 'blocked' }).click();
  assert.match(await page.evaluate('location.hash').then(String), /^#\/functions/);
  await page.waitForURL(/status=blocked/);
  await page.screenshot({ path: join(options.screenshots, 'filtered.png') });
  // The same address shows the same.
  await page.reload();
  await page.waitForSelector('.rows .row:not([hidden])');
  assert.equal(await page.locator('.chips button[aria-pressed=true]').count(), 1);
  assert.equal(await page.inputValue('#search'), 'checkout');
  await page.locator('[data-take=all]').click();
  const frames = await measureFiltering(page, ['checkout-worker', 'us-east-1 python', 'mallory', '0']);
  const scrolling = await measureScrolling(page);
  await page.close();
  return `${frames.framesPerSecond.toFixed(0)} frames a second while filtering (${frames.keys} keys, longest frame ${frames.longestFrameMs.toFixed(0)} ms), ${scrolling.toFixed(0)} while scrolling`;
}

async function measureScrolling(page: Page): Promise<number> {
  const script = `(async () => {
    const scroller = document.querySelector('.scroller');
    scroller.scrollTop = 0;
    const from = performance.now();
    let frames = 0;
    await new Promise((resolve) => {
      const step = () => {
        scroller.scrollTop += 180;
        if (++frames === 90) resolve(); else requestAnimationFrame(step);
      };
      requestAnimationFrame(step);
    });
    return 1000 * frames / (performance.now() - from);
  })()`;
  return z.number().parse(await page.evaluate(script));
}

/** Somebody takes the layer off, and it is put back. */
async function liveEvent({ open, records, options }: Stage): Promise<undefined> {
  const { page } = await open();
  await page.waitForSelector('.is-live');
  const record = protectedOne(records);
  const name = record.functionArn.split(':').at(-1) ?? '';
  await records.put(
    { ...record, version: 4, status: 'blocked', reason: 'layer-limit', drift: [], action: 'none' },
    change(record, 'blocked', 'layer-limit'),
  );
  await page.locator('.feed-line .name', { hasText: name }).first().waitFor();
  await page.locator('#announcer', { hasText: name }).waitFor({ state: 'attached' });
  assert.match(await textOf(page, '#announcer'), /not protected until a person acts, after what mallory did/);
  await page.screenshot({ path: join(options.screenshots, 'live.png') });
  await page.goto(`${page.url().split('#')[0]}#/functions?q=${name}`);
  await page.locator('.rows .row:not([hidden])', { hasText: 'blocked: layer-limit' }).waitFor();
  await records.put({ ...record, version: 5 }, change(record, 'protected', ''));
  await page.locator('.rows .row:not([hidden])', { hasText: /^protected/ }).waitFor();
  await page.close();
}

async function oneFunction({ open, records, options }: Stage): Promise<undefined> {
  const { page, foreign, complaints } = await open();
  const record = records.organization.records.find(({ action, attachment }) => action === 'repaired' && attachment);
  const name = record?.functionArn.split(':').at(-1) ?? '';
  await page.keyboard.press('/');
  await page.keyboard.type(name);
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.locator('h1', { hasText: name }).waitFor();
  await page.locator('.history-entry').nth(1).waitFor();
  assert.equal(await page.evaluate('document.activeElement.textContent'), name, 'the focus is on the heading');
  assert.match(await textOf(page, '.diff >> nth=0'), /Layers/);
  assert.ok((await page.locator('text=What Layerward keeps on it').count()) > 0);
  await page.screenshot({ path: join(options.screenshots, 'function.png'), fullPage: true });
  await page.keyboard.press('Escape');
  await page.waitForSelector('.functions-view');
  assert.equal(await page.evaluate('document.activeElement.id'), 'functions', 'the focus is back in the list');
  await page.keyboard.press('?');
  await page.locator('dialog[open] h2', { hasText: 'Keyboard' }).waitFor();
  await page.screenshot({ path: join(options.screenshots, 'help.png') });
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('dialog[open]').count(), 0);
  assert.deepEqual([foreign, complaints], [[], []]);
  await page.close();
}

async function darkMode({ open, records, options }: Stage): Promise<undefined> {
  const { page } = await open('dark');
  const ground = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor').then(String);
  const dark = await ground();
  await page.screenshot({ path: join(options.screenshots, 'overview-dark.png'), fullPage: true });
  const record = records.organization.records.find(
    ({ action, attachment, runtime }) => action === 'repaired' && attachment && runtime === 'python3.7',
  );
  await page.goto(`${page.url().split('#')[0]}#/function/${record?.functionArn}`);
  await page.waitForSelector('.history-entry');
  await page.screenshot({ path: join(options.screenshots, 'function-dark.png'), fullPage: true });
  if (options.images !== undefined) {
    await page.setViewportSize({ width: 1200, height: 1080 });
    await page.screenshot({ path: join(options.images, 'console-function.png') });
  }
  await page.click('[data-action=theme]');
  const light = await ground();
  assert.notEqual(light, dark, 'the switch changes the theme');
  await page.reload();
  await page.waitForSelector('h1');
  assert.equal(await ground(), light, 'the choice is kept');
  await page.evaluate('localStorage.clear()');
  await page.close();
}

/** What IBM's checker says of one element: `value` is the kind of rule, and its verdict. */
const accessibilityReport = z.object({
  results: z.array(
    z.object({
      ruleId: z.string(),
      value: z.tuple([z.string(), z.string()]),
      message: z.string(),
      snippet: z.string(),
    }),
  ),
});
const checker = readFileSync(createRequire(import.meta.url).resolve('accessibility-checker-engine/ace.js'), 'utf8');

async function accessibility({ open, records }: Stage): Promise<string> {
  const arn = records.organization.records.find(({ status }) => status === 'blocked')?.functionArn;
  const views = ['#/', '#/functions', `#/function/${arn}`, '#/activity'];
  const all: string[] = [];
  for (const scheme of ['light', 'dark'] as const) {
    const { page } = await open(scheme);
    for (const view of views) {
      await page.goto(`${page.url().split('#')[0]}${view}`);
      await page.waitForSelector(view === '#/functions' ? '.rows .row' : 'h1');
      if (view.startsWith('#/function/')) await page.waitForSelector('.history-entry');
      await page.evaluate(checker);
      const { results } = accessibilityReport.parse(
        await page.evaluate(
          `new ace.Checker().check(document, ['WCAG_2_2']).then(({ results }) => ({ results: results.map(({ ruleId, value, message, snippet }) => ({ ruleId, value, message, snippet })) }))`,
        ),
      );
      assert.ok(results.length > 100, `the checker looked at the page: ${results.length} results`);
      const violations = results.filter(({ value: [kind, verdict] }) => kind === 'VIOLATION' && verdict === 'FAIL');
      all.push(
        ...violations.map(
          ({ ruleId, message, snippet }) => `${view} in ${scheme}: ${ruleId}: ${message}\n  ${snippet.slice(0, 200)}`,
        ),
      );
    }
    await page.close();
  }
  assert.equal(all.join('\n'), '');
  return `no violation of WCAG 2.2 on ${views.length} views in light and dark`;
}

const hostile = `</script><script>window.attacked=1</script><img src=x onerror="window.attacked=1">`;
const hostileName = '<script>window.attacked=1</script>';

/** AWS would not take such a name; whoever writes the records may. */
function hostileRecord(record: FunctionRecord): FunctionRecord {
  return {
    ...record,
    functionArn: `arn:aws:lambda:us-east-1:111122223333:function:${hostileName}`,
    status: 'blocked',
    reason: 'aws-refused',
    detail: hostile,
    runtime: hostile,
    group: `javascript:alert(1)//${hostile}`,
    drift: [{ code: 'layer-missing', path: hostile, expected: hostile, actual: hostile }],
    cause: {
      ...record.cause,
      eventName: hostile,
      actor: { type: hostile, name: hostile, userAgent: hostile, sourceIpAddress: hostile },
    },
  };
}

async function assertHarmless({ page, complaints, foreign }: WatchedPage): Promise<void> {
  assert.equal(await page.evaluate('typeof window.attacked'), 'undefined', 'no foreign script ran');
  assert.equal(await page.locator('img').count(), 0, 'no element was made from text');
  assert.equal(await page.locator('script').count(), 3);
  assert.deepEqual([complaints, foreign], [[], []]);
}

async function attack({ open, records, options }: Stage): Promise<undefined> {
  const watched = await open();
  const { page } = watched;
  await page.waitForSelector('.is-live');
  const record = hostileRecord(protectedOne(records));
  await records.put(record, {
    ...change(record, 'blocked', 'aws-refused'),
    cause: record.cause,
    detail: hostile,
    drift: record.drift,
  });
  await page.locator('.feed-line', { hasText: hostileName }).first().waitFor();
  await assertHarmless(watched);
  await page.locator('.feed-line', { hasText: hostileName }).locator('a').first().click();
  await page.locator('.history-entry').first().waitFor();
  assert.ok((await textOf(page, 'main')).includes(hostileName), 'it is shown as text');
  await assertHarmless(watched);
  await page.screenshot({ path: join(options.screenshots, 'attack.png') });
  await page.goto(`${page.url().split('#')[0]}#/functions?q=${encodeURIComponent('<script>')}`);
  await page.locator('.rows .row:not([hidden])', { hasText: hostileName }).waitFor();
  await page.goto(`${page.url().split('#')[0]}#/activity`);
  await page.locator('.feed-line', { hasText: hostileName }).first().waitFor();
  await assertHarmless(watched);
  await page.close();
}

/** The whole page in one file, opened from the disk, with the attack in its data. */
async function fileReport({ browser, options }: Stage): Promise<string> {
  const now = new Date();
  const { records, outcomes, coverage } = exampleOrganization(300, now.getTime());
  const [first] = records;
  assert.ok(first);
  const record = hostileRecord(first);
  const outcome = { ...change(record, 'blocked', 'aws-refused'), cause: record.cause, drift: record.drift };
  const since = new Date(now.getTime() - 30 * dayMs);
  const report = buildReport([...records, record], [...outcomes, outcome], coverage, now, { since });
  const { html } = pageDocument(await bundlePage(), { kind: 'file', report });
  const file = join(options.screenshots, 'report.html');
  writeFileSync(file, html);
  const watched = await browser.open({ origin: `file://${file}` });
  await watched.page.goto(`file://${file}`);
  await watched.page.waitForSelector('.share');
  assert.match(await textOf(watched.page, '#connection'), /^As of /);
  assert.ok((await textOf(watched.page, 'main')).includes(hostileName));
  await assertHarmless(watched);
  await watched.page.close();
  return `a report of 300 functions is ${Math.round(html.length / 1024)} KB`;
}

async function trouble({ open, records, running }: Stage): Promise<undefined> {
  const { page } = await open();
  await page.waitForSelector('.is-live');
  records.failWith(new Error('the credentials have expired: run aws sso login'));
  await page.locator('#trouble', { hasText: 'run aws sso login' }).waitFor();
  records.failWith();
  await page.waitForSelector('.is-live');
  assert.ok(await page.locator('#trouble').isHidden());
  await running.close();
  await page.locator('#trouble', { hasText: 'does not answer' }).waitFor();
  await page.close();
}

function protectedOne({ organization }: ExampleRecords): FunctionRecord {
  const record = organization.records.find(({ status, action }) => status === 'protected' && action === 'attached');
  assert.ok(record);
  return record;
}

let changes = 0;
function change(record: FunctionRecord, status: Outcome['status'], reason: string): Outcome {
  const { cause, ...outcome } = outcomeOf({
    functionArn: record.functionArn,
    status,
    reason,
    at: new Date().toISOString(),
  });
  return {
    ...outcome,
    action: status === 'blocked' ? 'none' : 'repaired',
    cause: { ...cause, eventId: `change-${++changes}`, eventTime: outcome.at },
  };
}

async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).first().textContent()) ?? '';
}
