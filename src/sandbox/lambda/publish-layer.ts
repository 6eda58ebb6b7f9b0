import { layerArn } from './layer-name.ts';
import type { CodePackage, Home, LayerVersion } from './state.ts';

/** A layer version before it has its number. */
export interface NewLayerVersion {
  readonly name: string;
  readonly description: string;
  readonly createdDate: string;
  readonly code: CodePackage;
  readonly compatibleRuntimes?: readonly string[] | undefined;
  readonly compatibleArchitectures?: readonly string[] | undefined;
  readonly licenseInfo?: string | undefined;
  readonly signed: boolean;
  /** The number that it shall have; the next one without it. Only for seeds: the API counts. */
  readonly version?: number | undefined;
}

/** Adds a version to a layer, and the layer if it is new. */
export function addLayerVersion(home: Home, given: NewLayerVersion): LayerVersion {
  const { name, version: wanted, ...rest } = given;
  let layer = home.layers.get(name);
  if (layer === undefined) {
    layer = { name, arn: layerArn(home, name), lastVersion: 0, versions: new Map() };
    home.layers.add(name, layer);
  }
  const number = wanted ?? layer.lastVersion + 1;
  if (layer.versions.has(number)) {
    throw new Error(`Layer version ${layer.arn}:${number} exists already; seed another number, or none`);
  }
  layer.lastVersion = Math.max(layer.lastVersion, number);
  const version: LayerVersion = {
    ...rest,
    arn: `${layer.arn}:${number}`,
    layerArn: layer.arn,
    version: number,
    policy: undefined,
  };
  layer.versions.set(number, version);
  home.codeBytes += version.code.size;
  return version;
}
