import { setImmediate as untilCallsAreSent } from 'node:timers/promises';
import { AccessDenied, LayerwardError } from '../domain/errors.ts';
import { type FunctionArn, formatFunctionArn, parseFunctionArn } from '../domain/function-arn.ts';
import type { Policy } from '../domain/policy.ts';
import type { Functions, Inventory, Listed, Quarter } from '../domain/ports.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { listTagged, type TaggedFunctions } from './opted-in-functions.ts';

/** What is asked of AWS. */
export interface ListingSources {
  readonly inventory: Inventory;
  readonly functions: Pick<Functions, 'read'>;
}

/** Who wants to know how a listing goes. */
export interface ListingObserver {
  /** @param total missing where AWS does not let us count */
  progress(done: number, total: number | undefined): void;
  /** A function that AWS does not let us read, now or later. */
  unread(functionArn: string, problem: string): void;
}

/** As many `GetFunction` calls at a time: with AWS's usual latency, about what their quota allows. */
const readsAtOnce = 10;
/** `ListFunctions` shows 50 functions a call, `GetFunction` one. */
const functionsPerPage = 50;
/** AWS's quotas, calls a second: `GetFunction` has one of its own; listings share theirs with all deployments. */
const callsPerSecond = { reading: 100, listing: 15 };
/** As many listed functions wait to hear whether they are tagged; then the listing waits, so that memory stays flat. */
const mostWaiting = 5_000;

/**
 * The functions of an account and region that opted in, in the shortest time: tagged functions and all functions are
 * listed at once; as soon as it is known which ones are tagged, those that have not been seen are read one by one, where
 * that is sooner done. A listing shows neither tags, which are those that the tagging API showed, nor whether AWS is at
 * work on a function.
 */
export async function* listOptedIn(
  quarter: Quarter,
  policy: Policy,
  { inventory, functions }: ListingSources,
  observer: ListingObserver,
): AsyncGenerator<readonly Snapshot[]> {
  const tagged: TaggedFunctions = new Map();
  const counting = countFunctions(quarter, inventory);
  const tagging = begin(listTagged(quarter, policy, inventory, tagged));
  const waiting: Listed[] = [];
  let done = 0;
  let next: ReturnType<Inventory['list']> | undefined = inventory.list(quarter, undefined);
  next.catch(() => {});
  const total = await counting;
  while (next) {
    const page: Awaited<ReturnType<Inventory['list']>> = await next;
    next = page.nextMarker === undefined ? undefined : inventory.list(quarter, page.nextMarker);
    // Whoever looks may stop or fail first; the listing's own failure is heard of when its turn comes.
    next?.catch(() => {});
    // Deciding keeps the process busy: the next call goes out first, and AWS is at work meanwhile.
    await untilCallsAreSent();
    waiting.push(...page.functions);
    done += page.functions.length;
    observer.progress(done, total);
    if (waiting.length > mostWaiting || tagging.hasEnded()) await tagging.ended;
    yield takeTagged(waiting, tagged, tagging.hasEnded());
    const pagesLeft = total === undefined ? 0 : (total - done) / functionsPerPage;
    const isReadSooner = tagged.size / callsPerSecond.reading < pagesLeft / callsPerSecond.listing;
    if (tagging.hasEnded() && isReadSooner) next = undefined;
  }
  await tagging.ended;
  yield takeTagged(waiting, tagged, true);
  // Not listed, or created or deleted meanwhile, or AWS is late to show or to forget it: a look at each one finds out.
  yield* readEach([...tagged.keys()], functions, observer);
}

/** Reads functions, several at a time. Those that are not there are left out. */
export async function* readEach(
  functionArns: readonly string[],
  functions: Pick<Functions, 'read'>,
  { progress, unread }: ListingObserver,
): AsyncGenerator<readonly Snapshot[]> {
  const waiting = functionArns.flatMap((functionArn) => parseFunctionArn(functionArn) ?? []);
  const total = waiting.length;
  const begin = (arn: FunctionArn) => {
    const read = functions.read(arn).catch((error: unknown) => {
      if (!(error instanceof LayerwardError) || error.retryable) throw error;
      unread(formatFunctionArn(arn), error.message);
      return undefined;
    });
    // Whoever looks may stop or fail first; a failure is heard of when its turn comes.
    read.catch(() => {});
    return read;
  };
  const reading = waiting.splice(0, readsAtOnce).map(begin);
  for (let done = 1, next = reading.shift(); next; next = reading.shift(), done++) {
    const snapshot = await next;
    reading.push(...waiting.splice(0, 1).map(begin));
    progress(done, total);
    if (snapshot) yield [snapshot];
  }
}

/** Takes out what is tagged; what is known to have no tag is dropped, and the rest waits on. */
function takeTagged(waiting: Listed[], tagged: TaggedFunctions, isAllKnown: boolean): Snapshot[] {
  const rest: Listed[] = [];
  const taken = waiting.flatMap((listed): Snapshot[] => {
    const functionArn = formatFunctionArn(listed.arn);
    const values = tagged.get(functionArn);
    if (!values) {
      if (!isAllKnown) rest.push(listed);
      return [];
    }
    tagged.delete(functionArn);
    return [{ ...listed, tags: { readable: true, values } }];
  });
  waiting.splice(0, waiting.length, ...rest);
  return taken;
}

/** Counting is a help, and not every reader may do it. */
async function countFunctions(quarter: Quarter, inventory: Inventory): Promise<number | undefined> {
  try {
    return await inventory.count(quarter);
  } catch (error) {
    if (error instanceof AccessDenied) return undefined;
    throw error;
  }
}

/** Something that goes on by itself. A failure is heard of by whoever waits for its end. */
function begin(work: Promise<unknown>) {
  let hasEnded = false;
  const ended = work.finally(() => {
    hasEnded = true;
  });
  ended.catch(() => {});
  return { ended, hasEnded: () => hasEnded };
}
