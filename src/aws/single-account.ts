import type { AccountPlaces } from '../domain/ports.ts';

/** A deployment for one account: there is no organization to be seen, so a policy that names its units can't be used. */
export function createSingleAccount(): AccountPlaces {
  return { unitsOf: async () => undefined };
}
