import { isDeepStrictEqual } from 'node:util';
import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import { AccountUnknown, InvalidInput } from '../domain/errors.ts';
import type { Account, AccountPlaces, AccountRegister } from '../domain/ports.ts';
import { toLayerwardError } from './refusal.ts';

/*
 * Where accounts are in the organization, in the table of records: `pk` is `accounts`, `sk` the account's id. Looks read
 * it here, so that they need neither the right to see the organization nor its few calls a second.
 */

const partition = 'accounts';
/** How long a look goes by what it has read; accounts move seldom. */
const keptForMs = 5 * 60_000;

/** One that has left is written over and expires: whoever keeps the register needs no right to delete anything. */
const accountItem = z.union([
  z.object({ hasLeft: z.literal(true) }).transform(() => undefined),
  z
    .object({
      sk: z.string(),
      accountName: z.string(),
      isActive: z.boolean(),
      organizationalUnits: z.array(z.string()),
    })
    .transform(
      ({ sk, accountName, isActive, organizationalUnits }): Account => ({
        accountId: sk,
        name: accountName,
        isActive,
        organizationalUnits,
      }),
    ),
]);

/** The register of accounts, in the table of records. */
export function createDynamoDbAccounts(
  client: DynamoDBClient,
  tableName: string,
  now: () => Date,
): AccountPlaces & AccountRegister {
  const kept = new Map<string, { readonly units: readonly string[]; readonly until: number }>();
  const keyOf = (accountId: string) => marshall({ pk: partition, sk: accountId });
  const send = async <T>(doing: string, call: () => Promise<T>): Promise<T> =>
    call().catch((error: unknown) => {
      throw toLayerwardError(error, doing);
    });

  /** Who is in the register; undefined where an entry is not of the form that this version writes. */
  async function registered(): Promise<Map<string, Account | undefined>> {
    const accounts = new Map<string, Account | undefined>();
    let startKey: Record<string, AttributeValue> | undefined;
    do {
      const exclusiveStart = startKey ? { ExclusiveStartKey: startKey } : {};
      const page = await send('reading the register of accounts', () =>
        client.send(
          new QueryCommand({
            TableName: tableName,
            KeyConditionExpression: 'pk = :pk',
            ExpressionAttributeValues: marshall({ ':pk': partition }),
            ...exclusiveStart,
          }),
        ),
      );
      for (const item of page.Items ?? []) {
        const { success, data } = accountItem.safeParse(unmarshall(item));
        if (!success || data) accounts.set(item['sk']?.S ?? '', data);
      }
      startKey = page.LastEvaluatedKey;
    } while (startKey);
    return accounts;
  }

  return {
    async unitsOf(accountId) {
      const known = kept.get(accountId);
      if (known && known.until > now().getTime()) return known.units;
      const { Item } = await send(`reading where account ${accountId} is in the organization`, () =>
        client.send(new GetItemCommand({ TableName: tableName, Key: keyOf(accountId) })),
      );
      const parsed = Item && accountItem.safeParse(unmarshall(Item));
      if (parsed?.error)
        throw new InvalidInput(
          `where account ${accountId} is in the organization is not of the form that this version writes: ` +
            z.prettifyError(parsed.error),
        );
      const account = parsed?.data;
      if (!account)
        throw new AccountUnknown(
          `account ${accountId} is not in the register of accounts yet, and the policy names organizational units; it is ` +
            'brought up to date every 15 minutes: see "An account is unknown" in docs/operations.md',
        );
      const { organizationalUnits } = account;
      kept.set(accountId, { units: organizationalUnits, until: now().getTime() + keptForMs });
      return organizationalUnits;
    },

    async replace(accounts) {
      const former = await registered();
      let changes = 0;
      const write = async (accountId: string, item: Readonly<Record<string, unknown>>) => {
        changes++;
        await send(`writing where account ${accountId} is in the organization`, () =>
          client.send(new PutItemCommand({ TableName: tableName, Item: { ...keyOf(accountId), ...marshall(item) } })),
        );
      };
      for (const account of accounts) {
        const { accountId, name, isActive, organizationalUnits } = account;
        const isKnown = isDeepStrictEqual(former.get(accountId), account);
        former.delete(accountId);
        if (!isKnown) await write(accountId, { accountName: name, isActive, organizationalUnits });
      }
      const expiresAt = Math.ceil(now().getTime() / 1000);
      for (const accountId of former.keys()) await write(accountId, { hasLeft: true, expiresAt });
      return changes;
    },
  };
}
