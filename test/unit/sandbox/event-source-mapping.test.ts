import { describe, expect, it } from 'vitest';
import {
  failedMessages,
  type ReceivedMessage,
  startEventSourceMapping,
} from '../../../src/sandbox/event-source-mapping.ts';
import type { InvocationResult } from '../../../src/sandbox/function-process.ts';

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

describe('a mapping that is stopped', () => {
  /** A mapping whose polls and invocations end when the test says so. */
  function start() {
    const polls: PromiseWithResolvers<readonly ReceivedMessage[]>[] = [];
    const invocations: PromiseWithResolvers<InvocationResult>[] = [];
    const story: string[] = [];
    const mapping = startEventSourceMapping({
      definition: {
        queueArn: 'arn:aws:sqs:us-east-1:111122223333:work',
        functionName: 'worker',
        batchSize: 1,
        batchingWindowSeconds: 0,
        reportsBatchItemFailures: false,
        maximumConcurrency: 2,
      },
      receive: () => {
        const poll = Promise.withResolvers<readonly ReceivedMessage[]>();
        polls.push(poll);
        return poll.promise;
      },
      remove: async (messages) => {
        story.push(`removed ${messages.map(({ MessageId }) => MessageId)}`);
      },
      giveBack: async (messages) => {
        story.push(`gave back ${messages.map(({ MessageId }) => MessageId)}`);
      },
      invoke: () => {
        const invocation = Promise.withResolvers<InvocationResult>();
        invocations.push(invocation);
        return invocation.promise;
      },
      log: (line) => story.push(line),
    });
    return { mapping, polls, invocations, story };
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('waits for the invocations in flight, and not for its poll', async () => {
    const { mapping, polls, invocations, story } = start();
    polls[0]?.resolve([message('one')]);
    await turn();
    const stopped = mapping.stop().then(() => story.push('stopped'));
    await turn();
    expect(story).toEqual([]);
    invocations[0]?.resolve({ kind: 'success', payload: null });
    await stopped;
    expect(story).toEqual(['removed one', 'stopped']);
    expect(polls).toHaveLength(2);
  });

  it('gives back what its last poll still receives', async () => {
    const { mapping, polls, invocations, story } = start();
    await mapping.stop();
    polls[0]?.resolve([message('late')]);
    await turn();
    expect(story).toEqual(['gave back late']);
    expect([polls.length, invocations.length]).toEqual([1, 0]);
  });

  it('does not mind that its queue goes', async () => {
    const { mapping, polls, story } = start();
    await mapping.stop();
    polls[0]?.reject(new Error('QueueDoesNotExist'));
    await turn();
    expect(story).toEqual([]);
  });
});
