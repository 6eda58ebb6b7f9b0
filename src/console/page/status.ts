import type { ReportedOutcome } from '../../service/report-schema.ts';
import { h, s } from './dom.ts';

/** A status in a word for people; codes stay codes where they are filtered on. */
export function statusName(status: string): string {
  return status === 'release' ? 'to be released' : status;
}

/** The mark of a status: its shape tells it without its colour. */
export function statusIcon(status: string): SVGSVGElement {
  return s(
    'svg',
    { class: `icon status-${status}`, viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    s('use', { href: `#icon-${status}` }),
  );
}

/** A status with its mark, and its reason. */
export function statusBadge(status: string, reason = ''): HTMLElement {
  return h(
    'span',
    { class: `badge status-${status}` },
    statusIcon(status),
    h('span', {}, statusName(status)),
    reason === '' ? undefined : h('code', { class: 'reason' }, reason),
  );
}

/** What happened, in a few words. */
export function outcomeHeadline({ status, reason, action, previous }: ReportedOutcome): string {
  switch (status) {
    case 'protected':
      switch (action) {
        case 'repaired':
          return 'put back and verified';
        case 'attached':
          return 'attached and verified';
        case 'updated':
          return 'brought up to date and verified';
        default:
          return 'found protected';
      }
    case 'drifted':
      if (action === 'reported') return 'differs; the mode is audit';
      return previous?.status === 'protected' ? 'protection taken off; being put back' : 'an update was sent';
    case 'blocked':
      return 'not protected until a person acts';
    case 'contested':
      return 'undone again and again; left alone';
    case 'unsupported':
      return 'can’t be protected';
    case 'release':
      return action === 'reported' ? 'would be released; the mode is audit' : 'is being released';
    case 'released':
      return reason === 'runtime' || reason === 'architecture' ? 'released: the agent can’t run there' : 'released';
    case 'deleted':
      return 'deleted';
  }
}
