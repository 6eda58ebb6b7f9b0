import { describe, expect, it } from 'vitest';
import { account, createTestAccount, functionPath, region, tagsPath } from './account.ts';

const arn = `arn:aws:lambda:${region}:${account}:function:orders`;

describe('tags', () => {
  it('are added, overwritten and taken off, and GetFunction leaves them out when there are none', async () => {
    const aws = createTestAccount();
    await aws.active('orders', { Tags: { team: 'checkout' } });
    await aws.call('POST', tagsPath('orders'), { body: { Tags: { team: 'billing', stage: 'prod' } } });
    expect((await aws.get('orders')).Tags).toEqual({ team: 'billing', stage: 'prod' });
    const query = new URLSearchParams([
      ['tagKeys', 'team'],
      ['tagKeys', 'stage'],
      ['tagKeys', 'never-there'],
    ]);
    await aws.call('DELETE', tagsPath('orders'), { query });
    expect(await aws.get('orders')).not.toHaveProperty('Tags');
    expect(await aws.call('GET', tagsPath('orders'))).toEqual({ Tags: {} });
  });

  it('give the function another revision when they change', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const before = (await aws.configuration('orders')).RevisionId;
    await aws.call('POST', tagsPath('orders'), { body: { Tags: { team: 'billing' } } });
    expect((await aws.configuration('orders')).RevisionId).not.toBe(before);
  });

  it('can change while an update is in progress', async () => {
    const aws = createTestAccount();
    await aws.create('orders');
    await aws.call('POST', tagsPath('orders'), { body: { Tags: { team: 'billing' } } });
    expect((await aws.get('orders')).Tags).toEqual({ team: 'billing' });
  });

  it('are told to whoever listens, with the keys that changed, and never when nothing did', async () => {
    const aws = createTestAccount();
    await aws.active('orders', { Tags: { team: 'checkout', stage: 'prod' } });
    await aws.call('POST', tagsPath('orders'), { body: { Tags: { team: 'checkout', stage: 'test', tier: '1' } } });
    await aws.call('POST', tagsPath('orders'), { body: { Tags: { team: 'checkout' } } });
    await aws.call('DELETE', tagsPath('orders'), { query: { tagKeys: 'tier' } });
    await aws.active('plain');
    expect(aws.tagChanges).toMatchObject([
      { resourceArn: arn, changedTagKeys: ['team', 'stage'], version: 1, service: 'lambda', resourceType: 'function' },
      { changedTagKeys: ['stage', 'tier'], tags: { team: 'checkout', stage: 'test', tier: '1' }, version: 2 },
      { changedTagKeys: ['tier'], tags: { team: 'checkout', stage: 'test' }, version: 3, account, region },
    ]);
    expect(aws.tagChanges).toHaveLength(3);
  });

  it('are listed for a tagging service, tagged functions only', async () => {
    const aws = createTestAccount();
    await aws.active('orders', { Tags: { team: 'checkout' } });
    await aws.active('plain');
    expect(aws.lambda.taggedFunctions(account, region)).toEqual([{ functionArn: arn, tags: { team: 'checkout' } }]);
    expect(aws.lambda.taggedFunctions(account, 'us-east-1')).toEqual([]);
    await aws.call('DELETE', tagsPath('orders'), { query: { tagKeys: 'team' } });
    expect(aws.lambda.taggedFunctions(account, region)).toEqual([]);
  });

  it('are refused on versions, on functions that are not there, on what is no ARN, and when there are none', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const tag = (name: string, Tags: object = { team: 'x' }) =>
      aws.refusal('POST', `/2017-03-31/tags/${encodeURIComponent(name)}`, { body: { Tags } });
    expect(await tag(`${arn}:1`)).toMatchObject({
      message: 'Tags on function aliases and versions are not supported. Please specify a function ARN.',
    });
    expect(await tag(`${arn}-2`)).toMatchObject({ status: 404, message: `Function not found: ${arn}-2` });
    expect(await tag('orders')).toMatchObject({ code: 'ValidationException' });
    expect(await tag(arn, {})).toMatchObject({ message: 'An error occurred and the request cannot be processed.' });
    expect(await aws.refusal('DELETE', tagsPath('orders'))).toMatchObject({
      message:
        "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null",
    });
    expect(await aws.refusal('GET', functionPath('nowhere'))).toMatchObject({ status: 404 });
  });

  it('are at most 50', async () => {
    const aws = createTestAccount();
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`key-${index}`, 'v']));
    await aws.active('orders', { Tags: many });
    expect(await aws.refusal('POST', tagsPath('orders'), { body: { Tags: { another: 'v' } } })).toMatchObject({
      code: 'InvalidParameterValueException',
      message: 'Number of tags exceeds resource tag limit.',
    });
    expect(Object.keys((await aws.get('orders')).Tags ?? {})).toHaveLength(50);
  });
});
