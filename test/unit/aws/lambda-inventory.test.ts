import { LambdaClient } from '@aws-sdk/client-lambda';
import { ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLambdaInventory } from '../../../src/aws/lambda-inventory.ts';
import { Throttled } from '../../../src/domain/errors.ts';
import type { FairShare, Inventory, Quarter } from '../../../src/domain/ports.ts';
import { jsonError, type StandIn, standInOptions, startStandIn, type WireAnswer } from '../../fixtures/stand-in.ts';

let standIn: StandIn;
/** What happened, in order. */
let story: string[];
/** What the line answers to whoever wants a turn: milliseconds, or no turn. */
let wait: () => Promise<number>;
let inventory: Inventory;
beforeAll(async () => {
  standIn = await startStandIn();
});
beforeEach(() => {
  standIn.requests.length = 0;
  story = [];
  wait = async () => 0;
  inventory = open();
});
afterAll(() => standIn.stop());

const quarter: Quarter = { accountId: '222233334444', region: 'eu-west-1' };
const nameOf = ({ accountId, region }: Quarter) => `${accountId} ${region}`;

function open(): Inventory {
  const share: Pick<FairShare, 'reserve' | 'slowDown'> = {
    async reserve(of, longestWaitMs) {
      story.push(`reserve ${nameOf(of)} ${longestWaitMs}`);
      return wait();
    },
    async slowDown(of, seconds) {
      story.push(`slow down ${nameOf(of)} ${seconds}`);
    },
  };
  const clientOptions = ({ accountId, region }: Quarter) => ({
    ...standInOptions(standIn),
    region,
    credentials: { accessKeyId: `ASIA${accountId}`, secretAccessKey: 'example' },
  });
  return createLambdaInventory(
    {
      lambda: (of) => new LambdaClient(clientOptions(of)),
      tagging: (of) => new ResourceGroupsTaggingAPIClient(clientOptions(of)),
    },
    share,
    async (ms) => {
      story.push(`sleep ${ms}`);
    },
  );
}

/** Answers, and tells the story of it. */
const answerAndTell = (...answers: readonly WireAnswer[]) =>
  standIn.answer(
    ...answers.map((answer) => ({ method, path }: { method: string; path: string }) => {
      story.push(`${method} ${path}`);
      return answer;
    }),
  );

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const arnOf = (name: string) => `arn:aws:lambda:eu-west-1:222233334444:function:${name}`;
const listed = (name: string, changes: object = {}) => ({
  FunctionName: name,
  FunctionArn: arnOf(name),
  Runtime: 'python3.8',
  Handler: 'app.handler',
  PackageType: 'Zip',
  Architectures: ['arm64'],
  RevisionId: `revision of ${name}`,
  Version: '$LATEST',
  ...changes,
});

/** Every call of Lambda's control plane, to be held to the same rules. */
const listingCalls: readonly [string, string, string, () => Promise<unknown>][] = [
  ['counting', 'GET /2016-08-19/account-settings', 'counting the functions', () => inventory.count(quarter)],
  ['listing', 'GET /2015-03-31/functions', 'listing the functions', () => inventory.list(quarter, undefined)],
];
const everyCall: readonly (readonly [string, string, () => Promise<unknown>])[] = [
  ...listingCalls.map(([what, , doing, call]) => [what, doing, call] as const),
  ['asking for tags', 'listing the tagged functions', () => all(inventory.tagged(quarter, 'layerward:protect', 'on'))],
];

describe('the number of functions', () => {
  it('is what the settings of the account say', async () => {
    standIn.answer({ body: { AccountLimit: {}, AccountUsage: { FunctionCount: 4711, TotalCodeSize: 1 } } });
    expect(await inventory.count(quarter)).toBe(4711);
    expect(standIn.requests[0]?.headers.authorization).toMatch(
      /Credential=ASIA222233334444\/\d{8}\/eu-west-1\/lambda\//,
    );
  });
});

describe('a page of functions', () => {
  it('has each function as a snapshot without tags', async () => {
    const layer = 'arn:aws:lambda:eu-west-1:222233334444:layer:metrics:3';
    standIn.answer({
      body: {
        Functions: [
          listed('full', {
            Layers: [{ Arn: layer, CodeSize: 1 }],
            Environment: { Variables: { STAGE: 'prod' } },
            State: 'Inactive',
            LastUpdateStatus: 'Successful',
            MasterArn: arnOf('master'),
          }),
          { FunctionArn: arnOf('bare'), RevisionId: 'r' },
        ],
        NextMarker: null,
      },
    });
    const arn = { partition: 'aws', region: 'eu-west-1', accountId: '222233334444' };
    const nothing = {
      runtime: undefined,
      handler: undefined,
      state: undefined,
      lastUpdateStatus: undefined,
      lastUpdateStatusReason: undefined,
      masterArn: undefined,
    };
    const { functions, nextMarker } = await inventory.list(quarter, undefined);
    expect(functions).toEqual([
      {
        ...nothing,
        arn: { ...arn, functionName: 'full' },
        packageType: 'Zip',
        runtime: 'python3.8',
        architecture: 'arm64',
        handler: 'app.handler',
        layers: [layer],
        environment: { readable: true, variables: { STAGE: 'prod' } },
        state: 'Inactive',
        lastUpdateStatus: 'Successful',
        revisionId: 'revision of full',
        masterArn: arnOf('master'),
      },
      {
        ...nothing,
        arn: { ...arn, functionName: 'bare' },
        packageType: 'Zip',
        architecture: 'x86_64',
        layers: [],
        environment: { readable: true, variables: {} },
        revisionId: 'r',
      },
    ]);
    for (const one of functions) expect(one).not.toHaveProperty('tags');
    expect(nextMarker).toBeUndefined();
  });

  it('tells where variables can’t be read, and the other functions all the same', async () => {
    const locked = listed('locked', {
      Environment: { Error: { ErrorCode: 'AccessDeniedException', Message: 'kms:Decrypt' } },
    });
    standIn.answer({ body: { Functions: [locked, listed('open')] } });
    const { functions } = await inventory.list(quarter, undefined);
    expect(functions.map(({ environment }) => environment)).toEqual([
      { readable: false, errorCode: 'AccessDeniedException' },
      { readable: true, variables: {} },
    ]);
  });

  it('begins at the marker of the one before, and says where the next one does', async () => {
    standIn.answer(
      { body: { Functions: [listed('one')], NextMarker: 'two+/=' } },
      { body: { Functions: [listed('two')] } },
    );
    const first = await inventory.list(quarter, undefined);
    expect(first.nextMarker).toBe('two+/=');
    const second = await inventory.list(quarter, first.nextMarker);
    expect(second.nextMarker).toBeUndefined();
    expect([...first.functions, ...second.functions].map(({ arn }) => arn.functionName)).toEqual(['one', 'two']);
    const [one, two] = standIn.requests.map(({ path }) => new URL(path, standIn.endpoint).searchParams.get('Marker'));
    expect([one, two]).toEqual([null, 'two+/=']);
  });

  it('may have no function, and a next page nonetheless', async () => {
    standIn.answer({ body: { Functions: [], NextMarker: 'more' } });
    expect(await inventory.list(quarter, undefined)).toEqual({ functions: [], nextMarker: 'more' });
    standIn.answer({ body: {} });
    expect(await inventory.list(quarter, undefined)).toEqual({ functions: [], nextMarker: undefined });
  });

  it('leaves out what has no ARN of a function', async () => {
    standIn.answer({
      body: {
        Functions: [
          listed('no-arn', { FunctionArn: undefined }),
          listed('not-one', { FunctionArn: 'arn:aws:lambda:eu-west-1:222233334444:layer:not-one' }),
          listed('good'),
        ],
      },
    });
    const { functions } = await inventory.list(quarter, undefined);
    expect(functions.map(({ arn }) => arn.functionName)).toEqual(['good']);
  });

  it('is an error that names the function of which AWS says what its API does not promise', async () => {
    standIn.answer({ body: { Functions: [listed('good'), { ...listed('odd'), RevisionId: undefined }] } });
    const error = await inventory.list(quarter, undefined).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'InvalidInput' });
    expect(String(error)).toContain(arnOf('odd'));
  });
});

describe('the functions with a tag', () => {
  const page = (names: readonly string[], PaginationToken?: string): WireAnswer => ({
    body: {
      ResourceTagMappingList: names.map((name) => ({
        ResourceARN: arnOf(name),
        Tags: [
          { Key: 'layerward:protect', Value: 'on' },
          { Key: 'team', Value: name },
        ],
      })),
      PaginationToken,
    },
  });

  it('are asked for by its key and value, and told with all their tags', async () => {
    standIn.answer(page(['one'], ''));
    expect(await all(inventory.tagged(quarter, 'layerward:protect', 'on'))).toEqual([
      { functionArn: arnOf('one'), tags: { 'layerward:protect': 'on', team: 'one' } },
    ]);
    expect(standIn.requests).toHaveLength(1);
    expect(standIn.requests[0]?.headers['x-amz-target']).toBe('ResourceGroupsTaggingAPI_20170126.GetResources');
    expect(standIn.requests[0]?.headers.authorization).toMatch(
      /Credential=ASIA222233334444\/\d{8}\/eu-west-1\/tagging\//,
    );
    expect(standIn.sent()).toEqual({
      ResourceTypeFilters: ['lambda:function'],
      TagFilters: [{ Key: 'layerward:protect', Values: ['on'] }],
      ResourcesPerPage: 100,
    });
  });

  it('are those of every page, an empty one included', async () => {
    standIn.answer(page(['one', 'two'], 'a'), page([], 'b'), page(['three']));
    const tagged = await all(inventory.tagged(quarter, 'layerward:protect', 'on'));
    expect(tagged.map(({ functionArn }) => functionArn)).toEqual(['one', 'two', 'three'].map(arnOf));
    expect(standIn.requests.map(({ body }) => JSON.parse(body).PaginationToken)).toEqual([undefined, 'a', 'b']);
  });

  it('may have tags without a value, or none any more', async () => {
    standIn.answer({
      body: {
        ResourceTagMappingList: [
          { ResourceARN: arnOf('empty'), Tags: [{ Key: 'layerward:protect', Value: '' }, { Key: 'bare' }] },
          { ResourceARN: arnOf('none') },
          { Tags: [{ Key: 'layerward:protect', Value: 'on' }] },
        ],
      },
    });
    expect(await all(inventory.tagged(quarter, 'layerward:protect', ''))).toEqual([
      { functionArn: arnOf('empty'), tags: { 'layerward:protect': '', bare: '' } },
      { functionArn: arnOf('none'), tags: {} },
    ]);
  });

  it('are none where AWS has none', async () => {
    standIn.answer({ body: {} });
    expect(await all(inventory.tagged(quarter, 'layerward:protect', 'on'))).toEqual([]);
  });

  it('are asked for without a turn, since that is another quota', async () => {
    standIn.answer(page(['one'], 'a'), page(['two']));
    await all(inventory.tagged(quarter, 'layerward:protect', 'on'));
    expect(story).toEqual([]);
  });

  it('are an error where a later page fails, and never told as if that was all', async () => {
    standIn.answer(page(['one'], 'a'), jsonError('ThrottledException', 'Rate exceeded'));
    await expect(all(inventory.tagged(quarter, 'layerward:protect', 'on'))).rejects.toMatchObject({
      name: 'Throttled',
    });
    expect(story).toEqual([]);
  });
});

describe.each(listingCalls)('%s', (_, request, doing, call) => {
  it('takes a turn of the account and region, and waits for it, before each call', async () => {
    wait = async () => 42;
    answerAndTell({ body: {} });
    await call();
    await call();
    const turn = [
      'reserve 222233334444 eu-west-1 60000',
      'sleep 42',
      expect.stringMatching(new RegExp(`^${request}/?(\\?|$)`)),
    ];
    expect(story).toEqual([...turn, ...turn]);
  });

  it('does not call where the line is too long', async () => {
    const tooLong = new Throttled('the line is longer than 60 seconds');
    wait = () => Promise.reject(tooLong);
    answerAndTell({ body: {} });
    expect(await call().catch((caught: unknown) => caught)).toBe(tooLong);
    expect(story).toEqual(['reserve 222233334444 eu-west-1 60000']);
  });

  it.each([
    ['for as long as AWS says', { 'retry-after': '7' }, 7],
    ['by itself, where AWS says nothing', {}, undefined],
  ])('that AWS throttles slows everybody in that line down %s', async (_name, headers, seconds) => {
    answerAndTell(jsonError('TooManyRequestsException', 'Rate exceeded', 429, headers));
    const error = await call().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Throttled);
    expect(error).toMatchObject({ retryable: true, retryAfterSeconds: seconds });
    expect(String(error)).toContain(`${doing} of 222233334444 in eu-west-1 failed: TooManyRequestsException`);
    expect(story.at(-1)).toBe(`slow down 222233334444 eu-west-1 ${seconds}`);
  });

  it('that fails otherwise slows nobody down', async () => {
    for (const answer of [jsonError('ServiceException', 'oops', 500), jsonError('AccessDeniedException', 'no', 403)]) {
      answerAndTell(answer);
      await expect(call()).rejects.toThrow();
    }
    expect(story.filter((line) => line.startsWith('slow down'))).toEqual([]);
  });
});

describe.each(everyCall)('%s', (_, doing, call) => {
  it.each([['UnrecognizedClientException'], ['InvalidClientTokenId']])(
    'where AWS says %s names the account and region, and where to read on',
    async (name) => {
      standIn.answer(jsonError(name, 'The security token included in the request is invalid.', 403));
      const error = await call().catch((caught: unknown) => caught);
      expect(error).toMatchObject({ name: 'AccessDenied', retryable: false, cause: { name } });
      expect(String(error)).toMatch(
        /account 222233334444 does not know Layerward's credentials in eu-west-1: the region is not enabled there, or the account is closed; see "An account or region can.t be swept" in docs\/operations\.md/,
      );
      expect(standIn.requests).toHaveLength(1);
    },
  );

  it.each([
    ['AccessDeniedException', 403, { name: 'AccessDenied', retryable: false }],
    ['ExpiredTokenException', 403, { name: 'AccessDenied', retryable: false }],
    ['TooManyRequestsException', 429, { name: 'Throttled', retryable: true }],
    ['ServiceException', 500, { name: 'ServiceUnavailable', retryable: true }],
    ['InvalidParameterValueException', 400, { name: 'InvalidInput', retryable: false }],
  ])('where AWS says %s is an error of ours that says what was tried, and where', async (name, status, expected) => {
    standIn.answer(jsonError(name, 'AWS’s own words', status));
    const error = await call().catch((caught: unknown) => caught);
    expect(error).toMatchObject(expected);
    expect(String(error)).toContain(`${doing} of 222233334444 in eu-west-1 failed: ${name}: AWS’s own words`);
  });

  it('passes where nobody answers', async () => {
    standIn.hangUp();
    await expect(call()).rejects.toMatchObject({ name: 'ServiceUnavailable', retryable: true });
  });

  it('is an error of ours where the answer is no JSON', async () => {
    standIn.answer({ body: 'no JSON' });
    const error = await call().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: expect.any(String), retryable: expect.any(Boolean) });
    expect(String(error)).toContain(`${doing} of 222233334444 in eu-west-1 failed: `);
  });
});
