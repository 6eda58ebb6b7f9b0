import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The root of the repository. */
export const root = join(import.meta.dirname, '../../..');

/** A file of source, and the modules that it names. */
export interface SourceFile {
  /** From the root, such as `src/domain/decide.ts`. */
  readonly path: string;
  /** Without its comments. */
  readonly code: string;
  /** As they are written: `zod`, `node:fs`, `../domain/agent.ts`. */
  readonly imports: readonly string[];
}

/** The source files under a folder, from the root. */
export function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const code = withoutComments(readFileSync(path, 'utf8'));
      return { path: relative(root, path), code, imports: importsOf(code) };
    });
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}

/** `import … from 'x'`, `export … from 'x'`, `import 'x'`, `import('x')`. */
const namedModule = /(?:^import |[}\w*] from |\bimport\()'([^'\n]+)'/gm;

function importsOf(code: string): string[] {
  return [...code.matchAll(namedModule)].map(([, name = '']) => name);
}
