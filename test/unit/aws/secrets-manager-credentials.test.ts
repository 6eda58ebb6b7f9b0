import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSecretsManagerCredentials } from '../../../src/aws/secrets-manager-credentials.ts';
import type { CredentialStore } from '../../../src/domain/ports.ts';
import { credentials } from '../../fixtures/situation.ts';
import { jsonError, type StandIn, standInOptions, startStandIn } from '../../fixtures/stand-in.ts';

let standIn: StandIn;
let store: CredentialStore;
let clock: number;
beforeAll(async () => {
  standIn = await startStandIn();
});
beforeEach(() => {
  standIn.requests.length = 0;
  clock = Date.parse('2026-11-23T12:00:00Z');
  store = createSecretsManagerCredentials(new SecretsManagerClient(standInOptions(standIn)), () => new Date(clock));
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
