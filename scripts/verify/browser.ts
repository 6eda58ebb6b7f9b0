import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkConsole } from '../../test/browser/check-console.ts';
import { CommandFailed, root, run } from './command.ts';

const chromium = '/usr/bin/chromium';
let installing: Promise<string> | undefined;

/** Debian's Chromium, and a typeface for the pictures. Answers the path of its program. */
export function installChromium(): Promise<string> {
  installing ??= install();
  return installing;
}

async function install(): Promise<string> {
  if (existsSync(chromium)) return chromium;
  const environment = { DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('apt-get', ['update'], { environment });
    await run('apt-get', ['install', '--yes', '--no-install-recommends', 'chromium', 'fonts-inter'], { environment });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(
      `this referee needs Chromium as ${chromium} (Debian: apt-get install chromium)\n${reason}`,
      { cause: error },
    );
  }
  return chromium;
}

/**
 * The page of report and console in a real browser, judged by IBM's accessibility checker too. Pictures go to
 * dist/screenshots/, and with `for the README`, those of the README to docs/images/.
 */
export async function checkInBrowser(forReadme: 'for the README' | 'for nobody' = 'for nobody'): Promise<string> {
  const images = join(root, 'docs/images');
  if (forReadme === 'for the README') mkdirSync(images, { recursive: true });
  return checkConsole({
    chromium: await installChromium(),
    screenshots: join(root, 'dist/screenshots'),
    ...(forReadme === 'for the README' ? { images } : {}),
  });
}
