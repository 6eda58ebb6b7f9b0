import { isDeepStrictEqual } from 'node:util';
import { isForMachines } from '../../src/domain/announcement.ts';
import { shapeOf } from '../../src/domain/attachment.ts';
import type { ChangeKind, Change as Event } from '../../src/domain/change.ts';
import { decide } from '../../src/domain/decide.ts';
import type { Update } from '../../src/domain/decision.ts';
import { formatFunctionArn, parseFunctionArn } from '../../src/domain/function-arn.ts';
import { type Policy, select } from '../../src/domain/policy.ts';
import type { Quarter } from '../../src/domain/ports.ts';
import { createRandom, type Random } from '../../src/sandbox/random.ts';
import { situationFor } from '../../src/service/judge.ts';
import { agents, policyOf } from '../fixtures/situation.ts';
import { createHub, type Hub } from './hub.ts';
import { type Change, createLambdaModel, type LambdaModel, type LiveFunction, snapshotOf } from './lambda-model.ts';
import type { Weather } from './process.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import { createStory, InvariantViolated, type Story } from './story.ts';
import { ours, runtimes, type TeamView } from './team.ts';

/** How an episode went. */
export interface EpisodeResult {
  readonly steps: number;
  readonly functions: number;
  readonly updates: number;
  readonly interruptions: number;
}

const quarters: readonly [Quarter, ...Quarter[]] = [
  { accountId: '111122223333', region: 'us-east-1' },
  { accountId: '222233334444', region: 'us-east-1' },
  { accountId: '222233334444', region: 'eu-west-1' },
];
const optIn = { 'layerward:protect': 'on' };
/** Longer than what the queue holds back. */
const hourMs = 3_600_000;
/** From a look at a function to the update that follows from it, a turn that is waited for included. */
const longestLookMs = 90_000;

/** A function, and what is expected of it. */
interface Watched {
  readonly team: TeamView;
  /** The team's own values on the agent's variables; Layerward's are in their place while it is attached. */
  settings: Readonly<Record<string, string>>;
  /** When it last was in scope; an update that was on its way then may still arrive. */
  inScopeUntil: number;
}

/**
 * One episode: teams, Terraform, attackers and faults against Layerward's real service code, all on virtual time, then
 * a rest in which everything has to come right, and at last a release of everything.
 *
 * @param chaosSteps how many things happen before the rest begins
 * @throws {InvariantViolated} with the story of the function that it happened to.
 */
export async function playEpisode(seed: number, chaosSteps: number): Promise<EpisodeResult> {
  const random = createRandom(seed);
  const scheduler = createScheduler(Date.parse('2026-11-23T12:00:00Z'));
  const weather: Weather = { failing: 0, losingAnswers: 0, down: new Set(), failures: 0 };
  const story = createStory(() => new Date(scheduler.now()));
  const stage = openStage(random, scheduler, weather, story);
  stage.beginChaos();
  while (scheduler.steps() < chaosSteps) await step(scheduler, stage);
  await stage.rest(() => step(scheduler, stage));
  await stage.checkRest();
  await stage.releaseAll(() => step(scheduler, stage));
  stage.checkReleased();
  return {
    steps: scheduler.steps(),
    functions: stage.watched.size,
    updates: stage.updates(),
    interruptions: stage.hub.interruptions,
  };
}

async function step(scheduler: Scheduler, stage: Stage): Promise<void> {
  await scheduler.step();
  stage.raise();
}

type Stage = ReturnType<typeof openStage>;

function openStage(random: Random, scheduler: Scheduler, weather: Weather, story: Story) {
  const watched = new Map<string, Watched>();
  let violation: Error | undefined;
  let updates = 0;
  let failingUpdates = 0;
  let events = 0;
  let isChaos = false;
  let credentialVersion = 1;
  const credentialsNow = () => ({
    key: `planted-key-${credentialVersion}`,
    secret: `planted-secret-${credentialVersion}`,
  });
  const model = createLambdaModel(scheduler, random, () => failingUpdates);
  const lambda: LambdaModel = {
    ...model,
    update(plan) {
      const before = live(plan.functionArn);
      const was = before && { ...before };
      const answer = model.update(plan);
      if (answer.accepted && was) {
        updates++;
        story.tell(plan.functionArn, `Layerward sends ${describeUpdate(plan.update)}`);
        guard(() => checkUpdate(plan.functionArn, was));
      }
      return answer;
    },
  };
  const live = (functionArn: string) => model.functions.get(functionArn);
  let policy: Policy = policyOf();
  const hub: Hub = createHub(scheduler, random, weather, lambda, { agents, policy, credentials: credentialsNow() });

  const guard = (check: () => void) => {
    try {
      check();
    } catch (error) {
      violation ??= error instanceof Error ? error : new Error(String(error));
    }
  };
  const violated = (functionArn: string, what: string): never => {
    throw new InvariantViolated(what, story.of(functionArn));
  };

  const selectionOf = (one: LiveFunction) =>
    select(policy, agents, { arn: one.arn, organizationalUnits: undefined }, { readable: true, values: one.tags });
  const noteScope = (functionArn: string) => {
    const [one, known] = [live(functionArn), watched.get(functionArn)];
    if (one && known && selectionOf(one).scope === 'in') known.inScopeUntil = Number.POSITIVE_INFINITY;
    else if (known && known.inScopeUntil === Number.POSITIVE_INFINITY) known.inScopeUntil = scheduler.now();
  };

  /** Nothing of the team's is lost by an update of ours, and no function is touched that never opted in. */
  function checkUpdate(functionArn: string, was: LiveFunction): void {
    const [now, known] = [live(functionArn), watched.get(functionArn)];
    if (!now || !known) return;
    const record = hub.records.records.get(functionArn);
    const isKnown = record?.attachment !== undefined || (record?.pending.length ?? 0) > 0;
    if (known.inScopeUntil < scheduler.now() - longestLookMs && !isKnown)
      violated(functionArn, 'a function is changed that is not in scope, and on which nothing of ours is');
    if (now.runtime !== was.runtime) violated(functionArn, 'the runtime is changed');
    if (!isDeepStrictEqual(now.tags, was.tags)) violated(functionArn, 'tags are changed');
    checkTeam(functionArn);
  }

  /** The team's layers, variables and Handler are all there, and the layers in their order. */
  function checkTeam(functionArn: string): void {
    const [now, known] = [live(functionArn), watched.get(functionArn)];
    if (!now || !known) return;
    const { team } = known;
    const layers = now.layers.filter((arn) => !ours.isLayer(arn));
    if (!isDeepStrictEqual(layers, team.layers))
      violated(
        functionArn,
        `the team's layers are ${team.layers.join() || 'none'}, and the function has ${layers.join() || 'none'}`,
      );
    const variables = Object.fromEntries(Object.entries(now.variables).filter(([name]) => !ours.isVariable(name)));
    if (!isDeepStrictEqual(variables, team.variables))
      violated(
        functionArn,
        `the team's variables are ${Object.keys(team.variables).join()}, and the function has ${Object.keys(variables).join()}`,
      );
    const handler = now.handler === ours.redirect ? now.variables[ours.handlerVariable] : now.handler;
    if (handler !== team.handler && !(now.handler === ours.redirect && handler === undefined))
      violated(functionArn, `the team's Handler is ${team.handler}, and the function has ${handler}`);
  }

  // ── What happens to functions ───────────────────────────────────────────────────────────────────────────────────────

  const tell = (functionArn: string, kind: ChangeKind, who: string, touched: readonly string[], what: string) => {
    story.tell(functionArn, `${who} ${what}`);
    noteScope(functionArn);
    const arn = parseFunctionArn(functionArn);
    if (!arn) return;
    const event: Event = {
      functionArn: arn,
      kind,
      eventId: `event-${++events}`,
      eventName: kind,
      eventTime: new Date(scheduler.now()).toISOString(),
      actor: { type: 'IAMUser', name: who },
      touched,
      tagKeys: kind === 'tagged' ? Object.keys(optIn) : [],
    };
    // CloudTrail loses, doubles, delays and reorders.
    if (isChaos && random.chance(0.15)) return;
    for (let copies = random.chance(0.1) ? 2 : 1; copies > 0; copies--)
      scheduler.after(random.chance(0.1) ? random.between(1_000, 600_000) : random.between(100, 5_000), () =>
        hub.deliver(event),
      );
  };

  const variablesOf = ({ team, settings }: Watched) => ({ ...team.variables, ...settings });
  const someone = (): readonly [string, LiveFunction, Watched] | undefined => {
    const all = [...model.functions.keys()];
    const functionArn = all[random.below(Math.max(1, all.length))];
    const [one, known] = [live(functionArn ?? ''), watched.get(functionArn ?? '')];
    return functionArn && one && known ? [functionArn, one, known] : undefined;
  };
  /** Changes a function as somebody; what the team makes of it only counts if Lambda takes it. */
  const change = (functionArn: string, who: string, what: string, wanted: Change, taken: () => void): void => {
    if (!model.change(functionArn, wanted)) return;
    taken();
    const touched = Object.keys(wanted).map(
      (name) => ({ variables: 'Environment', handler: 'Handler', layers: 'Layers', runtime: 'Runtime' })[name] ?? name,
    );
    tell(functionArn, 'configured', who, touched, what);
    guard(() => checkTeam(functionArn));
  };

  const actions: readonly [() => void, ...(() => void)[]] = [
    function createFunction() {
      if (model.functions.size >= 60) return;
      const arn = { partition: 'aws', ...random.pick(quarters), functionName: `function-${random.below(80)}` };
      const functionArn = formatFunctionArn(arn);
      if (model.functions.has(functionArn)) return;
      const team: TeamView = {
        runtime: random.pick(runtimes),
        handler: 'app.handler',
        layers: Array.from({ length: random.below(5) }, (_, n) => teamLayer(arn.region, n)),
        variables: {
          STAGE: 'prod',
          ...(random.chance(0.5) ? { TABLE: 'orders' } : {}),
          ...(random.chance(0.05) ? { LONG: 'x'.repeat(3_600) } : {}),
        },
      };
      const settings: Record<string, string> = random.chance(0.2) ? { TREND_AP_LOG_FILE: '/tmp/own.log' } : {};
      const tags = random.chance(0.7) ? optIn : {};
      const known: Watched = { team, settings, inScopeUntil: Number.NEGATIVE_INFINITY };
      // What was known of a function of this name that was deleted is history.
      watched.set(functionArn, known);
      model.create(arn, { ...team, variables: variablesOf(known), tags });
      tell(
        functionArn,
        'created',
        'team',
        ['Handler', 'Layers', 'Environment', 'Tags'],
        `creates it on ${team.runtime}${random.chance(0) ? '' : tags === optIn ? ' with the tag' : ''}`,
      );
    },
    function deployByTerraform() {
      const [functionArn, , known] = someone() ?? [];
      if (!functionArn || !known) return;
      const variables = { ...known.team.variables, RELEASE: String(random.below(100)) };
      change(
        functionArn,
        'terraform',
        'puts its own state back',
        { handler: known.team.handler, layers: known.team.layers, variables: { ...variables, ...known.settings } },
        () => {
          known.team.variables = variables;
        },
      );
    },
    function editVariable() {
      const [functionArn, one, known] = someone() ?? [];
      if (!functionArn || !one || !known) return;
      const name = random.pick(['TABLE', 'FLAG', 'QUEUE']);
      const { [name]: _, ...others } = known.team.variables;
      const { [name]: __, ...liveOthers } = one.variables;
      const isRemoved = random.chance(0.3);
      const value = String(random.below(1_000));
      change(
        functionArn,
        'team',
        isRemoved ? `removes ${name}` : `sets ${name}`,
        { variables: isRemoved ? liveOthers : { ...liveOthers, [name]: value } },
        () => {
          known.team.variables = isRemoved ? others : { ...others, [name]: value };
        },
      );
    },
    function editHandler() {
      const [functionArn, , known] = someone() ?? [];
      if (!functionArn || !known) return;
      const handler = `app${random.below(3)}.handler`;
      change(functionArn, 'team', `sets the Handler to ${handler}`, { handler }, () => {
        known.team.handler = handler;
      });
    },
    function editLayers() {
      const [functionArn, one, known] = someone() ?? [];
      if (!functionArn || !one || !known) return;
      const layer = teamLayer(one.arn.region, random.below(6));
      const isThere = known.team.layers.includes(layer);
      if (!isThere && one.layers.length >= 5) return;
      const without = (layers: readonly string[]) => layers.filter((arn) => arn !== layer);
      const team = isThere ? without(known.team.layers) : [layer, ...known.team.layers];
      change(
        functionArn,
        'team',
        `${isThere ? 'removes' : 'adds'} a layer`,
        { layers: isThere ? without(one.layers) : [layer, ...one.layers] },
        () => {
          known.team.layers = team;
        },
      );
    },
    function changeRuntime() {
      const [functionArn, , known] = someone() ?? [];
      if (!functionArn || !known) return;
      const runtime = random.pick(runtimes);
      change(functionArn, 'team', `moves it to ${runtime}`, { runtime }, () => {
        known.team.runtime = runtime;
      });
    },
    function retag() {
      const [functionArn, one] = someone() ?? [];
      if (!functionArn || !one) return;
      const tags: Record<string, string> = random.pick([optIn, optIn, {}, { ...optIn, 'layerward:group': 'unknown' }]);
      model.tag(functionArn, tags);
      tell(functionArn, 'tagged', 'team', ['Tags'], `tags it ${JSON.stringify(tags)}`);
    },
    function strip() {
      const [functionArn, one, known] = someone() ?? [];
      if (!functionArn || !one || !known) return;
      const withoutOurs = Object.fromEntries(Object.entries(one.variables).filter(([name]) => !ours.isVariable(name)));
      random.pick([
        () => change(functionArn, 'mallory', 'strips layers', { layers: known.team.layers }, () => {}),
        () =>
          change(
            functionArn,
            'mallory',
            'strips variables',
            { variables: withoutOurs, handler: known.team.handler },
            () => {
              known.settings = {};
            },
          ),
        () => change(functionArn, 'mallory', 'sets the Handler back', { handler: known.team.handler }, () => {}),
      ])();
    },
    function deleteFunction() {
      const [functionArn] = someone() ?? [];
      if (!functionArn || !random.chance(0.2)) return;
      model.functions.delete(functionArn);
      tell(functionArn, 'deleted', 'team', [], 'deletes it');
    },
    function rotate() {
      if (!random.chance(0.2)) return;
      if (random.chance(0.1)) hub.credentials = undefined;
      else {
        credentialVersion++;
        hub.credentials = credentialsNow();
      }
    },
    function changePolicy() {
      if (!random.chance(0.1)) return;
      policy = policyOf(
        random.pick([
          '',
          '',
          'mode: audit',
          'exclude: { functions: ["function-1*"] }',
          'agents: { trend-application-security: { variables: { TREND_AP_HTTP_TIMEOUT: "9" } } }',
          'rules: [{ match: { regions: [eu-west-1] }, mode: audit }]',
        ]),
      );
      hub.policy = policy;
      for (const functionArn of watched.keys()) noteScope(functionArn);
    },
    function changeWeather() {
      weather.failing = random.pick([0, 0, 0.01, 0.05]);
      weather.losingAnswers = random.pick([0, 0, 0.01, 0.05]);
      failingUpdates = random.pick([0, 0, 0.05]);
      hub.killing = random.pick([0, 0.02, 0.2]);
      weather.down.clear();
      if (random.chance(0.2))
        weather.down.add(random.pick(['DynamoDB', 'SNS', 'Secrets Manager', 'AppConfig', 'EventBridge', 'SQS']));
    },
  ];
  const [createOne] = actions;

  const act = () => {
    if (!isChaos) return;
    if (random.chance(0.3)) createOne();
    random.pick(actions)();
    scheduler.after(random.between(50, 3_000), act);
  };
  const poll = () => {
    hub.work();
    scheduler.after(isChaos ? random.between(50, 500) : 1_000, poll);
  };
  const sweepOften = () => {
    if (!isChaos) return;
    hub.sweep(random.pick(quarters));
    scheduler.after(random.between(60_000, 600_000), sweepOften);
  };

  const isQuiet = () => hub.queue.messages.size === 0 && hub.running() === 0 && model.isQuiet();
  const settle = async (next: () => Promise<void>, what: string) => {
    for (let steps = 0; !isQuiet(); steps++) {
      if (steps > 400_000)
        throw new InvariantViolated(
          `${what} never comes to rest: ${hub.queue.messages.size} messages, ${hub.running()} runs`,
          story.all(),
        );
      await next();
    }
  };

  return {
    hub,
    watched,
    updates: () => updates,
    raise() {
      if (violation) throw violation;
    },

    beginChaos() {
      isChaos = true;
      for (let n = 0; n < 20; n++) createOne();
      act();
      poll();
      sweepOften();
    },

    /** The chaos ends, everything works again, and on-call redrives what was given up. */
    async rest(next: () => Promise<void>) {
      isChaos = false;
      weather.failing = 0;
      weather.losingAnswers = 0;
      weather.down.clear();
      failingUpdates = 0;
      hub.killing = 0;
      hub.credentials ??= credentialsNow();
      await settle(next, 'the end of the chaos');
      hub.queue.redrive();
      await settle(next, 'what was redriven');
      // Contested functions are taken up again after an hour; sweeps find what no event told of.
      for (let round = 0; round < 3; round++) {
        const until = scheduler.now() + 2 * hourMs;
        while (scheduler.now() < until) await next();
        for (const quarter of quarters) hub.sweep(quarter);
        await settle(next, `sweep ${round + 1}`);
      }
      // A new policy and new credentials reach everybody by one sweep, whatever workers have in memory.
      credentialVersion++;
      hub.credentials = credentialsNow();
      policy = policyOf('agents: { trend-application-security: { variables: { TREND_AP_MAX_DELAY_MS: "200" } } }');
      hub.policy = policy;
      for (const quarter of quarters) hub.sweep(quarter);
      await settle(next, 'the sweep after a new policy');
    },

    async checkRest() {
      for (const [functionArn, known] of watched) {
        const one = live(functionArn);
        const record = hub.records.records.get(functionArn);
        if (!one) {
          // A function that was released before is none of ours any more; nobody looks whether it is still there.
          if (record && record.status !== 'deleted' && record.status !== 'released')
            violated(functionArn, `it is gone, and the record says ${record.status}`);
          continue;
        }
        checkTeam(functionArn);
        if (record && record.outbox.length > 0)
          violated(functionArn, `${record.outbox.length} outcomes were never told`);
        const selection = selectionOf(one);
        const decision = decide(
          await situationFor(snapshotOf(one), selection, record, policy, {
            ownFunctionArns: [],
            credentials: { find: async () => ({ found: hub.credentials ?? credentialsNow() }) },
            now: () => new Date(scheduler.now()),
          }),
        );
        const said = record && [record.status, record.reason].filter(Boolean).join(': ');
        switch (decision.status) {
          case 'compliant':
            if (record?.status !== 'protected') violated(functionArn, `it is protected, and the record says ${said}`);
            break;
          case 'blocked':
          case 'unsupported':
            // What has just been released for this very reason says so until the next sweep.
            if (record?.status === 'released' && record.reason === decision.reason) break;
            if (record?.status !== decision.status || record.reason !== decision.reason)
              violated(functionArn, `it is ${decision.status}: ${decision.reason}, and the record says ${said}`);
            break;
          case 'out-of-scope':
            if (record && record.status !== 'released' && record.status !== 'deleted')
              violated(functionArn, `it is out of scope, and the record says ${said}`);
            checkUntouched(functionArn, known, one);
            break;
          case 'drifted':
          case 'release':
            if (decision.mode !== 'audit')
              violated(
                functionArn,
                `at rest it is ${decision.status}: ${decision.reason}, and the record says ${said}`,
              );
            break;
          case 'waiting':
          case 'contested':
            violated(functionArn, `at rest it is ${decision.status}`);
        }
      }
      checkTold();
    },

    /** Deletes the stack. */
    async releaseAll(next: () => Promise<void>) {
      let isDone = false;
      let failure: unknown;
      hub.releaseAll().then(
        () => {
          isDone = true;
        },
        (error: unknown) => {
          failure = error;
          isDone = true;
        },
      );
      for (let steps = 0; !isDone; steps++) {
        if (steps > 400_000) throw new InvariantViolated('the release of everything never ends', story.all());
        await next();
      }
      if (failure) throw failure;
    },

    checkReleased() {
      for (const [functionArn, known] of watched) {
        const one = live(functionArn);
        const record = hub.records.records.get(functionArn);
        if (record?.attachment || (record?.pending.length ?? 0) > 0)
          violated(functionArn, `everything was released, and the record says ${record?.status}: ${record?.reason}`);
        if (one) checkUntouched(functionArn, known, one);
      }
    },
  };

  /** A function without us is what its team made of it, to the byte. */
  function checkUntouched(functionArn: string, known: Watched, one: LiveFunction): void {
    const { handler, layers, variables } = shapeOf(snapshotOf(one));
    const wanted = { handler: known.team.handler, layers: known.team.layers, variables: variablesOf(known) };
    if (!isDeepStrictEqual({ handler, layers, variables }, wanted))
      violated(
        functionArn,
        `it should be ${JSON.stringify(wanted)} without us, and is ${JSON.stringify({ handler, layers, variables: withoutSecrets(variables) })}`,
      );
  }

  /** Everything that is in the history was told, not much more often than it had to be, and no credential was. */
  function checkTold(): void {
    const keyOf = ({
      functionArn,
      cause,
      status,
      action,
    }: {
      functionArn: string;
      cause: { eventId: string };
      status: string;
      action: string;
    }) => [functionArn, cause.eventId, status, action].join(' ');
    const told = new Set(hub.events.map(keyOf));
    for (const outcome of hub.records.history.values())
      if (isForMachines(outcome) && !told.has(keyOf(outcome)))
        violated(outcome.functionArn, `it was never told that it was ${outcome.status} ${outcome.action}`);
    const budget = hub.records.history.size + hub.interruptions * 10 + weather.failures;
    if (hub.alerts.length > budget)
      throw new InvariantViolated(`${hub.alerts.length} alerts were sent, and ${budget} would have been enough`, []);
    const everything = JSON.stringify([
      hub.alerts,
      hub.events,
      hub.logs,
      [...hub.records.records],
      [...hub.records.history],
      [...hub.queue.messages],
      hub.queue.deadLetters,
    ]);
    if (/planted-(key|secret)/.test(everything)) throw new InvariantViolated('a credential got out', story.all());
  }
}

function teamLayer(region: string, n: number): string {
  return `arn:aws:lambda:${region}:111122223333:layer:team-${n}:1`;
}

function describeUpdate(update: Update): string {
  return Object.keys(update).join(', ');
}

function withoutSecrets(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, value.startsWith('planted') ? '…' : value]),
  );
}
