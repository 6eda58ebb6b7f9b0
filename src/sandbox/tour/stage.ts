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
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { createDynamoDbRecords } from '../../aws/dynamodb-records.ts';
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

/** Where a tour takes place: a sandbox, seen through nothing but AWS's own clients. */
export interface Stage {
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
  readonly records: ReturnType<typeof createDynamoDbRecords>;
  putFaults(faults: unknown): Promise<void>;
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
  const tableName = String(deployment?.outputs['RecordsTableName']);
  const topicArn = String(deployment?.outputs['AlertTopicArn']);
  const as = (person: string) => ({ endpoint, region, credentials: { accessKeyId: person, secretAccessKey: 'any' } });
  const clients = new Map<string, LambdaClient>();
  const lambda = (person: string) => {
    const known = clients.get(person);
    if (known) return known;
    // People's own tools retry a throttled call as well; the sandbox has AWS's quotas.
    const client = new LambdaClient({ ...as(person), maxAttempts: 10 });
    clients.set(person, client);
    return client;
  };
  const functionArn = (name: string) => `arn:aws:lambda:${region}:${accountId}:function:${name}`;
  const records = createDynamoDbRecords(new DynamoDBClient(as('viewer')), tableName);
  const readAlerts = await subscribe(as('on-call'), topicArn);
  const stage: Stage = {
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
    alerts: readAlerts,
    async putFaults(faults) {
      const answer = await fetch(`${endpoint}/_sandbox/faults`, { method: 'PUT', body: JSON.stringify(faults) });
      if (!answer.ok) throw new Error(`the sandbox refused the faults: ${await answer.text()}`);
    },
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
async function subscribe(
  client: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { accessKeyId: string; secretAccessKey: string };
  },
  topicArn: string,
): Promise<() => Promise<readonly Alert[]>> {
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
