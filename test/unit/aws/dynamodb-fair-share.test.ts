import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDynamoDbFairShare } from '../../../src/aws/dynamodb-fair-share.ts';
import { Throttled } from '../../../src/domain/errors.ts';
import { jsonError, type StandIn, standInOptions, startStandIn, type WireRequest } from '../../fixtures/stand-in.ts';

/* What only the wire shows; the rest is in test/contract/fair-share.test.ts. */

let standIn: StandIn;
let client: DynamoDBClient;
beforeAll(async () => {
  standIn = await startStandIn();
  client = new DynamoDBClient(standInOptions(standIn));
});
beforeEach(() => {
  standIn.requests.length = 0;
});
afterAll(() => {
  client.destroy();
  return standIn.stop();
});

const quarter = { accountId: '222233334444', region: 'eu-west-1' };
const now = Date.parse('2026-11-23T12:00:00Z');
const share = () => createDynamoDbFairShare(client, 'records', { callsPerSecond: 8, now: () => new Date(now) });
const isRead = ({ headers }: WireRequest) => String(headers['x-amz-target']).endsWith('.GetItem');

/** Another worker moves the line between any two of our writes, this many times; the line ends at `nextAt`. */
function othersAreSooner(times: number, nextAt: number): void {
  let left = times;
  standIn.answer((request) => {
    if (isRead(request)) return { body: { Item: marshall({ nextAt }) } };
    if (left-- > 0) return jsonError('ConditionalCheckFailedException', 'The conditional request failed');
    return { body: { Attributes: marshall({ nextAt: now + 250, intervalMs: 125 }) } };
  });
}

describe('a turn', () => {
  it('is had all the same where another worker was sooner a few times', async () => {
    othersAreSooner(8, now + 125);
    expect(await share().reserve(quarter)).toBe(125);
  });

  it('is asked for again soon, and not after the longest line, where others were sooner each time', async () => {
    othersAreSooner(Number.POSITIVE_INFINITY, now + 125);
    const error = await share()
      .reserve(quarter)
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Throttled);
    expect(error).toMatchObject({ retryAfterSeconds: undefined });
    expect(String(error)).toContain('others were sooner, 5 times in a row, to reserve a turn for 222233334444');
  });

  it('is not asked for in vain where the line is too long', async () => {
    othersAreSooner(Number.POSITIVE_INFINITY, now + 900_000);
    await expect(share().reserve(quarter)).rejects.toMatchObject({ retryAfterSeconds: 900 });
    expect(standIn.requests.filter(isRead)).toHaveLength(1);
  });

  it('is not had, and it is said why, where the line can’t be read', async () => {
    standIn.answer((request) =>
      isRead(request) ? jsonError('AccessDeniedException', 'no') : jsonError('ConditionalCheckFailedException', 'no'),
    );
    await expect(share().reserve(quarter)).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining('reading the line for 222233334444 in eu-west-1'),
    });
  });
});
