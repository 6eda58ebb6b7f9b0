import { styleText } from 'node:util';

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
  /** Takes what room there is, and is cut where there is too little. */
  readonly isFlexible?: true;
}

/** A cell: plain text, or text with a meaning. */
export type Cell = string | { readonly text: string; readonly meaning: Meaning };

const textOf = (cell: Cell) => (typeof cell === 'string' ? cell : cell.text);

/** A table with aligned columns, no wider than {@link width}; nothing where there are no rows. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return '';
  const gap = 2;
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => [...safe(textOf(row[index] ?? ''))].length)),
  );
  const excess = widths.reduce((sum, one) => sum + one + gap, -gap) - width();
  const flexible = columns.findIndex(({ isFlexible }) => isFlexible);
  if (excess > 0 && flexible >= 0) {
    const least = columns[flexible]?.title.length ?? 0;
    widths[flexible] = Math.max(least, 12, (widths[flexible] ?? 0) - excess);
  }
  const line = (cells: readonly Cell[], heading: boolean) =>
    columns
      .map(({ align }, index) => {
        const cell = cells[index] ?? '';
        const room = widths[index] ?? 0;
        const short = shorten(safe(textOf(cell)), room);
        const padding = ' '.repeat(Math.max(0, room - [...short].length));
        const painted = heading ? paint('faint', short) : typeof cell === 'string' ? short : paint(cell.meaning, short);
        return align === 'right' ? padding + painted : painted + (index === columns.length - 1 ? '' : padding);
      })
      .join(' '.repeat(gap))
      .trimEnd();
  return [
    line(
      columns.map(({ title }) => title),
      true,
    ),
    ...rows.map((row) => line(row, false)),
  ].join('\n');
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
