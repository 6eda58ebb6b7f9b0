import { refusalIn } from '../service/explain-advice.ts';
import { driftWords } from '../service/explain-words.ts';
import type { Surveyed } from '../service/survey.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { surveyNamedPlaces } from './places.ts';
import { policyName } from './plan-policy.ts';
import { print, printJson } from './printing.ts';
import type { ScanOptions } from './scan.ts';
import { renderScan, type ScanReport, type Standing, standingAdvice, standings } from './scan-report.ts';
import { openSight } from './sight.ts';

const screenful = 20;

/** Scans, and prints what it found. */
export async function scan(options: ScanOptions): Promise<ExitCode> {
  const sight = await openSight(options);
  const at = sight.now().toISOString();
  const tally = createTally(options.limit ?? (options.json ? Number.POSITIVE_INFINITY : screenful));
  const { places, problems } = await surveyNamedPlaces(sight, options, (page) => page.forEach(tally.add));
  const { optedIn, protected: covered, ...rest } = tally.read();
  const { tag, value } = sight.policy.optIn;
  const report: ScanReport = {
    at,
    policy: policyName(options.policy),
    hasRecords: sight.records !== undefined,
    optIn: { tag, value },
    places: places.map(({ accountId, region }) => ({ accountId, region })),
    optedIn,
    protected: covered,
    ...(optedIn === 0 ? {} : { percent: Math.floor((covered / optedIn) * 100) }),
    ...rest,
    problems: [...problems],
  };
  if (options.json) printJson(report);
  else print(renderScan(report));
  if (places.length === 0) return exitCode.failed;
  return report.attentionTotal > 0 || problems.length > 0 ? exitCode.found : exitCode.done;
}

const needsSomebody: ReadonlySet<Standing> = new Set(['contested', 'blocked', 'drifted', 'release']);

/** Counts functions, and keeps only as many of those that need somebody as are named; memory stays flat. */
function createTally(limit: number) {
  const counts = new Map<string, ScanReport['counts'][number]>();
  const attention = new Map<Standing, ScanReport['attention'][number][]>();
  let optedIn = 0;
  let covered = 0;
  let attentionTotal = 0;
  return {
    add(surveyed: Surveyed): void {
      const { status, reason, detail } = standingOf(surveyed);
      // It has nothing of ours, and did not opt in: the record of a former life.
      if (status === 'out-of-scope' && reason === 'not-opted-in') return;
      if (surveyed.isOptedIn) optedIn++;
      if (status === 'protected') covered++;
      const key = `${status} ${reason}`;
      const counted = counts.get(key) ?? { status, reason, count: 0, advice: standingAdvice(status, reason) };
      counted.count++;
      counts.set(key, counted);
      if (!needsSomebody.has(status)) return;
      attentionTotal++;
      const named = attention.get(status) ?? [];
      attention.set(status, named);
      if (named.length < limit) named.push({ functionArn: surveyed.functionArn, status, reason, detail });
    },
    read() {
      const urgency = ({ status }: { readonly status: Standing }) => standings.indexOf(status);
      return {
        optedIn,
        protected: covered,
        counts: [...counts.values()].sort((a, b) => urgency(a) - urgency(b) || b.count - a.count),
        attention: standings.flatMap((status) => attention.get(status) ?? []).slice(0, limit),
        attentionTotal,
      };
    },
  };
}

/** What a function is, for people: what AWS answered to an update is known only from the record. */
function standingOf({ decision, record }: Surveyed): {
  readonly status: Standing;
  readonly reason: string;
  readonly detail: string;
} {
  const refusal = refusalIn(decision, record);
  if (refusal) return { status: 'blocked', reason: refusal.reason, detail: refusal.detail };
  switch (decision.status) {
    case 'compliant':
      return { status: 'protected', reason: '', detail: '' };
    case 'out-of-scope':
      return { status: decision.status, reason: decision.reason, detail: '' };
    case 'drifted':
      return { status: decision.status, reason: decision.reason, detail: driftWords[decision.reason] };
    case 'blocked':
    case 'contested':
    case 'release':
    case 'unsupported':
    case 'waiting':
      return { status: decision.status, reason: decision.reason, detail: decision.detail };
  }
}
