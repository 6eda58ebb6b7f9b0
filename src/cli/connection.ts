import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { clientsByPlace, type MemberCredentials } from '../aws/member-clients.ts';
import { userAgent } from '../aws/user-agent.ts';
import type { Quarter } from '../domain/ports.ts';
import { AwsUnreachable, explainFailure } from './aws-failure.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { WrongUse } from './exit-code.ts';

export { type ConnectionOptions, withConnection } from './connection-options.ts';

/** What clients are made with. */
export interface ClientOptions {
  readonly region: string;
  readonly customUserAgent: typeof userAgent;
  readonly endpoint?: string;
  readonly credentials?: MemberCredentials | ReturnType<typeof fromNodeProviderChain>;
}

/** A way to AWS, as one caller. */
export interface Connection {
  readonly accountId: string;
  readonly partition: string;
  readonly region: string;
  /** The caller's ARN. */
  readonly callerArn: string;
  /** A client in the caller's account and region. */
  readonly client: <Client>(create: (options: ClientOptions) => Client) => Client;
  /** Clients by account and region: with the member role's credentials in other accounts. */
  readonly clients: <Client>(create: (options: ClientOptions) => Client) => (quarter: Quarter) => Client;
}

/**
 * Finds out who calls, and from where.
 * @throws {AwsUnreachable} {@link WrongUse} with one sentence and what to do: no credentials, an expired session, a wrong
 * region, a role that is none.
 */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  const { profile, role, endpoint, memberRole } = options;
  if (role !== undefined && !/^arn:[\w-]+:iam::\d{12}:role\/\S+$/.test(role))
    throw new WrongUse(`--role takes the ARN of a role, such as arn:aws:iam::111122223333:role/audit, not ${role}`);
  // Credentials are asked for by name; everything else in a profile, such as its endpoint, the SDK takes by this alone.
  if (profile !== undefined) process.env['AWS_PROFILE'] = profile;
  const chain = fromNodeProviderChain(profile === undefined ? {} : { profile, logger: nobodyToWarn });
  const common = { customUserAgent: userAgent, ...(endpoint === undefined ? {} : { endpoint }) };
  const region = options.region ?? (await configuredRegion());
  const own =
    role === undefined
      ? chain
      : fromTemporaryCredentials({
          masterCredentials: chain,
          params: { RoleArn: role, RoleSessionName: 'layerward' },
          clientConfig: { ...common, region },
        });
  const here = { ...common, region, credentials: own };
  const sts = new STSClient(here);
  const identity = await sts.send(new GetCallerIdentityCommand({})).catch((error: unknown) => {
    throw explainFailure(error, { profile, region, endpoint });
  });
  const { Account: accountId = '', Arn: callerArn = '' } = identity;
  const partition = callerArn.split(':')[1] ?? 'aws';
  const now = () => new Date();
  return {
    accountId,
    partition,
    region,
    callerArn,
    client: (create) => create(here),
    clients: (create) =>
      clientsByPlace(
        {
          ownAccountId: accountId,
          partition,
          memberRoleName: memberRole,
          sts,
          now,
          refusal: `is missing, or does not trust ${callerArn}; name another role by --member-role`,
        },
        (at, credentials) => create({ ...common, region: at, credentials: credentials ?? own }),
      ),
  };
}

/** Whoever names a profile need not hear from the SDK that there are other credentials in the environment as well. */
const nobodyToWarn = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The region of the environment or of the profile. The SDK knows where to look, but for the AWS CLI's own variable. */
async function configuredRegion(): Promise<string> {
  const named = process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION'];
  if (named) return named;
  const { region } = new CloudFormationClient({}).config;
  try {
    return await region();
  } catch (error) {
    throw new AwsUnreachable(
      'no region is set: give --region, or set AWS_REGION, or a region in the profile of the AWS CLI',
      { cause: error },
    );
  }
}
