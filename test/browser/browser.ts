import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

/** Quiet, and without a word to anybody. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A page that is watched: what it asks for, and what it complains of. */
export interface WatchedPage {
  readonly page: Page;
  /** Addresses of requests to anywhere but the origin that it is from. */
  readonly foreign: readonly string[];
  /** Errors of its script, and of its Content-Security-Policy. */
  readonly complaints: readonly string[];
}

/** A browser with an empty profile. */
export interface Browser {
  open(options: { readonly origin: string; readonly scheme?: 'light' | 'dark' }): Promise<WatchedPage>;
  close(): Promise<void>;
}

/** Starts Debian's Chromium. */
export async function startBrowser(executablePath: string): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'layerward-browser-'));
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: flags,
    viewport: { width: 1280, height: 860 },
    deviceScaleFactor: 1,
    timezoneId: 'UTC',
  });
  return {
    async open({ origin, scheme = 'light' }) {
      const page = await context.newPage();
      await page.emulateMedia({ colorScheme: scheme });
      const foreign: string[] = [];
      const complaints: string[] = [];
      page.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith(origin) && !url.startsWith('data:')) foreign.push(url);
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      return { page, foreign, complaints };
    },
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
