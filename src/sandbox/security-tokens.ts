import { randomUUID } from 'node:crypto';
import { type ApiRequest, type ApiService, AwsError } from './api.ts';
import type { Identities } from './identity.ts';
import { escapeXml } from './xml.ts';

/** STS: who am I, and taking on roles. Any role of any account can be taken on; trust policies are not simulated. */
export function createSecurityTokens(identities: Identities): ApiService {
  return (request) => {
    const form = new URLSearchParams(request.body.toString('utf8'));
    const name = form.get('Action') ?? request.query.get('Action') ?? '';
    switch (name) {
      case 'GetCallerIdentity': {
        const { principalId, arn } = request.caller.userIdentity;
        return answer(name, { Arn: String(arn), UserId: String(principalId), Account: request.caller.accountId });
      }
      case 'AssumeRole':
        return assumeRole(identities, form, request);
      default:
        throw new AwsError(
          'InvalidAction',
          400,
          `The sandbox's STS has no action ${name || '(none named)'}. It has: GetCallerIdentity, AssumeRole.`,
        );
    }
  };
}

function assumeRole(identities: Identities, form: URLSearchParams, _request: ApiRequest) {
  const roleArn = form.get('RoleArn') ?? '';
  const sessionName = form.get('RoleSessionName') ?? '';
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
  const durationSeconds = Number(form.get('DurationSeconds') ?? 3600);
  const session = identities.assumeRole({ roleArn, sessionName, durationSeconds });
  return answer('AssumeRole', {
    Credentials: {
      AccessKeyId: session.credentials.accessKeyId,
      SecretAccessKey: session.credentials.secretAccessKey,
      SessionToken: session.credentials.sessionToken,
      Expiration: session.credentials.expiration.toISOString(),
    },
    AssumedRoleUser: { AssumedRoleId: session.assumedRoleId, Arn: session.arn },
    PackedPolicySize: '1',
  });
}

type Members = { readonly [name: string]: string | Members };

function answer(action: string, members: Members) {
  return {
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body:
      `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>${toXml(members)}` +
      `</${action}Result><ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${action}Response>`,
  };
}

function toXml(members: Members): string {
  return Object.entries(members)
    .map(([name, value]) => `<${name}>${typeof value === 'string' ? escapeXml(value) : toXml(value)}</${name}>`)
    .join('');
}
