import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createDynamoDbFairShare } from '../aws/dynamodb-fair-share.ts';
import type { Policy } from '../domain/policy.ts';
import { type Applied, type ApplyWorld, applyPlans } from '../service/apply-plans.ts';
import { createUnkeptRecords, unshared } from '../service/apply-plans-unrecorded.ts';
import type { PlannedFunction } from '../service/plan-file.ts';
import type { ChangeOptions } from './apply-options.ts';
import { outcomeLine } from './apply-report.ts';
import { WrongUse } from './exit-code.ts';
import { print, tell } from './printing.ts';
import { createProgress } from './progress.ts';
import { askPerson } from './questions.ts';
import type { OpenSight } from './sight.ts';

/** Functions to be changed, and what asked for it. */
export interface ApplySession {
  readonly functions: readonly Pick<PlannedFunction, 'functionArn' | 'revisionId' | 'updateMark'>[];
  readonly salt: string;
  readonly policy: Policy;
  /** What the history calls it. */
  readonly eventName: 'Apply' | 'Release';
  /** The table of records; absent where nothing is deployed, and nothing is kept. */
  readonly table: string | undefined;
}

/** Calls of Lambda a second, where the stack does not say. */
const usualCallsPerSecond = 8;

const nothingWasChanged = 'nothing was changed';

/**
 * Makes sure that somebody can agree, before anything is asked of AWS.
 * @throws {WrongUse} where there is no terminal, and no `--yes`
 */
export function requireConsent({ yes }: Pick<ChangeOptions, 'yes'>): void {
  if (!yes && !(process.stdin.isTTY && process.stderr.isTTY))
    throw new WrongUse(`${nothingWasChanged}: there is no terminal to ask on; see layerward plan, then say --yes`);
}

/** Asks whether to go on. @throws {WrongUse} unless the answer is yes */
export async function askConsent(question: string, { yes }: Pick<ChangeOptions, 'yes'>): Promise<void> {
  if (yes) return;
  const asker = askPerson(process.stdin, process.stderr, nothingWasChanged);
  try {
    const answer = await asker.ask({ text: `${question} Only yes goes on` });
    if (answer !== 'yes') throw new WrongUse(nothingWasChanged);
  } finally {
    asker.close();
  }
}

/** Changes functions, tells what becomes of each, and sees to their end on Ctrl-C those that have begun. */
export async function applySession(
  session: ApplySession,
  sight: OpenSight,
  options: ChangeOptions,
): Promise<readonly Applied[]> {
  const { functions, salt, policy, eventName } = session;
  const progress = createProgress();
  let isStopped = false;
  let done = 0;
  const stop = () => {
    isStopped = true;
    progress.end();
    tell('Those that have begun are seen to their end; Ctrl-C again ends at once, which the next look makes up for.');
  };
  process.once('SIGINT', stop);
  const show = () => progress.show(done, functions.length, 'functions');
  show();
  try {
    return await applyPlans(
      {
        functions,
        salt,
        policy,
        request: { id: `${eventName.toLowerCase()}-${randomUUID()}`, name: eventName },
        parallel: options.parallel,
      },
      worldOf(sight, session.table),
      {
        mayGoOn: () => !isStopped,
        done(applied) {
          done++;
          progress.end();
          // Those that were stopped are summed up: there may be thousands.
          if (!options.json && applied.outcome !== 'stopped') print(outcomeLine(applied));
          show();
        },
      },
    );
  } finally {
    process.off('SIGINT', stop);
    progress.end();
  }
}

/** The world as the deployed Layerward has it, but for a queue, and for alerts: whoever applies is told here. */
function worldOf(sight: OpenSight, table: string | undefined): ApplyWorld {
  const { agents, ownFunctionArns, functions, accounts, credentials, now, connection, stack } = sight;
  const nobody = { announce: async () => {} };
  const nothing = () => {};
  return {
    agents,
    ownFunctionArns,
    functions,
    accounts,
    credentials,
    records: sight.records ?? createUnkeptRecords(),
    alerts: nobody,
    events: nobody,
    metrics: { add: nothing },
    log: { info: nothing, warn: nothing, error: nothing },
    fairShare:
      table === undefined
        ? unshared
        : createDynamoDbFairShare(
            connection.client((given) => new DynamoDBClient(given)),
            table,
            { callsPerSecond: Number(stack?.parameters['CallsPerSecond']) || usualCallsPerSecond, now },
          ),
    now,
    sleep: (ms) => sleep(ms),
    spread: Math.random,
  };
}
