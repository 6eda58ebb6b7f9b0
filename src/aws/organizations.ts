import {
  DescribeOrganizationCommand,
  ListAccountsForParentCommand,
  ListOrganizationalUnitsForParentCommand,
  ListRootsCommand,
  type OrganizationsClient,
} from '@aws-sdk/client-organizations';
import { InvalidInput } from '../domain/errors.ts';
import type { Account, Organization } from '../domain/ports.ts';
import { toLayerwardError } from './refusal.ts';

/** A page of a listing, whatever it lists. */
interface Page<T> {
  readonly items: readonly T[] | undefined;
  readonly nextToken: string | undefined;
}

/**
 * The organization as AWS Organizations has it; the caller must be its management account or a delegated administrator.
 * It is walked from its root down, so that it takes a few calls for each unit, and none for each account: AWS allows
 * few calls of Organizations a second.
 */
export function createAwsOrganization(client: OrganizationsClient): Organization {
  async function* all<T>(doing: string, ask: (token: string | undefined) => Promise<Page<T>>): AsyncIterable<T> {
    let token: string | undefined;
    do {
      const page: Page<T> = await ask(token).catch((error: unknown) => {
        throw toLayerwardError(error, doing);
      });
      yield* page.items ?? [];
      token = page.nextToken;
    } while (token);
  }

  /** Every unit from here on down, each with those above it: itself first, the root last. */
  async function* unitsUnder(path: readonly [string, ...string[]]): AsyncIterable<readonly [string, ...string[]]> {
    yield path;
    const [parent] = path;
    const children = all(`listing the organizational units of ${parent}`, async (NextToken) => {
      const page = await client.send(new ListOrganizationalUnitsForParentCommand({ ParentId: parent, NextToken }));
      return { items: page.OrganizationalUnits, nextToken: page.NextToken };
    });
    for await (const { Id } of children) if (Id) yield* unitsUnder([Id, ...path]);
  }

  async function* paths(): AsyncIterable<readonly [string, ...string[]]> {
    const roots = all('listing the roots of the organization', async (NextToken) => {
      const page = await client.send(new ListRootsCommand({ NextToken }));
      return { items: page.Roots, nextToken: page.NextToken };
    });
    for await (const { Id } of roots) if (Id) yield* unitsUnder([Id]);
  }

  return {
    async *accounts() {
      for await (const path of paths()) {
        const [parent] = path;
        const accounts = all(`listing the accounts of ${parent}`, async (NextToken) => {
          const page = await client.send(new ListAccountsForParentCommand({ ParentId: parent, NextToken }));
          return { items: page.Accounts, nextToken: page.NextToken };
        });
        for await (const { Id, Name, State, Status } of accounts)
          if (Id)
            yield {
              accountId: Id,
              name: Name ?? Id,
              isActive: (State ?? Status) === 'ACTIVE',
              organizationalUnits: path,
            } satisfies Account;
      }
    },
    async *units() {
      for await (const [unit] of paths()) yield unit;
    },
    async managementAccountId() {
      const { Organization: described } = await client
        .send(new DescribeOrganizationCommand({}))
        .catch((error: unknown) => {
          throw toLayerwardError(error, 'asking for the organization');
        });
      if (!described?.MasterAccountId)
        throw new InvalidInput('asking for the organization failed: AWS did not name its management account');
      return described.MasterAccountId;
    },
  };
}
