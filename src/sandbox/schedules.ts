import { randomUUID } from 'node:crypto';
import type { Clock } from './api.ts';
import { sendToTarget, type TargetServices } from './event-targets.ts';

/** A schedule of EventBridge Scheduler. Nothing ticks here: it runs when it is asked to. */
export interface Schedule {
  readonly name: string;
  readonly arn: string;
  readonly expression: string;
  readonly state: string;
  readonly target: { readonly arn: string; readonly roleArn: string; readonly input: string | undefined };
}

/** The schedules that templates have made. */
export interface Schedules {
  create(schedule: Schedule): void;
  remove(name: string): void;
  list(): readonly Schedule[];
  /** Starts a schedule's target now, as its role. @throws Error for one that there is not, or that cannot be started. */
  run(name: string): Promise<void>;
}

export function createSchedules(targets: TargetServices, clock: Clock): Schedules {
  const schedules = new Map<string, Schedule>();
  return {
    create: (schedule) => {
      schedules.set(schedule.name, schedule);
    },
    remove: (name) => {
      schedules.delete(name);
    },
    list: () => [...schedules.values()],
    run: async (name) => {
      const schedule = schedules.get(name);
      if (schedule === undefined) {
        const known = [...schedules.keys()].join(', ') || 'none';
        throw new Error(`There is no schedule ${name}; there are: ${known}`);
      }
      const { arn, roleArn, input } = schedule.target;
      const sender = { service: 'scheduler.amazonaws.com', sourceArn: schedule.arn, roleArn };
      await sendToTarget(targets, arn, sender, fill(input ?? '{}', schedule, clock));
    },
  };
}

/** Scheduler's own places in an input. */
function fill(input: string, schedule: Schedule, clock: Clock): string {
  return input
    .replaceAll('<aws.scheduler.schedule-arn>', schedule.arn)
    .replaceAll('<aws.scheduler.scheduled-time>', clock.now().toISOString())
    .replaceAll('<aws.scheduler.execution-id>', randomUUID())
    .replaceAll('<aws.scheduler.attempt-number>', '1');
}
