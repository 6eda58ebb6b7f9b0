import * as z from 'zod';
import { parsePolicy } from './policy.ts';
import type { Role } from './roles.ts';

/** A role that is in an account before anything is deployed there, such as those that administrators make by hand. */
export const roleDefinition = z.strictObject({
  accountId: z.string().regex(/^\d{12}$/),
  name: z.string().regex(/^[\w+=,.@-]{1,64}$/),
  path: z
    .string()
    .regex(/^\/([!-~]+\/)?$/)
    .default('/'),
  /** The policy document that says who may take it on. */
  trustPolicy: z.unknown(),
  /** Policy documents by name. */
  policies: z.record(z.string(), z.unknown()).default({}),
});
export type RoleDefinition = z.input<typeof roleDefinition>;

/** @throws Error for a definition or a policy that is none. */
export function roleOf(definition: RoleDefinition): Role {
  const { accountId, name, path, trustPolicy, policies } = roleDefinition.parse(definition);
  return {
    arn: `arn:aws:iam::${accountId}:role${path}${name}`,
    name,
    accountId,
    trust: parsePolicy(`trust of ${name}`, trustPolicy),
    policies: Object.entries(policies).map(([policy, document]) => parsePolicy(policy, document)),
  };
}
