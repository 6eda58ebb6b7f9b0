import type { Package } from './bill-of-materials.ts';

/** Licences under which anything may be used. */
const allowed = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT'] as const;

/** Others, each with the packages that may have it and why. */
const exceptions: readonly { readonly licence: string; readonly packages: RegExp; readonly reason: string }[] = [
  {
    licence: 'MIT-0',
    packages: /^@aws-lambda-powertools\//,
    reason: 'MIT without the duty to name it.',
  },
  {
    licence: 'MPL-2.0',
    packages: /^lightningcss(-|$)/,
    reason: 'For development only: vitest’s builder brings it along. It is neither changed nor passed on.',
  },
  {
    licence: 'CC-BY-4.0',
    packages: /^caniuse-lite$/,
    reason:
      'For development only: data about browsers, which Stryker’s Babel brings along. It is neither changed nor passed on.',
  },
];

/** Packages whose licence nobody has allowed. A choice (`MIT OR Apache-2.0`) is allowed where one of it is. */
export function notAllowed(packages: readonly Package[]): string[] {
  const isAllowed = (licence: string, name: string) =>
    allowed.some((one) => one === licence) ||
    exceptions.some((one) => one.licence === licence && one.packages.test(name));
  return packages
    .filter(({ licence, name }) => !licence.split(' OR ').some((choice) => isAllowed(choice, name)))
    .map(({ name, licence }) => `${name}: ${licence || 'no licence'}`);
}

/** `docs/licences.md`. */
export function licencesPage(packages: readonly Package[], bundles: readonly string[]): string {
  const deployed = packages.filter(({ deployedIn }) => deployedIn.length > 0);
  const elsewhere = packages.filter(({ deployedIn, isForDevelopment }) => deployedIn.length === 0 && !isForDevelopment);
  const development = packages.filter(({ isForDevelopment }) => isForDevelopment);
  const table = [
    ['package', 'licence', ...bundles],
    ...deployed.map(({ name, licence, deployedIn }) => [
      `\`${name}\``,
      licence,
      ...bundles.map((bundle) => (deployedIn.includes(bundle) ? 'yes' : '')),
    ]),
  ];
  return `# Licences

<!-- Written by scripts/sbom.ts from package-lock.json and the bundles: npm run sbom. -->

Layerward is under the Apache License 2.0 ([LICENSE](../LICENSE)). It is made of these packages of others; which
versions, with the hashes that npm checks, is in \`dist/sbom.json\` ([security](security.md#dependencies)).

A test holds that every licence is one of ${allowed.join(', ')}, or one of these:

${exceptions.map(({ licence, packages: of, reason }) => `- ${licence}, of ${namesOf(packages.filter(({ name }) => of.test(name)))}: ${reason}`).join('\n')}

## In the deployed functions

Their code is in the bundles, as far as the functions use it; of some only what stands in for them
(\`scripts/smaller-bundle.ts\`).

${markdownTable(table)}

## For the command line, and at build time

${byLicence(elsewhere)}

## For development only

${byLicence(development)}
`.replaceAll(/^.{121,}$/gm, (line) => wrapped(line));
}

/** Many of a kind, in a few words. */
function namesOf(packages: readonly Package[]): string {
  const [first, second] = packages.map(({ name }) => `\`${name}\``);
  if (packages.length <= 2) return [first, second].filter(Boolean).join(', ');
  return `${first} and ${packages.length - 1} more that begin so`;
}

function byLicence(packages: readonly Package[]): string {
  const names = new Map<string, string[]>();
  for (const { name, licence } of packages) names.set(licence, [...(names.get(licence) ?? []), `\`${name}\``]);
  return [...names]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([licence, of]) => `- ${licence}: ${of.join(', ')}`)
    .join('\n');
}

function markdownTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}

/** A long line of a list in lines of 100, indented as the list is. */
function wrapped(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > 100) {
      lines.push(line);
      line = `  ${word}`;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
