import { inspect } from 'node:util';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLambdaFunctions, toSnapshot } from '../../../src/aws/lambda-functions.ts';
import { userAgent } from '../../../src/aws/user-agent.ts';
import type { Plan, Update } from '../../../src/domain/decision.ts';
import { version } from '../../../src/domain/version.ts';
import { arn, credentials } from '../../fixtures/situation.ts';
import { jsonError, type StandIn, standInOptions, startStandIn } from '../../fixtures/stand-in.ts';

let standIn: StandIn;
let functions: ReturnType<typeof createLambdaFunctions>;
beforeAll(async () => {
  standIn = await startStandIn();
  const client = new LambdaClient({ ...standInOptions(standIn), customUserAgent: userAgent });
  functions = createLambdaFunctions(() => client);
});
beforeEach(() => {
  standIn.requests.length = 0;
});
afterAll(() => standIn.stop());

const functionArn = 'arn:aws:lambda:us-east-1:111122223333:function:orders';
const path = `/2015-03-31/functions/${encodeURIComponent(functionArn)}`;
const planOf = (update: Update): Plan => ({ functionArn, revisionId: 'revision-1', update, attachment: undefined });
const variables = { STAGE: 'prod', TREND_AP_KEY: credentials.key, TREND_AP_SECRET: credentials.secret };

const configuration = {
  FunctionName: 'orders',
  FunctionArn: functionArn,
  Runtime: 'python3.8',
  Handler: 'app.handler',
  PackageType: 'Zip',
  Architectures: ['arm64'],
  Layers: [{ Arn: 'arn:aws:lambda:us-east-1:111122223333:layer:metrics:3', CodeSize: 1 }],
  Environment: { Variables: { STAGE: 'prod' } },
  State: 'Active',
  LastUpdateStatus: 'Failed',
  LastUpdateStatusReason: 'The layer is gone.',
  RevisionId: 'revision-1',
};

describe('reading a function', () => {
  it('is one GetFunction, by ARN, that names Layerward', async () => {
    standIn.answer({
      body: {
        Configuration: configuration,
        Code: { Location: 'https://presigned.example/secret' },
        Tags: { team: 'a' },
      },
    });
    const snapshot = await functions.read(arn);
    expect(standIn.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([`GET ${path}`]);
    expect(standIn.requests[0]?.headers['user-agent']).toContain(` layerward/${version}`);
    expect(snapshot).toEqual({
      arn,
      packageType: 'Zip',
      runtime: 'python3.8',
      architecture: 'arm64',
      handler: 'app.handler',
      layers: ['arn:aws:lambda:us-east-1:111122223333:layer:metrics:3'],
      environment: { readable: true, variables: { STAGE: 'prod' } },
      tags: { readable: true, values: { team: 'a' } },
      state: 'Active',
      lastUpdateStatus: 'Failed',
      lastUpdateStatusReason: 'The layer is gone.',
      revisionId: 'revision-1',
      masterArn: undefined,
    });
    expect(JSON.stringify(snapshot)).not.toContain('presigned');
  });

  it('answers nothing where there is no function', async () => {
    standIn.answer(jsonError('ResourceNotFoundException', 'Function not found', 404));
    expect(await functions.read(arn)).toBeUndefined();
  });

  it.each([
    [
      jsonError('TooManyRequestsException', 'Rate exceeded', 429, { 'retry-after': '2' }),
      { name: 'Throttled', retryAfterSeconds: 2 },
    ],
    [jsonError('ServiceException', 'oops', 500), { name: 'ServiceUnavailable' }],
    [jsonError('AccessDeniedException', 'not authorized', 403), { name: 'AccessDenied' }],
    [{ body: { Configuration: { RevisionId: 7 } } }, { name: 'InvalidInput' }],
    [{ body: {} }, { name: 'InvalidInput' }],
    [{ body: 'no JSON' }, { name: expect.stringMatching(/ServiceUnavailable|InvalidInput/) }],
  ])('fails in our words: %#', async (answer, expected) => {
    standIn.answer(answer);
    const error = await functions.read(arn).catch((caught: unknown) => caught);
    expect(error).toMatchObject(expected);
    expect(String(error)).toContain(functionArn);
    expect(standIn.requests).toHaveLength(1);
  });

  it('passes where nobody answers', async () => {
    standIn.hangUp();
    await expect(functions.read(arn)).rejects.toMatchObject({ name: 'ServiceUnavailable' });
  });
});

describe('what AWS says of a function', () => {
  const snapshotOf = (changes: object, answer: object = {}) =>
    toSnapshot(arn, { Configuration: { ...configuration, ...changes }, ...answer });

  it('may leave out nearly all of it', () => {
    expect(toSnapshot(arn, { Configuration: { RevisionId: 'r' } })).toEqual({
      arn,
      packageType: 'Zip',
      runtime: undefined,
      architecture: 'x86_64',
      handler: undefined,
      layers: [],
      environment: { readable: true, variables: {} },
      tags: { readable: true, values: {} },
      state: undefined,
      lastUpdateStatus: undefined,
      lastUpdateStatusReason: undefined,
      revisionId: 'r',
      masterArn: undefined,
    });
  });

  it('may be that its variables can’t be read, even beside some that can', () => {
    const Environment = { Variables: {}, Error: { ErrorCode: 'AccessDeniedException', Message: 'KMS' } };
    expect(snapshotOf({ Environment }).environment).toEqual({ readable: false, errorCode: 'AccessDeniedException' });
    expect(snapshotOf({ Environment: { Error: {} } }).environment).toEqual({ readable: false, errorCode: 'Unknown' });
  });

  it('may be that its tags can’t be read', () => {
    const TagsError = { ErrorCode: 'AccessDeniedException', Message: 'not authorized to perform: lambda:ListTags' };
    expect(snapshotOf({}, { TagsError }).tags).toEqual({ readable: false, errorCode: 'AccessDeniedException' });
    expect(snapshotOf({}, { TagsError: {}, Tags: {} }).tags).toEqual({ readable: false, errorCode: 'Unknown' });
  });

  it('may be that it is an image, or a replica', () => {
    expect(snapshotOf({ PackageType: 'Image', Runtime: undefined, Handler: undefined })).toMatchObject({
      packageType: 'Image',
      runtime: undefined,
      handler: undefined,
    });
    expect(snapshotOf({ MasterArn: `${functionArn}:3` }).masterArn).toBe(`${functionArn}:3`);
  });

  it('is refused where it is not of the shape that the API promises, and the words say where', () => {
    expect(() => snapshotOf({ Layers: ['arn'], RevisionId: undefined })).toThrow(
      `AWS's answer about ${functionArn} is not of the shape that its API promises: ` +
        'Configuration.Layers.0: Invalid input: expected object, received string; ' +
        'Configuration.RevisionId: Invalid input: expected string, received undefined',
    );
  });
});

describe('updating a function', () => {
  it.each<[string, Update]>([
    ['the Handler', { Handler: 'app.handler' }],
    ['the layers', { Layers: ['arn:aws:lambda:us-east-1:111122223333:layer:metrics:3'] }],
    ['the variables', { Environment: { Variables: variables } }],
    ['no layers, and no variables', { Layers: [], Environment: { Variables: {} } }],
    ['all three', { Handler: 'a.b', Layers: [], Environment: { Variables: { A1: '' } } }],
  ])('sends the revision, and %s, and nothing else', async (_, update) => {
    standIn.answer({ body: { ...configuration, RevisionId: 'revision-2' } });
    expect(await functions.update(planOf(update))).toEqual({ accepted: true, revisionId: 'revision-2' });
    const [request, ...more] = standIn.requests;
    expect(more).toEqual([]);
    expect(`${request?.method} ${request?.path}`).toBe(`PUT ${path}/configuration`);
    expect(standIn.sent()).toEqual({ RevisionId: 'revision-1', ...update });
    expect(request?.headers['user-agent']).toContain(` layerward/${version}`);
  });

  it('of what is no function is our own mistake', async () => {
    await expect(functions.update({ ...planOf({}), functionArn: 'orders' })).rejects.toThrow(
      "a plan is for orders, which is not a function's ARN",
    );
    expect(standIn.requests).toEqual([]);
  });

  const measured = `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: ${JSON.stringify(variables)}`;
  const denied = 'User: arn:aws:sts::111122223333:assumed-role/layerward/x is not authorized to perform:';

  it.each([
    ['InvalidParameterValueException', 400, measured, 'aws-refused'],
    [
      'InvalidParameterValueException',
      400,
      'The runtime parameter of nodejs12.x is no longer supported for updating AWS Lambda functions.',
      'runtime-frozen',
    ],
    [
      'InvalidParameterValueException',
      400,
      'Function code combined with layers exceeds the maximum allowed size of 262144000 bytes.',
      'aws-refused',
    ],
    [
      'InvalidParameterValueException',
      400,
      'Layer version arn:aws:lambda:us-east-1:800880067056:layer:a:9 does not exist.',
      'layer-access',
    ],
    [
      'AccessDeniedException',
      403,
      `${denied} lambda:GetLayerVersion on resource: arn:aws:lambda:us-east-1:800880067056:layer:a:1`,
      'layer-access',
    ],
    [
      'AccessDeniedException',
      403,
      `${denied} lambda:UpdateFunctionConfiguration with an explicit deny in a service control policy`,
      'aws-refused',
    ],
    [
      'CodeVerificationFailedException',
      400,
      'The code signature failed one or more of the validation checks',
      'code-signing',
    ],
    ['InvalidCodeSignatureException', 400, 'The code signature failed the integrity check', 'code-signing'],
    ['CodeSigningConfigNotFoundException', 404, 'The code signing configuration cannot be found.', 'code-signing'],
    ['InvalidRequestContentException', 400, 'Could not parse request body', 'aws-refused'],
    ['RequestTooLargeException', 413, 'Request must be smaller than 5120 bytes', 'aws-refused'],
  ])('is refused for good by %s (%s): %s', async (name, status, message, reason) => {
    standIn.answer(jsonError(name, message, status));
    const answer = await functions.update(planOf({ Environment: { Variables: variables } }));
    expect(answer).toMatchObject({ accepted: false, reason, detail: expect.stringMatching(new RegExp(`^${name}: `)) });
  });

  it.each([
    ['PreconditionFailedException', 412, 'RevisionChanged'],
    ['ResourceConflictException', 409, 'FunctionBusy'],
    ['TooManyRequestsException', 429, 'Throttled'],
    ['ServiceException', 500, 'ServiceUnavailable'],
    ['ResourceNotFoundException', 404, 'InvalidInput'],
  ])('comes back after %s (%s) as %s', async (name, status, expected) => {
    standIn.answer(jsonError(name, 'The operation cannot be performed at this time.', status));
    await expect(functions.update(planOf({ Handler: 'a.b' }))).rejects.toMatchObject({ name: expected });
  });
});

describe('no value that was sent', () => {
  const quoting = `the value ${credentials.secret} of TREND_AP_SECRET and ${credentials.key} are odd`;
  const update = { Environment: { Variables: { ...variables, PART: 'secret' } } };

  it.each([
    ['a refusal', jsonError('InvalidParameterValueException', quoting)],
    [
      'a measurement',
      jsonError('InvalidParameterValueException', `too long. String measured: ${JSON.stringify(variables)}`),
    ],
    ['a refusal that is our own mistake', jsonError('SomethingNewException', quoting, 418)],
    ['trouble of AWS’s own', jsonError('ServiceException', quoting, 500)],
    ['a conflict', jsonError('ResourceConflictException', quoting, 409)],
  ])('comes back by %s: neither in words, nor in a stack or a cause', async (_, answer) => {
    standIn.answer(answer);
    const outcome = await functions.update(planOf(update)).catch((error: unknown) => error);
    const shown = `${inspect(outcome, { depth: 10, showHidden: true })} ${JSON.stringify(outcome)} ${outcome instanceof Error ? outcome.stack : ''}`;
    expect(shown).not.toContain(credentials.key);
    expect(shown).not.toContain(credentials.secret);
    expect(shown).toMatch(/Exception: /);
  });

  it('keeps the rest of AWS’s words', async () => {
    standIn.answer(jsonError('InvalidParameterValueException', quoting));
    expect(await functions.update(planOf(update))).toMatchObject({
      detail: 'InvalidParameterValueException: the value *** of TREND_AP_SECRET and *** are odd',
    });
  });
});
