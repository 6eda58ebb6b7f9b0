import * as z from 'zod';
import { managedPolicy } from '../access/managed-policies.ts';
import { type Policy, parsePolicy } from '../access/policy.ts';
import { uniqueId } from '../identity.ts';
import type { DeployedResource } from '../template-resolver.ts';
import { type DeployContext, type Deployer, document, physicalName, text, texts } from './context.ts';

const inlinePolicies = z.array(z.looseObject({ PolicyName: text, PolicyDocument: document })).default([]);

const deployRole: Deployer = (context, logicalId, properties) => {
  const role = z
    .looseObject({
      RoleName: text.optional(),
      Path: text.default('/'),
      AssumeRolePolicyDocument: document,
      Policies: inlinePolicies,
      ManagedPolicyArns: texts.default([]),
      PermissionsBoundary: text.optional(),
    })
    .parse(properties);
  return createRole(context, {
    name: role.RoleName ?? physicalName(context.stack, logicalId),
    path: role.Path,
    trust: role.AssumeRolePolicyDocument,
    policies: [
      ...role.Policies.map(({ PolicyName, PolicyDocument }) => parsePolicy(PolicyName, PolicyDocument)),
      ...role.ManagedPolicyArns.map((arn) => findManaged(context, arn)),
    ],
    boundary: role.PermissionsBoundary === undefined ? undefined : findManaged(context, role.PermissionsBoundary),
  });
};

/** Makes a role in the stack's account; what the organization says of its trust policy wins. */
export function createRole(
  { stack, roles, organization }: DeployContext,
  role: {
    readonly name: string;
    readonly path?: string;
    /** A policy document, or its text. */
    readonly trust: unknown;
    readonly policies: readonly Policy[];
    readonly boundary?: Policy | undefined;
  },
): DeployedResource {
  const arn = `arn:aws:iam::${stack.accountId}:role${role.path ?? '/'}${role.name}`;
  const changed = organization?.account(stack.accountId)?.trustPolicies?.[role.name];
  roles.create({
    arn,
    name: role.name,
    accountId: stack.accountId,
    trust: parsePolicy(`trust of ${role.name}`, changed ?? role.trust),
    policies: role.policies,
    boundary: role.boundary,
  });
  return {
    ref: role.name,
    attributes: { Arn: arn, RoleId: uniqueId('AROA', arn) },
    remove: () => roles.remove(arn),
  };
}

const deployPolicy: Deployer = (context, logicalId, properties) => {
  const policy = z
    .looseObject({
      PolicyName: text,
      PolicyDocument: document,
      Roles: z.array(text).default([]),
      RoleName: text.optional(),
    })
    .parse(properties);
  const parsed = parsePolicy(policy.PolicyName, policy.PolicyDocument);
  attach(context, [...policy.Roles, ...(policy.RoleName === undefined ? [] : [policy.RoleName])], parsed);
  return { ref: physicalName(context.stack, logicalId), attributes: {} };
};

const deployManagedPolicy: Deployer = (context, logicalId, properties) => {
  const policy = z
    .looseObject({
      ManagedPolicyName: text.optional(),
      Path: text.default('/'),
      PolicyDocument: document,
      Roles: z.array(text).default([]),
    })
    .parse(properties);
  const name = policy.ManagedPolicyName ?? physicalName(context.stack, logicalId);
  const arn = `arn:aws:iam::${context.stack.accountId}:policy${policy.Path}${name}`;
  const parsed = parsePolicy(name, policy.PolicyDocument);
  context.roles.putPolicy(arn, parsed);
  attach(context, policy.Roles, parsed);
  return { ref: arn, attributes: { PolicyArn: arn } };
};

function attach({ roles, stack }: DeployContext, names: readonly string[], policy: Policy): void {
  for (const name of names) {
    const role = roles.list().find((known) => known.accountId === stack.accountId && known.name === name);
    if (role === undefined) {
      throw new Error(`There is no role ${name} in account ${stack.accountId} to attach ${policy.name} to`);
    }
    roles.change(role.arn, (known) => ({ ...known, policies: [...known.policies, policy] }));
  }
}

function findManaged({ roles }: DeployContext, arn: string): Policy {
  return roles.policy(arn) ?? managedPolicy(arn);
}

/** IAM's roles and their policies. */
export const roleDeployers: Readonly<Record<string, Deployer>> = {
  'AWS::IAM::Role': deployRole,
  'AWS::IAM::Policy': deployPolicy,
  'AWS::IAM::RolePolicy': deployPolicy,
  'AWS::IAM::ManagedPolicy': deployManagedPolicy,
};
