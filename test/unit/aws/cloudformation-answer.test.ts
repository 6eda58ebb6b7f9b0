import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { answerCloudFormation } from '../../../src/aws/cloudformation-answer.ts';
import { InvalidInput, ServiceUnavailable } from '../../../src/domain/errors.ts';
import type { CloudFormationAnswer } from '../../../src/domain/ports.ts';
import { type StandIn, startStandIn } from '../../fixtures/stand-in.ts';

/** How long it was waited between tries; nobody really waits. */
const sleep = vi.hoisted(() => vi.fn<(ms: number) => Promise<void>>());
vi.mock('node:timers/promises', async (original) => ({ ...(await original<object>()), setTimeout: sleep }));

let standIn: StandIn;
beforeAll(async () => {
  standIn = await startStandIn();
});
beforeEach(() => {
  standIn.requests.length = 0;
  standIn.answer({ body: '' });
  sleep.mockReset();
  sleep.mockResolvedValue();
});
afterAll(() => standIn.stop());

const answer: CloudFormationAnswer = {
  Status: 'SUCCESS',
  Reason: '12 functions were released',
  PhysicalResourceId: 'layerward-release',
  StackId: 'arn:aws:cloudformation:us-east-1:111122223333:stack/layerward/1',
  RequestId: 'request-1',
  LogicalResourceId: 'ReleaseOnDelete',
};
const put = (changes: Partial<CloudFormationAnswer> = {}) =>
  answerCloudFormation(`${standIn.endpoint}/bucket/key?X-Amz-Signature=abc%2F`, { ...answer, ...changes });
const waits = () => sleep.mock.calls.map(([ms]) => ms);

describe('an answer to CloudFormation', () => {
  it('is put as JSON to the URL that it gave, without a content type', async () => {
    await put();
    expect(standIn.requests).toHaveLength(1);
    expect(standIn.requests[0]).toMatchObject({ method: 'PUT', path: '/bucket/key?X-Amz-Signature=abc%2F' });
    expect(standIn.requests[0]?.headers['content-type']).toBe('');
    expect(standIn.sent()).toEqual(answer);
    expect(waits()).toEqual([]);
  });

  it('may be that something failed', async () => {
    await put({ Status: 'FAILED', Reason: 'it was not released' });
    expect(standIn.sent()).toEqual({ ...answer, Status: 'FAILED', Reason: 'it was not released' });
  });

  it('has the beginning of a reason that is too long, and all of others', async () => {
    await put({ Reason: 'r'.repeat(2000) });
    expect(standIn.sent()['Reason']).toBe('r'.repeat(2000));
    await put({ Reason: `${'r'.repeat(2000)}and more` });
    expect(standIn.sent()).toEqual({ ...answer, Reason: 'r'.repeat(2000) });
  });
});

describe('an answer of any words', () => {
  it.each([
    ['characters of several bytes', '’'.repeat(2000)],
    ['characters that JSON escapes', '"\n'.repeat(1000)],
  ])('is within the 4,096 bytes that CloudFormation takes: %s', async (_, reason) => {
    await put({ Reason: reason });
    expect(Buffer.byteLength(standIn.requests[0]?.body ?? '')).toBeLessThanOrEqual(4096);
  });
});

describe('an answer that does not arrive', () => {
  it.each([[500], [503], [429]])(
    'since S3 says %s is put again, with longer and longer pauses, until it does',
    async (status) => {
      standIn.answer({ status }, { status }, { status }, { body: '' });
      await put();
      expect(standIn.requests).toHaveLength(4);
      for (const { body } of standIn.requests) expect(JSON.parse(body)).toEqual(answer);
      expect(waits()).toEqual([1000, 2000, 4000]);
    },
  );

  it('since the connection is lost is put again', async () => {
    standIn.hangUp();
    sleep.mockImplementationOnce(async () => standIn.answer({ body: '' }));
    await put();
    expect(waits()).toHaveLength(1);
    expect(standIn.requests).toHaveLength(2);
  });

  it.each([
    ['S3 fails', () => standIn.answer({ status: 503 }), /5 times: it answered 503$/],
    ['nobody answers', () => standIn.hangUp(), /5 times: ./],
  ])('after five tries, since %s, is an error that passes', async (_, fail, words) => {
    fail();
    const error = await put().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ServiceUnavailable);
    expect(error).toMatchObject({ retryable: true, message: expect.stringMatching(words) });
    expect(standIn.requests).toHaveLength(5);
    expect(waits()).toEqual([1000, 2000, 4000, 8000]);
  });

  it.each([[400], [403], [404]])('since S3 refuses it with %s is an error that stays, at once', async (status) => {
    standIn.answer({ status });
    const error = await put().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(InvalidInput);
    expect(error).toMatchObject({
      retryable: false,
      message: `CloudFormation did not take the answer to request-1: it answered ${status}`,
    });
    expect(standIn.requests).toHaveLength(1);
    expect(waits()).toEqual([]);
  });

  it('never gives away the signed URL', async () => {
    for (const status of [403, 503]) {
      standIn.answer({ status });
      const error = await put().catch((caught: unknown) => caught);
      expect(String(error)).not.toContain('Signature');
    }
  });
});
