import { createMemoryRecords } from '../fixtures/memory-records.ts';
import { startDynalite } from './dynalite.ts';
import { defineRecordsContract } from './records.contract.ts';
import { openRecordsTable } from './records-table.ts';

defineRecordsContract('memory', async () => {
  const { port, sayLost } = createMemoryRecords();
  return { records: port, sayLost, close: async () => {} };
});

defineRecordsContract('dynalite', async () => {
  const server = await startDynalite();
  const table = await openRecordsTable(server.endpoint);
  return {
    ...table,
    async close() {
      await table.close();
      await server.stop();
    },
  };
});

// Amazon's DynamoDB Local, where `npm run verify` has started it.
const dynamoDbLocal = process.env['LAYERWARD_DYNAMODB_ENDPOINT'];
if (dynamoDbLocal) defineRecordsContract('Amazon’s DynamoDB Local', () => openRecordsTable(dynamoDbLocal));
