import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { acts } from '../../src/sandbox/tour/scenes.ts';
import { openStage, type Stage } from '../../src/sandbox/tour/stage.ts';

/*
 * Every scene of the tour, through the built bundle, by AWS's own clients; then what is left behind is searched for secrets.
 */

const secrets = ['sandbox-key', 'sandbox-secret'];
const lines: string[] = [];
let readEvents: () => Promise<string[]>;
let sandbox: Sandbox;
let stage: Stage;

beforeAll(async () => {
  sandbox = await startSandbox({ organization: true, log: (line) => lines.push(line) });
  stage = await openStage(sandbox);
  readEvents = await collectEvents(sandbox);
}, 60_000);
afterAll(() => sandbox?.stop());

/** Has a rule of its own put Layerward's events on a queue, as somebody who builds on them would; answers their reader. */
async function collectEvents({ endpoint, region, accountId }: Sandbox): Promise<() => Promise<string[]>> {
  const options = { endpoint, region, credentials: { accessKeyId: 'builder', secretAccessKey: 'any' } };
  const sqs = new SQSClient(options);
  const events = new EventBridgeClient(options);
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: '*' },
    ],
  });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'outcomes', Attributes: { Policy } }));
  await events.send(new PutRuleCommand({ Name: 'outcomes', EventPattern: JSON.stringify({ source: ['layerward'] }) }));
  const Arn = `arn:aws:sqs:${region}:${accountId}:outcomes`;
  await events.send(new PutTargetsCommand({ Rule: 'outcomes', Targets: [{ Id: 'queue', Arn }] }));
  return async () => {
    const bodies: string[] = [];
    for (;;) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      if (Messages.length === 0) return bodies;
      bodies.push(...Messages.map(({ Body = '' }) => Body));
    }
  };
}

// The scenes of an act share Lambda's 15 calls a second, as functions do in an account; acts follow each other.
describe.each(acts.map((scenes, index) => [index + 1, scenes] as const))('act %i of the tour', (_act, scenes) => {
  it.concurrent.each(scenes.map((scene) => [scene.chapter, scene.title, scene] as const))(
    '%s: %s',
    async (_chapter, _title, scene) => {
      expect(await scene.play(stage)).not.toBe('');
    },
    120_000,
  );
});

describe('after the tour', () => {
  it('no credential is in a log, a record, an alert, an event or a CloudTrail record', async () => {
    const records: unknown[] = [];
    for (const status of ['protected', 'blocked', 'released', 'unsupported', 'deleted'] as const)
      for await (const record of stage.records.withStatus(status)) {
        records.push(record);
        for await (const outcome of stage.records.history(record.functionArn)) records.push(outcome);
      }
    const alerts = await stage.alerts();
    const trail = sandbox.trail.records();
    const events = await readEvents();
    const kinds = [lines, records, alerts, events, trail];
    for (const kind of kinds) expect(kind.length).toBeGreaterThan(10);
    const everything = JSON.stringify(kinds);
    for (const secret of secrets) expect(everything.includes(secret), `${secret} got out`).toBe(false);
  });

  it('the dead-letter queue is empty', async () => {
    const sqs = new SQSClient({
      endpoint: sandbox.endpoint,
      region: sandbox.region,
      credentials: { accessKeyId: 'viewer', secretAccessKey: 'any' },
    });
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: String(sandbox.deployment?.outputs['DeadLetterQueueUrl']),
        AttributeNames: ['All'],
      }),
    );
    expect(Attributes?.['ApproximateNumberOfMessages']).toBe('0');
  });

  it('Layerward has called AWS under its own name, and never updated anything but the three parts', () => {
    const own = sandbox.calls.list().filter(({ caller }) => caller.kind === 'function');
    const lambda = own.filter(({ service }) => service === 'lambda');
    expect(lambda.length).toBeGreaterThan(20);
    expect(own.every(({ userAgent }) => userAgent.includes('layerward/'))).toBe(true);
    expect(new Set(lambda.map(({ action }) => action))).toEqual(
      new Set(['GetFunction', 'UpdateFunctionConfiguration', 'ListFunctions', 'GetAccountSettings']),
    );
    const updates = sandbox.trail
      .records()
      .filter(
        ({ eventName, userIdentity }) =>
          eventName.startsWith('UpdateFunctionConfiguration') && JSON.stringify(userIdentity).includes('layerward'),
      );
    expect(updates.length).toBeGreaterThan(10);
    const sent = new Set(updates.flatMap(({ requestParameters }) => Object.keys(requestParameters ?? {})));
    expect([...sent].sort()).toEqual(['environment', 'functionName', 'handler', 'layers', 'revisionId']);
  });
});

describe('the fixtures', () => {
  it('hold no account of anybody’s', () => {
    const folder = join(import.meta.dirname, '../fixtures');
    for (const name of readdirSync(folder)) {
      const accounts = readFileSync(join(folder, name), 'utf8').match(/\b\d{12}\b/g) ?? [];
      for (const account of accounts)
        expect(['111122223333', '444455556666', '777788889999', '999988887777', '800880067056']).toContain(account);
    }
  });
});
