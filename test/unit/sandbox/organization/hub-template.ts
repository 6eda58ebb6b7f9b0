import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes the calls that it is asked for, with its own credentials or others, and answers what came back. */
const handler = `
export async function handler({ calls }) {
  const answers = [];
  for (const { service, region = 'us-east-1', key, method = 'POST', path = '/', headers = {}, body } of calls) {
    const credential = [key ?? process.env.AWS_ACCESS_KEY_ID, '20260101', region, service, 'aws4_request'].join('/');
    const authorization = 'AWS4-HMAC-SHA256 Credential=' + credential + ', SignedHeaders=host, Signature=0';
    const answer = await fetch(process.env.AWS_ENDPOINT_URL + path, { method, headers: { ...headers, authorization }, body });
    answers.push({ status: answer.status, text: await answer.text() });
  }
  return answers;
}
`;

const member = `
Parameters:
  HubRoleArn: { Type: String }
  HubBusArn: { Type: String }
  OrganizationId: { Type: String }
  HomeRegion: { Type: String }
Conditions:
  IsHome: !Equals [!Ref AWS::Region, !Ref HomeRegion]
Resources:
  MemberRole:
    Type: AWS::IAM::Role
    Condition: IsHome
    Properties:
      RoleName: layerward-member
      AssumeRolePolicyDocument:
        Statement:
          - Effect: Allow
            Principal: { AWS: 'arn:aws:iam::111122223333:root' }
            Action: sts:AssumeRole
            Condition:
              ArnEquals: { aws:PrincipalArn: !Ref HubRoleArn }
              StringEquals: { aws:PrincipalOrgID: !Ref OrganizationId }
      Policies:
        - PolicyName: member
          PolicyDocument:
            Statement:
              - { Sid: Read, Effect: Allow, Action: 'lambda:GetFunction', Resource: !Sub 'arn:aws:lambda:*:\${AWS::AccountId}:function:*' }
              - { Sid: Tags, Effect: Allow, Action: 'lambda:ListTags', Resource: !Sub 'arn:aws:lambda:eu-west-1:\${AWS::AccountId}:function:*' }
              - Sid: UpdateTagged
                Effect: Allow
                Action: lambda:UpdateFunctionConfiguration
                Resource: '*'
                Condition: { StringEquals: { 'aws:ResourceTag/layerward:protect': on } }
              - { Sid: VendorLayers, Effect: Allow, Action: lambda:GetLayerVersion, Resource: 'arn:aws:lambda:*:800880067056:layer:*:*' }
              - { Sid: NeverCritical, Effect: Deny, Action: lambda:Update*, Resource: 'arn:aws:lambda:*:*:function:critical' }
  ForwardRole:
    Type: AWS::IAM::Role
    Condition: IsHome
    Properties:
      RoleName: layerward-forward
      AssumeRolePolicyDocument:
        Statement: [{ Effect: Allow, Principal: { Service: events.amazonaws.com }, Action: sts:AssumeRole }]
      Policies:
        - PolicyName: forward
          PolicyDocument: { Statement: [{ Effect: Allow, Action: events:PutEvents, Resource: !Ref HubBusArn }] }
  Forward:
    Type: AWS::Events::Rule
    Properties:
      Name: forward
      EventPattern: { source: [aws.lambda], detail: { eventName: [{ prefix: CreateFunction }] } }
      Targets: [{ Id: hub, Arn: !Ref HubBusArn, RoleArn: !Sub 'arn:aws:iam::\${AWS::AccountId}:role/layerward-forward' }]
`;

const indent = (text: string, by: number) => text.trim().replace(/^/gm, ' '.repeat(by));

const hub = `
Transform: AWS::Serverless-2016-10-31
Parameters:
  OrganizationId: { Type: String, Default: '' }
  OrganizationalUnitIds: { Type: CommaDelimitedList, Default: '' }
  Regions: { Type: CommaDelimitedList, Default: '' }
Resources:
  Bus: { Type: AWS::Events::EventBus, Properties: { Name: organization } }
  BusPolicy:
    Type: AWS::Events::EventBusPolicy
    Properties:
      EventBusName: !Ref Bus
      StatementId: Members
      Statement:
        Effect: Allow
        Principal: '*'
        Action: events:PutEvents
        Resource: !GetAtt Bus.Arn
        Condition: { StringEquals: { aws:PrincipalOrgID: !Ref OrganizationId } }
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Bus
      EventPattern: { source: [aws.lambda] }
      Targets:
        - { Id: queue, Arn: !GetAtt Queue.Arn }
        - { Id: again, Arn: !GetAtt Elsewhere.Arn }
  Elsewhere: { Type: AWS::Events::EventBus, Properties: { Name: elsewhere } }
  ElsewhereRule:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Elsewhere
      EventPattern: { source: [aws.lambda] }
      Targets: [{ Id: queue, Arn: !GetAtt Queue.Arn }]
  Queue: { Type: AWS::SQS::Queue, Properties: { QueueName: changes } }
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Statement:
          Effect: Allow
          Principal: { Service: events.amazonaws.com }
          Action: sqs:SendMessage
          Resource: !GetAtt Queue.Arn
  Hub:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: hub
      CodeUri: code/
      Handler: index.handler
      Runtime: nodejs24.x
      Timeout: 10
      Role: !GetAtt HubRole.Arn
  HubRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: hub
      AssumeRolePolicyDocument:
        Statement: [{ Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: sts:AssumeRole }]
      Policies:
        - PolicyName: hub
          PolicyDocument:
            Statement:
              - { Sid: Members, Effect: Allow, Action: sts:AssumeRole, Resource: 'arn:aws:iam::*:role/layerward-member' }
              - { Sid: Send, Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn }
              - Sid: OwnEvents
                Effect: Allow
                Action: events:PutEvents
                Resource: '*'
                Condition: { 'ForAllValues:StringEquals': { events:source: layerward } }
  Members:
    Type: AWS::CloudFormation::StackSet
    DependsOn: BusPolicy
    Properties:
      StackSetName: members
      PermissionModel: SERVICE_MANAGED
      CallAs: DELEGATED_ADMIN
      Capabilities: [CAPABILITY_NAMED_IAM]
      AutoDeployment: { Enabled: true, RetainStacksOnAccountRemoval: false }
      Parameters:
        - { ParameterKey: HubRoleArn, ParameterValue: !GetAtt HubRole.Arn }
        - { ParameterKey: HubBusArn, ParameterValue: !GetAtt Bus.Arn }
        - { ParameterKey: OrganizationId, ParameterValue: !Ref OrganizationId }
        - { ParameterKey: HomeRegion, ParameterValue: !Ref AWS::Region }
      StackInstancesGroup:
        - DeploymentTargets: { OrganizationalUnitIds: !Ref OrganizationalUnitIds }
          Regions: !Ref Regions
      TemplateBody: |
${indent(member, 8)}
`;

/** A hub with members, small enough for tests: its folder, its template, and how to take both away. */
export function writeHub(): { readonly templatePath: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'layerward-organization-'));
  mkdirSync(join(folder, 'code'));
  writeFileSync(join(folder, 'code/index.mjs'), handler);
  writeFileSync(join(folder, 'template.yaml'), hub);
  return { templatePath: join(folder, 'template.yaml'), remove: () => rmSync(folder, { recursive: true }) };
}
