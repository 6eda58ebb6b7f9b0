import type { GetAccountSettingsResponse, ListFunctionsResponse } from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { account, createTestAccount, functionPath, region, type TestAccount } from './account.ts';

function list(aws: TestAccount, query: Record<string, string> = {}): Promise<ListFunctionsResponse> {
  return aws.call('GET', '/2015-03-31/functions', { query });
}

async function walk(aws: TestAccount, query: Record<string, string> = {}): Promise<(string | undefined)[][]> {
  const pages: (string | undefined)[][] = [];
  for (let marker: string | undefined; pages.length < 100; ) {
    const page: ListFunctionsResponse = await list(aws, marker === undefined ? query : { ...query, Marker: marker });
    pages.push((page.Functions ?? []).map((each) => each.FunctionArn?.split(':function:')[1]));
    marker = page.NextMarker;
    if (marker === undefined) break;
  }
  return pages;
}

async function manyFunctions(aws: TestAccount, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `function-${index}`);
  for (const name of names) await aws.create(name);
  return names;
}

describe('listing functions', () => {
  it('gives 50 a page, also when more are asked for, each function once', async () => {
    const aws = createTestAccount();
    const names = await manyFunctions(aws, 120);
    const pages = await walk(aws, { MaxItems: '10000' });
    expect(pages.map((page) => page.length)).toEqual([50, 50, 20]);
    expect(pages.flat()).toEqual(names);
    expect((await walk(aws, { MaxItems: '7' }))[0]).toHaveLength(7);
  });

  it('has no further page after exactly 50', async () => {
    const aws = createTestAccount();
    await manyFunctions(aws, 50);
    expect(await list(aws)).not.toHaveProperty('NextMarker');
  });

  it('goes on in the right place when functions are deleted between two pages', async () => {
    const aws = createTestAccount();
    const names = await manyFunctions(aws, 130);
    const { NextMarker } = await list(aws);
    for (const name of names.slice(0, 100)) await aws.call('DELETE', functionPath(name));
    const rest = await list(aws, { Marker: NextMarker ?? '' });
    expect(rest.Functions?.map((each) => each.FunctionName)).toEqual(names.slice(100));
  });

  it('tells configurations without states and tags', async () => {
    const aws = createTestAccount();
    const layer = await aws.publishLayer('tracing');
    const members = { Tags: { team: 'x' }, Layers: [layer], Environment: { Variables: { STAGE: 'prod' } } };
    await aws.active('orders', members);
    const [listed] = (await list(aws)).Functions ?? [];
    expect(listed).toMatchObject({
      FunctionArn: `arn:aws:lambda:${region}:${account}:function:orders`,
      Environment: { Variables: { STAGE: 'prod' } },
      Layers: [{ Arn: layer }],
      Handler: 'index.handler',
      RevisionId: (await aws.configuration('orders')).RevisionId,
    });
    for (const absent of ['State', 'StateReason', 'LastUpdateStatus', 'Tags', 'RuntimeVersionConfig']) {
      expect(listed).not.toHaveProperty(absent);
    }
  });

  it('tells all versions, qualified, when asked for ALL, over pages that end within a function', async () => {
    const aws = createTestAccount();
    for (const name of ['one', 'two', 'three']) {
      await aws.active(name, { Publish: true });
      await aws.update(name, { Timeout: 7 });
      aws.settle();
      await aws.call('POST', functionPath(name, '/versions'));
    }
    const expected = ['one', 'two', 'three'].flatMap((name) => [`${name}:$LATEST`, `${name}:1`, `${name}:2`]);
    for (const size of [1, 2, 3, 4, 9, 50]) {
      const pages = await walk(aws, { FunctionVersion: 'ALL', MaxItems: String(size) });
      expect(pages.flat()).toEqual(expected);
      expect(pages).toHaveLength(Math.ceil(9 / size));
    }
  });

  it('refuses markers that are none, and counts out of bounds', async () => {
    const aws = createTestAccount();
    const refused = (query: Record<string, string>) => aws.refusal('GET', '/2015-03-31/functions', { query });
    expect(await refused({ Marker: 'nonsense' })).toMatchObject({ code: 'InvalidParameterValueException' });
    expect(await refused({ MaxItems: '0' })).toMatchObject({ code: 'ValidationException' });
    expect(await refused({ FunctionVersion: 'SOME' })).toMatchObject({
      message:
        "1 validation error detected: Value 'SOME' at 'functionVersion' failed to satisfy constraint: " +
        'Member must satisfy enum value set: [ALL]',
    });
  });
});

describe('account settings', () => {
  it('count functions and code', async () => {
    const aws = createTestAccount();
    await manyFunctions(aws, 3);
    await aws.call('DELETE', functionPath('function-1'));
    const settings = await aws.call<GetAccountSettingsResponse>('GET', '/2016-08-19/account-settings');
    expect(settings.AccountUsage).toEqual({ FunctionCount: 2, TotalCodeSize: 24 });
    expect(settings.AccountLimit).toMatchObject({ ConcurrentExecutions: 1000, CodeSizeUnzipped: 262_144_000 });
  });
});
