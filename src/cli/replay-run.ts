import type { Decision } from '../domain/decision.ts';
import { readAgents } from '../service/agent-files.ts';
import { judge } from '../service/judge.ts';
import { readRecordFile } from '../service/record-file.ts';
import { replayRecord } from '../service/replay.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { readFileOrRefuse, readPolicyFile } from './policy-file.ts';
import { print, printJson } from './printing.ts';
import type { ReplayOptions } from './replay.ts';
import { type ReplayReport, renderReplay } from './replay-report.ts';

/** Says what would be done with each record of these files, and prints it. */
export async function replay(files: readonly string[], options: ReplayOptions): Promise<ExitCode> {
  const policy = readPolicyFile(options.policy, readAgents());
  const sight = options.live || options.endpoint ? await openLive(options) : undefined;
  const report: ReplayReport = [];
  for (const file of files)
    for (const [index, record] of readRecordFile(readFileOrRefuse(file), file).entries()) {
      const { change, actor, ...replayed } = replayRecord(record, options.ownRole ?? [], policy);
      const decision = sight && change ? withoutPlan(await judge(change.functionArn, sight)) : undefined;
      report.push({
        file,
        index,
        ...replayed,
        ...(actor ? { actor: { ...actor } } : {}),
        ...(decision ? { decision } : {}),
      });
    }
  if (options.json) printJson(report);
  else print(renderReplay(report));
  const hasFound = report.some(
    ({ verdict, decision }) =>
      verdict === 'malformed' || decision?.status === 'drifted' || decision?.status === 'blocked',
  );
  return hasFound ? exitCode.found : exitCode.done;
}

async function openLive(options: ReplayOptions) {
  const { openSight } = await import('./sight.ts');
  // Records name the regions of their functions; where nobody says more, the hub is where it mostly is.
  const isSaid = options.region ?? options.profile ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];
  return openSight(isSaid === undefined && !process.env['AWS_PROFILE'] ? { ...options, region: 'us-east-1' } : options);
}

/** A decision without its plan, which holds credentials, and without what the record would hold. */
function withoutPlan(
  decision: Decision | { readonly status: 'deleted' },
): NonNullable<ReplayReport[number]['decision']> {
  const { status } = decision;
  return {
    status,
    ...('reason' in decision ? { reason: decision.reason } : {}),
    ...('detail' in decision ? { detail: decision.detail } : {}),
    ...('mode' in decision ? { mode: decision.mode } : {}),
    ...('drift' in decision ? { drift: [...decision.drift] } : {}),
  };
}
