import { functionArn } from './function-name.ts';
import type { FunctionVersion, Home, LambdaFunction } from './state.ts';

/** A function that nothing has happened to yet: no versions, aliases, policies. It is not in its home yet. */
export function newFunction(
  home: Home,
  name: string,
  latest: Omit<FunctionVersion, 'version'>,
  more: { readonly tags: ReadonlyMap<string, string>; readonly codeSigningConfigArn?: string | undefined },
): LambdaFunction {
  return {
    name,
    arn: functionArn(home, name),
    latest: { version: '$LATEST', ...latest },
    published: new Map(),
    lastVersion: 0,
    publishedFrom: undefined,
    aliases: new Map(),
    tags: more.tags,
    tagVersion: 0,
    reservedConcurrency: undefined,
    policies: new Map(),
    codeSigningConfigArn: more.codeSigningConfigArn,
  };
}
