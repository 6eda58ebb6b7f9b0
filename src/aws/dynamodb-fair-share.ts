import { type DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { Throttled } from '../domain/errors.ts';
import type { FairShare, Quarter } from '../domain/ports.ts';
import { readRefusal, toLayerwardError } from './refusal.ts';

/*
 * One line for each account and region, kept as one item: `nextAt`, the moment (ms) of the next free turn, and
 * `intervalMs`, the time between two turns. Whoever reserves moves `nextAt` on by an interval, in one conditional write,
 * so any number of workers together stay under the rate. The bound: turns are taken by the workers' own clocks, so in any
 * second there are at most rate × (1 s + the difference of their clocks) calls, and the interval has 5 % in hand for that.
 */

/** How the line moves. */
export interface FairShareOptions {
  /** Calls a second, for each account and region. */
  readonly callsPerSecond: number;
  readonly now: () => Date;
}

const inHand = 1.05;
/** Nobody reserves further ahead: SQS can't hold a message back for longer. */
const longestLineMs = 900_000;
/** After AWS has throttled us, everybody goes at half the rate for this long. */
const slowForMs = 60_000;
/** How often a turn is asked for, where other workers are sooner. */
const attempts = 5;

/** A fair share that all workers of a deployment keep together, in the table of records. */
export function createDynamoDbFairShare(
  client: DynamoDBClient,
  tableName: string,
  { callsPerSecond, now }: FairShareOptions,
): FairShare {
  const intervalMs = (1000 / callsPerSecond) * inHand;
  const waitingKey = (functionArn: string) => marshall({ pk: `turn#${functionArn}`, sk: 'turn' });
  const keyOf = ({ accountId, region }: Quarter) => marshall({ pk: `share#${accountId}#${region}`, sk: 'share' });

  async function update(
    quarter: Quarter,
    expression: string,
    condition: string,
    values: Readonly<Record<string, number>>,
  ): Promise<{ readonly nextAt: number; readonly intervalMs: number } | undefined> {
    try {
      const { Attributes } = await client.send(
        new UpdateItemCommand({
          TableName: tableName,
          Key: keyOf(quarter),
          UpdateExpression: expression,
          ConditionExpression: condition,
          ExpressionAttributeValues: marshall(values),
          ReturnValues: 'ALL_NEW',
        }),
      );
      const { nextAt, intervalMs: every } = Attributes ? unmarshall(Attributes) : {};
      return { nextAt: Number(nextAt), intervalMs: Number(every) };
    } catch (error) {
      if (readRefusal(error).name === 'ConditionalCheckFailedException') return undefined;
      throw toLayerwardError(error, `reserving a turn for ${quarter.accountId} in ${quarter.region}`);
    }
  }

  /** The line is empty: the turn is now. */
  const startLine = (quarter: Quarter, at: number) =>
    update(
      quarter,
      'SET nextAt = :next, intervalMs = :every, slowUntil = if_not_exists(slowUntil, :never), expiresAt = :expires',
      '(attribute_not_exists(nextAt) OR nextAt <= :now) AND (attribute_not_exists(slowUntil) OR slowUntil <= :now)',
      {
        ':now': at,
        ':next': at + intervalMs,
        ':every': intervalMs,
        ':never': 0,
        ':expires': Math.ceil(at / 1000) + 86_400,
      },
    );
  /** The line is empty, and everybody goes slowly. */
  const startSlowLine = (quarter: Quarter, at: number) =>
    update(quarter, 'SET nextAt = :next, intervalMs = :every', 'nextAt <= :now AND slowUntil > :now', {
      ':now': at,
      ':next': at + 2 * intervalMs,
      ':every': 2 * intervalMs,
    });
  /** There is a line: the turn is behind everybody else's. */
  const joinLine = (quarter: Quarter, at: number, longestWaitMs: number) =>
    update(quarter, 'SET nextAt = nextAt + intervalMs', 'nextAt > :now AND nextAt < :longest', {
      ':now': at,
      ':longest': at + longestWaitMs,
    });

  const nextTurn = async (quarter: Quarter): Promise<number> => {
    const { Item } = await client
      .send(new GetItemCommand({ TableName: tableName, Key: keyOf(quarter), ConsistentRead: true }))
      .catch((error: unknown) => {
        throw toLayerwardError(error, `reading the line for ${quarter.accountId} in ${quarter.region}`);
      });
    return Item ? Number(unmarshall(Item)['nextAt']) : 0;
  };

  /** When this worker last saw the next free turn, to try the likelier of the writes first. */
  const seen = new Map<string, number>();
  return {
    async reserve(quarter, longestWaitMs = longestLineMs) {
      const name = `${quarter.accountId} ${quarter.region}`;
      for (let attempt = 0; attempt < attempts; attempt++) {
        const at = now().getTime();
        const isLine = (seen.get(name) ?? 0) > at;
        const writes = isLine ? [joinLine, startLine, startSlowLine] : [startLine, joinLine, startSlowLine];
        for (const write of writes) {
          const answer = await write(quarter, at, longestWaitMs);
          if (!answer) continue;
          seen.set(name, answer.nextAt);
          return Math.max(0, answer.nextAt - answer.intervalMs - at);
        }
        // None of the writes fits where the line is too long, or where another worker has moved it in between.
        if ((await nextTurn(quarter)) - at >= longestWaitMs)
          throw new Throttled(
            `the line for ${quarter.accountId} in ${quarter.region} is longer than ${longestWaitMs / 1000} seconds`,
            { retryAfterSeconds: longestWaitMs / 1000 },
          );
      }
      throw new Throttled(
        `others were sooner, ${attempts} times in a row, to reserve a turn for ${quarter.accountId} in ${quarter.region}`,
      );
    },

    async waitingUntil(functionArn) {
      const { Item } = await client
        .send(new GetItemCommand({ TableName: tableName, Key: waitingKey(functionArn) }))
        .catch((error: unknown) => {
          throw toLayerwardError(error, `asking whether a look at ${functionArn} waits for its turn`);
        });
      const until = Item ? Number(unmarshall(Item)['turnAt']) : 0;
      return until > now().getTime() ? new Date(until) : undefined;
    },

    async noteWaiting(functionArn, until) {
      const turnAt = until.getTime();
      const item = marshall({ turnAt, expiresAt: Math.ceil(turnAt / 1000) + 60 });
      await client
        .send(new PutItemCommand({ TableName: tableName, Item: { ...waitingKey(functionArn), ...item } }))
        .catch((error: unknown) => {
          throw toLayerwardError(error, `noting that a look at ${functionArn} waits for its turn`);
        });
    },

    async slowDown(quarter, retryAfterSeconds = 1) {
      const at = now().getTime();
      await update(
        quarter,
        'SET nextAt = :next, intervalMs = :every, slowUntil = :until',
        // Where somebody has slowed the line down already, that is enough.
        'attribute_not_exists(slowUntil) OR slowUntil < :now OR nextAt < :next',
        {
          ':now': at,
          ':next': at + retryAfterSeconds * 1000,
          ':every': 2 * intervalMs,
          ':until': at + slowForMs,
        },
      );
    },
  };
}
