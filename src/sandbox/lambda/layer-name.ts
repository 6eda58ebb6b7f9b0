import { createConstraints } from './constraints.ts';
import { partitionOf } from './partition.ts';

/** A layer as a caller names it. */
export interface LayerReference {
  readonly name: string;
  /** Told by ARNs. */
  readonly account?: string | undefined;
  readonly region?: string | undefined;
}

export interface LayerVersionReference {
  readonly region: string;
  readonly account: string;
  readonly name: string;
  readonly version: number;
  /** The ARN up to the version. */
  readonly layerArn: string;
}

const layer = /^(?:arn:aws[a-zA-Z-]*:lambda:(?<region>[a-z0-9-]+):(?<account>\d{12}):layer:)?(?<name>[a-zA-Z0-9-_]+)$/;
const layerVersion =
  /^(?<layerArn>arn:aws[a-zA-Z-]*:lambda:(?<region>[a-z0-9-]+):(?<account>\d{12}):layer:(?<name>[a-zA-Z0-9-_]+)):(?<version>[0-9]+)$/;

/** The pattern that AWS quotes for layer version ARNs. Ours takes any region's name. */
export const quotedLayerVersionPattern =
  '(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)' +
  '|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)';

/** Reads a layer's name or ARN. @throws AwsError `ValidationException` */
export function parseLayerName(written: string): LayerReference {
  const groups = layer.exec(written)?.groups;
  const constraints = createConstraints();
  constraints.length('layerName', written, 1, 140);
  if (groups === undefined) {
    constraints.violated(
      'layerName',
      written,
      'Member must satisfy regular expression pattern: ' +
        '(arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+',
    );
  }
  constraints.settle();
  return { name: groups?.['name'] ?? '', account: groups?.['account'], region: groups?.['region'] };
}

/** Reads a layer version's ARN; `undefined` when it is none. */
export function parseLayerVersionArn(written: string): LayerVersionReference | undefined {
  const groups = layerVersion.exec(written)?.groups;
  if (groups === undefined) return undefined;
  const { region, account, name, version, layerArn: arn } = groups;
  if (region === undefined || account === undefined || name === undefined || arn === undefined) return undefined;
  return { region, account, name, version: Number(version), layerArn: arn };
}

/** `arn:aws:lambda:eu-west-1:111122223333:layer:tracing` */
export function layerArn(home: { account: string; region: string }, name: string): string {
  return `arn:${partitionOf(home.region)}:lambda:${home.region}:${home.account}:layer:${name}`;
}
