import { describe, expect, it } from 'vitest';
import { account, createTestAccount, functionPath, otherAccount, region, role, zip } from './account.ts';

describe('creating a function', () => {
  it('answers Pending, and the function is active after its time, with another revision', async () => {
    const aws = createTestAccount();
    const created = await aws.create('orders');
    expect(created).toMatchObject({
      FunctionName: 'orders',
      FunctionArn: `arn:aws:lambda:${region}:${account}:function:orders`,
      State: 'Pending',
      StateReason: 'The function is being created.',
      StateReasonCode: 'Creating',
      Version: '$LATEST',
      Timeout: 3,
      MemorySize: 128,
      PackageType: 'Zip',
      Architectures: ['x86_64'],
      TracingConfig: { Mode: 'PassThrough' },
      EphemeralStorage: { Size: 512 },
      LastModified: '2026-11-02T08:00:00.000+0000',
    });
    expect(created).not.toHaveProperty('Environment');
    expect(created).not.toHaveProperty('Layers');
    expect(created).not.toHaveProperty('LastUpdateStatus');
    aws.clock.advance(299);
    expect((await aws.configuration('orders')).State).toBe('Pending');
    aws.clock.advance(1);
    const ready = await aws.configuration('orders');
    expect(ready).toMatchObject({ State: 'Active', LastUpdateStatus: 'Successful' });
    expect(ready).not.toHaveProperty('StateReason');
    expect(ready.RevisionId).not.toBe(created.RevisionId);
  });

  it('tells tags, code and concurrency with GetFunction, and leaves out what there is none of', async () => {
    const aws = createTestAccount();
    await aws.active('orders', { Tags: { team: 'checkout' } });
    await aws.active('plain');
    await aws.call('PUT', '/2017-10-31/functions/orders/concurrency', { body: { ReservedConcurrentExecutions: 7 } });
    const told = await aws.get('orders');
    expect(told.Tags).toEqual({ team: 'checkout' });
    expect(told.Code?.RepositoryType).toBe('S3');
    expect(told.Code?.Location).toMatch(/^https:\/\/awslambda-eu-west-1-tasks\.s3\..*X-Amz-Signature=/);
    expect(told.Concurrency).toEqual({ ReservedConcurrentExecutions: 7 });
    expect(Object.keys(await aws.get('plain'))).toEqual(['Configuration', 'Code']);
  });

  it('allows runtimes that AWS has retired, as old organizations are full of them', async () => {
    const aws = createTestAccount();
    for (const runtime of ['python2.7', 'python3.7', 'python3.8', 'nodejs10.x', 'nodejs12.x', 'nodejs14.x']) {
      expect((await aws.create(`on-${runtime.replace('.', '-')}`, { Runtime: runtime })).Runtime).toBe(runtime);
    }
  });

  it('holds one name in two regions and two accounts apart', async () => {
    const aws = createTestAccount();
    await aws.active('orders', { Description: 'here' });
    await aws.active('orders', { Description: 'there' }, { region: 'mars-north-1' });
    await aws.active('orders', { Description: 'theirs' }, { account: otherAccount });
    expect((await aws.configuration('orders')).Description).toBe('here');
    expect(await aws.configuration('orders', { region: 'mars-north-1' })).toMatchObject({
      Description: 'there',
      FunctionArn: `arn:aws:lambda:mars-north-1:${account}:function:orders`,
    });
    expect((await aws.configuration('orders', { account: otherAccount })).Description).toBe('theirs');
  });

  const refusals = [
    [
      'a runtime that never was',
      { Runtime: 'nodejs99.x' },
      'InvalidParameterValueException',
      /^Value nodejs99.x at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: \[.*\] or be a valid ARN$/,
    ],
    ['a role that is no ARN', { Role: 'admin' }, 'ValidationException', /Value 'admin' at 'role'/],
    ['white space in the handler', { Handler: 'index handler' }, 'ValidationException', /'handler'.*\[\^\\s\]\+/],
    ['a handler of 129 characters', { Handler: 'h'.repeat(129) }, 'ValidationException', /less than or equal to 128/],
    [
      'two architectures',
      { Architectures: ['x86_64', 'arm64'] },
      'ValidationException',
      /Value '\[x86_64, arm64\]' at 'architectures'/,
    ],
    ['no handler', { Handler: undefined }, 'InvalidParameterValueException', /^Runtime and Handler are mandatory/],
    ['no code', { Code: {} }, 'InvalidParameterValueException', /^Please provide a source for function code/],
    [
      'a name of 65 characters',
      { FunctionName: 'f'.repeat(65) },
      'InvalidParameterValueException',
      /less than or equal to 64/,
    ],
    [
      '51 tags',
      { Tags: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, 'v'])) },
      'InvalidParameterValueException',
      /^Number of tags exceeds resource tag limit\.$/,
    ],
    [
      'a layer on an image',
      {
        PackageType: 'Image',
        Code: { ImageUri: 'x' },
        Runtime: undefined,
        Handler: undefined,
        Layers: [`arn:aws:lambda:${region}:${account}:layer:a:1`],
      },
      'InvalidParameterValueException',
      /^Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image\.$/,
    ],
  ] as const;
  it.each(refusals)('refuses %s', async (_what, members, code, message) => {
    const aws = createTestAccount();
    const body = {
      FunctionName: 'orders',
      Runtime: 'nodejs24.x',
      Handler: 'i.h',
      Role: role,
      Code: { ZipFile: zip },
      ...members,
    };
    const refused = await aws.refusal('POST', '/2015-03-31/functions', { body });
    expect(refused).toMatchObject({ code, status: 400, message: expect.stringMatching(message) });
    expect(aws.lambda.inspect(account, region, 'orders')).toBeUndefined();
  });

  it('refuses a name that is taken', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const body = { FunctionName: 'orders', Runtime: 'nodejs24.x', Handler: 'i.h', Role: role, Code: { ZipFile: zip } };
    expect(await aws.refusal('POST', '/2015-03-31/functions', { body })).toMatchObject({
      code: 'ResourceConflictException',
      status: 409,
      message: 'Function already exist: orders',
    });
  });

  it('creates images without runtime and handler', async () => {
    const aws = createTestAccount();
    const image = `${account}.dkr.ecr.${region}.amazonaws.com/orders:1`;
    await aws.active('orders', {
      PackageType: 'Image',
      Code: { ImageUri: image },
      Runtime: undefined,
      Handler: undefined,
    });
    const told = await aws.get('orders');
    expect(told.Code).toMatchObject({ RepositoryType: 'ECR', ImageUri: image });
    expect(told.Configuration).toMatchObject({ PackageType: 'Image', State: 'Active' });
    expect(told.Configuration).not.toHaveProperty('Runtime');
    expect(await aws.refusedUpdate('orders', { Handler: 'index.handler' })).toMatchObject({ status: 400 });
  });
});

describe('naming a function', () => {
  const arn = `arn:aws:lambda:${region}:${account}:function:orders`;
  it.each(['orders', 'function:orders', `${account}:function:orders`, `${account}:orders`, arn])(
    'finds it as %s',
    async (name) => {
      const aws = createTestAccount();
      await aws.active('orders');
      expect((await aws.configuration(name)).FunctionArn).toBe(arn);
    },
  );

  it.each(['orders:$LATEST', `${arn}:$LATEST`])('finds it qualified as %s, and answers so', async (name) => {
    const aws = createTestAccount();
    await aws.active('orders');
    expect((await aws.configuration(name)).FunctionArn).toBe(`${arn}:$LATEST`);
  });

  it('refuses what is no name', async () => {
    const aws = createTestAccount();
    expect(await aws.refusal('GET', functionPath('no:function:name:here'))).toMatchObject({
      code: 'ValidationException',
      message: expect.stringContaining("'functionName' failed to satisfy constraint"),
    });
  });

  it('says so when the function is not there, when its region is another, and when its account is', async () => {
    const aws = createTestAccount();
    await aws.active('orders', {}, { account: otherAccount });
    expect(await aws.refusal('GET', functionPath('orders'))).toMatchObject({
      code: 'ResourceNotFoundException',
      status: 404,
      message: `Function not found: ${arn}`,
    });
    expect(await aws.refusal('GET', functionPath(`arn:aws:lambda:us-east-1:${account}:function:orders`))).toMatchObject(
      {
        code: 'ResourceNotFoundException',
        message: "Functions from 'us-east-1' are not reachable in this region ('eu-west-1')",
      },
    );
    const theirs = `arn:aws:lambda:${region}:${otherAccount}:function:orders`;
    expect(await aws.refusal('GET', functionPath(theirs))).toMatchObject({
      code: 'AccessDeniedException',
      status: 403,
      message:
        `User: arn:aws:iam::${account}:user/jane is not authorized to perform: lambda:GetFunction on resource: ` +
        `${theirs} because no resource-based policy allows the lambda:GetFunction action`,
    });
  });

  it("reaches another account's function once its policy allows it", async () => {
    const aws = createTestAccount();
    await aws.active('orders', {}, { account: otherAccount });
    await aws.call('POST', functionPath('orders', '/policy'), {
      account: otherAccount,
      body: { StatementId: 'share', Action: 'lambda:GetFunctionConfiguration', Principal: account },
    });
    const theirs = `arn:aws:lambda:${region}:${otherAccount}:function:orders`;
    expect((await aws.configuration(theirs)).FunctionArn).toBe(theirs);
    expect(await aws.refusal('GET', functionPath(theirs))).toMatchObject({ status: 403 });
  });

  it('refuses two qualifiers that contradict each other', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    expect(await aws.refusal('GET', functionPath('orders:1'), { query: { Qualifier: '$LATEST' } })).toMatchObject({
      code: 'InvalidParameterValueException',
      message: 'The derived qualifier from the function name does not match the specified qualifier.',
    });
  });
});
