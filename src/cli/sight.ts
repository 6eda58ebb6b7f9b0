import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Command } from 'commander';
import { createDynamoDbAccounts } from '../aws/dynamodb-accounts.ts';
import { createDynamoDbRecords } from '../aws/dynamodb-records.ts';
import { createLambdaFunctions } from '../aws/lambda-functions.ts';
import { createLambdaInventory } from '../aws/lambda-inventory.ts';
import { createSecretsManagerCredentials } from '../aws/secrets-manager-credentials.ts';
import { createSingleAccount } from '../aws/single-account.ts';
import type { Agents } from '../domain/agent.ts';
import type { Functions, Inventory } from '../domain/ports.ts';
import { readAgents } from '../service/agent-files.ts';
import type { Sight } from '../service/judge.ts';
import { type Connection, type ConnectionOptions, connect, withConnection } from './connection.ts';
import { type DeployedStack, findStack } from './deployed-stack.ts';
import { WrongUse } from './exit-code.ts';
import { readPolicyFile } from './policy-file.ts';

/** How a person says by which policy and records to decide. */
export interface SightOptions extends ConnectionOptions {
  readonly policy?: string;
  readonly stack: string;
  readonly table?: string;
}

/** Everything that a command needs in order to decide about functions. */
export interface OpenSight extends Sight {
  readonly connection: Connection;
  readonly agents: Agents;
  readonly functions: Functions;
  readonly inventory: Inventory;
  /** Absent where nothing is deployed, and no table is named. */
  readonly records: ReturnType<typeof createDynamoDbRecords> | undefined;
  readonly stack: DeployedStack | undefined;
}

/** Adds the options of a command that decides about functions. */
export function withSight(command: Command): Command {
  return withConnection(command)
    .option('--policy <file>', 'the policy to decide by (default: policy.yaml, else policy.example.yaml)')
    .option('--stack <name>', 'Layerward’s stack, whose records tell what it attached; none is needed', 'layerward')
    .option('--table <name>', 'the table of records, where the stack can’t be asked');
}

/** Adds the options of a command that asks the records. */
export function withRecords(command: Command): Command {
  return withConnection(command)
    .option('--stack <name>', 'Layerward’s stack, which tells where the records are', 'layerward')
    .option('--table <name>', 'the table of records, where the stack can’t be asked');
}

/** Connects, and opens all that deciding about functions takes. */
export async function openSight(options: SightOptions): Promise<OpenSight> {
  const agents = readAgents();
  const policy = readPolicyFile(options.policy, agents);
  const connection = await connect(options);
  const { records, stack, table } = await openTable(connection, options);
  const now = () => new Date();
  const ownFunctions = ['remediate', 'sweep', 'organize-sweep', 'deployment'].map(
    (name) =>
      `arn:${connection.partition}:lambda:${connection.region}:${connection.accountId}:function:${options.stack}-${name}`,
  );
  const isForOrganization = (stack?.parameters['OrganizationId'] ?? '') !== '';
  return {
    connection,
    agents,
    policy,
    stack,
    records,
    ownFunctionArns: stack ? ownFunctions : [],
    functions: createLambdaFunctions(connection.clients((given) => new LambdaClient({ ...given, maxAttempts: 5 }))),
    inventory: createLambdaInventory(
      {
        lambda: connection.clients((given) => new LambdaClient({ ...given, maxAttempts: 5 })),
        tagging: connection.clients((given) => new ResourceGroupsTaggingAPIClient(given)),
      },
      // A person's own calls, one listing at a time, wait for no turn of the deployment's.
      { reserve: async () => 0, slowDown: async () => undefined },
      async () => undefined,
    ),
    accounts:
      isForOrganization && table !== undefined
        ? createDynamoDbAccounts(
            connection.client((given) => new DynamoDBClient(given)),
            table,
            now,
          )
        : createSingleAccount(),
    credentials: createSecretsManagerCredentials(
      connection.client((given) => new SecretsManagerClient(given)),
      now,
    ),
    now,
  };
}

/** Where the records are; nothing where no stack is deployed and no table is named. */
async function openTable(connection: Connection, options: Pick<SightOptions, 'stack' | 'table'>) {
  const stack = await findStack(connection, options.stack);
  const table = options.table ?? stack?.outputs['RecordsTableName'];
  const records =
    table === undefined
      ? undefined
      : createDynamoDbRecords(
          connection.client((given) => new DynamoDBClient(given)),
          table,
        );
  return { stack, table, records };
}

/**
 * Connects, and opens the records.
 * @throws {WrongUse} where no stack is deployed here, and no table is named.
 */
export async function openRecords(options: ConnectionOptions & Pick<SightOptions, 'stack' | 'table'>) {
  const connection = await connect(options);
  const { records, stack } = await openTable(connection, options);
  if (!records)
    throw new WrongUse(
      `there is no stack ${options.stack} in account ${connection.accountId}, ${connection.region}: give --region, --profile ` +
        'or --stack for where Layerward is deployed, or --table',
    );
  return { connection, records, stack };
}
