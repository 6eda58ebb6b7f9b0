import { existsSync } from 'node:fs';
import * as z from 'zod';
import type { Access } from './access/access.ts';
import {
  type EventSourceMapping,
  type EventSourceMappingDefinition,
  startEventSourceMapping,
} from './event-source-mapping.ts';
import { createFunctionPool, type FunctionPool } from './function-pool.ts';
import {
  createFunctionProcess,
  type FunctionDefinition,
  type FunctionMemory,
  type InvocationResult,
} from './function-process.ts';
import type { Identities } from './identity.ts';
import type { InternalClient } from './internal-client.ts';
import type { LogStore } from './log-store.ts';

/** The deployed functions at work: their processes, what feeds them, and who may invoke them. */
export interface FunctionHost {
  /** Makes a function known; its processes start with its first event. @throws Error if its bundle is not built. */
  deploy(definition: FunctionDefinition): void;
  has(functionArn: string): boolean;
  /** Runs a function once; never rejects. An unknown function is an error of the result. */
  invoke(functionArn: string, event: unknown): Promise<InvocationResult>;
  /**
   * Starts to feed a function from a queue; the returned function ends that, and resolves when no invocation of it is
   * in flight any more. @throws Error for an unknown function.
   */
  connect(mapping: EventSourceMappingDefinition): () => Promise<void>;
  /** Adds a statement to a function's resource policy. */
  permit(functionArn: string, statement: unknown): void;
  /** The function's resource policy as JSON; undefined if it has none. */
  policyOf(functionArn: string): string | undefined;
  /** Ends a function's processes and forgets it. */
  remove(functionArn: string): Promise<void>;
  /** What each running process holds, by the function's name, without its garbage. */
  memory(): Promise<Readonly<Record<string, readonly FunctionMemory[]>>>;
  /** Starts all processes afresh, so that they read their configuration anew. */
  recycle(): Promise<void>;
  stop(): Promise<void>;
}

/** What the functions need of the sandbox. */
export interface FunctionHostOptions {
  readonly identities: Identities;
  readonly access: Access;
  readonly client: InternalClient;
  readonly logs: LogStore;
  /** The one endpoint; asked late, because its port is not known before it listens. */
  readonly endpoint: () => string;
  readonly log: (line: string) => void;
}

interface Hosted {
  readonly definition: FunctionDefinition;
  readonly pool: FunctionPool;
  readonly statements: unknown[];
  readonly mappings: Map<EventSourceMapping, EventSourceMappingDefinition>;
}

// Without a mapping that says more, AWS goes up to 1,000 at a time; a laptop is better off with these few.
const DEFAULT_CONCURRENCY = 4;

export function createFunctionHost(options: FunctionHostOptions): FunctionHost {
  const { log } = options;
  const hosted = new Map<string, Hosted>();

  const stop = async (ending: readonly Hosted[]) => {
    // No batch begins any more; those in flight end with the processes.
    const stopping = ending.flatMap(({ mappings }) => [...mappings.keys()].map((mapping) => mapping.stop()));
    await Promise.all(ending.map(({ pool }) => pool.stop()));
    await Promise.all(stopping);
  };

  return {
    deploy: (definition) => {
      if (!existsSync(definition.codePath)) {
        throw new Error(`The bundle of ${definition.name} is not at ${definition.codePath}: run npm run build first.`);
      }
      const mappings: Hosted['mappings'] = new Map();
      const maximum = () => {
        const fed = [...mappings.values()].reduce((sum, { maximumConcurrency }) => sum + maximumConcurrency, 0);
        return Math.max(
          1,
          Math.min(definition.reservedConcurrency ?? Number.POSITIVE_INFINITY, fed || DEFAULT_CONCURRENCY),
        );
      };
      const pool = createFunctionPool(() => openProcess(definition, options), maximum);
      hosted.set(definition.arn, { definition, pool, statements: [], mappings });
    },

    has: (arn) => hosted.has(arn),

    invoke: async (arn, event) =>
      hosted.get(arn)?.pool.invoke(event) ?? {
        kind: 'error',
        error: { errorType: 'ResourceNotFoundException', errorMessage: `Function not found: ${arn}` },
      },

    connect: (definition) => {
      const found = [...hosted.values()].find(
        ({ definition: { name, arn } }) => definition.functionName === name || definition.functionName === arn,
      );
      if (found === undefined) {
        throw new Error(`An event source mapping names the function ${definition.functionName}, which is not deployed`);
      }
      requirePollingRole(options.access, found.definition, definition.queueArn);
      const mapping = startEventSourceMapping({
        definition,
        ...queueReader(options.client, definition.queueArn),
        invoke: (event) => found.pool.invoke(event),
        log,
      });
      found.mappings.set(mapping, definition);
      return async () => {
        await mapping.stop();
        found.mappings.delete(mapping);
      };
    },

    permit: (arn, statement) => {
      hosted.get(arn)?.statements.push(statement);
    },

    policyOf: (arn) => {
      const statements = hosted.get(arn)?.statements ?? [];
      return statements.length === 0 ? undefined : JSON.stringify({ Version: '2012-10-17', Statement: statements });
    },

    remove: async (arn) => {
      const ending = hosted.get(arn);
      hosted.delete(arn);
      if (ending !== undefined) {
        await stop([ending]);
      }
    },

    memory: async () =>
      Object.fromEntries(
        await Promise.all(
          [...hosted.values()].map(async ({ definition, pool }) => [definition.name, await pool.memory()]),
        ),
      ),

    recycle: async () => {
      await Promise.all([...hosted.values()].map(({ pool }) => pool.recycle()));
    },

    stop: async () => {
      const ending = [...hosted.values()];
      hosted.clear();
      await stop(ending);
    },
  };
}

/** Lambda polls as the function: a mapping is refused where its role may not. */
function requirePollingRole(access: Access, { roleArn, region }: FunctionDefinition, queueArn: string): void {
  if (access.roles.get(roleArn) === undefined) {
    return;
  }
  for (const action of ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes']) {
    const denial = access.judgeService('lambda.amazonaws.com', roleArn, {
      action: `sqs:${action}`,
      resource: queueArn,
      region,
    });
    if (denial !== undefined) {
      throw new Error(
        `The provided execution role does not have permissions to call ${action} on SQS (${roleArn}, ${queueArn}: ${denial.reason})`,
      );
    }
  }
}

function openProcess(definition: FunctionDefinition, { endpoint, identities, access, logs, log }: FunctionHostOptions) {
  const mayWrite = new Map<string, boolean>();
  return createFunctionProcess({
    definition,
    endpoint: endpoint(),
    openSession: () =>
      identities.assumeRole({
        roleArn: definition.roleArn,
        sessionName: definition.name,
        functionName: definition.name,
      }),
    print: (stream, line) => {
      const isKept = mayWrite.get(stream) ?? mayLog(access, definition, stream);
      mayWrite.set(stream, isKept);
      if (isKept) {
        logs.append(definition.logGroup, stream, line);
      }
      log(`${definition.name}: ${line}`);
    },
  });
}

/** Whether CloudWatch Logs takes the function's lines: without the permission, they are nowhere to be seen in AWS. */
function mayLog(access: Access, { roleArn, region, arn, logGroup }: FunctionDefinition, stream: string): boolean {
  if (access.roles.get(roleArn) === undefined) {
    return true;
  }
  const resource = `arn:aws:logs:${region}:${arn.split(':')[4]}:log-group:${logGroup}:log-stream:${stream}`;
  return ['logs:CreateLogStream', 'logs:PutLogEvents'].every(
    (action) => access.judgeService('lambda.amazonaws.com', roleArn, { action, resource, region }) === undefined,
  );
}

const receivedMessages = z.object({
  Messages: z
    .array(
      z.object({
        MessageId: z.string(),
        ReceiptHandle: z.string(),
        Body: z.string(),
        MD5OfBody: z.string(),
        MD5OfMessageAttributes: z.string().optional(),
        Attributes: z.record(z.string(), z.string()).optional(),
        MessageAttributes: z
          .record(
            z.string(),
            z.object({ DataType: z.string(), StringValue: z.string().optional(), BinaryValue: z.string().optional() }),
          )
          .optional(),
      }),
    )
    .default([]),
});

function queueReader(client: InternalClient, queueArn: string) {
  const [, , , , account = '', name = ''] = queueArn.split(':');
  const QueueUrl = `http://127.0.0.1/${account}/${name}`;
  return {
    receive: async (maximum: number, waitSeconds: number) => {
      const answer = await client.json('sqs', 'AmazonSQS.ReceiveMessage', {
        QueueUrl,
        MaxNumberOfMessages: maximum,
        WaitTimeSeconds: waitSeconds,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      });
      return receivedMessages.parse(answer).Messages;
    },
    remove: async (messages: readonly { readonly MessageId: string; readonly ReceiptHandle: string }[]) => {
      await Promise.all(
        messages.map(({ ReceiptHandle }) => client.json('sqs', 'AmazonSQS.DeleteMessage', { QueueUrl, ReceiptHandle })),
      );
    },
    giveBack: async (messages: readonly { readonly ReceiptHandle: string }[]) => {
      for (const { ReceiptHandle } of messages) {
        const input = { QueueUrl, ReceiptHandle, VisibilityTimeout: 0 };
        await client.json('sqs', 'AmazonSQS.ChangeMessageVisibility', input);
      }
    },
  };
}
