import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { type Column, paragraph, table } from '../../../src/cli/printing.ts';

/* What is printed where there is no terminal is 100 characters wide; on one, what it has room for. */

const own = {
  isTTY: Object.getOwnPropertyDescriptor(process.stdout, 'isTTY'),
  columns: Object.getOwnPropertyDescriptor(process.stdout, 'columns'),
};
const set = (name: 'isTTY' | 'columns', value: unknown) =>
  Object.defineProperty(process.stdout, name, { value, configurable: true });

function onTerminalOf(columns: number): void {
  set('isTTY', true);
  set('columns', columns);
}

afterEach(() => {
  for (const name of ['isTTY', 'columns'] as const) {
    const was = own[name];
    if (was) Object.defineProperty(process.stdout, name, was);
    else Reflect.deleteProperty(process.stdout, name);
  }
});

const control = String.fromCharCode(27);
const linesOf = (text: string) => stripVTControlCharacters(text).split('\n');
const longest = (text: string) => Math.max(...linesOf(text).map((line) => [...line].length));

const columns: readonly Column[] = [
  { title: 'STATUS' },
  { title: 'FUNCTION' },
  { title: 'REGION', mayBreak: true },
  { title: 'DETAIL', isProse: true },
];
const sentence = 'AWS_LAMBDA_EXEC_WRAPPER is /opt/theirs, and a function can have one wrapper only';

describe('a table', () => {
  it('with room for everything has a line for each row, its columns below one another', () => {
    const text = table(columns, [
      [{ text: 'blocked', meaning: 'bad' }, 'orders', 'us-east-1', 'it has 5 layers'],
      ['drifted', 'payments', 'eu-west-1', ''],
    ]);
    expect(linesOf(text)).toEqual([
      'STATUS   FUNCTION  REGION     DETAIL',
      'blocked  orders    us-east-1  it has 5 layers',
      'drifted  payments  eu-west-1',
    ]);
  });

  it('without rows is nothing', () => {
    expect(table(columns, [])).toBe('');
  });

  it('breaks sentences between words', () => {
    onTerminalOf(80);
    expect(linesOf(table(columns, [['blocked', 'orders', 'us-east-1', sentence]], '  '))).toEqual([
      '  STATUS   FUNCTION  REGION     DETAIL',
      '  blocked  orders    us-east-1  AWS_LAMBDA_EXEC_WRAPPER is /opt/theirs, and a',
      '                                function can have one wrapper only',
    ]);
  });

  it('tells on a second line what does not fit beside a long name', () => {
    onTerminalOf(80);
    const name = 'a-long-name-as-they-are-made-by-other-tools';
    expect(
      linesOf(
        table(columns, [
          ['blocked', 'orders', 'us-east-1', 'it is blocked'],
          ['blocked', name, 'us-east-1', sentence],
          ['drifted', name, '', ''],
        ]),
      ),
    ).toEqual([
      'STATUS   FUNCTION            REGION     DETAIL',
      'blocked  orders              us-east-1  it is blocked',
      `blocked  ${name}`,
      '                             us-east-1  AWS_LAMBDA_EXEC_WRAPPER is /opt/theirs,',
      '                                        and a function can have one wrapper only',
      `drifted  ${name}`,
    ]);
  });

  it('has two lines for each row where there is no room for names', () => {
    onTerminalOf(40);
    expect(
      linesOf(
        table(
          [{ title: 'STATUS' }, { title: 'FUNCTION' }, { title: 'ACCOUNT', mayBreak: true }, { title: 'REGION' }],
          [
            ['protected', 'orders', '111122223333', 'us-east-1'],
            ['protected', 'payments', '111122223333', 'us-east-1'],
          ],
        ),
      ),
    ).toEqual([
      'STATUS     FUNCTION',
      '           ACCOUNT       REGION',
      'protected  orders',
      '           111122223333  us-east-1',
      'protected  payments',
      '           111122223333  us-east-1',
    ]);
  });

  it('is never wider than the terminal, and never without a part of what it was given, whatever the width', () => {
    const rows = ['orders', 'payments-of-the-european-branch', 'x'].map((name) => [
      'protected',
      name,
      'ap-northeast-1',
      sentence,
    ]);
    for (let width = 66; width <= 120; width++) {
      onTerminalOf(width);
      const text = table(columns, rows);
      expect(longest(text), `${width} columns:\n${text}`).toBeLessThanOrEqual(width);
      const words = linesOf(text).join(' ').split(/\s+/);
      for (const word of rows.flat().flatMap((cell) => cell.split(' '))) expect(words).toContain(word);
    }
  });

  it('lets no text from outside move the cursor', () => {
    expect(table([{ title: 'NAME' }], [[`${control}[2Jx`]])).not.toContain(`${control}[2J`);
  });

  it('takes the longest line that people can follow on a wide terminal', () => {
    onTerminalOf(300);
    expect(longest(table(columns, [['blocked', 'orders', 'us-east-1', `${sentence} `.repeat(4)]]))).toBeLessThan(121);
  });
});

describe('a paragraph', () => {
  it('is broken between words, with room for what lines begin with', () => {
    onTerminalOf(30);
    expect(paragraph('one wrapper only can be on a function', { indent: '  - ', hanging: '    ' })).toBe(
      '  - one wrapper only can be on\n    a function',
    );
  });

  it('does not count colours', () => {
    onTerminalOf(20);
    const painted = `${control}[31mcontested${control}[39m: flapping`;
    expect(paragraph(painted)).toBe(painted);
  });
});
