import type { FunctionConfiguration, GetFunctionResponse } from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { account, createTestAccount, functionPath, region, zip } from './account.ts';

describe('updating a configuration', () => {
  it('changes only what was sent', async () => {
    const aws = createTestAccount();
    const layer = await aws.publishLayer('tracing');
    await aws.active('orders', { Environment: { Variables: { STAGE: 'prod' } }, Layers: [layer], Description: 'old' });
    await aws.update('orders', { Timeout: 30 });
    aws.settle();
    expect(await aws.configuration('orders')).toMatchObject({
      Timeout: 30,
      Description: 'old',
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Environment: { Variables: { STAGE: 'prod' } },
      Layers: [{ Arn: layer }],
    });
  });

  it('replaces variables and layers whole, and keeps their order', async () => {
    const aws = createTestAccount();
    const [first, second] = [await aws.publishLayer('first'), await aws.publishLayer('second')];
    await aws.active('orders', { Environment: { Variables: { STAGE: 'prod', DEBUG: '1' } }, Layers: [first] });
    await aws.update('orders', { Environment: { Variables: { ZONE: 'a', ALPHA: 'b' } }, Layers: [second, first] });
    const told = await aws.configuration('orders');
    expect(Object.entries(told.Environment?.Variables ?? {})).toEqual([
      ['ZONE', 'a'],
      ['ALPHA', 'b'],
    ]);
    expect(told.Layers?.map((each) => each.Arn)).toEqual([second, first]);
  });

  it('answers byte for byte as before, but for revision and time, when additions are taken off', async () => {
    const aws = createTestAccount();
    await aws.active('orders', { Tags: { team: 'checkout' } });
    const before = await aws.get('orders');
    const layer = await aws.publishLayer('tracing');
    await aws.update('orders', {
      Environment: { Variables: { TOKEN: 'x' } },
      Layers: [layer],
      Handler: 'wrap.handler',
    });
    aws.settle();
    await aws.update('orders', { Environment: { Variables: {} }, Layers: [], Handler: 'index.handler' });
    aws.settle();
    const after = await aws.get('orders');
    const unchanging = (told: GetFunctionResponse) =>
      JSON.stringify({ ...told, Configuration: { ...told.Configuration, RevisionId: '', LastModified: '' } });
    expect(unchanging(after)).toBe(unchanging(before));
    expect(after.Configuration?.RevisionId).not.toBe(before.Configuration?.RevisionId);
  });

  it('takes an Environment without Variables for no change', async () => {
    const aws = createTestAccount();
    await aws.active('orders', { Environment: { Variables: { STAGE: 'prod' } } });
    await aws.update('orders', { Environment: {} });
    expect((await aws.configuration('orders')).Environment?.Variables).toEqual({ STAGE: 'prod' });
  });

  it('is in progress for its time, then successful, with a new revision at each step', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const before = await aws.configuration('orders');
    const updated = await aws.update('orders', { Timeout: 5 });
    expect(updated).toMatchObject({
      State: 'Active',
      LastUpdateStatus: 'InProgress',
      LastUpdateStatusReasonCode: 'Creating',
    });
    aws.settle();
    const after = await aws.configuration('orders');
    expect(after.LastUpdateStatus).toBe('Successful');
    expect(after).not.toHaveProperty('LastUpdateStatusReason');
    expect(new Set([before.RevisionId, updated.RevisionId, after.RevisionId]).size).toBe(3);
  });

  it('refuses with 409 while the function is pending, and while an update is in progress', async () => {
    const aws = createTestAccount();
    await aws.create('orders');
    expect(await aws.refusedUpdate('orders', { Timeout: 5 })).toMatchObject({
      code: 'ResourceConflictException',
      status: 409,
      message:
        'The operation cannot be performed at this time. The function is currently in the following state: Pending',
    });
    aws.settle();
    await aws.update('orders', { Timeout: 5 });
    const message = `The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:${region}:${account}:function:orders`;
    expect(await aws.refusedUpdate('orders', { Timeout: 6 })).toMatchObject({ status: 409, message });
    const code = { body: { ZipFile: zip } };
    expect(await aws.refusal('PUT', functionPath('orders', '/code'), code)).toMatchObject({ status: 409, message });
    expect(await aws.refusal('POST', functionPath('orders', '/versions'))).toMatchObject({ status: 409, message });
    expect((await aws.configuration('orders')).Timeout).toBe(5);
  });

  it('refuses a revision that is not the latest, and takes the one that is', async () => {
    const aws = createTestAccount();
    const created = await aws.active('orders');
    expect(await aws.refusedUpdate('orders', { Timeout: 5, RevisionId: created.RevisionId })).toMatchObject({
      code: 'PreconditionFailedException',
      status: 412,
      message:
        'The Revision Id provided does not match the latest Revision Id. ' +
        'Call the GetFunction/GetAlias API to retrieve the latest Revision Id',
    });
    const { RevisionId } = await aws.configuration('orders');
    await aws.update('orders', { Timeout: 5, RevisionId });
    expect((await aws.configuration('orders')).Timeout).toBe(5);
  });

  it('refuses a qualified name', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    expect(await aws.refusedUpdate('orders:1', { Timeout: 5 })).toMatchObject({
      message: expect.stringMatching(/^This operation is permitted on Lambda functions only/),
    });
  });

  const bad = [
    ['a name that starts with a digit', { '1A': 'x' }, 'ValidationException'],
    ['a name of one letter', { A: 'x' }, 'ValidationException'],
    ['a reserved name', { AWS_REGION: 'x' }, 'InvalidParameterValueException'],
  ] as const;
  it.each(bad)('refuses variables with %s', async (_what, Variables, code) => {
    const aws = createTestAccount();
    await aws.active('orders');
    expect(await aws.refusedUpdate('orders', { Environment: { Variables } })).toMatchObject({ code, status: 400 });
  });

  it('takes AWS_LAMBDA_EXEC_WRAPPER, which is not reserved', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    await aws.update('orders', { Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/wrap' } } });
    expect((await aws.configuration('orders')).Environment?.Variables).toEqual({
      AWS_LAMBDA_EXEC_WRAPPER: '/opt/wrap',
    });
  });

  it('measures variables as JSON in bytes: 4,096 pass, one more does not', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const most = { KEY: 'x'.repeat(4096 - '{"KEY":""}'.length) };
    await aws.update('orders', { Environment: { Variables: most } });
    aws.settle();
    const more = { KEY: `${most.KEY.slice(1)}é` };
    expect(JSON.stringify(more)).toHaveLength(4096);
    expect(await aws.refusedUpdate('orders', { Environment: { Variables: more } })).toMatchObject({
      code: 'InvalidParameterValueException',
      status: 400,
      message:
        'Lambda was unable to configure your environment variables because the environment variables you have ' +
        `provided exceeded the 4KB limit. String measured: ${JSON.stringify(more)}`,
    });
    expect((await aws.configuration('orders')).Environment?.Variables).toEqual(most);
  });

  it('refuses bodies that are no JSON, and members of another type', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    expect(await aws.refusedUpdate('orders', { Timeout: 'long' })).toMatchObject({ code: 'SerializationException' });
    const request = { service: 'lambda', region, method: 'PUT', path: functionPath('orders', '/configuration') };
    const caller = { accountId: account, accessKeyId: 'AKIA', userIdentity: {} };
    const body = Buffer.from('{"Environment": {"Variables": {"TOKEN": "hunter2" oops');
    const send = () => aws.lambda.handle({ ...request, caller, query: new URLSearchParams(), headers: {}, body });
    expect(send).toThrow(expect.objectContaining({ code: 'InvalidRequestContentException', status: 400 }));
    expect(JSON.stringify(aws.records)).not.toContain('hunter2');
  });
});

describe('updating code', () => {
  it('gives the package another hash and size, and leaves the configuration', async () => {
    const aws = createTestAccount();
    await aws.active('orders', { Environment: { Variables: { STAGE: 'prod' } } });
    const before = await aws.configuration('orders');
    const body = { ZipFile: Buffer.from('other code').toString('base64'), Architectures: ['arm64'] };
    const updated = await aws.call<FunctionConfiguration>('PUT', functionPath('orders', '/code'), { body });
    expect(updated).toMatchObject({ CodeSize: 10, LastUpdateStatus: 'InProgress', Architectures: ['arm64'] });
    expect(updated.CodeSha256).not.toBe(before.CodeSha256);
    expect(updated.Environment).toEqual(before.Environment);
  });

  it('publishes on request: answers the new version Pending, and has $LATEST in progress', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const arn = `arn:aws:lambda:${region}:${account}:function:orders`;
    const body = { ZipFile: zip, Publish: true };
    const answered = await aws.call<FunctionConfiguration>('PUT', functionPath('orders', '/code'), { body });
    expect(answered).toMatchObject({ FunctionArn: `${arn}:1`, Version: '1', State: 'Pending' });
    expect(answered).not.toHaveProperty('LastUpdateStatus');
    expect(await aws.configuration('orders')).toMatchObject({ State: 'Active', LastUpdateStatus: 'InProgress' });
    aws.settle();
    expect(await aws.configuration('orders:1')).toMatchObject({ State: 'Active', LastUpdateStatus: 'Successful' });
  });

  it('changes nothing on a dry run', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const before = await aws.configuration('orders');
    const body = { ZipFile: Buffer.from('other code').toString('base64'), DryRun: true };
    expect((await aws.call<FunctionConfiguration>('PUT', functionPath('orders', '/code'), { body })).CodeSize).toBe(10);
    expect(await aws.configuration('orders')).toEqual(before);
  });
});

describe('deleting a function', () => {
  it('takes it away, also while a transition is under way', async () => {
    const aws = createTestAccount();
    await aws.create('orders', { Tags: { team: 'checkout' } });
    await aws.call('DELETE', functionPath('orders'));
    aws.settle();
    expect(await aws.refusal('GET', functionPath('orders'))).toMatchObject({ status: 404 });
    expect(aws.lambda.taggedFunctions(account, region)).toEqual([]);
    await aws.create('orders');
    expect((await aws.configuration('orders')).State).toBe('Pending');
  });

  it('refuses to delete $LATEST alone', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const query = { Qualifier: '$LATEST' };
    expect(await aws.refusal('DELETE', functionPath('orders'), { query })).toMatchObject({
      message: '$LATEST version cannot be deleted without deleting the function.',
    });
  });
});

describe('invoking a function', () => {
  it('says that there is no data plane', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    expect(await aws.refusal('POST', functionPath('orders', '/invocations'))).toMatchObject({
      status: 501,
      message: expect.stringContaining('has no data plane'),
    });
  });
});
