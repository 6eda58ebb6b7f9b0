import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts';

const extension = 'AWS.AppConfig.DeploymentNotificationsToEventBridge';
const association = (dependsOn: string, resource: string, identifier = extension) => `
  Association:
    Type: AWS::AppConfig::ExtensionAssociation
    DependsOn: [${dependsOn}]
    Properties:
      ExtensionIdentifier: ${identifier}
      ResourceIdentifier: !Sub 'arn:aws:appconfig:\${AWS::Region}:\${AWS::AccountId}:${resource}'
`;

const template = (more: string, deploymentDependsOn: string) => `
Resources:
  Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: events } }
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Statement:
          { Effect: Allow, Principal: { Service: events.amazonaws.com }, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn }
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: { source: [aws.appconfig] }
      Targets: [{ Id: queue, Arn: !GetAtt Queue.Arn }]
  Application: { Type: AWS::AppConfig::Application, Properties: { Name: layerward } }
  Environment: { Type: AWS::AppConfig::Environment, Properties: { ApplicationId: !Ref Application, Name: live } }
  Other: { Type: AWS::AppConfig::Environment, Properties: { ApplicationId: !Ref Application, Name: other } }
  Profile: { Type: AWS::AppConfig::ConfigurationProfile, Properties: { ApplicationId: !Ref Application, Name: policy } }
  Version:
    Type: AWS::AppConfig::HostedConfigurationVersion
    Properties: { ApplicationId: !Ref Application, ConfigurationProfileId: !Ref Profile, Content: '{}', ContentType: application/json }
  Deployment:
    Type: AWS::AppConfig::Deployment
    DependsOn: [Rule, QueuePolicy, ${deploymentDependsOn}]
    Properties:
      ApplicationId: !Ref Application
      EnvironmentId: !Ref Environment
      ConfigurationProfileId: !Ref Profile
      ConfigurationVersion: !Ref Version
${more}
`;

let folder: string;
let sandbox: Sandbox | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'layerward-app-config-'));
});
afterEach(async () => {
  await sandbox?.stop();
  sandbox = undefined;
  rmSync(folder, { recursive: true });
});
const start = async (text: string) => {
  const templatePath = join(folder, 'template.yaml');
  writeFileSync(templatePath, text);
  sandbox = await startSandbox({ templatePath, timings: { deliveryMs: 1 }, policy: { version: 1 } });
  return sandbox;
};

interface Told {
  readonly 'detail-type': string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}
/** The next events of AppConfig's own, as many as are waited for; records of CloudTrail aside. */
async function events({ endpoint }: Sandbox, count: number): Promise<Told[]> {
  const sqs = new SQSClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'x' } });
  const QueueUrl = `${endpoint}/111122223333/events`;
  const found: Told[] = [];
  for (let isOver = false; !isOver; ) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: found.length < count ? 5 : 1 }),
    );
    for (const { Body = '', ReceiptHandle } of Messages) {
      const told = JSON.parse(Body) as Told;
      if (told['detail-type'].startsWith('On Deployment')) found.push(told);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
    isOver = Messages.length === 0;
  }
  return found;
}
const typesOf = (told: readonly Told[]) => told.map((event) => event['detail-type']);

describe('deployments of a configuration that the extension is associated with', () => {
  it('are told to EventBridge, the first one and later ones', async () => {
    const running = await start(template(association('Application', 'application/${Application}'), 'Association'));
    const first = await events(running, 2);
    expect(typesOf(first)).toEqual(['On Deployment Start', 'On Deployment Complete']);
    const { Application = '', Environment, Profile, Association } = running.deployment?.resources ?? {};
    expect(first[1]).toEqual({
      version: '0',
      id: expect.any(String),
      time: expect.any(String),
      'detail-type': 'On Deployment Complete',
      source: 'aws.appconfig',
      account: '111122223333',
      region: 'us-east-1',
      resources: [`arn:aws:appconfig:us-east-1:111122223333:extensionassociation/${Association}`],
      detail: {
        InvocationId: expect.stringMatching(/^[a-z0-9]{7}$/),
        Parameters: {},
        Type: 'OnDeploymentComplete',
        Application: { Id: Application, Name: 'layerward' },
        Environment: { Id: Environment, Name: 'live' },
        ConfigurationProfile: { Id: Profile, Name: 'policy' },
        DeploymentNumber: 1,
        ConfigurationVersion: '1',
      },
    });
    expect(first[0]?.detail['Type']).toBe('OnDeploymentStart');

    await running.deployPolicy({ version: 2 });
    const second = await events(running, 2);
    expect(typesOf(second)).toEqual(['On Deployment Start', 'On Deployment Complete']);
    expect(second[1]?.detail).toMatchObject({ DeploymentNumber: 2, ConfigurationVersion: '2' });
    const records = running.trail.records().filter(({ eventName }) => eventName === 'StartDeployment');
    expect(records).toHaveLength(2);
  });

  it('are told from the association on, by requests to the sandbox too', async () => {
    const running = await start(
      template(association('Deployment', 'application/${Application}/environment/${Environment}'), 'Version'),
    );
    expect(await events(running, 0)).toEqual([]);
    await fetch(`${running.endpoint}/_sandbox/policy`, { method: 'PUT', body: '{}' });
    expect(await events(running, 2)).toHaveLength(2);
  });
});

it.each([
  ['of another environment are not told', 'application/${Application}/environment/${Other}', []],
  ['of its configuration profile are', 'application/${Application}/configurationprofile/${Profile}', [1, 1]],
])('deployments %s', async (_what, resource, numbers) => {
  const running = await start(template(association('Application', resource), 'Association'));
  expect((await events(running, numbers.length)).map(({ detail }) => detail['DeploymentNumber'])).toEqual(numbers);
});

it.each([
  [
    'another extension',
    association('Application', 'application/${Application}', 'AWS.AppConfig.FeatureFlags'),
    'The sandbox has the extension AWS.AppConfig.DeploymentNotificationsToEventBridge only',
  ],
  [
    'an application of another stack',
    association('Application', 'application/abc1234'),
    'is no ARN of an application, environment or configuration profile of this stack',
  ],
])('an association with %s is refused', async (_what, more, message) => {
  await expect(start(template(more, 'Version'))).rejects.toThrow(message);
});
