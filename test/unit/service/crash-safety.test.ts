import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/domain/change.ts';
import { Throttled } from '../../../src/domain/errors.ts';
import type { FunctionArn } from '../../../src/domain/function-arn.ts';
import type { FunctionRecord, Outcome } from '../../../src/domain/record.ts';
import type { DeploymentRequest } from '../../../src/service/deployment-life.ts';
import { arn, credentials, snapshotOf, vendorLayer } from '../../fixtures/situation.ts';
import {
  createStoppableWorld,
  manners,
  type Stop,
  type StoppableOptions,
  type StoppableWorld,
  type Trigger,
} from '../../fixtures/stoppable-world.ts';

/*
 * Each scenario is played once undisturbed, which shows its steps: everything that a run does outside of itself. Then it is
 * stopped at each of them, before it and after it, by the end of the process and by a call that fails; and is started
 * again in each of these ways, until nothing is left to do. What is there at the end has to be the same.
 */

const restarts = [
  'the same message again',
  'another event, and then the same message again',
  'another event alone, and then the next sweep',
  'the next sweep alone',
] as const;

type Restart = (typeof restarts)[number];

interface Scenario extends StoppableOptions {
  readonly policy?: string;
  /** The world up to what happens. */
  readonly prepare: (world: StoppableWorld) => Promise<void>;
  /** What happens, and what Layerward hears of it. */
  readonly happen: (world: StoppableWorld) => Trigger;
  /** What else Layerward may hear; an event about the function if left out. */
  readonly hearElse?: (world: StoppableWorld) => Trigger;
  /** How it ends, undisturbed: status, reason and action. */
  readonly ends: string;
  /** In which ways it is started again; all if left out. */
  readonly restarts?: readonly Restart[];
  /** The state has not come to rest with its first outcome: another look, which a stop may well lead to, goes on. */
  readonly lastLook?: true;
  /** AWS refuses: each attempt is an event, and what was written ahead of one that was stopped is kept, since it may arrive. */
  readonly isRefused?: true;
}

const untagged = { readable: true, values: {} } as const;
const other = { ...arn, functionName: 'invoices' };

/** A Python function whose Handler is redirected, with something of its team's in every place that is ours. */
const teamFunction = snapshotOf({
  runtime: 'python3.7',
  handler: 'app.main',
  layers: ['arn:aws:lambda:us-east-1:111122223333:layer:team:7'],
  variables: { STAGE: 'prod', TREND_AP_LOG_FILE: '/tmp/team.log' },
});

const live = (world: StoppableWorld) => world.live() ?? teamFunction;

async function untilQuiet(world: StoppableWorld): Promise<void> {
  while (await world.step());
}

const created = (world: StoppableWorld, functionArn: FunctionArn = arn): Change =>
  world.change({ functionArn, kind: 'created', eventName: 'CreateFunction' });

async function protect(world: StoppableWorld): Promise<void> {
  world.deploy(teamFunction);
  world.start({ messages: [created(world)] });
  await untilQuiet(world);
  world.pass(60_000);
}

function strip(world: StoppableWorld): { readonly messages: readonly Change[] } {
  world.deploy({ ...live(world), layers: [] });
  return { messages: [world.change({ touched: ['Layers'] })] };
}

async function stripOften(world: StoppableWorld, times: number): Promise<void> {
  await protect(world);
  for (let time = 0; time < times; time++) {
    world.start(strip(world));
    await untilQuiet(world);
    world.pass(60_000);
  }
}

function optOut(world: StoppableWorld): Trigger {
  world.deploy({ ...live(world), tags: untagged });
  const tagged = { kind: 'tagged', eventName: 'UntagResource', touched: ['Tags'] } as const;
  return { messages: [world.change({ ...tagged, tagKeys: ['layerward:protect'] })] };
}

const moveTo = (runtime: string) => (world: StoppableWorld) => {
  world.deploy({ ...live(world), runtime });
  return { messages: [world.change({ touched: ['Runtime'] })] };
};

const sweepOf = (world: StoppableWorld, sweepId: string, secretNames: readonly string[] = []): Trigger => ({
  sweep: {
    sweepId,
    startedAt: world.world.now().toISOString(),
    accountId: arn.accountId,
    secretNames,
    regions: [{ region: arn.region }],
  },
});

const anotherEvent = (world: StoppableWorld): Trigger => ({
  messages: [
    world.change({
      kind: 'code-updated',
      eventName: 'UpdateFunctionCode',
      actor: { type: 'IAMUser', name: 'alice' },
      touched: [],
    }),
  ],
});

const deletion = (RequestId: string): DeploymentRequest => ({
  RequestType: 'Delete',
  ResponseURL: 'https://cloudformation.example/answer',
  StackId: 'arn:aws:cloudformation:us-east-1:111122223333:stack/layerward/1',
  RequestId,
  LogicalResourceId: 'Deployment',
  PhysicalResourceId: 'layerward',
  ResourceProperties: { ReleaseOnDelete: 'true', SettleSeconds: 75 },
});

const scenarios: Readonly<Record<string, Scenario>> = {
  'a function that opts in': {
    prepare: async (world) => world.deploy(teamFunction),
    happen: (world) => ({ messages: [created(world)] }),
    ends: 'protected  attached',
  },
  'a layer that is taken off': { prepare: protect, happen: strip, ends: 'protected  repaired' },
  'a layer that is taken off, which a sweep finds': {
    prepare: protect,
    happen(world) {
      strip(world);
      return sweepOf(world, 'sweep-1');
    },
    ends: 'protected  repaired',
  },
  'credentials that are rotated': {
    prepare: protect,
    happen(world) {
      world.setSecret({ found: rotated });
      return sweepOf(world, 'sweep-1', ['layerward/groups/default']);
    },
    ends: 'protected  updated',
  },
  'a runtime that is moved to the other variant': {
    prepare: protect,
    happen: moveTo('python3.8'),
    ends: 'protected  updated',
  },
  'a runtime that is moved to one that the agent can’t serve': {
    prepare: protect,
    happen: moveTo('python3.12'),
    ends: 'unsupported runtime none',
    lastLook: true,
  },
  'a function that opts out': { prepare: protect, happen: optOut, ends: 'released opted-out released' },
  'a function that the policy leaves out': {
    prepare: protect,
    happen(world) {
      world.setPolicy('exclude: { functions: [orders] }');
      return sweepOf(world, 'sweep-1');
    },
    ends: 'released excluded released',
  },
  'an update that AWS refuses': {
    async prepare(world) {
      world.deploy(teamFunction);
      world.functions.forgetLayer(vendorLayer('python'));
    },
    happen: (world) => ({ messages: [created(world)] }),
    ends: 'blocked layer-access none',
    isRefused: true,
  },
  'an update that AWS accepts and that fails': {
    awsSays: ['Failed', 'You have exceeded the maximum limit for ENIs'],
    prepare: async (world) => world.deploy(teamFunction),
    happen: (world) => ({ messages: [created(world)] }),
    ends: 'blocked aws-refused none',
  },
  'an update that AWS throttles': {
    async prepare(world) {
      await protect(world);
      world.functions.answerOnce(() => new Throttled('429', { retryAfterSeconds: 7 }));
    },
    happen: strip,
    ends: 'protected  repaired',
  },
  'an update whose turn comes later': {
    prepare: protect,
    happen: strip,
    turnsAfterMs: [0, 60_000],
    ends: 'protected  repaired',
  },
  'a layer that is taken off, for the last time that it is put back': {
    policy: 'contest: { repairs: 2 }',
    prepare: (world) => stripOften(world, 1),
    happen: strip,
    ends: 'protected  repaired',
  },
  'a layer that is taken off once too often': {
    policy: 'contest: { repairs: 2 }',
    prepare: (world) => stripOften(world, 2),
    happen: strip,
    ends: 'contested flapping none',
  },
  'a function that is deleted': {
    prepare: protect,
    happen(world) {
      world.functions.remove(world.functionArn);
      return { messages: [world.change({ kind: 'deleted', eventName: 'DeleteFunction', touched: [] })] };
    },
    ends: 'deleted  none',
  },
  'a layer that is taken off in audit mode': {
    async prepare(world) {
      await protect(world);
      world.setPolicy('mode: audit');
    },
    happen: strip,
    ends: 'drifted layer-missing reported',
  },
  'a function that opts out in audit mode': {
    async prepare(world) {
      await protect(world);
      world.setPolicy('mode: audit');
    },
    happen: optOut,
    ends: 'release opted-out reported',
  },
  'two functions in one batch': {
    async prepare(world) {
      await protect(world);
      world.deploy({ ...teamFunction, arn: other });
    },
    happen: (world) => ({ messages: [...strip(world).messages, created(world, other)] }),
    ends: 'protected  repaired',
  },
  'the deletion of the stack': {
    prepare: protect,
    happen: () => ({ deletion: deletion('request-1') }),
    hearElse: () => ({ deletion: deletion('request-2') }),
    restarts: ['the same message again', 'another event, and then the same message again'],
    ends: 'released excluded released',
  },
};

const rotated = { key: 'rotated-key-4711', secret: 'rotated-secret-0815' } as const;

/** What a story came to. */
interface Ending {
  /** Each function, to the byte. */
  readonly functions: readonly string[];
  readonly records: readonly FunctionRecord[];
  readonly history: ReadonlyMap<string, number>;
  readonly alerts: ReadonlyMap<string, number>;
  readonly events: ReadonlyMap<string, number>;
  readonly answers: ReadonlyMap<string, number>;
  readonly updates: number;
  readonly violations: readonly string[];
  readonly stops: number;
  readonly steps: StoppableWorld['effects'];
}

function tally(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

const nameOf = ({
  functionArn,
  status,
  reason,
  action,
}: Pick<Outcome, 'functionArn' | 'status' | 'reason' | 'action'>) =>
  [functionArn.split(':').at(-1), status, reason, action].join(' ');

function endingOf(world: StoppableWorld): Ending {
  const written = JSON.stringify(world.written());
  const secrets = [...Object.values(credentials), ...Object.values(rotated)].filter((one) => written.includes(one));
  return {
    functions: [arn, other].map(({ functionName }) => {
      const functionArn = world.functionArn.replace(arn.functionName, functionName);
      return JSON.stringify(world.functions.get(functionArn) ?? null, (key, value) =>
        key === 'revisionId' ? undefined : value,
      );
    }),
    records: [...world.records.records.values()],
    history: tally(world.remembered().map(nameOf)),
    alerts: tally(world.alerts.map(nameOf)),
    events: tally(world.events.map(nameOf)),
    answers: tally(world.answers.map(({ Status }) => Status)),
    updates: world.functions.calls.filter((call) => call === 'UpdateFunctionConfiguration').length,
    violations: [...world.violations, ...secrets.map((secret) => `${secret} is written down`)],
    stops: world.stops(),
    steps: world.effects,
  };
}

async function play(scenario: Scenario, stops: readonly Stop[], restart: Restart): Promise<Ending> {
  const world = createStoppableWorld(scenario.policy ?? '', { ...scenario, stops });
  await scenario.prepare(world);
  world.begin();
  world.start(scenario.happen(world));
  while (world.stops() === 0 && (await world.step()));
  world.pass(1_000);
  if (!restart.endsWith('again')) world.lose();
  if (restart.startsWith('another')) {
    world.start((scenario.hearElse ?? anotherEvent)(world));
    await untilQuiet(world);
  }
  await untilQuiet(world);
  const sweeps = restart.includes('sweep') ? (scenario.lastLook ? 2 : 1) : 0;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    world.pass(20 * 60_000);
    world.start(sweepOf(world, `later-sweep-${sweep}`));
    await untilQuiet(world);
  }
  if (scenario.lastLook && sweeps === 0) {
    world.start(anotherEvent(world));
    await untilQuiet(world);
  }
  return endingOf(world);
}

/** What differs where a run was stopped, beyond what may differ; in words. */
function differences(found: Ending, expected: Ending, scenario: Scenario, restart: Restart): string[] {
  const isSame = restart === 'the same message again';
  const same = (what: string, one: unknown, another: unknown) => {
    const [is, shouldBe] = [one, another].map((value) => JSON.stringify(value) ?? 'nothing');
    return is === shouldBe ? [] : [`${what} is ${is}, not ${shouldBe}`];
  };
  const times = (what: string, is: Ending['history'], shouldBe: Ending['history'], spare: (name: string) => number) =>
    [...new Set([...is.keys(), ...shouldBe.keys()])].flatMap((name) => {
      const [count = 0, wanted = 0] = [is.get(name), shouldBe.get(name)];
      const isEnough = wanted === 0 || count > 0;
      return isEnough && count <= wanted + spare(name) ? [] : [`${what} ${name}: ${count} times, not ${wanted}`];
    });
  const { stops } = found;
  return [
    ...found.violations,
    ...same('the functions', found.functions, expected.functions),
    ...same('the number of records', found.records.length, expected.records.length),
    ...found.records.flatMap((record, index) => {
      const former = expected.records[index];
      const [one, another] = [record, former].map((whole) => whole && kept(whole, isSame && !scenario.lastLook));
      const parts = new Set([...Object.keys(one ?? {}), ...Object.keys(another ?? {})]);
      return [
        ...[...parts].flatMap((part) =>
          part === 'pending' && scenario.isRefused
            ? []
            : same(part, Reflect.get(one ?? {}, part), Reflect.get(another ?? {}, part)),
        ),
        ...same('the number of repairs', record.repairs.length, former?.repairs.length),
        ...(scenario.isRefused && record.pending.length > stops ? ['it keeps what was refused'] : []),
      ];
    }),
    // Another event, or a sweep, that goes on has an attempt of its own in the history; so has a request that has no time.
    ...times('the history has', found.history, expected.history, (name) =>
      isSame && !scenario.hearElse && !scenario.isRefused
        ? 0
        : name.endsWith(' sent') || scenario.isRefused
          ? stops
          : 0,
    ),
    ...times('people hear', found.alerts, expected.alerts, () => stops),
    // Each attempt that is refused waits to be told of together with those before it.
    ...times('machines hear', found.events, expected.events, () =>
      scenario.isRefused ? (stops * (stops + 3)) / 2 : stops,
    ),
    ...times('CloudFormation hears', found.answers, expected.answers, () => stops),
    ...(found.updates > expected.updates + stops
      ? [`${found.updates} updates were sent, not ${expected.updates}`]
      : []),
  ];
}

/**
 * What of a record has to be the same. Not so: `version` counts writes; `since` and `updatedAt` are when it came to it;
 * `cause` is whoever made us look, which is another one where that led to the outcome; `repairs` hold both.
 */
function kept({ version: _, since: __, updatedAt: ___, cause, repairs, ...rest }: FunctionRecord, isSame: boolean) {
  const { eventId, eventName } = cause;
  return isSame ? { ...rest, cause: { eventId, eventName }, repairs: repairs.map((one) => one.eventId) } : rest;
}

const stories = await Promise.all(
  Object.entries(scenarios).map(async ([title, scenario]) => {
    const endings = new Map<Restart, Ending>();
    for (const restart of scenario.restarts ?? restarts) endings.set(restart, await play(scenario, [], restart));
    const [first] = endings.values();
    const [record] = first?.records ?? [];
    if (!first || !record) throw new Error(`${title} leaves no record`);
    const alone = await stepsOf(scenario);
    const steps = alone.map((effect, index) => ({ ...effect, number: index + 1 }));
    return { title, scenario, endings, record, steps };
  }),
);

/** The steps of a scenario, without those that a way to start again adds. */
async function stepsOf(scenario: Scenario): Promise<Ending['steps']> {
  const world = createStoppableWorld(scenario.policy ?? '', scenario);
  await scenario.prepare(world);
  world.begin();
  world.start(scenario.happen(world));
  await untilQuiet(world);
  return world.effects;
}

describe.each(stories)('$title', ({ scenario, endings, record, steps }) => {
  it(`ends as ${scenario.ends}`, () => {
    expect(nameOf(record)).toBe(`${arn.functionName} ${scenario.ends}`);
    for (const { violations, records } of endings.values()) {
      expect(violations).toEqual([]);
      for (const { outbox } of records) expect(outbox).toEqual([]);
    }
  });

  it.each(steps)('ends the same, stopped at step $number: $name', async ({ number }) => {
    const found: string[] = [];
    for (const manner of manners)
      for (const [restart, expected] of endings) {
        const ending = await play(scenario, [{ effect: number, manner }], restart);
        if (ending.stops !== 1) found.push(`${manner}: it was not stopped`);
        const differs = differences(ending, expected, scenario, restart);
        found.push(...differs.map((one) => `${manner}, and then ${restart}: ${one}`));
      }
    expect(found).toEqual([]);
  });

  // Of a process that ends, nothing is left but what it wrote: two stops between the same two writes are the same stop.
  it.each(steps.filter(({ writes }) => writes))(
    'ends the same, stopped after step $number: $name; and at each later one, too',
    async ({ number }) => {
      const found: string[] = [];
      const first = { effect: number, manner: 'ended after' } as const;
      for (const restart of ['the same message again', 'the next sweep alone'] as const) {
        const expected = endings.get(restart);
        if (!expected) continue;
        const { steps: reached } = await play(scenario, [first], restart);
        for (const [index, { name, writes }] of reached.entries()) {
          if (index < number || !writes) continue;
          const stops = [first, { effect: index + 1, manner: 'ended after' } as const];
          const ending = await play(scenario, stops, restart);
          const differs = differences(ending, expected, scenario, restart);
          found.push(...differs.map((one) => `and step ${index + 1} (${name}), ${restart}: ${one}`));
        }
      }
      expect(found).toEqual([]);
    },
  );
});
