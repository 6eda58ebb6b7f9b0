import type { Policy } from './policy.ts';

/** An IAM role: who may take it on, and what it may do. */
export interface Role {
  readonly arn: string;
  readonly name: string;
  readonly accountId: string;
  readonly trust: Policy;
  readonly policies: readonly Policy[];
  readonly boundary?: Policy | undefined;
}

/** The roles of all accounts, as templates have made them. */
export interface Roles {
  /** @throws Error if the account has a role of this name. */
  create(role: Role): void;
  /** Changes a role. @throws Error if there is none. */
  change(arn: string, change: (role: Role) => Role): void;
  get(arn: string): Role | undefined;
  list(): readonly Role[];
  remove(arn: string): void;
  /** Whether there was a role, and is no more: its sessions are worth nothing. */
  isGone(arn: string): boolean;
  /** Customer managed policies, by ARN. */
  putPolicy(arn: string, policy: Policy): void;
  policy(arn: string): Policy | undefined;
}

export function createRoles(): Roles {
  const roles = new Map<string, Role>();
  const policies = new Map<string, Policy>();
  const gone = new Set<string>();
  return {
    create: (role) => {
      const taken = [...roles.values()].some(
        ({ accountId, name }) => accountId === role.accountId && name === role.name,
      );
      if (taken) {
        throw new Error(
          `Resource of type 'AWS::IAM::Role' with identifier '${role.name}' already exists in account ${role.accountId}`,
        );
      }
      roles.set(role.arn, role);
    },
    change: (arn, change) => {
      const role = roles.get(arn);
      if (role === undefined) {
        throw new Error(`There is no role ${arn}`);
      }
      roles.set(arn, change(role));
    },
    get: (arn) => roles.get(arn),
    list: () => [...roles.values()],
    remove: (arn) => {
      roles.delete(arn);
      gone.add(arn);
    },
    isGone: (arn) => gone.has(arn) && !roles.has(arn),
    putPolicy: (arn, policy) => {
      policies.set(arn, policy);
    },
    policy: (arn) => policies.get(arn),
  };
}
