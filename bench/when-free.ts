import { setTimeout as sleep } from 'node:timers/promises';
import { ResourceConflictException, TooManyRequestsException } from '@aws-sdk/client-lambda';

/**
 * Does something to a function; as long as AWS is still at work on it, or the account's calls are used up, tries again, as
 * whoever deploys does.
 */
export async function whenFree<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ResourceConflictException || error instanceof TooManyRequestsException)) throw error;
      await sleep(50);
    }
  }
}
