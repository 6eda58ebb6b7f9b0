import type { RequestContext } from './access/conditions.ts';
import { evaluate, type Principal } from './access/evaluate.ts';
import { parsePolicy } from './access/policy.ts';

/** What somebody is about to do to a resource, as its resource policy judges it. */
export interface AccessRequest {
  /** `service:Action`, such as `sqs:SendMessage`. */
  readonly action: string;
  readonly resourceArn: string;
  /** Who asks: a service such as `events.amazonaws.com`, or a user or session. */
  readonly principal: Principal;
  /** Condition keys, such as `aws:SourceArn`. A key that is missing is absent from the request. */
  readonly context: RequestContext;
}

/**
 * Whether a resource policy admits a request: some statement allows it and none denies it.
 *
 * @param policy the policy's JSON; undefined if the resource has none, which admits nobody.
 * @throws Error if the policy is not one, or uses a condition operator that is not known here.
 */
export function admits(policy: string | undefined, request: AccessRequest): boolean {
  if (policy === undefined || policy === '') {
    return false;
  }
  const { action, resourceArn, principal, context } = request;
  const verdict = evaluate([parsePolicy(`of ${resourceArn}`, policy)], {
    action,
    resource: resourceArn,
    principal,
    context,
  });
  return verdict.decision === 'allow';
}
