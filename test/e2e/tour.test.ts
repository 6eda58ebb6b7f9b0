import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { scenes } from '../../src/sandbox/tour/scenes.ts';
import { openStage, type Stage } from '../../src/sandbox/tour/stage.ts';

/*
 * Every scene of the tour, through the built bundle, by AWS's own clients; then what is left behind is searched for secrets.
 */

const secrets = ['sandbox-key', 'sandbox-secret'];
const lines: string[] = [];
let sandbox: Sandbox;
let stage: Stage;

beforeAll(async () => {
  sandbox = await startSandbox({ log: (line) => lines.push(line) });
  stage = await openStage(sandbox);
}, 60_000);
afterAll(() => sandbox?.stop());

describe('the tour', () => {
  // The functions of a chapter share Lambda's 15 calls a second, as they do in an account.
  it.concurrent.each(scenes.map((scene) => [scene.chapter, scene.title, scene] as const))(
    '%s: %s',
    async (_chapter, _title, scene) => {
      expect(await scene.play(stage)).not.toBe('');
    },
    120_000,
  );
});

describe('after the tour', () => {
  it('no credential is in a log, a record, an alert or a CloudTrail record', async () => {
    const records: unknown[] = [];
    for (const status of ['protected', 'blocked', 'released', 'unsupported', 'deleted'] as const)
      for await (const record of stage.records.withStatus(status)) {
        records.push(record);
        for await (const outcome of stage.records.history(record.functionArn)) records.push(outcome);
      }
    const alerts = await stage.alerts();
    const trail = sandbox.trail.records();
    expect([lines.length, records.length, alerts.length, trail.length].every((count) => count > 10)).toBe(true);
    const everything = JSON.stringify([lines, records, alerts, trail]);
    for (const secret of secrets) expect(everything.includes(secret), `${secret} got out`).toBe(false);
  });

  it('the dead-letter queue is empty', async () => {
    const { SQSClient, GetQueueAttributesCommand } = await import('@aws-sdk/client-sqs');
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
      new Set(['GetFunction', 'UpdateFunctionConfiguration']),
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
