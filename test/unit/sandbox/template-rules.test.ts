import { describe, expect, it } from 'vitest';
import { parseTemplate } from '../../../src/sandbox/template.ts';
import { resolveParameters } from '../../../src/sandbox/template-parameters.ts';
import { requireRules } from '../../../src/sandbox/template-rules.ts';

const head = `
Parameters:
  Mode: { Type: String, Default: single }
  Units: { Type: CommaDelimitedList, Default: '' }
  Regions: { Type: CommaDelimitedList, Default: 'us-east-1,eu-west-1' }
Resources: {}
`;
const stack = { accountId: '111122223333', region: 'us-east-1', stackName: 'demo' };
const check = (rules: string, given: Record<string, string> = {}) => {
  const template = parseTemplate(`${head}${rules}`, 'rules.yaml');
  requireRules(template, resolveParameters(template, given), stack);
};
const assertion = (assert: string) => `Rules: { R: { Assertions: [{ Assert: ${assert}, AssertDescription: said }] } }`;

describe('an assertion', () => {
  it.each([
    '!Equals [!Ref Mode, single]',
    '!Equals [!Ref AWS::Region, us-east-1]',
    "!Equals [!Ref AWS::AccountId, '111122223333']",
    '!Not [!Equals [!Ref Mode, many]]',
    '!And [!Equals [a, a], !Equals [1, "1"]]',
    '!Or [!Equals [a, b], !Equals [a, a]]',
    '{ Fn::Contains: [!Ref Regions, !Ref AWS::Region] }',
    '{ Fn::Contains: [[single, many], !Ref Mode] }',
    "{ Fn::EachMemberEquals: [!Ref Units, ''] }",
    '{ Fn::EachMemberIn: [!Ref Regions, [us-east-1, eu-west-1, eu-north-1]] }',
  ])('%s holds', (assert) => {
    expect(() => check(assertion(assert))).not.toThrow();
  });

  it.each([
    '!Equals [!Ref Mode, many]',
    '!Not [!Equals [a, a]]',
    '!And [!Equals [a, a], !Equals [a, b]]',
    '!Or [!Equals [a, b], !Equals [b, c]]',
    '{ Fn::Contains: [!Ref Regions, ap-south-1] }',
    '{ Fn::EachMemberEquals: [!Ref Regions, us-east-1] }',
    '{ Fn::EachMemberIn: [!Ref Regions, [us-east-1]] }',
  ])('%s does not, and is told in its own words', (assert) => {
    expect(() => check(assertion(assert))).toThrow(/^Rules\.R\.Assertions\[0\]: said$/);
  });

  it.each([
    ['!Equals [!Ref Queue, x]', 'refers to Queue; rules know the parameters, AWS::Region and AWS::AccountId only'],
    ['!Condition Some', 'uses Condition, which rules of the sandbox do not have as a condition'],
    ["!Equals [!Sub '${Mode}', x]", 'uses Fn::Sub; the values of rules are texts, lists and Ref'],
    ['!And [!Equals [a, a]]', 'needs a list of 2 to 10 conditions, and got 1'],
    ['!Equals [a]', 'needs a list of two values'],
    ['{ Fn::Contains: [!Ref Mode, single] }', 'needs a list, and got "single"'],
    ['single', 'is not a condition: "single"'],
  ])('%s is refused with its place', (assert, message) => {
    expect(() => check(assertion(assert))).toThrow(/^Rules\.R\.Assertions\[0\]\.Assert/);
    expect(() => check(assertion(assert))).toThrow(message);
  });
});

describe('a rule', () => {
  const rules = `
Rules:
  OrganizationHasUnits:
    RuleCondition: !Equals [!Ref Mode, organization]
    Assertions:
      - Assert: !Not [{ Fn::Contains: [!Ref Units, ''] }]
        AssertDescription: An organization needs OrganizationalUnitIds.
      - Assert: { Fn::Contains: [!Ref Regions, !Ref AWS::Region] }
        AssertDescription: Regions must hold the stack's own.
`;

  it('applies under its condition only', () => {
    expect(() => check(rules)).not.toThrow();
    expect(() => check(rules, { Mode: 'organization', Units: 'ou-a' })).not.toThrow();
  });

  it('tells every assertion that fails', () => {
    expect(() => check(rules, { Mode: 'organization', Regions: 'eu-west-1' })).toThrow(
      'Rules.OrganizationHasUnits.Assertions[0]: An organization needs OrganizationalUnitIds.; ' +
        "Rules.OrganizationHasUnits.Assertions[1]: Regions must hold the stack's own.",
    );
  });

  it('without assertions is none', () => {
    expect(() => check('Rules: { R: { Assertions: [] } }')).toThrow('a rule has at least one assertion');
  });
});
