import { formatFunctionArn, parseFunctionArn } from '../domain/function-arn.ts';
import type { Policy } from '../domain/policy.ts';
import type { Functions, Inventory, Listed, Quarter } from '../domain/ports.ts';
import type { Snapshot } from '../domain/snapshot.ts';

/** Tags by function ARN: only the tags that a policy asks about. */
export type TaggedFunctions = Map<string, Readonly<Record<string, string>>>;

/** Some functions that opted in, as they were listed or read. */
export interface OptedInPage {
  readonly snapshots: readonly Snapshot[];
  /** Where to go on after this page; absent at the end, and where functions are read one by one. */
  readonly nextMarker: string | undefined;
}

/** What is asked of AWS. */
export interface OptedInSources {
  readonly inventory: Inventory;
  readonly functions: Pick<Functions, 'read'>;
}

/** As many `GetFunction` calls at a time; they have a quota of their own, 100 a second. */
const readsAtOnce = 10;
/**
 * With more tagged functions than this, reading them is fewer calls only where they are lost among thousands of others:
 * the count of functions is asked for only once a few pages have shown that there are more.
 */
const fewTagged = 100;
const pagesBeforeCounting = 4;

/**
 * The functions of an account and region that opted in: ⌈T/100⌉ `GetResources` calls for T of them.
 * @param tagged where they go, for whoever wants to see them come
 */
export async function listTagged(
  quarter: Quarter,
  policy: Policy,
  inventory: Pick<Inventory, 'tagged'>,
  tagged: TaggedFunctions = new Map(),
): Promise<TaggedFunctions> {
  const { optIn, groupTag } = policy;
  // Most functions have the same few tags: one object for all that are alike.
  const shared = new Map<string | undefined, Readonly<Record<string, string>>>();
  for await (const { functionArn, tags } of inventory.tagged(quarter, optIn.tag, optIn.value)) {
    const group = tags[groupTag];
    const asked = shared.get(group) ?? {
      [optIn.tag]: optIn.value,
      ...(group === undefined ? {} : { [groupTag]: group }),
    };
    shared.set(group, asked);
    tagged.set(functionArn, asked);
  }
  return tagged;
}

/**
 * Looks at tagged functions in the fewest calls: all functions of the account and region page by page (⌈N/50⌉
 * `ListFunctions` calls), or the tagged ones one by one (T `GetFunction` calls) where that is fewer. A listing shows neither tags, which
 * are those that the tagging API showed, nor whether AWS is at work on a function.
 *
 * @param tagged is emptied on the way: what is left at the end was listed nowhere
 * @param from where an earlier listing stopped
 */
export async function* readOptedIn(
  quarter: Quarter,
  tagged: TaggedFunctions,
  { inventory, functions }: OptedInSources,
  from?: string,
): AsyncGenerator<OptedInPage> {
  const take = (listed: readonly Listed[]): Snapshot[] =>
    listed.flatMap((one) => {
      const functionArn = formatFunctionArn(one.arn);
      const values = tagged.get(functionArn);
      if (!values) return [];
      tagged.delete(functionArn);
      return { ...one, tags: { readable: true, values } } satisfies Snapshot;
    });
  const readRest = async function* (): AsyncGenerator<OptedInPage> {
    const functionArns = [...tagged.keys()];
    for (let at = 0; at < functionArns.length; at += readsAtOnce) {
      const read = functionArns.slice(at, at + readsAtOnce).map(async (functionArn) => {
        const arn = parseFunctionArn(functionArn);
        return arn ? functions.read(arn) : undefined;
      });
      const listed = (await Promise.all(read)).filter((snapshot) => snapshot !== undefined);
      yield { snapshots: take(listed), nextMarker: undefined };
    }
  };

  const isFirst = from === undefined;
  if (isFirst && tagged.size <= fewTagged && (await readsAreCheaper(tagged.size, 0, quarter, inventory))) {
    yield* readRest();
    return;
  }
  let next: ReturnType<Inventory['list']> | undefined = inventory.list(quarter, from);
  for (let pages = 1; next; pages++) {
    const page: Awaited<ReturnType<Inventory['list']>> = await next;
    const { nextMarker } = page;
    const mayRead = isFirst && pages === pagesBeforeCounting && tagged.size > fewTagged && nextMarker !== undefined;
    const isReading = mayRead && (await readsAreCheaper(tagged.size, pages, quarter, inventory));
    // The next page is on its way while this one is looked at.
    next = nextMarker === undefined || isReading ? undefined : inventory.list(quarter, nextMarker);
    // Whoever looks may stop or fail first; the listing's own failure is heard of when its turn comes.
    next?.catch(() => {});
    yield { snapshots: take(page.functions), nextMarker: isReading ? undefined : nextMarker };
    if (isReading) yield* readRest();
  }
}

/** `ListFunctions` shows 50 functions a call, `GetFunction` one. */
async function readsAreCheaper(
  tagged: number,
  pagesListed: number,
  quarter: Quarter,
  inventory: Inventory,
): Promise<boolean> {
  // Asking how many there are is a call, too.
  if (tagged <= 2) return true;
  return tagged < Math.ceil((await inventory.count(quarter)) / 50) - pagesListed;
}
