import { describe, expect, it } from 'vitest';
import { type Replayed, replayRecord } from '../../../src/service/replay.ts';
import * as trail from '../../fixtures/cloudtrail.ts';
import { policyOf } from '../../fixtures/situation.ts';

const ownRoles = [trail.roleArn('layerward-remediate')];
const replay = (record: unknown, yaml = ''): Replayed => replayRecord(record, ownRoles, policyOf(yaml));

describe('a replayed record', () => {
  it('that needs a look says which function, who, when, and what would be done', () => {
    expect(replay(trail.createFunctionRecord({ tags: { 'layerward:protect': 'on' } }))).toEqual({
      verdict: 'look',
      reason: 'created',
      explanation:
        'it was created with layerward:protect=on: it is read as soon as it is Active, and gets what the policy wants',
      eventId: '5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69',
      eventName: 'CreateFunction',
      eventTime: '2026-11-23T11:59:58.000Z',
      functionArn: trail.functionArn,
      actor: expect.objectContaining({ name: 'alice' }),
      change: expect.objectContaining({ kind: 'created' }),
    });
  });

  it.each([
    [
      'a creation without the tag',
      trail.createFunctionRecord(),
      'created',
      /^it was created without layerward:protect=on: it is read once \(GetFunction\)/,
    ],
    [
      'a creation with another value',
      trail.createFunctionRecord({ tags: { 'layerward:protect': 'off' } }),
      'created',
      /^it was created without layerward:protect=on/,
    ],
    [
      'an update',
      trail.updateConfigurationRecord({ layers: [], handler: 'a.b' }),
      'configured',
      /^its Handler, Layers may have changed/,
    ],
    [
      'an update of nothing that we look after',
      trail.updateConfigurationRecord({ memorySize: 1 }),
      'configured',
      /^its configuration may have changed/,
    ],
    ['new code', trail.updateCodeRecord(true), 'code-updated', /^a code update can change the architecture/],
    [
      'the opt-in tag',
      trail.untagResourceRecord(trail.functionArn, ['layerward:protect']),
      'tagged',
      /^its opt-in tag changed/,
    ],
    ['another tag', trail.tagResourceRecord(trail.functionArn, { team: 'a' }), 'tagged', /^its tags changed/],
    ['a deletion', trail.deleteFunctionRecord(), 'deleted', /^it was deleted/],
  ])('of %s is explained', (_, record, reason, words) => {
    const replayed = replay(record);
    expect(replayed).toMatchObject({ verdict: 'look', reason });
    expect(replayed.explanation).toMatch(words);
  });

  it('is explained by the policy’s own tag', () => {
    const yaml = 'optIn: { tag: guard, value: "yes" }';
    expect(replay(trail.createFunctionRecord({ tags: { guard: 'yes' } }), yaml).explanation).toMatch(
      /^it was created with guard=yes/,
    );
    expect(replay(trail.tagResourceRecord(trail.functionArn, { guard: 'no' }), yaml).explanation).toMatch(
      /^its opt-in tag changed/,
    );
  });

  it.each([
    [
      'a failed call',
      trail.accessDeniedRecord('CreateFunction20150331'),
      'failed-call',
      'the call failed (AccessDenied), so it changed nothing; nothing is asked of AWS',
    ],
    ['a call that reads', trail.getFunctionRecord(), 'read-only', 'GetFunction only reads; nothing is asked of AWS'],
    [
      'a URL',
      trail.otherRecord('CreateFunctionUrlConfig'),
      'other-event',
      'CreateFunctionUrlConfig changes nothing that Layerward looks after; nothing is asked of AWS',
    ],
    [
      'our own update',
      trail.updateConfigurationRecord({}, { userIdentity: trail.assumedRole('layerward-remediate', 'x') }),
      'own-update',
      'Layerward made this call itself; nothing is asked of AWS',
    ],
    [
      'another service',
      trail.otherRecord('RunInstances', { eventSource: 'ec2.amazonaws.com' }),
      'other-event',
      'it is an event of ec2.amazonaws.com, not of Lambda; nothing is asked of AWS',
    ],
  ])('of %s says why nothing is done', (_, record, reason, explanation) => {
    expect(replay(record)).toEqual({
      verdict: 'dropped',
      reason,
      explanation,
      eventId: record.eventID,
      eventName: record.eventName,
      eventTime: record.eventTime,
    });
  });

  it.each([
    ['as EventBridge delivers it', (record: object) => trail.eventBridgeEvent({ ...record })],
    [
      'as the queue delivers it',
      (record: object) => ({ messageId: 'x', body: JSON.stringify(trail.eventBridgeEvent({ ...record })) }),
    ],
  ])('means the same %s', (_, wrap) => {
    const record = trail.createFunctionRecord({ tags: { 'layerward:protect': 'on' } });
    const { explanation, ...whole } = replay(record);
    const { explanation: wrapped, ...rest } = replay(wrap(record));
    expect(rest).toEqual(whole);
    expect({ wrapped }).toEqual({ wrapped: explanation });
  });

  it('may be a tag change that no trail told of', () => {
    expect(replay(trail.tagChangeEvent(['layerward:protect']))).toMatchObject({
      verdict: 'look',
      reason: 'tagged',
      eventName: 'TagChange',
      functionArn: trail.functionArn,
    });
  });

  it.each([
    ['a number', 7],
    ['null', null],
    ['a text', 'CreateFunction'],
    ['a list', []],
    ['an object with nothing in it', {}],
    ['a message whose body is no JSON', { body: 'hello' }],
    ['an event of something else', trail.eventBridgeEvent({}, { source: 'aws.ec2', 'detail-type': 'x' })],
    ['a record without a function', trail.updateConfigurationRecord({ name: '%' })],
  ])('that is %s is malformed, and says what is wrong', (_, record) => {
    const replayed = replay(record);
    expect(replayed).toMatchObject({ verdict: 'malformed', reason: 'invalid-input' });
    expect(replayed.explanation.length).toBeGreaterThan(20);
  });

  it('is named from within, where it is dropped', () => {
    const record = trail.accessDeniedRecord('CreateFunction20150331');
    const body = JSON.stringify(trail.eventBridgeEvent(record));
    for (const wrapped of [record, trail.eventBridgeEvent(record), { body }])
      expect(replay(wrapped)).toMatchObject({ eventId: record.eventID, eventName: 'CreateFunction20150331' });
  });

  it('that is malformed is named as far as it can be', () => {
    expect(
      replay({ ...trail.updateConfigurationRecord({ name: '%' }), eventTime: '2026-11-23T11:59:58Z' }),
    ).toMatchObject({
      eventId: '5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69',
      eventName: 'UpdateFunctionConfiguration20150331v2',
      eventTime: '2026-11-23T11:59:58Z',
    });
  });
});
