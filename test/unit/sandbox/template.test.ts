import { describe, expect, it } from 'vitest';
import { parseTemplate } from '../../../src/sandbox/template.ts';
import { createTemplateResolver } from '../../../src/sandbox/template-resolver.ts';

const text = `
Parameters:
  Stage: { Type: String, Default: test }
  Names: { Type: CommaDelimitedList, Default: 'a, b' }
  Mail: { Type: String, Default: '' }
  Concurrency: { Type: Number, Default: 5 }
Mappings:
  Sizes: { test: { Memory: 128 } }
Conditions:
  HasMail: !Not [!Equals [!Ref Mail, '']]
  IsTest: !Equals [!Ref Stage, test]
  Both: !And [!Condition IsTest, !Not [!Condition HasMail]]
  Either: !Or [!Condition HasMail, !Condition IsTest]
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Condition: Both
    DependsOn: Other
    Properties: { Version: 2012-10-17 }
  Other: { Type: AWS::SQS::Queue }
`;

const template = parseTemplate(text, 'test.yaml');
const stack = { accountId: '111122223333', region: 'eu-west-1', stackName: 'demo' };
const queue = { ref: 'http://queue', attributes: { Arn: 'arn:aws:sqs:eu-west-1:111122223333:queue' } };
const resolverWith = (parameters: Record<string, string> = {}) =>
  createTemplateResolver(
    template,
    parameters,
    stack,
    (name) => (name === 'Queue' ? queue : undefined),
    (location) => (location === 'policy.json' ? { Content: '{}', Stage: { Ref: 'Stage' } } : undefined),
  );
const resolveYaml = (yaml: string, parameters?: Record<string, string>) => {
  const holder = parseTemplate(`Resources: { R: { Type: T, Properties: { value: ${yaml} } } }`, 'value.yaml');
  return resolverWith(parameters).resolve(holder.resources['R']?.properties['value'], 'Resources.R.Properties.value');
};

describe('a template', () => {
  it('keeps conditions, dependencies, and dates as text', () => {
    expect(template.resources['Queue']).toEqual({
      type: 'AWS::SQS::Queue',
      condition: 'Both',
      dependsOn: ['Other'],
      properties: { Version: '2012-10-17' },
    });
  });

  it('that is not YAML is refused with the place', () => {
    expect(() => parseTemplate('Resources:\n  - [', 'broken.yaml')).toThrow(/^broken\.yaml is not YAML: .* line/s);
  });

  it('without resources is refused', () => {
    expect(() => parseTemplate('Parameters: {}', 'empty.yaml')).toThrow('empty.yaml is not a template: Resources');
  });
});

describe('intrinsic functions', () => {
  it.each([
    ['!Ref Stage', 'test'],
    ['!Ref Names', ['a', 'b']],
    ['!Ref Concurrency', '5'],
    ['!Ref Queue', 'http://queue'],
    ['!Ref AWS::Region', 'eu-west-1'],
    ['!GetAtt Queue.Arn', queue.attributes.Arn],
    ['{ Fn::GetAtt: [Queue, Arn] }', queue.attributes.Arn],
    ["!Sub '${AWS::StackName}-${Stage}'", 'demo-test'],
    ["!Sub '${Queue.Arn}/${!literal}'", `${queue.attributes.Arn}/\${literal}`],
    ["!Sub ['${x}-${Stage}', { x: !Ref AWS::AccountId }]", '111122223333-test'],
    ["!Join ['/', [a, !Ref Stage]]", 'a/test'],
    ["!Join ['', !Ref Names]", 'ab'],
    ['!Select [1, !Ref Names]', 'b'],
    ["!Select [0, !Split ['-', a-b]]", 'a'],
    ['!If [HasMail, yes, no]', 'no'],
    ['!FindInMap [Sizes, !Ref Stage, Memory]', 128],
    ['{ kept: 1, gone: !If [HasMail, 1, !Ref AWS::NoValue] }', { kept: 1 }],
    ['[a, !Ref AWS::NoValue, b]', ['a', 'b']],
    ['!ToJsonString { a: !Ref Stage }', '{"a":"test"}'],
    [
      '{ Own: 1, Fn::Transform: { Name: AWS::Include, Parameters: { Location: policy.json } } }',
      { Own: 1, Content: '{}', Stage: 'test' },
    ],
  ])('%s', (yaml, expected) => {
    expect(resolveYaml(yaml)).toEqual(expected);
  });

  it('follow the parameters that were given', () => {
    expect(resolveYaml('!If [HasMail, !Ref Mail, none]', { Mail: 'team@example.com' })).toBe('team@example.com');
    expect(resolverWith({ Mail: 'x@example.com' }).condition('Both', 'here')).toBe(false);
    expect(resolverWith({ Stage: 'live' }).condition('Either', 'here')).toBe(false);
  });

  it.each([
    ['!Ref Nothing', 'Resources.R.Properties.value refers to Nothing, which is no parameter and no deployed resource'],
    [
      '{ deep: [!GetAtt Queue.Url] }',
      'Resources.R.Properties.value.deep[0] asks for Queue.Url; the sandbox knows these attributes of it: Arn',
    ],
    ["!Sub '${Nope.Arn}'", 'refers to Nope'],
    ['!If [Missing, 1, 2]', 'names the condition Missing, which the template does not have'],
    ['!FindInMap [Sizes, live, Memory]', 'looks up Sizes › live › Memory, which is not in Mappings'],
    ['!Select [2, !Ref Names]', 'selects element 2 of a list of 2'],
    ['!ImportValue shared', 'uses Fn::ImportValue, which the sandbox does not resolve'],
    ['{ Fn::Transform: { Name: AWS::Other } }', 'uses the transform AWS::Other'],
  ])('%s is refused with its path', (yaml, message) => {
    expect(() => resolveYaml(yaml)).toThrow(message);
  });

  it('refuse a parameter that the template does not have', () => {
    expect(() => resolverWith({ Sage: 'x' })).toThrow('The template has no parameter Sage; it has Stage, Names');
  });
});
