import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../../src/sandbox/api.ts';
import { ConnectionLost, createLambda } from '../../../../src/sandbox/lambda/control-plane.ts';
import { account, createTestAccount, functionPath, otherAccount, region, role, tagsPath, zip } from './account.ts';
import { createManualClock } from './manual-clock.ts';

function refusedFaults(document: unknown): AwsError {
  const { lambda } = createTestAccount();
  try {
    lambda.faults.replace(document);
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
  throw new Error('the faults were expected to be refused');
}

describe('the document of faults', () => {
  it('is a healthy AWS with real quotas when it is empty', () => {
    const lambda = createLambda({ clock: createManualClock(), onRecord: () => {} });
    expect(lambda.faults.read()).toEqual({
      latencyMilliseconds: 0,
      calls: [],
      transitions: [],
      unreadableTags: [],
      unreadableEnvironments: [],
      retiredRuntimes: [],
      frozenRuntimes: [],
      signedLayers: [],
      edgeReplicas: [],
      quotas: { getFunction: 100, getPolicy: 15, controlPlane: 15 },
      timings: {},
      delivery: [],
    });
  });

  it.each([
    [{ call: [] }, /Unrecognized key: "call"/],
    [{ calls: [{ action: 'GetFunction', eror: {} }] }, /calls\.0: Unrecognized key: "eror"/],
    [{ calls: [{ action: 'GetFunction' }] }, /calls\.0: a call fault needs an effect/],
    [{ calls: [{ loseAnswer: true, error: { status: 500, code: 'x' } }] }, /exclude each other/],
    [{ calls: [{ loseAnswer: true, ratio: 5 }] }, /calls\.0\.ratio/],
    [{ seed: 'lucky' }, /seed/],
    [{ quotas: { getFunction: 'many' } }, /quotas/],
    [{ delivery: [{ effect: 'delay' }] }, /delayMilliseconds belongs to the effect delay/],
    [{ transitions: [{ outcome: 'Exploded' }] }, /transitions\.0\.outcome/],
    ['nothing', /faults: .*expected object/],
  ])('is refused as a whole when it is wrong: %j', (document, message) => {
    expect(refusedFaults(document)).toMatchObject({
      code: 'InvalidFaults',
      status: 400,
      message: expect.stringMatching(message),
    });
  });

  it('leaves the former faults in force when the new ones are refused', () => {
    const { lambda } = createTestAccount();
    lambda.faults.replace({ retiredRuntimes: ['nodejs12.x'] });
    expect(() => lambda.faults.replace({ retired: true })).toThrow(AwsError);
    expect(lambda.faults.read().retiredRuntimes).toEqual(['nodejs12.x']);
  });
});

describe('call faults', () => {
  it('refuse with the error that is given, before anything is done', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const error = { status: 429, code: 'TooManyRequestsException', message: 'Rate exceeded', retryAfterSeconds: 3 };
    aws.faults({ calls: [{ action: 'Update*', error }] });
    expect(await aws.refusedUpdate('orders', { Timeout: 9 })).toMatchObject({
      code: 'TooManyRequestsException',
      status: 429,
      message: 'Rate exceeded',
      headers: { 'Retry-After': '3' },
    });
    expect((await aws.configuration('orders')).Timeout).toBe(3);
  });

  it('skip some occasions, then fit a number of times, then are used up, which can be read', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const error = { status: 503, code: 'ServiceException' };
    aws.faults({ calls: [{ action: 'GetFunction', after: 1, times: 2, error }] });
    const statuses: number[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      await aws.get('orders').then(
        () => statuses.push(200),
        (refused: AwsError) => statuses.push(refused.status),
      );
    }
    expect(statuses).toEqual([200, 503, 503, 200, 200]);
    expect(aws.lambda.faults.read().calls).toMatchObject([{ after: 0, times: 0 }]);
  });

  it.each([
    ['function', { function: 'ord*' }],
    ['account', { account }],
    ['region', { region }],
    ['caller', { caller: '*:user/jane' }],
  ])('are limited to one %s', async (_what, scope) => {
    const aws = createTestAccount();
    await aws.active('orders');
    await aws.active('bills', {}, { account: otherAccount, region: 'us-east-1' });
    aws.faults({ calls: [{ action: 'GetFunction', ...scope, error: { status: 500, code: 'ServiceException' } }] });
    expect(await aws.refusal('GET', functionPath('orders'))).toMatchObject({ status: 500 });
    const elsewhere = { account: otherAccount, region: 'us-east-1', user: 'joe' };
    expect((await aws.get('bills', elsewhere)).Configuration?.FunctionName).toBe('bills');
  });

  it('find the function also in ARNs, in creations and in tag calls', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    aws.faults({ calls: [{ function: 'orders', error: { status: 418, code: 'Teapot' } }] });
    const arn = `arn:aws:lambda:${region}:${account}:function:orders`;
    expect(await aws.refusal('GET', functionPath(arn))).toMatchObject({ status: 418 });
    expect(await aws.refusal('POST', tagsPath('orders'), { body: { Tags: { a: 'b' } } })).toMatchObject({
      status: 418,
    });
    const body = { FunctionName: 'orders', Runtime: 'nodejs24.x', Handler: 'i.h', Role: role, Code: { ZipFile: zip } };
    expect(await aws.refusal('POST', '/2015-03-31/functions', { body })).toMatchObject({ status: 418 });
    expect(await aws.call('GET', '/2015-03-31/functions')).toMatchObject({ Functions: [{}] });
  });

  it('take effect and lose the answer, and the record is written', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    aws.faults({ calls: [{ action: 'UpdateFunctionConfiguration', times: 1, loseAnswer: true }] });
    await expect(aws.update('orders', { Timeout: 9 })).rejects.toThrow(ConnectionLost);
    expect(aws.record()).toMatchObject({ eventName: 'UpdateFunctionConfiguration20150331v2' });
    expect(aws.record()).not.toHaveProperty('errorCode');
    expect((await aws.configuration('orders')).Timeout).toBe(9);
  });

  it('lose no refusal: an AWS error comes through', async () => {
    const aws = createTestAccount();
    aws.faults({ calls: [{ loseAnswer: true }] });
    expect(await aws.refusal('GET', functionPath('orders'))).toMatchObject({ status: 404 });
  });

  it('are about Lambda, unless they name another service', () => {
    const { lambda } = createTestAccount();
    const onCall = (service: string) =>
      lambda.faults.onCall({ service, action: 'PutItem', account, region, callers: ['arn:aws:iam::1:user/jane'] });
    lambda.faults.replace({ calls: [{ error: { status: 500, code: 'ServiceException' } }] });
    expect([onCall('lambda').error?.code, onCall('dynamodb').error]).toEqual(['ServiceException', undefined]);
    lambda.faults.replace({ calls: [{ service: 'd*', action: 'Put*', error: { status: 500, code: 'Internal' } }] });
    expect([onCall('lambda').error, onCall('dynamodb').error?.code]).toEqual([undefined, 'Internal']);
  });

  describe('with a ratio and a seed', () => {
    const fault = { action: 'GetFunction', ratio: 0.2, error: { status: 500, code: 'ServiceException' } };
    const occasion = { service: 'lambda', action: 'GetFunction', account, region, callers: ['jane'] };
    const harmed = (document: unknown, calls = 1000) => {
      const { lambda } = createTestAccount();
      lambda.faults.replace(document);
      return Array.from({ length: calls }, () => lambda.faults.onCall(occasion).error !== undefined);
    };

    it('harm that share of the calls, the same ones for the same seed', () => {
      const first = harmed({ seed: 7, calls: [fault] });
      expect(harmed({ seed: 7, calls: [fault] })).toEqual(first);
      expect(harmed({ seed: 8, calls: [fault] })).not.toEqual(first);
      const share = first.filter(Boolean).length / first.length;
      expect(share).toBeGreaterThan(0.15);
      expect(share).toBeLessThan(0.25);
    });

    it('begin again when the faults are replaced, and leave each other’s chance alone', () => {
      const { lambda } = createTestAccount();
      const late = { service: 'lambda', loseAnswer: true, ratio: 0.5 };
      const errors = (document: unknown) => {
        lambda.faults.replace(document);
        return Array.from({ length: 50 }, () => lambda.faults.onCall(occasion).error?.code);
      };
      const first = errors({ seed: 7, calls: [fault] });
      expect(errors({ seed: 7, calls: [fault] })).toEqual(first);
      expect(errors({ seed: 7, calls: [fault, late] })).toEqual(first);
    });

    it('count only the calls that chance has chosen among their times', () => {
      expect(harmed({ seed: 7, calls: [{ ...fault, times: 3 }] }).filter(Boolean)).toHaveLength(3);
    });
  });

  it('hold a call back before it does anything', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    aws.faults({ calls: [{ action: 'UpdateFunctionConfiguration', latencyMilliseconds: 5000 }] });
    const update = aws.update('orders', { Timeout: 9 });
    aws.clock.advance(4999);
    expect((await aws.configuration('orders')).Timeout).toBe(3);
    aws.clock.advance(1);
    expect((await update).Timeout).toBe(9);
  });
});

describe('transition faults', () => {
  it('fail an update with AWS’s reason: the settings show, LastUpdateStatus tells that they have no effect', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const reason = { reasonCode: 'EniLimitExceeded', reason: 'No interface is left.' };
    aws.faults({ transitions: [{ function: 'orders', times: 1, outcome: 'Failed', ...reason }] });
    await aws.update('orders', { Timeout: 9 });
    aws.settle();
    expect(await aws.configuration('orders')).toMatchObject({
      State: 'Active',
      LastUpdateStatus: 'Failed',
      LastUpdateStatusReason: 'No interface is left.',
      LastUpdateStatusReasonCode: 'EniLimitExceeded',
      Timeout: 9,
    });
    await aws.update('orders', { Timeout: 10 });
    aws.settle();
    expect((await aws.configuration('orders')).LastUpdateStatus).toBe('Successful');
  });

  it('fail a creation', async () => {
    const aws = createTestAccount();
    const fault = { action: 'CreateFunction', outcome: 'Failed', reasonCode: 'ImageAccessDenied' } as const;
    aws.faults({ transitions: [fault] });
    await aws.active('orders');
    expect(await aws.configuration('orders')).toMatchObject({
      State: 'Failed',
      StateReasonCode: 'ImageAccessDenied',
      StateReason: expect.stringContaining('ECR'),
    });
  });

  it('keep a function pending, or in progress, until the fault is taken away', async () => {
    const aws = createTestAccount();
    await aws.active('bills');
    aws.faults({ transitions: [{ outcome: 'stuck' }] });
    await aws.create('orders');
    await aws.update('bills', { Timeout: 9 });
    aws.clock.advance(3_600_000);
    expect((await aws.configuration('orders')).State).toBe('Pending');
    expect((await aws.configuration('bills')).LastUpdateStatus).toBe('InProgress');
    aws.faults({});
    aws.settle();
    expect((await aws.configuration('orders')).State).toBe('Active');
    expect((await aws.configuration('bills')).LastUpdateStatus).toBe('Successful');
  });

  it('are beside timings, which can be set', async () => {
    const aws = createTestAccount();
    aws.faults({ timings: { pendingMilliseconds: 10_000 } });
    await aws.create('orders');
    aws.clock.advance(9999);
    expect((await aws.configuration('orders')).State).toBe('Pending');
    aws.clock.advance(1);
    expect((await aws.configuration('orders')).State).toBe('Active');
  });
});

describe('unreadable tags', () => {
  it('make GetFunction answer with TagsError, for the callers that are named', async () => {
    const aws = createTestAccount();
    await aws.active('orders', { Tags: { team: 'checkout' } });
    aws.faults({ unreadableTags: [{ caller: '*:user/joe' }] });
    const told = await aws.get('orders', { user: 'joe' });
    expect(told).not.toHaveProperty('Tags');
    expect(told.TagsError).toEqual({
      ErrorCode: 'AccessDeniedException',
      Message:
        `User: arn:aws:iam::${account}:user/joe is not authorized to perform: lambda:ListTags on resource: ` +
        `arn:aws:lambda:${region}:${account}:function:orders because no identity-based policy allows the ` +
        'lambda:ListTags action',
    });
    expect(await aws.refusal('GET', tagsPath('orders'), { user: 'joe' })).toMatchObject({ status: 403 });
    expect((await aws.get('orders', { user: 'jane' })).Tags).toEqual({ team: 'checkout' });
  });
});

describe('unreadable environments', () => {
  it('hide the variables from a caller in every answer, and let the same caller overwrite them', async () => {
    const aws = createTestAccount();
    await aws.active('orders', { Environment: { Variables: { TOKEN: 'hunter2' } } });
    aws.faults({ unreadableEnvironments: [{ function: 'orders', caller: '*:user/joe', message: 'KMS says no' }] });
    const joe = { user: 'joe' };
    const error = { Error: { ErrorCode: 'AccessDeniedException', Message: 'KMS says no' } };
    expect((await aws.get('orders', joe)).Configuration?.Environment).toEqual(error);
    expect((await aws.configuration('orders', joe)).Environment).toEqual(error);
    expect(await aws.call('GET', '/2015-03-31/functions', joe)).toMatchObject({ Functions: [{ Environment: error }] });
    expect((await aws.configuration('orders')).Environment?.Variables).toEqual({ TOKEN: 'hunter2' });
    expect((await aws.update('orders', { Environment: { Variables: { MINE: '1' } } }, joe)).Environment).toEqual(error);
    expect(aws.lambda.inspect(account, region, 'orders')?.latest.settings.Variables).toEqual({ MINE: '1' });
  });

  it('show nothing where there are no variables', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    aws.faults({ unreadableEnvironments: [{}] });
    expect(await aws.configuration('orders')).not.toHaveProperty('Environment');
  });
});

describe('retired and frozen runtimes', () => {
  const message =
    'The runtime parameter of nodejs12.x is no longer supported for creating or updating AWS Lambda functions. ' +
    'We recommend you use a supported runtime while creating or updating functions.';

  it('refuse creations, and updates only where Runtime is sent', async () => {
    const aws = createTestAccount();
    await aws.active('orders', { Runtime: 'nodejs12.x' });
    aws.faults({ retiredRuntimes: ['nodejs12.x'] });
    const body = { FunctionName: 'new', Runtime: 'nodejs12.x', Handler: 'i.h', Role: role, Code: { ZipFile: zip } };
    expect(await aws.refusal('POST', '/2015-03-31/functions', { body })).toMatchObject({
      code: 'InvalidParameterValueException',
      status: 400,
      message,
    });
    expect(await aws.refusedUpdate('orders', { Runtime: 'nodejs12.x', Timeout: 9 })).toMatchObject({ message });
    await aws.update('orders', { Timeout: 9 });
    aws.settle();
    expect((await aws.update('orders', { Runtime: 'nodejs24.x' })).Runtime).toBe('nodejs24.x');
  });

  it('refuse every update of configuration and code where they are frozen', async () => {
    const aws = createTestAccount();
    await aws.active('orders', { Runtime: 'nodejs12.x' });
    aws.faults({ frozenRuntimes: ['nodejs12.x'] });
    expect(await aws.refusedUpdate('orders', { Timeout: 9 })).toMatchObject({ message });
    const body = { ZipFile: zip };
    expect(await aws.refusal('PUT', functionPath('orders', '/code'), { body })).toMatchObject({ message });
  });
});

describe('edge replicas', () => {
  it('tell their master, and refuse updates and deletions', async () => {
    const aws = createTestAccount();
    await aws.active('viewer');
    await aws.active('orders');
    const masterArn = `arn:aws:lambda:us-east-1:${account}:function:viewer:3`;
    aws.faults({ edgeReplicas: [{ function: 'viewer', region, masterArn }] });
    expect((await aws.configuration('viewer')).MasterArn).toBe(masterArn);
    expect(await aws.configuration('orders')).not.toHaveProperty('MasterArn');
    expect(await aws.refusedUpdate('viewer', { Timeout: 9 })).toMatchObject({ code: 'InvalidParameterValueException' });
    expect(await aws.refusal('DELETE', functionPath('viewer'))).toMatchObject({
      message: expect.stringContaining('because it is a replicated function'),
    });
    const query = { FunctionVersion: 'ALL', MasterRegion: 'us-east-1' };
    expect(await aws.call('GET', '/2015-03-31/functions', { query })).toMatchObject({
      Functions: [{ FunctionName: 'viewer' }],
    });
  });
});

describe('delivery faults', () => {
  const event = { eventName: 'TagResource20170331v2', account, region };

  it('leave events alone when there are none', () => {
    const { lambda } = createTestAccount();
    expect(lambda.faults.onDelivery(event)).toEqual({ copies: 1, delayMilliseconds: 0, holdBack: false });
  });

  it('drop, duplicate, delay and reorder by count and by name', () => {
    const { lambda } = createTestAccount();
    lambda.faults.replace({
      delivery: [
        { effect: 'drop', times: 1 },
        { effect: 'duplicate', eventName: 'TagResource*', after: 1, times: 1 },
        { effect: 'delay', eventName: 'CreateFunction*', delayMilliseconds: 700 },
        { effect: 'reorder', account: otherAccount },
      ],
    });
    expect(lambda.faults.onDelivery(event).copies).toBe(0);
    expect(lambda.faults.onDelivery(event).copies).toBe(2);
    expect(lambda.faults.onDelivery(event).copies).toBe(1);
    expect(lambda.faults.onDelivery({ ...event, eventName: 'CreateFunction20150331' }).delayMilliseconds).toBe(700);
    expect(lambda.faults.onDelivery({ ...event, account: otherAccount }).holdBack).toBe(true);
  });

  it('harm a share of the events', () => {
    const throws = [0.1, 0.3, 0.24, 0.9];
    const { lambda } = createTestAccount({ random: () => throws.shift() ?? 1 });
    lambda.faults.replace({ delivery: [{ effect: 'drop', ratio: 0.25 }] });
    expect([1, 2, 3, 4].map(() => lambda.faults.onDelivery(event).copies)).toEqual([0, 1, 0, 1]);
  });
});
