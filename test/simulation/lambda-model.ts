import type { Plan } from '../../src/domain/decision.ts';
import { FunctionBusy, InvalidInput, RevisionChanged, Throttled } from '../../src/domain/errors.ts';
import { type FunctionArn, formatFunctionArn } from '../../src/domain/function-arn.ts';
import type { UpdateAnswer } from '../../src/domain/ports.ts';
import { limits } from '../../src/domain/situation.ts';
import type { Snapshot } from '../../src/domain/snapshot.ts';
import type { Random } from '../../src/sandbox/random.ts';
import type { Scheduler } from './scheduler.ts';

/** A function as it is, tags beside its configuration. */
export interface LiveFunction {
  readonly arn: FunctionArn;
  runtime: string;
  handler: string;
  layers: readonly string[];
  variables: Readonly<Record<string, string>>;
  tags: Readonly<Record<string, string>>;
  revision: number;
  state: 'Pending' | 'Active';
  lastUpdateStatus: 'InProgress' | 'Successful' | 'Failed';
  /** When the tagging API will show the tags as they are. */
  tagsShownAt: number;
  tagsShown: Readonly<Record<string, string>>;
}

/** A change that somebody asks Lambda for; what is left out stays. */
export type Change = Partial<Pick<LiveFunction, 'runtime' | 'handler' | 'layers' | 'variables'>>;

/** Lambda's control plane and the tagging API: revisions, states, conflicts, quotas. */
export interface LambdaModel {
  readonly functions: Map<string, LiveFunction>;
  create(arn: FunctionArn, initial: Pick<LiveFunction, 'runtime' | 'handler' | 'layers' | 'variables' | 'tags'>): void;
  /** What `GetFunction` says. @throws {Throttled} */
  read(arn: FunctionArn): Snapshot | undefined;
  /** Layerward's update. */
  update(plan: Plan): UpdateAnswer;
  /** Somebody else's update; false where it is refused since another one is going on. */
  change(functionArn: string, change: Change): boolean;
  tag(functionArn: string, tags: Readonly<Record<string, string>>): void;
  /** Whether anything is going on. */
  isQuiet(): boolean;
}

/** How long the tagging API takes to show a tag, or that it is gone. */
const longestTagLagMs = 300_000;

/** @param failing the probability that AWS refuses an update, and that one that was accepted fails */
export function createLambdaModel(scheduler: Scheduler, random: Random, failing: () => number): LambdaModel {
  const functions = new Map<string, LiveFunction>();
  const buckets = new Map<string, { tokens: number; at: number }>();
  const spend = (name: string, { accountId, region }: FunctionArn, perSecond: number) => {
    const key = `${name} ${accountId} ${region}`;
    const now = scheduler.now();
    const bucket = buckets.get(key) ?? { tokens: perSecond, at: now };
    const tokens = Math.min(perSecond, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    if (tokens < 1) throw new Throttled('Rate exceeded', { retryAfterSeconds: 1, hadNoEffect: true });
    buckets.set(key, { tokens: tokens - 1, at: now });
  };
  const settle = (one: LiveFunction) => {
    const { revision } = one;
    scheduler.after(random.between(100, 3_000), () => {
      if (functions.get(formatFunctionArn(one.arn)) !== one || one.revision !== revision) return;
      const isFirst = one.state === 'Pending';
      one.state = 'Active';
      one.lastUpdateStatus = !isFirst && random.chance(failing()) ? 'Failed' : 'Successful';
    });
  };
  const isBusy = (one: LiveFunction) => one.state === 'Pending' || one.lastUpdateStatus === 'InProgress';
  const apply = (one: LiveFunction, change: Change) => {
    Object.assign(one, change);
    one.revision++;
    one.lastUpdateStatus = 'InProgress';
    settle(one);
  };
  return {
    functions,
    create(arn, initial) {
      const one: LiveFunction = {
        arn,
        ...initial,
        revision: 1,
        state: 'Pending',
        lastUpdateStatus: 'Successful',
        tagsShownAt: scheduler.now() + random.between(0, longestTagLagMs),
        tagsShown: {},
      };
      functions.set(formatFunctionArn(arn), one);
      settle(one);
    },
    read(arn) {
      spend('GetFunction', arn, 100);
      const one = functions.get(formatFunctionArn(arn));
      return one && snapshotOf(one);
    },
    update({ functionArn, revisionId, update }) {
      const extra = Object.keys(update).filter((name) => !['Handler', 'Layers', 'Environment'].includes(name));
      if (extra.length > 0) throw new Error(`invariant: an update sends ${extra.join()}`);
      if (revisionId === '') throw new Error('invariant: an update has no RevisionId');
      const one = functions.get(functionArn);
      if (!one) throw new InvalidInput(`${functionArn} does not exist`);
      spend('control plane', one.arn, 15);
      if (isBusy(one)) throw new FunctionBusy('an update is in progress', { hadNoEffect: true });
      if (revisionId !== String(one.revision))
        throw new RevisionChanged('the RevisionId is another one', { hadNoEffect: true });
      if (random.chance(failing())) return { accepted: false, reason: 'aws-refused', detail: 'AWS refuses it' };
      const { Handler, Layers, Environment } = update;
      if ((Layers ?? []).length > limits.layers)
        return { accepted: false, reason: 'aws-refused', detail: 'too many layers' };
      if (Buffer.byteLength(JSON.stringify(Environment?.Variables ?? {})) > limits.environmentBytes)
        return { accepted: false, reason: 'aws-refused', detail: 'too many variables' };
      apply(one, {
        ...(Handler === undefined ? {} : { handler: Handler }),
        ...(Layers === undefined ? {} : { layers: Layers }),
        ...(Environment === undefined ? {} : { variables: Environment.Variables }),
      });
      return { accepted: true, revisionId: String(one.revision) };
    },
    change(functionArn, change) {
      const one = functions.get(functionArn);
      if (!one || isBusy(one)) return false;
      apply(one, change);
      return true;
    },
    tag(functionArn, tags) {
      const one = functions.get(functionArn);
      if (!one) return;
      if (scheduler.now() >= one.tagsShownAt) one.tagsShown = one.tags;
      one.tags = tags;
      one.tagsShownAt = scheduler.now() + random.between(0, longestTagLagMs);
    },
    isQuiet: () => [...functions.values()].every((one) => !isBusy(one) && scheduler.now() >= one.tagsShownAt),
  };
}

/** A function as `GetFunction` shows it. */
export function snapshotOf(one: LiveFunction): Snapshot {
  return {
    arn: one.arn,
    packageType: 'Zip',
    runtime: one.runtime,
    architecture: 'x86_64',
    handler: one.handler,
    layers: one.layers,
    environment: { readable: true, variables: one.variables },
    tags: { readable: true, values: one.tags },
    state: one.state,
    lastUpdateStatus: one.lastUpdateStatus,
    lastUpdateStatusReason: undefined,
    revisionId: String(one.revision),
    masterArn: undefined,
  };
}
