import { describe, expect, it } from 'vitest';
import { StatesError } from '../../../../src/sandbox/states/states-error.ts';
import { createBench, functionArn, type Task } from './machine.ts';

const task = (more: object = {}) => ({ Type: 'Task', Resource: functionArn, End: true, ...more });
const echo = ({ parameters }: Task) => parameters;

describe('data on its way through a state', () => {
  it.each<[string, object, unknown, unknown]>([
    ['goes through unchanged', {}, { a: 1 }, { a: 1 }],
    ['is narrowed by InputPath', { InputPath: '$.a.b' }, { a: { b: [1] } }, [1]],
    ['is an empty object for an InputPath of null', { InputPath: null }, { a: 1 }, {}],
    [
      'is made by Parameters',
      { Parameters: { 'x.$': '$.a', y: { 'z.$': '$$.State.Name' } } },
      { a: 1 },
      { x: 1, y: { z: 'S' } },
    ],
    ['is narrowed by ResultSelector', { ResultSelector: { 'only.$': '$.a' } }, { a: 1, b: 2 }, { only: 1 }],
    [
      'keeps the input beside the result',
      { ResultPath: '$.deep.result' },
      { a: 1 },
      { a: 1, deep: { result: { a: 1 } } },
    ],
    ['drops the result for a ResultPath of null', { ResultPath: null, Parameters: {} }, { a: 1 }, { a: 1 }],
    ['takes the result whole for a ResultPath of $', { ResultPath: '$', Parameters: { b: 2 } }, { a: 1 }, { b: 2 }],
    ['is narrowed by OutputPath', { ResultPath: '$.r', OutputPath: '$.r.a' }, { a: 1 }, 1],
  ])('%s', async (_what, fields, input, output) => {
    expect(await createBench(echo).run({ S: task(fields) }, input)).toMatchObject({ status: 'SUCCEEDED', output });
  });

  it('that a path does not find fails the execution, and no catcher of everything sees it', async () => {
    const states = {
      S: task({ Parameters: { 'x.$': '$.missing' }, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }] }),
      Caught: { Type: 'Succeed' },
    };
    expect(await createBench(echo).run(states, { a: 1 })).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause: `The JSONPath '$.missing' specified for the field 'x.$' could not be found in the input '{"a":1}'`,
    });
  });
});

describe('the context object', () => {
  it('tells of execution, machine and state', async () => {
    const Parameters = {
      'id.$': '$$.Execution.Id',
      'name.$': '$$.Execution.Name',
      'input.$': '$$.Execution.Input.a',
      'started.$': '$$.Execution.StartTime',
      'machine.$': '$$.StateMachine.Name',
    };
    const { output } = await createBench(echo).run({ S: task({ Parameters }) }, { a: 7 });
    expect(output).toEqual({
      id: 'arn:aws:states:us-east-1:111122223333:execution:machine:id-1',
      name: 'id-1',
      input: 7,
      started: '2026-11-02T08:00:00.000Z',
      machine: 'machine',
    });
  });
});

describe('a retrier', () => {
  const failing = (times: number, error = 'Lambda.ServiceException') => {
    let calls = 0;
    return () => {
      calls += 1;
      if (calls <= times) throw new StatesError(error, `failed ${calls}`);
      return calls;
    };
  };
  const retry = (more: object = {}) => task({ Retry: [{ ErrorEquals: ['Lambda.ServiceException'], ...more }] });

  it('tries again with growing delays', async () => {
    const ended = await createBench(failing(3)).run({ S: retry({ IntervalSeconds: 2, BackoffRate: 3 }) });
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: 4 });
    expect(ended.seconds).toBeGreaterThanOrEqual(2 + 6 + 18);
    expect(ended.seconds).toBeLessThan(2 + 6 + 18 + 4);
  });

  it('keeps delays under their maximum, and jitters them', async () => {
    const more = { IntervalSeconds: 100, MaxDelaySeconds: 10, JitterStrategy: 'FULL' };
    const ended = await createBench(failing(2)).run({ S: retry(more) });
    expect(ended.output).toBe(3);
    expect(ended.seconds).toBeGreaterThanOrEqual(10);
    expect(ended.seconds).toBeLessThan(14);
  });

  it('gives up after its attempts', async () => {
    expect(await createBench(failing(9)).run({ S: retry({ MaxAttempts: 2 }) })).toMatchObject({
      status: 'FAILED',
      error: 'Lambda.ServiceException',
      cause: 'failed 3',
    });
  });

  it('does not try what it does not name', async () => {
    expect(await createBench(failing(1, 'Other')).run({ S: retry() })).toMatchObject({
      error: 'Other',
      cause: 'failed 1',
    });
  });

  it('counts its tries in the context', async () => {
    const seen: unknown[] = [];
    const bench = createBench(({ parameters }) => {
      seen.push(parameters);
      if (seen.length < 3) throw new StatesError('Lambda.ServiceException', '');
    });
    await bench.run({ S: { ...retry(), Parameters: { 'tries.$': '$$.State.RetryCount' } } });
    expect(seen).toEqual([{ tries: 0 }, { tries: 1 }, { tries: 2 }]);
  });
});

describe('a catcher', () => {
  const fail = (error: string) => () => {
    throw new StatesError(error, 'because');
  };
  const caught = (names: string[], more: object = {}) => ({
    S: task({ Catch: [{ ErrorEquals: names, Next: 'Caught', ...more }] }),
    Caught: { Type: 'Succeed' },
  });

  it.each([
    ['its name', 'Mine', ['Mine'], true],
    ['everything', 'Mine', ['States.ALL'], true],
    ['any failed task', 'Mine', ['States.TaskFailed'], true],
    ['another name', 'Mine', ['Other'], false],
    ['any failed task, but no time-out', 'States.Timeout', ['States.TaskFailed'], false],
  ])('by %s', async (_what, error, names, isCaught) => {
    const ended = await createBench(fail(error)).run(caught(names), { a: 1 });
    expect(ended.status).toBe(isCaught ? 'SUCCEEDED' : 'FAILED');
    if (isCaught) expect(ended.output).toEqual({ Error: error, Cause: 'because' });
  });

  it('keeps the input beside the error', async () => {
    const { output } = await createBench(fail('Mine')).run(caught(['Mine'], { ResultPath: '$.error' }), { a: 1 });
    expect(output).toEqual({ a: 1, error: { Error: 'Mine', Cause: 'because' } });
  });
});

describe('a task that takes too long', () => {
  it('is given up with States.Timeout', async () => {
    const never = () => new Promise(() => {});
    const ended = await createBench(never).run({ S: task({ TimeoutSeconds: 30 }) });
    expect(ended).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(ended.seconds).toBeGreaterThanOrEqual(30);
  });

  it('ends the execution at the machine’s own time-out, whatever catches', async () => {
    const states = {
      S: task({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }] }),
      Caught: { Type: 'Succeed' },
    };
    const ended = await createBench(() => new Promise(() => {})).run(states, {}, { TimeoutSeconds: 5 });
    expect(ended).toMatchObject({ status: 'TIMED_OUT', error: 'States.Timeout' });
  });
});

describe('the other states', () => {
  it('Wait waits for seconds, of a path too, and until a time', async () => {
    const states = {
      A: { Type: 'Wait', Seconds: 10, Next: 'B' },
      B: { Type: 'Wait', SecondsPath: '$.s', Next: 'C' },
      C: { Type: 'Wait', Timestamp: '2026-11-02T08:01:00Z', End: true },
    };
    const ended = await createBench(echo).run(states, { s: 20 });
    expect(ended).toMatchObject({ status: 'SUCCEEDED', output: { s: 20 } });
    expect(ended.seconds).toBeGreaterThanOrEqual(60);
    expect(ended.seconds).toBeLessThan(64);
  });

  it('Pass puts its result in place', async () => {
    const states = { S: { Type: 'Pass', Result: [1], ResultPath: '$.list', End: true } };
    expect((await createBench(echo).run(states, { a: 1 })).output).toEqual({ a: 1, list: [1] });
  });

  it('Fail fails with its error and cause', async () => {
    const states = { S: { Type: 'Fail', Error: 'Mine', CausePath: '$.why' } };
    expect(await createBench(echo).run(states, { why: 'so' })).toMatchObject({
      status: 'FAILED',
      error: 'Mine',
      cause: 'so',
    });
  });

  it('Parallel gives each branch the input, and lists what they give', async () => {
    const branch = (Result: unknown) => ({
      StartAt: 'P',
      States: { P: { Type: 'Pass', Result, ResultPath: '$.r', End: true } },
    });
    const states = { S: { Type: 'Parallel', Branches: [branch(1), branch(2)], ResultPath: '$.all', End: true } };
    expect((await createBench(echo).run(states, { a: 0 })).output).toEqual({
      a: 0,
      all: [
        { a: 0, r: 1 },
        { a: 0, r: 2 },
      ],
    });
  });

  it('Parallel fails as its first branch to fail, stops the others, and can be caught', async () => {
    const states = {
      S: {
        Type: 'Parallel',
        Branches: [
          { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 1000, End: true } } },
          { StartAt: 'F', States: { F: { Type: 'Fail', Error: 'Mine' } } },
        ],
        Catch: [{ ErrorEquals: ['Mine'], Next: 'Caught' }],
        End: true,
      },
      Caught: { Type: 'Pass', Result: 'caught', End: true },
    };
    const ended = await createBench(echo).run(states);
    expect(ended).toMatchObject({ output: 'caught' });
    expect(ended.seconds).toBeLessThan(5);
  });

  it.each<[object, unknown, boolean]>([
    [{ StringEquals: 'a' }, 'a', true],
    [{ StringEquals: 'a' }, 1, false],
    [{ StringMatches: 'a*.txt' }, 'abc.txt', true],
    [{ StringMatches: 'a\\*' }, 'ab', false],
    [{ NumericGreaterThanEquals: 3 }, 3, true],
    [{ NumericLessThan: 3 }, 3, false],
    [{ BooleanEquals: false }, false, true],
    [{ TimestampLessThan: '2026-01-01T00:00:00Z' }, '2025-12-31T23:59:59Z', true],
    [{ IsNull: true }, null, true],
    [{ IsNumeric: true }, '1', false],
    [{ IsPresent: true }, 0, true],
    [{ NumericEqualsPath: '$.other' }, 5, true],
  ])('Choice judges %j of %j', async (operator, v, isChosen) => {
    const states = {
      S: { Type: 'Choice', Choices: [{ Variable: '$.v', ...operator, Next: 'Yes' }], Default: 'No' },
      Yes: { Type: 'Pass', Result: true, End: true },
      No: { Type: 'Pass', Result: false, End: true },
    };
    expect((await createBench(echo).run(states, { v, other: 5 })).output).toBe(isChosen);
  });

  it('Choice takes the first rule that fits, of And, Or and Not', async () => {
    const is = (v: number) => ({ Variable: '$.v', NumericEquals: v });
    const states = {
      S: {
        Type: 'Choice',
        Choices: [
          { And: [is(1), is(2)], Next: 'A' },
          { Not: { Or: [is(2), is(3)] }, Next: 'B' },
          { Or: [is(1), is(2)], Next: 'A' },
        ],
      },
      A: { Type: 'Pass', Result: 'A', End: true },
      B: { Type: 'Pass', Result: 'B', End: true },
    };
    const bench = createBench(echo);
    expect((await bench.run(states, { v: 1 })).output).toBe('B');
    expect((await bench.run(states, { v: 2 })).output).toBe('A');
    expect((await bench.run(states, { v: 3 })).error).toBe('States.NoChoiceMatched');
    expect((await bench.run(states, {})).error).toBe('States.Runtime');
  });
});

describe('an inline map', () => {
  const map = (more: object = {}, inner: object = { P: task() }) => ({
    S: { Type: 'Map', ItemProcessor: { StartAt: Object.keys(inner)[0], States: inner }, End: true, ...more },
  });

  it('works on every item, in order', async () => {
    const ItemSelector = { 'item.$': '$$.Map.Item.Value', 'at.$': '$$.Map.Item.Index', 'common.$': '$.c' };
    const { output } = await createBench(echo).run(map({ ItemsPath: '$.items', ItemSelector }), {
      items: ['a', 'b'],
      c: 1,
    });
    expect(output).toEqual([
      { item: 'a', at: 0, common: 1 },
      { item: 'b', at: 1, common: 1 },
    ]);
  });

  it('works on no more at a time than it may', async () => {
    let busy = 0;
    let most = 0;
    const bench = createBench(async () => {
      busy += 1;
      most = Math.max(most, busy);
      await new Promise((resolve) => setImmediate(resolve));
      busy -= 1;
    });
    await bench.run(map({ MaxConcurrency: 3 }), [1, 2, 3, 4, 5, 6, 7]);
    expect(most).toBe(3);
  });

  it('fails as its first item to fail', async () => {
    const bench = createBench(({ parameters }) => {
      if (parameters === 2) throw new StatesError('Mine', 'two');
    });
    expect(await bench.run(map(), [1, 2, 3])).toMatchObject({ status: 'FAILED', error: 'Mine', cause: 'two' });
  });

  it('refuses what is no list', async () => {
    expect((await createBench(echo).run(map({ ItemsPath: '$.items' }), { items: 1 })).error).toBe('States.Runtime');
  });
});

describe('a distributed map', () => {
  const map = (more: object = {}) => ({
    S: {
      Type: 'Map',
      ItemsPath: '$.items',
      ItemSelector: { 'item.$': '$$.Map.Item.Value' },
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'P',
        States: { P: task() },
      },
      Label: 'Accounts',
      End: true,
      ...more,
    },
  });
  const failOn =
    (...bad: number[]) =>
    ({ parameters }: Task) => {
      const { item } = parameters as { item: number };
      if (bad.includes(item)) throw new StatesError('Mine', `item ${item}`);
      return item;
    };

  it('makes an execution of each item', async () => {
    const bench = createBench(failOn());
    const { output, arn } = await bench.run(map(), { items: [1, 2] });
    expect(output).toEqual([1, 2]);
    const children = bench.machines.executions().filter(({ mapRunArn }) => mapRunArn !== undefined);
    expect(children).toHaveLength(2);
    expect(children[0]).toMatchObject({
      status: 'SUCCEEDED',
      input: '{"item":1}',
      mapRunArn: expect.stringMatching(/^arn:aws:states:us-east-1:111122223333:mapRun:machine\/Accounts:/),
      executionArn: expect.stringMatching(/:execution:machine\/Accounts:/),
    });
    expect(arn).not.toBe(children[0]?.executionArn);
  });

  it.each<[string, object, number[], unknown]>([
    ['one failure without tolerance', {}, [2], 'States.ExceedToleratedFailureThreshold'],
    ['failures within the percentage', { ToleratedFailurePercentage: 50 }, [2, 3], [1, 4]],
    [
      'failures beyond the percentage',
      { ToleratedFailurePercentage: 49 },
      [2, 3],
      'States.ExceedToleratedFailureThreshold',
    ],
    ['failures of all, all tolerated', { ToleratedFailurePercentage: 100 }, [1, 2, 3, 4], []],
    ['failures within the count', { ToleratedFailureCount: 2 }, [2, 3], [1, 4]],
    ['failures beyond the count', { ToleratedFailureCount: 1 }, [2, 3], 'States.ExceedToleratedFailureThreshold'],
  ])('%s', async (_what, more, bad, expected) => {
    const ended = await createBench(failOn(...bad)).run(map(more), { items: [1, 2, 3, 4] });
    expect(ended.error ?? ended.output).toEqual(expected);
  });
});

describe('an execution', () => {
  it('can be stopped, and its children with it', async () => {
    const bench = createBench(() => new Promise(() => {}));
    const arn = bench.start({ S: task() });
    bench.machines.stop();
    await new Promise((resolve) => setImmediate(resolve));
    expect(bench.machines.executions().find(({ executionArn }) => executionArn === arn)?.status).toBe('ABORTED');
    expect(bench.statuses.map(({ status }) => status)).toEqual(['RUNNING', 'ABORTED']);
  });
});

describe('a definition that cannot be run is refused:', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['a state that is not there', { S: { Type: 'Pass', Next: 'T' } }, "Missing 'Next' target: T at /States/S/Next"],
    ['a state that leads nowhere', { S: { Type: 'Pass' } }, 'one of Next and End'],
    ['an unknown field', { S: { Type: 'Pass', End: true, Retries: 1 } }, 'Retries'],
    ['an unknown type', { S: { Type: 'Loop', End: true } }, 'States/S/Type'],
    [
      'another service',
      { S: task({ Resource: 'arn:aws:states:::sqs:sendMessage' }) },
      'tasks that invoke Lambda functions',
    ],
    ['JSONata', { S: task({ QueryLanguage: 'JSONata' }) }, 'QueryLanguage'],
    [
      'an unknown operator',
      { S: { Type: 'Choice', Choices: [{ Variable: '$', Equals: 1, Next: 'S' }] } },
      'Field Equals',
    ],
  ])('%s', (_what, states, message) => {
    expect(() => createBench(echo).start(states)).toThrow(message);
  });
});
