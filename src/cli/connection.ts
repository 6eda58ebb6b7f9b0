import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import type { Command } from 'commander';
import { clientsByPlace, type MemberCredentials } from '../aws/member-clients.ts';
import { userAgent } from '../aws/user-agent.ts';
import type { Quarter } from '../domain/ports.ts';
import { AwsUnreachable, explainFailure } from './aws-failure.ts';

/** How a person says which AWS a command is about. */
export interface ConnectionOptions {
  readonly profile?: string;
  readonly region?: string;
  /** A role to take on first. */
  readonly role?: string;
  readonly endpoint?: string;
  /** The role to take on in other accounts. */
  readonly memberRole: string;
}

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

/** Adds the options that every command has that talks to AWS. */
export function withConnection(command: Command): Command {
  return command
    .option('--profile <name>', 'a profile of the AWS CLI (default: AWS_PROFILE)')
    .option('--region <region>', 'the region (default: AWS_REGION, AWS_DEFAULT_REGION, or the profile’s)')
    .option('--role <arn>', 'a role to take on first')
    .option(
      '--member-role <name>',
      'the role to take on in other accounts of the organization',
      'OrganizationAccountAccessRole',
    )
    .option('--endpoint <url>', 'another endpoint, such as the sandbox (default: AWS_ENDPOINT_URL)');
}

/**
 * Finds out who calls, and from where.
 * @throws {AwsUnreachable} with one sentence and what to do: no credentials, an expired session, a wrong region.
 */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  const { profile, role, endpoint, memberRole } = options;
  const chain = fromNodeProviderChain(profile === undefined ? {} : { profile });
  const common = { customUserAgent: userAgent, ...(endpoint === undefined ? {} : { endpoint }) };
  const region = options.region ?? (await configuredRegion(profile));
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
      clientsByPlace({ ownAccountId: accountId, partition, memberRoleName: memberRole, sts, now }, (at, credentials) =>
        create({ ...common, region: at, credentials: credentials ?? own }),
      ),
  };
}

/** The region of the environment or of the profile; the SDK knows where to look. */
async function configuredRegion(profile: string | undefined): Promise<string> {
  const { region } = new CloudFormationClient(profile === undefined ? {} : { profile }).config;
  try {
    return await region();
  } catch (error) {
    throw new AwsUnreachable(
      'no region is set: give --region, or set AWS_REGION, or a region in the profile of the AWS CLI',
      { cause: error },
    );
  }
}
