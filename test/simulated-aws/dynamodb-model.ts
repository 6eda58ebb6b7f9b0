import type {
  DeleteItemCommandInput,
  DeleteItemCommandOutput,
  GetItemCommandInput,
  GetItemCommandOutput,
  PutItemCommandInput,
  PutItemCommandOutput,
  QueryCommandInput,
  QueryCommandOutput,
  UpdateItemCommandInput,
  UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { AwsRefusal } from './aws-refusal.ts';
import { type ExpressionContext, fits, type Item, updated } from './dynamodb-expression.ts';

/** One table with the keys `pk` and `sk`, and an index that is late. */
export interface DynamoDbModel {
  getItem(input: GetItemCommandInput): GetItemCommandOutput;
  putItem(input: PutItemCommandInput): PutItemCommandOutput;
  deleteItem(input: DeleteItemCommandInput): DeleteItemCommandOutput;
  updateItem(input: UpdateItemCommandInput): UpdateItemCommandOutput;
  query(input: QueryCommandInput): QueryCommandOutput;
  /** An item as it is now. */
  item(pk: string, sk: string): Item | undefined;
  /** The items of a partition, by sort key. */
  partition(pk: string): readonly Item[];
  /** The partitions that there are. */
  partitions(): readonly string[];
}

/** How the table behaves. */
export interface DynamoDbOptions {
  readonly now: () => number;
  /** Milliseconds until the index shows a write. */
  readonly indexLag: (pk: string) => number;
  /** Items in a page of a query; DynamoDB itself counts bytes. */
  readonly pageSize: number;
}

interface Entry {
  readonly pk: string;
  readonly sk: string;
  current: Item | undefined;
  /** What the index shows until then. */
  shown: Item | undefined;
  shownUntil: number;
}

/** The index, by its partition key; template.yaml calls both keys so. */
const indexKeys = { pk: 'outcomePk', sk: 'outcomeSk' } as const;

export function createDynamoDbModel({ now, indexLag, pageSize }: DynamoDbOptions): DynamoDbModel {
  const table = new Map<string, Map<string, Entry>>();
  /** Whatever has or had this partition key in the index. */
  const index = new Map<string, Set<Entry>>();

  const keyOf = (key: Item | undefined) => ({ pk: key?.['pk']?.S ?? '', sk: key?.['sk']?.S ?? '' });
  const find = (key: Item | undefined): Entry | undefined => {
    const { pk, sk } = keyOf(key);
    return table.get(pk)?.get(sk);
  };
  const indexed = (entry: Entry) => (now() < entry.shownUntil ? entry.shown : entry.current);
  const write = (key: Item | undefined, item: Item | undefined): void => {
    const { pk, sk } = keyOf(key);
    const partition = table.get(pk) ?? new Map<string, Entry>();
    table.set(pk, partition);
    const entry = partition.get(sk) ?? { pk, sk, current: undefined, shown: undefined, shownUntil: 0 };
    partition.set(sk, entry);
    entry.shown = indexed(entry);
    entry.current = item;
    entry.shownUntil = now() + indexLag(pk);
    const bucket = item?.[indexKeys.pk]?.S;
    if (bucket === undefined) return;
    const entries = index.get(bucket) ?? new Set<Entry>();
    index.set(bucket, entries);
    entries.add(entry);
  };
  const contextOf = (input: {
    ExpressionAttributeNames?: Record<string, string> | undefined;
    ExpressionAttributeValues?: ExpressionContext['values'] | undefined;
  }): ExpressionContext => ({
    names: input.ExpressionAttributeNames ?? {},
    values: input.ExpressionAttributeValues ?? {},
  });
  const demand = (
    condition: string | undefined,
    item: Item | undefined,
    input: Parameters<typeof contextOf>[0],
  ): void => {
    if (condition !== undefined && !fits(condition, item, contextOf(input)))
      throw new AwsRefusal('ConditionalCheckFailedException', 400, 'The conditional request failed');
  };

  return {
    getItem({ Key }) {
      const item = find(Key)?.current;
      return { ...(item ? { Item: item } : {}), $metadata: {} };
    },
    putItem(input) {
      demand(input.ConditionExpression, find(input.Item)?.current, input);
      write(input.Item, input.Item);
      return { $metadata: {} };
    },
    deleteItem(input) {
      demand(input.ConditionExpression, find(input.Key)?.current, input);
      if (find(input.Key)?.current) write(input.Key, undefined);
      return { $metadata: {} };
    },
    updateItem(input) {
      const former = find(input.Key)?.current;
      demand(input.ConditionExpression, former, input);
      const item = updated(input.UpdateExpression ?? '', { ...input.Key, ...former }, contextOf(input));
      write(input.Key, item);
      return { Attributes: item, $metadata: {} };
    },
    query(input) {
      const { IndexName, KeyConditionExpression = '', ExclusiveStartKey, ScanIndexForward = true } = input;
      const context = contextOf(input);
      const names = IndexName ? indexKeys : ({ pk: 'pk', sk: 'sk' } as const);
      // The partition's value is the one that `outcomePk = :value`, or `pk = :value`, names.
      const named = new RegExp(`\\b${names.pk} = (:\\w+)`).exec(KeyConditionExpression)?.[1];
      const wanted = context.values[named ?? '']?.S ?? '';
      const entries = IndexName ? [...(index.get(wanted) ?? [])] : [...(table.get(wanted)?.values() ?? [])];
      const position = (item: Item) => `${item[names.sk]?.S}\n${item['pk']?.S}\n${item['sk']?.S}`;
      const found = entries
        .flatMap((entry) => {
          const item = IndexName ? indexed(entry) : entry.current;
          if (IndexName && entry.current?.[indexKeys.pk]?.S !== wanted && item?.[indexKeys.pk]?.S !== wanted)
            index.get(wanted)?.delete(entry);
          return item && fits(KeyConditionExpression, item, context) ? [{ item, at: position(item) }] : [];
        })
        .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
      if (!ScanIndexForward) found.reverse();
      const isBehind = (at: string, start: string) => (ScanIndexForward ? at > start : at < start);
      const start = ExclusiveStartKey && position(ExclusiveStartKey);
      const rest = start === undefined ? found : found.filter(({ at }) => isBehind(at, start));
      const page = rest.slice(0, pageSize).map(({ item }) => item);
      const last = page.at(-1);
      return {
        Items: page.map((item) => projected(item, input.ProjectionExpression, context)),
        ...(last && rest.length > pageSize ? { LastEvaluatedKey: picked(last, ['pk', 'sk', names.pk, names.sk]) } : {}),
        $metadata: {},
      };
    },
    item: (pk, sk) => table.get(pk)?.get(sk)?.current,
    partition: (pk) =>
      [...(table.get(pk)?.values() ?? [])]
        .flatMap(({ sk, current }) => (current ? [{ sk, current }] : []))
        .sort((a, b) => (a.sk < b.sk ? -1 : 1))
        .map(({ current }) => current),
    partitions: () => [...table.keys()],
  };
}

function projected(item: Item, expression: string | undefined, { names }: ExpressionContext): Item {
  if (expression === undefined) return item;
  return picked(
    item,
    expression.split(',').map((name) => names[name.trim()] ?? name.trim()),
  );
}

function picked(item: Item, names: readonly string[]): Item {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = item[name];
      return value ? [[name, value]] : [];
    }),
  );
}
