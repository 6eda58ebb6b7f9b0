import { createAccess } from '../../../../src/sandbox/access/access.ts';
import { createRoles } from '../../../../src/sandbox/access/roles.ts';
import { createStateMachines, type Execution } from '../../../../src/sandbox/states/state-machines.ts';
import { createManualClock } from '../lambda/manual-clock.ts';

/** A task as the machine asks for it. */
export type Task = { readonly resource: string; readonly parameters: unknown };

/** Runs machines whose tasks the test answers, on a clock that runs as fast as it can and tells what was waited. */
export function createBench(invoke: (task: Task) => unknown) {
  const clock = createManualClock('2026-11-02T08:00:00.000Z');
  const statuses: Execution[] = [];
  let ids = 0;
  const machines = createStateMachines({
    clock,
    access: createAccess({
      roles: createRoles(),
      organization: undefined,
      clock,
      lookups: { functionTags: () => undefined, configurationOf: () => undefined },
    }),
    secondMilliseconds: 1000,
    invoke: async (task) => invoke(task),
    onStatus: (execution) => statuses.push(execution),
    log: () => {},
    random: () => 0.5,
    uuid: () => {
      ids += 1;
      return `id-${ids}`;
    },
  });

  /** Starts a machine with these states; the first one begins. */
  const start = (states: Readonly<Record<string, unknown>>, input: unknown = {}, more: object = {}) => {
    const arn = machines.create({
      name: 'machine',
      accountId: '111122223333',
      region: 'us-east-1',
      roleArn: 'arn:aws:iam::111122223333:role/machine',
      definition: JSON.stringify({ StartAt: Object.keys(states)[0], States: states, ...more }),
    });
    return machines.start(arn, JSON.stringify(input)).executionArn;
  };
  const find = (arn: string) => machines.executions().find(({ executionArn }) => executionArn === arn);
  /** Runs the clock until the execution has ended, and tells how it ended and how long it took. */
  const run = async (states: Readonly<Record<string, unknown>>, input: unknown = {}, more: object = {}) => {
    const began = clock.now().getTime();
    const arn = start(states, input, more);
    for (let round = 0; round < 2000 && find(arn)?.status === 'RUNNING'; round += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (round % 10 === 9) clock.advance(500);
    }
    const ended = find(arn);
    const seconds = Math.round((clock.now().getTime() - began) / 1000);
    return {
      status: ended?.status,
      output: ended?.output === undefined ? undefined : (JSON.parse(ended.output) as unknown),
      error: ended?.error,
      cause: ended?.cause,
      seconds,
      arn,
    };
  };
  return { machines, clock, statuses, start, run };
}

export const functionArn = 'arn:aws:lambda:us-east-1:111122223333:function:work';
