import type { FunctionRecord, Outcome } from './record.ts';

/** How much an outcome matters to the people who get it. */
export type Severity = 'info' | 'warning' | 'critical';

/** What people were told of a function last; the same is not said twice in a row. */
export function announcementMark({ status, reason }: Pick<Outcome, 'status' | 'reason'>): string {
  return reason === '' ? status : `${status} ${reason}`;
}

/**
 * Whether an outcome is worth a person's attention, beside being published for machines: protection taken off and put
 * back, blocked, contested, released, drift or a release that audit mode only reports.
 */
export function isForPeople(outcome: Outcome, announced: FunctionRecord['announced']): boolean {
  switch (outcome.status) {
    case 'protected':
      return outcome.action === 'repaired';
    case 'drifted':
    case 'release':
      return outcome.action === 'reported' && announced !== announcementMark(outcome);
    case 'blocked':
      // Where tags can't be read, nobody can tell whether the function ever opted in; an alarm speaks for all of them.
      if (outcome.reason === 'tags-unreadable' && outcome.agent === undefined) return false;
      return announced !== announcementMark(outcome);
    case 'contested':
    case 'released':
      return announced !== announcementMark(outcome);
    case 'unsupported':
    case 'deleted':
      return false;
  }
}

/** How much an outcome matters. */
export function severityOf({ status, reason, action }: Outcome): Severity {
  switch (status) {
    case 'contested':
    case 'blocked':
      return 'critical';
    case 'drifted':
    case 'unsupported':
      return 'warning';
    case 'protected':
      return action === 'repaired' ? 'warning' : 'info';
    case 'release':
    case 'released':
      return reason === 'runtime' || reason === 'architecture' ? 'critical' : 'info';
    case 'deleted':
      return 'info';
  }
}

/** Whether an outcome is published as an event: all but updates that are not verified yet. */
export function isForMachines({ action }: Outcome): boolean {
  return action !== 'sent';
}
