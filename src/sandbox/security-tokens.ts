import { randomUUID } from 'node:crypto';
import type { Access } from './access/access.ts';
import { accessDenied } from './access/refusals.ts';
import { type ApiRequest, type ApiService, AwsError, type Clock, type CloudTrailRecord } from './api.ts';
import { type Identities, roleArnOf } from './identity.ts';
import { managementRecord } from './management-record.ts';
import type { Organization } from './organization/organization.ts';
import { createQueryService } from './query-service.ts';
import type { XmlContent } from './xml.ts';

/** What STS needs of the sandbox. */
export interface SecurityTokensOptions {
  readonly identities: Identities;
  readonly access: Access;
  /** In an organization only roles that are there can be taken on, and none of an account that is suspended. */
  readonly organization: Organization | undefined;
  readonly clock: Clock;
  readonly onRecord: (record: CloudTrailRecord) => void;
}

// A session that was opened by a session of a role lasts an hour at most.
const LONGEST_CHAINED_SECONDS = 3600;

/**
 * STS: who am I, and taking on roles. A role that a template has made is judged by its trust policy and by the caller's
 * own permissions; outside of an organization, any other role of any account can be taken on.
 */
export function createSecurityTokens(options: SecurityTokensOptions): ApiService {
  return createQueryService('STS', 'https://sts.amazonaws.com/doc/2011-06-15/', {
    GetCallerIdentity: (_form, { caller }) => {
      const { principalId, arn } = caller.userIdentity;
      return { Arn: String(arn), UserId: String(principalId), Account: caller.accountId };
    },
    AssumeRole: (form, request) => assumeRole(options, form, request),
  });
}

function assumeRole(options: SecurityTokensOptions, form: URLSearchParams, request: ApiRequest): XmlContent {
  const { identities, clock, onRecord } = options;
  const roleArn = form.get('RoleArn') ?? '';
  const sessionName = form.get('RoleSessionName') ?? '';
  const durationSeconds = Number(form.get('DurationSeconds') ?? 3600);
  const externalId = form.get('ExternalId') ?? undefined;
  const requestParameters = {
    roleArn,
    roleSessionName: sessionName,
    durationSeconds,
    ...(externalId === undefined ? {} : { externalId }),
  };
  const requestId = randomUUID();
  const record = (more: Partial<Parameters<typeof managementRecord>[1]>) =>
    onRecord(managementRecord(request, { eventName: 'AssumeRole', requestParameters, requestId, ...more }, clock));

  try {
    requireWellFormed(form, roleArn, sessionName);
    requireShortChain(request, durationSeconds);
    requireTrust(options, request, roleArn, sessionName, externalId);
  } catch (error) {
    if (error instanceof AwsError) record({ refusal: error });
    throw error;
  }
  const functionName = identities.functionOf(request.caller.accessKeyId);
  const session = identities.assumeRole({
    roleArn,
    sessionName,
    durationSeconds,
    ...(functionName === undefined ? {} : { functionName }),
  });
  const credentials = session.credentials;
  const responseElements = {
    credentials: {
      accessKeyId: credentials.accessKeyId,
      expiration: credentials.expiration.toUTCString(),
    },
    assumedRoleUser: { assumedRoleId: session.assumedRoleId, arn: session.arn },
  };
  // Both accounts see it; they are told of one another's record by the same request.
  for (const recipientAccountId of new Set([request.caller.accountId, session.caller.accountId])) {
    record({ responseElements, recipientAccountId });
  }
  return {
    Credentials: {
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: credentials.secretAccessKey,
      SessionToken: credentials.sessionToken,
      Expiration: credentials.expiration.toISOString(),
    },
    AssumedRoleUser: { AssumedRoleId: session.assumedRoleId, Arn: session.arn },
    PackedPolicySize: '1',
  };
}

function requireWellFormed(form: URLSearchParams, roleArn: string, sessionName: string): void {
  if (!/^arn:aws[\w-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/.test(roleArn)) {
    throw new AwsError('ValidationError', 400, `${roleArn} is invalid`);
  }
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
    throw new AwsError(
      'ValidationError',
      400,
      `1 validation error detected: Value '${sessionName}' at 'roleSessionName' failed to satisfy constraint: ` +
        'Member must satisfy regular expression pattern: [\\w+=,.@-]*',
    );
  }
  if (form.has('Policy') || form.has('PolicyArns.member.1.arn')) {
    throw new AwsError('ValidationError', 400, 'The sandbox has no session policies.');
  }
}

function requireShortChain(request: ApiRequest, durationSeconds: number): void {
  if (roleArnOf(request.caller) !== undefined && durationSeconds > LONGEST_CHAINED_SECONDS) {
    throw new AwsError(
      'ValidationError',
      400,
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
}

function requireTrust(
  { access, organization }: SecurityTokensOptions,
  request: ApiRequest,
  roleArn: string,
  sessionName: string,
  externalId: string | undefined,
): void {
  const role = access.roles.get(roleArn);
  const owner = organization?.account(roleArn.split(':')[4] ?? '');
  const context = {
    'sts:RoleSessionName': sessionName,
    ...(externalId === undefined ? {} : { 'sts:ExternalId': externalId }),
  };
  const isAllowed =
    role === undefined
      ? organization === undefined && mayAskForAny(access, request, roleArn, context)
      : owner?.status !== 'SUSPENDED' && access.mayAssume(request.caller, role, context);
  if (!isAllowed) {
    throw accessDenied(request, { action: 'sts:AssumeRole', resource: roleArn, reason: '' });
  }
}

/** A role that the sandbox does not know trusts everybody; whoever asks may still lack the permission. */
function mayAskForAny(
  access: Access,
  request: ApiRequest,
  roleArn: string,
  context: Readonly<Record<string, string>>,
): boolean {
  return access.judge(request.caller, { action: 'sts:AssumeRole', resource: roleArn, context }) === undefined;
}
