import { randomUUID } from 'node:crypto';
import { DATA_EVENTS } from './access/permissions.ts';
import type { ApiRequest, AwsError, Clock, CloudTrailRecord } from './api.ts';
import { toSeconds } from './identity.ts';

/** What a record of a call tells beside the call itself. */
export interface ManagementEvent {
  /** CloudTrail's `eventName`, which is the call's name for all services but Lambda. */
  readonly eventName: string;
  readonly requestParameters?: Readonly<Record<string, unknown>> | null;
  readonly responseElements?: Readonly<Record<string, unknown>> | null;
  readonly refusal?: AwsError;
  /** The account whose trail gets it; the caller's by default. */
  readonly recipientAccountId?: string;
  readonly requestId?: string;
}

// Signing names that are not the first part of CloudTrail's `eventSource`.
const SOURCES: Readonly<Record<string, string>> = { appconfig: 'appconfig', monitoring: 'monitoring', logs: 'logs' };

/** A CloudTrail record of a call to any service but Lambda, which has its own, in the shape of Lambda's. */
export function managementRecord(request: ApiRequest, event: ManagementEvent, clock: Clock): CloudTrailRecord {
  const { refusal } = event;
  const isDenied = refusal !== undefined && /^(AccessDenied|AuthorizationError)/.test(refusal.code);
  return {
    eventVersion: '1.11',
    userIdentity: request.caller.userIdentity,
    eventTime: toSeconds(clock.now()),
    eventSource: `${SOURCES[request.service] ?? request.service}.amazonaws.com`,
    eventName: event.eventName,
    awsRegion: request.region,
    sourceIPAddress: '127.0.0.1',
    userAgent: request.headers['user-agent'] ?? '',
    ...(refusal === undefined
      ? {}
      : { errorCode: isDenied ? 'AccessDenied' : refusal.code, errorMessage: refusal.message }),
    requestParameters: isDenied ? null : (event.requestParameters ?? null),
    responseElements: refusal === undefined ? (event.responseElements ?? null) : null,
    requestID: event.requestId ?? randomUUID(),
    eventID: randomUUID(),
    readOnly: isReadOnly(event.eventName),
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: event.recipientAccountId ?? request.caller.accountId,
    eventCategory: 'Management',
    tlsDetails: {
      tlsVersion: 'TLSv1.3',
      cipherSuite: 'TLS_AES_128_GCM_SHA256',
      clientProvidedHostHeader: `${request.service}.${request.region}.amazonaws.com`,
    },
  };
}

/** Whether a trail of management events holds this call. */
export function isManagementCall(service: string, call: string): boolean {
  return !(DATA_EVENTS[service]?.includes(call) ?? false);
}

// AssumeRole changes nothing, and CloudTrail counts it as a read.
function isReadOnly(eventName: string): boolean {
  return /^(Get|List|Describe|Lookup|Test|Filter|Assume)/.test(eventName);
}
