import * as z from 'zod';
import { parseBody } from '../body.ts';
import { createConstraints } from '../constraints.ts';
import { layerArn } from '../layer-name.ts';
import { locateLayer } from '../layers.ts';
import { partitionOf } from '../partition.ts';
import { type Action, type Call, type Plane, pathParameter, principalOf } from '../plane.ts';
import { accessDenied, conflict, notFound, preconditionFailed } from '../refusals.ts';
import type { LayerVersion, PolicyStatement } from '../state.ts';
import { versionNumber } from './layer-versions.ts';

const policy = '/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy';

export const addLayerVersionPermission: Action = {
  name: 'AddLayerVersionPermission',
  eventName: 'AddLayerVersionPermission20181031',
  readOnly: false,
  method: 'POST',
  path: policy,
  run(call, plane) {
    const input = parseBody(
      call,
      z.object({
        StatementId: z.string(),
        Action: z.string(),
        Principal: z.string(),
        OrganizationId: z.string().optional(),
      }),
    );
    const constraints = createConstraints();
    constraints.pattern('statementId', input.StatementId, /^[a-zA-Z0-9-_]{1,100}$/, '([a-zA-Z0-9-_]+)');
    constraints.pattern('action', input.Action, /^lambda:GetLayerVersion$/, 'lambda:GetLayerVersion');
    constraints.settle();
    const version = ownVersion(call, this.name);
    requireRevision(call, version);
    const statements = version.policy?.statements ?? [];
    if (statements.some(({ Sid }) => Sid === input.StatementId)) {
      throw conflict(
        `The statement id (${input.StatementId}) provided already exists. ` +
          'Please provide a new statement id, or remove the existing statement.',
      );
    }
    const statement: PolicyStatement = {
      Sid: input.StatementId,
      Effect: 'Allow',
      Principal: layerPrincipal(input.Principal, call.home.region),
      Action: input.Action,
      Resource: version.arn,
      ...(input.OrganizationId === undefined
        ? {}
        : { Condition: { StringEquals: { 'aws:PrincipalOrgID': input.OrganizationId } } }),
    };
    version.policy = { revisionId: plane.uuid(), statements: [...statements, statement] };
    return {
      status: 201,
      body: { Statement: JSON.stringify(statement), RevisionId: version.policy.revisionId },
    };
  },
};

export const getLayerVersionPolicy: Action = {
  name: 'GetLayerVersionPolicy',
  eventName: 'GetLayerVersionPolicy20181031',
  readOnly: true,
  method: 'GET',
  path: policy,
  run(call) {
    const version = ownVersion(call, this.name);
    if (version.policy === undefined) throw notFound('No policy is associated with the given resource.');
    return {
      status: 200,
      body: {
        Policy: JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement: version.policy.statements }),
        RevisionId: version.policy.revisionId,
      },
    };
  },
};

export const removeLayerVersionPermission: Action = {
  name: 'RemoveLayerVersionPermission',
  eventName: 'RemoveLayerVersionPermission20181031',
  readOnly: false,
  method: 'DELETE',
  path: `${policy}/{StatementId}`,
  run(call, plane: Plane) {
    const version = ownVersion(call, this.name);
    const id = pathParameter(call, 'StatementId');
    const statements = version.policy?.statements ?? [];
    if (!statements.some(({ Sid }) => Sid === id)) throw notFound(`Statement ${id} is not found in resource policy.`);
    requireRevision(call, version);
    const left = statements.filter(({ Sid }) => Sid !== id);
    version.policy = left.length === 0 ? undefined : { revisionId: plane.uuid(), statements: left };
    return { status: 204 };
  },
};

/** @throws AwsError for another account's layer, and for a version that isn't there. */
function ownVersion(call: Call, action: string): LayerVersion {
  const number = versionNumber(call);
  const located = locateLayer(call, pathParameter(call, 'LayerName'));
  const arn = `${layerArn(located, located.name)}:${number}`;
  if (located.account !== call.home.account) throw accessDenied(principalOf(call.request), action, arn);
  const version = call.home.layers.get(located.name)?.versions.get(number);
  if (version === undefined) throw notFound(`Layer version ${arn} does not exist.`);
  return version;
}

function requireRevision(call: Call, version: LayerVersion): void {
  const revision = call.request.query.get('RevisionId');
  if (revision !== null && revision !== version.policy?.revisionId) throw preconditionFailed('GetLayerPolicy');
}

/** An account is written into policies as its root. */
export function layerPrincipal(principal: string, region: string): PolicyStatement['Principal'] {
  if (principal === '*') return '*';
  if (/^\d{12}$/.test(principal)) return { AWS: `arn:${partitionOf(region)}:iam::${principal}:root` };
  return { AWS: principal };
}
