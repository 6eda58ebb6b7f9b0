import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { openDynamoDbRecords } from '../../src/aws/dynamodb-record-queries.ts';
import { parseTemplate } from '../../src/sandbox/template.ts';
import type { RecordsUnderTest } from './records.contract.ts';

const templatePath = join(import.meta.dirname, '../../template.yaml');

const keys = z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));

/** What `CreateTable` takes of CloudFormation's `AWS::DynamoDB::Table`. */
const tableProperties = z.object({
  BillingMode: z.literal('PAY_PER_REQUEST'),
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) })),
  KeySchema: keys,
  GlobalSecondaryIndexes: z.array(
    z.object({ IndexName: z.string(), KeySchema: keys, Projection: z.object({ ProjectionType: z.literal('ALL') }) }),
  ),
});

/** The table as template.yaml defines it. */
export function tableDefinition(): z.output<typeof tableProperties> {
  const template = parseTemplate(readFileSync(templatePath, 'utf8'), templatePath);
  const tables = Object.values(template.resources).filter(({ type }) => type === 'AWS::DynamoDB::Table');
  if (tables.length !== 1) throw new Error(`template.yaml has ${tables.length} tables, and this suite knows of one`);
  return tableProperties.parse(tables[0]?.properties);
}

/** A call of DynamoDB as it was made. */
export interface DynamoDbCall {
  readonly action: string;
  readonly input: unknown;
}

/** A table of its own, as template.yaml defines it. */
export interface OpenTable {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** Every call so far, in order. */
  readonly calls: DynamoDbCall[];
  /** Takes the table away and answers its name. */
  dropTable(): Promise<string>;
  close(): Promise<void>;
}

let tables = 0;

/** Makes a table at an endpoint that speaks DynamoDB. */
export async function openTable(endpoint: string): Promise<OpenTable> {
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'example' },
  });
  const calls: DynamoDbCall[] = [];
  client.middlewareStack.add(
    (next, context) => (call) => {
      calls.push({ action: String(context['commandName']).replace(/Command$/, ''), input: call.input });
      return next(call);
    },
    { step: 'initialize', name: 'noteCall' },
  );
  const TableName = `records-${process.pid}-${++tables}`;
  await client.send(new CreateTableCommand({ TableName, ...tableDefinition() }));
  return {
    client,
    tableName: TableName,
    calls,
    async dropTable() {
      await client.send(new DeleteTableCommand({ TableName }));
      return TableName;
    },
    async close() {
      await client.send(new DeleteTableCommand({ TableName })).catch(() => {});
      client.destroy();
    },
  };
}

/** Records in a table of their own at an endpoint that speaks DynamoDB, and the calls that are made of it. */
export async function openRecordsTable(endpoint: string): Promise<RecordsUnderTest> {
  const { client, tableName, calls, dropTable, close } = await openTable(endpoint);
  const sayLost = async () => {
    const Item = { pk: { S: 'deployment' }, sk: { S: 'records-lost' }, expiresAt: { N: '1800000000' } };
    await client.send(new PutItemCommand({ TableName: tableName, Item }));
  };
  return { records: openDynamoDbRecords(client, tableName), calls, sayLost, dropTable, close };
}
