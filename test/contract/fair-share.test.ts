import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDynamoDbFairShare } from '../../src/aws/dynamodb-fair-share.ts';
import { Throttled } from '../../src/domain/errors.ts';
import { tableDefinition } from './records-table.ts';

const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
let client: DynamoDBClient;
let clock = 0;
let quarters = 0;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
  await client.send(new CreateTableCommand({ TableName: 'records', ...tableDefinition() }));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  clock = Date.parse('2026-11-23T12:00:00Z');
  quarters++;
});

const quarter = () => ({ accountId: String(111122220000 + quarters), region: 'us-east-1' });
/** A worker of its own, as each process of the function is one. */
const worker = () => createDynamoDbFairShare(client, 'records', { callsPerSecond: 8, now: () => new Date(clock) });

describe('a fair share', () => {
  it('gives many workers together no more than its rate in any second', async () => {
    const workers = Array.from({ length: 10 }, worker);
    const waits = await Promise.all(workers.flatMap((one) => Array.from({ length: 4 }, () => one.reserve(quarter()))));
    const turns = waits.sort((a, b) => a - b);
    expect(turns[0]).toBe(0);
    for (const turn of turns)
      expect(turns.filter((other) => other >= turn && other < turn + 1000).length).toBeLessThanOrEqual(8);
    // And hardly less: 40 calls at 8 a second take 5 seconds, and a twentieth is kept in hand.
    expect(turns.at(-1)).toBeLessThan(39 * 125 * 1.06);
  });

  it('makes nobody wait where nobody else calls', async () => {
    const one = worker();
    for (let n = 0; n < 3; n++) {
      expect(await one.reserve(quarter())).toBe(0);
      clock += 1000;
    }
  });

  it('keeps accounts and regions apart', async () => {
    const one = worker();
    expect(await one.reserve(quarter())).toBe(0);
    expect(await one.reserve({ ...quarter(), region: 'eu-west-1' })).toBe(0);
    expect(await one.reserve(quarter())).toBeGreaterThan(0);
  });

  it('goes at half the rate for a minute after AWS throttled somebody, and then recovers', async () => {
    const one = worker();
    await one.reserve(quarter());
    await one.slowDown(quarter(), 2);
    const first = await worker().reserve(quarter());
    const second = await one.reserve(quarter());
    expect(first).toBeGreaterThanOrEqual(2000);
    expect(second - first).toBeCloseTo(262.5);
    clock += 30_000;
    await one.reserve(quarter());
    expect(await one.reserve(quarter())).toBeCloseTo(262.5);
    clock += 60_000;
    await one.reserve(quarter());
    expect(await one.reserve(quarter())).toBeCloseTo(131.25);
  });

  it('says so where the line is longer than SQS can hold a message back', async () => {
    const one = createDynamoDbFairShare(client, 'records', { callsPerSecond: 0.001, now: () => new Date(clock) });
    await one.reserve(quarter());
    await expect(one.reserve(quarter())).rejects.toBeInstanceOf(Throttled);
  });
});
