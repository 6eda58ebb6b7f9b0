import { existsSync, readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Command } from 'commander';
import { createDynamoDbRecords } from '../aws/dynamodb-records.ts';
import { createLambdaFunctions } from '../aws/lambda-functions.ts';
import { createSecretsManagerCredentials } from '../aws/secrets-manager-credentials.ts';
import { createSingleAccount } from '../aws/single-account.ts';
import { userAgent } from '../aws/user-agent.ts';
import type { Agents } from '../domain/agent.ts';
import { driftText, whoText } from '../domain/alert-text.ts';
import type { Decision } from '../domain/decision.ts';
import type { Policy } from '../domain/policy.ts';
import { readAgents, readPolicyDocument } from '../service/agent-files.ts';
import { judge, type Sight } from '../service/judge.ts';
import { readRecordFile } from '../service/record-file.ts';
import { type Replayed, replayRecord } from '../service/replay.ts';
import { type ExitCode, exitCode, WrongUse } from './exit-code.ts';

interface Options {
  readonly json?: true;
  readonly live?: true;
  readonly endpoint?: string;
  readonly region: string;
  readonly policy?: string;
  readonly table?: string;
  readonly ownRole: readonly string[];
}

/** A decision without its plan, which holds credentials, and without what the record would hold. */
type Shown<T> = T extends unknown ? Omit<T, 'plan' | 'attachment'> : never;

/** A record with the file that it is from, and what the live function makes of it. */
interface Row extends Omit<Replayed, 'change'> {
  readonly file: string;
  /** From 0. */
  readonly index: number;
  readonly decision?: Shown<Decision> | { readonly status: 'deleted' };
}

/** `layerward replay FILE…` */
export function replayCommand(finish: (code: ExitCode) => void): Command {
  return new Command('replay')
    .description('Say what Layerward would do with CloudTrail records, and why.')
    .argument('<file...>', 'records: one, a list, {"Records": []}, an EventBridge event; gzipped or not')
    .option('--json', 'print an array, one object per record')
    .option('--live', 'go on and decide about each function as it is in AWS now; nothing is changed')
    .option('--endpoint <url>', 'the same against another endpoint, such as the sandbox')
    .option(
      '--region <region>',
      'where the secrets and the table of records are; functions are asked for in their own',
      process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? 'us-east-1',
    )
    .option('--policy <file>', 'the policy to decide by (default: policy.yaml, else policy.example.yaml)')
    .option('--table <name>', 'the table of records, to know what Layerward attached (with --live or --endpoint)')
    .option('--own-role <arn...>', 'roles whose calls count as Layerward’s own', [])
    .addHelpText(
      'after',
      `
Examples:
  $ npx layerward replay trail/*.json.gz
  $ npx layerward replay event.json --json | jq '.[].explanation'
  $ npx layerward replay event.json --endpoint http://127.0.0.1:4566

Exit codes: 0 done, 1 a record is malformed or a function drifted, 2 used wrongly, 3 AWS or the system failed.`,
    )
    .action(async (files: string[], options: Options) => finish(await replay(files, options)));
}

async function replay(files: readonly string[], options: Options): Promise<ExitCode> {
  const agents = readAgents();
  const policy = readPolicy(options.policy, agents);
  const sight = options.live || options.endpoint ? openSight(options, agents, policy) : undefined;
  const rows: Row[] = [];
  for (const file of files)
    for (const [index, record] of readRecordFile(readFile(file), file).entries()) {
      const { change, ...replayed } = replayRecord(record, options.ownRole, policy);
      const decision = sight && change ? withoutPlan(await judge(change.functionArn, sight)) : undefined;
      rows.push({ file, index, ...replayed, ...(decision ? { decision } : {}) });
    }
  console.log(options.json ? JSON.stringify(rows, undefined, 2) : rows.map(render).join('\n\n'));
  const hasFound = rows.some(
    ({ verdict, decision }) =>
      verdict === 'malformed' || decision?.status === 'drifted' || decision?.status === 'blocked',
  );
  return hasFound ? exitCode.found : exitCode.done;
}

function withoutPlan(decision: Decision | { readonly status: 'deleted' }): NonNullable<Row['decision']> {
  if (decision.status === 'compliant') return { status: decision.status };
  if (!('plan' in decision)) return decision;
  const { plan: _, ...shown } = decision;
  return shown;
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new WrongUse(`${path} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readPolicy(path: string | undefined, agents: Agents): Policy {
  const example = new URL('../../policy.example.yaml', import.meta.url).pathname;
  const file = path ?? (existsSync('policy.yaml') ? 'policy.yaml' : example);
  return readPolicyDocument(readFile(file).toString('utf8'), path ?? file, agents);
}

function openSight({ endpoint, region, table }: Options, agents: Agents, policy: Policy): Sight {
  const options = { region, customUserAgent: userAgent, ...(endpoint ? { endpoint } : {}) };
  const now = () => new Date();
  return {
    agents,
    policy,
    ownFunctionArns: [],
    functions: createLambdaFunctions((place) => new LambdaClient({ ...options, region: place.region })),
    accounts: createSingleAccount(),
    credentials: createSecretsManagerCredentials(new SecretsManagerClient(options), now),
    records: table === undefined ? undefined : createDynamoDbRecords(new DynamoDBClient(options), table),
    now,
  };
}

function render({
  file,
  index,
  verdict,
  explanation,
  eventName,
  eventTime,
  functionArn,
  actor,
  decision,
}: Row): string {
  const title = eventName ? `${eventName}${eventTime ? ` at ${eventTime}` : ''}` : 'unknown event';
  const lines: [string, string][] = [
    ['function', functionArn ?? ''],
    ['who', actor ? whoText(actor) : ''],
    [verdict, explanation],
    ...(decision ? liveLines(decision) : []),
  ];
  return [
    `${file}${index > 0 ? ` [${index}]` : ''}: ${title}`,
    ...lines.filter(([, text]) => text !== '').map(([label, text]) => `  ${label.padEnd(9)}  ${text}`),
  ].join('\n');
}

function liveLines(decision: NonNullable<Row['decision']>): [string, string][] {
  const reason = 'reason' in decision ? `: ${decision.reason}` : '';
  const detail = 'detail' in decision ? ` (${decision.detail})` : '';
  const drift = 'drift' in decision ? decision.drift : [];
  return [
    ['now', `${decision.status}${reason}${detail}`],
    ...drift.map((one): [string, string] => ['', driftText(one)]),
  ];
}
