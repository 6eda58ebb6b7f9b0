import { ListAccountsCommand, ListParentsCommand, type OrganizationsClient } from '@aws-sdk/client-organizations';
import type { Organization } from '../domain/ports.ts';
import { toLayerwardError } from './refusal.ts';

/** How long an account's place in the organization is kept: accounts move seldom. */
const keptForMs = 15 * 60_000;

/** The organization as AWS Organizations knows it; the hub must be a delegated administrator of it, or its management account. */
export function createAwsOrganization(client: OrganizationsClient, now: () => Date): Organization {
  const kept = new Map<string, { readonly units: Promise<readonly string[]>; readonly until: number }>();
  return {
    unitsOf(accountId) {
      const known = kept.get(accountId);
      if (known && known.until > now().getTime()) return known.units;
      const units = listUnits(client, accountId);
      kept.set(accountId, { units, until: now().getTime() + keptForMs });
      // A failure is not kept: whoever asks next asks AWS.
      units.catch(() => kept.delete(accountId));
      return units;
    },
    async *accounts() {
      let token: string | undefined;
      do {
        const page = await client.send(new ListAccountsCommand({ NextToken: token })).catch((error: unknown) => {
          throw toLayerwardError(error, 'listing the accounts of the organization');
        });
        for (const { Id, Name, State, Status } of page.Accounts ?? [])
          if (Id) yield { accountId: Id, name: Name ?? Id, isActive: (State ?? Status) === 'ACTIVE' };
        token = page.NextToken;
      } while (token);
    },
  };
}

async function listUnits(client: OrganizationsClient, accountId: string): Promise<string[]> {
  const units: string[] = [];
  for (let child: string | undefined = accountId; child; ) {
    const answer: { Parents?: { Id?: string | undefined; Type?: string | undefined }[] | undefined } = await client
      .send(new ListParentsCommand({ ChildId: child }))
      .catch((error: unknown) => {
        throw toLayerwardError(error, `asking for the organizational units of account ${accountId}`);
      });
    const parent = answer.Parents?.[0];
    if (parent?.Id) units.push(parent.Id);
    child = parent?.Type === 'ROOT' ? undefined : parent?.Id;
  }
  return units;
}
