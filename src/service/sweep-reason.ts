import * as z from 'zod';
import type { Policy } from '../domain/policy.ts';

/** Why a sweep was started, and which functions it is about. */
export type SweepReason =
  | { readonly about: 'everything' }
  /** Functions whose credentials are in one of these secrets. */
  | { readonly about: 'secrets'; readonly secretNames: readonly string[] }
  | { readonly about: 'nothing'; readonly because: string };

/** A change of a secret, as CloudTrail tells it: a call, or a rotation that Secrets Manager itself made. */
const secretEvent = z.object({
  source: z.literal('aws.secretsmanager'),
  detail: z.object({
    // CreateSecret calls it by its name.
    requestParameters: z.object({ secretId: z.string().optional(), name: z.string().optional() }).nullish(),
    additionalEventData: z.object({ SecretId: z.string() }).nullish(),
  }),
});

/**
 * Reads why a sweep was started: by the EventBridge event that started it, or by anything else, such as a schedule.
 * A changed secret concerns the functions of its groups only.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieve-ct-entries.html
 */
export function readSweepReason(input: unknown, policy: Policy): SweepReason {
  const event = secretEvent.safeParse(input);
  if (!event.success) return { about: 'everything' };
  const { requestParameters, additionalEventData } = event.data.detail;
  const secretId = requestParameters?.secretId ?? requestParameters?.name ?? additionalEventData?.SecretId ?? '';
  const secretNames = [...new Set(Object.values(policy.groups).map(({ secret }) => secret))].filter((name) =>
    isSecret(secretId, name),
  );
  return secretNames.length > 0
    ? { about: 'secrets', secretNames }
    : { about: 'nothing', because: `no group of the policy has its credentials in ${secretId}` };
}

/** A secret is called by its name or its ARN, whose name has six random characters behind it, or not. */
function isSecret(secretId: string, name: string): boolean {
  if (!secretId.startsWith('arn:')) return secretId === name;
  const named = secretId.split(':').slice(6).join(':');
  return named === name || named.replace(/-[A-Za-z0-9]{6}$/, '') === name;
}
