import { callEvent, type Event, type EventShape, identities } from './event-shapes.ts';

/*
 * Events that start a sweep, and those that are close to them and must not: of policies that are deployed, of secrets
 * that change, and of Layerward itself.
 */

/** The AppConfig application of the policy, as the rules name it. */
export const policyApplicationId = 'abc1234';

const account = '111122223333';
const region = 'eu-west-1';
const secretId = `arn:aws:secretsmanager:${region}:${account}:secret:layerward/groups/default-AbCdEf`;

function event(source: string, detailType: string, detail: Event): Event {
  const time = '2026-03-11T07:02:38Z';
  const id = '00000000-0000-4000-8000-000000000005';
  return { version: '0', id, 'detail-type': detailType, source, account, time, region, resources: [], detail };
}

function deployment(point: string, applicationId: string): Event {
  return event('aws.appconfig', `On Deployment ${point}`, {
    InvocationId: 'abcdefg',
    Parameters: {},
    Type: `OnDeployment${point.replaceAll(' ', '')}`,
    Application: { Id: applicationId, Name: 'layerward' },
    Environment: { Id: 'env1234', Name: 'live' },
    ConfigurationProfile: { Id: 'pro1234', Name: 'policy' },
    DeploymentNumber: 3,
    ConfigurationVersion: '3',
  });
}

/** A call of Secrets Manager as CloudTrail records it. */
function secretCall(eventName: string, more: Event = {}): Event {
  return event('aws.secretsmanager', 'AWS API Call via CloudTrail', {
    eventVersion: '1.11',
    userIdentity: identities('')['an IAM user'],
    eventTime: '2026-03-11T07:02:38Z',
    eventSource: 'secretsmanager.amazonaws.com',
    eventName,
    awsRegion: region,
    requestParameters: { secretId },
    responseElements: { arn: secretId },
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: account,
    eventCategory: 'Management',
    ...more,
  });
}

/** What Secrets Manager does by itself, when it rotates a secret. */
function rotation(eventName: string): Event {
  return event('aws.secretsmanager', 'AWS Service Event via CloudTrail', {
    eventVersion: '1.11',
    userIdentity: { accountId: account, invokedBy: 'secretsmanager.amazonaws.com' },
    eventTime: '2026-03-11T07:02:38Z',
    eventSource: 'secretsmanager.amazonaws.com',
    eventName,
    awsRegion: region,
    additionalEventData: { SecretId: secretId },
    eventType: 'AwsServiceEvent',
    recipientAccountId: account,
    eventCategory: 'Management',
  });
}

/** Each with whether it starts a sweep. */
export const sweepShapes: readonly EventShape[] = [
  { what: 'a policy that has reached everybody', event: deployment('Complete', policyApplicationId), passes: true },
  { what: 'a policy that begins to roll out', event: deployment('Start', policyApplicationId), passes: false },
  { what: 'a policy that was rolled back', event: deployment('Rolled Back', policyApplicationId), passes: false },
  { what: 'another application’s configuration', event: deployment('Complete', 'xyz9876'), passes: false },
  ...['PutSecretValue', 'UpdateSecret', 'UpdateSecretVersionStage', 'CreateSecret', 'RestoreSecret'].flatMap(
    (name): EventShape[] => [
      { what: name, event: secretCall(name), passes: true },
      { what: `${name} that is refused`, event: secretCall(name, { errorCode: 'AccessDenied' }), passes: false },
      {
        what: `${name} of another service`,
        event: secretCall(name, { eventSource: 's3.amazonaws.com' }),
        passes: false,
      },
    ],
  ),
  ...['GetSecretValue', 'DescribeSecret', 'DeleteSecret', 'RotateSecret', 'TagResource'].map(
    (name): EventShape => ({ what: name, event: secretCall(name), passes: false }),
  ),
  { what: 'a rotation that succeeded', event: rotation('RotationSucceeded'), passes: true },
  { what: 'a rotation that began', event: rotation('RotationStarted'), passes: false },
  { what: 'a rotation that failed', event: rotation('RotationFailed'), passes: false },
  {
    what: 'a request for a sweep',
    event: event('layerward', 'Layerward Sweep Request', { reason: 'x' }),
    passes: true,
  },
  // Or each sweep would start others.
  { what: 'an outcome', event: event('layerward', 'Layerward Outcome', { status: 'protected' }), passes: false },
  { what: 'a request in another name', event: event('other', 'Layerward Sweep Request', {}), passes: false },
  { what: 'a call of Lambda', event: callEvent('CreateFunction20150331', {}), passes: false },
];
