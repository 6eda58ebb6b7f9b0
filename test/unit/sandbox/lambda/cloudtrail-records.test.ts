import { describe, expect, it } from 'vitest';
import { account, createTestAccount, functionPath, region, role, tagsPath, zip } from './account.ts';

const arn = `arn:aws:lambda:${region}:${account}:function:orders`;

describe('the CloudTrail record', () => {
  it('of a creation has tags and an empty environment, no code, and what was answered', async () => {
    const aws = createTestAccount();
    const members = { Tags: { 'layerward:protect': 'on' }, Environment: { Variables: { TOKEN: 'hunter2' } } };
    const created = await aws.create('orders', members);
    expect(aws.records).toHaveLength(1);
    expect(aws.record()).toEqual({
      eventVersion: '1.11',
      userIdentity: {
        type: 'IAMUser',
        arn: `arn:aws:iam::${account}:user/jane`,
        accountId: account,
        userName: 'jane',
      },
      eventTime: '2026-11-02T08:00:00Z',
      eventSource: 'lambda.amazonaws.com',
      eventName: 'CreateFunction20150331',
      awsRegion: region,
      sourceIPAddress: '127.0.0.1',
      userAgent: 'aws-cli/2.32.3',
      requestParameters: {
        functionName: 'orders',
        runtime: 'nodejs24.x',
        handler: 'index.handler',
        role,
        code: {},
        tags: { 'layerward:protect': 'on' },
        environment: {},
      },
      responseElements: expect.objectContaining({
        functionName: 'orders',
        functionArn: arn,
        environment: {},
        revisionId: created.RevisionId,
        state: 'Pending',
        stateReasonCode: 'Creating',
        snapStart: { applyOn: 'None', optimizationStatus: 'Off' },
        tracingConfig: { mode: 'PassThrough' },
        version: '$LATEST',
      }),
      requestID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      eventID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      readOnly: false,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: account,
      eventCategory: 'Management',
      tlsDetails: {
        tlsVersion: 'TLSv1.3',
        cipherSuite: 'TLS_AES_128_GCM_SHA256',
        clientProvidedHostHeader: `lambda.${region}.amazonaws.com`,
      },
    });
  });

  it('of an update has layers as ARNs in the request, as objects in the response, and the name as it was given', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const layer = await aws.publishLayer('tracing');
    await aws.update(arn, { Layers: [layer] });
    expect(aws.record()).toMatchObject({
      eventName: 'UpdateFunctionConfiguration20150331v2',
      requestParameters: { functionName: arn, layers: [layer], environment: {} },
      responseElements: {
        layers: [{ arn: layer, codeSize: expect.any(Number), uncompressedCodeSize: expect.any(Number) }],
        environment: {},
        lastUpdateStatus: 'InProgress',
        lastUpdateStatusReasonCode: 'Creating',
      },
    });
  });

  it('of published code has the qualified ARN', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    await aws.call('PUT', functionPath('orders', '/code'), { body: { ZipFile: zip, Publish: true } });
    expect(aws.record()).toMatchObject({
      eventName: 'UpdateFunctionCode20150331v2',
      requestParameters: {
        functionName: 'orders',
        publish: true,
        dryRun: false,
        fullyQualifiedArn: { arnPrefix: { account, region }, relativeId: { functionName: 'orders' } },
      },
      responseElements: { functionArn: `${arn}:1`, version: '1', state: 'Pending', environment: {} },
    });
    expect(aws.record()['requestParameters']).not.toHaveProperty('zipFile');
  });

  it('of a deletion, of tagging and untagging has no response', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    await aws.call('POST', tagsPath('orders'), { body: { Tags: { Team: 'checkout' } } });
    expect(aws.record()).toMatchObject({
      eventName: 'TagResource20170331v2',
      requestParameters: { resource: arn, tags: { Team: 'checkout' } },
      responseElements: null,
    });
    const query = new URLSearchParams([
      ['tagKeys', 'Team'],
      ['tagKeys', 'stage'],
    ]);
    await aws.call('DELETE', tagsPath('orders'), { query });
    expect(aws.record()).toMatchObject({
      eventName: 'UntagResource20170331v2',
      requestParameters: { resource: arn, tagKeys: ['Team', 'stage'] },
      responseElements: null,
    });
    await aws.call('DELETE', functionPath('orders'));
    expect(aws.record()).toMatchObject({
      eventName: 'DeleteFunction20150331',
      requestParameters: { functionName: 'orders' },
      responseElements: null,
    });
  });

  it('of a read says readOnly and answers nothing', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    await aws.get('orders');
    expect(aws.record()).toMatchObject({
      eventName: 'GetFunction20150331v2',
      readOnly: true,
      requestParameters: { functionName: 'orders' },
      responseElements: null,
    });
    await aws.call('GET', '/2015-03-31/functions', { query: { MaxItems: '5' } });
    expect(aws.record()).toMatchObject({ eventName: 'ListFunctions20150331', requestParameters: { maxItems: 5 } });
    await aws.call('GET', '/2015-03-31/functions');
    expect(aws.record()['requestParameters']).toBeNull();
  });

  it('of a refused call keeps what was asked, and names the error', async () => {
    const aws = createTestAccount();
    await aws.refusedUpdate('orders', { Timeout: 9 });
    expect(aws.record()).toMatchObject({
      errorCode: 'ResourceNotFoundException',
      errorMessage: `Function not found: ${arn}`,
      requestParameters: { functionName: 'orders', timeout: 9, environment: {} },
      responseElements: null,
    });
  });

  it('of a call that was not allowed has neither half', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    await aws.refusedUpdate('orders', { Layers: [`arn:aws:lambda:${region}:800880067056:layer:agent:1`] });
    expect(aws.record()).toMatchObject({
      errorCode: 'AccessDenied',
      errorMessage: expect.stringContaining('is not authorized to perform: lambda:GetLayerVersion'),
      requestParameters: null,
      responseElements: null,
    });
  });

  it('of a call by a service names the service, and no connection', async () => {
    const aws = createTestAccount();
    const identity = { type: 'AWSService', invokedBy: 'cloudformation.amazonaws.com' };
    await aws.refusal('DELETE', functionPath('orders'), { identity });
    expect(aws.record()).toMatchObject({
      sourceIPAddress: 'cloudformation.amazonaws.com',
      userAgent: 'cloudformation.amazonaws.com',
    });
    expect(aws.record()).not.toHaveProperty('tlsDetails');
  });

  it('is written for publishing versions and layers, and not for data events', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    await aws.call('POST', functionPath('orders', '/versions'), { body: { Description: 'one' } });
    expect(aws.record()).toMatchObject({
      eventName: 'PublishVersion20150331',
      requestParameters: { functionName: 'orders', description: 'one' },
      responseElements: { functionArn: `${arn}:1`, version: '1', environment: {} },
    });
    await aws.publishLayer('tracing');
    expect(aws.record()).toMatchObject({
      eventName: 'PublishLayerVersion20181031',
      requestParameters: { layerName: 'tracing', content: {} },
      responseElements: { version: 1, content: { codeSize: expect.any(Number) } },
    });
    expect(JSON.stringify(aws.record())).not.toContain('X-Amz-Signature');
    const before = aws.records.length;
    await aws.refusal('POST', functionPath('orders', '/invocations'), { body: { secret: 'hunter2' } });
    expect(aws.records).toHaveLength(before);
  });

  it('never holds a value of a variable, whatever becomes of the call', async () => {
    const aws = createTestAccount();
    const secret = 'hunter2';
    const variables = { Environment: { Variables: { TOKEN: secret, LONG: 'x'.repeat(5000) } } };
    await aws.active('orders', { Environment: { Variables: { TOKEN: secret } } });
    await aws.get('orders');
    await aws.update('orders', { Environment: { Variables: { TOKEN: secret } } });
    await aws.refusedUpdate('orders', { Environment: { Variables: { TOKEN: secret } } });
    aws.settle();
    expect((await aws.refusedUpdate('orders', variables)).message).toContain(secret);
    await aws.refusedUpdate('orders', { Environment: { Variables: { '1': secret } } });
    await aws.refusedUpdate('orders', { Environment: { Variables: [secret] } });
    await aws.refusedUpdate('orders', { Environment: secret });
    await aws.refusedUpdate('orders', { environment: { Variables: { TOKEN: secret } }, Timeout: 0 });
    await aws.refusedUpdate('nowhere', variables);
    await aws.call('POST', functionPath('orders', '/versions'));
    expect(aws.records.length).toBeGreaterThan(9);
    expect(JSON.stringify(aws.records)).not.toContain(secret);
  });
});
