import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  type FunctionConfiguration,
  GetFunctionCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
  type UpdateFunctionConfigurationCommandInput,
} from '@aws-sdk/client-lambda';
import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { openDynamoDbRecords } from '../../aws/dynamodb-record-queries.ts';
import type { FunctionRecord, RecordStatus } from '../../domain/record.ts';
import type { Sandbox } from '../sandbox.ts';

/** An expectation of the tour that did not hold. */
export class ExpectationFailed extends Error {
  override readonly name = 'ExpectationFailed';
}

/** How long a scene waits for Layerward; many times what it takes. */
const patienceMs = 45_000;
const pollEveryMs = 150;

/** The smallest archive that there is: an empty one. */
export const emptyArchive = Buffer.from('504b0506000000000000000000000000000000000000', 'hex');

/** An alert as it came out of SNS. */
export interface Alert {
  readonly subject: string;
  readonly status: string;
  readonly reason: string;
  readonly severity: string;
  readonly functionName: string;
  /** The name of who did it, where it is known. */
  readonly actor: string | undefined;
  readonly body: string;
}

/** An account and region, in which people work. */
export interface Place {
  readonly accountId: string;
  readonly region: string;
}

/** Where a tour takes place: a sandbox, seen through nothing but AWS's own clients, in one account and region. */
export interface Stage {
  readonly place: Place;
  /** The same stage in another account and region; records and alerts are those of the hub everywhere. */
  readonly at: (place: Place) => Stage;
  /** A client's options, for what a person does here. */
  readonly as: (person: string) => PersonOptions;
  readonly functionArn: (name: string) => string;
  /** Lambda, as this person calls it: the access key is their name. */
  readonly lambda: (person: string) => LambdaClient;
  create(person: string, name: string, input?: Partial<CreateFunctionCommandInput>): Promise<void>;
  change(person: string, name: string, input: Partial<UpdateFunctionConfigurationCommandInput>): Promise<void>;
  /** A function as `GetFunction` shows it, without what changes with every call. */
  see(name: string): Promise<Seen>;
  record(name: string): Promise<FunctionRecord | undefined>;
  /** Waits until the record says so. */
  recorded(
    name: string,
    status: RecordStatus,
    reason?: string,
    extra?: (record: FunctionRecord) => boolean,
  ): Promise<FunctionRecord>;
  alerts(): Promise<readonly Alert[]>;
  readonly records: ReturnType<typeof openDynamoDbRecords>;
  /** Starts a sweep, and answers what it found. */
  sweep(): Promise<SweepSummary>;
  putFaults(faults: unknown): Promise<void>;
  /** An account joins the organization, or changes its place in it. */
  join(account: {
    readonly accountId: string;
    readonly name: string;
    readonly organizationalUnit: string;
  }): Promise<void>;
}

/** How an AWS client is made for a person. */
export interface PersonOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** What the tour looks at of a function. */
export interface Seen {
  readonly handler: string | undefined;
  readonly layers: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  /** All of the configuration but RevisionId, LastModified and the state of the last update. */
  readonly whole: Omit<FunctionConfiguration, 'RevisionId' | 'LastModified'>;
}

/** Opens a stage on a sandbox with Layerward in it; of the sandbox itself it uses nothing but its addresses. */
export async function openStage({
  endpoint,
  region,
  accountId,
  deployment,
}: Pick<Sandbox, 'endpoint' | 'region' | 'accountId' | 'deployment'>): Promise<Stage> {
  const output = (name: string) => String(deployment?.outputs[name]);
  const hub = { endpoint, accountId, region };
  const viewer = personOptions(hub, hub, 'viewer');
  const records = openDynamoDbRecords(new DynamoDBClient(viewer), output('RecordsTableName'));
  const alerts = await subscribe(personOptions(hub, hub, 'on-call'), output('AlertTopicArn'));
  const machine = createSweepMachine(new SFNClient(viewer), output('SweepMachineArn'));
  await machine.firstSweep();
  const shared = { records, alerts, sweep: machine.sweep };
  return stageAt(hub, { accountId, region }, shared);
}

/** What is the same in all places. */
interface Shared {
  readonly records: Stage['records'];
  readonly alerts: Stage['alerts'];
  readonly sweep: Stage['sweep'];
}

interface Hub extends Place {
  readonly endpoint: string;
}

/** People of the hub's account need not say so: an access key without an account is of that one. */
function personOptions(hub: Hub, { accountId, region }: Place, person: string): PersonOptions {
  const accessKeyId = accountId === hub.accountId ? person : `${accountId}/${person}`;
  return { endpoint: hub.endpoint, region, credentials: { accessKeyId, secretAccessKey: 'any' } };
}

function stageAt(hub: Hub, place: Place, shared: Shared): Stage {
  const { endpoint } = hub;
  const { accountId, region } = place;
  const { records } = shared;
  const as = (person: string) => personOptions(hub, place, person);
  const clients = new Map<string, LambdaClient>();
  const lambda = (person: string) => {
    const known = clients.get(person);
    if (known) return known;
    // People's own tools retry a throttled call as well; the sandbox has AWS's quotas.
    const client = new LambdaClient({ ...as(person), maxAttempts: 10 });
    clients.set(person, client);
    return client;
  };
  const control = async (method: string, path: string, body: unknown) => {
    const answer = await fetch(`${endpoint}/_sandbox/${path}`, { method, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`the sandbox refused ${method} ${path}: ${await answer.text()}`);
  };
  const functionArn = (name: string) => `arn:aws:lambda:${region}:${accountId}:function:${name}`;
  const stage: Stage = {
    place,
    at: (other) => stageAt(hub, other, shared),
    as,
    functionArn,
    lambda,
    records,
    async create(person, name, input = {}) {
      await lambda(person).send(
        new CreateFunctionCommand({
          FunctionName: name,
          Role: `arn:aws:iam::${accountId}:role/${name}`,
          Code: { ZipFile: emptyArchive },
          Runtime: 'nodejs14.x',
          Handler: 'index.handler',
          ...input,
        }),
      );
    },
    async change(person, name, input) {
      await whenReady(name);
      await lambda(person).send(new UpdateFunctionConfigurationCommand({ FunctionName: name, ...input }));
    },
    async see(name) {
      const { Configuration } = await lambda('viewer').send(new GetFunctionCommand({ FunctionName: name }));
      const { RevisionId: _, LastModified: __, ...whole } = Configuration ?? {};
      return {
        handler: whole.Handler,
        layers: (whole.Layers ?? []).map(({ Arn = '' }) => Arn),
        variables: whole.Environment?.Variables ?? {},
        whole,
      };
    },
    record: (name) => records.find(functionArn(name)),
    recorded: (name, status, reason, extra = () => true) =>
      eventually(`${name} is ${status}${reason === undefined ? '' : `: ${reason}`}`, async () => {
        const record = await records.find(functionArn(name));
        const fits = record?.status === status && (reason === undefined || record.reason === reason);
        return {
          value: fits && extra(record) ? record : undefined,
          seen: record && `${record.status} ${record.reason} ${record.action}`,
        };
      }),
    alerts: shared.alerts,
    sweep: shared.sweep,
    putFaults: (faults) => control('PUT', 'faults', faults),
    join: (account) => control('POST', 'organization/accounts', account),
  };

  async function whenReady(name: string): Promise<void> {
    await eventually(`${name} is ready`, async () => {
      const { Configuration } = await lambda('viewer').send(new GetFunctionCommand({ FunctionName: name }));
      const isReady = Configuration?.State !== 'Pending' && Configuration?.LastUpdateStatus !== 'InProgress';
      return { value: isReady ? true : undefined, seen: Configuration?.State };
    });
  }
  return stage;
}

const sweepSummary = z.object({
  sweepId: z.string(),
  places: z.number(),
  counts: z.record(z.string(), z.number()),
  sent: z.number(),
  repaired: z.number(),
  problems: z.array(z.object({ what: z.string(), problem: z.string() })),
});
/** What a sweep says at its end. */
export type SweepSummary = z.output<typeof sweepSummary>;

/** Runs sweeps, as somebody who does not want to wait for the schedule would. */
function createSweepMachine(client: SFNClient, stateMachineArn: string) {
  return {
    /** Waits for the sweep that each deployment starts. */
    firstSweep: () =>
      eventually('the sweep after the deployment has ended', async () => {
        const { executions = [] } = await client.send(new ListExecutionsCommand({ stateMachineArn }));
        const [first] = executions;
        return { value: first?.status === 'SUCCEEDED' ? true : undefined, seen: first?.status };
      }),
    async sweep(): Promise<SweepSummary> {
      const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn }));
      return eventually('the sweep succeeds', async () => {
        const { status, output, cause } = await client.send(new DescribeExecutionCommand({ executionArn }));
        const summary = status === 'SUCCEEDED' ? sweepSummary.parse(JSON.parse(output ?? '')) : undefined;
        return { value: summary, seen: cause ?? status };
      });
    },
  };
}

/** Asks until there is an answer. @throws {ExpectationFailed} that says what was seen last. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<{ readonly value: T | undefined; readonly seen: string | undefined }>,
): Promise<T> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const { value, seen } = await ask();
    if (value !== undefined) return value;
    if (Date.now() > until) throw new ExpectationFailed(`expected that ${what}; last seen: ${seen ?? 'nothing'}`);
    await sleep(pollEveryMs);
  }
}

/** Holds an expectation. @throws {ExpectationFailed} */
export function expect(holds: boolean, what: string): void {
  if (!holds) throw new ExpectationFailed(`expected that ${what}`);
}

/** Holds that two values are the same. @throws {ExpectationFailed} */
export function expectSame(actual: unknown, wanted: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, wanted))
    throw new ExpectationFailed(
      `expected that ${what}: it is ${JSON.stringify(actual)}, not ${JSON.stringify(wanted)}`,
    );
}

const snsEnvelope = z.object({ Subject: z.string(), Message: z.string() });
const alertBody = z.object({
  functionArn: z.string(),
  status: z.string(),
  reason: z.string(),
  severity: z.string(),
  cause: z.object({ actor: z.object({ name: z.string() }).optional() }),
});

/** Subscribes a queue to the topic, as an on-call tool would, and answers a reader of all that came so far. */
async function subscribe(client: PersonOptions, topicArn: string): Promise<() => Promise<readonly Alert[]>> {
  const sqs = new SQSClient(client);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `alerts-${Date.now().toString(36)}` }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const Endpoint = Attributes?.QueueArn;
  await new SNSClient(client).send(new SubscribeCommand({ TopicArn: topicArn, Protocol: 'sqs', Endpoint }));
  const alerts: Alert[] = [];
  let reading: Promise<void> | undefined;
  const read = async () => {
    for (;;) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      if (Messages.length === 0) return;
      for (const { Body = '', ReceiptHandle } of Messages) {
        const { Subject, Message } = snsEnvelope.parse(JSON.parse(Body));
        const { functionArn, cause, ...rest } = alertBody.parse(JSON.parse(Message));
        const functionName = functionArn.split(':').at(-1) ?? '';
        alerts.push({ subject: Subject, functionName, actor: cause.actor?.name, ...rest, body: Body });
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
    }
  };
  return async () => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    await reading;
    return alerts;
  };
}
