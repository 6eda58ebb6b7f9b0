import { parseArgs } from 'node:util';
import { readWholeNumber } from './whole-number.ts';

/** An option that takes a whole number. */
export interface NumberOption {
  readonly least: number;
  readonly most: number;
  /** What it is if it is left out. */
  readonly default: number;
}

/** What a command line says: numbers, and how to print. */
export interface NumberOptions<Name extends string> {
  readonly number: (name: Name) => number;
  readonly isJson: boolean;
  readonly isHelp: boolean;
}

/**
 * Reads a command line of options that take whole numbers, `--json` and `--help`. Answers what is wrong with it, in a
 * sentence, where it can't be followed.
 */
export function readNumberOptions<Name extends string>(
  argv: readonly string[],
  options: Readonly<Record<Name, NumberOption>>,
): NumberOptions<Name> | string {
  const wanted = Object.entries<NumberOption>(options);
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        ...Object.fromEntries(wanted.map(([name]) => [name, { type: 'string' as const }])),
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const given = new Map(Object.entries(values));
    const numbers = new Map<string, number>();
    for (const [name, option] of wanted) {
      const text = String(given.get(name) ?? option.default);
      const number = readWholeNumber(text, option.least, option.most);
      if (number === undefined)
        return `--${name} takes a whole number from ${option.least} to ${option.most}, not ${text}.`;
      numbers.set(name, number);
    }
    return { number: (name) => numbers.get(name) ?? options[name].default, isJson: values.json, isHelp: values.help };
  } catch (error) {
    return error instanceof Error ? `${error.message}.` : String(error);
  }
}
