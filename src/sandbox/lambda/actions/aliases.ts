import * as z from 'zod';
import { parseBody } from '../body.ts';
import { createConstraints } from '../constraints.ts';
import { addressFunction, requireFunction, requireUnqualified, requireVersion } from '../functions.ts';
import { markerOf, readPaging } from '../paging.ts';
import { type Action, type Call, type Plane, pathParameter } from '../plane.ts';
import { conflict, functionNotFound, invalidParameter, notFound, preconditionFailed } from '../refusals.ts';
import type { Alias, LambdaFunction } from '../state.ts';

const all = '/2015-03-31/functions/{FunctionName}/aliases';
const one = `${all}/{Name}`;

const changeable = {
  FunctionVersion: z.string().optional(),
  Description: z.string().max(256).optional(),
  RoutingConfig: z
    .object({ AdditionalVersionWeights: z.record(z.string(), z.number().min(0).max(1)).optional() })
    .optional(),
};
type Routing = z.infer<typeof changeable.RoutingConfig>;

export const createAlias: Action = {
  name: 'CreateAlias',
  eventName: 'CreateAlias20150331',
  readOnly: false,
  method: 'POST',
  path: all,
  run(call, plane) {
    const input = parseBody(call, z.object({ ...changeable, Name: z.string(), FunctionVersion: z.string() }));
    const constraints = createConstraints();
    constraints.length('name', input.Name, 1, 128);
    constraints.pattern('name', input.Name, /^(?!\d+$)[a-zA-Z0-9-_]+$/, '(?!^[0-9]+$)([a-zA-Z0-9-_]+)');
    constraints.settle();
    const target = functionOf(call, plane, this.name);
    const routing = additionalWeights(target, input.FunctionVersion, input.RoutingConfig);
    requireTarget(target, input.FunctionVersion);
    if (target.aliases.has(input.Name)) throw conflict(`Alias already exists: ${target.arn}:${input.Name}`);
    const alias: Alias = {
      name: input.Name,
      functionVersion: input.FunctionVersion,
      description: input.Description ?? '',
      revisionId: plane.uuid(),
      additionalVersionWeights: routing,
    };
    target.aliases.set(alias.name, alias);
    return { status: 201, body: tell(target, alias) };
  },
};

export const getAlias: Action = {
  name: 'GetAlias',
  eventName: 'GetAlias20150331',
  readOnly: true,
  method: 'GET',
  path: one,
  run(call, plane) {
    const target = functionOf(call, plane, this.name);
    const name = pathParameter(call, 'Name');
    const alias = target.aliases.get(name);
    if (alias === undefined) throw notFound(`Cannot find alias arn: ${target.arn}:${name}`);
    return { status: 200, body: tell(target, alias) };
  },
};

export const updateAlias: Action = {
  name: 'UpdateAlias',
  eventName: 'UpdateAlias20150331',
  readOnly: false,
  method: 'PUT',
  path: one,
  run(call, plane) {
    const input = parseBody(call, z.object({ ...changeable, RevisionId: z.string().optional() }));
    const target = functionOf(call, plane, this.name);
    const name = pathParameter(call, 'Name');
    const before = target.aliases.get(name);
    if (before === undefined) throw notFound(`Alias not found: ${target.arn}:${name}`);
    if (input.RevisionId !== undefined && input.RevisionId !== before.revisionId) {
      throw preconditionFailed('GetFunction/GetAlias');
    }
    const functionVersion = input.FunctionVersion ?? before.functionVersion;
    requireTarget(target, functionVersion);
    const alias: Alias = {
      name,
      functionVersion,
      description: input.Description ?? before.description,
      revisionId: plane.uuid(),
      additionalVersionWeights:
        input.RoutingConfig === undefined
          ? before.additionalVersionWeights
          : additionalWeights(target, functionVersion, input.RoutingConfig),
    };
    target.aliases.set(name, alias);
    return { status: 200, body: tell(target, alias) };
  },
};

export const deleteAlias: Action = {
  name: 'DeleteAlias',
  eventName: 'DeleteAlias20150331',
  readOnly: false,
  method: 'DELETE',
  path: one,
  run(call, plane) {
    functionOf(call, plane, this.name).aliases.delete(pathParameter(call, 'Name'));
    return { status: 204 };
  },
};

export const listAliases: Action = {
  name: 'ListAliases',
  eventName: 'ListAliases20150331',
  readOnly: true,
  method: 'GET',
  path: all,
  run(call, plane) {
    const target = functionOf(call, plane, this.name);
    const version = call.request.query.get('FunctionVersion');
    const { from, count } = readPaging(call.request.query);
    const aliases = [...target.aliases.values()].filter(
      (alias) => version === null || alias.functionVersion === version,
    );
    const page = aliases.slice(from[0], from[0] + count);
    const next = from[0] + page.length;
    return {
      status: 200,
      body: {
        ...(next < aliases.length ? { NextMarker: markerOf([next, 0]) } : {}),
        Aliases: page.map((alias) => tell(target, alias)),
      },
    };
  },
};

function functionOf(call: Call, plane: Plane, action: string): LambdaFunction {
  const addressed = addressFunction(call, plane, action);
  requireUnqualified(addressed);
  return requireFunction(addressed);
}

function requireTarget(target: LambdaFunction, version: string): void {
  if (version !== '$LATEST' && !/^\d+$/.test(version)) throw functionNotFound(`${target.arn}:${version}`);
  requireVersion(target, version);
}

function additionalWeights(
  target: LambdaFunction,
  version: string,
  routing: Routing,
): Readonly<Record<string, number>> | undefined {
  const weights = routing?.AdditionalVersionWeights ?? {};
  const others = Object.keys(weights);
  if (others.length === 0) return undefined;
  if (others.length > 1) {
    throw invalidParameter('Number of items in AdditionalVersionWeights cannot be greater than 1');
  }
  if (version === '$LATEST') {
    throw invalidParameter('$LATEST is not supported for an alias pointing to more than 1 version');
  }
  for (const other of others) {
    if (other === version) {
      throw invalidParameter(
        `Invalid function version ${other}. Function version ${other} is already included in routing configuration.`,
      );
    }
    requireTarget(target, other);
  }
  return weights;
}

function tell(target: LambdaFunction, alias: Alias): Record<string, unknown> {
  return {
    AliasArn: `${target.arn}:${alias.name}`,
    Name: alias.name,
    FunctionVersion: alias.functionVersion,
    Description: alias.description,
    ...(alias.additionalVersionWeights === undefined
      ? {}
      : { RoutingConfig: { AdditionalVersionWeights: alias.additionalVersionWeights } }),
    RevisionId: alias.revisionId,
  };
}
