import * as z from 'zod';
import { parseBody } from '../body.ts';
import { createConstraints } from '../constraints.ts';
import { type Addressed, addressFunction, requireFunction, requireVersion } from '../functions.ts';
import { type Action, type Call, type Plane, pathParameter, resourceDoesNotExist } from '../plane.ts';
import { conflict, invalidParameter, notFound, preconditionFailed } from '../refusals.ts';
import type { LambdaFunction, PolicyStatement, ResourcePolicy } from '../state.ts';
import { layerPrincipal } from './layer-permissions.ts';

const path = '/2015-03-31/functions/{FunctionName}/policy';

export const addPermission: Action = {
  name: 'AddPermission',
  eventName: 'AddPermission20150331v2',
  readOnly: false,
  method: 'POST',
  path,
  run(call, plane) {
    const input = parseBody(
      call,
      z.object({
        StatementId: z.string(),
        Action: z.string(),
        Principal: z.string(),
        SourceArn: z.string().optional(),
        SourceAccount: z.string().optional(),
        PrincipalOrgID: z.string().optional(),
        RevisionId: z.string().optional(),
      }),
    );
    const constraints = createConstraints();
    constraints.pattern('statementId', input.StatementId, /^[a-zA-Z0-9-_]{1,100}$/, '([a-zA-Z0-9-_]+)');
    constraints.pattern(
      'action',
      input.Action,
      /^(lambda:[*]|lambda:[a-zA-Z]+|[*])$/,
      '(lambda:[*]|lambda:[a-zA-Z]+|[*])',
    );
    constraints.settle();
    const { target, qualifier } = policyHolder(call, plane, this.name);
    requireRevision(target, qualifier, input.RevisionId);
    const before = target.policies.get(qualifier)?.statements ?? [];
    if (before.some(({ Sid }) => Sid === input.StatementId)) {
      throw conflict(
        `The statement id (${input.StatementId}) provided already exists. ` +
          'Please provide a new statement id, or remove the existing statement.',
      );
    }
    const condition = {
      ...(input.SourceAccount === undefined ? {} : { StringEquals: { 'AWS:SourceAccount': input.SourceAccount } }),
      ...(input.PrincipalOrgID === undefined ? {} : { StringEquals: { 'aws:PrincipalOrgID': input.PrincipalOrgID } }),
      ...(input.SourceArn === undefined ? {} : { ArnLike: { 'AWS:SourceArn': input.SourceArn } }),
    };
    const statement: PolicyStatement = {
      Sid: input.StatementId,
      Effect: 'Allow',
      Principal: input.Principal.includes('.')
        ? { Service: input.Principal }
        : layerPrincipal(input.Principal, call.home.region),
      Action: input.Action,
      Resource: qualifier === '' ? target.arn : `${target.arn}:${qualifier}`,
      ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
    };
    setPolicy(plane, target, qualifier, [...before, statement]);
    return { status: 201, body: { Statement: JSON.stringify(statement) } };
  },
};

export const removePermission: Action = {
  name: 'RemovePermission',
  eventName: 'RemovePermission20150331v2',
  readOnly: false,
  method: 'DELETE',
  path: `${path}/{StatementId}`,
  run(call, plane) {
    const { target, qualifier } = policyHolder(call, plane, this.name);
    const id = pathParameter(call, 'StatementId');
    const before = target.policies.get(qualifier)?.statements;
    if (before === undefined) throw notFound('No policy is associated with the given resource.');
    if (!before.some(({ Sid }) => Sid === id)) throw notFound(`Statement ${id} is not found in resource policy.`);
    requireRevision(target, qualifier, call.request.query.get('RevisionId') ?? undefined);
    setPolicy(
      plane,
      target,
      qualifier,
      before.filter(({ Sid }) => Sid !== id),
    );
    return { status: 204 };
  },
};

export const getPolicy: Action = {
  name: 'GetPolicy',
  eventName: 'GetPolicy20150331v2',
  readOnly: true,
  method: 'GET',
  path,
  run(call, plane) {
    const { target, qualifier } = policyHolder(call, plane, this.name);
    const policy = target.policies.get(qualifier);
    if (policy === undefined) throw resourceDoesNotExist();
    return {
      status: 200,
      body: {
        Policy: JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement: policy.statements }),
        RevisionId: policy.revisionId,
      },
    };
  },
};

function policyHolder(call: Call, plane: Plane, action: string): { target: LambdaFunction; qualifier: string } {
  const addressed: Addressed = addressFunction(call, plane, action);
  if (addressed.qualifier === '$LATEST')
    throw invalidParameter('We currently do not support adding policies for $LATEST.');
  const target = requireFunction(addressed);
  requireVersion(target, addressed.qualifier);
  return { target, qualifier: addressed.qualifier ?? '' };
}

/** A policy of the function itself has the revision of `$LATEST`. */
function requireRevision(target: LambdaFunction, qualifier: string, given: string | undefined): void {
  if (given === undefined) return;
  const current =
    target.policies.get(qualifier)?.revisionId ?? requireVersion(target, qualifier || undefined).revisionId;
  if (given !== current && given !== (qualifier === '' ? target.latest.revisionId : current)) {
    throw preconditionFailed(target.policies.has(qualifier) ? 'GetPolicy' : 'GetFunction/GetAlias');
  }
}

function setPolicy(
  plane: Plane,
  target: LambdaFunction,
  qualifier: string,
  statements: ResourcePolicy['statements'],
): void {
  const revisionId = plane.uuid();
  if (statements.length === 0) target.policies.delete(qualifier);
  else target.policies.set(qualifier, { revisionId, statements });
  if (qualifier === '') target.latest = { ...target.latest, revisionId };
}
