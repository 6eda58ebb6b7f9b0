import type { AwsError, CloudTrailRecord } from '../api.ts';
import { withoutMeasuredValues } from './environment.ts';
import type { Action, Answer, Call } from './plane.ts';

/** What came of a call. */
export type Outcome = { readonly answer: Answer } | { readonly refusal: AwsError };

/**
 * The record that CloudTrail writes of a call, in the shapes that real trails hold: environments are `{}` in both
 * halves, code and presigned URLs are left out, reads and deletions answer nothing, and a call that was not allowed
 * tells neither what it asked for nor what it got.
 */
export function cloudTrailRecord(
  action: Action & { readonly eventName: string },
  call: Call,
  outcome: Outcome,
  ids: { readonly requestID: string; readonly eventID: string; readonly at: Date },
): CloudTrailRecord {
  const { request } = call;
  const denied = 'refusal' in outcome && isAccessDenied(outcome.refusal);
  const invokedBy = request.caller.userIdentity['invokedBy'];
  const service = typeof invokedBy === 'string' ? invokedBy : undefined;
  return {
    eventVersion: '1.11',
    userIdentity: request.caller.userIdentity,
    eventTime: ids.at.toISOString().replace(/\.\d+Z$/, 'Z'),
    eventSource: 'lambda.amazonaws.com',
    eventName: action.eventName,
    awsRegion: request.region,
    sourceIPAddress: service ?? '127.0.0.1',
    userAgent: service ?? request.headers['user-agent'] ?? '',
    ...('refusal' in outcome
      ? {
          errorCode: denied ? 'AccessDenied' : outcome.refusal.code,
          errorMessage: withoutMeasuredValues(outcome.refusal.message),
        }
      : {}),
    requestParameters: denied ? null : requestParameters(action, call),
    responseElements: 'refusal' in outcome ? null : responseElements(action, outcome.answer),
    requestID: ids.requestID,
    eventID: ids.eventID,
    readOnly: action.readOnly,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: request.caller.accountId,
    eventCategory: 'Management',
    ...(service === undefined
      ? {
          tlsDetails: {
            tlsVersion: 'TLSv1.3',
            cipherSuite: 'TLS_AES_128_GCM_SHA256',
            clientProvidedHostHeader: `lambda.${request.region}.amazonaws.com`,
          },
        }
      : {}),
  };
}

function isAccessDenied(refusal: AwsError): boolean {
  return refusal.code === 'AccessDeniedException' || refusal.code === 'AccessDenied';
}

/** These always have an `environment` in their request, whether or not one was sent. */
const withEnvironment: ReadonlySet<string> = new Set(['CreateFunction', 'UpdateFunctionConfiguration']);

function requestParameters(action: Action, call: Call): Record<string, unknown> | null {
  const sent: Record<string, unknown> = { ...call.path };
  for (const [name, value] of call.request.query) {
    if (name === action.when?.parameter) continue;
    if (name === 'tagKeys') sent['tagKeys'] = call.request.query.getAll('tagKeys');
    else sent[name] = /^(MaxItems|VersionNumber)$/.test(name) ? Number(value) : value;
  }
  if (isObject(call.body)) Object.assign(sent, call.body);

  const parameters = camelCased(sent);
  if (withEnvironment.has(action.name)) parameters['environment'] = {};
  if (action.name === 'UpdateFunctionCode') {
    parameters['dryRun'] ??= false;
    parameters['publish'] ??= false;
    parameters['fullyQualifiedArn'] = fullyQualifiedArn(call);
  }
  return Object.keys(parameters).length === 0 ? null : parameters;
}

function fullyQualifiedArn(call: Call): unknown {
  const named = call.path['FunctionName'] ?? '';
  return {
    arnPrefix: { partition: 'aws', region: call.request.region, account: call.request.caller.accountId },
    relativeId: {
      functionName: named
        .replace(/^.*function:/, '')
        .replace(/^\d{12}:/, '')
        .replace(/:.*$/, ''),
    },
    functionQualifier: {},
  };
}

function responseElements(action: Action, answer: Answer): Record<string, unknown> | null {
  const body = answer.recorded ?? answer.body;
  if (action.readOnly || action.method === 'DELETE' || !isObject(body)) return null;
  const elements = camelCased(body);
  if ('FunctionArn' in body && 'CodeSha256' in body) elements['environment'] = {};
  return elements;
}

/** Members whose keys are data, not names. */
const maps: ReadonlySet<string> = new Set(['Tags', 'AdditionalVersionWeights']);
/** Members that no record may hold: code, payloads, and URLs that let their reader in. */
const leftOut: ReadonlySet<string> = new Set(['ZipFile', 'Payload', 'Location']);

function camelCased(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const cased: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(members)) {
    if (leftOut.has(name)) continue;
    const key = name.charAt(0).toLowerCase() + name.slice(1);
    if (key === 'environment') cased[key] = {};
    else if (Array.isArray(value))
      cased[key] = value.map((item: unknown) => (isObject(item) ? camelCased(item) : item));
    else if (isObject(value) && !maps.has(name)) cased[key] = camelCased(value);
    else cased[key] = value;
  }
  return cased;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
