import { TagResourceCommand, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { eventually, openStage, type Stage } from '../../src/sandbox/tour/stage.ts';

/* The AWS calls that Layerward makes, counted on the wire. */

let sandbox: Sandbox;
let stage: Stage;

beforeAll(async () => {
  sandbox = await startSandbox();
  stage = await openStage(sandbox);
  // A first look reads the policy and the credentials, which are kept from then on.
  await stage.create('alice', 'warm', { Tags: { 'layerward:protect': 'on' } });
  await stage.recorded('warm', 'protected', '', ({ outbox }) => outbox.length === 0);
}, 90_000);
afterAll(() => sandbox?.stop());

const ownCalls = () =>
  sandbox.calls
    .list()
    .filter(({ caller, inFlight }) => caller.kind === 'function' && !inFlight)
    .map(({ service, action }) => `${service} ${action}`);

/** What Layerward calls because of this, once it has read the function and come to rest. */
async function callsAfter(cause: () => Promise<unknown>): Promise<string[]> {
  sandbox.calls.reset();
  await cause();
  let quiet = 0;
  let last = -1;
  return eventually('Layerward has looked and come to rest', async () => {
    const calls = ownCalls();
    quiet = calls.length === last ? quiet + 1 : 0;
    last = calls.length;
    // Two seconds of silence: longer than the batching window and the first delay of a later look together.
    return { value: calls.length > 0 && quiet > 20 ? calls : undefined, seen: calls.join() };
  });
}

describe('an event on a function that is not opted in', () => {
  it('costs one AWS call in all', async () => {
    await stage.create('alice', 'plain', {});
    await callsAfter(() => stage.change('alice', 'plain', { Description: 'first' }));
    expect(await callsAfter(() => stage.change('alice', 'plain', { Description: 'second' }))).toEqual([
      'lambda GetFunction',
    ]);
  }, 90_000);
});

describe('an event on a protected function that differs in nothing', () => {
  it('costs one call of Lambda and one of DynamoDB', async () => {
    const calls = await callsAfter(() => stage.change('alice', 'warm', { Description: 'second' }));
    expect(calls).toEqual(['lambda GetFunction', 'dynamodb GetItem']);
  }, 90_000);
});

describe('attaching', () => {
  it('costs two calls of Lambda, one more to verify, and the record and the announcement', async () => {
    await stage.create('alice', 'fresh', {});
    await callsAfter(() => stage.change('alice', 'fresh', { Description: 'settled' }));
    const calls = await callsAfter(() =>
      stage
        .lambda('alice')
        .send(new TagResourceCommand({ Resource: stage.functionArn('fresh'), Tags: { 'layerward:protect': 'on' } })),
    );
    const [attach, verify] = [
      calls.slice(0, calls.indexOf('sqs SendMessage') + 1),
      calls.slice(calls.indexOf('sqs SendMessage') + 1),
    ];
    expect(attach).toEqual([
      'lambda GetFunction',
      'dynamodb GetItem',
      // Whether another look at it waits for its turn, and the turn among the calls that teams need too.
      'dynamodb GetItem',
      'dynamodb UpdateItem',
      'dynamodb PutItem',
      'lambda UpdateFunctionConfiguration',
      'sqs SendMessage',
    ]);
    expect(verify.filter((call) => call.startsWith('lambda'))).toEqual(['lambda GetFunction']);
    expect(verify.filter((call) => call === 'events PutEvents')).toHaveLength(1);
    expect(verify.filter((call) => call.startsWith('sns'))).toHaveLength(0);
  }, 90_000);
});

describe('Layerward’s own update', () => {
  it('is never delivered to it again', async () => {
    await stage.recorded('warm', 'protected');
    const calls = await callsAfter(async () => {
      await stage.lambda('mallory').send(new UpdateFunctionConfigurationCommand({ FunctionName: 'warm', Layers: [] }));
    });
    expect(calls.filter((call) => call === 'lambda UpdateFunctionConfiguration')).toHaveLength(1);
    // One look for mallory's event, one to verify, and at most one that came too early.
    expect(calls.filter((call) => call === 'lambda GetFunction').length).toBeLessThanOrEqual(3);
  }, 90_000);
});
