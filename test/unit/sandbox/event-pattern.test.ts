import { describe, expect, it } from 'vitest';
import { compilePattern, InvalidEventPatternError, matchesPattern } from '../../../src/sandbox/event-pattern.ts';

const record = {
  version: '0',
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.lambda',
  account: '111122223333',
  region: 'eu-west-1',
  resources: [],
  detail: {
    eventName: 'UpdateFunctionConfiguration20150331v2',
    userIdentity: { type: 'IAMUser', userName: 'alice' },
    sourceIPAddress: '192.0.2.7',
    requestParameters: { layers: ['arn:one', 'arn:two'], timeout: 30, ratio: 0.5, dry: false, note: null, empty: '' },
    responseElements: null,
  },
};

const inDetail = (detail: unknown) => ({ detail });
const parameter = (name: string, ...conditions: unknown[]) => inDetail({ requestParameters: { [name]: conditions } });

describe('an event pattern matches', () => {
  it.each([
    ['an exact text', { source: ['aws.lambda'] }],
    ['any one of several texts', { source: ['aws.ec2', 'aws.lambda'] }],
    ['a prefix', { region: [{ prefix: 'eu-' }] }],
    ['the empty prefix on any text', parameter('empty', { prefix: '' })],
    ['a prefix without regard to case', { region: [{ prefix: { 'equals-ignore-case': 'EU-' } }] }],
    ['a suffix', inDetail({ eventName: [{ suffix: 'v2' }] })],
    ['a suffix without regard to case', inDetail({ eventName: [{ suffix: { 'equals-ignore-case': 'V2' } }] })],
    ['a text without regard to case', { source: [{ 'equals-ignore-case': 'AWS.Lambda' }] }],
    ['a wildcard in the middle', inDetail({ eventName: [{ wildcard: 'Update*Configuration*' }] })],
    ['a wildcard for nothing', { source: [{ wildcard: 'aws.lambda*' }] }],
    ['anything but another text', { source: [{ 'anything-but': 'aws.ec2' }] }],
    ['anything but other texts', { source: [{ 'anything-but': ['aws.ec2', 'aws.s3'] }] }],
    ['anything but another number', parameter('timeout', { 'anything-but': [3, 900] })],
    ['anything but a text, for a number', parameter('timeout', { 'anything-but': ['30'] })],
    ['anything but a number, for a text', { source: [{ 'anything-but': 30 }] }],
    ['anything but a text, for null', parameter('note', { 'anything-but': ['null'] })],
    ['anything but another prefix', { source: [{ 'anything-but': { prefix: 'custom.' } }] }],
    ['anything but several suffixes', { source: [{ 'anything-but': { suffix: ['.ec2', '.s3'] } }] }],
    ['anything but a text in another case', { source: [{ 'anything-but': { 'equals-ignore-case': 'AWS.EC2' } }] }],
    ['anything but a wildcard', { source: [{ 'anything-but': { wildcard: 'custom.*' } }] }],
    ['a number, however it is written', parameter('timeout', 3.0e1)],
    ['a numeric range', parameter('timeout', { numeric: ['>', 0, '<=', 30] })],
    ['a numeric equality', parameter('ratio', { numeric: ['=', 0.5] })],
    ['a boolean', parameter('dry', false)],
    ['null', inDetail({ responseElements: [null] })],
    ['a present field', inDetail({ userIdentity: { userName: [{ exists: true }] } })],
    ['a present null', parameter('note', { exists: true })],
    ['an absent field', inDetail({ errorCode: [{ exists: false }] })],
    [
      'an absent field below an absent object',
      inDetail({ userIdentity: { sessionContext: { sessionIssuer: { arn: [{ exists: false }] } } } }),
    ],
    ['the absence of a leaf where there is an object', inDetail({ userIdentity: [{ exists: false }] })],
    ['the absence of an empty array', { resources: [{ exists: false }] }],
    ['any element of an array', parameter('layers', 'arn:two')],
    ['anything but one element, if there is another', parameter('layers', { 'anything-but': 'arn:one' })],
    ['an address in a block', inDetail({ sourceIPAddress: [{ cidr: '192.0.2.0/24' }] })],
    ['a path that is written with dots', { 'detail.userIdentity.userName': ['alice'] }],
    ['either branch of $or', { $or: [{ source: ['aws.ec2'] }, { region: ['eu-west-1'] }] }],
    [
      'a nested $or',
      inDetail({
        $or: [
          { errorCode: [{ exists: true }] },
          { userIdentity: { $or: [{ type: ['Root'] }, { type: ['IAMUser'] }] } },
        ],
      }),
    ],
  ])('%s', (_what, pattern) => {
    expect(matchesPattern(pattern, record)).toBe(true);
  });
});

describe('an event pattern does not match', () => {
  it.each([
    ['a text in another case', { source: ['AWS.Lambda'] }],
    ['a text for a number', parameter('timeout', '30')],
    ['a number for a text', { account: [111122223333] }],
    ['a prefix for a number', parameter('timeout', { prefix: '3' })],
    ['a suffix for a number', parameter('timeout', { suffix: '0' })],
    ['a wildcard for a number', parameter('timeout', { wildcard: '*' })],
    ['a text for null', inDetail({ responseElements: ['null'] })],
    ['anything but, where the field is absent', inDetail({ errorCode: [{ 'anything-but': 'AccessDenied' }] })],
    [
      'anything but a session issuer, for an IAM user',
      inDetail({ userIdentity: { sessionContext: { sessionIssuer: { arn: [{ 'anything-but': ['arn:x'] }] } } } }),
    ],
    ['anything but its prefix', { source: [{ 'anything-but': { prefix: 'aws.' } }] }],
    [
      'anything but its text in another case',
      { source: [{ 'anything-but': { 'equals-ignore-case': ['AWS.LAMBDA'] } }] },
    ],
    ['anything but a fitting wildcard', { source: [{ 'anything-but': { wildcard: ['a*a'] } }] }],
    ['anything but all elements of an array', parameter('layers', { 'anything-but': ['arn:one', 'arn:two'] })],
    ['a number outside of a range', parameter('timeout', { numeric: ['<', 30] })],
    ['a numeric range for a text', { account: [{ numeric: ['>', 0] }] }],
    ['presence of an object', inDetail({ userIdentity: [{ exists: true }] })],
    ['presence of an empty array', { resources: [{ exists: true }] }],
    ['absence of null', parameter('note', { exists: false })],
    ['an address outside of a block', inDetail({ sourceIPAddress: [{ cidr: '192.0.2.8/29' }] })],
    ['one field of two', { source: ['aws.lambda'], region: ['us-east-1'] }],
    ['no branch of $or', { $or: [{ source: ['aws.ec2'] }, { region: ['us-east-1'] }] }],
  ])('%s', (_what, pattern) => {
    expect(matchesPattern(pattern, record)).toBe(false);
  });

  it('anything that is not an object', () => {
    expect(matchesPattern({ a: [{ exists: false }] }, ['a'])).toBe(false);
  });
});

describe('fields of objects in an array', () => {
  const event = {
    items: [
      { name: 'a', size: 1 },
      { name: 'b', size: 2, tags: ['x', 'y'] },
    ],
  };

  it('have to come from the same element', () => {
    expect(matchesPattern({ items: { name: ['a'], size: [1] } }, event)).toBe(true);
    expect(matchesPattern({ items: { name: ['a'], size: [2] } }, event)).toBe(false);
  });

  it('are absent from the element that the other fields have chosen', () => {
    expect(matchesPattern({ items: { name: ['a'], tags: [{ exists: false }] } }, event)).toBe(true);
    expect(matchesPattern({ items: { name: ['b'], tags: [{ exists: false }] } }, event)).toBe(false);
  });

  it('may pick different plain values of one array', () => {
    expect(matchesPattern({ $or: [{ 'items.tags': ['z'] }, { items: { name: ['b'], tags: ['y'] } }] }, event)).toBe(
      true,
    );
  });

  it('keep to their element in arrays of arrays', () => {
    const nested = { rows: [[{ a: 1, b: 1 }], [{ a: 2, b: 2 }]] };
    expect(matchesPattern({ rows: { a: [1], b: [1] } }, nested)).toBe(true);
    expect(matchesPattern({ rows: { a: [1], b: [2] } }, nested)).toBe(false);
  });
});

describe('addresses', () => {
  it.each([
    ['2001:db8::/32', '2001:db8:1::5', true],
    ['2001:db8::/32', '2001:db9::', false],
    ['10.0.0.0/8', '10.255.255.255', true],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '::1', false],
    ['10.0.0.0/8', 'not an address', false],
  ])('%s holds %s: %s', (cidr, ip, expected) => {
    expect(matchesPattern({ ip: [{ cidr }] }, { ip })).toBe(expected);
  });

  it('match as addresses, not as texts', () => {
    expect(matchesPattern({ ip: ['::1'] }, { ip: '0:0:0:0:0:0:0:1' })).toBe(true);
  });
});

describe('quotes and escapes', () => {
  it.each([
    [{ wildcard: 'a\\*b' }, 'a*b', true],
    [{ wildcard: 'a\\*b' }, 'axb', false],
    [{ wildcard: '*a\\\\*' }, 'xa\\y', true],
    [{ wildcard: '*.(js|ts)' }, 'index.(js|ts)', true],
    [{ wildcard: 'a*a' }, 'a', false],
    [{ wildcard: '*' }, 'two\nlines', true],
    [{ prefix: 'whole"' }, 'whole', true],
    [{ suffix: '"whole' }, 'whole', true],
    [{ 'equals-ignore-case': 'ΣΑΣ.+' }, 'σασ.+', true],
    [{ 'equals-ignore-case': 'a.c' }, 'abc', false],
  ])('%j on %j: %s', (condition, value, expected) => {
    expect(matchesPattern({ value: [condition] }, { value })).toBe(expected);
  });
});

describe('a pattern is refused', () => {
  it.each([
    [[], 'Filter is not an object'],
    [{}, 'Empty objects are not allowed'],
    [{ detail: {} }, 'Empty objects are not allowed (at detail)'],
    [{ source: 'aws.lambda' }, '"source" must be an object or an array'],
    [{ source: [] }, 'Empty arrays are not allowed (at source)'],
    [{ source: [['aws.lambda']] }, 'Match value must be'],
    [{ source: [{ regex: '.*' }] }, 'Unrecognized match type regex (at source)'],
    [{ source: [{ prefix: 'a', suffix: 'b' }] }, 'Only one key allowed'],
    [{ source: [{}] }, 'Match expression name not found'],
    [{ source: [{ prefix: 1 }] }, 'prefix match pattern must be a string'],
    [{ source: [{ prefix: { wildcard: '*' } }] }, 'Unsupported prefix pattern: wildcard'],
    [{ source: [{ exists: 'yes' }] }, 'exists match pattern must be either true or false'],
    [{ source: [{ 'anything-but': [] }] }, 'Inside anything-but'],
    [{ source: [{ 'anything-but': ['a', 1] }] }, 'Inside anything-but'],
    [{ source: [{ 'anything-but': [null] }] }, 'Inside anything-but'],
    [{ source: [{ 'anything-but': { prefix: '' } }] }, 'Null prefix/suffix not allowed'],
    [{ source: [{ 'anything-but': { numeric: ['>', 1] } }] }, 'numeric match pattern must be a string'],
    [{ source: [{ numeric: ['>'] }] }, 'Value of > must be numeric'],
    [{ source: [{ numeric: ['<', 1, '>', 0] }] }, 'Too many elements'],
    [{ source: [{ numeric: ['>', 5, '<', 5] }] }, 'Bottom must be less than top'],
    [{ source: [{ numeric: ['!=', 5] }] }, 'Unrecognized numeric range operator: !='],
    [{ source: [{ wildcard: 'a**' }] }, 'Consecutive wildcard characters at pos 2'],
    [{ source: [{ wildcard: 'a\\b' }] }, 'Invalid escape character at pos 2'],
    [{ source: [{ cidr: '10.0.0.0' }] }, "Malformed CIDR, one '/' required"],
    [{ source: [{ cidr: '10.0.0.1/32' }] }, 'IPv4 mask bits must be < 32'],
    [{ source: [{ cidr: '10.0.0/8' }] }, 'Nonstandard IP address: 10.0.0'],
    [{ $or: { source: ['a'] } }, '$or must be an array'],
    [{ $or: [{ source: ['a'] }] }, 'There must be at least 2 objects in $or'],
    [{ $or: [{ source: ['a'] }, 'b'] }, 'Only objects are allowed in $or'],
    [{ $or: [{ source: ['a'] }, { prefix: ['b'] }] }, 'prefix is a reserved word'],
  ])('%j: %s', (pattern, reason) => {
    expect(() => compilePattern(pattern)).toThrow(InvalidEventPatternError);
    expect(() => compilePattern(pattern)).toThrow(reason);
  });
});
