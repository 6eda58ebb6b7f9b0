import { DescribeOrganizationCommand, ListRootsCommand, OrganizationsClient } from '@aws-sdk/client-organizations';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { userAgent } from '../aws/user-agent.ts';

/** What the caller's credentials tell of its organization. */
export interface FoundOrganization {
  readonly organizationId: string;
  readonly managementAccountId: string | undefined;
  /** Only the management account and delegated administrators may see it. */
  readonly rootId: string | undefined;
  readonly callerAccountId: string | undefined;
}

/** Nobody wants to wait for suggestions. */
const longestMs = 3000;

/**
 * Looks up the caller's organization, for suggestions; `undefined` where there are no credentials, no network, no
 * organization, or no answer soon.
 */
export async function lookUpOrganization(options: {
  readonly region: string;
  readonly endpoint?: string | undefined;
}): Promise<FoundOrganization | undefined> {
  const { region, endpoint } = options;
  const given = {
    region,
    customUserAgent: userAgent,
    maxAttempts: 1,
    ...(endpoint === undefined ? {} : { endpoint }),
  };
  const organizations = new OrganizationsClient(given);
  const tokens = new STSClient(given);
  const abort = new AbortController();
  const soon = <T>(asking: Promise<T>): Promise<T | undefined> => Promise.race([asking.catch(() => undefined), late]);
  let timer: NodeJS.Timeout | undefined;
  // Credentials may be long in coming, too, and no signal reaches whoever gets them.
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      abort.abort();
      resolve(undefined);
    }, longestMs);
  });
  try {
    const { signal } = abort;
    const [described, roots, caller] = await Promise.all([
      soon(organizations.send(new DescribeOrganizationCommand({}), { abortSignal: signal })),
      soon(organizations.send(new ListRootsCommand({}), { abortSignal: signal })),
      soon(tokens.send(new GetCallerIdentityCommand({}), { abortSignal: signal })),
    ]);
    const { Id: organizationId, MasterAccountId: managementAccountId } = described?.Organization ?? {};
    if (organizationId === undefined) return undefined;
    return { organizationId, managementAccountId, rootId: roots?.Roots?.[0]?.Id, callerAccountId: caller?.Account };
  } finally {
    clearTimeout(timer);
    organizations.destroy();
    tokens.destroy();
  }
}
