import { type Policy, parsePolicy } from './policy.ts';

/** The policies of AWS's own that the sandbox knows, by their path after `arn:aws:iam::aws:policy/`. */
const DOCUMENTS: Readonly<Record<string, readonly string[]>> = {
  'service-role/AWSLambdaBasicExecutionRole': ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
  'service-role/AWSLambdaSQSQueueExecutionRole': [
    'sqs:ReceiveMessage',
    'sqs:DeleteMessage',
    'sqs:GetQueueAttributes',
    'logs:CreateLogGroup',
    'logs:CreateLogStream',
    'logs:PutLogEvents',
  ],
};

/** A policy of AWS's own by its ARN. @throws Error for one that the sandbox does not know. */
export function managedPolicy(arn: string): Policy {
  const path = /^arn:aws[\w-]*:iam::aws:policy\/(.+)$/.exec(arn)?.[1] ?? arn;
  const actions = DOCUMENTS[path] ?? DOCUMENTS[`service-role/${path}`];
  if (actions === undefined) {
    throw new Error(
      `The sandbox does not know the managed policy ${arn}; it knows ${Object.keys(DOCUMENTS).join(', ')}`,
    );
  }
  return parsePolicy(path.split('/').at(-1) ?? path, {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
  });
}
