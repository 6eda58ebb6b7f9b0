import * as z from 'zod';

/** A layer version's ARN, taken apart. */
export interface LayerArn {
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
  readonly layerName: string;
  readonly version: number;
}

const layerArn =
  /^arn:(?<partition>aws[a-z-]*):lambda:(?<region>[a-z0-9-]+):(?<accountId>\d{12}):layer:(?<layerName>[A-Za-z0-9_-]{1,140}):(?<version>\d{1,9})$/;

const layerArnParts = z.object({
  partition: z.string(),
  region: z.string(),
  accountId: z.string(),
  layerName: z.string(),
  version: z.coerce.number(),
});

/** Reads a layer version's ARN; `undefined` for anything else. */
export function parseLayerArn(text: string): LayerArn | undefined {
  return layerArnParts.safeParse(layerArn.exec(text)?.groups).data;
}

/** Writes the ARN of a layer version. */
export function formatLayerArn(arn: LayerArn): string {
  return `arn:${arn.partition}:lambda:${arn.region}:${arn.accountId}:layer:${arn.layerName}:${arn.version}`;
}

/** Whether two ARNs name the same layer, whatever their versions. */
export function isSameLayer(a: LayerArn, b: LayerArn): boolean {
  return (
    a.partition === b.partition && a.region === b.region && a.accountId === b.accountId && a.layerName === b.layerName
  );
}
