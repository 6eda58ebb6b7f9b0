import { setTimeout as sleep } from 'node:timers/promises';
import { ResourceConflictException } from '@aws-sdk/client-lambda';

/** Does something to a function; as long as AWS is still at work on it, tries again, as whoever deploys does. */
export async function whenFree<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ResourceConflictException)) throw error;
      await sleep(50);
    }
  }
}
