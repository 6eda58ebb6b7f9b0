import { describe, expect, it } from 'vitest';
import { parseTemplate } from '../../../src/sandbox/template.ts';
import { resolveParameters } from '../../../src/sandbox/template-parameters.ts';

const template = parseTemplate(
  String.raw`
Parameters:
  Mail: { Type: String, Default: '', AllowedPattern: '^$|^[^@\s]+@[^@\s]+$', ConstraintDescription: 'must be an e-mail address, or empty' }
  Account: { Type: String, Default: '111122223333', AllowedPattern: '[0-9]{12}' }
  Level: { Type: String, Default: info, AllowedValues: [debug, info] }
  Days: { Type: Number, Default: 7, AllowedValues: [7, 14] }
  Minutes: { Type: Number, Default: 5, MinValue: 2, MaxValue: 10 }
  Name: { Type: String, Default: abc, MinLength: 2, MaxLength: 4 }
  Secret: { Type: String, Default: abc, NoEcho: true, MinLength: 2 }
  Regions: { Type: CommaDelimitedList, Default: '' }
  Units: { Type: CommaDelimitedList, Default: 'ou-a, ou-b', AllowedPattern: 'ou-[a-z]' }
  Numbers: { Type: List<Number>, Default: '1,2', MaxValue: 5 }
Resources: {}
`,
  'parameters.yaml',
);

describe('parameters', () => {
  it('have their defaults, and lists are split, an empty text into one empty member', () => {
    expect(resolveParameters(template, {})).toMatchObject({
      Mail: '',
      Days: '7',
      Regions: [''],
      Units: ['ou-a', 'ou-b'],
      Numbers: ['1', '2'],
    });
  });

  it.each([
    ['Mail', 'me@example.com'],
    ['Account', '444455556666'],
    ['Days', '14'],
    ['Minutes', '2'],
    ['Minutes', '10'],
    ['Name', 'abcd'],
    ['Numbers', '5, 4.5'],
  ])('%s may be %s', (name, value) => {
    expect(() => resolveParameters(template, { [name]: value })).not.toThrow();
  });

  it.each([
    [
      'Mail',
      'nobody',
      'Parameter Mail failed to satisfy constraint: must be an e-mail address, or empty; its value is "nobody"',
    ],
    ['Account', 'x444455556666', 'Parameter Account must match pattern [0-9]{12}; its value is "x444455556666"'],
    ['Level', 'loud', 'Parameter Level must be one of AllowedValues: debug, info; its value is "loud"'],
    ['Days', '8', 'Parameter Days must be one of AllowedValues: 7, 14'],
    ['Minutes', '1', 'Parameter Minutes must be a number not less than 2'],
    ['Minutes', '11', 'Parameter Minutes must be a number not greater than 10'],
    ['Minutes', 'five', 'Parameter Minutes must be a number; its value is "five"'],
    ['Minutes', '', 'Parameter Minutes must be a number'],
    ['Name', 'a', 'Parameter Name must contain at least 2 characters'],
    ['Name', 'abcde', 'Parameter Name must contain at most 4 characters'],
    ['Secret', 'x', 'Parameter Secret must contain at least 2 characters; its value is ****'],
    ['Units', 'ou-a,x', 'Parameter Units must match pattern ou-[a-z]; its value is "x"'],
    ['Numbers', '1,6', 'Parameter Numbers must be a number not greater than 5; its value is "6"'],
  ])('%s may not be %j', (name, value, message) => {
    expect(() => resolveParameters(template, { [name]: value })).toThrow(message);
  });

  it('without a value, and those that there are not, are refused', () => {
    const other = parseTemplate('Parameters: { Needed: { Type: String } }\nResources: {}', 'other.yaml');
    expect(() => resolveParameters(other, {})).toThrow('The parameter Needed has no default and no value was given');
    expect(() => resolveParameters(other, { Wanted: '1' })).toThrow(
      'The template has no parameter Wanted; it has Needed',
    );
  });

  it('whose pattern is none are told apart from values that do not fit', () => {
    const broken = parseTemplate(
      "Parameters: { A: { Type: String, Default: a, AllowedPattern: '(' } }\nResources: {}",
      'broken.yaml',
    );
    expect(() => resolveParameters(broken, {})).toThrow('The AllowedPattern ( is no regular expression');
  });
});
