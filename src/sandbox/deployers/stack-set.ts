import * as z from 'zod';
import { count, type Deployer, physicalName, text } from './context.ts';

const parameters = z
  .array(z.looseObject({ ParameterKey: text, ParameterValue: text }))
  .default([])
  .transform((list) =>
    Object.fromEntries(list.map(({ ParameterKey, ParameterValue }) => [ParameterKey, ParameterValue])),
  );

const truth = text.transform((value) => value === 'true');

const stackSetSchema = z.looseObject({
  StackSetName: text.optional(),
  PermissionModel: z.literal('SERVICE_MANAGED', { error: 'the sandbox has StackSets of SERVICE_MANAGED only' }),
  TemplateBody: text,
  Parameters: parameters,
  AutoDeployment: z
    .looseObject({ Enabled: truth.default(false), RetainStacksOnAccountRemoval: truth.default(false) })
    .default({ Enabled: false, RetainStacksOnAccountRemoval: false }),
  OperationPreferences: z
    .looseObject({ FailureToleranceCount: count.optional(), FailureTolerancePercentage: count.optional() })
    .default({}),
  StackInstancesGroup: z
    .array(
      z.looseObject({
        DeploymentTargets: z.looseObject({
          OrganizationalUnitIds: z.array(text).default([]),
          Accounts: z.array(text).default([]),
          AccountFilterType: z.enum(['NONE', 'INTERSECTION', 'DIFFERENCE', 'UNION']).default('NONE'),
        }),
        Regions: z.array(text),
        ParameterOverrides: parameters,
      }),
    )
    .default([]),
});

const deployStackSet: Deployer = async ({ stack, stackSets }, logicalId, properties) => {
  const given = stackSetSchema.parse(properties);
  const name = given.StackSetName ?? physicalName(stack, logicalId);
  await stackSets.create({
    name,
    accountId: stack.accountId,
    templateBody: given.TemplateBody,
    parameters: given.Parameters,
    autoDeployment: {
      enabled: given.AutoDeployment.Enabled,
      retainStacks: given.AutoDeployment.RetainStacksOnAccountRemoval,
    },
    groups: given.StackInstancesGroup.map(({ DeploymentTargets, Regions, ParameterOverrides }) => ({
      organizationalUnits: DeploymentTargets.OrganizationalUnitIds,
      accounts: DeploymentTargets.Accounts,
      accountFilter: DeploymentTargets.AccountFilterType,
      regions: Regions,
      parameterOverrides: ParameterOverrides,
    })),
    failureTolerance: {
      count: given.OperationPreferences.FailureToleranceCount,
      percentage: given.OperationPreferences.FailureTolerancePercentage,
    },
  });
  const id = `${name}:00000000-0000-4000-8000-000000000000`;
  return { ref: id, attributes: { StackSetId: id }, remove: () => stackSets.remove(name) };
};

/** Stacks in the accounts of the organization. */
export const stackSetDeployers: Readonly<Record<string, Deployer>> = {
  'AWS::CloudFormation::StackSet': deployStackSet,
};
