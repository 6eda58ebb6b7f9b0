import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { DeploymentState } from '../domain/ports.ts';
import { toLayerwardError } from './refusal.ts';

/** The mark that a deployment ends, in the table of records. A table belongs to one deployment, so it is never taken off. */
export function createDynamoDbDeployment(client: DynamoDBClient, tableName: string): DeploymentState {
  const Key = marshall({ pk: 'deployment', sk: 'ending' });
  return {
    async markEnding() {
      await client.send(new PutItemCommand({ TableName: tableName, Item: Key })).catch((error: unknown) => {
        throw toLayerwardError(error, 'marking this deployment as ending');
      });
    },
    async isEnding() {
      const { Item } = await client
        .send(new GetItemCommand({ TableName: tableName, Key, ConsistentRead: true }))
        .catch((error: unknown) => {
          throw toLayerwardError(error, 'asking whether this deployment is ending');
        });
      return Item !== undefined;
    },
  };
}
