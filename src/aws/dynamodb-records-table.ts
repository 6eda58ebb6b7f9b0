import { type AttributeValue, type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { InvalidInput } from '../domain/errors.ts';
import { readRefusal, toLayerwardError } from './refusal.ts';

/** The table of records: its calls, with errors that name it, and its queries, page after page. */
export function openRecordsTable(client: DynamoDBClient, tableName: string) {
  async function send<T>(doing: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (readRefusal(error).name === 'ResourceNotFoundException')
        throw new InvalidInput(
          `${doing} failed: there is no table ${tableName}; restore it or deploy again: see docs/operations.md#the-table-is-lost`,
          { cause: error },
        );
      throw toLayerwardError(error, doing);
    }
  }

  async function* query(
    keys: Readonly<Record<string, string>>,
    condition: string,
    options: {
      readonly index?: string;
      readonly newestFirst?: boolean;
      readonly isConsistent?: boolean;
      readonly attributes?: readonly string[];
    },
  ): AsyncIterable<Record<string, unknown>> {
    let startKey: Record<string, AttributeValue> | undefined;
    do {
      const exclusiveStart = startKey ? { ExclusiveStartKey: startKey } : {};
      const page = await send('asking the records', () =>
        client.send(
          new QueryCommand({
            TableName: tableName,
            ...(options.index ? { IndexName: options.index } : {}),
            KeyConditionExpression: condition,
            ExpressionAttributeValues: marshall(keys),
            ScanIndexForward: !options.newestFirst,
            ...(options.isConsistent ? { ConsistentRead: true } : {}),
            ...projectionOf(options.attributes),
            ...exclusiveStart,
          }),
        ),
      );
      for (const item of page.Items ?? []) yield unmarshall(item);
      startKey = page.LastEvaluatedKey;
    } while (startKey);
  }

  return { send, query };
}

/** Only these attributes; their names may be words that DynamoDB reserves. */
function projectionOf(attributes: readonly string[] | undefined) {
  if (!attributes) return {};
  return {
    ProjectionExpression: attributes.map((_, index) => `#a${index}`).join(', '),
    ExpressionAttributeNames: Object.fromEntries(attributes.map((name, index) => [`#a${index}`, name])),
  };
}
