import type { UpdateFunctionConfigurationCommandInput } from '@aws-sdk/client-lambda';
import { isAgentLayer } from './agent-facts.ts';
import type { Versioned } from './configuration-model.ts';
import {
  type Circumstances,
  credentialsOf,
  differenceFrom,
  differenceFromTeam,
  type Goal,
  goalFor,
  hasOurs,
  modeOf,
  type Secrets,
  scopeOf,
  takenFrom,
  unsupportedReason,
} from './expectation.ts';
import type { AcceptedUpdate, Configuration, LiveFunction } from './lambda-model.ts';
import type { Accounts } from './organization-model.ts';
import type { PolicyFacts } from './policy-facts.ts';
import { InvariantViolated } from './story.ts';

/** What the watch knows of the world, and since when. */
export interface WatchedWorld {
  readonly now: () => number;
  readonly policy: Versioned<PolicyFacts>;
  readonly secrets: Versioned<Secrets>;
  readonly accounts: Versioned<Accounts>;
  /** When the deletion of the stack began; nothing else than a release may be sent some time after it. */
  readonly endingSince: () => number;
  readonly find: (functionArn: string) => LiveFunction | undefined;
  /** Whether its record says that something of ours is on it for certain. */
  readonly isAttached: (functionArn: string) => boolean;
  /** When the record of a function said last that it is protected. */
  readonly verifiedAt: (functionArn: string) => number;
  /** Whether the records hold what is written ahead of an update. */
  readonly isWrittenAhead: (functionArn: string, layerArn: string) => boolean;
}

/** Looks at each update of Layerward's as it takes effect. */
export interface Watch {
  /** Notes that a function came to be; what was known of one of the same name is history. */
  begin(one: LiveFunction): void;
  /** Notes that the tags of a function have changed. */
  noteTags(one: LiveFunction): void;
  /** Looks at what is sent, before Lambda does. @throws {InvariantViolated} */
  checkInput(input: object): void;
  /** Says whose the configuration is after an update that was accepted. @throws {InvariantViolated} */
  accept(update: AcceptedUpdate): Configuration;
  /** An update that was accepted has failed: nothing was put right by it. */
  noteFailed(functionArn: string): void;
  /** How a function was put right of late, without anything else having changed. */
  repairsOf(functionArn: string): readonly Repair[];
  /** Updates that were accepted: attached, repaired, released. */
  readonly counts: { attached: number; repaired: number; updated: number; released: number };
}

/*
 * How old what Layerward goes by may be: what it keeps in memory, and from a look at a function to the update that follows
 * from it, a turn that is waited for and a call that is late included.
 */
const longestLookMs = 120_000;
const oldestMs = {
  tags: longestLookMs,
  policy: 60_000 + longestLookMs,
  secrets: 300_000 + longestLookMs,
  /** The register of accounts is kept up to date every 15 minutes, unless something is down. */
  accounts: 7_200_000,
} as const;

/** What is known of a function from its updates. */
interface History {
  readonly tags: { readonly tags: Readonly<Record<string, string>>; readonly since: number }[];
  /** What the last update was to reach. */
  goal: string | undefined;
  repairs: Repair[];
  /** When the last update was accepted. */
  putAt: number;
}

/** A time at which a function was put right. */
export interface Repair {
  readonly at: number;
  /** Whether its record said so, before anything else was done. */
  readonly isVerified: boolean;
}

export function createWatch(world: WatchedWorld): Watch {
  const histories = new Map<string, History>();
  const counts = { attached: 0, repaired: 0, updated: 0, released: 0 };
  const historyOf = (functionArn: string): History => {
    const known = histories.get(functionArn) ?? { tags: [], goal: undefined, repairs: [], putAt: 0 };
    histories.set(functionArn, known);
    return known;
  };

  /** Everything that Layerward may believe of a function now. */
  const circumstancesOf = (one: LiveFunction): Circumstances[] => {
    const now = world.now();
    const { tags } = historyOf(one.functionArn);
    const from = Math.max(
      0,
      tags.findLastIndex(({ since }) => since <= now - oldestMs.tags),
    );
    return world.policy
      .valuesSince(now - oldestMs.policy)
      .filter(({ isBroken }) => !isBroken)
      .flatMap((policy) =>
        world.accounts
          .valuesSince(now - oldestMs.accounts)
          .flatMap((accounts) =>
            tags.slice(from).map((version) => ({ policy, tags: version.tags, account: accounts[one.accountId] })),
          ),
      );
  };
  const goalsOf = (one: LiveFunction, configuration: Configuration): (Goal & { readonly repairs: number })[] => {
    if (unsupportedReason(one, configuration) !== undefined) return [];
    return circumstancesOf(one).flatMap((believed) => {
      if (scopeOf(one, believed) !== 'in' || modeOf(one, believed) === 'audit') return [];
      return world.secrets.valuesSince(world.now() - oldestMs.secrets).flatMap((secrets) => {
        const credentials = credentialsOf(one, believed.tags, secrets);
        const { repairs } = believed.policy.contest;
        return credentials ? [{ ...goalFor(one, configuration, believed, credentials), repairs }] : [];
      });
    });
  };
  const mayRelease = (one: LiveFunction, configuration: Configuration): boolean => {
    if (world.endingSince() < world.now()) return true;
    const unsupported = unsupportedReason(one, configuration);
    return circumstancesOf(one).some(
      (believed) =>
        modeOf(one, believed) === 'enforce' &&
        (scopeOf(one, believed) !== 'in' || unsupported === 'runtime' || unsupported === 'architecture'),
    );
  };

  /** The repairs of the last hours, the last one of which may have been verified since. */
  const verifiedRepairs = (functionArn: string): Repair[] => {
    const { repairs } = historyOf(functionArn);
    return repairs
      .filter(({ at }) => at > world.now() - 14_400_000)
      .map((one) => (one === repairs.at(-1) ? { ...one, isVerified: world.verifiedAt(functionArn) >= one.at } : one));
  };

  /** A function is put right so often within the policy's window, and then left to people. */
  const notePut = (
    one: LiveFunction,
    goal: Goal & { readonly repairs: number },
    { left, runtime }: Configuration,
  ): void => {
    const history = historyOf(one.functionArn);
    const mark = JSON.stringify([goal, runtime]);
    const isRepair = left !== undefined && history.goal === mark && world.isAttached(one.functionArn);
    history.goal = mark;
    history.putAt = world.now();
    history.repairs = verifiedRepairs(one.functionArn);
    if (!isRepair) {
      counts[left ? 'updated' : 'attached']++;
      return;
    }
    counts.repaired++;
    const now = world.now();
    const windows = world.policy.valuesSince(now - oldestMs.policy).map(({ contest }) => contest);
    const withinMs = Math.min(...windows.map(({ withinMinutes }) => withinMinutes)) * 60_000;
    const allowed = Math.max(...windows.map(({ repairs }) => repairs));
    history.repairs = [...verifiedRepairs(one.functionArn), { at: now, isVerified: false }];
    const recent = history.repairs.filter(({ at }) => at > now - withinMs);
    const verified = recent.filter(({ isVerified }) => isVerified).length + 1;
    // What is undone before it is verified counts where somebody tells of it in time; of some, nobody does.
    if (verified > allowed || recent.length > 3 * allowed)
      throw new InvariantViolated(
        'contest',
        one.functionArn,
        `it is put right ${recent.length} times within ${withinMs / 60_000} minutes, and the policy allows ${allowed}`,
      );
  };

  const noteTags = (one: LiveFunction) => {
    historyOf(one.functionArn).tags.push({ tags: one.tags, since: world.now() });
  };

  return {
    counts,
    begin(one) {
      histories.delete(one.functionArn);
      noteTags(one);
    },
    noteTags,
    checkInput(input: UpdateFunctionConfigurationCommandInput) {
      const functionArn = input.FunctionName ?? '';
      const allowed = ['FunctionName', 'RevisionId', 'Handler', 'Layers', 'Environment'];
      const extra = Object.keys(input).filter((name) => !allowed.includes(name));
      if (extra.length > 0)
        throw new InvariantViolated('only-three-parts', functionArn, `an update sends ${extra.join(', ')}`);
      if (!input.RevisionId)
        throw new InvariantViolated('revision', functionArn, 'an update is sent without a RevisionId');
    },
    accept({ functionArn, before, after }) {
      const one = world.find(functionArn);
      if (!one) throw new InvariantViolated('scope', functionArn, 'a function is changed that does not exist');
      const goals = goalsOf(one, before);
      const isEnding = world.endingSince() < world.now() - longestLookMs;
      const goal = isEnding ? undefined : goals.find((candidate) => differenceFrom(candidate, after) === undefined);
      if (goal) {
        const isFirst = !before.layers.some(isAgentLayer);
        if (isFirst && after.layers.at(-1) !== goal.layerArn)
          throw new InvariantViolated(
            'team',
            functionArn,
            `the agent's layer is not the last of ${after.layers.join()}`,
          );
        if (!world.isWrittenAhead(functionArn, goal.layerArn))
          throw new InvariantViolated('written-ahead', functionArn, 'it is changed, and no record holds what it was');
        notePut(one, goal, before);
        const { handler, layers, variables, team } = after;
        const maybe = { ...before.left?.maybe, ...takenFrom(before) };
        return { ...after, left: { handler, layers, variables, team, maybe } };
      }
      const difference = differenceFromTeam(after);
      if (difference === undefined && hasOurs(before) && mayRelease(one, before)) {
        counts.released++;
        historyOf(functionArn).goal = undefined;
        const { handler, layers, variables } = after;
        return { ...after, left: undefined, team: { handler, layers, variables } };
      }
      const [likeliest] = goals;
      if (!likeliest && !hasOurs(before))
        throw new InvariantViolated('scope', functionArn, 'it is changed, and nobody asked for it');
      throw new InvariantViolated(
        'whole',
        functionArn,
        [
          'an update makes it neither what its team made of it nor what the policy wants',
          `without Layerward: ${difference ?? 'this is what it would be, but it should be left as it was'}`,
          `with it: ${likeliest ? differenceFrom(likeliest, after) : 'no policy of late wants that'}`,
        ].join('; '),
      );
    },
    noteFailed(functionArn) {
      const { repairs, putAt } = historyOf(functionArn);
      if (repairs.at(-1)?.at === putAt) repairs.pop();
    },
    repairsOf: verifiedRepairs,
  };
}
