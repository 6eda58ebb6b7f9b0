import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { AccessDenied, InvalidInput } from '../domain/errors.ts';
import type { CredentialStore } from '../domain/ports.ts';
import { readRefusal, toLayerwardError } from './refusal.ts';

const secretContent = z.object({ key: z.string().min(1), secret: z.string().min(1) });

/** How long credentials are kept in memory: a rotation is noticed after this time at the latest. */
const keptForMs = 5 * 60_000;
/** A secret that is missing is asked for again soon, since somebody is likely to be putting it right. */
const missingKeptForMs = 15_000;

type Answer = Awaited<ReturnType<CredentialStore['find']>>;

/** Credentials in Secrets Manager: JSON `{"key": "...", "secret": "..."}` under the name that the policy gives. */
export function createSecretsManagerCredentials(client: SecretsManagerClient, now: () => Date): CredentialStore {
  const kept = new Map<string, { readonly answer: Promise<Answer>; readonly askedAt: number; until: number }>();
  return {
    async find(secretName, asOf) {
      const known = kept.get(secretName);
      const at = now().getTime();
      if (known && known.until > at && (!asOf || asOf.getTime() <= known.askedAt)) return known.answer;
      // Who asks while somebody is asking gets the same answer.
      const asked = { answer: ask(client, secretName), askedAt: at, until: Number.POSITIVE_INFINITY };
      kept.set(secretName, asked);
      try {
        const answer = await asked.answer;
        asked.until = at + ('found' in answer ? keptForMs : missingKeptForMs);
        return answer;
      } catch (error) {
        if (kept.get(secretName) === asked) kept.delete(secretName);
        throw error;
      }
    },
  };
}

async function ask(client: SecretsManagerClient, secretName: string): Promise<Answer> {
  let text: string | undefined;
  try {
    ({ SecretString: text } = await client.send(new GetSecretValueCommand({ SecretId: secretName })));
  } catch (error) {
    const { name } = readRefusal(error);
    if (name === 'ResourceNotFoundException') return { missing: `the secret ${secretName} does not exist` };
    // The secret is marked for deletion, or has no current version.
    if (name === 'InvalidRequestException')
      return { missing: `the secret ${secretName} has no value that can be read` };
    const failure = toLayerwardError(error, `reading the secret ${secretName}`);
    if (failure instanceof AccessDenied || failure instanceof InvalidInput || name === 'DecryptionFailure')
      return { missing: `the secret ${secretName} can't be read (${name})` };
    throw failure;
  }
  if (text === undefined) return { missing: `the secret ${secretName} holds no text` };
  try {
    return { found: secretContent.parse(JSON.parse(text)) };
  } catch {
    // The parser's words would quote the secret.
    return { missing: `the secret ${secretName} is not of the form {"key": "...", "secret": "..."}` };
  }
}
