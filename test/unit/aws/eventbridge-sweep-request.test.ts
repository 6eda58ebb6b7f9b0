import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { requestSweep } from '../../../src/aws/eventbridge-sweep-request.ts';
import { jsonError, type StandIn, standInOptions, startStandIn } from '../../fixtures/stand-in.ts';

let standIn: StandIn;
beforeAll(async () => {
  standIn = await startStandIn();
});
beforeEach(() => {
  standIn.requests.length = 0;
});
afterAll(() => standIn.stop());

const request = () => requestSweep(new EventBridgeClient(standInOptions(standIn)), 'default', 'deployed');
const doing = 'asking for a sweep by an event on the bus default failed: ';

describe('a request for a sweep', () => {
  it('is one event on the bus that says why', async () => {
    standIn.answer({ body: { FailedEntryCount: 0, Entries: [{ EventId: '1' }] } });
    await request();
    expect(standIn.requests).toHaveLength(1);
    expect(standIn.requests[0]?.headers['x-amz-target']).toBe('AWSEvents.PutEvents');
    expect(standIn.sent()).toEqual({
      Entries: [
        {
          EventBusName: 'default',
          Source: 'layerward',
          DetailType: 'Layerward Sweep Request',
          Detail: JSON.stringify({ reason: 'deployed' }),
        },
      ],
    });
  });

  it('that EventBridge did not take, although it answered 200, is an error', async () => {
    standIn.answer({
      body: { FailedEntryCount: 1, Entries: [{ ErrorCode: 'InternalFailure', ErrorMessage: 'try again' }] },
    });
    await expect(request()).rejects.toMatchObject({
      name: 'ServiceUnavailable',
      retryable: true,
      message: `${doing}InternalFailure: try again`,
    });
  });

  it.each([
    [jsonError('ThrottlingException', 'Rate exceeded', 400), { name: 'Throttled', retryable: true }],
    [jsonError('AccessDeniedException', 'not authorized', 403), { name: 'AccessDenied', retryable: false }],
    [jsonError('InternalException', 'oops', 500), { name: 'ServiceUnavailable', retryable: true }],
    [jsonError('ResourceNotFoundException', 'no such bus', 400), { name: 'InvalidInput', retryable: false }],
  ])('that can’t be made is an error of ours that names the bus: %#', async (answer, expected) => {
    standIn.answer(answer);
    const error = await request().catch((caught: unknown) => caught);
    expect(error).toMatchObject(expected);
    expect(String(error)).toContain(doing);
  });

  it('passes where nobody answers', async () => {
    standIn.hangUp();
    await expect(request()).rejects.toMatchObject({ name: 'ServiceUnavailable', retryable: true });
  });
});
