import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { createDynamoDbRecords } from '../../src/aws/dynamodb-records.ts';
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

let tables = 0;

/** Records in a table of their own at an endpoint that speaks DynamoDB, and the actions that are called on the wire. */
export async function openRecordsTable(endpoint: string): Promise<RecordsUnderTest> {
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'example' },
  });
  const actions: string[] = [];
  client.middlewareStack.add(
    (next, context) => (call) => {
      actions.push(String(context['commandName']).replace(/Command$/, ''));
      return next(call);
    },
    { step: 'initialize', name: 'noteAction' },
  );
  const TableName = `records-${process.pid}-${++tables}`;
  await client.send(new CreateTableCommand({ TableName, ...tableDefinition() }));
  return {
    records: createDynamoDbRecords(client, TableName),
    actions,
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
