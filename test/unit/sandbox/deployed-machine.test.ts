import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts';

const worker = `
export async function handler(event) {
  if (event.fail) throw Object.assign(new Error(event.fail), { name: event.fail });
  return { got: event };
}
`;

/** Answers CloudFormation as the resource's properties ask for, and remembers what it was asked. */
const custom = `
export async function handler({ RequestType, ResponseURL, ResourceProperties, PhysicalResourceId, ...rest }) {
  console.log(JSON.stringify({ RequestType, ResourceProperties, PhysicalResourceId }));
  const { StackId, RequestId, LogicalResourceId } = rest;
  const Status = ResourceProperties.Fail === RequestType ? 'FAILED' : 'SUCCESS';
  const body = JSON.stringify({
    Status, Reason: 'asked to fail', StackId, RequestId, LogicalResourceId,
    PhysicalResourceId: PhysicalResourceId ?? 'made', Data: { Answer: ResourceProperties.Question + '!' },
  });
  await fetch(ResponseURL, { method: 'PUT', headers: { 'content-type': '' }, body });
}
`;

const template = (customFailsOn: string) => `
Transform: AWS::Serverless-2016-10-31
Globals: { Function: { Runtime: nodejs24.x, Handler: index.handler, Timeout: 10 } }
Resources:
  Worker: { Type: AWS::Serverless::Function, Properties: { FunctionName: worker, CodeUri: worker/ } }
  Forbidden: { Type: AWS::Serverless::Function, Properties: { FunctionName: forbidden, CodeUri: worker/ } }
  Custom: { Type: AWS::Serverless::Function, Properties: { FunctionName: custom, CodeUri: custom/ } }
  Kept: { Type: AWS::SQS::Queue, DeletionPolicy: Retain }
  Made:
    Type: Custom::Thing
    DependsOn: Kept
    Properties: { ServiceToken: !GetAtt Custom.Arn, Question: why, Number: 1, Fail: '${customFailsOn}' }
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: sweep
      DefinitionUri: sweep.asl.json
      DefinitionSubstitutions: { WorkerArn: !GetAtt Worker.Arn, ForbiddenArn: !GetAtt Forbidden.Arn }
      Role: !GetAtt MachineRole.Arn
  MachineRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{ Effect: Allow, Principal: { Service: states.amazonaws.com }, Action: sts:AssumeRole }]
      Policies:
        - PolicyName: machine
          PolicyDocument:
            Statement:
              - { Effect: Allow, Action: lambda:InvokeFunction, Resource: !GetAtt Worker.Arn }
              - { Effect: Allow, Action: states:StartExecution, Resource: !Sub 'arn:aws:states:\${AWS::Region}:\${AWS::AccountId}:stateMachine:sweep' }
  Starter:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{ Effect: Allow, Principal: { Service: [events.amazonaws.com, scheduler.amazonaws.com] }, Action: sts:AssumeRole }]
      Policies:
        - { PolicyName: start, PolicyDocument: { Statement: [{ Effect: Allow, Action: states:StartExecution, Resource: !Ref Machine }] } }
  Nobody:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{ Effect: Allow, Principal: { Service: scheduler.amazonaws.com }, Action: sts:AssumeRole }]
  Every6Hours:
    Type: AWS::Scheduler::Schedule
    Properties:
      Name: every-6-hours
      ScheduleExpression: rate(6 hours)
      FlexibleTimeWindow: { Mode: 'OFF' }
      Target: { Arn: !Ref Machine, RoleArn: !GetAtt Starter.Arn, Input: '{"items":["scheduled"],"why":"<aws.scheduler.schedule-arn>"}' }
  NotAllowed:
    Type: AWS::Scheduler::Schedule
    Properties:
      Name: not-allowed
      ScheduleExpression: rate(1 hour)
      FlexibleTimeWindow: { Mode: 'OFF' }
      Target: { Arn: !Ref Machine, RoleArn: !GetAtt Nobody.Arn }
  Rotation:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: { source: [aws.secretsmanager], detail: { eventName: [PutSecretValue] } }
      Targets:
        - Id: sweep
          Arn: !Ref Machine
          RoleArn: !GetAtt Starter.Arn
          InputTransformer: { InputPathsMap: { secret: $.detail.requestParameters.secretId }, InputTemplate: '{"items":["<secret>"]}' }
  Asked:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: { source: [asked] }
      Targets: [{ Id: worker, Arn: !GetAtt Worker.Arn }]
  AskedPermission:
    Type: AWS::Lambda::Permission
    Properties: { FunctionName: !Ref Worker, Action: lambda:InvokeFunction, Principal: events.amazonaws.com, SourceArn: !GetAtt Asked.Arn }
Outputs:
  Answer: { Value: !GetAtt Made.Answer }
  MadeId: { Value: !Ref Made }
`;

const definition = JSON.stringify({
  StartAt: 'Items',
  States: {
    Items: {
      Type: 'Map',
      ItemsPath: '$.items',
      ToleratedFailurePercentage: 100,
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'Choose',
        States: {
          Choose: {
            Type: 'Choice',
            Choices: [{ Variable: '$', StringEquals: 'forbidden', Next: 'Forbidden' }],
            Default: 'Work',
          },
          Work: {
            Type: 'Task',
            Resource: 'arn:aws:states:::lambda:invoke',
            Parameters: { FunctionName: '${WorkerArn}', Payload: { 'item.$': '$' } },
            ResultSelector: { 'got.$': '$.Payload.got.item' },
            Retry: [{ ErrorEquals: ['Lambda.TooManyRequestsException'], IntervalSeconds: 1, MaxAttempts: 2 }],
            End: true,
          },
          Forbidden: {
            Type: 'Task',
            Resource: '${ForbiddenArn}',
            Catch: [{ ErrorEquals: ['Lambda.AWSLambdaException'], Next: 'Refused' }],
            End: true,
          },
          Refused: { Type: 'Pass', End: true },
        },
      },
      End: true,
    },
  },
});

let folder: string;
let sandbox: Sandbox;
const write = (path: string, text: string) => {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const start = () =>
  startSandbox({
    templatePath: join(folder, 'template.yaml'),
    timings: { deliveryMs: 1, stateMachineSecondMs: 10 },
  });
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'layerward-machine-'));
  write('worker/index.mjs', worker);
  write('custom/index.mjs', custom);
  write('sweep.asl.json', definition);
  write('template.yaml', template('never'));
  sandbox = await start();
});
afterAll(async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true });
});

const as = (accessKeyId: string) => ({
  endpoint: sandbox.endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId, secretAccessKey: 'x' },
});
const states = async (action: string, input: unknown) => {
  const answer = await fetch(sandbox.endpoint, {
    method: 'POST',
    headers: { 'x-amz-target': `AWSStepFunctions.${action}`, 'content-type': 'application/x-amz-json-1.0' },
    body: JSON.stringify(input),
  });
  return (await answer.json()) as Record<string, unknown>;
};
const machineArn = 'arn:aws:states:us-east-1:111122223333:stateMachine:sweep';
const run = async (input: unknown) => {
  const { executionArn } = await states('StartExecution', {
    stateMachineArn: machineArn,
    input: JSON.stringify(input),
  });
  return ended(String(executionArn));
};
const ended = (executionArn: string) =>
  vi.waitFor(
    async () => {
      const told = await states('DescribeExecution', { executionArn });
      expect(told['status']).not.toBe('RUNNING');
      return told;
    },
    { timeout: 10_000, interval: 20 },
  );
const startedWith = (part: string) =>
  vi.waitFor(
    () => {
      const found = sandbox.stateMachines
        .executions()
        .find(({ input, mapRunArn }) => mapRunArn === undefined && input.includes(part));
      return found ?? expect.fail(`nothing was started with ${part}`);
    },
    { timeout: 5000, interval: 20 },
  );

describe('a deployed function', () => {
  it('can be invoked, and answers with what it returns or how it fails', async () => {
    const lambda = new LambdaClient(as('alice'));
    const invoke = (Payload: string, more: object = {}) =>
      lambda.send(new InvokeCommand({ FunctionName: 'worker', Payload: Buffer.from(Payload), ...more }));
    const fine = await invoke('{"a":1}');
    expect([fine.StatusCode, fine.FunctionError]).toEqual([200, undefined]);
    expect(JSON.parse(fine.Payload?.transformToString() ?? '')).toEqual({ got: { a: 1 } });
    const failed = await invoke('{"fail":"Broken"}');
    expect(failed.FunctionError).toBe('Unhandled');
    expect(JSON.parse(failed.Payload?.transformToString() ?? '')).toMatchObject({
      errorType: 'Broken',
      errorMessage: 'Broken',
    });
    expect((await invoke('{}', { InvocationType: 'Event' })).StatusCode).toBe(202);
    await expect(invoke('no json')).rejects.toMatchObject({ name: 'InvalidRequestContentException' });
  });

  it('is started by a rule that its policy admits', async () => {
    const before = sandbox.logs.events('/aws/lambda/worker').length;
    const Entries = [{ Source: 'asked', DetailType: 'x', Detail: '{}' }];
    await new EventBridgeClient(as('alice')).send(new PutEventsCommand({ Entries }));
    await vi.waitFor(() => expect(sandbox.logs.events('/aws/lambda/worker').length).toBeGreaterThan(before), 5000);
  });
});

describe('a state machine', () => {
  it('of the template runs its functions as its role', async () => {
    const told = await run({ items: ['a', 'b'] });
    expect(told).toMatchObject({ status: 'SUCCEEDED', stateMachineArn: machineArn });
    expect(JSON.parse(String(told['output']))).toEqual([{ got: 'a' }, { got: 'b' }]);
  });

  it('is refused a function that its role may not invoke', async () => {
    const told = await run({ items: ['forbidden'] });
    const [refused] = JSON.parse(String(told['output'])) as { Error: string; Cause: string }[];
    expect(refused?.Error).toBe('Lambda.AWSLambdaException');
    expect(refused?.Cause).toMatch(
      /^User: arn:aws:sts::111122223333:assumed-role\/.* is not authorized to perform: lambda:InvokeFunction on resource: .*:function:forbidden because no identity-based policy allows/,
    );
  });

  it('tries again what Lambda throttles', async () => {
    const error = { status: 429, code: 'TooManyRequestsException', message: 'Rate exceeded' };
    sandbox.lambda.faults.replace({ calls: [{ action: 'Invoke', times: 2, error }] });
    const told = await run({ items: ['throttled'] });
    expect(JSON.parse(String(told['output']))).toEqual([{ got: 'throttled' }]);
    sandbox.lambda.faults.replace({ calls: [{ action: 'Invoke', error }] });
    expect(JSON.parse(String((await run({ items: ['lost'] }))['output']))).toEqual([]);
    sandbox.lambda.faults.replace({});
  });

  it('tells its executions, those of its maps, and what happened in each', async () => {
    const { executionArn } = await run({ items: ['told'] });
    const list = (more: object) =>
      states('ListExecutions', more) as Promise<{ executions: { executionArn: string }[] }>;
    const all = await list({ stateMachineArn: machineArn, statusFilter: 'SUCCEEDED' });
    expect(all.executions[0]?.executionArn).toBe(executionArn);
    const child = sandbox.stateMachines.executions().find(({ input }) => input === '"told"');
    expect((await list({ mapRunArn: child?.mapRunArn })).executions.map((one) => one.executionArn)).toEqual([
      child?.executionArn,
    ]);
    const history = async (arn: unknown) => {
      const { events } = (await states('GetExecutionHistory', { executionArn: arn })) as { events: { type: string }[] };
      return events.map(({ type }) => type);
    };
    expect(await history(executionArn)).toEqual([
      'ExecutionStarted',
      'MapStateEntered',
      'MapRunStarted',
      'MapRunSucceeded',
      'MapStateExited',
      'ExecutionSucceeded',
    ]);
    expect(await history(child?.executionArn)).toEqual([
      'ExecutionStarted',
      'ChoiceStateEntered',
      'ChoiceStateExited',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
  });

  it('can be made, and its executions stopped, by the API', async () => {
    const waiting = JSON.stringify({ StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 100_000, End: true } } });
    const roleArn = 'arn:aws:iam::111122223333:role/any';
    const { stateMachineArn } = await states('CreateStateMachine', { name: 'waiting', definition: waiting, roleArn });
    const { executionArn } = await states('StartExecution', { stateMachineArn });
    expect(await states('DescribeExecution', { executionArn })).toMatchObject({ status: 'RUNNING' });
    await states('StopExecution', { executionArn, error: 'Enough', cause: 'of it' });
    expect(await ended(String(executionArn))).toMatchObject({ status: 'ABORTED', error: 'Enough', cause: 'of it' });
    expect(await states('CreateStateMachine', { name: 'x', definition: '{}', roleArn })).toMatchObject({
      __type: 'InvalidDefinition',
    });
  });

  it('is not started twice under one name, nor when it is not there', async () => {
    const input = { stateMachineArn: machineArn, name: 'once', input: '{"items":[]}' };
    const { executionArn } = await states('StartExecution', input);
    await ended(String(executionArn));
    expect(await states('StartExecution', input)).toMatchObject({ __type: 'ExecutionAlreadyExists' });
    expect(await states('StartExecution', { stateMachineArn: `${machineArn}x` })).toMatchObject({
      __type: 'StateMachineDoesNotExist',
    });
  });

  it('is started by a rule, with what the rule makes of the event', async () => {
    const secrets = new SecretsManagerClient(as('alice'));
    const secret = { SecretId: 'layerward/groups/default', SecretString: '{"key":"new","secret":"hidden-value"}' };
    await secrets.send(new PutSecretValueCommand(secret));
    const { input } = await startedWith('layerward/groups/default');
    expect(JSON.parse(input)).toEqual({ items: ['layerward/groups/default'] });
    expect(JSON.stringify(sandbox.trail.records())).not.toContain('hidden-value');
  });
});

describe('a schedule', () => {
  const runSchedule = (name: string) => fetch(`${sandbox.endpoint}/_sandbox/schedules/${name}/run`, { method: 'POST' });

  it('is listed, and starts its target when it is asked to', async () => {
    const listed = (await (await fetch(`${sandbox.endpoint}/_sandbox/schedules`)).json()) as unknown[];
    expect(listed[0]).toMatchObject({ name: 'every-6-hours', expression: 'rate(6 hours)', state: 'ENABLED' });
    expect((await runSchedule('every-6-hours')).status).toBe(200);
    const { input } = await startedWith('scheduled');
    expect(JSON.parse(input)).toMatchObject({
      why: 'arn:aws:scheduler:us-east-1:111122223333:schedule/default/every-6-hours',
    });
  });

  it.each([
    ['not-allowed', 'is not authorized to perform: states:StartExecution'],
    ['unknown', 'There is no schedule unknown; there are: every-6-hours, not-allowed'],
  ])('%s is refused', async (name, message) => {
    const answer = await runSchedule(name);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(message);
  });
});

describe('a custom resource', () => {
  const asked = () =>
    sandbox.logs
      .events('/aws/lambda/custom')
      .flatMap(({ message }) => /(\{"RequestType.*\})/.exec(message)?.[1] ?? [])
      .map((line) => JSON.parse(line) as unknown);

  it('is made by its function while the stack is deployed', () => {
    expect(sandbox.deployment?.outputs).toEqual({ Answer: 'why!', MadeId: 'made' });
    expect(asked()).toMatchObject([{ RequestType: 'Create', ResourceProperties: { Question: 'why', Number: '1' } }]);
  });

  it('is asked to clean up before anything else of the stack goes', async () => {
    const answer = await fetch(`${sandbox.endpoint}/_sandbox/deployment`, { method: 'DELETE' });
    const { status, deleted, retained } = (await answer.json()) as Record<string, unknown>;
    expect([status, retained]).toEqual(['DELETE_COMPLETE', ['Kept']]);
    expect(deleted).toEqual(expect.arrayContaining(['Made', 'Custom', 'Machine', 'Worker']));
    expect(asked().at(-1)).toMatchObject({ RequestType: 'Delete', PhysicalResourceId: 'made' });
    await expect(new LambdaClient(as('a')).send(new InvokeCommand({ FunctionName: 'worker' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('that fails to be made fails the deployment', async () => {
    write('template.yaml', template('Create'));
    await expect(start()).rejects.toThrow(
      /Resources\.Made\.Properties: Received response status \[FAILED\].*asked to fail/,
    );
  });

  it('that fails to go keeps the stack, and says why', async () => {
    write('template.yaml', template('Delete'));
    const other = await start();
    try {
      const answer = await fetch(`${other.endpoint}/_sandbox/deployment`, { method: 'DELETE' });
      expect(await answer.json()).toMatchObject({
        status: 'DELETE_FAILED',
        failed: { logicalId: 'Made', reason: expect.stringContaining('asked to fail') },
      });
      expect(other.deployment).toBeDefined();
    } finally {
      await other.stop();
    }
  });
});
