import type { StackRecord } from './stack-record.ts';
import type { StackRemoval } from './stack-removal.ts';

/** A stack of an account and region, and how to delete it. */
export interface Stack {
  readonly record: StackRecord;
  /**
   * Deletes what is left of it, but for the resources that are to be retained; a deletion that goes on already is
   * joined. Never rejects.
   */
  remove(retained: readonly string[]): Promise<StackRemoval>;
}

/** The stacks of all accounts, deleted ones too. */
export interface Stacks {
  /** Adds a stack; a deleted or failed one of the same name makes way. @throws Error if there is one of this name. */
  add(stack: Stack): void;
  /** By its name, if it is not deleted, or by its ARN in any case. */
  find(accountId: string, region: string, nameOrArn: string): Stack | undefined;
  /** Those that are not deleted, the latest first. */
  list(accountId: string, region: string): readonly Stack[];
}

export function createStacks(): Stacks {
  const stacks = new Map<string, Stack>();
  const isOf = (accountId: string, region: string) => (stack: Stack) =>
    stack.record.accountId === accountId && stack.record.region === region;
  const isThere = ({ record }: Stack) => record.status !== 'DELETE_COMPLETE';

  return {
    add: (stack) => {
      const { stackId, stackName, accountId, region } = stack.record;
      const former = stacks.get(stackId);
      if (former !== undefined && isThere(former) && former.record.status !== 'ROLLBACK_COMPLETE') {
        throw new Error(`Stack [${stackName}] already exists in account ${accountId}, ${region}`);
      }
      // Taken out first, so that it comes last in the order of creation.
      stacks.delete(stackId);
      stacks.set(stackId, stack);
    },
    find: (accountId, region, nameOrArn) =>
      [...stacks.values()]
        .filter(isOf(accountId, region))
        .find((stack) =>
          nameOrArn.startsWith('arn:')
            ? stack.record.stackId === nameOrArn
            : stack.record.stackName === nameOrArn && isThere(stack),
        ),
    list: (accountId, region) => [...stacks.values()].filter(isOf(accountId, region)).filter(isThere).toReversed(),
  };
}
