import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { followUpMessage } from '../../../src/domain/change-message.ts';
import { replayRecord } from '../../../src/service/replay.ts';
import * as trail from '../../fixtures/cloudtrail.ts';
import { leaksBy, mark, plantInEach } from '../../fixtures/planted.ts';
import { arn, policyOf, snapshotOf } from '../../fixtures/situation.ts';
import { createWatchedWorld } from './watched-world.ts';

/*
 * A secret in every field of all that comes by the queue, one at a time, against all that goes out. What gets out is
 * listed here and in docs/security.md: who did it, from where, by which call; and names of functions and tags.
 */

const ownRoles = [trail.roleArn('layerward-remediate')];
const policy = policyOf();
const here = { awsRegion: arn.region };
const identity = {
  ...trail.assumedRole('deployment', 'bob'),
  userName: 'bob',
  invokedBy: 'cloudformation.amazonaws.com',
};
const of = { ...here, userIdentity: identity };
const everything = {
  handler: 'app.handler',
  layers: ['arn:aws:lambda:us-east-1:111122223333:layer:team:1'],
  runtime: 'nodejs14.x',
  description: 'd',
  role: 'arn:aws:iam::111122223333:role/app',
  kMSKeyArn: 'arn:aws:kms:us-east-1:111122223333:key/1',
  environment: { variables: { PASSWORD: 'p' } },
  vpcConfig: { subnetIds: ['s'] },
};
const answer = {
  functionArn: `arn:aws:lambda:us-east-1:${arn.accountId}:function:orders`,
  environment: { variables: { PASSWORD: 'p' }, error: { message: 'm' } },
  codeSha256: 'c',
};

const events: Readonly<Record<string, unknown>> = {
  update: trail.eventBridgeEvent(trail.updateConfigurationRecord(everything, { ...of, responseElements: answer })),
  creation: trail.eventBridgeEvent(trail.createFunctionRecord({ tags: { team: 'a' } }, of)),
  code: trail.eventBridgeEvent(
    trail.updateCodeRecord(false, { ...of, requestParameters: { functionName: 'orders', zipFile: 'z', s3Key: 'k' } }),
  ),
  deletion: trail.eventBridgeEvent(trail.deleteFunctionRecord(of)),
  tags: trail.eventBridgeEvent(trail.tagResourceRecord(answer.functionArn, { 'layerward:protect': 'on' }, of)),
  untagging: trail.eventBridgeEvent(trail.untagResourceRecord(answer.functionArn, ['layerward:group'], of)),
  failure: trail.eventBridgeEvent(trail.accessDeniedRecord('UpdateFunctionConfiguration20150331v2')),
  user: trail.eventBridgeEvent(
    trail.updateConfigurationRecord({ layers: [] }, { ...here, userIdentity: trail.identities.iamUser }),
  ),
  session: trail.eventBridgeEvent(
    trail.updateConfigurationRecord(
      { layers: [] },
      { ...here, userIdentity: { type: 'AssumedRole', sessionContext: identity.sessionContext } },
    ),
  ),
  'nobody with a name': trail.eventBridgeEvent(
    trail.updateConfigurationRecord({ layers: [] }, { ...here, userIdentity: { type: 'Unknown', principalId: 'p' } }),
  ),
  'tag change': trail.tagChangeEvent(['layerward:protect'], { resource: answer.functionArn }),
  'later look': JSON.parse(
    followUpMessage({
      functionArn: arn,
      kind: 'configured',
      eventId: 'e',
      eventName: 'UpdateFunctionConfiguration',
      eventTime: '2026-11-23T12:00:00.000Z',
      actor: { type: 't', name: 'n', arn: 'a', invokedBy: 'i', sourceIpAddress: 's', userAgent: 'u' },
      touched: ['Layers'],
      tagKeys: ['team'],
      followUp: { purpose: 'throttled', attempt: 1 },
    }),
  ),
};

/** A function that is protected, has lost its layer, and gets this message. */
async function deliver(event: unknown) {
  const world = createWatchedWorld('', { ownRoles, policy });
  await world.protect();
  world.functions.put({ ...(world.live() ?? snapshotOf()), layers: [] });
  await world.deliver(JSON.stringify(event));
  await world.settle();
  const replayed = replayRecord(event, ownRoles, policy);
  return { ...world.out(), replay: JSON.stringify(replayed) };
}

/** Who did it, from where, by which call: kept in records and history, and told. */
const told = [
  'detail.eventID',
  'detail.eventName',
  'detail.sourceIPAddress',
  'detail.userAgent',
  'detail.userIdentity.arn',
  'detail.userIdentity.invokedBy',
  'detail.userIdentity.principalId',
  'detail.userIdentity.sessionContext.sessionIssuer.userName',
  'detail.userIdentity.type',
  'detail.userIdentity.userName',
  'id',
];
/** The same, as a later look carries it. */
const toldAgain = ['arn', 'invokedBy', 'name', 'sourceIpAddress', 'type', 'userAgent'].map(
  (name) => `detail.actor.${name}`,
);
/** Named in the log, in messages of the queue or by `layerward replay`: which function, whose tags, why it is dropped. */
const mentioned = [
  'account',
  'detail-type',
  'detail.awsRegion',
  'detail.changed-tag-keys.*',
  'detail.errorCode',
  'detail.eventSource',
  'detail.eventTime',
  'detail.functionArn',
  'detail.recipientAccountId',
  'detail.requestParameters.functionName',
  'detail.requestParameters.resource',
  'detail.requestParameters.tagKeys.*',
  'detail.tagKeys.*',
  'detail.touched.*',
  'resources.*',
  'source',
  'time',
];

describe('a secret that is planted in an event', () => {
  it('gets out by the fields that are kept, and by no other', async () => {
    const searched = await Promise.all(
      Object.values(events).flatMap((event) =>
        plantInEach(event).map(async ({ path, planted }) => ({ path, out: await deliver(planted) })),
      ),
    );
    expect(searched.length).toBeGreaterThan(300);
    const inPassing = ['log', 'queue', 'replay'];
    const kept = leaksBy(searched, (way) => !inPassing.includes(way));
    expect(kept).toEqual([...told, ...toldAgain, 'detail.eventId'].sort());
    expect(leaksBy(searched).filter((path) => !kept.includes(path))).toEqual(mentioned);
  });

  it('gets out by fields that docs/security.md lists', () => {
    const page = readFileSync('docs/security.md', 'utf8');
    const names = told.flatMap((path) =>
      path.split('.').filter((name) => !['detail', 'sessionContext', 'sessionIssuer'].includes(name)),
    );
    expect([...new Set(names)].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it('gets out of no message that is not an event', async () => {
    for (const body of [
      mark,
      `{"key": "${mark}`,
      `"${mark}"`,
      `["${mark}"]`,
      `{"key": "${mark}"}`,
      '{"detail": {"key": "x"}}',
    ]) {
      const world = createWatchedWorld();
      expect(await world.deliver(body)).toEqual(['message-0']);
      expect(JSON.stringify(world.out())).not.toContain(mark);
    }
  });
});
