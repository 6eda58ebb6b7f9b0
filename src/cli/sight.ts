import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createDynamoDbAccounts } from '../aws/dynamodb-accounts.ts';
import { openDynamoDbRecords } from '../aws/dynamodb-record-queries.ts';
import { createLambdaFunctions } from '../aws/lambda-functions.ts';
import { createLambdaInventory } from '../aws/lambda-inventory.ts';
import { createSecretsManagerCredentials } from '../aws/secrets-manager-credentials.ts';
import { createSingleAccount } from '../aws/single-account.ts';
import type { Agents } from '../domain/agent.ts';
import type { Functions, Inventory } from '../domain/ports.ts';
import { readAgents } from '../service/agent-files.ts';
import type { Sight } from '../service/judge.ts';
import { type Connection, connect } from './connection.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { type DeployedStack, findStack } from './deployed-stack.ts';
import { WrongUse } from './exit-code.ts';
import { readPolicyFile } from './policy-file.ts';
import type { SightOptions } from './sight-options.ts';

export { type SightOptions, withRecords, withSight } from './sight-options.ts';

/** Everything that a command needs in order to decide about functions. */
export interface OpenSight extends Sight {
  readonly connection: Connection;
  readonly agents: Agents;
  readonly functions: Functions;
  readonly inventory: Inventory;
  /** Absent where nothing is deployed, and no table is named. */
  readonly records: ReturnType<typeof openDynamoDbRecords> | undefined;
  readonly stack: DeployedStack | undefined;
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
        tagging: connection.clients((given) => new ResourceGroupsTaggingAPIClient({ ...given, maxAttempts: 5 })),
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
      : openDynamoDbRecords(
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
