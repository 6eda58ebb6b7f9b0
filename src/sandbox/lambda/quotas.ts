import type { Clock } from '../api.ts';
import type { FaultDocument } from './fault-schema.ts';
import { tooManyRequests } from './refusals.ts';

/**
 * The quotas of Lambda's control plane, per account and region: `GetFunction` and `GetPolicy` have their own, all other
 * calls share one that AWS doesn't raise. Source: Lambda's guide, "Lambda quotas".
 */
export interface Quotas {
  /** @throws AwsError `TooManyRequestsException` with `Retry-After`, when the bucket of the action is empty. */
  spend(action: string, account: string, region: string): void;
}

type Bucket = 'getFunction' | 'getPolicy' | 'controlPlane';

/** A token bucket each, as deep as one second's rate. */
export function createQuotas(clock: Clock, settings: () => FaultDocument['quotas']): Quotas {
  const levels = new Map<string, { tokens: number; at: number }>();
  return {
    spend(action, account, region) {
      const quotas = settings();
      if (quotas === 'off') return;
      const bucket = bucketOf(action);
      const rate = quotas[bucket];
      if (rate === null) return;

      const key = `${bucket} ${account} ${region}`;
      const now = clock.now().getTime();
      const level = levels.get(key);
      const depth = Math.max(1, rate);
      const refilled = level === undefined ? depth : level.tokens + (Math.max(0, now - level.at) / 1000) * rate;
      const tokens = Math.min(depth, refilled);
      if (tokens < 1) {
        levels.set(key, { tokens, at: now });
        throw tooManyRequests(Math.ceil((1 - tokens) / rate));
      }
      levels.set(key, { tokens: tokens - 1, at: now });
    },
  };
}

function bucketOf(action: string): Bucket {
  if (action === 'GetFunction') return 'getFunction';
  if (action === 'GetPolicy') return 'getPolicy';
  return 'controlPlane';
}
