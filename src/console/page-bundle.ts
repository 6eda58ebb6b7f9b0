import { join } from 'node:path';
import { build } from 'esbuild';

/** What the page is made of: one script and one style sheet, both to be written into the document. */
export interface PageBundle {
  readonly script: string;
  readonly style: string;
}

const page = join(import.meta.dirname, 'page');
let bundled: Promise<PageBundle> | undefined;

/** Bundles the page's script and style sheet; once in a process. Nothing in them is loaded from anywhere else. */
export function bundlePage(): Promise<PageBundle> {
  bundled ??= Promise.all([bundle('main.ts'), bundle('page.css')]).then(([script, style]) => ({ script, style }));
  return bundled;
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(page, entry)],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    platform: 'browser',
    // As the style sheet's `light-dark()`.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    mainFields: ['module', 'main'],
    legalComments: 'none',
    logLevel: 'silent',
  });
  return outputFiles.map(({ text }) => text.trim()).join('\n');
}
