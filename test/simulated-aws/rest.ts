import type { Item } from './dynamodb-expression.ts';
import type { DynamoDbModel } from './dynamodb-model.ts';
import {
  type Circumstances,
  credentialsOf,
  differenceFrom,
  differenceFromTeam,
  goalFor,
  groupTag,
  hasOurs,
  type Secrets,
} from './expectation.ts';
import type { LambdaModel, LiveFunction } from './lambda-model.ts';
import { judgeAtRest, type Repairs } from './oracle.ts';
import type { Accounts } from './organization-model.ts';
import type { PolicyFacts } from './policy-facts.ts';
import { InvariantViolated } from './story.ts';

/** What is looked at, at rest. */
export interface RestingWorld {
  readonly lambda: LambdaModel;
  readonly dynamoDb: Pick<DynamoDbModel, 'item' | 'partitions'>;
  readonly policy: PolicyFacts;
  readonly secrets: Secrets;
  readonly accounts: Accounts;
  /** How often a function was put right within the policy's window. */
  readonly repairsOf: (functionArn: string) => Repairs;
  /** The accounts that can be looked into. */
  readonly isOpen: (accountId: string) => boolean;
}

/**
 * Everything that was to happen has happened: every function is what it should be, and its record says so.
 *
 * @returns what the records say, and how often
 * @throws {InvariantViolated}
 */
export function checkRest(world: RestingWorld): Map<string, number> {
  const tally = new Map<string, number>();
  for (const one of world.lambda.functions.values()) {
    if (!world.isOpen(one.accountId)) continue;
    const said = checkFunction(one, world);
    tally.set(said, (tally.get(said) ?? 0) + 1);
  }
  for (const pk of world.dynamoDb.partitions()) {
    const record = pk.startsWith('arn:') ? world.dynamoDb.item(pk, 'state') : undefined;
    if (!record || world.lambda.functions.has(pk) || !world.isOpen(pk.split(':')[4] ?? '')) continue;
    // A function that was released before is none of ours any more; nobody looks whether it is still there.
    const said = saidOf(record);
    if (!said.startsWith('deleted') && !said.startsWith('released'))
      throw new InvariantViolated('record', pk, `it is gone, and its record says ${said}`);
  }
  return tally;
}

function checkFunction(one: LiveFunction, world: RestingWorld): string {
  const { functionArn, configuration } = one;
  const record = world.dynamoDb.item(functionArn, 'state');
  const said = saidOf(record);
  const circumstances = { policy: world.policy, account: world.accounts[one.accountId] };
  const judgement = judgeAtRest(one, circumstances, world.secrets, world.repairsOf(functionArn), said);
  if ('overdue' in judgement)
    throw new InvariantViolated(
      'rest',
      functionArn,
      `${judgement.overdue}; the record says ${said} ${JSON.stringify(world.repairsOf(functionArn))}`,
    );
  const { records, shape } = judgement.expected;
  if (!records.includes(said))
    throw new InvariantViolated(
      'record',
      functionArn,
      `its record says ${said}, and the truth is ${records.join(', or ')}`,
    );
  if (shape === 'team') {
    const difference = differenceFromTeam(configuration);
    if (difference)
      throw new InvariantViolated('release', functionArn, `Layerward has no business on it, and ${difference}`);
  }
  if (shape === 'protected') checkProtected(one, { ...circumstances, tags: one.tags }, world.secrets, record);
  if (hasOurs(configuration) && !record?.['attachment'] && (record?.['pending']?.L ?? []).length === 0)
    throw new InvariantViolated(
      'record',
      functionArn,
      'something of ours is on it, and no record knows how to take it off',
    );
  if ((record?.['outbox']?.L ?? []).length > 0)
    throw new InvariantViolated('told', functionArn, 'something in its outbox was never told');
  return said;
}

function checkProtected(
  one: LiveFunction,
  circumstances: Circumstances,
  secrets: Secrets,
  record: Item | undefined,
): void {
  const { functionArn, configuration } = one;
  const goal = goalFor(one, configuration, circumstances, credentialsOf(one, one.tags, secrets));
  const difference = differenceFrom(goal, configuration);
  if (difference) throw new InvariantViolated('rest', functionArn, `it should be protected: ${difference}`);
  const [variant, group] = [record?.['variant']?.S, record?.['group']?.S];
  const wanted = [configuration.runtime, one.tags[groupTag] ?? 'default'];
  // What has never come into effect is no attachment yet.
  if (record?.['attachment'] && (variant !== wanted[0] || group !== wanted[1]))
    throw new InvariantViolated(
      'record',
      functionArn,
      `its record has variant ${variant} and group ${group}, and it is ${wanted.join(' of the group ')}`,
    );
}

/** What a record says: `status: reason`. */
export function saidOf(record: Item | undefined): string {
  return record ? `${record['status']?.S}: ${record['reason']?.S}` : 'none';
}

/** When the stack is deleted, every function is what its team made of it; but for those that are named as left. */
export function checkReleased({
  lambda,
  dynamoDb,
  isOpen,
}: Pick<RestingWorld, 'lambda' | 'dynamoDb' | 'isOpen'>): number {
  let left = 0;
  for (const one of lambda.functions.values()) {
    const { functionArn, configuration, obstacles } = one;
    const record = dynamoDb.item(functionArn, 'state');
    const isKept = record?.['attachment'] !== undefined;
    const isHindered = !isOpen(one.accountId) || obstacles.size > 0 || one.lastUpdateStatus === 'Failed';
    if (hasOurs(configuration)) {
      if (!isHindered)
        throw new InvariantViolated(
          'release',
          functionArn,
          'the stack is deleted, and something of ours is left on it',
        );
      left++;
      continue;
    }
    const difference = differenceFromTeam(configuration);
    if (difference) throw new InvariantViolated('release', functionArn, `the stack is deleted, and ${difference}`);
    if (isKept && !isHindered)
      throw new InvariantViolated(
        'record',
        functionArn,
        `nothing of ours is on it, and its record says ${saidOf(record)} with an attachment`,
      );
  }
  return left;
}
