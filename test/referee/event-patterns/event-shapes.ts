/*
 * Events as EventBridge delivers them, in the shapes that CloudTrail records of Lambda have, and whether Layerward's
 * rules are meant to let them through.
 */

/** An event of EventBridge. */
export type Event = Readonly<Record<string, unknown>>;

/** An event, what it is, and whether one of the rules has to let it through. */
export interface EventShape {
  readonly what: string;
  readonly event: Event;
  readonly passes: boolean;
}

const accountId = '111122223333';
const region = 'eu-west-1';
const functionArn = `arn:aws:lambda:${region}:${accountId}:function:orders`;

/** What calls change a function, with the date that CloudTrail adds. */
export const watchedCalls = [
  'CreateFunction20150331',
  'UpdateFunctionConfiguration20150331v2',
  'UpdateFunctionCode20150331v2',
  'TagResource20170331v2',
  'UntagResource20170331v2',
  'DeleteFunction20150331',
] as const;

/** Names that are close to those, and must not pass. */
export const otherCalls = [
  ...['CreateFunctionUrlConfig20211031', 'CreateFunctionUrlConfig', 'DeleteFunctionUrlConfig20211031'],
  ...['UpdateFunctionEventInvokeConfig', 'PutFunctionConcurrency20171031', 'DeleteFunctionConcurrency20171031'],
  ...['PublishVersion20150331', 'UpdateAlias20150331', 'PublishLayerVersion20181031', 'Invoke', 'CreateFunction2015'],
  ...['UpdateFunctionConfiguration20150331', 'createfunction20150331', 'CreateFunction20150331v2', ''],
] as const;

/** Who calls: CloudTrail's `userIdentity`. */
export function identities(ownRoleArn: string): Readonly<Record<string, Event>> {
  const session = (roleArn: string, sessionName: string, more: Event = {}): Event => {
    const userName = roleArn.split('/').at(-1) ?? '';
    return {
      type: 'AssumedRole',
      principalId: `AROAEXAMPLE0000000000:${sessionName}`,
      arn: `arn:aws:sts::${accountId}:assumed-role/${userName}/${sessionName}`,
      accountId,
      accessKeyId: 'ASIAEXAMPLE000000000',
      sessionContext: {
        sessionIssuer: { type: 'Role', principalId: 'AROAEXAMPLE0000000000', arn: roleArn, accountId, userName },
        attributes: { creationDate: '2026-03-11T07:02:05Z', mfaAuthenticated: 'false' },
      },
      ...more,
    };
  };
  return {
    'an IAM user': {
      type: 'IAMUser',
      principalId: 'AIDAEXAMPLE0000000000',
      arn: `arn:aws:iam::${accountId}:user/alice`,
      accountId,
      accessKeyId: 'AKIAEXAMPLE000000000',
      userName: 'alice',
    },
    'an IAM user with a second factor': {
      type: 'IAMUser',
      principalId: 'AIDAEXAMPLE0000000000',
      arn: `arn:aws:iam::${accountId}:user/alice`,
      accountId,
      userName: 'alice',
      sessionContext: {
        sessionIssuer: {},
        webIdFederationData: {},
        attributes: { creationDate: '2026-03-11T07:02:05Z', mfaAuthenticated: 'true' },
      },
    },
    'the root user': { type: 'Root', principalId: accountId, arn: `arn:aws:iam::${accountId}:root`, accountId },
    'an assumed role': session(`arn:aws:iam::${accountId}:role/deployer`, 'build-17'),
    'a role of the identity center': session(
      `arn:aws:iam::${accountId}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef`,
      'alice',
    ),
    'CloudFormation in the name of a role': session(
      `arn:aws:iam::${accountId}:role/cdk-cfn-exec-role`,
      'AWSCloudFormation',
      { invokedBy: 'cloudformation.amazonaws.com' },
    ),
    'a role whose name starts like ours': session(`${ownRoleArn}-2`, 'x'),
    'a service': { type: 'AWSService', invokedBy: 'lambda.amazonaws.com' },
    'Layerward itself': session(ownRoleArn, 'layerward-remediate'),
  };
}

/** A CloudTrail record of a Lambda call on the bus. */
export function callEvent(eventName: string, userIdentity: Event, more: Event = {}): Event {
  const isTagCall = /^(Unt|T)agResource/.test(eventName);
  return {
    version: '0',
    id: '00000000-0000-4000-8000-000000000001',
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.lambda',
    account: accountId,
    time: '2026-03-11T07:02:38Z',
    region,
    resources: [],
    detail: {
      eventVersion: '1.11',
      userIdentity,
      eventTime: '2026-03-11T07:02:38Z',
      eventSource: 'lambda.amazonaws.com',
      eventName,
      awsRegion: region,
      sourceIPAddress: '192.0.2.10',
      userAgent: 'aws-cli/2.32.3',
      requestParameters: isTagCall
        ? { resource: functionArn, tags: { 'layerward:protect': 'on' } }
        : { functionName: 'orders', environment: {}, layers: [`arn:aws:lambda:${region}:${accountId}:layer:shared:3`] },
      responseElements: isTagCall ? null : { functionArn, environment: {}, layers: [{ arn: 'layer', codeSize: 2120 }] },
      requestID: '00000000-0000-4000-8000-000000000002',
      eventID: '00000000-0000-4000-8000-000000000003',
      readOnly: false,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: accountId,
      eventCategory: 'Management',
      ...more,
    },
  };
}

/** A change of tags as EventBridge tells it. */
export function tagChangeEvent(more: Event = {}, detail: Event = {}): Event {
  return {
    version: '0',
    id: '00000000-0000-4000-8000-000000000004',
    'detail-type': 'Tag Change on Resource',
    source: 'aws.tag',
    account: accountId,
    time: '2026-03-11T07:02:38Z',
    region,
    resources: [functionArn],
    detail: {
      'changed-tag-keys': ['layerward:protect'],
      service: 'lambda',
      'resource-type': 'function',
      version: 3,
      tags: { 'layerward:protect': 'on' },
      ...detail,
    },
    ...more,
  };
}

/** Every shape by itself and crossed with the others: each call by each caller, succeeding and failing. */
export function eventShapes(ownRoleArn: string): EventShape[] {
  const shapes: EventShape[] = [];
  const bareCalls = watchedCalls.map((name) => name.replace(/\d{8}(v\d+)?$/, ''));
  const calls = [...watchedCalls, ...bareCalls].map((name) => ({ name, watched: true }));
  const others = otherCalls.map((name) => ({ name, watched: false }));
  const outcomes: readonly { readonly what: string; readonly more: Event; readonly passes: boolean }[] = [
    { what: 'succeeds', more: {}, passes: true },
    { what: 'is refused', more: { errorCode: 'AccessDenied', requestParameters: null }, passes: false },
    {
      what: 'fails',
      more: { errorCode: 'ResourceNotFoundException', errorMessage: 'Function not found' },
      passes: false,
    },
    { what: 'has an error code without a value', more: { errorCode: null }, passes: false },
  ];
  for (const [who, identity] of Object.entries(identities(ownRoleArn)))
    for (const { name, watched } of [...calls, ...others])
      for (const { what, more, passes } of outcomes)
        shapes.push({
          what: `${name || 'a call without a name'} by ${who} ${what}`,
          event: callEvent(name, identity, more),
          passes: watched && passes && who !== 'Layerward itself',
        });
  const user = identities(ownRoleArn)['an IAM user'] ?? {};
  const create = callEvent('CreateFunction20150331', user);
  const detail = { userIdentity: user, eventSource: 'lambda.amazonaws.com', eventName: 'CreateFunction20150331' };
  shapes.push(
    { what: 'a call of another source', event: { ...create, source: 'aws.s3' }, passes: false },
    { what: 'an event in the name of Lambda of another kind', event: { ...create, 'detail-type': 'X' }, passes: false },
    {
      what: 'a call without userIdentity',
      event: { ...create, detail: { ...detail, userIdentity: null } },
      passes: true,
    },
    { what: 'a call of another service', event: callEvent('TagResource', user, { eventSource: 's3' }), passes: false },
    { what: 'no detail', event: { source: 'aws.lambda' }, passes: false },
    { what: 'a tag change of a function', event: tagChangeEvent(), passes: true },
    { what: 'a tag change of a layer', event: tagChangeEvent({}, { 'resource-type': 'layer' }), passes: false },
    { what: 'a tag change of another service', event: tagChangeEvent({}, { service: 'ec2' }), passes: false },
    { what: 'a tag change of another source', event: tagChangeEvent({ source: 'custom' }), passes: false },
  );
  return shapes;
}
