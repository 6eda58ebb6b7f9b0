import type { Agents } from '../domain/agent.ts';
import type { Change } from '../domain/change.ts';
import { LayerwardError } from '../domain/errors.ts';
import { type FunctionArn, formatFunctionArn, parseFunctionArn } from '../domain/function-arn.ts';
import { type Policy, policySchema } from '../domain/policy.ts';
import type { AttachedRecords } from '../domain/ports.ts';
import { remediate, type World } from './remediate.ts';
import type { MayGoOn } from './sweep.ts';

/** What a release of everything needs of the world: no policy, no queue, and nobody is told of each function. */
export interface ReleaseWorld extends Omit<World, 'policies' | 'followUps' | 'alerts'> {
  readonly records: World['records'] & AttachedRecords;
}

/** How far a release of everything came. */
export interface ReleaseProgress {
  /** False where time ran out: another run goes on. */
  readonly isDone: boolean;
  /** How many functions have nothing of ours any more. */
  readonly released: number;
  /** Functions that could not be released, and why. */
  readonly left: readonly { readonly functionArn: string; readonly why: string }[];
}

/** What released functions are put down to in their history. */
export const uninstallEvent = 'Uninstall';

/** As many functions at a time; most of them wait for their turn. */
const atOnce = 100;
/**
 * How often a function is looked at in a run before it counts as left: with the delays, a few minutes. As often again, once
 * AWS has accepted an update, so that it is verified.
 */
const looksAllowed = 9;

/**
 * The policy by which everything is released: it leaves every function out, and enforces that. The deployed policy is of
 * no use here; it may be broken, and may be to audit only.
 */
export function releasingPolicy(agents: Agents): Policy {
  const [agent] = agents.keys();
  return policySchema.parse({
    version: 1,
    mode: 'enforce',
    agent: agent ?? 'none',
    groups: { none: { secret: 'none' } },
    defaultGroup: 'none',
    exclude: { functions: ['*'] },
  });
}

interface Look {
  readonly arn: FunctionArn;
  readonly change: Change;
  readonly dueAt: number;
}

/**
 * Releases every function that has something of ours, in every account. What one run has not done the next one does: the
 * records say what is left. A function that can't be released is passed over, and named.
 *
 * @param options.requestId what asked for it; it is in the history of each function
 * @param options.notBefore functions may be changed by others of ours until then, so the last check is not made sooner
 */
export async function releaseAll(
  world: ReleaseWorld,
  options: { readonly requestId: string; readonly notBefore: Date; readonly mayGoOn: MayGoOn },
): Promise<ReleaseProgress> {
  const policy = releasingPolicy(world.agents);
  const left = new Map<string, string>();
  const released = new Set<string>();
  /** The version of a record when its function was looked at; one that nobody has written since needs no other look. */
  const seen = new Map<string, number>();
  const eventTime = world.now().toISOString();

  /** Looks at one function until it is released or given up. */
  const release = async (arn: FunctionArn): Promise<void> => {
    const functionArn = formatFunctionArn(arn);
    const first: Change = {
      functionArn: arn,
      kind: 'asked',
      eventId: options.requestId,
      eventName: uninstallEvent,
      eventTime,
      touched: [],
      tagKeys: [],
    };
    let next: Look | undefined = { arn, change: first, dueAt: 0 };
    let why = '';
    let allowed = looksAllowed;
    for (let looks = 0; next && looks < allowed; looks++) {
      if (!(await options.mayGoOn())) return;
      const look: Look = next;
      next = undefined;
      await world.sleep(Math.max(0, look.dueAt - world.now().getTime()));
      const schedule = async (change: Change, delaySeconds: number) => {
        if (change.followUp?.purpose === 'verify') allowed = 2 * looksAllowed;
        next = { arn, change, dueAt: world.now().getTime() + delaySeconds * 1000 };
      };
      try {
        const { status, reason } = await remediate(arn, [look.change], {
          ...world,
          policies: { current: async () => policy },
          followUps: { schedule, send: async () => {} },
          alerts: { announce: async () => {} },
        });
        why = [status, reason].filter(Boolean).join(': ');
      } catch (error) {
        if (!(error instanceof LayerwardError)) world.log.error({ functionArn, err: error }, 'unexpected error');
        why = error instanceof LayerwardError ? error.message : `unexpected error: ${String(error)}`;
        if (error instanceof LayerwardError && error.retryable)
          next = { arn, change: first, dueAt: world.now().getTime() + 1000 * 2 ** looks };
      }
    }
    const record = await world.records.find(functionArn);
    // Out of scope is what has nothing of ours on it, although something was written ahead once that never took effect.
    const isLeft = record?.attachment || ((record?.pending ?? []).length > 0 && !why.startsWith('out-of-scope'));
    if (record) seen.set(functionArn, record.version);
    if (isLeft) left.set(functionArn, why);
    else {
      left.delete(functionArn);
      released.add(functionArn);
    }
  };

  const releaseAttached = async (): Promise<number> => {
    const running = new Map<string, Promise<void>>();
    let found = 0;
    for await (const { functionArn, version } of world.records.attached()) {
      const arn = parseFunctionArn(functionArn);
      // One that is being released is found again in its new state.
      const isKnown = left.has(functionArn) || running.has(functionArn) || seen.get(functionArn) === version;
      if (!arn || isKnown || !(await options.mayGoOn())) continue;
      found++;
      while (running.size >= atOnce) await Promise.race(running.values());
      running.set(
        functionArn,
        release(arn).finally(() => running.delete(functionArn)),
      );
    }
    await Promise.all(running.values());
    return found;
  };

  const progress = (isDone: boolean): ReleaseProgress => ({
    isDone,
    released: released.size,
    left: [...left].map(([functionArn, why]) => ({ functionArn, why })),
  });
  for (let isLast = false; ; ) {
    const found = await releaseAttached();
    if (!(await options.mayGoOn())) return progress(false);
    if (found > 0) continue;
    if (isLast) return progress(true);
    // Whoever was at work when this began has finished by then.
    await world.sleep(Math.max(0, options.notBefore.getTime() - world.now().getTime()));
    isLast = true;
  }
}
