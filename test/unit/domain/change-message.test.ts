import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/domain/change.ts';
import {
  bareEventName,
  followUpMessage,
  type Reading,
  readCloudTrailRecord,
  readEventBridgeEvent,
  readMessage,
} from '../../../src/domain/change-message.ts';
import { InvalidInput } from '../../../src/domain/errors.ts';
import { formatFunctionArn } from '../../../src/domain/function-arn.ts';
import * as trail from '../../fixtures/cloudtrail.ts';

const ownRoles = [trail.roleArn('layerward-remediate')];
const read = (record: unknown) => readCloudTrailRecord(record, ownRoles);

function changeOf(reading: Reading): Change {
  if ('dropped' in reading) throw new Error(`dropped as ${reading.dropped}: ${reading.detail}`);
  return reading.change;
}
const arnOf = (reading: Reading) => formatFunctionArn(changeOf(reading).functionArn);

describe('the name of an event', () => {
  it.each([
    ['CreateFunction20150331', 'CreateFunction'],
    ['UpdateFunctionConfiguration20150331v2', 'UpdateFunctionConfiguration'],
    ['TagResource20170331v2', 'TagResource'],
    ['TagResource20170331v12', 'TagResource'],
    ['CreateFunction', 'CreateFunction'],
    ['CreateFunctionUrlConfig', 'CreateFunctionUrlConfig'],
    ['20150331Create', '20150331Create'],
  ])('%s is read as %s', (eventName, expected) => {
    expect(bareEventName(eventName)).toBe(expected);
  });

  it.each([
    ['CreateFunction', trail.createFunctionRecord(), 'created'],
    ['UpdateFunctionConfiguration', trail.updateConfigurationRecord(), 'configured'],
    ['UpdateFunctionCode', trail.updateCodeRecord(false), 'code-updated'],
    ['DeleteFunction', trail.deleteFunctionRecord(), 'deleted'],
    ['TagResource', trail.tagResourceRecord(trail.functionArn, { team: 'a' }), 'tagged'],
    ['UntagResource', trail.untagResourceRecord(trail.functionArn, ['team']), 'tagged'],
  ])('%s means the same with its date and without it', (eventName, record, kind) => {
    const dated = changeOf(read(record));
    expect(record.eventName).not.toBe(eventName);
    expect(dated).toMatchObject({ kind, eventName });
    expect(changeOf(read({ ...record, eventName }))).toEqual(dated);
  });
});

describe('a record of a function', () => {
  it('says everything that a look needs to know', () => {
    expect(read(trail.updateConfigurationRecord({ layers: [], environment: {} }))).toEqual({
      change: {
        functionArn: { partition: 'aws', region: 'eu-west-1', accountId: '111122223333', functionName: 'orders' },
        kind: 'configured',
        eventId: '5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69',
        eventName: 'UpdateFunctionConfiguration',
        eventTime: '2026-11-23T11:59:58.000Z',
        actor: {
          type: 'IAMUser',
          name: 'alice',
          arn: 'arn:aws:iam::111122223333:user/alice',
          sourceIpAddress: '203.0.113.7',
          userAgent: 'aws-cli/2.32.3 md/command#lambda',
        },
        touched: ['Layers', 'Environment'],
        tagKeys: [],
      },
    });
  });

  it.each([
    ['a name', 'orders'],
    ['a name with a version', 'orders:7'],
    ['a name with an alias', 'orders:live'],
    ['a partial ARN', '111122223333:function:orders'],
    ['a qualified partial ARN', '111122223333:function:orders:live'],
    ['a short partial ARN', 'function:orders'],
    ['a full ARN', trail.functionArn],
    ['a qualified ARN', `${trail.functionArn}:7`],
    ['the ARN of $LATEST', `${trail.functionArn}:$LATEST`],
  ])('is about the unqualified function, where functionName is %s', (_, name) => {
    expect(arnOf(read(trail.updateConfigurationRecord({ name })))).toBe(trail.functionArn);
  });

  it('takes region and partition from an ARN rather than from where the record was written', () => {
    const name = 'arn:aws-cn:lambda:cn-north-1:111122223333:function:orders';
    expect(arnOf(read(trail.updateConfigurationRecord({ name })))).toBe(name);
  });

  it.each([
    'arn:aws:lambda:eu-west-1:444455556666:function:orders',
    'arn:aws:lambda:eu-west-1:444455556666:function:orders:live',
    '444455556666:function:orders',
  ])('of another account, %s, is dropped: that account tells of it itself', (name) => {
    const record = trail.updateConfigurationRecord({ name });
    expect(read(record)).toEqual({
      dropped: 'other-account',
      detail:
        'account "111122223333" tells of arn:aws:lambda:eu-west-1:444455556666:function:orders, which is not its own',
      eventId: record.eventID,
    });
  });

  it('of another account, whose number is endless, is dropped with few words', () => {
    const name = 'arn:aws:lambda:eu-west-1:444455556666:function:orders';
    const record = { ...trail.updateConfigurationRecord({ name }), recipientAccountId: '1'.repeat(70_000) };
    const reading = readCloudTrailRecord(record, []);
    expect('detail' in reading && reading.detail.length).toBeLessThan(300);
  });

  it.each([
    ['us-gov-west-1', 'aws-us-gov'],
    ['cn-northwest-1', 'aws-cn'],
    ['eusc-de-east-1', 'aws-eusc'],
    ['ap-southeast-7', 'aws'],
  ])('of %s is in the partition %s', (awsRegion, partition) => {
    expect(arnOf(read(trail.deleteFunctionRecord({ awsRegion })))).toBe(
      `arn:${partition}:lambda:${awsRegion}:111122223333:function:orders`,
    );
  });

  it('that published a version is about the function, not the version', () => {
    expect(arnOf(read(trail.updateCodeRecord(true)))).toBe(trail.functionArn);
    expect(arnOf(read(trail.updateCodeRecord(true, { requestParameters: {} })))).toBe(trail.functionArn);
  });

  it('names the parts that its call named, since variables are never shown', () => {
    const everything = {
      handler: 'app.other',
      layers: [],
      environment: {},
      runtime: 'python3.8',
      architectures: ['arm64'],
      memorySize: 256,
    };
    expect(changeOf(read(trail.updateConfigurationRecord(everything))).touched).toEqual([
      'Handler',
      'Layers',
      'Environment',
      'Runtime',
      'Architectures',
    ]);
    expect(changeOf(read(trail.updateConfigurationRecord({ memorySize: 256 }))).touched).toEqual([]);
  });

  it('of a creation knows its tags, which are absent where there are none', () => {
    const tagged = changeOf(read(trail.createFunctionRecord({ tags: { 'layerward:protect': 'on', team: 'a' } })));
    expect(tagged).toMatchObject({
      kind: 'created',
      tagKeys: ['layerward:protect', 'team'],
      touched: ['Handler', 'Environment', 'Runtime', 'Tags'],
    });
    expect(changeOf(read(trail.createFunctionRecord())).tagKeys).toEqual([]);
  });

  it('of a deletion has no answer in it', () => {
    expect(read(trail.deleteFunctionRecord())).toMatchObject({ change: { kind: 'deleted', touched: [] } });
  });
});

describe('tags', () => {
  const untagged = trail.untagResourceRecord(trail.functionArn, ['layerward:protect']);
  const tagged = trail.tagResourceRecord(trail.functionArn, { 'layerward:protect': 'on', team: 'a' });

  it('that are set or taken off are named by their keys', () => {
    expect(changeOf(read(tagged))).toMatchObject({ touched: ['Tags'], tagKeys: ['layerward:protect', 'team'] });
    expect(changeOf(read(untagged))).toMatchObject({ touched: ['Tags'], tagKeys: ['layerward:protect'] });
  });

  it.each([
    ['a layer', 'arn:aws:lambda:eu-west-1:111122223333:layer:metrics'],
    [
      'an event source mapping',
      'arn:aws:lambda:eu-west-1:111122223333:event-source-mapping:0f1e2d3c-4b5a-4968-8776-655443322110',
    ],
    ['a code signing configuration', 'arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0'],
  ])('of %s are dropped', (_, resource) => {
    for (const record of [trail.tagResourceRecord(resource, { a: 'b' }), trail.untagResourceRecord(resource, ['a'])])
      expect(read(record)).toEqual({
        dropped: 'not-a-function',
        detail: `${resource} is not a function`,
        eventId: record.eventID,
      });
  });

  it('that EventBridge tells of without a trail are read too, and name nobody', () => {
    expect(readEventBridgeEvent(trail.tagChangeEvent(['layerward:protect']), ownRoles)).toEqual({
      change: {
        functionArn: { partition: 'aws', region: 'eu-west-1', accountId: '111122223333', functionName: 'orders' },
        kind: 'tagged',
        eventId: '8a7b6c5d-4e3f-4a2b-9c1d-0e9f8a7b6c5d',
        eventName: 'TagChange',
        eventTime: '2026-11-23T11:59:58.000Z',
        touched: ['Tags'],
        tagKeys: ['layerward:protect'],
      },
    });
  });

  it.each([
    [
      'another service',
      { service: 'ec2', type: 'instance', resource: 'arn:aws:ec2:eu-west-1:111122223333:instance/i-0' },
    ],
    ['another kind of resource', { type: 'layer', resource: 'arn:aws:lambda:eu-west-1:111122223333:layer:metrics' }],
    ['a resource that is no ARN', { resource: 'orders' }],
  ])('that EventBridge tells of %s are dropped', (_, about) => {
    expect(readEventBridgeEvent(trail.tagChangeEvent(['a'], about), ownRoles)).toMatchObject({
      dropped: 'not-a-function',
    });
  });

  it.each(['9999-12-31T23:59:59-23:59', '0000-01-01T00:00:00Z', '275760-09-13', '1969-12-31T23:59:59Z'])(
    'that EventBridge tells of at %s, when nothing can have happened, are refused',
    (time) => {
      expect(() => readEventBridgeEvent(trail.tagChangeEvent(['a'], {}, { time }), ownRoles)).toThrow(
        `has the time "${time}"`,
      );
    },
  );

  it('that EventBridge tells of at no time that can be read are refused', () => {
    expect(() => readEventBridgeEvent(trail.tagChangeEvent(['a'], {}, { time: 'yesterday' }), ownRoles)).toThrow(
      new InvalidInput('the tag change 8a7b6c5d-4e3f-4a2b-9c1d-0e9f8a7b6c5d has the time "yesterday"'),
    );
  });
});

describe('what needs no look', () => {
  const own = trail.assumedRole('layerward-remediate', 'layerward-remediate');
  const failed = { errorCode: 'ResourceNotFoundException', errorMessage: 'Function not found' };

  it.each([
    ['our own update', trail.updateConfigurationRecord({ layers: [] }, { userIdentity: own }), 'own-update'],
    ['a failed call', trail.deleteFunctionRecord(failed), 'failed-call'],
    [
      'a failed creation',
      trail.createFunctionRecord({}, { errorCode: 'InvalidParameterValueException' }),
      'failed-call',
    ],
    [
      'a refused creation, both halves of which are null',
      trail.accessDeniedRecord('CreateFunction20150331'),
      'failed-call',
    ],
    ['a refused update', trail.accessDeniedRecord('UpdateFunctionConfiguration20150331v2'), 'failed-call'],
    ['a refused tag', trail.accessDeniedRecord('TagResource20170331v2'), 'failed-call'],
    ['a call that reads', trail.getFunctionRecord(), 'read-only'],
    ['a URL for a function', trail.otherRecord('CreateFunctionUrlConfig'), 'other-event'],
    ['an alias', trail.otherRecord('UpdateAlias20150331'), 'other-event'],
    ['a version', trail.otherRecord('PublishVersion20150331'), 'other-event'],
    ['a permission', trail.otherRecord('AddPermission20150331v2'), 'other-event'],
    [
      'a call of another service with the same name',
      trail.createFunctionRecord({}, { eventSource: 'cloudfront.amazonaws.com' }),
      'other-event',
    ],
  ])('is %s', (_, record, dropped) => {
    expect(read(record)).toMatchObject({ dropped, eventId: record.eventID });
  });

  it('is not a call of another session of a role with a like name, nor of a user', () => {
    const other = trail.assumedRole('layerward-remediate-2', 'layerward-remediate');
    expect(read(trail.updateConfigurationRecord({}, { userIdentity: other }))).toHaveProperty('change');
    const user = { ...trail.identities.iamUser, arn: ownRoles[0], userName: 'layerward-remediate' };
    expect(read(trail.updateConfigurationRecord({}, { userIdentity: user }))).toHaveProperty('change');
  });
});

describe('who did it', () => {
  const actorOf = (userIdentity: unknown, changes: Readonly<Record<string, unknown>> = {}) =>
    changeOf(read(trail.updateConfigurationRecord({}, { userIdentity, userAgent: null, ...changes }))).actor;

  it.each([
    [
      'a user',
      trail.identities.iamUser,
      { type: 'IAMUser', name: 'alice', arn: 'arn:aws:iam::111122223333:user/alice' },
    ],
    [
      'a session of a role',
      trail.identities.assumedRole,
      { type: 'AssumedRole', name: 'deployment/bob', arn: 'arn:aws:sts::111122223333:assumed-role/deployment/bob' },
    ],
    [
      'a service',
      trail.identities.awsService,
      { type: 'AWSService', name: 'autoscaling.amazonaws.com', invokedBy: 'autoscaling.amazonaws.com' },
    ],
    [
      'a session without an ARN',
      { type: 'AssumedRole', sessionContext: { sessionIssuer: { userName: 'deployment' } } },
      { type: 'AssumedRole', name: 'deployment' },
    ],
    [
      'the root user',
      { type: 'Root', arn: 'arn:aws:iam::111122223333:root' },
      { type: 'Root', name: 'arn:aws:iam::111122223333:root', arn: 'arn:aws:iam::111122223333:root' },
    ],
    ['a principal', { type: 'AWSAccount', principalId: 'AIDA:x' }, { type: 'AWSAccount', name: 'AIDA:x' }],
    ['somebody', {}, { type: 'Unknown', name: 'unknown' }],
    [
      'a session that has no issuer',
      { type: 'FederatedUser', sessionContext: { sessionIssuer: null } },
      { type: 'FederatedUser', name: 'unknown' },
    ],
  ])('can be %s', (_, userIdentity, expected) => {
    expect(actorOf(userIdentity)).toEqual({ ...expected, sourceIpAddress: '203.0.113.7' });
  });

  it('can be somebody through CloudFormation', () => {
    const through = { sourceIPAddress: 'cloudformation.amazonaws.com', userAgent: 'cloudformation.amazonaws.com' };
    expect(actorOf(trail.identities.cloudFormation, through)).toEqual({
      type: 'AssumedRole',
      name: 'stack-execution/AWSCloudFormation',
      arn: 'arn:aws:sts::111122223333:assumed-role/stack-execution/AWSCloudFormation',
      invokedBy: 'cloudformation.amazonaws.com',
      sourceIpAddress: 'cloudformation.amazonaws.com',
      userAgent: 'cloudformation.amazonaws.com',
    });
  });

  it('is left out where the record does not say', () => {
    expect(actorOf(null)).toBeUndefined();
    expect(actorOf(undefined)).toBeUndefined();
  });
});

describe('a later look', () => {
  const short = fc.string({ maxLength: 256, unit: 'grapheme' }).filter((text) => text.length <= 256);
  const optional = { requiredKeys: ['type', 'name'] } as const;
  const actor = fc.record(
    { type: short, name: short, arn: short, invokedBy: short, sourceIpAddress: short, userAgent: short },
    { requiredKeys: [...optional.requiredKeys] },
  );
  const functionArn = fc.record({
    partition: fc.constantFrom('aws', 'aws-cn', 'aws-us-gov', 'aws-eusc'),
    region: fc.constantFrom('us-east-1', 'eusc-de-east-1', 'us-gov-west-1', 'ap-southeast-7'),
    accountId: fc.stringMatching(/^\d{12}$/),
    functionName: fc.stringMatching(/^[A-Za-z0-9_-]{1,140}$/),
  });
  const change = fc.record(
    {
      functionArn,
      kind: fc.constantFrom('created', 'configured', 'code-updated', 'tagged', 'deleted', 'swept', 'asked'),
      eventId: fc.string(),
      eventName: fc.string(),
      eventTime: fc
        .date({ min: new Date('2015-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
        .map((date) => date.toISOString()),
      actor,
      touched: fc.array(fc.string()),
      tagKeys: fc.array(fc.string()),
      followUp: fc.record({
        purpose: fc.constantFrom(
          'verify',
          'not-ready',
          'function-busy',
          'throttled',
          'revision-changed',
          'tags-unreadable',
        ),
        attempt: fc.integer({ min: 1, max: 1000 }),
      }),
    },
    { requiredKeys: ['functionArn', 'kind', 'eventId', 'eventName', 'eventTime', 'touched', 'tagKeys'] },
  );

  it('comes back from the queue as it was put there', () => {
    fc.assert(
      fc.property(change, (given) => {
        expect(readMessage(followUpMessage(given), ownRoles)).toEqual({ change: given });
      }),
    );
  });

  it('of what a record said comes back as well', () => {
    const { change: given } = { change: changeOf(read(trail.createFunctionRecord({ tags: { team: 'a' } }))) };
    expect(readMessage(followUpMessage(given), ownRoles)).toEqual({ change: given });
  });

  it.each([
    [
      'a function that is none',
      { functionArn: 'orders' },
      /detail\.functionArn is "orders", which is not a function's ARN/,
    ],
    [
      'an attempt that is none',
      { followUp: { purpose: 'verify', attempt: 0 } },
      /detail\.followUp\.attempt: Too small/,
    ],
    [
      'a purpose that nobody knows',
      { followUp: { purpose: 'fun', attempt: 1 } },
      /detail\.followUp\.purpose: Invalid option/,
    ],
    ['a kind that nobody knows', { kind: 'sung' }, /detail\.kind: Invalid option/],
    ['more tags than a function can have', { tagKeys: Array(51).fill('a') }, /detail\.tagKeys: Too big/],
  ])('with %s is refused', (_, wrong, words) => {
    const message = JSON.parse(followUpMessage(changeOf(read(trail.deleteFunctionRecord()))));
    const body = JSON.stringify({ ...message, detail: { ...message.detail, ...wrong } });
    expect(() => readMessage(body, ownRoles)).toThrow(InvalidInput);
    expect(() => readMessage(body, ownRoles)).toThrow(words);
  });
});

describe('what comes in and is not what it should be', () => {
  const refusal = (body: string): string => {
    try {
      readMessage(body, ownRoles);
    } catch (error) {
      if (error instanceof InvalidInput) return error.message;
      throw error;
    }
    throw new Error('it was read');
  };
  const inEvent = (record: unknown) => JSON.stringify(trail.eventBridgeEvent(Object(record)));
  const record = trail.updateConfigurationRecord();

  it.each([
    ['nothing', '', 'the message is not JSON; it is 0 characters long'],
    ['no JSON', '{"a": ', 'the message is not JSON; it is 6 characters long'],
    ['a number', '7', 'the message is not an EventBridge event: it: Invalid input: expected object, received number'],
    ['null', 'null', 'the message is not an EventBridge event: it: Invalid input: expected object, received null'],
    ['a list', '[]', 'the message is not an EventBridge event: it: Invalid input: expected object, received array'],
    [
      'an object with nothing in it',
      '{}',
      'the message is not an EventBridge event: source: Invalid input: expected string, received undefined; ' +
        'detail-type: Invalid input: expected string, received undefined; ' +
        'detail: Invalid input: expected record, received undefined',
    ],
    [
      'an event of something else',
      JSON.stringify(trail.eventBridgeEvent({}, { source: 'aws.ec2', 'detail-type': 'EC2 Instance State-change' })),
      'the event has source "aws.ec2" and detail-type "EC2 Instance State-change", which Layerward does not know',
    ],
    [
      'a record of wrong types',
      inEvent({ ...record, eventID: 7, eventTime: 'noon', readOnly: 'no' }),
      'this is not a CloudTrail record: eventID: Invalid input: expected string, received number; ' +
        'eventTime: Invalid ISO datetime; readOnly: Invalid input: expected boolean, received string',
    ],
    [
      'a record whose parameters are a list',
      inEvent({ ...record, requestParameters: [] }),
      'this is not a CloudTrail record: requestParameters: Invalid input: expected record, received array',
    ],
    [
      'a record without any name of a function',
      inEvent({ ...record, requestParameters: null, responseElements: null }),
      'the CloudTrail record 5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69 (UpdateFunctionConfiguration20150331v2) names no ' +
        'function: requestParameters.functionName is missing, recipientAccountId "111122223333", awsRegion "eu-west-1"',
    ],
    [
      'a name that no function can have',
      inEvent(trail.updateConfigurationRecord({ name: '../../etc/passwd' })),
      'the CloudTrail record 5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69 (UpdateFunctionConfiguration20150331v2) names no ' +
        'function: requestParameters.functionName is "../../etc/passwd", recipientAccountId "111122223333", awsRegion "eu-west-1"',
    ],
    [
      'a name in an account that is none',
      inEvent(trail.updateConfigurationRecord({}, { recipientAccountId: 'somewhere' })),
      'the CloudTrail record 5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69 (UpdateFunctionConfiguration20150331v2) names no ' +
        'function: requestParameters.functionName is "orders", recipientAccountId "somewhere", awsRegion "eu-west-1"',
    ],
    [
      'tags of nothing',
      inEvent({ ...trail.tagResourceRecord(trail.functionArn, {}), requestParameters: { resource: 7, tags: {} } }),
      'the CloudTrail record 5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69 (TagResource20170331v2) names no function: ' +
        'requestParameters.resource is missing, recipientAccountId "111122223333", awsRegion "eu-west-1"',
    ],
    [
      'a tag change of wrong types',
      JSON.stringify(trail.tagChangeEvent(['a'], {}, { detail: { service: 'lambda', 'changed-tag-keys': 'a' } })),
      'this is not a tag change: detail.resource-type: Invalid input: expected string, received undefined; ' +
        'detail.changed-tag-keys: Invalid input: expected array, received string',
    ],
  ])('such as %s is refused in words that say what and where', (_, body, words) => {
    expect(refusal(body)).toBe(words);
  });

  it('is refused unread where it is longer than SQS allows', () => {
    const body = inEvent({ ...record, padding: 'x'.repeat(1_100_000) });
    expect(refusal(body)).toMatch(/^the message is 110\d{4} characters long, and no event is longer than 1048576$/);
  });

  it('is read up to that length', () => {
    const body = inEvent({ ...record, padding: 'x'.repeat(1_040_000) });
    expect(arnOf(readMessage(body, ownRoles))).toBe(trail.functionArn);
  });

  it('does no harm however deep it is nested', () => {
    const depth = 200_000;
    expect(refusal('['.repeat(depth))).toMatch(/^the message is not JSON/);
    expect(refusal('['.repeat(depth) + ']'.repeat(depth))).toMatch(/expected object, received array/);
    const nested = `${'{"a":'.repeat(depth / 2)}1${'}'.repeat(depth / 2)}`;
    const body = inEvent(record).replace('"requestParameters":{', `"requestParameters":{"code":${nested},`);
    expect(arnOf(readMessage(body, ownRoles))).toBe(trail.functionArn);
  });

  it('can’t reach what all objects share', () => {
    const poison = '{"isAdmin":true,"functionName":"other"}';
    const body = inEvent(record)
      .replace(
        '"requestParameters":{',
        `"requestParameters":{"__proto__":${poison},"constructor":{"prototype":${poison}},`,
      )
      .replace('"detail":{', `"detail":{"__proto__":${poison},`);
    expect(arnOf(readMessage(body, ownRoles))).toBe(trail.functionArn);
    expect(Object.hasOwn(Object.prototype, 'isAdmin')).toBe(false);
    // What is only inherited is not what a call named.
    expect(changeOf(readMessage(body, ownRoles)).touched).toEqual([]);
  });

  it('keeps no more of any text than a record can take', () => {
    const long = 'x'.repeat(100_000);
    const identity = { ...trail.identities.iamUser, type: long, arn: long, userName: long, invokedBy: long };
    const reading = read(
      trail.tagResourceRecord(
        trail.functionArn,
        { [long]: '' },
        { userIdentity: identity, userAgent: long, sourceIPAddress: long },
      ),
    );
    const kept = changeOf(reading);
    for (const text of [...Object.values(kept.actor ?? {}), ...kept.tagKeys]) expect(text).toHaveLength(256);
    expect(Object.keys(kept.actor ?? {})).toHaveLength(6);
  });

  it('keeps no more tags than a function can have', () => {
    const keys = Array.from({ length: 10_000 }, (_, index) => `key-${index}`);
    const tags = Object.fromEntries(keys.map((key) => [key, '']));
    expect(changeOf(read(trail.tagResourceRecord(trail.functionArn, tags))).tagKeys).toHaveLength(50);
    expect(changeOf(readEventBridgeEvent(trail.tagChangeEvent(keys), ownRoles)).tagKeys).toHaveLength(50);
  });

  it.each(['9999-12-31T23:59:59-23:59', '0000-01-01T00:00:00Z', '0000-01-01T00:00:00+23:59'])(
    'is refused where it says that it happened at %s',
    (eventTime) => {
      expect(refusal(inEvent({ ...record, eventTime }))).toMatch(/^the CloudTrail record .* has the time /);
    },
  );

  it.each([
    ['aws', 'us-east-1'],
    ['aws-cn', 'cn-north-1'],
    ['aws-us-gov', 'us-gov-west-1'],
    ['aws-eusc', 'eusc-de-east-1'],
    ['aws-iso', 'us-iso-east-1'],
    ['aws-iso-b', 'us-isob-east-1'],
  ])('is about a function of the partition %s', (partition, region) => {
    const name = `arn:${partition}:lambda:${region}:111122223333:function:orders`;
    expect(arnOf(read(trail.updateConfigurationRecord({ name })))).toBe(name);
  });

  it.each(['aws-mars', 'awsx', 'aws-', 'AWS', 'aws-cn-north', ''])('is refused with a partition %j', (partition) => {
    const name = `arn:${partition}:lambda:us-east-1:111122223333:function:orders`;
    expect(refusal(inEvent(trail.updateConfigurationRecord({ name })))).toMatch(/names no function/);
  });

  it('is refused in a region with a name that goes on and on', () => {
    for (const awsRegion of [`us-east-${'1'.repeat(70_000)}`, `us${'-east'.repeat(10_000)}`, 'x'.repeat(300)])
      expect(refusal(inEvent({ ...record, awsRegion }))).toMatch(/^the CloudTrail record .{3,400}$/);
  });

  it.each([
    ['a long event id', { ...record, eventID: 'x'.repeat(100_000) }],
    ['a long event name', { ...record, eventName: 'x'.repeat(100_000) }],
    ['a long function name', trail.updateConfigurationRecord({ name: 'x'.repeat(100_000) })],
  ])('is quoted in short: %s', (_, given) => {
    expect(refusal(inEvent(given)).length).toBeLessThan(500);
  });

  it.each([
    ['a long source', trail.createFunctionRecord({}, { eventSource: 'x'.repeat(100_000) })],
    ['a long error', trail.createFunctionRecord({}, { errorCode: 'x'.repeat(100_000) })],
    ['a long resource', trail.tagResourceRecord('x'.repeat(100_000), {})],
  ])('is dropped in short: %s', (_, given) => {
    const reading = read(given);
    expect('detail' in reading && reading.detail.length).toBeLessThan(400);
  });

  it('is refused or read, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (body) => {
        try {
          readMessage(body, ownRoles);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInput);
        }
      }),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(record)), fc.anything()), (changes) => {
        try {
          read({ ...record, ...changes });
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInput);
        }
      }),
    );
  });
});

describe('an event that leaves something out', () => {
  const inEvent = (detail: Readonly<Record<string, unknown>>, changes: Readonly<Record<string, unknown>>) =>
    readEventBridgeEvent(trail.eventBridgeEvent(detail, changes), ownRoles);

  it('is read without an id, an account, a time or resources where it holds a record', () => {
    const bare = { id: undefined, account: undefined, time: undefined, resources: undefined };
    expect(arnOf(inEvent(trail.deleteFunctionRecord(), bare))).toBe(trail.functionArn);
  });

  it('is dropped under no id where it tells of a tag of nothing', () => {
    const event = trail.tagChangeEvent(['a'], {}, { id: undefined, resources: undefined });
    expect(readEventBridgeEvent(event, ownRoles)).toStrictEqual({
      dropped: 'not-a-function',
      detail: '"" is not a function',
      eventId: '',
    });
  });

  it('is refused where it tells of a tag at no time', () => {
    expect(() => readEventBridgeEvent(trail.tagChangeEvent(['a'], {}, { time: undefined }), ownRoles)).toThrow(
      new InvalidInput('the tag change 8a7b6c5d-4e3f-4a2b-9c1d-0e9f8a7b6c5d has the time ""'),
    );
  });

  it('tells of tags without their keys', () => {
    const detail = { service: 'lambda', 'resource-type': 'function' };
    const event = trail.tagChangeEvent([], {}, { detail });
    expect(changeOf(readEventBridgeEvent(event, ownRoles)).tagKeys).toStrictEqual([]);
  });

  it('is of the account in its ARN where the record is of none', () => {
    const record = trail.updateCodeRecord(false, { recipientAccountId: undefined });
    expect(arnOf(read(record))).toBe(trail.functionArn);
    expect(() => read(trail.deleteFunctionRecord({ recipientAccountId: undefined }))).toThrow(
      'requestParameters.functionName is "orders", recipientAccountId missing, awsRegion "eu-west-1"',
    );
  });

  it('has an error message of its own where it was parsed already', () => {
    expect(() => readEventBridgeEvent({}, ownRoles)).toThrow(/^this is not an EventBridge event: source: /);
  });

  it('is refused by the first five things that are wrong with it', () => {
    const types = { eventID: 1, eventName: 1, eventSource: 1, eventTime: 1, awsRegion: 1, readOnly: 1 };
    expect(() => read(types)).toThrow(
      new InvalidInput(
        `this is not a CloudTrail record: ${['eventID', 'eventName', 'eventSource', 'eventTime', 'awsRegion']
          .map((key) => `${key}: Invalid input: expected string, received number`)
          .join('; ')}`,
      ),
    );
  });
});

describe('the year of an event', () => {
  const timeOf = (time: string) =>
    changeOf(readEventBridgeEvent(trail.tagChangeEvent(['a'], {}, { time }), ownRoles)).eventTime;

  it.each(['1970-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'])('can be that of %s', (time) => {
    expect(timeOf(time)).toBe(time);
  });

  it.each(['1969-12-31T23:59:59.999Z', '+010000-01-01T00:00:00.000Z'])('can’t be that of %s', (time) => {
    expect(() => timeOf(time)).toThrow(InvalidInput);
  });
});

describe('the time of an event', () => {
  const eventTime = '2026-11-23T12:59:58+01:00';

  it('may be of any time zone', () => {
    expect(changeOf(read(trail.deleteFunctionRecord({ eventTime }))).eventTime).toBe('2026-11-23T11:59:58.000Z');
    const change = { ...changeOf(read(trail.deleteFunctionRecord())), eventTime };
    expect(readMessage(followUpMessage(change), ownRoles)).toStrictEqual({ change });
  });
});

describe('an event of another account', () => {
  it('is dropped under the id of the event, whatever record or tag it holds', () => {
    const dropped = {
      dropped: 'other-account',
      detail: `account "444455556666" tells of ${trail.functionArn}, which is not its own`,
      eventId: '8a7b6c5d-4e3f-4a2b-9c1d-0e9f8a7b6c5d',
    };
    const other = { account: '444455556666' };
    expect(readEventBridgeEvent(trail.eventBridgeEvent(trail.deleteFunctionRecord(), other), ownRoles)).toEqual(
      dropped,
    );
    expect(readEventBridgeEvent(trail.tagChangeEvent(['a'], {}, other), ownRoles)).toEqual(dropped);
  });

  it('stays dropped for the reason that its record was dropped for', () => {
    const event = trail.eventBridgeEvent(trail.getFunctionRecord(), { account: '444455556666' });
    expect(readEventBridgeEvent(event, ownRoles)).toMatchObject({ dropped: 'read-only' });
  });
});

describe('the words of what is dropped', () => {
  it.each([
    [
      'another service',
      trail.deleteFunctionRecord({ eventSource: 's3.amazonaws.com' }),
      'it is an event of s3.amazonaws.com, not of Lambda',
    ],
    [
      'a failed call',
      trail.deleteFunctionRecord({ errorCode: 'AccessDenied' }),
      'the call failed (AccessDenied), so it changed nothing',
    ],
    ['a call that reads', trail.getFunctionRecord(), 'GetFunction only reads'],
    [
      'a call of no interest',
      trail.otherRecord('PublishVersion20150331'),
      'PublishVersion changes nothing that Layerward looks after',
    ],
    [
      'a call of our own',
      trail.deleteFunctionRecord({ userIdentity: trail.assumedRole('layerward-remediate', 's') }),
      'Layerward made this call itself',
    ],
  ])('say of %s what it is', (_, record, detail) => {
    expect(read(record)).toMatchObject({ detail, eventId: record.eventID });
  });
});

describe('a role of our own', () => {
  const ofMember = (role: string) =>
    trail.updateConfigurationRecord({}, { userIdentity: trail.assumedRole(role, 'session') });

  it('may be named once for all accounts', () => {
    const everywhere = ['arn:aws:iam::*:role/other', 'arn:aws:iam::*:role/layerward-member'];
    expect(readCloudTrailRecord(ofMember('layerward-member'), everywhere)).toMatchObject({ dropped: 'own-update' });
    expect(readCloudTrailRecord(ofMember('deployment'), everywhere)).toHaveProperty('change');
  });

  it('is one of the account in which the call was made', () => {
    const elsewhere = { ...ofMember('layerward-member'), recipientAccountId: '444455556666' };
    expect(readCloudTrailRecord(elsewhere, ['arn:aws:iam::*:role/layerward-member'])).not.toMatchObject({
      dropped: 'own-update',
    });
  });

  it('is nobody’s where the record does not say who called', () => {
    for (const userIdentity of [null, {}, { sessionContext: null }, { sessionContext: { sessionIssuer: null } }])
      expect(read(trail.deleteFunctionRecord({ userIdentity }))).toHaveProperty('change');
  });
});

describe('the keys of tags', () => {
  const keysOf = (requestParameters: Readonly<Record<string, unknown>>) =>
    changeOf(read({ ...trail.tagResourceRecord(trail.functionArn, {}), requestParameters })).tagKeys;
  const resource = trail.functionArn;

  it.each([
    ['of tags that are set', { resource, tags: { a: 'x', b: 'y' } }, ['a', 'b']],
    ['of tags that are taken off', { resource, tagKeys: ['a', 'b'] }, ['a', 'b']],
    ['that are texts', { resource, tagKeys: ['a', 7, null, 'b'] }, ['a', 'b']],
    ['of no tags', { resource }, []],
    ['of null', { resource, tags: null, tagKeys: null }, []],
    ['of a text', { resource, tags: 'abc', tagKeys: 'abc' }, []],
  ])('are those %s', (_, requestParameters, keys) => {
    expect(keysOf(requestParameters)).toStrictEqual(keys);
  });
});

describe('a look that we put on the queue', () => {
  const change = () => changeOf(read(trail.deleteFunctionRecord()));

  it.each([
    'verify',
    'not-ready',
    'function-busy',
    'throttled',
    'revision-changed',
    'tags-unreadable',
    'unavailable',
    'turn',
    'turn-taken',
  ] as const)('comes back with its purpose %s', (purpose) => {
    const given = { ...change(), followUp: { purpose, attempt: 1 } };
    expect(readMessage(followUpMessage(given), ownRoles)).toStrictEqual({ change: given });
  });

  it.each(['created', 'configured', 'code-updated', 'tagged', 'deleted', 'swept', 'asked'] as const)(
    'comes back with its kind %s',
    (kind) => {
      expect(readMessage(followUpMessage({ ...change(), kind }), ownRoles)).toStrictEqual({
        change: { ...change(), kind },
      });
    },
  );

  it('is told from an event of AWS’s by its source and its detail-type', () => {
    const message = JSON.parse(followUpMessage(change()));
    expect(message).toMatchObject({ source: 'layerward', 'detail-type': 'Layerward Look' });
    for (const other of [{ source: 'aws.lambda' }, { 'detail-type': 'Look' }])
      expect(() => readMessage(JSON.stringify({ ...message, ...other }), ownRoles)).toThrow(
        /^the event has source "\w+(\.\w+)?" and detail-type "[\w ]+", which Layerward does not know$/,
      );
  });

  it.each([
    ['kind', 7],
    ['eventId', 7],
    ['eventName', 7],
    ['eventTime', 'noon'],
    ['actor', { type: 'IAMUser' }],
    ['touched', 'Layers'],
    ['tagKeys', 'a'],
    ['followUp', null],
    ['functionArn', 7],
  ])('is refused with another %s', (key, value) => {
    const message = JSON.parse(followUpMessage(change()));
    const body = JSON.stringify({ ...message, detail: { ...message.detail, [key]: value } });
    expect(() => readMessage(body, ownRoles)).toThrow(
      new RegExp(`^this is not a later look of Layerward’s: detail\\.${key}`),
    );
  });
});

describe('an event of tags', () => {
  it.each([
    ['source', { source: 'aws.lambda' }],
    ['detail-type', { 'detail-type': 'Tag Change' }],
  ])('is known by its %s', (_, changes) => {
    expect(() => readEventBridgeEvent(trail.tagChangeEvent(['a'], {}, changes), ownRoles)).toThrow(
      /which Layerward does not know$/,
    );
  });

  it.each([
    ['of another service', { service: 'ec2' }],
    ['of another kind of resource', { type: 'layer' }],
    ['of what is no function', { resource: 'arn:aws:lambda:eu-west-1:111122223333:layer:metrics' }],
  ])('is dropped where it is %s alone', (_, about) => {
    const { resource = trail.functionArn } = { resource: undefined, ...about };
    expect(readEventBridgeEvent(trail.tagChangeEvent(['a'], about), ownRoles)).toStrictEqual({
      dropped: 'not-a-function',
      detail: `"${resource}" is not a function`,
      eventId: '8a7b6c5d-4e3f-4a2b-9c1d-0e9f8a7b6c5d',
    });
  });
});

describe('lengths', () => {
  const body = (padding: string) => JSON.stringify(trail.eventBridgeEvent(trail.deleteFunctionRecord({ padding })));
  const room = 1_048_576 - body('').length;

  it('of messages end where SQS ends them', () => {
    expect(arnOf(readMessage(body('x'.repeat(room)), ownRoles))).toBe(trail.functionArn);
    expect(() => readMessage(body('x'.repeat(room + 1)), ownRoles)).toThrow(
      new InvalidInput('the message is 1048577 characters long, and no event is longer than 1048576'),
    );
  });

  it('of ids and names end at 256 characters', () => {
    const names = { eventID: 'x'.repeat(256), eventName: `${'X'.repeat(248)}20150331` };
    expect(read(trail.otherRecord('', names))).toMatchObject({ dropped: 'other-event', eventId: names.eventID });
    expect(() => read(trail.deleteFunctionRecord({ eventID: 'x'.repeat(257) }))).toThrow(/eventID: Too big/);
    expect(() => read(trail.deleteFunctionRecord({ eventName: 'x'.repeat(257) }))).toThrow(/eventName: Too big/);
    expect(() => read(trail.deleteFunctionRecord({ eventID: '' }))).toThrow(/eventID: Too small/);
    expect(() => read(trail.deleteFunctionRecord({ eventName: '' }))).toThrow(/eventName: Too small/);
    const event = trail.eventBridgeEvent(trail.deleteFunctionRecord(), { id: 'x'.repeat(257) });
    expect(() => readEventBridgeEvent(event, ownRoles)).toThrow(/ id: Too big/);
  });

  it('of texts in words end at 80 characters', () => {
    const words = (source: string) => {
      try {
        readEventBridgeEvent(trail.eventBridgeEvent({}, { source, 'detail-type': 'x' }), ownRoles);
      } catch (error) {
        return error instanceof Error ? error.message : undefined;
      }
      return undefined;
    };
    expect(words('s'.repeat(80))).toContain(`source "${'s'.repeat(80)}" and`);
    expect(words('s'.repeat(81))).toContain(`source "${'s'.repeat(80)}…" and`);
  });

  it('of what is not a function end at 256 characters', () => {
    expect(read(trail.tagResourceRecord('x'.repeat(257), {}))).toMatchObject({
      detail: `${'x'.repeat(256)} is not a function`,
    });
  });
});

describe('the parts that a call names', () => {
  it('are those of the call itself, also of one whose parameters are null', () => {
    const record = trail.updateCodeRecord(true, { requestParameters: null });
    expect(changeOf(read(record))).toMatchObject({ functionArn: { functionName: 'orders' }, touched: [], tagKeys: [] });
  });

  it('of a creation are its tags too', () => {
    expect(changeOf(read(trail.createFunctionRecord())).touched).toStrictEqual([
      'Handler',
      'Environment',
      'Runtime',
      'Tags',
    ]);
    expect(changeOf(read(trail.updateConfigurationRecord({ handler: 'a.b' }))).touched).toStrictEqual(['Handler']);
  });

  it('of a tag are missing where its parameters are null', () => {
    const record = { ...trail.tagResourceRecord(trail.functionArn, {}), requestParameters: null };
    expect(() => read(record)).toThrow(InvalidInput);
  });

  it('of a tag are not looked for in its answer', () => {
    const record = { ...trail.tagResourceRecord(trail.functionArn, {}), requestParameters: { functionName: 'orders' } };
    expect(() => read(record)).toThrow(/requestParameters\.resource is missing/);
  });
});

describe('somebody who called', () => {
  const actorOf = (changes: Readonly<Record<string, unknown>>) =>
    changeOf(read(trail.deleteFunctionRecord(changes))).actor;

  it('is shown without what the record leaves empty', () => {
    const userIdentity = { type: 'IAMUser', userName: 'alice', arn: '', invokedBy: '' };
    expect(actorOf({ userIdentity, sourceIPAddress: '', userAgent: '' })).toStrictEqual({
      type: 'IAMUser',
      name: 'alice',
    });
    expect(actorOf({ userIdentity, sourceIPAddress: null, userAgent: null })).toStrictEqual({
      type: 'IAMUser',
      name: 'alice',
    });
  });

  it('is named by the session before the user, the user before the role, the role before the service', () => {
    const session = 'arn:aws:sts::111122223333:assumed-role/deploy/bob';
    const sessionContext = { sessionIssuer: { userName: 'deploy' } };
    const all = { type: 'AssumedRole', arn: session, userName: 'alice', sessionContext, invokedBy: 'x.amazonaws.com' };
    const nameOf = (changes: Readonly<Record<string, unknown>>) =>
      actorOf({ userIdentity: { ...all, ...changes, principalId: 'AROA' } })?.name;
    expect(nameOf({})).toBe('deploy/bob');
    expect(nameOf({ arn: undefined })).toBe('alice');
    expect(nameOf({ arn: 'arn:aws:iam::111122223333:user/a' })).toBe('alice');
    expect(nameOf({ arn: undefined, userName: undefined })).toBe('deploy');
    expect(nameOf({ arn: undefined, userName: undefined, sessionContext: undefined })).toBe('x.amazonaws.com');
    const arn = 'arn:aws:iam::111122223333:root';
    const nobody = { userName: undefined, sessionContext: undefined, invokedBy: undefined };
    expect(nameOf({ ...nobody, arn })).toBe(arn);
    expect(nameOf({ ...nobody, arn: undefined })).toBe('AROA');
  });
});
