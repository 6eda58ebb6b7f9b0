import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Argument, Command, Help, Option } from 'commander';
import * as z from 'zod';
import { applyReport } from '../src/cli/apply-report.ts';
import { coverageReport } from '../src/cli/coverage-report.ts';
import { deadLettersOutcome, deadLettersReport } from '../src/cli/dead-letters-report.ts';
import { explainReport } from '../src/cli/explain-report.ts';
import { historyReport } from '../src/cli/history-report.ts';
import { initReport, uninstallReport } from '../src/cli/json-shapes.ts';
import { planReport } from '../src/cli/plan-report.ts';
import { policyFindings } from '../src/cli/policy-check-report.ts';
import { policyTestReport } from '../src/cli/policy-test-report.ts';
import { createProgram } from '../src/cli/program.ts';
import { replayReport } from '../src/cli/replay-report.ts';
import { scanReport } from '../src/cli/scan-report.ts';
import { snippetReport } from '../src/cli/snippet-report.ts';
import { statusReport } from '../src/cli/status-report.ts';
import { wrap } from '../src/cli/wrapping.ts';
import { report } from '../src/service/report-schema.ts';

/*
 * docs/commands: a page for each command, from the definitions that its help is made from, and from the schemas of what it
 * prints as JSON. A test holds that they are up to date.
 */

const root = join(import.meta.dirname, '..');
const folder = 'docs/commands';
/** The longest line of a page. */
const longestLine = 120;

/** What commands print with --json, by the words that lead to them. */
export const jsonShapes: Readonly<Record<string, z.ZodType>> = {
  apply: applyReport,
  coverage: coverageReport,
  'dead-letters drop': deadLettersOutcome,
  'dead-letters list': deadLettersReport,
  'dead-letters retry': deadLettersOutcome,
  explain: explainReport,
  history: historyReport,
  init: initReport,
  plan: planReport,
  'policy check': policyFindings,
  'policy test': policyTestReport,
  release: applyReport,
  replay: replayReport,
  report,
  scan: scanReport,
  snippet: snippetReport,
  status: statusReport,
  uninstall: uninstallReport,
};

/** The pages by their path from the root of the repository, as they should be. */
export async function commandPages(): Promise<Map<string, string>> {
  const program = await createProgram(() => {});
  const pages = program.commands.map((command) => [`${folder}/${command.name()}.md`, pageOf(command)] as const);
  return new Map([[`${folder}/README.md`, overviewOf(program)], ...pages]);
}

/** Writes what is out of date, and takes away the pages of commands that there are no more. */
export async function writeCommandPages(): Promise<void> {
  const pages = await commandPages();
  mkdirSync(join(root, folder), { recursive: true });
  for (const name of readdirSync(join(root, folder)))
    if (name.endsWith('.md') && !pages.has(`${folder}/${name}`)) rmSync(join(root, folder, name));
  for (const [path, content] of pages) {
    const file = join(root, path);
    if (!existsSync(file) || readFileSync(file, 'utf8') !== content) writeFileSync(file, content);
  }
}

const generatedMark =
  '<!-- Written by scripts/command-docs.ts from the definitions of the commands: npm run build. -->';

function overviewOf(program: Command): string {
  const groups = Map.groupBy(program.commands, (command) => command.helpGroup());
  const { about, examples, exitCodes } = helpTextOf(program);
  return document([
    '# Commands',
    generatedMark,
    code('text', [usageOf(program)]),
    ...[...groups].flatMap(([title, commands]) => [
      `**${title.replace(/:$/, '')}**`,
      list(commands.map((command) => [`[${command.name()}](${command.name()}.md)`, command.description()])),
    ]),
    '## Options of every command',
    optionList(program.createHelp(), program.options),
    '## Examples',
    code('sh', examples),
    ...about,
    '## Exit codes',
    ...exitCodes,
  ]);
}

function pageOf(command: Command): string {
  return document([`# layerward ${command.name()}`, generatedMark, ...sectionsOf(command, command.name(), 2)]);
}

/** What there is to say of a command, and of those below it. @param depth of its headings */
function sectionsOf(command: Command, path: string, depth: number): string[] {
  const heading = (text: string) => `${'#'.repeat(depth)} ${text}`;
  const help = command.createHelp();
  const { about, examples, exitCodes } = helpTextOf(command);
  const options = help.visibleOptions(command).filter(({ long }) => long !== '--help');
  const groups = help.groupItems([...command.options], options, (option) => option.helpGroupHeading ?? 'Options:');
  const shape = jsonShapes[path];
  return [
    command.description(),
    code('text', [usageOf(command)]),
    ...about,
    ...(command.registeredArguments.length > 0
      ? [heading('Arguments'), argumentList(help, command.registeredArguments)]
      : []),
    ...[...groups].flatMap(([title, group]) => [heading(title.replace(/:$/, '')), optionList(help, group)]),
    ...(examples.length > 0 ? [heading('Examples'), code('sh', examples)] : []),
    ...(exitCodes.length > 0 ? [heading('Exit codes'), ...exitCodes] : []),
    ...(shape ? [heading('JSON'), 'What it prints with `--json`:', code('ts', shapeLines(shape))] : []),
    ...command.commands.flatMap((one) => [
      heading(`layerward ${path} ${one.name()}`),
      ...sectionsOf(one, `${path} ${one.name()}`, depth + 1),
    ]),
  ];
}

function usageOf(command: Command): string {
  const help = command.createHelp();
  return help.commandUsage(command);
}

/** What a command's help says after its options: prose, examples, exit codes. */
interface HelpText {
  readonly about: readonly string[];
  readonly examples: readonly string[];
  readonly exitCodes: readonly string[];
}

function helpTextOf(command: Command): HelpText {
  let text = '';
  command.configureOutput({
    writeOut: (more) => {
      text += more;
    },
  });
  command.outputHelp();
  text = text.slice(command.helpInformation().length);
  const paragraphs = text.trim().split(/\n{2,}/);
  const isExamples = (paragraph: string) => paragraph.startsWith('Examples:');
  const isExitCodes = (paragraph: string) => paragraph.startsWith('Exit codes:');
  return {
    about: paragraphs
      .filter((paragraph) => paragraph !== '' && !isExamples(paragraph) && !isExitCodes(paragraph))
      .map((paragraph) => prose(paragraph.replaceAll('\n', ' '))),
    examples: paragraphs.filter(isExamples).flatMap((paragraph) =>
      paragraph
        .split('\n')
        .slice(1)
        .map((line) => line.replace(/^ {2}(\$ )?/, '')),
    ),
    exitCodes: paragraphs.filter(isExitCodes).map((paragraph) => {
      const codes = paragraph.replace('Exit codes:', '').replaceAll('\n', ' ').trim().replace(/\.$/, '');
      return list(codes.split(/, (?=[0-3] )/).map((one) => [one.charAt(0), one.slice(1).trim()] as const));
    }),
  };
}

function argumentList(help: Help, all: readonly Argument[]): string {
  return list(all.map((argument) => [`\`${argument.name()}\``, help.argumentDescription(argument)]));
}

function optionList(help: Help, options: readonly Option[]): string {
  return list(options.map((option) => [`\`${help.optionTerm(option)}\``, help.optionDescription(option)]));
}

/** A list of terms, each with what it means, broken into lines. */
function list(items: readonly (readonly [term: string, meaning: string])[]): string {
  return items
    .map(([term, meaning]) =>
      wrap(`${term}: ${markdown(meaning)}`, longestLine - 2)
        .map((line, index) => `${index === 0 ? '- ' : '  '}${line}`)
        .join('\n'),
    )
    .join('\n');
}

function prose(text: string): string {
  return wrap(markdown(text), longestLine).join('\n');
}

/** A sentence of the help as Markdown: what looks like its marks is none, and what a person types is code. */
function markdown(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : linked(part.replaceAll(/[<>*|]/g, '\\$&'))))
    .join('');
}

/** Pages that the help names, as links. */
function linked(text: string): string {
  return text.replaceAll(/docs\/([\w-]+\.md)/g, '[docs/$1](../$1)');
}

const fence = '```';

function code(language: string, content: readonly string[]): string {
  return [`${fence}${language}`, ...content, fence].join('\n');
}

function document(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** A JSON Schema, as far as ours go. */
const schemaNode = z.looseObject({
  type: z.string().optional(),
  description: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  items: z.unknown().optional(),
  additionalProperties: z.unknown().optional(),
  propertyNames: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
});

type SchemaNode = z.output<typeof schemaNode>;

/** What a schema admits, as a type of TypeScript's with the descriptions as comments. */
export function shapeLines(schema: z.ZodType): string[] {
  const node = schemaNode.parse(z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }));
  return typeLines(node, '');
}

/** @param indent of all lines but the first */
function typeLines(node: SchemaNode, indent: string): string[] {
  const branches = [...(node.anyOf ?? []), ...(node.oneOf ?? [])].map((branch) => schemaNode.parse(branch));
  if (branches.length > 0)
    return branches.flatMap((branch, index) => {
      const [first = '', ...rest] = typeLines(branch, indent);
      return index === 0 ? [first, ...rest] : [`${indent}| ${first}`, ...rest];
    });
  if (node.const !== undefined) return [literal(node.const)];
  if (node.enum) return [node.enum.map(literal).join(' | ')];
  switch (node.type) {
    case 'object':
      return node.properties ? objectLines(node, indent) : recordLines(node, indent);
    case 'array': {
      const item = typeLines(schemaNode.parse(node.items ?? {}), indent);
      const isUnion = item.length === 1 && item[0]?.includes(' | ');
      const all = isUnion ? [`(${item[0]})`] : item;
      return [...all.slice(0, -1), `${all.at(-1) ?? ''}[]`];
    }
    case 'integer':
    case 'number':
      return ['number'];
    case 'string':
    case 'boolean':
    case 'null':
      return [node.type];
    default:
      return ['unknown'];
  }
}

function objectLines({ properties = {}, required = [] }: SchemaNode, indent: string): string[] {
  const inner = `${indent}  `;
  const fields = Object.entries(properties).flatMap(([name, value]) => {
    const node = schemaNode.parse(value);
    const [first = '', ...rest] = typeLines(node, inner);
    const mark = required.includes(name) ? '' : '?';
    const key = /^[A-Za-z_]\w*$/.test(name) ? name : literal(name);
    const all = fitted([`${inner}${key}${mark}: ${first}`, ...rest], inner);
    const last = all.length - 1;
    return [
      ...(node.description === undefined ? [] : commentLines(node.description, inner)),
      ...all.map((line, index) => (index === last ? `${line};` : line)),
    ];
  });
  return ['{', ...fields, `${indent}}`];
}

function recordLines({ additionalProperties, propertyNames }: SchemaNode, indent: string): string[] {
  const parsed = schemaNode.safeParse(additionalProperties);
  const [first = '', ...rest] = typeLines(parsed.success ? parsed.data : {}, indent);
  const names = schemaNode.safeParse(propertyNames);
  const key = names.success && names.data.enum ? names.data.enum.map(literal).join(' | ') : 'string';
  const [start, end] = key === 'string' ? ['Record<string, ', '>'] : [`Partial<Record<${key}, `, '>>'];
  const all = [`${start}${first}`, ...rest];
  return all.map((line, index) => (index === all.length - 1 ? `${line}${end}` : line));
}

/** A union that is longer than a line has a line for each of its members. */
function fitted(all: readonly string[], indent: string): readonly string[] {
  const [only] = all;
  if (all.length !== 1 || only === undefined || only.length < longestLine || !only.includes(' | ')) return all;
  const [, head = '', union = ''] = /^(\s*[^:]+:)\s(.*)$/.exec(only) ?? [];
  return [head, ...union.split(' | ').map((member) => `${indent}  | ${member}`)];
}

function commentLines(text: string, indent: string): string[] {
  const [first = '', ...rest] = wrap(text, longestLine - indent.length - '// '.length);
  return [first, ...rest].map((line) => `${indent}// ${line}`);
}

function literal(value: unknown): string {
  return typeof value === 'string'
    ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
    : JSON.stringify(value);
}

if (import.meta.main) await writeCommandPages();
