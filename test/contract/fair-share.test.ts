import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDynamoDbFairShare } from '../../src/aws/dynamodb-fair-share.ts';
import { Throttled } from '../../src/domain/errors.ts';
import { startDynalite } from './dynalite.ts';
import { openTable } from './records-table.ts';

let client: DynamoDBClient;
let tableName: string;
let endpoint: string;
let stop: () => Promise<void>;
let clock = 0;
let quarters = 0;

beforeAll(async () => {
  const server = await startDynalite();
  ({ endpoint } = server);
  const table = await openTable(endpoint);
  ({ client, tableName } = table);
  stop = async () => {
    await table.close();
    await server.stop();
  };
});
afterAll(() => stop());
beforeEach(() => {
  clock = Date.parse('2026-11-23T12:00:00Z');
  quarters++;
});

const quarter = () => ({ accountId: String(111122220000 + quarters), region: 'us-east-1' });
/** A worker of its own, as each process of the function is one. */
const worker = () => createDynamoDbFairShare(client, tableName, { callsPerSecond: 8, now: () => new Date(clock) });

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
    const one = createDynamoDbFairShare(client, tableName, { callsPerSecond: 0.001, now: () => new Date(clock) });
    await one.reserve(quarter());
    await expect(one.reserve(quarter())).rejects.toBeInstanceOf(Throttled);
  });

  it('has a turn for those who wait as long as the line is, and none for those who do not', async () => {
    const [first, second] = [worker(), worker()];
    await first.reserve(quarter());
    for (let n = 1; n <= 8; n++) await first.reserve(quarter());
    // The next turn comes in 9 × 131.25 ms.
    const error = await second.reserve(quarter(), 1181).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Throttled);
    expect(error).toMatchObject({ retryable: true, retryAfterSeconds: 1.181 });
    expect(String(error)).toContain(`the line for ${quarter().accountId} in us-east-1 is longer than 1.181 seconds`);
    expect(await second.reserve(quarter(), 1182)).toBeCloseTo(1181.25);
  });

  it('gives no turn to those who would not wait for it: the line is as long as before', async () => {
    const [patient, hasty] = [worker(), worker()];
    for (let n = 0; n < 5; n++) await patient.reserve(quarter());
    for (let n = 0; n < 4; n++) await expect(hasty.reserve(quarter(), 500)).rejects.toBeInstanceOf(Throttled);
    expect(await patient.reserve(quarter())).toBeCloseTo(5 * 131.25);
    clock += 500;
    expect(await hasty.reserve(quarter(), 500)).toBeCloseTo(6 * 131.25 - 500);
  });

  it('has a turn at once for those who do not wait at all, where there is no line', async () => {
    expect(await worker().reserve(quarter(), 0)).toBe(0);
    await expect(worker().reserve(quarter(), 0)).rejects.toBeInstanceOf(Throttled);
    clock += 1000;
    expect(await worker().reserve(quarter(), 0)).toBe(0);
  });

  it('that was slowed down has no turn for those who would not wait until it goes on', async () => {
    await worker().slowDown(quarter(), 90);
    await expect(worker().reserve(quarter(), 60_000)).rejects.toBeInstanceOf(Throttled);
    clock += 30_001;
    expect(await worker().reserve(quarter(), 60_000)).toBe(59_999);
  });
});

describe('a look that waits for its turn', () => {
  let functions = 0;
  const functionArn = () => `arn:aws:lambda:us-east-1:111122223333:function:waits-${functions}`;
  beforeEach(() => {
    functions++;
  });

  it('is known to everybody until the turn comes', async () => {
    const until = new Date(clock + 30_000);
    expect(await worker().waitingUntil(functionArn())).toBeUndefined();
    await worker().noteWaiting(functionArn(), until);
    expect(await worker().waitingUntil(functionArn())).toEqual(until);
    clock += 29_999;
    expect(await worker().waitingUntil(functionArn())).toEqual(until);
    clock += 1;
    expect(await worker().waitingUntil(functionArn())).toBeUndefined();
  });

  it('is of one function only, whose line it leaves alone', async () => {
    await worker().noteWaiting(functionArn(), new Date(clock + 30_000));
    expect(await worker().waitingUntil(`${functionArn()}-2`)).toBeUndefined();
    expect(await worker().reserve(quarter())).toBe(0);
  });

  it('may wait for a later turn the next time', async () => {
    await worker().noteWaiting(functionArn(), new Date(clock + 1000));
    clock += 5000;
    const until = new Date(clock + 2000);
    await worker().noteWaiting(functionArn(), until);
    expect(await worker().waitingUntil(functionArn())).toEqual(until);
  });

  it('is forgotten by the table a minute after its turn', async () => {
    const table = await openTable(endpoint);
    const share = createDynamoDbFairShare(table.client, table.tableName, {
      callsPerSecond: 8,
      now: () => new Date(clock),
    });
    await share.noteWaiting(functionArn(), new Date(clock + 30_000));
    expect(table.calls.at(-1)?.input).toMatchObject({ Item: { expiresAt: { N: String(clock / 1000 + 90) } } });
    await table.close();
  });
});
