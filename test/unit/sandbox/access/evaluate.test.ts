import { describe, expect, it } from 'vitest';
import { type AccessRequest, evaluate, type Principal } from '../../../../src/sandbox/access/evaluate.ts';
import { parsePolicy } from '../../../../src/sandbox/access/policy.ts';

const functionArn = 'arn:aws:lambda:eu-west-1:222233334444:function:orders';
const request: AccessRequest = {
  action: 'lambda:GetFunction',
  resource: functionArn,
  context: {
    'aws:RequestedRegion': 'eu-west-1',
    'aws:PrincipalOrgID': 'o-layerward01',
    'aws:PrincipalAccount': '111122223333',
    'aws:ResourceTag/layerward:protect': 'on',
    'lambda:Layer': ['arn:aws:lambda:eu-west-1:800880067056:layer:a:1', 'arn:aws:lambda:eu-west-1:1:layer:team:2'],
    'aws:SourceIp': '10.1.2.3',
    'aws:MultiFactorAuthAge': '60',
  },
};
const allow = { Effect: 'Allow', Action: 'lambda:GetFunction', Resource: functionArn };
const judge = (statements: unknown, more: Partial<AccessRequest> = {}) =>
  evaluate([parsePolicy('test', { Version: '2012-10-17', Statement: statements })], { ...request, ...more });
const decide = (statements: unknown, more?: Partial<AccessRequest>) => judge(statements, more).decision;

describe('statements', () => {
  it('of nobody allow nothing', () => {
    expect(judge([])).toEqual({ decision: 'implicit-deny', statement: undefined });
  });

  it('that allow are named', () => {
    expect(judge([{ ...allow, Sid: 'Read' }])).toEqual({
      decision: 'allow',
      statement: { policy: 'test', statement: 'Read' },
    });
  });

  it('that deny win, wherever they stand', () => {
    const deny = { Effect: 'Deny', Action: '*', Resource: '*' };
    expect(judge([deny, allow]).decision).toBe('explicit-deny');
    expect(judge([allow, deny])).toEqual({
      decision: 'explicit-deny',
      statement: { policy: 'test', statement: '#1' },
    });
  });

  it('that deny something else do not', () => {
    expect(decide([allow, { Effect: 'Deny', Action: 'lambda:DeleteFunction', Resource: '*' }])).toBe('allow');
  });
});

describe('actions and resources', () => {
  it.each<[string, object, 'allow' | 'implicit-deny']>([
    ['a wildcard in the action', { Action: 'lambda:Get*' }, 'allow'],
    ['the action in other letters', { Action: 'Lambda:getFUNCTION' }, 'allow'],
    ['a longer name of an action', { Action: 'lambda:GetFunctionConfiguration' }, 'implicit-deny'],
    ['a single character', { Action: 'lambda:GetFunctio?' }, 'allow'],
    ['everything but another action', { Action: undefined, NotAction: 'lambda:Delete*' }, 'allow'],
    ['everything but this action', { Action: undefined, NotAction: ['iam:*', 'lambda:Get*'] }, 'implicit-deny'],
    ['one of several resources', { Resource: ['arn:aws:s3:::x', functionArn] }, 'allow'],
    ['a resource with wildcards', { Resource: 'arn:aws:lambda:*:222233334444:function:*' }, 'allow'],
    ['a resource of another account', { Resource: 'arn:aws:lambda:*:333344445555:function:*' }, 'implicit-deny'],
    ['a resource in other letters', { Resource: functionArn.toUpperCase() }, 'implicit-deny'],
    ['everything but another resource', { Resource: undefined, NotResource: 'arn:aws:s3:::*' }, 'allow'],
    ['everything but this resource', { Resource: undefined, NotResource: 'arn:aws:lambda:*' }, 'implicit-deny'],
    ['no resource at all', { Resource: undefined }, 'implicit-deny'],
    ['a variable in the resource', { Resource: 'arn:aws:lambda:${aws:RequestedRegion}:*:function:*' }, 'allow'],
    ['a variable without a value', { Resource: 'arn:aws:lambda:*:*:function:${aws:username}*' }, 'implicit-deny'],
    ['a variable with a default', { Resource: "arn:aws:lambda:*:*:function:${aws:username, 'orders'}" }, 'allow'],
  ])('%s', (_what, change, expected) => {
    const statement = Object.fromEntries(
      Object.entries({ ...allow, ...change }).filter(([, value]) => value !== undefined),
    );
    expect(decide([statement])).toBe(expected);
  });
});

describe('a condition', () => {
  it.each<[string, string, unknown, boolean]>([
    ['StringEquals', 'aws:ResourceTag/layerward:protect', 'on', true],
    ['StringEquals', 'aws:ResourceTag/layerward:protect', ['off', 'on'], true],
    ['StringEquals', 'aws:ResourceTag/layerward:protect', 'ON', false],
    ['StringEqualsIgnoreCase', 'aws:ResourceTag/layerward:protect', 'ON', true],
    ['StringEquals', 'aws:resourcetag/LAYERWARD:PROTECT', 'on', true],
    ['StringEquals', 'aws:ResourceTag/other', 'on', false],
    ['StringNotEquals', 'aws:ResourceTag/other', 'on', true],
    ['StringNotEquals', 'aws:PrincipalOrgID', ['o-other', 'o-layerward01'], false],
    ['StringEqualsIfExists', 'aws:ResourceTag/other', 'on', true],
    ['StringLike', 'aws:PrincipalOrgID', 'o-layer*', true],
    ['StringNotLike', 'aws:PrincipalOrgID', 'o-layer*', false],
    ['StringEquals', 'aws:PrincipalAccount', '${aws:PrincipalAccount}', true],
    ['Null', 'aws:ResourceTag/other', 'true', true],
    ['Null', 'aws:PrincipalOrgID', 'true', false],
    ['Null', 'aws:PrincipalOrgID', false, true],
    ['ForAllValues:StringLike', 'lambda:Layer', 'arn:aws:lambda:*:800880067056:layer:*', false],
    ['ForAllValues:StringLike', 'lambda:Layer', ['arn:aws:lambda:*:800880067056:layer:*', '*:team:*'], true],
    ['ForAllValues:StringEquals', 'absent', 'x', true],
    ['ForAnyValue:StringLike', 'lambda:Layer', '*:team:*', true],
    ['ForAnyValue:StringLike', 'absent', '*', false],
    ['ForAnyValue:StringEquals', 'lambda:Layer', 'x', false],
    ['NumericLessThan', 'aws:MultiFactorAuthAge', 3600, true],
    ['NumericGreaterThanEquals', 'aws:MultiFactorAuthAge', '61', false],
    ['IpAddress', 'aws:SourceIp', '10.0.0.0/8', true],
    ['NotIpAddress', 'aws:SourceIp', ['10.0.0.0/8', '192.0.2.1'], false],
    ['Bool', 'aws:SecureTransport', 'false', false],
  ])('%s of %s is %j', (operator, key, value, isMet) => {
    expect(decide([{ ...allow, Condition: { [operator]: { [key]: value } } }])).toBe(isMet ? 'allow' : 'implicit-deny');
  });

  it('has to hold with every other one', () => {
    const Condition = {
      StringEquals: { 'aws:PrincipalOrgID': 'o-layerward01', 'aws:RequestedRegion': 'eu-central-1' },
    };
    expect(decide([{ ...allow, Condition }])).toBe('implicit-deny');
  });

  it('keeps wildcards of ARNs within their parts', () => {
    const context = { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/path/hub' };
    const of = (glob: string) =>
      decide([{ ...allow, Condition: { ArnLike: { 'aws:PrincipalArn': glob } } }], { context });
    expect(of('arn:aws:iam::*:role/*')).toBe('allow');
    expect(of('arn:aws:iam:*:role/*')).toBe('implicit-deny');
  });
});

describe('principals', () => {
  const session: Principal = {
    arn: 'arn:aws:sts::111122223333:assumed-role/hub/fn',
    accountId: '111122223333',
    roleArn: 'arn:aws:iam::111122223333:role/hub',
  };
  const trust = (Principal: unknown, principal: Principal = session) =>
    decide([{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' }], { action: 'sts:AssumeRole', principal });

  it.each<[string, unknown, boolean]>([
    ['everybody', '*', true],
    ['everybody of AWS', { AWS: '*' }, true],
    ['the account by number', { AWS: '111122223333' }, true],
    ['the account by its root', { AWS: ['arn:aws:iam::111122223333:root'] }, true],
    ['the role', { AWS: 'arn:aws:iam::111122223333:role/hub' }, true],
    ['the session', { AWS: 'arn:aws:sts::111122223333:assumed-role/hub/fn' }, true],
    ['another role', { AWS: 'arn:aws:iam::111122223333:role/other' }, false],
    ['another account', { AWS: '222233334444' }, false],
    ['a service', { Service: 'lambda.amazonaws.com' }, false],
  ])('%s', (_what, principal, isNamed) => {
    expect(trust(principal)).toBe(isNamed ? 'allow' : 'implicit-deny');
  });

  it('that are services are told from accounts', () => {
    const service = { service: 'lambda.amazonaws.com' };
    expect(trust({ Service: ['events.amazonaws.com', 'lambda.amazonaws.com'] }, service)).toBe('allow');
    expect(trust({ AWS: '111122223333' }, service)).toBe('implicit-deny');
  });

  it('can be left out', () => {
    const but = (NotPrincipal: unknown) =>
      decide([{ Effect: 'Deny', NotPrincipal, Action: '*' }], { action: 'sts:AssumeRole', principal: session });
    expect(but({ AWS: '111122223333' })).toBe('implicit-deny');
    expect(but({ AWS: '222233334444' })).toBe('explicit-deny');
  });

  it('are of no use in the policy of an identity', () => {
    expect(decide([{ ...allow, Principal: '*' }])).toBe('implicit-deny');
  });
});

describe('a policy that is none is refused', () => {
  it.each<[unknown, string]>([
    ['{', 'The policy broken is not JSON'],
    [{ Statement: [{ Effect: 'Maybe', Action: '*', Resource: '*' }] }, 'The policy broken is malformed: Statement'],
    [{ Statement: [{ Effect: 'Allow', Actions: '*', Resource: '*' }] }, 'The policy broken is malformed: Statement'],
  ])('%j', (document, message) => {
    expect(() => parsePolicy('broken', document)).toThrow(message);
  });
});
