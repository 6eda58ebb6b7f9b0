import {
  type CloudFormationClient,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { readRefusal } from '../aws/refusal.ts';

/** Layerward's stack, as its removal needs it. */
export interface DoomedStack {
  /** Its ARN: by its name, a deleted stack is not found. */
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly reason: string | undefined;
  readonly isProtected: boolean;
  readonly outputs: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Why a stack could not be deleted: the resources that are in the way, and CloudFormation's words for each. */
export interface DeletionFailure {
  readonly reason: string;
  readonly resources: readonly { readonly logicalId: string; readonly reason: string }[];
}

/** The stack with this name or ARN; `undefined` where there is none. */
export async function describeStack(client: CloudFormationClient, nameOrId: string): Promise<DoomedStack | undefined> {
  const answer = await client.send(new DescribeStacksCommand({ StackName: nameOrId })).catch((error: unknown) => {
    const { name, message } = readRefusal(error);
    if (name === 'ValidationError' && message.includes('does not exist')) return undefined;
    throw error;
  });
  const stack = answer?.Stacks?.[0];
  return stack && toDoomedStack(stack);
}

function toDoomedStack({ Outputs = [], Parameters = [], ...stack }: Stack): DoomedStack {
  return {
    id: stack.StackId ?? '',
    name: stack.StackName ?? '',
    status: stack.StackStatus ?? '',
    reason: stack.StackStatusReason,
    isProtected: stack.EnableTerminationProtection ?? false,
    outputs: Object.fromEntries(Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue])),
    parameters: Object.fromEntries(
      Parameters.map(({ ParameterKey = '', ParameterValue = '' }) => [ParameterKey, ParameterValue]),
    ),
  };
}

/** Asks CloudFormation to delete it, or to go on where it failed. */
export async function deleteStack(client: CloudFormationClient, id: string): Promise<void> {
  await client.send(new DeleteStackCommand({ StackName: id }));
}

/** What AWS calls one of the stack's resources; `undefined` where it has none of this name, or nobody may ask. */
export async function physicalIdOf(
  client: CloudFormationClient,
  id: string,
  logicalId: string,
): Promise<string | undefined> {
  try {
    const { StackResourceDetail: detail } = await client.send(
      new DescribeStackResourceCommand({ StackName: id, LogicalResourceId: logicalId }),
    );
    return detail?.PhysicalResourceId;
  } catch {
    // Only a name to show: the removal must not fail for it.
    return undefined;
  }
}

/** What was in the way of the latest attempt to delete the stack. */
export async function failureOf(client: CloudFormationClient, stack: DoomedStack): Promise<DeletionFailure> {
  const resources: DeletionFailure['resources'][number][] = [];
  let token: string | undefined;
  do {
    const page = await client.send(
      new DescribeStackEventsCommand({ StackName: stack.id, ...(token === undefined ? {} : { NextToken: token }) }),
    );
    token = page.NextToken;
    // Newest first: an attempt begins where the stack itself began to be deleted.
    for (const event of page.StackEvents ?? []) {
      const isOfStack = event.PhysicalResourceId === stack.id;
      if (isOfStack && event.ResourceStatus === 'DELETE_IN_PROGRESS') return { reason: stack.reason ?? '', resources };
      if (!isOfStack && event.ResourceStatus === 'DELETE_FAILED')
        resources.unshift({ logicalId: event.LogicalResourceId ?? '', reason: event.ResourceStatusReason ?? '' });
    }
  } while (token !== undefined);
  return { reason: stack.reason ?? '', resources };
}
