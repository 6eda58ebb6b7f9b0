import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSecretsManagerCredentials } from '../../../src/aws/secrets-manager-credentials.ts';
import type { CredentialStore } from '../../../src/domain/ports.ts';
import { credentials } from '../../fixtures/situation.ts';
import { jsonError, type StandIn, standInOptions, startStandIn } from '../../fixtures/stand-in.ts';
import { type HeldAnswer, holdAnswer } from './held-answer.ts';

let standIn: StandIn;
let store: CredentialStore;
let clock: number;
/** The next answers of AWS, of which some are held. */
let held: (HeldAnswer | undefined)[];
beforeAll(async () => {
  standIn = await startStandIn();
});
beforeEach(() => {
  standIn.requests.length = 0;
  clock = Date.parse('2026-11-23T12:00:00Z');
  held = [];
  const client = new SecretsManagerClient(standInOptions(standIn));
  client.middlewareStack.add(
    (next) => async (call) => {
      const holding = held.shift();
      const answer = await next(call);
      await holding?.wait();
      return answer;
    },
    { step: 'initialize', name: 'hold' },
  );
  store = createSecretsManagerCredentials(client, () => new Date(clock));
});
afterAll(() => standIn.stop());

const name = 'layerward/groups/default';
const secretOf = (content: string) => ({ body: { Name: name, SecretString: content } });
const good = secretOf(JSON.stringify(credentials));

describe('the credentials of a group', () => {
  it('are asked for by the name that the policy gives', async () => {
    standIn.answer(good);
    expect(await store.find(name)).toEqual({ found: credentials });
    expect(standIn.requests[0]?.headers['x-amz-target']).toBe('secretsmanager.GetSecretValue');
    expect(standIn.sent()).toEqual({ SecretId: name });
  });

  it('are no more than key and secret, whatever else the secret holds', async () => {
    standIn.answer(secretOf(JSON.stringify({ ...credentials, owner: 'team-a' })));
    expect(await store.find(name)).toEqual({ found: credentials });
  });

  it('are kept for five minutes, and then asked for again, so that a rotation is seen', async () => {
    standIn.answer(good);
    await store.find(name);
    clock += 5 * 60_000 - 1;
    await store.find(name);
    expect(standIn.requests).toHaveLength(1);
    clock += 1;
    standIn.answer(secretOf('{"key": "new", "secret": "newer"}'));
    expect(await store.find(name)).toEqual({ found: { key: 'new', secret: 'newer' } });
    expect(standIn.requests).toHaveLength(2);
  });

  it('are kept apart by the names of their secrets', async () => {
    standIn.answer(good, secretOf('{"key": "other", "secret": "one"}'));
    await store.find(name);
    expect(await store.find('layerward/groups/other')).toEqual({ found: { key: 'other', secret: 'one' } });
  });
});

describe('credentials that can’t be had', () => {
  it.each([
    [
      'there is no secret',
      jsonError('ResourceNotFoundException', 'no such secret'),
      `the secret ${name} does not exist`,
    ],
    [
      'the secret is to be deleted',
      jsonError('InvalidRequestException', 'marked for deletion'),
      `the secret ${name} has no value that can be read`,
    ],
    [
      'AWS denies it',
      jsonError('AccessDeniedException', 'not authorized'),
      `the secret ${name} can't be read (AccessDeniedException)`,
    ],
    [
      'its key can’t be used',
      jsonError('DecryptionFailure', 'KMS'),
      `the secret ${name} can't be read (DecryptionFailure)`,
    ],
    [
      'its name is none',
      jsonError('ValidationException', 'bad name'),
      `the secret ${name} can't be read (ValidationException)`,
    ],
    ['it is binary', { body: { Name: name, SecretBinary: 'AAAA' } }, `the secret ${name} holds no text`],
    [
      'it is no JSON',
      secretOf(`key=${credentials.key}`),
      `the secret ${name} is not of the form {"key": "...", "secret": "..."}`,
    ],
    [
      'it is a text',
      secretOf(JSON.stringify(credentials.key)),
      `the secret ${name} is not of the form {"key": "...", "secret": "..."}`,
    ],
    [
      'it has no key',
      secretOf(JSON.stringify({ secret: credentials.secret })),
      `the secret ${name} is not of the form {"key": "...", "secret": "..."}`,
    ],
    [
      'its secret is empty',
      secretOf(JSON.stringify({ key: credentials.key, secret: '' })),
      `the secret ${name} is not of the form {"key": "...", "secret": "..."}`,
    ],
    [
      'its key is a number',
      secretOf(JSON.stringify({ key: 4711, secret: credentials.secret })),
      `the secret ${name} is not of the form {"key": "...", "secret": "..."}`,
    ],
  ])('since %s are missing, with the reason and without any of the content', async (_, answer, missing) => {
    standIn.answer(answer);
    expect(await store.find(name)).toEqual({ missing });
  });

  it('are asked for again after a quarter of a minute, since somebody is likely to put them right', async () => {
    standIn.answer(jsonError('ResourceNotFoundException', 'no such secret'));
    await store.find(name);
    clock += 14_999;
    await store.find(name);
    expect(standIn.requests).toHaveLength(1);
    clock += 1;
    standIn.answer(good);
    expect(await store.find(name)).toEqual({ found: credentials });
  });

  it.each([
    ['ThrottlingException', jsonError('ThrottlingException', 'Rate exceeded'), 'Throttled'],
    ['InternalServiceError', jsonError('InternalServiceError', 'oops', 500), 'ServiceUnavailable'],
  ])('since of %s are asked for again by the next look: nothing is kept', async (_, answer, expected) => {
    standIn.answer(answer);
    await expect(store.find(name)).rejects.toMatchObject({ name: expected, retryable: true });
    standIn.answer(good);
    expect(await store.find(name)).toEqual({ found: credentials });
  });

  it('since nobody answers are asked for again, too', async () => {
    standIn.hangUp();
    await expect(store.find(name)).rejects.toThrow(/^reading the secret layerward\/groups\/default failed: /);
  });
});

describe('the credentials of a group as of a moment', () => {
  const rotated = { key: 'new', secret: 'newer' };
  const newer = secretOf(JSON.stringify(rotated));

  it('are asked for again where they were asked for before, and then count for everybody', async () => {
    standIn.answer(good, newer);
    await store.find(name);
    clock += 1000;
    expect(await store.find(name)).toEqual({ found: credentials });
    expect(await store.find(name, new Date(clock))).toEqual({ found: rotated });
    expect(await store.find(name)).toEqual({ found: rotated });
    expect(standIn.requests).toHaveLength(2);
  });

  it('are what was asked for at that moment or later, without another call', async () => {
    standIn.answer(good);
    await store.find(name);
    for (const asOf of [clock, clock - 1, 0]) await store.find(name, new Date(asOf));
    clock += 1000;
    await store.find(name, new Date(clock - 1000));
    expect(standIn.requests).toHaveLength(1);
    await store.find(name, new Date(clock - 999));
    expect(standIn.requests).toHaveLength(2);
  });

  it('are asked for again after their five minutes, however early the moment', async () => {
    standIn.answer(good);
    await store.find(name);
    clock += 5 * 60_000;
    await store.find(name, new Date(0));
    expect(standIn.requests).toHaveLength(2);
  });

  it('that were missing before may be there', async () => {
    standIn.answer(jsonError('ResourceNotFoundException', 'no such secret'), good);
    await store.find(name);
    clock += 1;
    expect(await store.find(name, new Date(clock))).toEqual({ found: credentials });
  });

  it('are asked for again of their own secret only', async () => {
    standIn.answer(good);
    await store.find(name);
    await store.find('layerward/groups/other');
    clock += 1000;
    await store.find(name, new Date(clock));
    await store.find('layerward/groups/other');
    expect(standIn.requests.map(({ body }) => JSON.parse(body).SecretId)).toEqual([
      name,
      'layerward/groups/other',
      name,
    ]);
  });

  it('are not what is being asked for since before that moment', async () => {
    const late = holdAnswer();
    held = [late];
    standIn.answer(good, newer);
    const early = store.find(name);
    await late.isOnItsWay;
    clock += 1000;
    expect(await store.find(name, new Date(clock))).toEqual({ found: rotated });
    late.come();
    expect(await early).toEqual({ found: credentials });
    // The older answer came late, and does not replace the newer one.
    expect(await store.find(name)).toEqual({ found: rotated });
    expect(standIn.requests).toHaveLength(2);
  });
});

describe('credentials that many want at the same time', () => {
  it('are one call', async () => {
    standIn.answer(good);
    const answers = await Promise.all([store.find(name), store.find(name, new Date(clock)), store.find(name)]);
    expect(answers).toEqual(Array.from({ length: 3 }, () => ({ found: credentials })));
    expect(standIn.requests).toHaveLength(1);
  });

  it('are one call for each secret', async () => {
    standIn.answer(good);
    await Promise.all([store.find(name), store.find('layerward/groups/other'), store.find(name)]);
    expect(standIn.requests).toHaveLength(2);
  });

  it('and that can’t be had are one failed call, and asked for again by the next', async () => {
    standIn.answer(jsonError('InternalServiceError', 'oops', 500));
    const failed = await Promise.allSettled([store.find(name), store.find(name)]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(standIn.requests).toHaveLength(1);
    standIn.answer(good);
    expect(await store.find(name)).toEqual({ found: credentials });
    expect(standIn.requests).toHaveLength(2);
  });

  it('are kept where an older call fails late', async () => {
    const late = holdAnswer();
    held = [late];
    standIn.answer(good);
    const early = store.find(name);
    await late.isOnItsWay;
    clock += 1000;
    await store.find(name, new Date(clock));
    late.getLost();
    await expect(early).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    await store.find(name);
    expect(standIn.requests).toHaveLength(2);
  });

  it('are kept for five minutes from when they were asked for, not from when they came', async () => {
    const late = holdAnswer();
    held = [late];
    standIn.answer(good);
    const early = store.find(name);
    await late.isOnItsWay;
    clock += 4 * 60_000;
    late.come();
    await early;
    clock += 60_000;
    await store.find(name);
    expect(standIn.requests).toHaveLength(2);
  });
});
