import { describe, expect, it } from 'vitest';
import { account, createTestAccount, otherAccount, region } from './account.ts';

const seed = (name: string, more: object = {}) => ({
  accountId: account,
  region,
  name,
  runtime: 'nodejs12.x',
  handler: 'index.handler',
  tags: { 'layerward:protect': 'on' },
  ...more,
});

describe('seeded functions', () => {
  it('are there at once, Active, as callers see them, and nothing tells of them', async () => {
    const { lambda, get, records, tagChanges, clock } = createTestAccount();
    const layer = `arn:aws:lambda:${region}:800880067056:layer:agent:3`;
    lambda.seed([seed('orders', { layers: [layer], variables: { STAGE: 'live' }, architecture: 'arm64' })]);
    clock.advance(10_000);
    expect([records, tagChanges]).toEqual([[], []]);
    expect(await get('orders')).toMatchObject({
      Configuration: {
        FunctionArn: `arn:aws:lambda:${region}:${account}:function:orders`,
        Runtime: 'nodejs12.x',
        Handler: 'index.handler',
        State: 'Active',
        LastUpdateStatus: 'Successful',
        Architectures: ['arm64'],
        Environment: { Variables: { STAGE: 'live' } },
        Layers: [{ Arn: layer }],
        RevisionId: expect.any(String),
      },
      Tags: { 'layerward:protect': 'on' },
    });
    expect(lambda.taggedFunctions(account, region)).toEqual([
      { functionArn: expect.stringContaining(':orders'), tags: { 'layerward:protect': 'on' } },
    ]);
  });

  it('are changed and deleted like any other', async () => {
    const { lambda, update, call, configuration } = createTestAccount();
    lambda.seed([seed('orders')]);
    await update('orders', { Description: 'changed' });
    expect((await configuration('orders')).Description).toBe('changed');
    await call('DELETE', '/2015-03-31/functions/orders');
    expect(lambda.inspect(account, region, 'orders')).toBeUndefined();
  });

  it('can be ten thousand, in several accounts and regions', () => {
    const { lambda } = createTestAccount();
    const all = Array.from({ length: 10_000 }, (_, index) =>
      seed(`f${index}`, {
        accountId: index % 2 === 0 ? account : otherAccount,
        tags: index % 4 === 0 ? { a: 'b' } : {},
      }),
    );
    lambda.seed(all);
    expect(lambda.taggedFunctions(account, region)).toHaveLength(2500);
    expect(lambda.taggedFunctions(otherAccount, region)).toEqual([]);
    expect(lambda.inspect(otherAccount, region, 'f9999')).toBeDefined();
  });

  it.each([
    ['an account that is none', { accountId: '1' }, 'functions[1].accountId: an account id has twelve digits'],
    ['a region that is none', { region: 'here' }, 'functions[1].region: a region is named like eu-west-1'],
    ['a name that is none', { name: 'a b' }, 'functions[1].name: a name has 1 to 64 letters'],
    ['a runtime that never was', { runtime: 'perl5' }, 'functions[1]: Value perl5'],
    ['no handler', { handler: '' }, 'functions[1].handler: a handler has 1 to 128 characters'],
    ['an unknown member', { handle: 'x' }, 'functions[1]: Unrecognized key: "handle"'],
    ['a tag that is none', { tags: { team: 1 } }, 'functions[1].tags.team: '],
    ['a layer that is none', { layers: ['x'] }, 'functions[1]: x is no ARN of a layer version in eu-west-1'],
    ['a reserved variable', { variables: { AWS_REGION: 'x' } }, 'functions[1]: Lambda was unable to configure'],
    ['the name of another one', { name: 'first' }, 'functions[1]: Function already exist: first'],
    ['the name of one that is there', { name: 'there' }, 'functions[1]: Function already exist: there'],
  ])('with %s are refused, all of them', (_what, wrong, message) => {
    const { lambda } = createTestAccount();
    lambda.seed([seed('there')]);
    expect(() => lambda.seed([seed('first'), seed('second', wrong)])).toThrow(message);
    expect(lambda.inspect(account, region, 'first')).toBeUndefined();
  });
});
