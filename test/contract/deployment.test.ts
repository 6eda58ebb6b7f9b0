import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDynamoDbDeployment } from '../../src/aws/dynamodb-deployment.ts';
import { InvalidInput } from '../../src/domain/errors.ts';
import { startDynalite } from './dynalite.ts';
import { type OpenTable, openTable } from './records-table.ts';

let server: Awaited<ReturnType<typeof startDynalite>>;
let table: OpenTable;
beforeAll(async () => {
  server = await startDynalite();
});
beforeEach(async () => {
  table = await openTable(server.endpoint);
});
afterEach(() => table.close());
afterAll(() => server.stop());

const open = () => createDynamoDbDeployment(table.client, table.tableName);

describe('a deployment', () => {
  it('is not ending, as long as nobody has said so', async () => {
    expect(await open().isEnding()).toBe(false);
  });

  it('is ending for everybody, once one has said so, however often', async () => {
    const other = open();
    expect(await other.isEnding()).toBe(false);
    await open().markEnding();
    await open().markEnding();
    expect(await other.isEnding()).toBe(true);
  });

  it('is asked for by a read that sees the last write', async () => {
    await open().isEnding();
    const reads = table.calls.filter(({ action }) => action === 'GetItem');
    expect(reads).toHaveLength(1);
    expect(reads[0]?.input).toMatchObject({ ConsistentRead: true });
  });

  it('does not end with that of another table', async () => {
    const another = await openTable(server.endpoint);
    await createDynamoDbDeployment(another.client, another.tableName).markEnding();
    expect(await open().isEnding()).toBe(false);
    await another.close();
  });

  it('whose table is gone can neither be marked nor asked, and says what was tried', async () => {
    await table.dropTable();
    const marking = await open()
      .markEnding()
      .catch((caught: unknown) => caught);
    expect(marking).toBeInstanceOf(InvalidInput);
    expect(String(marking)).toContain('marking this deployment as ending failed: ResourceNotFoundException');
    const asking = await open()
      .isEnding()
      .catch((caught: unknown) => caught);
    expect(asking).toBeInstanceOf(InvalidInput);
    expect(String(asking)).toContain('asking whether this deployment is ending failed: ResourceNotFoundException');
  });
});
