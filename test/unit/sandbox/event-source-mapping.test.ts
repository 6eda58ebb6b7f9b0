import { describe, expect, it } from 'vitest';
import { failedMessages, type ReceivedMessage } from '../../../src/sandbox/event-source-mapping.ts';

const message = (MessageId: string): ReceivedMessage => ({ MessageId, ReceiptHandle: 'r', Body: '', MD5OfBody: '' });
const batch = [message('one'), message('two'), message('three')];
const failedOf = (payload: unknown, reports = true) => [
  ...failedMessages(batch, { kind: 'success', payload }, reports).messageIds,
];
const failures = (...itemIdentifiers: unknown[]) => ({
  batchItemFailures: itemIdentifiers.map((itemIdentifier) => ({ itemIdentifier })),
});

describe('a partial batch response', () => {
  it('fails the messages that it names', () => {
    expect(failedOf(failures('two'))).toEqual(['two']);
  });

  it.each([
    ['an empty list', { batchItemFailures: [] }],
    ['a list that is null', { batchItemFailures: null }],
    ['an empty object', {}],
    ['null', null],
  ])('that is %s succeeds as a whole', (_what, payload) => {
    expect(failedOf(payload)).toEqual([]);
  });

  it.each([
    ['an empty identifier', failures('two', '')],
    ['an identifier that is null', failures(null)],
    ['a misspelt key', { batchItemFailures: [{ itemIdentifer: 'two' }] }],
    ['an identifier that is not in the batch', failures('two', 'four')],
    ['a text', 'done'],
    ['a list that is none', { batchItemFailures: 'two' }],
  ])('with %s fails as a whole', (_what, payload) => {
    expect(failedOf(payload)).toEqual(['one', 'two', 'three']);
  });

  it('means nothing where the mapping does not ask for it', () => {
    expect(failedOf(failures('two'), false)).toEqual([]);
  });
});

it('a handler that throws fails the whole batch, and the reason is told', () => {
  const error = { errorType: 'TypeError', errorMessage: 'boom' };
  const failed = failedMessages(batch, { kind: 'error', error }, true);
  expect([...failed.messageIds]).toEqual(['one', 'two', 'three']);
  expect(failed.reason).toBe('TypeError: boom');
});
