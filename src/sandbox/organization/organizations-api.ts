import * as z from 'zod';
import { type ApiRequest, type ApiService, AwsError } from '../api.ts';
import { action, createJsonService, type JsonAction } from '../json-service.ts';
import type { Member, Organization } from './organization.ts';

const paging = {
  MaxResults: z.int().min(1).max(20).default(20),
  NextToken: z.string().optional(),
};

/**
 * AWS Organizations: reading who is in the organization, for its management account and delegated administrators.
 *
 * @param organization undefined: every call is refused, as for an account that is in none.
 */
export function createOrganizationsApi(organization: () => Organization | undefined): ApiService {
  const open = (request: ApiRequest): Organization => {
    const current = organization();
    if (current?.account(request.caller.accountId) === undefined) {
      throw refusal('AWSOrganizationsNotInUseException', 'Your account is not a member of an organization.');
    }
    return current;
  };
  /** The organization, for those who may ask about more than themselves. */
  const openForAdministrators = (request: ApiRequest): Organization => {
    const current = open(request);
    if (!current.isAdministrator(request.caller.accountId)) {
      throw refusal('AccessDeniedException', "You don't have permissions to access this resource.");
    }
    return current;
  };
  const arnOf = ({ definition }: Organization, kind: string, id: string) =>
    `arn:aws:organizations::${definition.managementAccountId}:${kind}/${definition.id}/${id}`;
  const tellAccount = (current: Organization, member: Member) => ({
    Id: member.accountId,
    Arn: arnOf(current, 'account', member.accountId),
    Email: `${member.name}@example.com`,
    Name: member.name,
    Status: member.status,
    State: member.status,
    JoinedMethod: 'CREATED',
    JoinedTimestamp: member.joined.getTime() / 1000,
  });
  const requireParent = (current: Organization, id: string) => {
    if (id !== current.definition.rootId && current.unit(id) === undefined) {
      throw refusal('ParentNotFoundException', "You specified a parent that doesn't exist.");
    }
  };

  const actions: Readonly<Record<string, JsonAction>> = {
    DescribeOrganization: action(
      z.object({}),
      (_input, request) => {
        const current = open(request);
        const { id, managementAccountId } = current.definition;
        return {
          Organization: {
            Id: id,
            Arn: `arn:aws:organizations::${managementAccountId}:organization/${id}`,
            FeatureSet: 'ALL',
            MasterAccountArn: arnOf(current, 'account', managementAccountId),
            MasterAccountId: managementAccountId,
            MasterAccountEmail: 'management@example.com',
            AvailablePolicyTypes: [],
          },
        };
      },
      INVALID,
    ),
    DescribeAccount: action(
      z.object({ AccountId: z.string() }),
      ({ AccountId }, request) => {
        const current = openForAdministrators(request);
        const member = current.account(AccountId);
        if (member === undefined) {
          throw refusal('AccountNotFoundException', "You specified an account that doesn't exist.");
        }
        return { Account: tellAccount(current, member) };
      },
      INVALID,
    ),
    ListAccounts: action(
      z.object(paging),
      (input, request) => {
        const current = openForAdministrators(request);
        return page(
          input,
          'Accounts',
          current.accounts().map((member) => tellAccount(current, member)),
        );
      },
      INVALID,
    ),
    ListAccountsForParent: action(
      z.object({ ...paging, ParentId: z.string() }),
      (input, request) => {
        const current = openForAdministrators(request);
        requireParent(current, input.ParentId);
        const children = current.accounts().filter(({ organizationalUnit }) => organizationalUnit === input.ParentId);
        return page(
          input,
          'Accounts',
          children.map((member) => tellAccount(current, member)),
        );
      },
      INVALID,
    ),
    ListRoots: action(
      z.object(paging),
      (input, request) => {
        const current = openForAdministrators(request);
        const { rootId } = current.definition;
        return page(input, 'Roots', [
          { Id: rootId, Arn: arnOf(current, 'root', rootId), Name: 'Root', PolicyTypes: [] },
        ]);
      },
      INVALID,
    ),
    ListOrganizationalUnitsForParent: action(
      z.object({ ...paging, ParentId: z.string() }),
      (input, request) => {
        const current = openForAdministrators(request);
        requireParent(current, input.ParentId);
        const children = current.units().filter(({ parentId }) => parentId === input.ParentId);
        return page(
          input,
          'OrganizationalUnits',
          children.map(({ id, name }) => ({ Id: id, Arn: arnOf(current, 'ou', id), Name: name })),
        );
      },
      INVALID,
    ),
    ListParents: action(
      z.object({ ...paging, ChildId: z.string() }),
      (input, request) => {
        const current = openForAdministrators(request);
        const [parent] = current.parentsOf(input.ChildId);
        if (parent === undefined) {
          throw refusal(
            'ChildNotFoundException',
            "We can't find an organizational unit (OU) or AWS account with the ChildId that you specified.",
          );
        }
        return {
          Parents: [{ Id: parent, Type: parent === current.definition.rootId ? 'ROOT' : 'ORGANIZATIONAL_UNIT' }],
        };
      },
      INVALID,
    ),
  };
  return createJsonService('Organizations', actions);
}

const INVALID = 'InvalidInputException';

function page(
  input: { readonly MaxResults: number; readonly NextToken?: string | undefined },
  member: string,
  all: readonly unknown[],
): Readonly<Record<string, unknown>> {
  const from = input.NextToken === undefined ? 0 : readToken(input.NextToken);
  const next = from + input.MaxResults;
  return {
    [member]: all.slice(from, next),
    ...(next < all.length ? { NextToken: Buffer.from(`after ${next}`).toString('base64url') } : {}),
  };
}

function readToken(token: string): number {
  const from = /^after (\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (from === undefined) {
    throw refusal(INVALID, 'You specified an invalid value for NextToken.');
  }
  return Number(from);
}

function refusal(code: string, message: string): AwsError {
  return new AwsError(code, 400, message);
}
