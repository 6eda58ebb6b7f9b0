import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Dependency, readBundles, readDependencies } from './dependencies.ts';

/* docs/licences.md: under which licences others' code is here. `npm run build` writes it; a test holds that it is up to date. */

/** Licences under which a package may be taken. */
export const allowedLicences: ReadonlySet<string> = new Set([
  'Apache-2.0',
  'MIT',
  'MIT-0',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
]);

/** Packages under other licences, which others bring along: none is deployed, and none is changed. */
export const exceptions: Readonly<Record<string, string>> = {
  lightningcss: 'MPL-2.0. It comes with vite, which vitest runs on, for style sheets, of which tests have none.',
  'caniuse-lite': 'CC-BY-4.0. Data about browsers, which comes with Stryker’s Babel.',
};

/** Whether a licence, or one of those that may be chosen, is allowed. */
export function isAllowed({ name, licence }: Pick<Dependency, 'name' | 'licence'>): boolean {
  const choices = licence.replaceAll(/[()]/g, '').split(' OR ');
  const isExcepted = Object.keys(exceptions).some((one) => name === one || name.startsWith(`${one}-`));
  return isExcepted || choices.some((one) => allowedLicences.has(one));
}

/** The page, as it should be. */
export function licencePage(): string {
  const all = readDependencies();
  const bundles = readBundles();
  const bundled = all
    .map((one) => ({
      ...one,
      functions: [...bundles].flatMap(([name, folders]) => (folders.has(one.folder) ? [name] : [])),
    }))
    .filter(({ functions }) => functions.length > 0);
  const others = all.filter(({ folder }) => !bundled.some((one) => one.folder === folder));
  return `# Licences

<!-- Written by scripts/licences.ts from package-lock.json and from the last build: npm run build. -->

Layerward is under [Apache-2.0](../LICENSE). Of others, it uses what follows; \`npm run sbom\` writes the same for machines, as CycloneDX, to
\`dist/sbom.json\`.

## In what is deployed

${table(
  ['package', 'version', 'licence', 'in the bundle of'],
  bundled.map(({ name, version, licence, functions }) => [
    name,
    version,
    licence,
    functions.length === bundles.size ? 'all' : functions.join(', '),
  ]),
)}

## On the machine of whoever develops, or runs the command line

${table(
  ['licence', 'packages', 'for the command line'],
  [...Map.groupBy(others, ({ licence }) => licence)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([licence, some]) => [
      licence,
      String(some.length),
      String(some.filter(({ isForDevelopment }) => !isForDevelopment).length),
    ]),
)}

Not on the list of those that are taken, and here all the same:

${Object.entries(exceptions)
  .map(([name, reason]) => `- \`${name}\`: ${reason}`)
  .join('\n')}
`;
}

/** Writes the page. */
export function writeLicencePage(): void {
  writeFileSync(join(import.meta.dirname, '../docs/licences.md'), licencePage());
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(titles), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}
