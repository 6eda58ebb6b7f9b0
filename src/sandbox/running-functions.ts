import { existsSync } from 'node:fs';
import * as z from 'zod';
import type { Deployment } from './deploy.ts';
import { type EventSourceMapping, startEventSourceMapping } from './event-source-mapping.ts';
import { createFunctionPool, type FunctionPool } from './function-pool.ts';
import { createFunctionProcess, type FunctionDefinition } from './function-process.ts';
import type { Identities } from './identity.ts';
import type { InternalClient } from './internal-client.ts';
import type { LogStore } from './log-store.ts';

/** The functions of a deployment at work: their processes, and what feeds them. */
export interface RunningFunctions {
  /** Starts all processes afresh, so that they read their configuration anew. */
  recycle(): Promise<void>;
  stop(): Promise<void>;
}

/** What the functions of a deployment need of the sandbox. */
export interface RunOptions {
  readonly deployment: Deployment;
  readonly identities: Identities;
  readonly client: InternalClient;
  readonly logs: LogStore;
  /** The one endpoint. */
  readonly endpoint: string;
  readonly log: (line: string) => void;
}

/**
 * Connects queues with functions. Processes start with their first event.
 *
 * @throws Error if a bundle is not built, or a mapping names a function that is not deployed.
 */
export function runFunctions(options: RunOptions): RunningFunctions {
  const { deployment, log } = options;
  deployment.functions.forEach(requireBundle);
  const pools = new Map(
    deployment.functions.map((definition) => [
      definition.name,
      createFunctionPool(() => openProcess(definition, options), concurrencyOf(definition, deployment)),
    ]),
  );
  const mappings = deployment.mappings.map((mapping): EventSourceMapping => {
    const pool = pools.get(mapping.functionName);
    if (pool === undefined) {
      throw new Error(`An event source mapping names the function ${mapping.functionName}, which is not deployed`);
    }
    return startEventSourceMapping({
      definition: mapping,
      ...queueReader(options.client, mapping.queueArn),
      invoke: (event) => pool.invoke(event),
      log,
    });
  });
  const each = (run: (pool: FunctionPool) => Promise<void>) => Promise.all([...pools.values()].map(run));
  return {
    recycle: async () => {
      await each((pool) => pool.recycle());
    },
    stop: async () => {
      // The mappings see their invocations end with the processes; one that long polls is left to the queue's end.
      const stopping = mappings.map((mapping) => mapping.stop());
      await each((pool) => pool.stop());
      await Promise.race([Promise.all(stopping), new Promise((resolve) => setTimeout(resolve, 100))]);
    },
  };
}

function openProcess(definition: FunctionDefinition, { endpoint, identities, logs, log }: RunOptions) {
  return createFunctionProcess({
    definition,
    endpoint,
    openSession: () =>
      identities.assumeRole({
        roleArn: definition.roleArn,
        sessionName: definition.name,
        functionName: definition.name,
      }),
    print: (stream, line) => {
      logs.append(definition.logGroup, stream, line);
      log(`${definition.name}: ${line}`);
    },
  });
}

function concurrencyOf(definition: FunctionDefinition, deployment: Deployment): number {
  const limits = deployment.mappings.filter(({ functionName }) => functionName === definition.name);
  return Math.max(
    1,
    limits.reduce((sum, { maximumConcurrency }) => sum + maximumConcurrency, 0),
  );
}

function requireBundle({ codePath, name }: FunctionDefinition): void {
  if (!existsSync(codePath)) {
    throw new Error(`The bundle of ${name} is not at ${codePath}: run npm run build first.`);
  }
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
  };
}
