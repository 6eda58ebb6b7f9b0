import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../../src/sandbox/api.ts';
import { createTestAccount, functionPath, otherAccount, type TestAccount } from './account.ts';

async function accepted(aws: TestAccount, calls: number, path: string, options = {}): Promise<number> {
  let count = 0;
  for (let turn = 0; turn < calls; turn += 1) {
    try {
      await aws.call('GET', path, options);
      count += 1;
    } catch (error) {
      if (!(error instanceof AwsError) || error.status !== 429) throw error;
    }
  }
  return count;
}

async function withQuotas(): Promise<TestAccount> {
  const aws = createTestAccount();
  await aws.active('orders');
  await aws.active('orders', {}, { account: otherAccount });
  await aws.active('orders', {}, { region: 'us-east-1' });
  aws.lambda.faults.replace({});
  return aws;
}

describe('quotas', () => {
  it('let 15 calls a second of all kinds through, and 100 of GetFunction beside them', async () => {
    const aws = await withQuotas();
    expect(await accepted(aws, 10, functionPath('orders', '/configuration'))).toBe(10);
    expect(await accepted(aws, 10, '/2015-03-31/functions')).toBe(5);
    expect(await accepted(aws, 120, functionPath('orders'))).toBe(100);
    aws.clock.advance(200);
    expect(await accepted(aws, 10, '/2015-03-31/functions')).toBe(3);
    aws.clock.advance(60_000);
    expect(await accepted(aws, 20, '/2015-03-31/functions')).toBe(15);
  });

  it('are counted per account and region', async () => {
    const aws = await withQuotas();
    const path = '/2015-03-31/functions';
    expect(await accepted(aws, 20, path)).toBe(15);
    expect(await accepted(aws, 20, path, { account: otherAccount })).toBe(15);
    expect(await accepted(aws, 20, path, { region: 'us-east-1' })).toBe(15);
  });

  it('refuse with AWS’s error, which says when to come back, and the refused call changes nothing', async () => {
    const aws = await withQuotas();
    await accepted(aws, 15, '/2015-03-31/functions');
    const refused = await aws.refusedUpdate('orders', { Timeout: 99 });
    expect(refused).toMatchObject({
      code: 'TooManyRequestsException',
      status: 429,
      message: 'Rate exceeded',
      headers: { 'Retry-After': '1' },
      members: { Type: 'User', Reason: 'CallerRateLimitExceeded' },
    });
    aws.lambda.faults.replace({ quotas: 'off' });
    expect((await aws.configuration('orders')).Timeout).toBe(3);
    expect(aws.records.filter((record) => record['errorCode'] === 'TooManyRequestsException')).toHaveLength(1);
  });

  it('can be changed one by one', async () => {
    const aws = await withQuotas();
    aws.lambda.faults.replace({ quotas: { controlPlane: 2, getFunction: null } });
    expect(await accepted(aws, 10, '/2015-03-31/functions')).toBe(2);
    expect(await accepted(aws, 200, functionPath('orders'))).toBe(200);
  });
});
