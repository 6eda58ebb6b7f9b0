import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { GetQueueAttributesCommand, PurgeQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deadLettersOutcome, deadLettersReport } from '../../src/cli/dead-letters-report.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { openStage, type Stage } from '../../src/sandbox/tour/stage.ts';
import { emptyFolder, runOnTerminal, runPiped } from '../fixtures/command-line.ts';

/* `layerward dead-letters` as a process, on letters as SQS and EventBridge leave them, against the deployed stack. */

let sandbox: Sandbox;
let stage: Stage;
let sqs: SQSClient;
let deadLetterQueue = '';
const person = { AWS_ACCESS_KEY_ID: 'olga', AWS_SECRET_ACCESS_KEY: 'any', AWS_EC2_METADATA_DISABLED: 'true' };

beforeAll(async () => {
  sandbox = await startSandbox({ timings: { deliveryMs: 5, pendingMs: 20, updateMs: 20, stateMachineSecondMs: 50 } });
  sandbox.lambda.faults.replace({ quotas: 'off' });
  stage = await openStage(sandbox);
  sqs = new SQSClient({
    endpoint: sandbox.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'olga', secretAccessKey: 'any' },
  });
  deadLetterQueue = String(sandbox.deployment?.outputs['DeadLetterQueueUrl']);
}, 90_000);
afterAll(() => sandbox?.stop());
beforeEach(() => sqs.send(new PurgeQueueCommand({ QueueUrl: deadLetterQueue })));

const start = () => ({
  env: { ...person, AWS_ENDPOINT_URL: sandbox.endpoint, AWS_REGION: 'us-east-1' },
  cwd: emptyFolder(),
});
const letters = (...args: string[]) => runPiped(['dead-letters', ...args], start());

async function send(MessageBody: string, attributes: Readonly<Record<string, string>> = {}): Promise<string> {
  const MessageAttributes = Object.fromEntries(
    Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  );
  const { MessageId } = await sqs.send(
    new SendMessageCommand({ QueueUrl: deadLetterQueue, MessageBody, MessageAttributes }),
  );
  return String(MessageId);
}

/** An event that somebody's call led to, and that Layerward never heard of. */
async function lostEvent(functionName: string): Promise<string> {
  sandbox.lambda.faults.replace({ quotas: 'off', delivery: [{ effect: 'drop' }] });
  await stage.create('alice', functionName, { Tags: { 'layerward:protect': 'on' } });
  sandbox.lambda.faults.replace({ quotas: 'off' });
  const detail = sandbox.trail
    .records()
    .find((one) => Reflect.get(one['requestParameters'] ?? {}, 'functionName') === functionName);
  return JSON.stringify({
    version: '0',
    id: 'any',
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.lambda',
    account: '111122223333',
    time: detail?.['eventTime'],
    region: 'us-east-1',
    resources: [],
    detail,
  });
}

async function waiting(): Promise<number> {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: deadLetterQueue, AttributeNames: [...names] }),
  );
  expect(Attributes?.ApproximateNumberOfMessagesNotVisible).toBe('0');
  return Number(Attributes?.ApproximateNumberOfMessages);
}

describe('layerward dead-letters', () => {
  it('list says that there are none', async () => {
    const { code, stdout } = await letters('list');
    expect(code).toBe(0);
    expect(stdout).toBe('There are no dead letters: nothing was given up on.\n');
  });

  it('list tells which function, whose change and why, and takes nothing away', async () => {
    await send(await lostEvent('listed'), {
      ERROR_CODE: 'SDK_CLIENT_ERROR',
      ERROR_MESSAGE: 'not allowed',
      RULE_ARN: 'arn:r',
    });
    await send('{"what": "is this"}');
    const { code, stdout } = await letters('list');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^2 changes were given up on:$/m);
    expect(stdout).toMatch(
      /^\w{8} +2\d{3}-\d\d-\d\d \d\d:\d\d +CreateFunction\S* +alice +listed in 111122223333, us-east-1$/m,
    );
    expect(stdout).toMatch(/^\w{8} +\S+ \S+ +unreadable$/m);
    expect(stdout).toContain('EventBridge could not put it on the queue: SDK_CLIENT_ERROR: not allowed.');
    const report = deadLettersReport.parse(JSON.parse((await letters('list', '--json')).stdout));
    expect(report.letters.map(({ givenUpBy, verdict }) => `${givenUpBy}: ${verdict}`).sort()).toEqual([
      'queue: malformed',
      'rule: look',
    ]);
    expect(await waiting()).toBe(2);
  });

  it('retry asks, sends letters through again, and the function is protected', async () => {
    await send(await lostEvent('retried'));
    const declined = await runOnTerminal(['dead-letters', 'retry', '--all'], start(), 'no');
    expect(declined.code).toBe(2);
    expect(stripVTControlCharacters(declined.stdout)).toContain('Send 1 letter through again?');
    expect(await waiting()).toBe(1);
    const agreed = await runOnTerminal(['dead-letters', 'retry', '--all'], start(), 'yes');
    expect(agreed.code).toBe(0);
    expect(stripVTControlCharacters(agreed.stdout)).toMatch(/^retried +\w{8} +retried in 111122223333, us-east-1/m);
    expect(await waiting()).toBe(0);
    await stage.recorded('retried', 'protected');
  });

  it('drop deletes only those that are named, by the beginnings of their ids, and a file keeps them', async () => {
    const ids = [await send('{"of": "no use"}'), await send('{"also": "of none"}')];
    const place = start();
    const { code, stdout } = await runPiped(
      ['dead-letters', 'drop', String(ids[0]).slice(0, 8), '--yes', '--json', '--keep', 'kept.jsonl'],
      place,
    );
    expect(code).toBe(0);
    const outcome = deadLettersOutcome.parse(JSON.parse(stdout));
    expect(outcome).toEqual({ letters: [{ messageId: ids[0], outcome: 'dropped', detail: '' }], kept: 'kept.jsonl' });
    expect(await waiting()).toBe(1);
    expect(readFileSync(join(place.cwd, 'kept.jsonl'), 'utf8')).toContain('of\\": \\"no use');
    const replayed = await runPiped(['replay', 'kept.jsonl', '--json'], place);
    expect(JSON.parse(replayed.stdout)).toMatchObject([{ verdict: 'malformed' }]);
  });

  it.each([
    [['retry', '--yes'], /name letters by their ids, or say --all/],
    [['retry', 'abc', '--all', '--yes'], /name letters by their ids, or say --all/],
    [['retry', 'not-there', '--yes'], /no letter has an id that begins with not-there/],
    [['drop', '--all'], /there is no terminal to ask on/],
    [['drop', '--all', '--yes', '--keep', '/nowhere/x'], /\/nowhere\/x can't be written/],
  ])('%j is refused, and nothing is lost', async (args, words) => {
    await send('{"stays": true}');
    const { code, stderr } = await letters(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(await waiting()).toBe(1);
  });

  it('says so where nothing is deployed', async () => {
    const { code, stderr } = await letters('list', '--region', 'eu-west-1');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^layerward: there is no stack layerward with its queues in account 111122223333, eu-west-1: give/,
    );
  });
});
