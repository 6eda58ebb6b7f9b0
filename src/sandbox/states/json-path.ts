import { StatesError } from './states-error.ts';

/** One step of a path. */
type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly from: number; readonly to: number | undefined }
  | { readonly kind: 'all' }
  | { readonly kind: 'deep' };

const STEP =
  /\.\.|\.\*|\[\*\]|\.([\p{L}\p{N}_$-]+)|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|\[(-?\d+)\]|\[(\d*):(\d*)\]/uy;

/**
 * What a path selects: one value, or the list of all values for paths with `*`, `..` or a slice. `$$` starts at the
 * context object. Filters are not known here.
 *
 * @throws {StatesError} `States.Runtime` for a path that selects nothing, or is none.
 */
export function readPath(path: string, input: unknown, context: unknown): unknown {
  const [root, steps] = parsePath(path, input, context);
  const found = select(root, steps);
  if (isIndefinite(steps)) {
    return found;
  }
  if (found.length === 0) {
    throw new StatesError(
      'States.Runtime',
      `The JSONPath '${path}' could not be found in the input '${JSON.stringify(root)}'`,
    );
  }
  return found[0];
}

/** Whether a path selects anything. */
export function hasPath(path: string, input: unknown, context: unknown): boolean {
  const [root, steps] = parsePath(path, input, context);
  return select(root, steps).length > 0;
}

/**
 * A copy of the input with a value put at a reference path; objects on the way are made.
 *
 * @throws {StatesError} `States.ResultPathMatchFailure` where something else is in the way.
 */
export function writePath(path: string, input: unknown, value: unknown): unknown {
  const [, steps] = parsePath(path, input, undefined);
  return put(input, steps, value, path);
}

function put(target: unknown, [step, ...rest]: readonly Step[], value: unknown, path: string): unknown {
  if (step === undefined) {
    return value;
  }
  if (step.kind === 'member' && (target === undefined || isObject(target))) {
    return { ...target, [step.name]: put(target?.[step.name], rest, value, path) };
  }
  if (step.kind === 'index' && Array.isArray(target) && step.index < target.length) {
    return target.map((item: unknown, index) => (index === step.index ? put(item, rest, value, path) : item));
  }
  throw new StatesError(
    'States.ResultPathMatchFailure',
    `Unable to apply step "${path}" to input ${JSON.stringify(target)}`,
  );
}

const parsed = new Map<string, readonly Step[]>();

function parsePath(path: string, input: unknown, context: unknown): readonly [unknown, readonly Step[]] {
  const isContext = path.startsWith('$$');
  if (!path.startsWith('$')) {
    throw new StatesError('States.Runtime', `'${path}' is no path: it does not begin with $`);
  }
  let steps = parsed.get(path);
  if (steps === undefined) {
    steps = parseSteps(path, isContext ? 2 : 1);
    parsed.set(path, steps);
  }
  return [isContext ? context : input, steps];
}

function parseSteps(path: string, start: number): readonly Step[] {
  const steps: Step[] = [];
  let at = start;
  while (at < path.length) {
    STEP.lastIndex = at;
    const match = STEP.exec(path);
    if (match === null) {
      throw new StatesError('States.Runtime', `The sandbox cannot read the path '${path}' from '${path.slice(at)}' on`);
    }
    const [whole, name, quoted, doubleQuoted, index, from, to] = match;
    const member = name ?? quoted ?? doubleQuoted;
    if (whole === '..') {
      steps.push({ kind: 'deep' });
      const next = /^[\p{L}\p{N}_-]+/u.exec(path.slice(at + 2))?.[0];
      if (next !== undefined) {
        steps.push({ kind: 'member', name: next });
        at += next.length;
      }
    } else if (whole === '.*' || whole === '[*]') {
      steps.push({ kind: 'all' });
    } else if (member !== undefined) {
      steps.push({ kind: 'member', name: member });
    } else if (index !== undefined) {
      steps.push({ kind: 'index', index: Number(index) });
    } else {
      steps.push({
        kind: 'slice',
        from: Number(from ?? 0),
        to: to === undefined || to === '' ? undefined : Number(to),
      });
    }
    at += whole.length;
  }
  return steps;
}

function isIndefinite(steps: readonly Step[]): boolean {
  return steps.some(({ kind }) => kind === 'all' || kind === 'deep' || kind === 'slice');
}

function select(root: unknown, steps: readonly Step[]): readonly unknown[] {
  let found: readonly unknown[] = [root];
  for (const step of steps) {
    found = found.flatMap((value) => follow(value, step));
  }
  return found;
}

function follow(value: unknown, step: Step): readonly unknown[] {
  switch (step.kind) {
    case 'member':
      return isObject(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case 'index': {
      const index = Array.isArray(value) && step.index < 0 ? value.length + step.index : step.index;
      return Array.isArray(value) && index in value ? [value[index]] : [];
    }
    case 'slice':
      return Array.isArray(value) ? value.slice(step.from, step.to) : [];
    case 'all':
      return Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
    case 'deep':
      return [value, ...follow(value, { kind: 'all' }).flatMap((one) => follow(one, { kind: 'deep' }))];
  }
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
