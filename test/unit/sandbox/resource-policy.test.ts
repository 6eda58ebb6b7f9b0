import { describe, expect, it } from 'vitest';
import { type AccessRequest, admits } from '../../../src/sandbox/resource-policy.ts';

const queueArn = 'arn:aws:sqs:us-east-1:111122223333:changes';
const ruleArn = 'arn:aws:events:us-east-1:111122223333:rule/changes';

const request: AccessRequest = {
  action: 'sqs:SendMessage',
  resourceArn: queueArn,
  principal: { service: 'events.amazonaws.com' },
  context: { 'aws:SourceArn': ruleArn, 'aws:SecureTransport': 'true' },
};

const allow = {
  Effect: 'Allow',
  Principal: { Service: 'events.amazonaws.com' },
  Action: 'sqs:SendMessage',
  Resource: queueArn,
};
const policyOf = (...Statement: unknown[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const withCondition = (Condition: unknown) => policyOf({ ...allow, Condition });

describe('a queue admits an event', () => {
  it.each([
    ['without a condition', policyOf(allow)],
    ['by a single statement that is no list', JSON.stringify({ Statement: allow })],
    ['whose rule is named', withCondition({ ArnEquals: { 'aws:SourceArn': ruleArn } })],
    [
      'whose rule is one of those named',
      withCondition({ ArnEquals: { 'aws:SourceArn': ['arn:aws:x:y:z:w', ruleArn] } }),
    ],
    [
      'whose rule fits a wildcard',
      withCondition({ ArnLike: { 'aws:SourceArn': 'arn:aws:events:*:111122223333:rule/*' } }),
    ],
    ['with a key in other letters', withCondition({ StringEquals: { 'AWS:sourcearn': ruleArn } })],
    [
      'that is not denied for another transport',
      policyOf(allow, {
        Effect: 'Deny',
        Principal: '*',
        Action: 'sqs:*',
        Resource: queueArn,
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    ],
    ['by an action with a wildcard, in other letters', policyOf({ ...allow, Action: 'SQS:send*' })],
    ['where an optional key is absent', withCondition({ StringEqualsIfExists: { 'aws:PrincipalOrgID': 'o-example' } })],
  ])('%s', (_what, policy) => {
    expect(admits(policy, request)).toBe(true);
  });
});

describe('a queue refuses an event', () => {
  it.each([
    ['without a policy', undefined],
    ['of another rule', withCondition({ ArnEquals: { 'aws:SourceArn': `${ruleArn}-other` } })],
    [
      'whose ARN fits only if a wildcard crossed its parts',
      withCondition({ ArnLike: { 'aws:SourceArn': 'arn:aws:events:*:rule/changes' } }),
    ],
    ['meant for another queue', policyOf({ ...allow, Resource: `${queueArn}-other` })],
    ['for another service', policyOf({ ...allow, Principal: { Service: 'sns.amazonaws.com' } })],
    ['for another action', policyOf({ ...allow, Action: 'sqs:ReceiveMessage' })],
    ['that is denied too', policyOf(allow, { ...allow, Effect: 'Deny' })],
    ['where a required key is absent', withCondition({ StringEquals: { 'aws:PrincipalOrgID': 'o-example' } })],
    [
      'where one of two conditions fails',
      withCondition({ ArnEquals: { 'aws:SourceArn': ruleArn }, StringEquals: { 'aws:SourceAccount': '1' } }),
    ],
  ])('%s', (_what, policy) => {
    expect(admits(policy, request)).toBe(false);
  });
});

it('says which condition operator it does not know', () => {
  expect(() => admits(withCondition({ DateGreaterThan: { 'aws:CurrentTime': '2026-01-01' } }), request)).toThrow(
    'The condition operator DateGreaterThan is not known to the sandbox',
  );
});
