import type { Template } from '../template.ts';

/** What whoever deploys a template has to acknowledge. */
export type Capability = 'CAPABILITY_IAM' | 'CAPABILITY_NAMED_IAM';

// By type, the property that gives a name of one's own.
const IAM_TYPES: Readonly<Record<string, string | undefined>> = {
  'AWS::IAM::AccessKey': undefined,
  'AWS::IAM::Group': 'GroupName',
  'AWS::IAM::InstanceProfile': 'InstanceProfileName',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::IAM::Policy': undefined,
  'AWS::IAM::Role': 'RoleName',
  'AWS::IAM::User': 'UserName',
  'AWS::IAM::UserToGroupAddition': undefined,
};

/**
 * The capability that a template needs, whatever its conditions say.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
 */
export function requiredCapability({ resources }: Pick<Template, 'resources'>): Capability | undefined {
  const ofIam = Object.values(resources).filter(({ type }) => Object.hasOwn(IAM_TYPES, type));
  const isNamed = ofIam.some(({ type, properties }) => Object.hasOwn(properties, IAM_TYPES[type] ?? ''));
  return isNamed ? 'CAPABILITY_NAMED_IAM' : ofIam.length > 0 ? 'CAPABILITY_IAM' : undefined;
}

/** @throws Error in AWS's words for a template that needs a capability that was not acknowledged. */
export function requireCapabilities(template: Pick<Template, 'resources'>, acknowledged: readonly string[]): void {
  const required = requiredCapability(template);
  if (required !== undefined && !acknowledged.includes(required) && !acknowledged.includes('CAPABILITY_NAMED_IAM')) {
    throw new Error(`Requires capabilities : [${required}]`);
  }
}
