import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import { AccessDenied } from '../domain/errors.ts';
import { readRefusal, toLayerwardError } from './refusal.ts';

/** Credentials as the SDK's clients take them; undefined for the caller's own. */
export type MemberCredentials = () => Promise<{
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}>;

/** What the sessions in member accounts are called, so that CloudTrail names us there. */
const sessionName = 'layerward';

/**
 * Credentials for a member account, by the role that the member stack made for us. The SDK keeps them until they expire.
 * @param refusal why a role may not be had, and what to do
 * @throws {AccessDenied} that names the account, where it has no such role or does not let us in.
 */
export function assumeMemberRole(
  sts: STSClient,
  roleArn: string,
  refusal = 'is missing, or does not trust the hub; see "An account does not let Layerward in" in docs/operations.md',
): MemberCredentials {
  return async () => {
    try {
      const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: sessionName }));
      const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
      if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration)
        throw new AccessDenied(`STS gave no credentials for ${roleArn}`);
      return {
        accessKeyId: AccessKeyId,
        secretAccessKey: SecretAccessKey,
        sessionToken: SessionToken,
        expiration: Expiration,
      };
    } catch (error) {
      if (error instanceof AccessDenied) throw error;
      const [, , , , accountId] = roleArn.split(':');
      const { name } = readRefusal(error);
      if (name === 'AccessDenied' || name === 'AccessDeniedException')
        throw new AccessDenied(`account ${accountId} does not let Layerward in: ${roleArn} ${refusal}`, {
          cause: error,
        });
      throw toLayerwardError(error, `assuming ${roleArn}`);
    }
  };
}

/**
 * Clients by account and region: with the caller's own credentials in its own account, with the member role's elsewhere.
 */
export function clientsByPlace<Client>(
  options: {
    readonly ownAccountId: string;
    readonly partition: string;
    readonly memberRoleName: string;
    readonly sts: STSClient;
    readonly now: () => Date;
    /** Why the role may not be had, and what to do; that of the hub if left out. */
    readonly refusal?: string;
  },
  create: (region: string, credentials: MemberCredentials | undefined) => Client,
): (place: { readonly region: string; readonly accountId: string }) => Client {
  const clients = new Map<string, Client>();
  const credentials = new Map<string, MemberCredentials>();
  return ({ region, accountId }) => {
    const key = `${accountId} ${region}`;
    const known = clients.get(key);
    if (known) return known;
    const roleArn = `arn:${options.partition}:iam::${accountId}:role/${options.memberRoleName}`;
    const ofMember =
      accountId === options.ownAccountId
        ? undefined
        : (credentials.get(accountId) ?? once(assumeMemberRole(options.sts, roleArn, options.refusal), options.now));
    if (ofMember) credentials.set(accountId, ofMember);
    const client = create(region, ofMember);
    clients.set(key, client);
    return client;
  };
}

/** One session an account, however many regions it is used in, asked for anew shortly before it expires. */
function once(assume: MemberCredentials, now: () => Date): MemberCredentials {
  const earlyMs = 5 * 60_000;
  let current: { readonly promise: ReturnType<MemberCredentials>; expiresAt: number } | undefined;
  return () => {
    if (current && current.expiresAt - earlyMs > now().getTime()) return current.promise;
    const session = { promise: assume(), expiresAt: Number.POSITIVE_INFINITY };
    current = session;
    session.promise.then(
      ({ expiration }) => {
        session.expiresAt = expiration.getTime();
      },
      () => {
        if (current === session) current = undefined;
      },
    );
    return session.promise;
  };
}
