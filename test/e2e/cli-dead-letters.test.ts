import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import {
  GetQueueAttributesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deadLettersOutcome, deadLettersReport } from '../../src/cli/dead-letters-report.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { eventually, openStage, type Stage } from '../../src/sandbox/tour/stage.ts';
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
      /^\w{8} +2\d{3}-\d\d-\d\d \d\d:\d\d +not-delivered +listed in 111122223333, us-east-1\s+CreateFunction\S* by alice, received once$/m,
    );
    expect(stdout).toMatch(/^\w{8} +\S+ \S+ +unreadable\s+unknown event, received once$/m);
    expect(stdout).toContain('not-delivered: EventBridge could not put it on the queue: SDK_CLIENT_ERROR: not allowed');
    expect(stdout).not.toContain('is this');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
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

  it('drop writes over no file', async () => {
    await send('{"stays": true}');
    const place = start();
    writeFileSync(join(place.cwd, 'kept.jsonl'), 'letters of before\n');
    const { code, stderr } = await runPiped(['dead-letters', 'drop', '--all', '--yes', '--keep', 'kept.jsonl'], place);
    expect(code).toBe(2);
    expect(stderr).toMatch(/kept\.jsonl is there already: name another file/);
    expect(readFileSync(join(place.cwd, 'kept.jsonl'), 'utf8')).toBe('letters of before\n');
    expect(await waiting()).toBe(1);
  });

  it('list tells all of more letters than one call of SQS shows, or says how many are left', async () => {
    for (let n = 0; n < 23; n++) await send(`{"letter": ${n}}`);
    const all = deadLettersReport.parse(JSON.parse((await letters('list', '--json')).stdout));
    expect(new Set(all.letters.map(({ messageId }) => messageId)).size).toBe(23);
    const { stdout } = await letters('list', '--limit', '5');
    expect(stdout).toContain('… and about 18 more: --limit 23 shows them all.');
    expect(await waiting()).toBe(23);
  });

  it('list says that somebody else reads letters at the moment', async () => {
    await send('{"held": true}');
    await sqs.send(new ReceiveMessageCommand({ QueueUrl: deadLetterQueue, VisibilityTimeout: 60 }));
    const { code, stdout } = await letters('list');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Somebody else reads one of them at the moment;/);
    await sqs.send(new PurgeQueueCommand({ QueueUrl: deadLetterQueue }));
  });

  it('retry goes on where one letter can’t be sent, and ends with 1', async () => {
    const ids = [await send(await lostEvent('sent-1')), await send(await lostEvent('sent-2'))];
    const error = { status: 400, code: 'InvalidParameterValue', message: 'not this one' };
    sandbox.lambda.faults.replace({
      quotas: 'off',
      calls: [{ service: 'sqs', action: 'SendMessage', caller: '*olga*', times: 1, error }],
    });
    const { code, stdout } = await letters('retry', '--all', '--yes', '--json');
    sandbox.lambda.faults.replace({ quotas: 'off' });
    expect(code).toBe(1);
    const outcome = deadLettersOutcome.parse(JSON.parse(stdout));
    expect(outcome.letters.map(({ messageId }) => messageId).sort()).toEqual([...ids].sort());
    expect(outcome.letters.map((one) => one.outcome).sort()).toEqual(['failed', 'retried']);
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

describe('letters that Layerward and EventBridge themselves left', () => {
  let queue = '';
  let policy = '';

  beforeAll(async () => {
    queue = String(sandbox.deployment?.resources['ChangeQueue']);
    const names = ['Policy'] as const;
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queue, AttributeNames: [...names] }),
    );
    policy = Attributes?.Policy ?? '';
    // As if each six minutes were one second.
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: queue, Attributes: { VisibilityTimeout: '1' } }));
  });

  const list = async () => deadLettersReport.parse(JSON.parse((await letters('list', '--json')).stdout)).letters;
  type Letter = Awaited<ReturnType<typeof list>>[number];

  /** Waits until there is such a letter. */
  const listed = (what: string, fits: (letter: Letter) => boolean) =>
    eventually(`there is a letter ${what}`, async () => {
      const all = await list();
      return { value: all.find(fits), seen: all.map(({ code }) => code).join() };
    });
  const about = (name: string) => (letter: Letter) => letter.functionArn === stage.functionArn(name);

  it('tell why by the words of the log, and are worked off once the cause is gone', async () => {
    const error = {
      status: 403,
      code: 'AccessDeniedException',
      message: 'not authorized to perform: lambda:GetFunction',
    };
    sandbox.lambda.faults.replace({
      quotas: 'off',
      calls: [{ action: 'GetFunction', function: 'unreadable-function', caller: '*:assumed-role/layerward-*', error }],
    });
    const { MessageId } = await sqs.send(new SendMessageCommand({ QueueUrl: queue, MessageBody: 'no event at all' }));
    await stage.create('alice', 'unreadable-function', { Tags: { 'layerward:protect': 'on' } });
    expect(await listed('of no use', ({ messageId }) => messageId === MessageId)).toMatchObject({
      code: 'unreadable',
      verdict: 'malformed',
      advice: expect.stringContaining('layerward dead-letters drop'),
    });
    const isOfAlice = (letter: Letter) => about('unreadable-function')(letter) && letter.actor === 'alice';
    const denied = await listed('about the function', isOfAlice);
    expect(denied).toMatchObject({
      givenUpBy: 'queue',
      code: 'access-denied',
      why: expect.stringContaining('not authorized to perform: lambda:GetFunction'),
      advice: expect.stringContaining('docs/security.md'),
      eventName: 'CreateFunction',
    });
    expect(denied.received).toBeGreaterThan(6);
    const { stdout } = await letters('list');
    expect(stdout).toMatch(/^access-denied: reading function/m);
    expect(stdout).toMatch(
      /^ {2}→ Grant what the message names \(docs\/security\.md\), then layerward dead-letters retry\.$/m,
    );
    expect(stdout).not.toContain('no event at all');

    sandbox.lambda.faults.replace({ quotas: 'off' });
    const dropped = await letters('drop', String(MessageId), '--yes', '--keep', join(emptyFolder(), 'kept.jsonl'));
    expect(dropped.code).toBe(0);
    expect((await letters('retry', '--all', '--yes')).code).toBe(0);
    await stage.recorded('unreadable-function', 'protected');
    expect((await letters('list')).code).toBe(0);
  }, 120_000);

  it('say that EventBridge may not send, and are sent once it may', async () => {
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: queue, Attributes: { Policy: '' } }));
    await stage.create('alice', 'undelivered', { Tags: { 'layerward:protect': 'on' } });
    const letter = await listed('about the function', about('undelivered'));
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: queue, Attributes: { Policy: policy } }));
    expect(letter).toMatchObject({
      givenUpBy: 'rule',
      code: 'not-delivered',
      why: expect.stringContaining('NO_PERMISSIONS'),
      functionArn: stage.functionArn('undelivered'),
    });
    expect((await letters('retry', '--all', '--yes')).code).toBe(0);
    await stage.recorded('undelivered', 'protected');
  }, 120_000);

  it('are told without the log’s words where nobody may read the log', async () => {
    await send(await lostEvent('log-unread'));
    const error = { status: 400, code: 'AccessDeniedException', message: 'not your log' };
    sandbox.lambda.faults.replace({ quotas: 'off', calls: [{ service: 'logs', action: 'FilterLogEvents', error }] });
    const [letter] = await list();
    sandbox.lambda.faults.replace({ quotas: 'off' });
    expect(letter).toMatchObject({
      code: 'unknown',
      why: expect.stringContaining('AccessDeniedException: not your log'),
    });
  });
});
