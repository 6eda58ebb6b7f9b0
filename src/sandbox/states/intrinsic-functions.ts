import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isObject, readPath } from './json-path.ts';
import { StatesError } from './states-error.ts';

/** What the functions need beyond their arguments. */
export interface IntrinsicSources {
  /** 0 to 1. */
  readonly random: () => number;
  readonly uuid: () => string;
}

/**
 * Evaluates a call such as `States.Format('{}/{}', $.a, States.UUID())`.
 * https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
 *
 * @throws {StatesError} `States.IntrinsicFailure`, or `States.Runtime` for a path that selects nothing.
 */
export function evaluateIntrinsic(text: string, input: unknown, context: unknown, sources: IntrinsicSources): unknown {
  const parser = createParser(text, input, context, sources);
  const value = parser.expression();
  parser.end();
  return value;
}

function createParser(text: string, input: unknown, context: unknown, sources: IntrinsicSources) {
  let at = 0;
  const fail = (reason: string): never => {
    throw new StatesError('States.IntrinsicFailure', `The intrinsic function call '${text}' is invalid: ${reason}`);
  };
  const take = (pattern: RegExp): string | undefined => {
    const sticky = new RegExp(pattern.source, 'uy');
    sticky.lastIndex = at;
    const found = sticky.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const space = () => take(/\s*/);

  const expression = (): unknown => {
    space();
    const quoted = take(/'(?:[^'\\]|\\.)*'/);
    if (quoted !== undefined) {
      return quoted.slice(1, -1).replace(/\\(['{}\\])/g, (whole, one: string) => (/[{}]/.test(one) ? whole : one));
    }
    const number = take(/-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/);
    if (number !== undefined) {
      return Number(number);
    }
    const word = take(/(?:true|false|null)\b/);
    if (word !== undefined) {
      return JSON.parse(word);
    }
    const path = take(/\$(?:[^\s,()']|\['[^']*'\])*/);
    if (path !== undefined) {
      return readPath(path, input, context);
    }
    const name = take(/States\.\w+/) ?? fail(`nothing can be read from '${text.slice(at)}' on`);
    return call(name);
  };
  const call = (name: string): unknown => {
    if (take(/\s*\(/) === undefined) {
      fail(`${name} has no arguments in parentheses`);
    }
    const args: unknown[] = [];
    space();
    if (take(/\)/) === undefined) {
      do {
        args.push(expression());
        space();
      } while (take(/,/) !== undefined);
      if (take(/\)/) === undefined) {
        fail(`a parenthesis of ${name} is not closed`);
      }
    }
    const run = FUNCTIONS[name] ?? fail(`there is no function ${name}`);
    return run(args, sources, fail);
  };

  return {
    expression,
    end: () => {
      space();
      if (at < text.length) {
        fail(`there is more after its end: '${text.slice(at)}'`);
      }
    },
  };
}

type Run = (args: readonly unknown[], sources: IntrinsicSources, fail: (reason: string) => never) => unknown;

const text =
  (run: (value: string, rest: readonly unknown[], fail: (reason: string) => never) => unknown): Run =>
  ([value, ...rest], _sources, fail) =>
    typeof value === 'string' ? run(value, rest, fail) : fail('its first argument is no text');
const list =
  (run: (value: readonly unknown[], rest: readonly unknown[], fail: (reason: string) => never) => unknown): Run =>
  ([value, ...rest], _sources, fail) =>
    Array.isArray(value) ? run(value, rest, fail) : fail('its first argument is no array');
const asNumber = (value: unknown, fail: (reason: string) => never): number =>
  typeof value === 'number' ? value : fail(`${JSON.stringify(value)} is no number`);

const FUNCTIONS: Readonly<Record<string, Run>> = {
  'States.Format': text((template, args, fail) => {
    let next = 0;
    const filled = template.replace(/\\([{}\\])|\{\}/g, (_whole, escaped: string | undefined) => {
      if (escaped !== undefined) {
        return escaped;
      }
      if (next >= args.length) {
        return fail('it has more places than arguments');
      }
      const value = args[next++];
      return typeof value === 'string' ? value : JSON.stringify(value);
    });
    return next < args.length ? fail('it has more arguments than places') : filled;
  }),
  'States.StringToJson': text((value, _rest, fail) => {
    try {
      return value === '' ? null : JSON.parse(value);
    } catch {
      return fail('its argument is no JSON');
    }
  }),
  'States.JsonToString': ([value]) => JSON.stringify(value),
  'States.Array': (args) => args,
  'States.ArrayPartition': list((values, [size], fail) => {
    const length = asNumber(size, fail);
    return Array.from({ length: Math.ceil(values.length / length) }, (_one, index) =>
      values.slice(index * length, (index + 1) * length),
    );
  }),
  'States.ArrayContains': list((values, [wanted]) => values.some((value) => isDeepStrictEqual(value, wanted))),
  'States.ArrayRange': ([first, last, step], _sources, fail) => {
    const [from, to, by] = [asNumber(first, fail), asNumber(last, fail), asNumber(step, fail)];
    if (by === 0) {
      return fail('its step is 0');
    }
    const length = Math.max(0, Math.floor((to - from) / by) + 1);
    return length > 1000
      ? fail('it has more than 1000 elements')
      : Array.from({ length }, (_one, index) => from + index * by);
  },
  'States.ArrayGetItem': list((values, [index], fail) => {
    const position = asNumber(index, fail);
    return position in values ? values[position] : fail(`there is no element ${position}`);
  }),
  'States.ArrayLength': list((values) => values.length),
  'States.ArrayUnique': list((values) =>
    values.filter((value, index) => values.findIndex((other) => isDeepStrictEqual(value, other)) === index),
  ),
  'States.Base64Encode': text((value) => Buffer.from(value).toString('base64')),
  'States.Base64Decode': text((value) => Buffer.from(value, 'base64').toString('utf8')),
  'States.Hash': ([value, algorithm], _sources, fail) => {
    const known: Readonly<Record<string, string>> = {
      MD5: 'md5',
      'SHA-1': 'sha1',
      'SHA-256': 'sha256',
      'SHA-384': 'sha384',
      'SHA-512': 'sha512',
    };
    const name = known[String(algorithm)] ?? fail(`there is no algorithm ${String(algorithm)}`);
    return createHash(name)
      .update(typeof value === 'string' ? value : JSON.stringify(value))
      .digest('hex');
  },
  'States.JsonMerge': ([left, right, isDeep], _sources, fail) => {
    if (!isObject(left) || !isObject(right)) {
      return fail('its arguments are no objects');
    }
    return isDeep === false ? { ...left, ...right } : fail('only shallow merging (false) is supported, as in AWS');
  },
  'States.MathRandom': ([first, last], { random }, fail) => {
    const from = asNumber(first, fail);
    return from + Math.floor(random() * (asNumber(last, fail) - from));
  },
  'States.MathAdd': ([left, right], _sources, fail) => asNumber(left, fail) + asNumber(right, fail),
  'States.StringSplit': text((value, [delimiters]) => {
    const separators = new Set(String(delimiters));
    const parts = [''];
    for (const character of value) {
      if (separators.has(character)) parts.push('');
      else parts.push((parts.pop() ?? '') + character);
    }
    return parts.filter((part) => part !== '');
  }),
  'States.UUID': (_args, { uuid }) => uuid(),
};
