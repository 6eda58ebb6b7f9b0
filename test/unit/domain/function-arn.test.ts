import { describe, expect, it } from 'vitest';
import { formatFunctionArn, parseFunctionArn, resolveFunctionName } from '../../../src/domain/function-arn.ts';

const text = 'arn:aws:lambda:eu-west-1:111122223333:function:Orders_2-live';
const parts = { partition: 'aws', region: 'eu-west-1', accountId: '111122223333', functionName: 'Orders_2-live' };

describe('the ARN of a function', () => {
  it('is taken apart, and put together again', () => {
    expect(parseFunctionArn(text)).toStrictEqual(parts);
    expect(formatFunctionArn(parts)).toBe(text);
  });

  it.each(['$LATEST', '7', 'live', 'Blue_green-1', 'a'.repeat(128)])('loses its qualifier %s', (qualifier) => {
    expect(parseFunctionArn(`${text}:${qualifier}`)).toStrictEqual(parts);
  });

  it.each([
    ['aws-us-gov', 'us-gov-west-1'],
    ['aws-cn', 'cn-northwest-1'],
    ['aws-eusc', 'eusc-de-east-1'],
    ['aws', 'ap-southeast-7'],
  ])('may be of the partition %s and the region %s', (partition, region) => {
    const arn = { ...parts, partition, region };
    expect(parseFunctionArn(formatFunctionArn(arn))).toStrictEqual(arn);
  });

  it('may have a name of 140 characters', () => {
    const functionName = 'a'.repeat(140);
    expect(parseFunctionArn(formatFunctionArn({ ...parts, functionName }))?.functionName).toBe(functionName);
  });

  it.each([
    ['nothing', ''],
    ['a name', 'orders'],
    ['text before it', `x${text}`],
    ['text after it', `${text}.`],
    ['text after its qualifier', `${text}:7.`],
    ['a line after it', `${text}\n`],
    ['an empty qualifier', `${text}:`],
    ['two qualifiers', `${text}:7:8`],
    ['a qualifier that is too long', `${text}:${'a'.repeat(129)}`],
    ['a qualifier that AWS does not have', `${text}:$NEWEST`],
    ['a layer', 'arn:aws:lambda:eu-west-1:111122223333:layer:orders:1'],
    ['an account that is too short', 'arn:aws:lambda:eu-west-1:11112222333:function:orders'],
    ['an account that is no number', 'arn:aws:lambda:eu-west-1:11112222333x:function:orders'],
    ['another partition', 'arn:azure:lambda:eu-west-1:111122223333:function:orders'],
    ['a partition with a digit', 'arn:aws2:lambda:eu-west-1:111122223333:function:orders'],
    ['no region', 'arn:aws:lambda::111122223333:function:orders'],
    ['a region of one word', 'arn:aws:lambda:europe:111122223333:function:orders'],
    ['a region that begins with one letter', 'arn:aws:lambda:e-west-1:111122223333:function:orders'],
    ['a region that begins with digits', 'arn:aws:lambda:12-west-1:111122223333:function:orders'],
    ['a region with capitals', 'arn:aws:lambda:eu-WEST-1:111122223333:function:orders'],
    ['a region that ends with a dash', 'arn:aws:lambda:eu-west-:111122223333:function:orders'],
    ['no function name', 'arn:aws:lambda:eu-west-1:111122223333:function:'],
    ['a function name with a dot', 'arn:aws:lambda:eu-west-1:111122223333:function:a.b'],
    ['a function name that is too long', `arn:aws:lambda:eu-west-1:111122223333:function:${'a'.repeat(141)}`],
  ])('is not %s', (_, other) => {
    expect(parseFunctionArn(other)).toBeUndefined();
  });
});

describe('what CloudTrail calls functionName', () => {
  const home = { partition: 'aws-cn', region: 'cn-north-1', accountId: '444455556666' };
  const atHome = { ...home, functionName: 'orders' };

  it.each(['orders', 'orders:7', 'orders:$LATEST', 'orders:live', 'function:orders', 'function:orders:live'])(
    '%s is the function of that name in the account and region of the record',
    (name) => {
      expect(resolveFunctionName(name, home)).toStrictEqual(atHome);
    },
  );

  it.each(['111122223333:function:orders', '111122223333:orders', '111122223333:function:orders:live'])(
    '%s is of the account that it names',
    (name) => {
      expect(resolveFunctionName(name, home)).toStrictEqual({ ...atHome, accountId: '111122223333' });
    },
  );

  it('is what it says where it is a whole ARN', () => {
    expect(resolveFunctionName(`${text}:7`, home)).toStrictEqual(parts);
  });

  it.each([
    ['nothing', ''],
    ['a path', '../orders'],
    ['a name with something before it', '.orders'],
    ['a name with something after it', 'orders.'],
    ['a name that is too long', 'a'.repeat(141)],
    ['an empty qualifier', 'orders:'],
    ['a qualifier that is too long', `orders:${'a'.repeat(129)}`],
    ['something before an account', 'x111122223333:function:orders'],
    ['another kind of thing', '111122223333:layer:orders:1'],
    ['something that begins as an ARN does', 'arn:live'],
    ['the ARN of a layer', 'arn:aws:lambda:eu-west-1:111122223333:layer:orders:1'],
  ])('is no function where it is %s', (_, name) => {
    expect(resolveFunctionName(name, home)).toBeUndefined();
  });

  it('is no function where the record is of no account or region that exists', () => {
    expect(resolveFunctionName('orders', { ...home, accountId: '' })).toBeUndefined();
    expect(resolveFunctionName('orders', { ...home, region: 'nowhere' })).toBeUndefined();
  });
});
