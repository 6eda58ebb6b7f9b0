import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type Machine, parseDefinition } from '../../src/sandbox/states/definition.ts';
import type { Execution } from '../../src/sandbox/states/state-machines.ts';
import { StatesError } from '../../src/sandbox/states/states-error.ts';
import { functionArnOf, readSweepDefinition } from '../fixtures/sweep-definition.ts';
import { createBench, type Task } from '../unit/sandbox/states/machine.ts';

/*
 * Every path of infra/sweep.asl.json as the template deploys it, in the sandbox's interpreter; the functions answer as
 * each test wants. The same machine with the real functions is in organization.test.ts.
 */

const definition = parseDefinition(readSweepDefinition());
const [orders, payments, legacy] = ['222233334444', '333344445555', '444455556666'];
const regions = ['us-east-1', 'eu-west-1'];
const summary = { sweepId: 'id-1', places: 2, counts: { protected: 5 }, sent: 1, repaired: 0, problems: [] };

const invocation = z.object({ FunctionName: z.string(), Payload: z.looseObject({}) });
type Payload = z.output<typeof invocation>['Payload'];

/** What the functions say to each step. A function that fails throws a {@link StatesError}. */
interface Answers {
  readonly plan: (asked: Payload) => unknown;
  /** @param before how often this account was swept before. */
  readonly sweep: (task: Payload, before: number) => unknown;
  readonly 'note-crash': (asked: Payload) => unknown;
  readonly summarize: (asked: Payload) => unknown;
}
type Step = keyof Answers;

const planned = (accountIds: readonly string[]) => (asked: Payload) => ({
  sweepId: asked['sweepId'],
  startedAt: asked['startedAt'],
  accountIds,
  regions,
  secretNames: ['layerward/groups/default'],
});
const done = (task: Payload) => ({ ...task, regions: [], waitSeconds: 0, done: true });
const usual: Answers = { plan: planned([orders]), sweep: done, 'note-crash': () => null, summarize: () => summary };

const fail = (error: string, cause = '') => {
  throw new StatesError(error, cause);
};

/** The transitions that any test has gone through, such as `Sweep → IsDone`. */
const gone = new Set<string>();

/** Runs the machine to its end. */
async function sweep(answers: Partial<Answers> = {}, input: unknown = { reason: 'schedule' }) {
  const asked: { readonly step: Step; readonly payload: Payload }[] = [];
  const of = (step: Step) => asked.filter((one) => one.step === step).map(({ payload }) => payload);
  const sweepsOf = (accountId: unknown) => of('sweep').filter((payload) => payload['accountId'] === accountId);
  const bench = createBench(async ({ resource, parameters }: Task) => {
    expect(resource).toBe('arn:aws:states:::lambda:invoke');
    const { FunctionName, Payload } = invocation.parse(parameters);
    const step = stepOf(FunctionName, Payload);
    const before = sweepsOf(Payload['accountId']).length;
    asked.push({ step, payload: Payload });
    const answer = step === 'sweep' ? answerOf('sweep')(Payload, before) : answerOf(step)(Payload);
    return { ExecutedVersion: '$LATEST', Payload: await answer, StatusCode: 200 };
  });
  const answerOf = <Name extends Step>(step: Name): Answers[Name] => ({ ...usual, ...answers })[step];
  const ended = await runToEnd(bench, input);
  const children = bench.machines.executions().filter(({ mapRunArn }) => mapRunArn !== undefined);
  for (const { executionArn } of bench.machines.executions())
    for (const transition of transitionsAlong(await statesOf(bench, executionArn))) gone.add(transition);
  return { ...ended, of, sweepsOf, children: children.map(outcomeOf) };
}

/** A machine may wait for more than an hour in all; nobody waits for it here. */
async function runToEnd({ clock, start, machines }: ReturnType<typeof createBench>, input: unknown) {
  const began = clock.now().getTime();
  const arn = start(definition.States, input, { StartAt: definition.StartAt });
  const now = () => machines.executions().find(({ executionArn }) => executionArn === arn);
  for (let seconds = 0; now()?.status === 'RUNNING' && seconds < 6_000; seconds++) {
    // Promises settle before time goes on.
    for (let round = 0; round < 10; round++) await new Promise((resolve) => setImmediate(resolve));
    if (now()?.status === 'RUNNING') clock.advance(1000);
  }
  const { status, output, error, cause } = now() ?? {};
  const result: unknown = output === undefined ? undefined : JSON.parse(output);
  return { status, output: result, error, cause, seconds: (clock.now().getTime() - began) / 1000 };
}

const outcomeOf = ({ status, output, error }: Execution) => ({ status, output, error });

function stepOf(functionName: string, { step }: Payload): Step {
  if (functionName === functionArnOf('SweepFunction')) return 'sweep';
  expect(functionName).toBe(functionArnOf('OrganizeSweepFunction'));
  return z.enum(['plan', 'note-crash', 'summarize']).parse(step);
}

const events = z.object({
  events: z.array(z.object({ stateEnteredEventDetails: z.object({ name: z.string() }).optional() })),
});

/** The states that an execution went through, in order. */
async function statesOf({ machines }: ReturnType<typeof createBench>, executionArn: string): Promise<string[]> {
  const { body } = await machines.service({
    service: 'states',
    region: 'us-east-1',
    caller: { accountId: '111122223333', accessKeyId: 'viewer', userIdentity: {} },
    method: 'POST',
    path: '/',
    query: new URLSearchParams(),
    headers: { 'x-amz-target': 'AWSStepFunctions.GetExecutionHistory' },
    body: Buffer.from(JSON.stringify({ executionArn })),
  });
  const told = events.parse(JSON.parse(body.toString()));
  return told.events.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []);
}

describe('a sweep', () => {
  it('plans, sweeps each account with all that the plan says, and ends with the summary', async () => {
    const ended = await sweep({ plan: planned([orders, payments]) });
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: summary });
    const named = { sweepId: 'id-1', startedAt: '2026-11-02T08:00:00.000Z' };
    expect(ended.of('plan')).toEqual([{ step: 'plan', ...named, input: { reason: 'schedule' } }]);
    const task = { ...named, regions, secretNames: ['layerward/groups/default'] };
    expect(ended.of('sweep')).toEqual([
      { ...task, accountId: orders },
      { ...task, accountId: payments },
    ]);
    expect(ended.of('summarize')).toEqual([{ step: 'summarize', sweepId: 'id-1' }]);
    expect(ended.of('note-crash')).toEqual([]);
    // Ten thousand answers would be more than a state machine can carry.
    expect(ended.children).toEqual([
      { status: 'SUCCEEDED', output: '{}' },
      { status: 'SUCCEEDED', output: '{}' },
    ]);
  });

  it('hands what started it to the plan whole, whatever it is', async () => {
    const event = { source: 'aws.secretsmanager', detail: { requestParameters: { secretId: 'any' } } };
    const ended = await sweep({}, event);
    expect(ended.of('plan')[0]).toMatchObject({ input: event });
  });

  it('of no account is summarized all the same', async () => {
    const ended = await sweep({ plan: planned([]) });
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: summary, children: [] });
    expect(ended.of('sweep')).toEqual([]);
    expect(ended.of('summarize')).toHaveLength(1);
  });
});

describe('an account that takes more than one invocation', () => {
  const rest = { region: 'eu-west-1', progress: { marker: 'page-2', counts: { protected: 3 }, sent: 1, repaired: 0 } };

  it('is gone on with at once, with exactly what the last one left', async () => {
    const ended = await sweep({
      sweep: (task, before) => (before === 0 ? { ...task, regions: [rest], waitSeconds: 0, done: false } : done(task)),
    });
    expect(ended.status).toBe('SUCCEEDED');
    expect(ended.seconds).toBeLessThan(5);
    const [first, second, ...others] = ended.of('sweep');
    expect(others).toEqual([]);
    expect(second).toEqual({ ...first, regions: [rest], waitSeconds: 0, done: false });
  });

  it('is waited for as long as the last one says', async () => {
    const ended = await sweep({
      sweep: (task, before) =>
        before < 2
          ? { ...task, regions: [{ ...rest, delays: before + 1 }], waitSeconds: 300, done: false }
          : done(task),
    });
    expect(ended.status).toBe('SUCCEEDED');
    expect(ended.of('sweep')).toHaveLength(3);
    expect(ended.of('sweep')[2]).toMatchObject({ regions: [{ delays: 2 }] });
    expect(ended.seconds).toBeGreaterThanOrEqual(600);
    expect(ended.seconds).toBeLessThan(610);
  });
});

describe('an account whose sweep crashes', () => {
  const crashes = (error: string): Partial<Answers> => ({
    plan: planned([orders, legacy, payments]),
    sweep: (task) => (task['accountId'] === legacy ? fail(error, '{"errorMessage":"out of memory"}') : done(task)),
  });

  it.each(['Runtime.OutOfMemory', 'InvalidInput'])('by %s is noted, and the others are swept', async (error) => {
    const ended = await sweep(crashes(error));
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: summary });
    expect(ended.sweepsOf(legacy)).toHaveLength(1);
    expect(ended.of('sweep').map((task) => task['accountId'])).toEqual([orders, legacy, payments]);
    const [noted, ...others] = ended.of('note-crash');
    expect(others).toEqual([]);
    expect(noted).toMatchObject({
      step: 'note-crash',
      task: { sweepId: 'id-1', accountId: legacy, regions },
      error: { Error: error, Cause: '{"errorMessage":"out of memory"}' },
    });
    expect(ended.children.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
  });

  it.each(['Sandbox.Timedout', 'Lambda.TooManyRequestsException', 'Throttled'])(
    'by %s is tried again four times first',
    async (error) => {
      const ended = await sweep(crashes(error));
      expect(ended.status).toBe('SUCCEEDED');
      expect(ended.sweepsOf(legacy)).toHaveLength(5);
      expect(ended.of('note-crash')).toHaveLength(1);
    },
  );

  it('only once is swept to its end', async () => {
    const ended = await sweep({
      sweep: (task, before) => (before === 0 ? fail('Lambda.ServiceException') : done(task)),
    });
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: summary });
    expect(ended.of('sweep')).toHaveLength(2);
    expect(ended.of('note-crash')).toEqual([]);
  });

  it('after some of its regions is noted with what is left of them', async () => {
    const left = [{ region: 'eu-west-1', delays: 1 }];
    const ended = await sweep({
      sweep: (task, before) =>
        before === 0 ? { ...task, regions: left, waitSeconds: 5, done: false } : fail('Runtime.ExitError'),
    });
    expect(ended.of('note-crash')[0]).toMatchObject({ task: { accountId: orders, regions: left } });
  });

  it('and can’t even be noted stops neither the others nor the summary', async () => {
    const ended = await sweep({ ...crashes('Runtime.OutOfMemory'), 'note-crash': () => fail('Lambda.Unknown') });
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: summary });
    expect(ended.of('note-crash')).toHaveLength(4);
    expect(ended.sweepsOf(payments)).toHaveLength(1);
    expect(ended.children).toEqual([
      { status: 'SUCCEEDED', output: '{}' },
      { status: 'FAILED', error: 'Lambda.Unknown' },
      { status: 'SUCCEEDED', output: '{}' },
    ]);
  });

  it('like all others is no failure of the sweep, so that its summary tells of them', async () => {
    const ended = await sweep({
      plan: planned([orders, payments]),
      sweep: () => fail('Runtime.ExitError'),
      'note-crash': () => fail('Runtime.ExitError'),
    });
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: summary });
  });

  it('because it never answers is given up, and noted', async () => {
    const ended = await sweep({ sweep: () => new Promise(() => {}) });
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: summary });
    expect(ended.sweepsOf(orders)).toHaveLength(5);
    expect(ended.of('note-crash')[0]).toMatchObject({ error: { Error: 'States.Timeout' } });
  });
});

describe('a sweep that fails as a whole', () => {
  it('because it can’t be planned sweeps nothing, and says why', async () => {
    const ended = await sweep({ plan: () => fail('InvalidInput', 'this is no step of a sweep') });
    expect(ended).toMatchObject({ status: 'FAILED', error: 'InvalidInput', cause: 'this is no step of a sweep' });
    expect([ended.of('plan').length, ended.of('sweep').length, ended.of('summarize').length]).toEqual([1, 0, 0]);
  });

  it.each(['PolicyUnusable', 'Throttled', 'ServiceUnavailable', 'Lambda.TooManyRequestsException'])(
    'for %s has been tried for minutes',
    async (error) => {
      const ended = await sweep({ plan: () => fail(error) });
      expect(ended).toMatchObject({ status: 'FAILED', error });
      expect(ended.of('plan')).toHaveLength(7);
      expect(ended.seconds).toBeGreaterThan(120);
    },
  );

  it('because it can’t be summarized has swept all accounts', async () => {
    const ended = await sweep({ summarize: () => fail('Runtime.ExitError', 'crashed') });
    expect(ended).toMatchObject({ status: 'FAILED', error: 'Runtime.ExitError', cause: 'crashed' });
    expect(ended.of('summarize')).toHaveLength(5);
    expect(ended.sweepsOf(orders)).toHaveLength(1);
  });
});

const transitionsAlong = (states: readonly string[]) =>
  states.slice(1).map((state, index) => `${states[index]} → ${state}`);

/** All that a machine can do after each of its states, those of its maps included. */
function transitionsOf({ States }: Machine): string[] {
  return Object.entries(States).flatMap(([name, state]) => {
    const next = 'Next' in state ? [state.Next] : [];
    const chosen = state.Type === 'Choice' ? [...state.Choices.map((rule) => rule['Next']), state.Default] : [];
    const caught = 'Catch' in state ? state.Catch.map(({ Next }) => Next) : [];
    const inMap = state.Type === 'Map' ? transitionsOf(state.ItemProcessor) : [];
    const targets = [...next, ...chosen, ...caught].filter((target) => target !== undefined);
    return [...targets.map((target) => `${name} → ${target}`), ...inMap];
  });
}

describe('all of these', () => {
  it('together go through every transition of the machine', () => {
    expect([...gone].sort()).toEqual(transitionsOf(definition).sort());
  });
});
