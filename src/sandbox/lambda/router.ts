import { AwsError } from '../api.ts';
import type { Action } from './plane.ts';

/** Finds the action of a request, with the parameters of its path, decoded. */
export interface Router {
  /** @throws AwsError `UnknownOperationException`, for a path or a method that no action has. */
  route(
    method: string,
    path: string,
    query: URLSearchParams,
  ): { readonly action: Action; readonly parameters: Readonly<Record<string, string>> };
}

interface Route {
  readonly action: Action;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

export function createRouter(actions: readonly Action[]): Router {
  // Actions that need a query parameter come first: without it, the path is another action's.
  const ordered = [...actions].sort(
    (left, right) => Number(right.when !== undefined) - Number(left.when !== undefined),
  );
  const routes = ordered.map(
    (action): Route => ({
      action,
      pattern: new RegExp(`^${action.path.replace(/\{\w+\}/g, '([^/]+)')}/?$`),
      names: [...action.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ''),
    }),
  );
  return {
    route(method, path, query) {
      for (const { action, pattern, names } of routes) {
        if (action.method !== method) continue;
        if (action.when !== undefined && query.get(action.when.parameter) !== action.when.value) continue;
        const match = pattern.exec(path);
        if (match === null) continue;
        const values = match.slice(1).map(decode);
        return { action, parameters: Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])) };
      }
      throw new AwsError(
        'UnknownOperationException',
        404,
        `The sandbox's Lambda knows no ${method} ${path}. docs/sandbox-faults.md says what it serves.`,
      );
    },
  };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new AwsError('InvalidRequestContentException', 400, `The path holds a broken escape sequence: ${segment}`);
  }
}
