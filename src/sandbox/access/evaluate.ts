import { holds, type RequestContext, substitute } from './conditions.ts';
import type { Policy, Principals, Statement } from './policy.ts';
import { isLike } from './wildcard.ts';

/** What somebody is about to do to a resource, as policies judge it. */
export interface AccessRequest {
  /** `service:Action`, such as `lambda:GetFunction`; letters of either case. */
  readonly action: string;
  /** An ARN; `*` for actions that are about no resource. */
  readonly resource: string;
  /** Who asks; only statements with principals look at it. */
  readonly principal?: Principal | undefined;
  readonly context: RequestContext;
}

/** A service such as `events.amazonaws.com`, or a user, or a session with its role. */
export type Principal =
  | { readonly service: string }
  | { readonly arn: string; readonly accountId: string; readonly roleArn?: string | undefined };

/** What a set of policies says: `implicit-deny` is that no statement allows it. */
export interface Verdict {
  readonly decision: 'allow' | 'explicit-deny' | 'implicit-deny';
  /** The statement that decided. */
  readonly statement: StatementReference | undefined;
}

/** A statement, by the name of its policy and its own. */
export interface StatementReference {
  readonly policy: string;
  readonly statement: string;
}

/**
 * Judges a request by policies of one kind: one statement that denies it is enough to deny, one that allows it is
 * enough to allow. Pure.
 *
 * @param policies those of an identity (without principals), or of a resource (with them).
 * @throws Error for a condition operator that is not known.
 */
export function evaluate(policies: readonly Policy[], request: AccessRequest): Verdict {
  let allowing: StatementReference | undefined;
  for (const policy of policies) {
    for (const statement of policy.statements) {
      if ((statement.effect === 'Deny' || allowing === undefined) && fits(statement, request)) {
        const reference = { policy: policy.name, statement: statement.name };
        if (statement.effect === 'Deny') {
          return { decision: 'explicit-deny', statement: reference };
        }
        allowing = reference;
      }
    }
  }
  return { decision: allowing === undefined ? 'implicit-deny' : 'allow', statement: allowing };
}

/** Whether a statement speaks of a request, whatever it says. */
export function fits(statement: Statement, request: AccessRequest): boolean {
  const action = request.action.toLowerCase();
  const likeAction = (glob: string) => isLike(action, glob.toLowerCase());
  const likeResource = (glob: string) => isLike(request.resource, substitute(glob, request.context));
  return (
    fitsPrincipal(statement, request.principal) &&
    fitsList(statement.actions, statement.exceptActions, likeAction) &&
    // A trust policy has neither: it is about its own role.
    (fitsList(statement.resources, statement.exceptResources, likeResource) ||
      ((statement.principals ?? statement.exceptPrincipals) !== undefined &&
        statement.resources === undefined &&
        statement.exceptResources === undefined)) &&
    statement.conditions.every((condition) => holds(condition, request.context))
  );
}

/** Whether principals name somebody, and not only the account that they are of. */
export function namesDirectly(statement: Statement, principal: Principal): boolean {
  if (statement.principals === undefined || statement.principals === '*' || 'service' in principal) {
    return false;
  }
  const named = statement.principals['AWS'] ?? [];
  return named.includes(principal.arn) || (principal.roleArn !== undefined && named.includes(principal.roleArn));
}

function fitsPrincipal({ principals, exceptPrincipals }: Statement, asking: Principal | undefined): boolean {
  if (principals === undefined && exceptPrincipals === undefined) {
    return asking === undefined;
  }
  if (asking === undefined) {
    return false;
  }
  return exceptPrincipals === undefined ? isAmong(principals, asking) : !isAmong(exceptPrincipals, asking);
}

function isAmong(principals: Principals | undefined, asking: Principal): boolean {
  if (principals === undefined) {
    return false;
  }
  if (principals === '*' || (principals['AWS'] ?? []).includes('*')) {
    return true;
  }
  if ('service' in asking) {
    return (principals['Service'] ?? []).includes(asking.service);
  }
  return (principals['AWS'] ?? []).some(
    (known) =>
      known === asking.arn ||
      known === asking.roleArn ||
      known === asking.accountId ||
      /^arn:aws[\w-]*:iam::(\d{12}):root$/.exec(known)?.[1] === asking.accountId,
  );
}

function fitsList(
  list: readonly string[] | undefined,
  except: readonly string[] | undefined,
  isLikeValue: (glob: string) => boolean,
): boolean {
  return except === undefined ? (list?.some(isLikeValue) ?? false) : !except.some(isLikeValue);
}
