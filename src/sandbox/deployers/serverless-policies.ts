import * as z from 'zod';
import { managedPolicy } from '../access/managed-policies.ts';
import { type Policy, parsePolicy } from '../access/policy.ts';
import type { DeployContext } from './context.ts';
import { isObject } from './context.ts';

/**
 * SAM's policy templates that the sandbox knows: by name, the parameters' names and what comes of them.
 * https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-template-list.html
 */
const TEMPLATES: Readonly<
  Record<string, (value: (name: string) => string, context: DeployContext) => readonly [string[], string[]]>
> = {
  LambdaInvokePolicy: (value, { stack }) => [
    ['lambda:InvokeFunction'],
    [`arn:aws:lambda:${stack.region}:${stack.accountId}:function:${value('FunctionName')}*`],
  ],
  StepFunctionsExecutionPolicy: (value, { stack }) => [
    ['states:StartExecution'],
    [`arn:aws:states:${stack.region}:${stack.accountId}:stateMachine:${value('StateMachineName')}`],
  ],
  SQSSendMessagePolicy: (value, { stack }) => [
    ['sqs:SendMessage*'],
    [`arn:aws:sqs:${stack.region}:${stack.accountId}:${value('QueueName')}`],
  ],
  SQSPollerPolicy: (value, { stack }) => [
    [
      'sqs:ChangeMessageVisibility',
      'sqs:ChangeMessageVisibilityBatch',
      'sqs:DeleteMessage',
      'sqs:DeleteMessageBatch',
      'sqs:GetQueueAttributes',
      'sqs:ReceiveMessage',
    ],
    [`arn:aws:sqs:${stack.region}:${stack.accountId}:${value('QueueName')}`],
  ],
};

/** What SAM makes of `Policies`: names and ARNs of managed policies, documents, and its own templates. */
export function readServerlessPolicies(context: DeployContext, policies: unknown): readonly Policy[] {
  const list: readonly unknown[] = policies === undefined ? [] : Array.isArray(policies) ? policies : [policies];
  return list.map((one, index) => {
    if (typeof one === 'string') {
      return context.roles.policy(one) ?? managedPolicy(one);
    }
    if (isObject(one) && 'Statement' in one) {
      return parsePolicy(`Policy${index}`, one);
    }
    const [name = '', parameters] = isObject(one) ? (Object.entries(one)[0] ?? []) : [];
    const make = TEMPLATES[name];
    if (make === undefined) {
      const known = Object.keys(TEMPLATES).join(', ');
      throw new Error(`The sandbox does not know SAM's policy template ${name}; it knows ${known}`);
    }
    const values = z.record(z.string(), z.string()).parse(parameters);
    const [Action, Resource] = make((parameter) => values[parameter] ?? '', context);
    return parsePolicy(name, { Statement: [{ Effect: 'Allow', Action, Resource }] });
  });
}
