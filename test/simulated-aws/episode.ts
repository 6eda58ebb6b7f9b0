import type { Log } from '../../src/domain/ports.ts';
import { createScheduler } from '../simulation/scheduler.ts';
import { type AnnouncementCounts, checkAnnouncements, checkRepeats, createStateChanges } from './announcements.ts';
import { createAws, holdsCredential } from './aws.ts';
import { createAppConfigModel, createVersioned } from './configuration-model.ts';
import { checkCoverage } from './coverage.ts';
import { createDynamoDbModel } from './dynamodb-model.ts';
import { modeOf, type Secrets, scopeOf } from './expectation.ts';
import { createHub } from './hub.ts';
import { type Configuration, createLambdaModel, type LiveFunction } from './lambda-model.ts';
import { createNetwork } from './network.ts';
import { createNotices } from './notices.ts';
import { createOperators, credentialsOf } from './operators.ts';
import { type Accounts, createOrganizationModel, firstAccounts, hubAccountId } from './organization-model.ts';
import { createPeople } from './people.ts';
import { plainPolicy, policyDocument, secretNames } from './policy-facts.ts';
import { createQueueModel } from './queue-model.ts';
import { createRecordAccess } from './record-access.ts';
import { createRecordsWatch } from './records-watch.ts';
import { checkReleased, checkRest } from './rest.ts';
import type { Run } from './run.ts';
import { createScript, type Incident } from './script.ts';
import { createStory, everything, InvariantViolated, shortName } from './story.ts';
import { afterForgotten, afterNoted } from './team.ts';
import { createTrail, isPoison } from './trail.ts';
import { createWatch } from './watch.ts';

/** What an episode is played with. */
export interface EpisodeOptions {
  readonly seed: number;
  /** How many functions there are at the most. */
  readonly functions: number;
  /** How many things people do. */
  readonly actions: number;
  /** What may happen, and what it is about; by chance, if left out. */
  readonly only?: ReadonlyMap<string, string>;
}

/** How an episode went. */
export interface EpisodeResult {
  readonly steps: number;
  readonly functions: number;
  readonly calls: number;
  readonly troubles: number;
  readonly runs: number;
  readonly killed: number;
  readonly updates: {
    readonly attached: number;
    readonly repaired: number;
    readonly updated: number;
    readonly released: number;
  };
  readonly announcements: AnnouncementCounts;
  /** What records said at rest, and how often. */
  readonly reached: ReadonlyMap<string, number>;
  /** The same for the same run, to the byte. */
  readonly fingerprint: string;
}

/** A violation, with what led to it. */
export interface Failure {
  readonly violation: InvariantViolated;
  readonly incidents: readonly Incident[];
  readonly story: readonly string[];
  readonly steps: number;
}

/** What became of an episode. */
export type Episode = { readonly result: EpisodeResult } | { readonly failure: Failure };

const minuteMs = 60_000;
/** Longer than anything that people have begun takes to come to its end. */
const longestAftermathMs = 31 * minuteMs;

/**
 * One episode: teams, Terraform, CloudFormation, attackers and faults against Layerward's real code on virtual time; then a
 * rest in which everything has to come right; and at last the stack is deleted, and everything has to be as it was.
 */
export async function playEpisode(options: EpisodeOptions): Promise<Episode> {
  const stage = openStage(options);
  const failure = (violation: InvariantViolated): Episode => ({
    failure: {
      violation,
      incidents: stage.incidents(),
      story: stage.story.of(violation.about || everything),
      steps: stage.scheduler.steps(),
    },
  });
  try {
    return { result: await stage.play() };
  } catch (error) {
    if (error instanceof InvariantViolated) return failure(error);
    return failure(
      new InvariantViolated('crash', '', error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
  }
}

function openStage({ seed, functions: most, actions, only }: EpisodeOptions) {
  const scheduler = createScheduler(Date.parse('2026-11-23T12:00:00Z'));
  const { now } = scheduler;
  const story = createStory(now);
  const script = createScript(seed, now, only);
  const network = createNetwork(scheduler, script, story);
  const policy = createVersioned(plainPolicy, now);
  const secrets = createVersioned<Secrets>(
    Object.fromEntries(secretNames.map((name) => [name, name.endsWith('spare') ? undefined : credentialsOf('0')])),
    now,
  );
  const accounts = createVersioned(firstAccounts, now);
  let violation: Error | undefined;
  let failing = 0;
  let endingSince = Number.POSITIVE_INFINITY;
  const reached = new Map<string, number>();

  const changes = createStateChanges(now);
  const access = createRecordAccess(now);
  /** What each run has seen of functions. */
  const seen = new WeakMap<Run, Map<string, Configuration>>();
  const dynamoDb = createRecordsWatch(
    createDynamoDbModel({
      now,
      pageSize: 25,
      indexLag: (pk) => (script.of(`lag ${pk} ${now()}`).chance(0.1) ? 2_000 : 30),
    }),
    {
      now,
      changes,
      access,
      story,
      noted(functionArn, item, run) {
        const one = lambda.functions.get(functionArn);
        if (!one) return;
        const isAttached = item?.['attachment'] !== undefined || (item?.['pending']?.L ?? []).length > 0;
        const looked = seen.get(run)?.get(functionArn);
        if (!isAttached) one.configuration = afterForgotten(one.configuration);
        else if (looked && item?.['status']?.S === 'protected')
          one.configuration = afterNoted(one.configuration, looked);
      },
    },
  );
  const watch = createWatch({
    now,
    policy,
    secrets,
    accounts,
    endingSince: () => endingSince,
    find: (functionArn) => lambda.functions.get(functionArn),
    isAttached: dynamoDb.isAttached,
    verifiedAt: dynamoDb.verifiedAt,
    isWrittenAhead: dynamoDb.isWrittenAhead,
  });
  const lambda = createLambdaModel(scheduler, script, story, {
    failing: () => failing,
    failed: watch.noteFailed,
    accept(update) {
      story.tell(update.functionArn, `Layerward sends ${Object.keys(update.input).slice(2).join(', ')}`);
      return watch.accept(update);
    },
  });
  const queue = createQueueModel(scheduler, script, {
    doubling: () => network.weather.losing / 2,
    refusing: () => network.weather.failing / 2,
    added: () => hub.wake(),
  });
  const notices = createNotices({
    now,
    access,
    refuses(id, run) {
      const words = 'EventBridge answers 200, and does not take an event';
      const isSo = script.happens(`refused ${id}`, network.weather.failing / 2, words);
      if (isSo) run.trouble();
      return isSo;
    },
    requestSweep: () => {},
  });
  const isOpenIn = (known: Accounts, accountId: string) => {
    const account = known[accountId];
    return accountId === hubAccountId || (account?.unit !== undefined && account.isActive && account.letsUsIn);
  };
  const isOpen = (accountId: string) => isOpenIn(accounts.current(), accountId);
  const trail = createTrail(scheduler, script, story, queue, isOpen);
  const aws = createAws(network, {
    now,
    lambda,
    dynamoDb,
    queue,
    notices,
    appConfig: createAppConfigModel(() => policyDocument(policy.current())),
    organization: createOrganizationModel(accounts, now),
    secrets: () => secrets.current(),
    looked(functionArn, run) {
      const own = seen.get(run) ?? new Map<string, Configuration>();
      seen.set(run, own);
      const one = lambda.functions.get(functionArn);
      if (one) own.set(functionArn, one.configuration);
    },
    arrived(command, input) {
      if (command === 'UpdateFunctionConfigurationCommand') watch.checkInput(input);
    },
    violated(error) {
      violation ??= error;
    },
  });
  const log = createCheckedLog((line) => {
    if (holdsCredential(line))
      violation ??= new InvariantViolated('credentials', '', 'a credential is in a line of the log');
  });
  const hub = createHub({ scheduler, script, story, network, aws, queue, log });
  const people = createPeople({ scheduler, story, lambda, trail, watch, most });
  const operators = createOperators({
    scheduler,
    script,
    story,
    hub,
    queue,
    network,
    trail,
    policy,
    secrets,
    accounts,
    setFailing(probability) {
      failing = probability;
    },
  });

  // ── Time ────────────────────────────────────────────────────────────────────────────────────────────────────────────

  const step = async () => {
    const isMore = await scheduler.step();
    if (violation) throw violation;
    return isMore;
  };
  const pass = async (ms: number) => {
    let isOver = false;
    scheduler.after(ms, () => {
      isOver = true;
    });
    await scheduler.flush();
    while (!isOver) await step();
  };
  const isQuiet = () => queue.messages.size === 0 && hub.running() === 0 && lambda.isQuiet();
  const settle = async (what: string) => {
    const longest = 200_000 + 2_000 * most;
    await scheduler.flush();
    for (let steps = 0; !isQuiet(); steps++) {
      if (steps > longest)
        throw new InvariantViolated(
          'rest',
          '',
          `${what} never ends: ${queue.messages.size} messages, ${hub.running()} runs`,
        );
      // What a listing shows late is waited for, though nothing happens.
      if (!(await step())) await pass(1_000);
    }
  };
  /** When everything was last looked at. */
  let sweptAt = 0;
  const sweepAll = async (name: string) => {
    sweptAt = now();
    hub.startSweep(name, { reason: 'schedule' });
    await settle(name);
  };

  // ── The chaos ───────────────────────────────────────────────────────────────────────────────────────────────────────

  const chooseFunction = (id: string): LiveFunction | undefined => {
    const random = script.of(`function of ${id}`);
    const all = [...lambda.functions.keys()];
    // Half of what happens happens to a few of them.
    const among = random.chance(0.5) ? Math.min(6, all.length) : all.length;
    return lambda.functions.get(all[random.below(among)] ?? '');
  };
  const act = (n: number) => {
    const id = `a${n}`;
    const random = script.of(id);
    const dice = random.next();
    if (dice < 0.12) {
      if (script.happens(id, 1, 'a function is created')) people.create(id, random);
    } else if (dice < 0.22) {
      const turn = random.pick(operators);
      if (script.happens(id, 1, turn.name)) turn(id, random);
    } else {
      const about = script.recalled(id);
      const one = about === undefined ? chooseFunction(id) : lambda.functions.get(about);
      const deed = random.pick(people.deeds);
      if (one && script.happens(id, 1, () => `${deed.name} ${shortName(one.functionArn)}`, one.functionArn))
        deed(id, one, random);
    }
  };
  const playChaos = async () => {
    Object.assign(trail.weather, { losing: 0.12, doubling: 0.1, late: 0.1 });
    const own = lambda.create({ ...ownFunction, accountId: hubAccountId, region: 'us-east-1' });
    watch.begin(own);
    for (let n = 0; n < most / 2; n++) {
      const id = `c${n}`;
      if (script.happens(id, 1, 'a function is created')) people.create(id, script.of(id));
      if (n % 4 === 3) await pass(500);
    }
    let n = 0;
    for (; n < actions; n++) {
      act(n);
      const random = script.of(`gap ${n}`);
      const dice = random.next();
      await pass(
        dice < 0.75
          ? random.between(20, 2_500)
          : dice < 0.97
            ? random.between(2_000, 60_000)
            : random.between(60_000, 1_200_000),
      );
      if (n % 40 === 39) hub.register();
    }
  };

  // ── The rest ────────────────────────────────────────────────────────────────────────────────────────────────────────

  const calmDown = () => {
    Object.assign(network.weather, { failing: 0, losing: 0, late: 0, hanging: 0, slow: 0 });
    network.weather.down.clear();
    Object.assign(trail.weather, { losing: 0, doubling: 0, late: 0 });
    hub.killing = 0;
    failing = 0;
  };
  const check = () => {
    const said = checkRest({
      lambda,
      dynamoDb,
      policy: policy.current(),
      secrets: secrets.current(),
      accounts: accounts.current(),
      repairsOf(functionArn) {
        const { repairs: allowed, withinMinutes } = policy.current().contest;
        const since = sweptAt - withinMinutes * minuteMs;
        const repairs = watch.repairsOf(functionArn);
        return {
          least: repairs.filter(({ at, isVerified }) => isVerified && at > since + 5 * minuteMs).length,
          most: repairs.filter(({ at }) => at > since - 5 * minuteMs).length,
          allowed,
        };
      },
      isOpen,
    });
    for (const [what, count] of said) reached.set(what, (reached.get(what) ?? 0) + count);
    for (const { body } of queue.deadLetters) checkDeadLetter(body);
  };
  /** What nobody can read stays a dead letter; and what is about functions whose tags, or whose account, can't be seen. */
  const checkDeadLetter = (body: string) => {
    const hidden = [...lambda.functions.values()].some(
      (one) =>
        [one.accountId, one.region, one.functionName].every((part) => body.includes(part)) &&
        (one.obstacles.has('tags') || !isOpen(one.accountId)),
    );
    if (!isPoison(body) && !hidden)
      throw new InvariantViolated(
        'dead-letters',
        '',
        `a message is given up for no reason that is left: ${body.slice(0, 300)}`,
      );
  };
  const isFightable = (one: LiveFunction) => {
    const circumstances = { policy: policy.current(), tags: one.tags, account: accounts.current()[one.accountId] };
    return (
      one.configuration.left !== undefined &&
      !one.obstacles.has('tags') &&
      !one.obstacles.has('key') &&
      isOpen(one.accountId) &&
      scopeOf(one, circumstances) === 'in' &&
      modeOf(one, circumstances) === 'enforce'
    );
  };
  /** Some functions are undone every few minutes, for longer than the policy's window. */
  const fight = async () => {
    const fighters = [...lambda.functions.values()]
      .filter(isFightable)
      .slice(0, 3)
      .filter(({ functionArn }) =>
        script.happens(`fight for ${functionArn}`, 1, `${shortName(functionArn)} is fought for`, functionArn),
      );
    for (let round = 0; round < 30; round++) {
      for (const one of fighters)
        if (lambda.functions.get(one.functionArn) === one) people.strip(`fight-${round}-${one.functionName}`, one);
      await pass(4 * minuteMs);
      if (round === 12) hub.startSweep('fight', { reason: 'schedule' });
    }
  };
  const playRest = async () => {
    await pass(longestAftermathMs);
    if (policy.current().isBroken) policy.set(plainPolicy);
    hub.register();
    await settle('the end of the chaos');
    queue.redrive();
    hub.wake();
    await settle('what was redriven');
    await sweepAll('rest-1');
    await fight();
    await sweepAll('rest-2');
    check();
    // Contested functions are taken up again, once that is long enough ago.
    await pass(70 * minuteMs);
    await sweepAll('rest-3');
    check();
    await sweepAll('rest-4');
    checkCoverage(hub.sweeps.get('rest-4'), {
      lambda,
      dynamoDb,
      policy: policy.current(),
      accounts: accounts.current(),
      isOpen,
    });
    // A new policy and new credentials reach everybody by one sweep, whatever workers have in memory.
    policy.set({ ...policy.current(), variables: { ...policy.current().variables, TREND_AP_MAX_DELAY_MS: '200' } });
    secrets.set({ ...secrets.current(), [secretNames[0] ?? '']: credentialsOf('last') });
    await sweepAll('rest-5');
    check();
    checkAnnouncements(notices.all, changes, dynamoDb.history());
  };

  // ── The end ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  const deleteStack = async () => {
    hub.detach();
    endingSince = now();
    let asked = 0;
    for (let n = 1; n <= 4 && !hub.answers.some(({ Status }) => Status === 'SUCCESS'); n++) {
      if (n > 2) calmDown();
      asked = hub.answers.length;
      hub.delete(`deletion-${n}`);
      await scheduler.flush();
      const longest = 200_000 + 2_000 * most;
      for (let steps = 0; hub.running() > 0; steps++)
        if (steps > longest || !(await step()))
          throw new InvariantViolated('release', '', 'the deletion of the stack never ends');
    }
    const answer = hub.answers.at(-1);
    if (asked === hub.answers.length || answer?.Status !== 'SUCCESS')
      throw new InvariantViolated('release', '', `the stack can't be deleted: ${answer?.Reason ?? 'nobody answers'}`);
    while (!lambda.isQuiet()) await pass(1_000);
    const left = checkReleased({
      lambda,
      dynamoDb,
      isOpen: (accountId) => accounts.valuesSince(endingSince).every((known) => isOpenIn(known, accountId)),
    });
    const named = /(\d+) could not be/.exec(answer.Reason)?.[1] ?? '0';
    if (Number(named) < left)
      throw new InvariantViolated(
        'release',
        '',
        `${left} functions are left as they are, and CloudFormation was told of ${named}: ${answer.Reason}`,
      );
  };

  return {
    scheduler,
    story,
    incidents: () => script.incidents,
    async play(): Promise<EpisodeResult> {
      await playChaos();
      // Now and then the stack is deleted in the middle of everything.
      const isHasty = script.of('ending').chance(0.2);
      if (!isHasty) {
        calmDown();
        await playRest();
      }
      await deleteStack();
      const announcements = checkRepeats(notices.all, access);
      return {
        steps: scheduler.steps(),
        functions: lambda.functions.size,
        calls: network.counts.calls,
        troubles: network.counts.troubles,
        runs: hub.counts.runs,
        killed: hub.counts.killed,
        updates: watch.counts,
        announcements,
        reached,
        fingerprint: story.fingerprint(),
      };
    },
  };
}

/** Our own function, which somebody has tagged. */
const ownFunction = {
  functionName: 'layerward-remediate',
  tags: { 'layerward:protect': 'on' },
  configuration: {
    packageType: 'Zip',
    runtime: 'nodejs14.x',
    architecture: 'x86_64',
    masterArn: undefined,
    handler: 'index.handler',
    layers: [],
    variables: { LOG_LEVEL: 'info' },
  },
} as const;

/** A log whose lines are read, errors and all that is in them included. */
function createCheckedLog(check: (line: string) => void): Log {
  const text = (_: string, value: unknown): unknown =>
    value instanceof Error
      ? { ...value, name: value.name, message: value.message, stack: value.stack, cause: value.cause }
      : value;
  const write = (fields: Readonly<Record<string, unknown>>, message: string) =>
    check(`${message} ${JSON.stringify(fields, text)}`);
  return { info: write, warn: write, error: write };
}
