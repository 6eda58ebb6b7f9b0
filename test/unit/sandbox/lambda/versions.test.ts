import type {
  AliasConfiguration,
  FunctionConfiguration,
  ListAliasesResponse,
  ListVersionsByFunctionResponse,
} from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { account, createTestAccount, functionPath, region, type TestAccount } from './account.ts';

const arn = `arn:aws:lambda:${region}:${account}:function:orders`;

function publish(aws: TestAccount, body: object = {}): Promise<FunctionConfiguration> {
  return aws.call('POST', functionPath('orders', '/versions'), { body });
}

describe('versions', () => {
  it('keep what they were published with, while $LATEST goes on', async () => {
    const aws = createTestAccount();
    await aws.active('orders', { Environment: { Variables: { STAGE: 'one' } } });
    const before = await aws.configuration('orders');
    const published = await publish(aws, { Description: 'the first' });
    expect(published).toMatchObject({ FunctionArn: `${arn}:1`, Version: '1', Description: 'the first' });
    expect(published).toMatchObject({ State: 'Active', LastUpdateStatus: 'Successful' });
    await aws.update('orders', { Environment: { Variables: { STAGE: 'two' } } });
    aws.settle();
    expect(await aws.configuration('orders:1')).toEqual(published);
    const latest = await aws.configuration('orders');
    expect(latest.Environment?.Variables).toEqual({ STAGE: 'two' });
    expect(latest.RevisionId).not.toBe(before.RevisionId);
  });

  it('give $LATEST another revision when they are published', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const before = (await aws.configuration('orders')).RevisionId;
    const version = (await publish(aws)).RevisionId;
    const after = (await aws.configuration('orders')).RevisionId;
    expect(new Set([before, version, after]).size).toBe(3);
  });

  it('are not published anew when nothing changed since', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const first = await publish(aws);
    expect(await publish(aws, { Description: 'again' })).toEqual(first);
    await aws.update('orders', { Timeout: 9 });
    aws.settle();
    expect((await publish(aws)).Version).toBe('2');
  });

  it('are refused for another hash or a stale revision', async () => {
    const aws = createTestAccount();
    const { RevisionId } = await aws.active('orders');
    const path = functionPath('orders', '/versions');
    expect(await aws.refusal('POST', path, { body: { RevisionId } })).toMatchObject({ status: 412 });
    expect(await aws.refusal('POST', path, { body: { CodeSha256: 'other' } })).toMatchObject({
      message: expect.stringMatching(/^CodeSHA256 \(other\) is different from current CodeSHA256 in \$LATEST/),
    });
  });

  it('are published by a creation that asks for it, whose answer is unqualified', async () => {
    const aws = createTestAccount();
    expect(await aws.active('orders', { Publish: true })).toMatchObject({
      Version: '1',
      FunctionArn: arn,
      State: 'Pending',
    });
    expect(await aws.configuration('orders:1')).toMatchObject({ State: 'Active', FunctionArn: `${arn}:1` });
  });

  it('are listed with $LATEST first, a page at a time, and can be deleted', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    for (let timeout = 10; timeout < 15; timeout += 1) {
      await aws.update('orders', { Timeout: timeout });
      aws.settle();
      await publish(aws);
    }
    await aws.call('DELETE', functionPath('orders'), { query: { Qualifier: '2' } });
    const path = functionPath('orders', '/versions');
    const page = await aws.call<ListVersionsByFunctionResponse>('GET', path, { query: { MaxItems: '3' } });
    expect(page.Versions?.map((each) => each.Version)).toEqual(['$LATEST', '1', '3']);
    const query = { Marker: page.NextMarker ?? '' };
    const rest = await aws.call<ListVersionsByFunctionResponse>('GET', path, { query });
    expect(rest.Versions?.map((each) => each.FunctionArn)).toEqual([`${arn}:4`, `${arn}:5`]);
    expect(rest.Versions?.[0]).not.toHaveProperty('State');
    expect(rest).not.toHaveProperty('NextMarker');
    expect(await aws.refusal('GET', functionPath('orders:2'))).toMatchObject({
      message: `Function not found: ${arn}:2`,
    });
  });
});

describe('aliases', () => {
  it('point at a version, and are made, read, moved, listed and deleted', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    await publish(aws);
    const path = functionPath('orders', '/aliases');
    const made = await aws.call<AliasConfiguration>('POST', path, { body: { Name: 'live', FunctionVersion: '1' } });
    expect(made).toMatchObject({ AliasArn: `${arn}:live`, FunctionVersion: '1', Description: '' });
    expect(await aws.configuration('orders:live')).toMatchObject({ FunctionArn: `${arn}:live`, Version: '1' });
    expect(await aws.call('GET', `${path}/live`)).toEqual(made);
    const body = { FunctionVersion: '$LATEST', RevisionId: made.RevisionId };
    const moved = await aws.call<AliasConfiguration>('PUT', `${path}/live`, { body });
    expect(moved.RevisionId).not.toBe(made.RevisionId);
    expect(await aws.refusal('PUT', `${path}/live`, { body })).toMatchObject({ status: 412 });
    expect((await aws.configuration('orders:live')).Version).toBe('$LATEST');
    expect((await aws.call<ListAliasesResponse>('GET', path)).Aliases).toEqual([moved]);
    await aws.call('DELETE', `${path}/live`);
    expect(await aws.refusal('GET', `${path}/live`)).toMatchObject({
      message: `Cannot find alias arn: ${arn}:live`,
    });
  });

  it('are refused for versions that are not there, and names that are numbers or taken', async () => {
    const aws = createTestAccount();
    await aws.active('orders');
    const refused = (Name: string, FunctionVersion: string) =>
      aws.refusal('POST', functionPath('orders', '/aliases'), { body: { Name, FunctionVersion } });
    expect(await refused('live', '9')).toMatchObject({ message: `Function not found: ${arn}:9` });
    expect(await refused('2024', '$LATEST')).toMatchObject({ code: 'ValidationException' });
    const body = { Name: 'live', FunctionVersion: '$LATEST' };
    await aws.call('POST', functionPath('orders', '/aliases'), { body });
    expect(await refused('live', '$LATEST')).toMatchObject({ message: `Alias already exists: ${arn}:live` });
  });
});
