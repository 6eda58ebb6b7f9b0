import { type ApiRequest, AwsError, type Caller, type Clock } from '../api.ts';
import { roleArnOf } from '../identity.ts';
import type { Organization } from '../organization/organization.ts';
import type { RequestContext } from './conditions.ts';
import { evaluate, namesDirectly, type Principal } from './evaluate.ts';
import { PERMISSIONS } from './permissions.ts';
import type { Policy } from './policy.ts';
import { accessDenied } from './refusals.ts';
import { type Lookups, resourcesOf } from './resources.ts';
import type { Role, Roles } from './roles.ts';

/** One thing that somebody wants to do. */
export interface Wish {
  /** `service:Action`. */
  readonly action: string;
  readonly resource: string;
  readonly region?: string;
  /** Condition keys beyond those of every request. */
  readonly context?: RequestContext;
}

/** A wish that is not granted, with the end of AWS's sentence about it. */
export interface Denial {
  /** `because no identity-based policy allows the lambda:GetFunction action`. */
  readonly reason: string;
}

/** IAM: judges what roles do by their policies. Users may do everything. */
export interface Access {
  readonly roles: Roles;
  /** Why a call is refused, in the words of its service; undefined if it is not. */
  refuse(request: ApiRequest, call: string): AwsError | undefined;
  /** Why a caller may not do one thing; undefined for users, and for roles that the sandbox does not know. */
  judge(caller: Caller, wish: Wish): Denial | undefined;
  /** The same for a role that a service takes on, with whether its trust policy lets the service. */
  judgeService(service: string, roleArn: string, wish: Wish): Denial | undefined;
  /** Whether a caller may take on a role, as both sides' policies see it. */
  mayAssume(caller: Caller, role: Role, context: RequestContext): boolean;
  /** Condition keys of everything that a caller does. */
  contextOf(caller: Caller, region: string | undefined): RequestContext;
  /** The same of a role that a service has taken on. */
  contextOfRole(roleArn: string): RequestContext;
  /**
   * The statements that have decided anything so far, one line each:
   * `<role ARN> <policy>/<Sid or #index> <action>`.
   */
  readonly used: ReadonlySet<string>;
}

/** What the judging needs to know. */
export interface AccessOptions {
  readonly roles: Roles;
  readonly organization: Organization | undefined;
  readonly lookups: Lookups;
  readonly clock: Clock;
}

// Services whose resources the sandbox keeps for one account only, and whose policies let no other account's role in.
const OF_ONE_ACCOUNT: ReadonlySet<string> = new Set([
  'sqs',
  'sns',
  'dynamodb',
  'secretsmanager',
  'states',
  'appconfig',
]);

export function createAccess({ roles, organization, lookups, clock }: AccessOptions): Access {
  const used = new Set<string>();

  const accountContext = (accountId: string): RequestContext =>
    organization?.account(accountId) === undefined
      ? {}
      : {
          'aws:PrincipalOrgID': organization.definition.id,
          'aws:PrincipalOrgPaths': [organization.pathOf(accountId)],
        };
  const resourceContext = (accountId: string): RequestContext => ({
    ...(accountId === '' ? {} : { 'aws:ResourceAccount': accountId }),
    ...(organization?.account(accountId) === undefined ? {} : { 'aws:ResourceOrgID': organization.definition.id }),
  });
  const commonContext = (region: string | undefined): RequestContext => ({
    ...(region === undefined ? {} : { 'aws:RequestedRegion': region }),
    'aws:SecureTransport': 'true',
    'aws:CurrentTime': clock.now().toISOString(),
    'aws:EpochTime': String(Math.floor(clock.now().getTime() / 1000)),
  });
  const contextOf = (caller: Caller, region: string | undefined): RequestContext => {
    const { arn, principalId, userName } = caller.userIdentity;
    return {
      ...commonContext(region),
      ...accountContext(caller.accountId),
      'aws:PrincipalArn': roleArnOf(caller) ?? String(arn),
      'aws:PrincipalAccount': caller.accountId,
      'aws:PrincipalType': roleArnOf(caller) === undefined ? 'User' : 'AssumedRole',
      'aws:PrincipalIsAWSService': 'false',
      'aws:ViaAWSService': 'false',
      'aws:SourceIp': '127.0.0.1',
      'aws:userid': String(principalId),
      ...(typeof userName === 'string' ? { 'aws:username': userName } : {}),
    };
  };

  const contextOfRole = (roleArn: string, region?: string): RequestContext => {
    const accountId = roleArn.split(':')[4] ?? '';
    return {
      ...commonContext(region),
      ...accountContext(accountId),
      'aws:PrincipalArn': roleArn,
      'aws:PrincipalAccount': accountId,
      'aws:PrincipalType': 'AssumedRole',
      'aws:PrincipalIsAWSService': 'false',
      'aws:ViaAWSService': 'false',
    };
  };

  const judgeRole = (role: Role, wish: Wish, context: RequestContext): Denial | undefined => {
    const resourceAccount = wish.resource.split(':')[4] ?? '';
    const request = {
      action: wish.action,
      resource: wish.resource,
      context: {
        ...context,
        ...resourceContext(resourceAccount),
        ...wish.context,
      },
    };
    const controls = organization?.serviceControlPoliciesOf(role.accountId) ?? [];
    const layers: readonly (readonly [string, readonly Policy[], boolean])[] = [
      ['service control policy', controls, controls.length > 0],
      ['permissions boundary', role.boundary === undefined ? [] : [role.boundary], role.boundary !== undefined],
      ['identity-based policy', role.policies, true],
    ];
    let reason: string | undefined;
    for (const [kind, policies, isRequired] of layers) {
      const verdict = evaluate(policies, request);
      if (verdict.statement !== undefined) {
        used.add(`${role.arn} ${verdict.statement.policy}/${verdict.statement.statement} ${wish.action}`);
      }
      if (verdict.decision === 'explicit-deny') {
        return { reason: `with an explicit deny in ${kind === 'identity-based policy' ? 'an' : 'a'} ${kind}` };
      }
      if (verdict.decision === 'implicit-deny' && isRequired) {
        reason ??= `because no ${kind} allows the ${wish.action} action`;
      }
    }
    return reason === undefined ? undefined : { reason };
  };

  const judge: Access['judge'] = (caller, wish) => {
    const roleArn = roleArnOf(caller);
    const role = roleArn === undefined ? undefined : roles.get(roleArn);
    return role === undefined ? undefined : judgeRole(role, wish, contextOf(caller, wish.region));
  };

  return {
    roles,
    used,
    judge,
    contextOf,
    contextOfRole,

    refuse: (request, call) => {
      const roleArn = roleArnOf(request.caller);
      if (roleArn === undefined || roles.get(roleArn) === undefined) {
        return undefined;
      }
      const needs = PERMISSIONS[request.service]?.[call];
      if (needs === undefined) {
        return new AwsError(
          'AccessDeniedException',
          403,
          `The sandbox does not know which permission ${request.service} ${call} takes: src/sandbox/access/permissions.ts says it for others.`,
        );
      }
      for (const [action, kind] of needs) {
        for (const { arn: resource, context } of resourcesOf(kind, request, lookups)) {
          const denial =
            judge(request.caller, { action, resource, region: request.region, context }) ??
            refuseOtherAccount(request, action, resource);
          if (denial !== undefined) {
            return accessDenied(request, { action, resource, reason: denial.reason });
          }
        }
      }
      return undefined;
    },

    judgeService: (service, roleArn, wish) => {
      const role = roles.get(roleArn);
      if (role === undefined) {
        return { reason: `because there is no role ${roleArn}` };
      }
      const trusted = evaluate([role.trust], {
        action: 'sts:AssumeRole',
        resource: roleArn,
        principal: { service },
        context: { ...commonContext(wish.region), 'aws:SourceAccount': role.accountId, ...wish.context },
      });
      if (trusted.decision !== 'allow') {
        return { reason: `because the trust policy of ${roleArn} does not let ${service} take it on` };
      }
      return judgeRole(role, wish, contextOfRole(roleArn, wish.region));
    },

    mayAssume: (caller, role, context) => {
      const principal = principalOf(caller);
      const request = {
        action: 'sts:AssumeRole',
        resource: role.arn,
        principal,
        context: { ...contextOf(caller, undefined), ...resourceContext(role.accountId), ...context },
      };
      if (evaluate([role.trust], request).decision !== 'allow') {
        return false;
      }
      // In one account, being named is enough; everybody else needs the permission on their own side too.
      const isNamed =
        caller.accountId === role.accountId &&
        role.trust.statements.some(
          (statement) =>
            statement.effect === 'Allow' && namesDirectly(statement, principal) && evaluateOne(statement, request),
        );
      const denial = judge(caller, { action: 'sts:AssumeRole', resource: role.arn, context });
      return denial === undefined || (isNamed && !denial.reason.startsWith('with an explicit deny'));
    },
  };
}

function evaluateOne(statement: Role['trust']['statements'][number], request: Parameters<typeof evaluate>[1]): boolean {
  return evaluate([{ name: 'trust', statements: [statement] }], request).decision === 'allow';
}

/** A caller, as policies name one. */
export function principalOf(caller: Caller): Principal {
  return { arn: String(caller.userIdentity['arn']), accountId: caller.accountId, roleArn: roleArnOf(caller) };
}

function refuseOtherAccount({ caller }: ApiRequest, action: string, resource: string): Denial | undefined {
  const [, , service = '', , account = ''] = resource.split(':');
  return OF_ONE_ACCOUNT.has(service) && account !== '' && account !== caller.accountId
    ? { reason: `because no resource-based policy allows the ${action} action` }
    : undefined;
}
