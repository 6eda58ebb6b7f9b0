import { describe, expect, it } from 'vitest';
import { formatLayerArn, isSameLayer, parseLayerArn } from '../../../src/domain/layer-arn.ts';

const text = 'arn:aws:lambda:eu-west-1:111122223333:layer:Team_metrics-2:17';
const parts = {
  partition: 'aws',
  region: 'eu-west-1',
  accountId: '111122223333',
  layerName: 'Team_metrics-2',
  version: 17,
};

describe('the ARN of a layer version', () => {
  it('is taken apart, and put together again', () => {
    expect(parseLayerArn(text)).toStrictEqual(parts);
    expect(formatLayerArn(parts)).toBe(text);
  });

  it.each(['aws-us-gov', 'aws-cn', 'aws-eusc'])('may be of the partition %s', (partition) => {
    expect(parseLayerArn(text.replace('aws', partition))?.partition).toBe(partition);
  });

  it('may have a name of 140 characters and a version of 9 digits', () => {
    const longest = `arn:aws:lambda:us-east-1:111122223333:layer:${'a'.repeat(140)}:999999999`;
    expect(parseLayerArn(longest)).toMatchObject({ layerName: 'a'.repeat(140), version: 999_999_999 });
  });

  it.each([
    ['nothing', ''],
    ['text before it', `x${text}`],
    ['text after it', `${text}x`],
    ['a line after it', `${text}\n`],
    ['no version', 'arn:aws:lambda:eu-west-1:111122223333:layer:metrics'],
    ['a version that is no number', 'arn:aws:lambda:eu-west-1:111122223333:layer:metrics:latest'],
    ['a version that is longer than any', 'arn:aws:lambda:eu-west-1:111122223333:layer:metrics:1234567890'],
    ['a function', 'arn:aws:lambda:eu-west-1:111122223333:function:metrics:1'],
    ['an account that is too short', 'arn:aws:lambda:eu-west-1:11112222333:layer:metrics:1'],
    ['an account that is no number', 'arn:aws:lambda:eu-west-1:11112222333x:layer:metrics:1'],
    ['another partition', 'arn:azure:lambda:eu-west-1:111122223333:layer:metrics:1'],
    ['another service', 'arn:aws:s3:eu-west-1:111122223333:layer:metrics:1'],
    ['no region', 'arn:aws:lambda::111122223333:layer:metrics:1'],
    ['no name', 'arn:aws:lambda:eu-west-1:111122223333:layer::1'],
    ['a name with a dot', 'arn:aws:lambda:eu-west-1:111122223333:layer:a.b:1'],
    ['a name that is too long', `arn:aws:lambda:eu-west-1:111122223333:layer:${'a'.repeat(141)}:1`],
  ])('is not %s', (_, other) => {
    expect(parseLayerArn(other)).toBeUndefined();
  });
});

describe('two layer versions', () => {
  it('are of the same layer, whatever their versions', () => {
    expect(isSameLayer(parts, { ...parts, version: 18 })).toBe(true);
  });

  it.each([
    { partition: 'aws-cn' },
    { region: 'eu-west-2' },
    { accountId: '444455556666' },
    { layerName: 'team_metrics-2' },
  ])('are of different layers where %o', (difference) => {
    expect(isSameLayer(parts, { ...parts, ...difference })).toBe(false);
  });
});
