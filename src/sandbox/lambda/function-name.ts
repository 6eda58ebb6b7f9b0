import { createConstraints } from './constraints.ts';
import { partitionOf } from './partition.ts';

/** A function as a caller names it. */
export interface FunctionReference {
  readonly name: string;
  readonly qualifier?: string | undefined;
  /** Told by partial and full ARNs. */
  readonly account?: string | undefined;
  /** Told by full ARNs only. */
  readonly region?: string | undefined;
}

const full =
  /^arn:aws[a-zA-Z-]*:lambda:(?<region>[a-z0-9-]+):(?<account>\d{12}):function:(?<name>[a-zA-Z0-9-_.]+)(?::(?<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?$/;
const partial =
  /^(?:(?<account>\d{12}):)?(?:function:)?(?<name>[a-zA-Z0-9-_.]+)(?::(?<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?$/;

/** The pattern that AWS quotes. Ours takes any region's name. */
const quotedPattern =
  '(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?' +
  '([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?';

/**
 * Reads a name, a partial ARN (`123456789012:function:name`, `function:name`) or a full ARN, each with or without a
 * qualifier.
 * @throws AwsError `ValidationException`, when it is none of these.
 */
export function parseFunctionName(written: string): FunctionReference {
  const constraints = createConstraints();
  constraints.length('functionName', written, 1, 256);
  const groups = (full.exec(written) ?? partial.exec(written))?.groups;
  if (groups === undefined || groups['name'] === undefined) {
    constraints.violated('functionName', written, `Member must satisfy regular expression pattern: ${quotedPattern}`);
  }
  constraints.settle();
  return {
    name: groups?.['name'] ?? '',
    qualifier: groups?.['qualifier'],
    account: groups?.['account'],
    region: groups?.['region'],
  };
}

/** `arn:aws:lambda:eu-west-1:111122223333:function:orders`, with `:qualifier` if there is one. */
export function functionArn(home: { account: string; region: string }, name: string, qualifier?: string): string {
  const arn = `arn:${partitionOf(home.region)}:lambda:${home.region}:${home.account}:function:${name}`;
  return qualifier === undefined ? arn : `${arn}:${qualifier}`;
}
