import * as z from 'zod';
import { requireCapabilities } from '../cloudformation/capabilities.ts';
import { type StackSetPermissions, stackSetId } from '../organization/stack-sets.ts';
import { parseTemplate } from '../template.ts';
import { count, type Deployer, physicalName, text } from './context.ts';

const parameters = z
  .array(z.looseObject({ ParameterKey: text, ParameterValue: text }))
  .default([])
  .transform((list) =>
    Object.fromEntries(list.map(({ ParameterKey, ParameterValue }) => [ParameterKey, ParameterValue])),
  );

const truth = text.transform((value) => value === 'true');
const percentage = count.refine((value) => value >= 0 && value <= 100, 'a percentage is a number from 0 to 100');
const region = text.refine((name) => /^[a-z]{2}(-[a-z]+)+-\d+$/.test(name), {
  error: ({ input }) => `${JSON.stringify(input)} is no region`,
});
const account = text.refine((id) => /^\d{12}$/.test(id), {
  error: ({ input }) => `${JSON.stringify(input)} is no account id`,
});

const preferences = z
  .strictObject({
    RegionConcurrencyType: z.enum(['SEQUENTIAL', 'PARALLEL']).default('SEQUENTIAL'),
    RegionOrder: z.array(region).default([]),
    FailureToleranceCount: count.optional(),
    FailureTolerancePercentage: percentage.optional(),
    MaxConcurrentCount: count.optional(),
    MaxConcurrentPercentage: percentage.optional(),
    ConcurrencyMode: z.enum(['STRICT_FAILURE_TOLERANCE', 'SOFT_FAILURE_TOLERANCE']).optional(),
  })
  .refine(
    ({ FailureToleranceCount, FailureTolerancePercentage }) =>
      FailureToleranceCount === undefined || FailureTolerancePercentage === undefined,
    'FailureToleranceCount and FailureTolerancePercentage exclude each other',
  )
  .refine(
    ({ MaxConcurrentCount, MaxConcurrentPercentage }) =>
      MaxConcurrentCount === undefined || MaxConcurrentPercentage === undefined,
    'MaxConcurrentCount and MaxConcurrentPercentage exclude each other',
  );

const stackSetSchema = z.looseObject({
  StackSetName: text.optional(),
  PermissionModel: z.enum(['SERVICE_MANAGED', 'SELF_MANAGED']),
  AdministrationRoleARN: text.optional(),
  ExecutionRoleName: text.optional(),
  CallAs: z.enum(['SELF', 'DELEGATED_ADMIN']).default('SELF'),
  Capabilities: z.array(z.enum(['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'])).default([]),
  ManagedExecution: z.strictObject({ Active: truth }).optional(),
  TemplateBody: text,
  Parameters: parameters,
  AutoDeployment: z
    .looseObject({ Enabled: truth.default(false), RetainStacksOnAccountRemoval: truth.default(false) })
    .optional(),
  OperationPreferences: preferences.optional(),
  StackInstancesGroup: z
    .array(
      z.looseObject({
        DeploymentTargets: z.looseObject({
          OrganizationalUnitIds: z.array(text).default([]),
          Accounts: z.array(account).default([]),
          AccountFilterType: z.enum(['NONE', 'INTERSECTION', 'DIFFERENCE', 'UNION']).default('NONE'),
        }),
        Regions: z.array(region).min(1),
        ParameterOverrides: parameters,
      }),
    )
    .default([]),
});
type Given = z.output<typeof stackSetSchema>;

const deployStackSet: Deployer = async ({ stack, stackSets }, logicalId, properties) => {
  const given = stackSetSchema.parse(properties);
  const name = given.StackSetName ?? physicalName(stack, logicalId);
  requireCapabilities(parseTemplate(given.TemplateBody, `TemplateBody of ${name}`), given.Capabilities);
  const wish = given.OperationPreferences ?? preferences.parse({});
  // Regions that the order does not name keep theirs, and come last.
  const rank = (one: string) => (wish.RegionOrder.includes(one) ? wish.RegionOrder.indexOf(one) : Infinity);
  await stackSets.create({
    name,
    accountId: stack.accountId,
    region: stack.region,
    templateBody: given.TemplateBody,
    parameters: given.Parameters,
    permissions: readPermissions(given, stack.accountId),
    groups: given.StackInstancesGroup.map(({ DeploymentTargets, Regions, ParameterOverrides }) => ({
      organizationalUnits: DeploymentTargets.OrganizationalUnitIds,
      accounts: DeploymentTargets.Accounts,
      accountFilter: DeploymentTargets.AccountFilterType,
      regions: wish.RegionOrder.length === 0 ? Regions : Regions.toSorted((left, right) => rank(left) - rank(right)),
      parameterOverrides: ParameterOverrides,
    })),
    failureTolerance: { count: wish.FailureToleranceCount, percentage: wish.FailureTolerancePercentage },
    triesAllRegions: wish.RegionConcurrencyType === 'PARALLEL',
  });
  const id = stackSetId(name);
  return { ref: id, attributes: { StackSetId: id }, remove: () => stackSets.remove(name) };
};

/** What belongs to one permission model is refused in the other, as CloudFormation does. */
function readPermissions(given: Given, accountId: string): StackSetPermissions {
  const { PermissionModel, AdministrationRoleARN, ExecutionRoleName, CallAs, AutoDeployment } = given;
  if (PermissionModel === 'SERVICE_MANAGED') {
    if (AdministrationRoleARN !== undefined || ExecutionRoleName !== undefined) {
      throw new Error('AdministrationRoleARN and ExecutionRoleName are for the permission model SELF_MANAGED only');
    }
    return {
      model: 'SERVICE_MANAGED',
      callAs: CallAs,
      autoDeployment: {
        enabled: AutoDeployment?.Enabled ?? false,
        retainStacks: AutoDeployment?.RetainStacksOnAccountRemoval ?? false,
      },
    };
  }
  if (AutoDeployment !== undefined || CallAs === 'DELEGATED_ADMIN') {
    throw new Error('AutoDeployment and CallAs: DELEGATED_ADMIN are for the permission model SERVICE_MANAGED only');
  }
  return {
    model: 'SELF_MANAGED',
    administrationRoleArn:
      AdministrationRoleARN ?? `arn:aws:iam::${accountId}:role/AWSCloudFormationStackSetAdministrationRole`,
    executionRoleName: ExecutionRoleName ?? 'AWSCloudFormationStackSetExecutionRole',
  };
}

/** Stacks in other accounts and regions. */
export const stackSetDeployers: Readonly<Record<string, Deployer>> = {
  'AWS::CloudFormation::StackSet': deployStackSet,
};
