import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { readRefusal } from '../aws/refusal.ts';
import { explainFailure } from './aws-failure.ts';
import type { Connection } from './connection.ts';

/** Layerward's stack, as far as commands need it. */
export interface DeployedStack {
  readonly stackName: string;
  readonly status: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The stack of this name in the caller's account and region; `undefined` where there is none. */
export async function findStack(connection: Connection, stackName: string): Promise<DeployedStack | undefined> {
  const client = connection.client((options) => new CloudFormationClient(options));
  const answer = await client.send(new DescribeStacksCommand({ StackName: stackName })).catch((error: unknown) => {
    const { name, message } = readRefusal(error);
    if (name === 'ValidationError' && message.includes('does not exist')) return undefined;
    throw explainFailure(error, connection);
  });
  const stack = answer?.Stacks?.[0];
  if (!stack) return undefined;
  const pairs = (entries: readonly (readonly [string | undefined, string | undefined])[]) =>
    Object.fromEntries(entries.flatMap(([key, value]) => (key && value !== undefined ? [[key, value] as const] : [])));
  return {
    stackName,
    status: stack.StackStatus ?? '',
    outputs: pairs((stack.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])),
    parameters: pairs(
      (stack.Parameters ?? []).map(({ ParameterKey, ParameterValue }) => [ParameterKey, ParameterValue]),
    ),
  };
}
