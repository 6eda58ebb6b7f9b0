import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListExecutionsCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { SQSClient, StartMessageMoveTaskCommand } from '@aws-sdk/client-sqs';
import { openDynamoDbRecords } from '../src/aws/dynamodb-record-queries.ts';
import type { BenchSandbox } from './bench-sandbox.ts';
import { queueArn, queueLength } from './queue-length.ts';

/** The hub as its operators see it: by AWS's own clients, and the outputs of the stack. */
export interface HubView {
  readonly records: ReturnType<typeof openDynamoDbRecords>;
  /** Messages that wait, are being worked on, or are held back. */
  queued(): Promise<number>;
  deadLetters(): Promise<number>;
  /**
   * Waits until the queue is empty, and answers for how many seconds it has been so.
   * @param onPoll told each second how many messages are left
   */
  queueEmptied(onPoll: (left: number) => void | Promise<void>): Promise<number>;
  /** Puts the dead letters back on the queue. */
  redrive(): Promise<void>;
  startSweep(): Promise<void>;
  /** Waits until at least one sweep has been started, and none is under way. */
  sweepsEnded(): Promise<void>;
  /** Gives the default group other credentials. */
  rotateCredentials(credentials: { readonly key: string; readonly secret: string }): Promise<void>;
}

const pollEveryMs = 1_000;
/** The queue has to be found empty this often in a row: an event is on its way for a moment. */
const emptyPolls = 3;

/** Looks at the hub that a sandbox has deployed. */
export function openHubView(sandbox: BenchSandbox): HubView {
  const options = sandbox.clientOptions('viewer');
  const sqs = new SQSClient({ ...options, useQueueUrlAsEndpoint: false });
  const machines = new SFNClient(options);
  const stateMachineArn = sandbox.outputs['SweepMachineArn'];
  const changes = sandbox.resources['ChangeQueue'] ?? '';
  const dead = sandbox.outputs['DeadLetterQueueUrl'] ?? '';
  return {
    records: openDynamoDbRecords(new DynamoDBClient(options), sandbox.outputs['RecordsTableName'] ?? ''),
    queued: () => queueLength(sqs, changes),
    deadLetters: () => queueLength(sqs, dead),
    async queueEmptied(onPoll) {
      for (let empty = 0; empty < emptyPolls; ) {
        await sleep(pollEveryMs);
        const left = await queueLength(sqs, changes);
        empty = left === 0 ? empty + 1 : 0;
        await onPoll(left);
      }
      return (emptyPolls * pollEveryMs) / 1000;
    },
    async redrive() {
      const [SourceArn, DestinationArn] = await Promise.all([queueArn(sqs, dead), queueArn(sqs, changes)]);
      await sqs.send(new StartMessageMoveTaskCommand({ SourceArn, DestinationArn }));
    },
    async startSweep() {
      await machines.send(new StartExecutionCommand({ stateMachineArn }));
    },
    async sweepsEnded() {
      for (;;) {
        const { executions = [] } = await machines.send(new ListExecutionsCommand({ stateMachineArn }));
        if (executions.length > 0 && executions.every(({ status }) => status !== 'RUNNING')) return;
        await sleep(100);
      }
    },
    async rotateCredentials(credentials) {
      await new SecretsManagerClient(options).send(
        new PutSecretValueCommand({
          SecretId: 'layerward/groups/default',
          SecretString: JSON.stringify(credentials),
        }),
      );
    },
  };
}
