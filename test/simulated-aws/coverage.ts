import * as z from 'zod';
import type { DynamoDbModel } from './dynamodb-model.ts';
import { optInTag, scopeOf, unsupportedReason } from './expectation.ts';
import type { LambdaModel } from './lambda-model.ts';
import { type Accounts, places } from './organization-model.ts';
import type { PolicyFacts } from './policy-facts.ts';
import { saidOf } from './rest.ts';
import { InvariantViolated } from './story.ts';

/** What is compared with what a sweep found. */
export interface CoveredWorld {
  readonly lambda: LambdaModel;
  readonly dynamoDb: Pick<DynamoDbModel, 'item' | 'partitions'>;
  readonly policy: PolicyFacts;
  readonly accounts: Accounts;
  readonly isOpen: (accountId: string) => boolean;
}

const summary = z.object({
  places: z.number(),
  counts: z.record(z.string(), z.number()),
  problems: z.array(z.object({ what: z.string() })),
});

/** What a sweep says that it found, at a time at which nothing was left to be done. @throws {InvariantViolated} */
export function checkCoverage(output: unknown, { lambda, dynamoDb, policy, accounts, isOpen }: CoveredWorld): void {
  const found = summary.safeParse(output);
  if (!found.success) throw new InvariantViolated('coverage', '', `a sweep ends with ${JSON.stringify(output)}`);
  const wanted = new Map<string, number>();
  let unsure = 0;
  for (const one of lambda.functions.values()) {
    if (one.tags[optInTag.name] !== optInTag.value || !isOpen(one.accountId)) continue;
    if (one.obstacles.has('tags')) unsure++;
    else {
      const scope = scopeOf(one, { policy, tags: one.tags, account: accounts[one.accountId] });
      // A listing shows no records: what is on a function that is not supported is nothing that a sweep counts.
      const unsupported = scope === 'in' ? unsupportedReason(one, one.configuration) : undefined;
      const label = unsupported
        ? `unsupported: ${unsupported}`
        : scope === 'in'
          ? saidOf(dynamoDb.item(one.functionArn, 'state')).replace(/: $/, '')
          : `out-of-scope: ${scope}`;
      wanted.set(label, (wanted.get(label) ?? 0) + 1);
    }
  }
  const { counts, places: swept, problems } = found.data;
  const surplus = Object.entries(counts).reduce((sum, [label, count]) => sum + count - (wanted.get(label) ?? 0), 0);
  const missing = [...wanted].filter(([label, count]) => (counts[label] ?? 0) < count);
  if (missing.length > 0 || surplus !== unsure)
    throw new InvariantViolated(
      'coverage',
      '',
      `a sweep counts ${JSON.stringify(counts)}, and there is ${JSON.stringify(Object.fromEntries(wanted))}`,
    );
  const open = places.filter(({ accountId }) => isOpen(accountId)).length;
  if (swept !== open)
    throw new InvariantViolated(
      'coverage',
      '',
      `a sweep went through ${swept} places of ${open}, with the problems ${problems.map(({ what }) => what).join()}`,
    );
}
