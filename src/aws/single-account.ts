import type { Organization } from '../domain/ports.ts';

/** A deployment for one account: there is no organization to be seen, so a policy that names its units can't be used. */
export function createSingleAccount(): Pick<Organization, 'unitsOf'> {
  return { unitsOf: async () => undefined };
}
