import { createHash, randomBytes } from 'node:crypto';
import type { Caller, Clock } from './api.ts';

/** Temporary credentials, as STS hands them out. */
export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

/** A role that somebody took on. */
export interface RoleSession {
  readonly credentials: SessionCredentials;
  readonly caller: Caller;
  /** `AROA…:session`, STS's AssumedRoleId. */
  readonly assumedRoleId: string;
  /** `arn:aws:sts::account:assumed-role/role/session`. */
  readonly arn: string;
}

/** Who is who in the sandbox: any access key is a user of its own, and roles can be taken on. */
export interface Identities {
  /**
   * The caller behind an access key id: a session, or a user of the hub account; `<accountId>/<person>` is a user of
   * that account. A request without a signature counts as the user `anonymous`.
   */
  callerOf(accessKeyId: string | undefined): Caller;
  /**
   * Opens a session of a role. `functionName` marks the execution role's session of a deployed function, and the
   * sessions that are opened by one that is marked.
   */
  assumeRole(request: {
    readonly roleArn: string;
    readonly sessionName: string;
    readonly durationSeconds?: number;
    readonly functionName?: string;
  }): RoleSession;
  /** The deployed function that an access key belongs to: by its execution role, or by a session that it has opened. */
  functionOf(accessKeyId: string): string | undefined;
}

/**
 * An identity registry.
 *
 * @param options.accountId the account of every access key that names none, and is not of a role session.
 */
export function createIdentities(options: { readonly accountId: string; readonly clock: Clock }): Identities {
  const sessions = new Map<string, { readonly caller: Caller; readonly functionName: string | undefined }>();

  return {
    callerOf: (accessKeyId = 'anonymous') =>
      sessions.get(accessKeyId)?.caller ?? userCaller(options.accountId, accessKeyId),

    assumeRole: ({ roleArn, sessionName, durationSeconds = 3600, functionName }) => {
      const role = parseRoleArn(roleArn);
      const roleId = uniqueId('AROA', roleArn);
      const arn = `arn:${role.partition}:sts::${role.accountId}:assumed-role/${role.name}/${sessionName}`;
      const accessKeyId = `ASIA${base32(randomBytes(16))}`;
      const now = options.clock.now();
      const caller: Caller = {
        accountId: role.accountId,
        accessKeyId,
        userIdentity: {
          type: 'AssumedRole',
          principalId: `${roleId}:${sessionName}`,
          arn,
          accountId: role.accountId,
          accessKeyId,
          sessionContext: {
            sessionIssuer: {
              type: 'Role',
              principalId: roleId,
              arn: roleArn,
              accountId: role.accountId,
              userName: role.name,
            },
            attributes: { creationDate: toSeconds(now), mfaAuthenticated: 'false' },
          },
        },
      };
      sessions.set(accessKeyId, { caller, functionName });
      return {
        caller,
        arn,
        assumedRoleId: `${roleId}:${sessionName}`,
        credentials: {
          accessKeyId,
          secretAccessKey: randomBytes(30).toString('base64'),
          sessionToken: randomBytes(96).toString('base64'),
          expiration: new Date(now.getTime() + durationSeconds * 1000),
        },
      };
    },

    functionOf: (accessKeyId) => sessions.get(accessKeyId)?.functionName,
  };
}

/** The role behind a caller's session; undefined for users. */
export function roleArnOf(caller: Caller): string | undefined {
  const context = caller.userIdentity['sessionContext'];
  const issuer = typeof context === 'object' && context !== null && 'sessionIssuer' in context && context.sessionIssuer;
  return typeof issuer === 'object' && issuer !== null && 'arn' in issuer && typeof issuer.arn === 'string'
    ? issuer.arn
    : undefined;
}

/** CloudTrail's times: ISO 8601, whole seconds. */
export function toSeconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** An IAM unique id such as `AROA…`, always the same for the same name. */
export function uniqueId(prefix: string, name: string): string {
  return `${prefix}${base32(createHash('sha256').update(name).digest()).slice(0, 17)}`;
}

// `222233334444/alice` is alice of that account.
const QUALIFIED = /^(\d{12})\/(.+)$/;

function userCaller(defaultAccountId: string, accessKeyId: string): Caller {
  const [, accountId = defaultAccountId, person = accessKeyId] = QUALIFIED.exec(accessKeyId) ?? [];
  const userName = person.replace(/[^\w+=,.@-]/g, '-').slice(0, 64) || 'anonymous';
  const arn = `arn:aws:iam::${accountId}:user/${userName}`;
  return {
    accountId,
    accessKeyId,
    userIdentity: { type: 'IAMUser', principalId: uniqueId('AIDA', arn), arn, accountId, accessKeyId, userName },
  };
}

function parseRoleArn(arn: string): { readonly partition: string; readonly accountId: string; readonly name: string } {
  const match = /^arn:(aws[\w-]*):iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]+)$/.exec(arn);
  const [, partition, accountId, name] = match ?? [];
  if (partition === undefined || accountId === undefined || name === undefined) {
    throw new Error(`${arn} is not the ARN of an IAM role (arn:aws:iam::111122223333:role/name)`);
  }
  return { partition, accountId, name };
}

function base32(bytes: Buffer): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return [...bytes].map((byte) => letters.charAt(byte & 31)).join('');
}
