import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import { createMemoryRecords } from '../fixtures/memory-records.ts';
import { defineRecordsContract } from './records.contract.ts';
import { openRecordsTable } from './records-table.ts';

defineRecordsContract('memory', async () => ({ records: createMemoryRecords().port, close: async () => {} }));

defineRecordsContract('dynalite', async () => {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const table = await openRecordsTable(`http://127.0.0.1:${port}`);
  return {
    ...table,
    async close() {
      await table.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
});

// Amazon's DynamoDB Local, where `npm run verify` has started it.
const dynamoDbLocal = process.env['LAYERWARD_DYNAMODB_ENDPOINT'];
if (dynamoDbLocal) defineRecordsContract('Amazon’s DynamoDB Local', () => openRecordsTable(dynamoDbLocal));
