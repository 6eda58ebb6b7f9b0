import type { AddPermissionResponse, GetPolicyResponse } from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { account, createTestAccount, functionPath, region } from './account.ts';

describe('reserved concurrency', () => {
  it('is put, read and taken away, and leaves 100 of the account unreserved', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    await aws.active('bills');
    const put = (name: string, count: number) =>
      ['PUT', `/2017-10-31/functions/${name}/concurrency`, { body: { ReservedConcurrentExecutions: count } }] as const;
    await aws.call(...put('orders', 800));
    expect(await aws.refusal(...put('bills', 101))).toMatchObject({
      code: 'InvalidParameterValueException',
      message: expect.stringContaining('below its minimum value of [100]'),
    });
    await aws.call(...put('bills', 100));
    const read = '/2019-09-30/functions/orders/concurrency';
    expect(await aws.call('GET', read)).toEqual({ ReservedConcurrentExecutions: 800 });
    await aws.call('DELETE', '/2017-10-31/functions/orders/concurrency');
    expect(await aws.call('GET', read)).toEqual({});
    await aws.call(...put('bills', 900));
  });
});

describe("a function's policy", () => {
  it('gets statements, tells them, and gives the function another revision', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const before = await aws.configuration('orders');
    const path = functionPath('orders', '/policy');
    expect(await aws.refusal('GET', path)).toMatchObject({ status: 404 });
    const body = { StatementId: 's3', Action: 'lambda:InvokeFunction', Principal: 's3.amazonaws.com' };
    const added = await aws.call<AddPermissionResponse>('POST', path, {
      body: { ...body, SourceArn: 'arn:aws:s3:::bucket', RevisionId: before.RevisionId },
    });
    const statement = {
      Sid: 's3',
      Effect: 'Allow',
      Principal: { Service: 's3.amazonaws.com' },
      Action: 'lambda:InvokeFunction',
      Resource: `arn:aws:lambda:${region}:${account}:function:orders`,
      Condition: { ArnLike: { 'AWS:SourceArn': 'arn:aws:s3:::bucket' } },
    };
    expect(JSON.parse(added.Statement ?? '')).toEqual(statement);
    const policy = await aws.call<GetPolicyResponse>('GET', path);
    expect(JSON.parse(policy.Policy ?? '')).toEqual({ Version: '2012-10-17', Id: 'default', Statement: [statement] });
    expect((await aws.configuration('orders')).RevisionId).toBe(policy.RevisionId);
    expect(policy.RevisionId).not.toBe(before.RevisionId);
    expect(await aws.refusal('POST', path, { body })).toMatchObject({ code: 'ResourceConflictException' });
    const stale = { body: { ...body, StatementId: 'more', RevisionId: before.RevisionId } };
    expect(await aws.refusal('POST', path, stale)).toMatchObject({ status: 412 });
    await aws.call('DELETE', `${path}/s3`);
    expect(await aws.refusal('GET', path)).toMatchObject({ status: 404 });
  });
});

describe('unknown actions', () => {
  it('are refused with the path that nobody serves', async () => {
    const aws = createTestAccount();
    expect(await aws.refusal('GET', '/2015-03-31/event-source-mappings')).toMatchObject({
      code: 'UnknownOperationException',
      status: 404,
      message: expect.stringContaining('GET /2015-03-31/event-source-mappings'),
    });
  });
});
