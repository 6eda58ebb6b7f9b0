import { closest, distance } from 'fastest-levenshtein';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import * as z from 'zod';
import { InvalidInput } from '../domain/errors.ts';
import type { Finding } from '../domain/policy.ts';

/** Something that is wrong with a document, with the line and column (from 1) at which it stands. */
export interface LocatedFinding {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** In characters, which few documents come near; what YAML makes of a longer one may take minutes. */
const longestDocument = 131_072;
/** More findings than anybody reads at once. */
const mostFindings = 20;
/** What is kept of a text of the document's own, in a finding. */
const longestText = 300;

/** A document that can't be used; the message lists its findings as `file:line:column`, the first ones if they are many. */
export class InvalidDocument extends InvalidInput {
  readonly findings: readonly LocatedFinding[];

  /** @param more how many there are beside these */
  constructor(fileName: string, all: readonly LocatedFinding[], more = 0) {
    const findings = all
      .slice(0, mostFindings)
      .map(({ path, message, ...place }) => ({ path: shorten(path), ...place, message: shorten(message) }));
    const others = all.length - findings.length + more;
    super(
      [
        ...findings.map(
          ({ path, line, column, message }) =>
            `${fileName}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`,
        ),
        ...(others > 0 ? [`${fileName}: and ${others} more like these`] : []),
      ].join('\n'),
    );
    this.findings = findings;
  }
}

function shorten(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}…` : text;
}

/** What a schema can't check. */
export type Check<T> = (value: T) => readonly Finding[];

/**
 * Reads a YAML document (JSON is YAML too) and checks it. Unknown keys are refused, with a guess at what was meant.
 * @throws {InvalidDocument} with the findings, the first twenty if they are more, each at its line and column.
 */
export function readYamlDocument<T>(text: string, fileName: string, schema: z.ZodType<T>, check?: Check<T>): T {
  const refused = (message: string) => new InvalidDocument(fileName, [{ path: '', line: 1, column: 1, message }]);
  if (text.length > longestDocument)
    throw refused(`it is ${text.length} characters long, and ${longestDocument} at the most are read`);
  try {
    return read(text, fileName, schema, check);
  } catch (error) {
    // The stack is what is too small.
    if (error instanceof RangeError) throw refused(tooDeep);
    throw error;
  }
}

const tooDeep = 'it is nested too deeply';

function read<T>(text: string, fileName: string, schema: z.ZodType<T>, check?: Check<T>): T {
  const lines = new LineCounter();
  // Whether keys are unique is checked below, once for each: the parser would compare each one with all others.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'error',
  });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const syntax = [...document.errors, ...document.warnings];
  if (syntax.length > 0)
    throw new InvalidDocument(
      fileName,
      syntax.map(({ code, pos, message }) => ({
        path: '',
        ...at(pos[0]),
        message: syntaxMessage(code, message),
      })),
    );
  const misused = misusedKeys(document);
  if (misused.length > 0)
    throw new InvalidDocument(
      fileName,
      misused.map(({ offset, ...finding }) => ({ ...finding, ...at(offset) })),
    );

  const locate = (path: readonly PropertyKey[], key?: string) => {
    // The deepest part of the path that is there: a missing key is reported where it should be.
    for (let depth = path.length; depth >= 0; depth--) {
      const parent = document.getIn(path.slice(0, depth), true);
      const name = depth === path.length ? key : path[depth];
      if (isMap(parent) && name !== undefined) {
        const pair = parent.items.find((item) => isScalar(item.key) && String(item.key.value) === String(name));
        if (pair && isScalar(pair.key) && pair.key.range) return at(pair.key.range[0]);
      }
      const range = typeof parent === 'object' && parent !== null ? Reflect.get(parent, 'range') : undefined;
      if (Array.isArray(range) && typeof range[0] === 'number') return at(range[0]);
    }
    return { line: 1, column: 1 };
  };

  let content: unknown;
  try {
    // A document that unfolds to more than this many aliases is an attack, not a policy.
    content = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new InvalidDocument(fileName, [{ path: '', ...at(firstBrokenAlias(document) ?? 0), message }]);
  }
  const parsed = schema.safeParse(content);
  if (!parsed.success) {
    const issues = parsed.error.issues.flatMap((issue): { issue: z.core.$ZodIssue; key: string | undefined }[] =>
      issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ issue, key })) : [{ issue, key: undefined }],
    );
    const findings = issues.slice(0, mostFindings).map(({ issue, key }): LocatedFinding => {
      if (key === undefined)
        return {
          path: issue.path.join('.'),
          ...locate(issue.path),
          message: describeIssue(issue, valueAt(content, issue.path)),
        };
      const known = knownKeys(schema, issue.path);
      return {
        path: [...issue.path, key].join('.'),
        ...locate(issue.path, key),
        message: `unknown key${guess(key, known)}`,
      };
    });
    throw new InvalidDocument(
      fileName,
      findings.sort((a, b) => a.line - b.line || a.column - b.column),
      issues.length - findings.length,
    );
  }
  const findings = check?.(parsed.data) ?? [];
  if (findings.length > 0)
    throw new InvalidDocument(
      fileName,
      findings.map(({ path, message }) => ({ path: path.join('.'), ...locate(path), message })),
    );
  return parsed.data;
}

function syntaxMessage(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document starts here, and only one is read';
  return message.includes('call stack') ? tooDeep : message;
}

/** Keys that are there twice, and those that no object can have: schemas don't see them, and lists as keys may take years. */
function misusedKeys(
  document: Document,
): { readonly path: string; readonly message: string; readonly offset: number }[] {
  const found: { path: string; message: string; offset: number }[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (isNode(key) && !isScalar(key)) {
          found.push({ path: '', message: 'a key has to be a text', offset: key.range?.[0] ?? 0 });
          return visit.BREAK;
        }
        if (!isScalar(key)) continue;
        const offset = key.range?.[0] ?? 0;
        if (key.value === '__proto__') found.push({ path: '__proto__', message: 'can’t be a key', offset });
        else if (seen.has(key.value)) found.push({ path: '', message: 'Map keys must be unique', offset });
        seen.add(key.value);
      }
      return undefined;
    },
  });
  return found;
}

function valueAt(content: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined),
    content,
  );
}

/** A schema's finding in words that need no knowledge of the schema. */
function describeIssue(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'invalid_type' && value === undefined) return 'is missing';
  if (issue.code === 'invalid_type' && issue.path.length === 0 && value === null) return 'there is nothing in it';
  if (issue.code !== 'invalid_value' || typeof value !== 'string' || issue.values.length === 1) return issue.message;
  const allowed = issue.values.map(String);
  const nearest = closest(value, allowed);
  // What is like no known word is no typing error, and may be a secret that was put into the wrong place.
  return distance(value, nearest) > longestTypingError
    ? `must be one of: ${allowed.join(', ')}`
    : `${value} is not known; did you mean ${nearest}? One of: ${allowed.join(', ')}`;
}

/** How many characters a typing error has wrong at the most. */
const longestTypingError = 3;

/** Where an alias stands that names no anchor before it. */
function firstBrokenAlias(document: Document): number | undefined {
  const anchors = new Set<string>();
  let offset: number | undefined;
  visit(document, {
    Alias(_, { source, range }) {
      if (anchors.has(source)) return undefined;
      offset = range?.[0];
      return visit.BREAK;
    },
    Value(_, { anchor }) {
      if (anchor) anchors.add(anchor);
    },
  });
  return offset;
}

function guess(key: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const nearest = closest(key, [...known]);
  return `; did you mean ${nearest}? Known here: ${known.join(', ')}`;
}

/** The keys that a schema knows at a path, read from the JSON Schema that is generated from it. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const resolve = (node: unknown): Record<string, unknown>[] => {
    if (typeof node !== 'object' || node === null) return [];
    const fields = Object.fromEntries(Object.entries(node));
    const branches = ['anyOf', 'oneOf', 'allOf'].flatMap((name) => (Array.isArray(fields[name]) ? fields[name] : []));
    return [fields, ...branches.flatMap(resolve)];
  };
  let nodes = resolve(root);
  for (const part of path)
    nodes = nodes.flatMap((node) => {
      if (typeof part === 'number') return resolve(node['items']);
      const properties = node['properties'];
      const property =
        typeof properties === 'object' && properties !== null ? Reflect.get(properties, part) : undefined;
      return resolve(property ?? node['additionalProperties']);
    });
  return [
    ...new Set(
      nodes.flatMap((node) =>
        typeof node['properties'] === 'object' && node['properties'] !== null ? Object.keys(node['properties']) : [],
      ),
    ),
  ];
}
