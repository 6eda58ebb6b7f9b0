import { styleText } from 'node:util';
import { wrap } from './wrapping.ts';

/** How things are painted; names of what they mean, not of colours. */
export type Meaning = 'good' | 'attention' | 'bad' | 'faint' | 'strong' | 'added' | 'removed' | 'changed';

const styles = {
  good: 'green',
  attention: 'yellow',
  bad: 'red',
  faint: 'dim',
  strong: 'bold',
  added: 'green',
  removed: 'red',
  changed: 'yellow',
} as const;

/** Paints a text for standard output: on a terminal only, and never where NO_COLOR is set. */
export function paint(meaning: Meaning, text: string): string {
  return styleText(styles[meaning], text, { stream: process.stdout });
}

/** How a status of a decision or record is painted. */
export function meaningOf(status: string): Meaning {
  switch (status) {
    case 'protected':
    case 'compliant':
    case 'released':
      return 'good';
    case 'blocked':
    case 'contested':
      return 'bad';
    case 'drifted':
    case 'release':
    case 'waiting':
      return 'attention';
    default:
      return 'faint';
  }
}

/** The width to write for: that of the terminal, at most 120, and 100 where there is none. */
export function width(): number {
  return process.stdout.isTTY ? Math.min(process.stdout.columns || 100, 120) : 100;
}

/** A column of a table. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Sentences, which are broken between words where there is too little room; only the last column. */
  readonly isProse?: true;
  /** Begins, with those after it, a second line of a row for which there is too little room. */
  readonly mayBreak?: true;
}

/** A cell: plain text, or text with a meaning. */
export type Cell = string | { readonly text: string; readonly meaning: Meaning };

type Row = readonly Cell[];

const gap = 2;
/** Sentences in narrower columns can't be read; where they may go to a line of their own, they do so sooner. */
const leastProse = { kept: 24, moved: 40 };
/** Where names have less room than this, all rows have two lines. */
const leastName = 12;

/**
 * A table with aligned columns, no wider than {@link width} if that can be; nothing where there are no rows. Nothing is
 * cut, since people copy names: see {@link Column} for what becomes of rows that are too long.
 * @param indent what each line begins with
 */
export function table(columns: readonly Column[], rows: readonly Row[], indent = ''): string {
  if (rows.length === 0) return '';
  const all: readonly Row[] = [columns.map(({ title }) => ({ text: title, meaning: 'faint' as const })), ...rows];
  const layout = layoutFor(columns, all, width() - indent.length);
  return all
    .flatMap((row) => rowLines(row, layout))
    .map((line) => `${indent}${line}`.trimEnd())
    .join('\n');
}

const textOf = (cell: Cell = '') => safe(typeof cell === 'string' ? cell : cell.text);
const lengthOf = (cell: Cell | undefined) => [...textOf(cell)].length;

/** How the rows of a table are laid out. */
interface Layout {
  readonly columns: readonly Column[];
  readonly widths: readonly number[];
  /** The first column of second lines. */
  readonly split: number;
  /** A row has a second line if its cell before that column is longer than this. */
  readonly room: number;
  /** Where second lines begin. */
  readonly start: number;
}

function layoutFor(columns: readonly Column[], rows: readonly Row[], most: number): Layout {
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => lengthOf(row[index]))));
  const span = (from: number, to = columns.length) =>
    widths.slice(from, to).reduce((sum, one) => sum + one + gap, from < to ? -gap : 0);
  const prose = columns.findIndex(({ isProse }) => isProse);
  const longestProse = widths[prose] ?? 0;
  const split = columns.findIndex(({ mayBreak }) => mayBreak);
  const least = split < 0 ? leastProse.kept : leastProse.moved;
  const fitProse = (room: number, from: number) => {
    const others = span(from) - longestProse;
    if (prose >= 0) widths[prose] = Math.min(longestProse, Math.max(least, room - others));
  };
  const oneLine = { columns, widths, split: columns.length, room: Number.POSITIVE_INFINITY, start: 0 };
  fitProse(most, 0);
  if (split < 1 || span(0) <= most) return oneLine;
  const last = split - 1;
  const before = last === 0 ? 0 : span(0, last) + gap;
  widths[last] = most - before - gap - span(split);
  if (widths[last] >= Math.max(leastName, columns[last]?.title.length ?? 0))
    return { columns, widths, split, room: widths[last], start: before + widths[last] + gap };
  widths[last] = 0;
  const start = Math.max(gap, Math.min(before, most - span(split)));
  if (prose >= split) widths[prose] = longestProse;
  fitProse(most - start, split);
  return { columns, widths, split, room: -1, start };
}

function rowLines(row: Row, layout: Layout): string[] {
  const { columns, split, room, start } = layout;
  if (lengthOf(row[split - 1]) <= room) return cellLines(row, layout, { from: 0, to: columns.length, start: 0 });
  const isEnd = columns.slice(split).every((_, index) => textOf(row[split + index]) === '');
  return [
    ...cellLines(row, layout, { from: 0, to: split, start: 0 }),
    ...(isEnd ? [] : cellLines(row, layout, { from: split, to: columns.length, start })),
  ];
}

/** Some cells of a row: one line, or as many as their prose takes. */
function cellLines(
  row: Row,
  { columns, widths }: Layout,
  { from, to, start }: { readonly from: number; readonly to: number; readonly start: number },
): string[] {
  let line = ' '.repeat(start);
  let at = start;
  let more: string[] = [];
  for (let index = from; index < to; index++) {
    const cell = row[index] ?? '';
    const room = widths[index] ?? 0;
    const [first = '', ...rest] = columns[index]?.isProse ? wrap(textOf(cell), room) : [textOf(cell)];
    more = rest.map((text) => `${' '.repeat(at)}${painted(text, cell)}`);
    const padding = ' '.repeat(Math.max(0, room - [...first].length));
    const text = painted(first, cell);
    line += columns[index]?.align === 'right' ? `${padding}${text}` : `${text}${padding}`;
    line += ' '.repeat(gap);
    at += room + gap;
  }
  return [line, ...more];
}

function painted(text: string, cell: Cell): string {
  return typeof cell === 'string' || text === '' ? text : paint(cell.meaning, text);
}

/** How a paragraph is set. */
export interface Setting {
  /** What each line begins with. */
  readonly indent?: string;
  /** What lines after the first one begin with, where it is something else. */
  readonly hanging?: string;
  readonly meaning?: Meaning;
}

/** Sentences for people, broken between words into lines of {@link width}. */
export function paragraph(text: string, { indent = '', hanging = indent, meaning }: Setting = {}): string {
  return wrap(text, width() - hanging.length)
    .map((line, index) => `${index === 0 ? indent : hanging}${meaning ? paint(meaning, line) : line}`)
    .join('\n');
}

/** A text cut to a length, with a mark where it was cut. */
export function shorten(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, Math.max(0, length - 1)).join('')}…`;
}

/**
 * A text from outside, fit for a terminal: names, tags and user agents may hold control characters that would move the
 * cursor or change colours.
 */
export function safe(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '\ufffd');
}

/** Prints one document for machines. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Prints lines for people. */
export function print(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Tells something beside the answer, on standard error. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}
