import { functionConfiguration, type Telling } from './function-configuration.ts';
import { type FunctionReference, functionArn, parseFunctionName } from './function-name.ts';
import { type Call, occasionOf, type Plane, pathParameter, principalOf } from './plane.ts';
import { accessDenied, functionNotFound, invalidParameter, notFound } from './refusals.ts';
import type { AttachedLayer, FunctionVersion, Home, LambdaFunction } from './state.ts';

/** The function that a call is about, if it is there. */
export interface Addressed {
  readonly home: Home;
  readonly name: string;
  readonly qualifier: string | undefined;
}

/**
 * Reads `FunctionName` and `Qualifier` of a call.
 * @throws AwsError for names that are none, ARNs of another region, contradicting qualifiers, and functions of another
 * account whose policy doesn't let this caller do it.
 */
export function addressFunction(call: Call, plane: Plane, action: string): Addressed {
  const reference = parseFunctionName(pathParameter(call, 'FunctionName'));
  const asked = call.request.query.get('Qualifier') ?? undefined;
  if (reference.qualifier !== undefined && asked !== undefined && reference.qualifier !== asked) {
    throw invalidParameter('The derived qualifier from the function name does not match the specified qualifier.');
  }
  return { ...locate(call, plane, action, reference), qualifier: reference.qualifier ?? asked };
}

/** Where a function would be. @throws AwsError as {@link addressFunction} does. */
export function locate(
  call: Call,
  plane: Plane,
  action: string,
  reference: FunctionReference,
): { home: Home; name: string } {
  const { home } = call;
  if (reference.region !== undefined && reference.region !== home.region) {
    throw notFound(`Functions from '${reference.region}' are not reachable in this region ('${home.region}')`);
  }
  if (reference.account === undefined || reference.account === home.account) return { home, name: reference.name };

  const other = plane.knownHome(reference.account, home.region);
  const target = other?.functions.get(reference.name);
  if (other === undefined || target === undefined || !sharedWith(target, call, action)) {
    const arn = functionArn({ account: reference.account, region: home.region }, reference.name);
    throw accessDenied(principalOf(call.request), action, arn);
  }
  return { home: other, name: reference.name };
}

/** Whether the function's own policy lets the caller's account do this. */
function sharedWith(target: LambdaFunction, call: Call, action: string): boolean {
  const account = call.request.caller.accountId;
  return (target.policies.get('')?.statements ?? []).some(({ Principal, Action }) => {
    const principal = Principal === '*' ? '*' : 'AWS' in Principal ? Principal.AWS : '';
    const admitted = principal === '*' || principal === account || principal.split(':')[4] === account;
    return admitted && (Action === '*' || Action === 'lambda:*' || Action === `lambda:${action}`);
  });
}

/** @throws AwsError `ResourceNotFoundException` */
export function requireFunction(addressed: Addressed): LambdaFunction {
  const target = addressed.home.functions.get(addressed.name);
  if (target === undefined) throw functionNotFound(functionArn(addressed.home, addressed.name, addressed.qualifier));
  return target;
}

/**
 * The version that a qualifier means: `$LATEST`, a number, or an alias.
 * @throws AwsError `ResourceNotFoundException`
 */
export function requireVersion(target: LambdaFunction, qualifier: string | undefined): FunctionVersion {
  if (qualifier === undefined || qualifier === '$LATEST') return target.latest;
  const version = target.published.get(target.aliases.get(qualifier)?.functionVersion ?? qualifier);
  if (version !== undefined) return version;
  if (target.aliases.get(qualifier)?.functionVersion === '$LATEST') return target.latest;
  throw functionNotFound(`${target.arn}:${qualifier}`);
}

/** @throws AwsError for a qualified name, where only the function itself can be meant. */
export function requireUnqualified(addressed: Addressed): void {
  if (addressed.qualifier === undefined || addressed.qualifier === '$LATEST') return;
  throw invalidParameter(
    'This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. ' +
      'Please specify either a function name or an unqualified function ARN.',
  );
}

/** @throws AwsError for a replica of Lambda@Edge, which only its master can change. */
export function requireNoReplica(call: Call, plane: Plane, target: LambdaFunction, verb: 'update' | 'delete'): void {
  if (plane.faults.masterArn(occasionOf(call, undefined, target.name)) === undefined) return;
  throw invalidParameter(
    `Lambda was unable to ${verb} ${target.arn} because it is a replicated function. ` +
      'Please see our documentation for Deleting Lambda@Edge Functions and Replicas.',
  );
}

/** How this caller gets a function told. */
export function tellingOf(call: Call, plane: Plane, target: LambdaFunction, qualifier?: string): Telling {
  const occasion = occasionOf(call, undefined, target.name);
  return {
    region: call.home.region,
    qualifier,
    environmentError: plane.faults.environmentError(occasion) ?? undecryptable(call, plane, target),
    masterArn: plane.faults.masterArn(occasion),
  };
}

/** KMS's words, where the function has a key of its own that this caller may not use through Lambda. */
function undecryptable(call: Call, plane: Plane, target: LambdaFunction): string | undefined {
  const key = target.latest.settings.KMSKeyArn;
  const reason = key === undefined ? undefined : keyRefusal(call, plane, 'kms:Decrypt', key);
  return reason === undefined
    ? undefined
    : `Lambda was unable to decrypt your environment variables because the KMS access was denied. Please check your KMS permissions. KMS Exception: AccessDeniedException KMS Message: ${reason}`;
}

/** @throws AwsError for variables that are written with a key that this caller may not use through Lambda. */
export function requireKey(call: Call, plane: Plane, key: string | undefined): void {
  for (const action of ['kms:Encrypt', 'kms:CreateGrant']) {
    const reason = key === undefined || key === '' ? undefined : keyRefusal(call, plane, action, key);
    if (reason !== undefined) {
      throw invalidParameter(
        'Lambda was unable to configure access to your environment variables because the KMS key is invalid for ' +
          `${action.slice('kms:'.length)}. Please check your KMS key settings. KMS Exception: AccessDeniedException KMS Message: ${reason}`,
      );
    }
  }
}

function keyRefusal(call: Call, plane: Plane, action: string, key: string): string | undefined {
  const viaService = `lambda.${call.home.region}.amazonaws.com`;
  const reason = plane.gatekeeper.missing(call.request, { action, resource: key, viaService });
  return reason === undefined
    ? undefined
    : `User: ${principalOf(call.request)} is not authorized to perform: ${action} on resource: ${key} ${reason}`;
}

/** A configuration for the answer, and the same for the record, whose layers tell their unzipped size too. */
export function toldTwice(
  target: LambdaFunction,
  version: FunctionVersion,
  telling: Telling,
): { body: Record<string, unknown>; recorded: Record<string, unknown> } {
  const body = functionConfiguration(target, version, telling);
  const layers: readonly AttachedLayer[] = version.settings.Layers;
  return { body, recorded: layers.length === 0 ? body : { ...body, Layers: layers } };
}
