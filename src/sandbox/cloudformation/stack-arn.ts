import type { StackIdentity } from '../template-resolver.ts';

/**
 * The ARN of a stack, CloudFormation's StackId. Its last part is the same for all: a stack that is deleted and deployed
 * again under its name takes the place of the former one.
 */
export function stackArn({ accountId, region, stackName }: StackIdentity): string {
  return `arn:aws:cloudformation:${region}:${accountId}:stack/${stackName}/00000000-0000-4000-8000-000000000000`;
}
