import { existsSync } from 'node:fs';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { SQSClient } from '@aws-sdk/client-sqs';
import { createCloudWatchErrorLog, type ErrorLog } from '../aws/cloudwatch-error-log.ts';
import { createSqsDeadLetters, type DeadLetter, type DeadLetters } from '../aws/sqs-dead-letters.ts';
import { LayerwardError } from '../domain/errors.ts';
import type { Policy } from '../domain/policy.ts';
import { readAgents } from '../service/agent-files.ts';
import { replayRecord } from '../service/replay.ts';
import { askConsent, requireConsent } from './apply-session.ts';
import { connect } from './connection.ts';
import type { DeadLetterOptions, HandleLettersOptions, ListLettersOptions } from './dead-letters.ts';
import {
  type DeadLettersOutcome,
  describeLetter,
  type LetterErrors,
  letterLine,
  renderDeadLetters,
} from './dead-letters-report.ts';
import { findStack } from './deployed-stack.ts';
import { type ExitCode, exitCode, WrongUse } from './exit-code.ts';
import { writeWhole } from './plan-writing.ts';
import { readPolicyFile } from './policy-file.ts';
import { print, printJson, tell } from './printing.ts';
import { createProgress } from './progress.ts';
import { physicalIdOf } from './uninstall-stack.ts';

/** The most letters that are handled at once: as many as one process can hold and a person means. */
const mostLetters = 10_000;

interface Opened {
  readonly letters: DeadLetters;
  readonly errorLog: ErrorLog;
  readonly policy: Policy;
  readonly ownRoleArns: readonly string[];
}

/** Shows the letters. */
export async function listLetters(options: ListLettersOptions): Promise<ExitCode> {
  const { letters, errorLog, policy, ownRoleArns } = await open(options);
  const { visible, hidden } = await letters.count();
  const held = await hold(letters, options.limit);
  await letters.putBack(held);
  const errors = await readErrors(held, errorLog);
  const report = {
    total: Math.max(visible, held.length),
    hidden,
    letters: held.map((letter) => describeLetter(letter, errors, ownRoleArns, policy)),
  };
  if (options.json) printJson(report);
  else print(renderDeadLetters(report));
  return held.length > 0 ? exitCode.found : exitCode.done;
}

/** What the log says of letters that the queue gave up on. Whoever may not read it is told so, and sees the rest. */
async function readErrors(held: readonly DeadLetter[], errorLog: ErrorLog): Promise<LetterErrors> {
  const failed = held.filter(({ delivery }) => !delivery);
  const [oldest] = failed;
  if (!oldest) return { logged: new Map() };
  try {
    const messageIds = failed.map(({ messageId }) => messageId);
    return { logged: await errorLog.latest(messageIds, new Date(oldest.sentAt)) };
  } catch (error) {
    if (!(error instanceof LayerwardError)) throw error;
    return { logged: new Map(), problem: error.message };
  }
}

/** Sends letters through again. */
export async function retryLetters(ids: readonly string[], options: HandleLettersOptions): Promise<ExitCode> {
  return handle(ids, options, { verb: 'Send', outcome: 'retried', act: (letters, letter) => letters.retry(letter) });
}

/** Deletes letters, and keeps them in a file. */
export async function dropLetters(ids: readonly string[], options: HandleLettersOptions): Promise<ExitCode> {
  const file = options.keep ?? `dead-letters-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.jsonl`;
  return handle(ids, options, {
    verb: 'Delete',
    outcome: 'dropped',
    act: (letters, letter) => letters.drop(letter),
    file,
  });
}

/** What is done with letters. */
interface Handling {
  readonly verb: 'Send' | 'Delete';
  readonly outcome: 'retried' | 'dropped';
  readonly act: (letters: DeadLetters, letter: DeadLetter) => Promise<void>;
  /** What keeps them. */
  readonly file?: string;
}

async function handle(
  ids: readonly string[],
  options: HandleLettersOptions,
  { verb, outcome, act, file }: Handling,
): Promise<ExitCode> {
  if (ids.length > 0 === (options.all === true))
    throw new WrongUse('name letters by their ids, or say --all: layerward dead-letters list shows them');
  requireConsent(options);
  if (file !== undefined && existsSync(file)) throw new WrongUse(`${file} is there already: name another file`);
  const { letters, policy, ownRoleArns } = await open(options);
  const held = await hold(letters, mostLetters);
  const report: DeadLettersOutcome = {
    letters: [],
    ...(file === undefined || held.length === 0 ? {} : { kept: file }),
  };
  let left = held;
  try {
    const chosen = choose(held, ids);
    const others = held.filter((letter) => !chosen.includes(letter));
    if (chosen.length > 0) {
      const count = chosen.length === 1 ? '1 letter' : `${chosen.length} letters`;
      await askConsent(verb === 'Send' ? `Send ${count} through again?` : `Delete ${count}, kept in ${file}?`, options);
      if (file !== undefined) writeWhole(file, chosen.map(lineOf).join(''));
    }
    for (const letter of chosen) {
      const { functionArn } = replayRecord({ body: letter.body }, ownRoleArns, policy);
      const answer = await act(letters, letter).then(
        () => ({ outcome, detail: '' }) as const,
        (error: unknown) => {
          if (!(error instanceof LayerwardError)) throw error;
          return { outcome: 'failed', detail: error.message } as const;
        },
      );
      const line = { messageId: letter.messageId, ...(functionArn === undefined ? {} : { functionArn }), ...answer };
      report.letters.push(line);
      if (!options.json) print(letterLine(line));
    }
    const failed = new Set(report.letters.flatMap((one) => (one.outcome === 'failed' ? [one.messageId] : [])));
    left = [...others, ...chosen.filter(({ messageId }) => failed.has(messageId))];
  } finally {
    await letters.putBack(left);
  }
  const { visible } = await letters.count();
  if (options.all && visible > 0) tell(`About ${visible} more are there, new ones among them: ask again.`);
  if (options.json) printJson(report);
  else if (report.letters.length === 0) print('There are no dead letters: nothing was given up on.');
  else if (file !== undefined) tell(`They are kept in ${file}: layerward replay ${file}`);
  return report.letters.some((one) => one.outcome === 'failed') ? exitCode.found : exitCode.done;
}

async function hold(letters: DeadLetters, limit: number): Promise<readonly DeadLetter[]> {
  const progress = createProgress();
  try {
    return await letters.hold(limit, (held) => progress.show(held, undefined, 'letters read'));
  } finally {
    progress.end();
  }
}

/** The letters that are meant. @throws {WrongUse} for an id that none has, or several have */
function choose(held: readonly DeadLetter[], ids: readonly string[]): readonly DeadLetter[] {
  if (ids.length === 0) return held;
  const chosen = ids.map((id) => {
    const found = held.filter(({ messageId }) => messageId.startsWith(id));
    const [only, ...others] = found;
    if (only && others.length === 0) return only;
    throw new WrongUse(
      `${found.length === 0 ? 'no letter has' : `${found.length} letters have`} an id that begins with ${id}: layerward dead-letters list shows them`,
    );
  });
  return [...new Set(chosen)];
}

/** A letter as a file keeps it: a message of the queue, as `layerward replay` reads it. */
function lineOf({ messageId, sentAt, delivery, body }: DeadLetter): string {
  return `${JSON.stringify({ messageId, sentAt, ...(delivery ? { delivery } : {}), body })}\n`;
}

/** @throws {WrongUse} where no stack is deployed here */
async function open(options: DeadLetterOptions): Promise<Opened> {
  const policy = readPolicyFile(options.policy, readAgents());
  const connection = await connect(options);
  const stack = await findStack(connection, options.stack);
  const deadLetterQueueUrl = stack?.outputs['DeadLetterQueueUrl'];
  const cloudFormation = connection.client((given) => new CloudFormationClient(given));
  const [queueUrl, logGroupName] = stack
    ? await Promise.all(
        ['ChangeQueue', 'RemediateLogGroup'].map((logicalId) =>
          physicalIdOf(cloudFormation, stack.stackName, logicalId),
        ),
      )
    : [];
  if (!stack || !deadLetterQueueUrl || !queueUrl)
    throw new WrongUse(
      `there is no stack ${options.stack} with its queues in account ${connection.accountId}, ${connection.region}: give --region, ` +
        '--profile or --stack for where Layerward is deployed',
    );
  const sqs = connection.client((given) => new SQSClient(given));
  const logs = connection.client((given) => new CloudWatchLogsClient(given));
  return {
    letters: createSqsDeadLetters(sqs, deadLetterQueueUrl, queueUrl),
    errorLog: createCloudWatchErrorLog(logs, logGroupName ?? `/aws/lambda/${stack.stackName}-remediate`),
    policy,
    ownRoleArns: (stack.outputs['HubRoleArns'] ?? '').split(',').filter(Boolean),
  };
}
