import * as z from 'zod';
import { parseBody } from '../body.ts';
import { codeSource, readCode } from '../code-package.ts';
import { createConstraints } from '../constraints.ts';
import { presignedLocation } from '../function-configuration.ts';
import { layerArn, parseLayerVersionArn, quotedLayerVersionPattern } from '../layer-name.ts';
import { locateLayer, requireReadable } from '../layers.ts';
import { markerOf, readPaging } from '../paging.ts';
import {
  type Action,
  type Answer,
  type Call,
  lambdaTime,
  type Plane,
  pathParameter,
  principalOf,
  resourceDoesNotExist,
} from '../plane.ts';
import { addLayerVersion } from '../publish-layer.ts';
import { accessDenied, invalidParameter } from '../refusals.ts';
import type { Layer, LayerVersion } from '../state.ts';

const layers = '/2018-10-31/layers';
const versions = `${layers}/{LayerName}/versions`;
const version = `${versions}/{VersionNumber}`;

const publishing = z.object({
  Description: z.string().max(256).optional(),
  Content: z.object(codeSource),
  CompatibleRuntimes: z.array(z.string()).max(15).optional(),
  CompatibleArchitectures: z.array(z.string()).max(2).optional(),
  LicenseInfo: z.string().max(512).optional(),
});

export const publishLayerVersion: Action = {
  name: 'PublishLayerVersion',
  eventName: 'PublishLayerVersion20181031',
  readOnly: false,
  method: 'POST',
  path: versions,
  run(call, plane) {
    const input = parseBody(call, publishing);
    const located = locateLayer(call, pathParameter(call, 'LayerName'));
    if (located.account !== call.home.account) {
      throw accessDenied(principalOf(call.request), 'PublishLayerVersion', layerArn(located, located.name));
    }
    const published = addLayerVersion(call.home, {
      name: located.name,
      description: input.Description ?? '',
      createdDate: lambdaTime(plane.clock, 'milliseconds'),
      code: readCode(input.Content),
      compatibleRuntimes: input.CompatibleRuntimes,
      compatibleArchitectures: input.CompatibleArchitectures,
      licenseInfo: input.LicenseInfo,
      signed: false,
    });
    return { status: 201, body: tellWhole(call.home, located.name, published) };
  },
};

export const getLayerVersion: Action = {
  name: 'GetLayerVersion',
  eventName: 'GetLayerVersion20181031',
  readOnly: true,
  method: 'GET',
  path: version,
  run(call, plane) {
    const located = locateLayer(call, pathParameter(call, 'LayerName'));
    return answerVersion(call, plane, located, versionNumber(call));
  },
};

export const getLayerVersionByArn: Action = {
  name: 'GetLayerVersionByArn',
  eventName: 'GetLayerVersionByArn20181031',
  readOnly: true,
  method: 'GET',
  path: layers,
  when: { parameter: 'find', value: 'LayerVersion' },
  run(call, plane) {
    const written = call.request.query.get('Arn') ?? '';
    const reference = parseLayerVersionArn(written);
    if (reference === undefined) {
      const constraints = createConstraints();
      constraints.violated(
        'arn',
        written,
        `Member must satisfy regular expression pattern: ${quotedLayerVersionPattern}`,
      );
      constraints.settle();
      throw resourceDoesNotExist();
    }
    return answerVersion(call, plane, reference, reference.version);
  },
};

export const listLayerVersions: Action = {
  name: 'ListLayerVersions',
  eventName: 'ListLayerVersions20181031',
  readOnly: true,
  method: 'GET',
  path: versions,
  run(call) {
    const located = locateLayer(call, pathParameter(call, 'LayerName'));
    // A layer's policy can open versions to others, never the list of them.
    if (located.account !== call.home.account) {
      throw accessDenied(principalOf(call.request), 'ListLayerVersions', layerArn(located, located.name));
    }
    const { from, count } = readPaging(call.request.query, 50);
    const wanted = fitting(call);
    const newestFirst = [...(call.home.layers.get(located.name)?.versions.values() ?? [])].reverse().filter(wanted);
    const page = newestFirst.slice(from[0], from[0] + count);
    const next = from[0] + page.length;
    return {
      status: 200,
      body: {
        ...(next < newestFirst.length ? { NextMarker: markerOf([next, 0]) } : {}),
        LayerVersions: page.map(tellListed),
      },
    };
  },
};

export const listLayers: Action = {
  name: 'ListLayers',
  eventName: 'ListLayers20181031',
  readOnly: true,
  method: 'GET',
  path: layers,
  run(call) {
    const { from, count } = readPaging(call.request.query, 50);
    const wanted = fitting(call);
    const page: unknown[] = [];
    let last = from[0];
    for (const { place, value: layer } of call.home.layers.after(from[0])) {
      if (page.length === count) return { status: 200, body: { NextMarker: markerOf([last, 0]), Layers: page } };
      last = place;
      const latest = latestOf(layer, wanted);
      if (latest === undefined) continue;
      page.push({ LayerName: layer.name, LayerArn: layer.arn, LatestMatchingVersion: tellListed(latest) });
    }
    return { status: 200, body: { Layers: page } };
  },
};

export const deleteLayerVersion: Action = {
  name: 'DeleteLayerVersion',
  eventName: 'DeleteLayerVersion20181031',
  readOnly: false,
  method: 'DELETE',
  path: version,
  run(call) {
    const number = versionNumber(call);
    const located = locateLayer(call, pathParameter(call, 'LayerName'));
    if (located.account !== call.home.account) {
      const arn = `${layerArn(located, located.name)}:${number}`;
      throw accessDenied(principalOf(call.request), 'DeleteLayerVersion', arn);
    }
    const layer = call.home.layers.get(located.name);
    const deleted = layer?.versions.get(number);
    call.home.codeBytes -= deleted?.code.size ?? 0;
    layer?.versions.delete(number);
    return { status: 204 };
  },
};

/** @throws AwsError for numbers below 1. */
export function versionNumber(call: Call): number {
  const number = Number(pathParameter(call, 'VersionNumber'));
  if (!Number.isInteger(number) || number < 1) throw invalidParameter('Layer Version Cannot be less than 1');
  return number;
}

function answerVersion(
  call: Call,
  plane: Plane,
  located: { account: string; region: string; name: string },
  number: number,
): Answer {
  const owner = located.region === call.home.region ? plane.knownHome(located.account, located.region) : undefined;
  const found = owner?.layers.get(located.name)?.versions.get(number);
  requireReadable(call, plane, located.account, found, `${layerArn(located, located.name)}:${number}`);
  if (found === undefined) throw resourceDoesNotExist();
  return { status: 200, body: tellWhole(located, located.name, found) };
}

/** The filters `CompatibleRuntime` and `CompatibleArchitecture`. */
function fitting(call: Call): (version: LayerVersion) => boolean {
  const runtime = call.request.query.get('CompatibleRuntime');
  const architecture = call.request.query.get('CompatibleArchitecture');
  return (each) =>
    (runtime === null || (each.compatibleRuntimes ?? []).includes(runtime)) &&
    (architecture === null || (each.compatibleArchitectures ?? []).includes(architecture));
}

function latestOf(layer: Layer, wanted: (version: LayerVersion) => boolean): LayerVersion | undefined {
  return [...layer.versions.values()].reverse().find(wanted);
}

function tellListed(each: LayerVersion): Record<string, unknown> {
  return {
    LayerVersionArn: each.arn,
    Version: each.version,
    Description: each.description,
    CreatedDate: each.createdDate,
    ...compatibility(each),
  };
}

function tellWhole(
  home: { account: string; region: string },
  name: string,
  each: LayerVersion,
): Record<string, unknown> {
  return {
    Content: {
      Location: presignedLocation('layers', home, name, each.code),
      CodeSha256: each.code.sha256,
      CodeSize: each.code.size,
    },
    LayerArn: each.layerArn,
    LayerVersionArn: each.arn,
    Description: each.description,
    CreatedDate: each.createdDate,
    Version: each.version,
    ...compatibility(each),
  };
}

function compatibility(each: LayerVersion): Record<string, unknown> {
  return {
    ...(each.compatibleRuntimes === undefined ? {} : { CompatibleRuntimes: each.compatibleRuntimes }),
    ...(each.licenseInfo === undefined ? {} : { LicenseInfo: each.licenseInfo }),
    ...(each.compatibleArchitectures === undefined ? {} : { CompatibleArchitectures: each.compatibleArchitectures }),
  };
}
