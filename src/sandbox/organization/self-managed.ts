import type { Access } from '../access/access.ts';
import { evaluate } from '../access/evaluate.ts';
import type { Identities } from '../identity.ts';
import type { StackInstancesGroup } from './stack-sets.ts';

/** The two roles of self-managed permissions: one where the stack set is, one in each account that it reaches. */
export interface SelfManagedRoles {
  readonly administrationRoleArn: string;
  readonly executionRoleName: string;
}

/** Self-managed permissions: CloudFormation goes from the administration role to the target's execution role. */
export interface SelfManagement {
  /**
   * @param stackSetArn as trust policies may name it by `aws:SourceArn`.
   * @throws Error in AWS's words where CloudFormation cannot take on the administration role.
   */
  requireAdministration(roles: SelfManagedRoles, stackSetArn: string): void;
  /** @throws Error in AWS's words where the administration role cannot take on the account's execution role. */
  requireExecution(roles: SelfManagedRoles, accountId: string): void;
  /** The accounts of a group, which are named one by one. @throws Error for units. */
  accountsOf(group: StackInstancesGroup): readonly string[];
}

const CLOUDFORMATION = { service: 'cloudformation.amazonaws.com' };
const SESSION_NAME = 'AWSCloudFormation';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-prereqs-self-managed.html */
export function createSelfManagement({
  access,
  identities,
}: {
  readonly access: Access;
  readonly identities: Identities;
}): SelfManagement {
  return {
    requireAdministration: ({ administrationRoleArn }, stackSetArn) => {
      const accountId = stackSetArn.split(':')[4] ?? '';
      const role = access.roles.get(administrationRoleArn);
      const context = { 'aws:SourceAccount': accountId, 'aws:SourceArn': stackSetArn };
      const asking = { action: 'sts:AssumeRole', resource: administrationRoleArn, principal: CLOUDFORMATION, context };
      const reason =
        role === undefined
          ? `there is no role ${administrationRoleArn}`
          : role.accountId !== accountId
            ? `${administrationRoleArn} is of another account`
            : evaluate([role.trust], asking).decision !== 'allow'
              ? `its trust policy does not let ${CLOUDFORMATION.service} take it on`
              : undefined;
      if (reason !== undefined) {
        throw new Error(
          `Account ${accountId} should have '${nameOf(administrationRoleArn)}' role with trust relationship to ` +
            `CloudFormation service (${reason}).`,
        );
      }
    },

    requireExecution: ({ administrationRoleArn, executionRoleName }, accountId) => {
      const refusal = (reason: string) =>
        new Error(
          `Account ${accountId} should have '${executionRoleName}' role with trust relationship to Role ` +
            `'${nameOf(administrationRoleArn)}' (${reason}).`,
        );
      const role = access.roles.list().find((one) => one.accountId === accountId && one.name === executionRoleName);
      if (role === undefined) {
        throw refusal('there is no such role');
      }
      const { caller } = identities.assumeRole({ roleArn: administrationRoleArn, sessionName: SESSION_NAME });
      const context = { 'sts:RoleSessionName': SESSION_NAME };
      if (!access.mayAssume(caller, role, context)) {
        const denial = access.judge(caller, { action: 'sts:AssumeRole', resource: role.arn, context });
        throw refusal(
          denial === undefined
            ? `the trust policy of ${role.arn} does not let it in`
            : `it is not authorized to perform: sts:AssumeRole on resource: ${role.arn} ${denial.reason}`,
        );
      }
    },

    accountsOf: ({ organizationalUnits, accounts }) => {
      if (organizationalUnits.length > 0 || accounts.length === 0) {
        throw new Error('StackSets with SELF_MANAGED permission model can only have Account as target');
      }
      return accounts;
    },
  };
}

function nameOf(roleArn: string): string {
  return roleArn.split('/').at(-1) ?? roleArn;
}
