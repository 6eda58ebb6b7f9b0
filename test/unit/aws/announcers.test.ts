import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SNSClient } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEventBridgeEvents } from '../../../src/aws/eventbridge-events.ts';
import { alertMessage, createSnsAlerts } from '../../../src/aws/sns-alerts.ts';
import type { Announcer } from '../../../src/domain/ports.ts';
import { outcomeOf } from '../../fixtures/outcome.ts';
import { jsonError, type StandIn, standInOptions, startStandIn } from '../../fixtures/stand-in.ts';

let standIn: StandIn;
beforeAll(async () => {
  standIn = await startStandIn();
});
beforeEach(() => {
  standIn.requests.length = 0;
});
afterAll(() => standIn.stop());

describe('an alert', () => {
  const topicArn = 'arn:aws:sns:us-east-1:111122223333:layerward-alerts';
  const published = `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>`;
  let alerts: Announcer;
  beforeEach(() => {
    alerts = createSnsAlerts(new SNSClient(standInOptions(standIn)), topicArn);
    standIn.answer({ headers: { 'content-type': 'text/xml' }, body: published });
  });

  /** The parameters of the one call. */
  function sent(): Record<string, string> {
    expect(standIn.requests).toHaveLength(1);
    return Object.fromEntries(new URLSearchParams(standIn.requests[0]?.body));
  }

  function attributes(): Record<string, string> {
    const parameters = sent();
    const names = Object.entries(parameters).filter(([name]) => /^MessageAttributes\.entry\.\d+\.Name$/.test(name));
    return Object.fromEntries(
      names.map(([name, value]) => [value, parameters[name.replace(/Name$/, 'Value.StringValue')] ?? '']),
    );
  }

  it('is one message, with a body for each kind of subscriber', async () => {
    await alerts.announce(outcomeOf());
    expect(sent()).toMatchObject({
      Action: 'Publish',
      TopicArn: topicArn,
      MessageStructure: 'json',
      Subject: 'Layerward: protection removed and put back: orders',
    });
    const bodies = JSON.parse(sent()['Message'] ?? '');
    expect(Object.keys(bodies).sort()).toEqual(['default', 'email', 'email-json', 'sms']);
    expect(JSON.parse(bodies.default)).toEqual({ ...outcomeOf(), severity: 'warning' });
    expect(bodies['email-json']).toBe(bodies.default);
    expect(bodies.email).toMatch(/^Function: orders\n/);
    expect(bodies.sms).toBe(sent()['Subject']);
  });

  it('has attributes to filter on, and none without a value, which SNS refuses', async () => {
    await alerts.announce(outcomeOf());
    expect(attributes()).toEqual({
      status: 'protected',
      severity: 'warning',
      account: '111122223333',
      region: 'us-east-1',
      function: 'orders',
    });
    standIn.requests.length = 0;
    await alerts.announce(outcomeOf({ status: 'blocked', reason: 'layer-limit', action: 'none' }));
    expect(attributes()).toMatchObject({ status: 'blocked', reason: 'layer-limit', severity: 'critical' });
  });

  it('is within what SNS takes, however long the words are', () => {
    const long = 'é'.repeat(20_000);
    const message = alertMessage(outcomeOf({ status: 'blocked', reason: 'aws-refused', detail: long }));
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(262_144);
  });

  it.each([
    [
      'is down',
      {
        status: 500,
        headers: { 'content-type': 'text/xml' },
        body: '<ErrorResponse><Error><Code>InternalFailure</Code><Message>oops</Message></Error></ErrorResponse>',
      },
      'ServiceUnavailable',
      /InternalFailure: oops/,
    ],
    [
      'has no such topic',
      {
        status: 404,
        headers: { 'content-type': 'text/xml' },
        body: '<ErrorResponse><Error><Code>NotFound</Code><Message>Topic does not exist</Message></Error></ErrorResponse>',
      },
      'InvalidInput',
      /NotFound\w*: Topic does not exist/,
    ],
    [
      'denies it',
      {
        status: 403,
        headers: { 'content-type': 'text/xml' },
        body: '<ErrorResponse><Error><Code>AuthorizationError</Code><Message>no</Message></Error></ErrorResponse>',
      },
      'AccessDenied',
      /AuthorizationError\w*: no; see docs\/security\.md/,
    ],
  ])('that can’t be sent, since SNS %s, is an error that names function and topic', async (_, answer, name, words) => {
    standIn.answer(answer);
    const error = await alerts.announce(outcomeOf()).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name, message: expect.stringMatching(words) });
    expect(String(error)).toContain(`sending the alert about ${outcomeOf().functionArn} to ${topicArn} failed: `);
  });
});

describe('an event', () => {
  let events: Announcer;
  beforeEach(() => {
    events = createEventBridgeEvents(new EventBridgeClient(standInOptions(standIn)), 'default');
    standIn.answer({ body: { FailedEntryCount: 0, Entries: [{ EventId: '1' }] } });
  });

  it('is one entry, with the outcome and how much it matters', async () => {
    await events.announce(outcomeOf());
    const { Entries } = standIn.sent() as { Entries: Record<string, unknown>[] };
    expect(Entries).toEqual([
      {
        EventBusName: 'default',
        Source: 'layerward',
        DetailType: 'Layerward Outcome',
        Resources: [outcomeOf().functionArn],
        Time: Date.parse('2026-11-23T12:00:01.500Z') / 1000,
        Detail: expect.any(String),
      },
    ]);
    expect(JSON.parse(String(Entries[0]?.['Detail']))).toEqual({ ...outcomeOf(), severity: 'warning' });
  });

  it('that EventBridge did not take, although it answered 200, is an error', async () => {
    standIn.answer({
      body: { FailedEntryCount: 1, Entries: [{ ErrorCode: 'InternalFailure', ErrorMessage: 'try again' }] },
    });
    await expect(events.announce(outcomeOf())).rejects.toMatchObject({
      name: 'ServiceUnavailable',
      message: `publishing the event about ${outcomeOf().functionArn} to the bus default failed: InternalFailure: try again`,
    });
  });

  it.each([
    [jsonError('ThrottlingException', 'Rate exceeded', 400), 'Throttled'],
    [jsonError('AccessDeniedException', 'not authorized', 403), 'AccessDenied'],
    [jsonError('InternalException', 'oops', 500), 'ServiceUnavailable'],
  ])('that can’t be published is an error of ours: %#', async (answer, name) => {
    standIn.answer(answer);
    await expect(events.announce(outcomeOf())).rejects.toMatchObject({ name });
  });
});
