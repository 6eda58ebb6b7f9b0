import { describe, expect, it } from 'vitest';
import { InvalidInput, ServiceUnavailable } from '../../../src/domain/errors.ts';
import type { CloudFormationAnswer } from '../../../src/domain/ports.ts';
import { createDeploymentLife, type DeploymentRequest } from '../../../src/service/deployment-life.ts';
import { createWorld } from '../../fixtures/world.ts';

const request: DeploymentRequest = {
  RequestType: 'Create',
  ResponseURL: 'https://cloudformation.example/answer',
  StackId: 'arn:aws:cloudformation:us-east-1:111122223333:stack/layerward/1',
  RequestId: 'request-1',
  LogicalResourceId: 'Deployment',
  ResourceProperties: { ReleaseOnDelete: 'true', SettleSeconds: 75 },
};
const deletion: DeploymentRequest = { ...request, RequestType: 'Delete', PhysicalResourceId: 'layerward' };

function create(failures: { readonly sweep?: Error; readonly mark?: Error[] } = {}) {
  const world = createWorld();
  const answers: [string, CloudFormationAnswer][] = [];
  const sweeps: string[] = [];
  let isEnding = false;
  const life = createDeploymentLife({
    world: {
      ...world.world,
      records: world.records.port,
      sleep: async (ms) => {
        world.pass(ms / 1000);
        world.functions.settle();
      },
    },
    deployment: {
      async markEnding() {
        const [failure] = failures.mark?.splice(0, 1) ?? [];
        if (failure) throw failure;
        isEnding = true;
      },
      isEnding: async () => isEnding,
    },
    requestSweep: async (reason) => {
      if (failures.sweep) throw failures.sweep;
      sweeps.push(reason);
    },
    answer: async (...given) => void answers.push(given),
  });
  return { world, life, answers, sweeps, isEnding: () => isEnding };
}

describe('the deployment', () => {
  it.each(['Create', 'Update'] as const)('asks for a sweep on %s, and answers CloudFormation', async (RequestType) => {
    const { life, answers, sweeps, isEnding } = create();
    expect(await life.follow({ ...request, RequestType }, () => true)).toBeUndefined();
    expect(sweeps).toEqual([`stack ${RequestType}`]);
    expect(answers).toEqual([
      [
        request.ResponseURL,
        {
          Status: 'SUCCESS',
          Reason: 'a sweep was asked for',
          PhysicalResourceId: 'layerward',
          StackId: request.StackId,
          RequestId: 'request-1',
          LogicalResourceId: 'Deployment',
        },
      ],
    ]);
    expect(isEnding()).toBe(false);
  });

  it('does not fail because a sweep could not be asked for', async () => {
    const { life, answers, world } = create({ sweep: new Error('EventBridge is away') });
    await life.follow(request, () => true);
    expect(answers).toMatchObject([[request.ResponseURL, { Status: 'SUCCESS' }]]);
    expect(world.logs).toContainEqual({ err: new Error('EventBridge is away') });
  });

  it('releases everything when it is deleted, and first stops all sweeps', async () => {
    const { life, answers, world, isEnding } = create();
    await world.protect();
    expect(await life.follow(deletion, () => true)).toBeUndefined();
    expect(isEnding()).toBe(true);
    expect(world.record()?.status).toBe('released');
    expect(answers).toMatchObject([
      [request.ResponseURL, { Status: 'SUCCESS', Reason: '1 function was released', PhysicalResourceId: 'layerward' }],
    ]);
  });

  it('leaves functions as they are, if that is wanted', async () => {
    const { life, answers, world, isEnding } = create();
    await world.protect();
    await life.follow({ ...deletion, ResourceProperties: { ReleaseOnDelete: 'false', SettleSeconds: 75 } }, () => true);
    expect(world.record()?.status).toBe('protected');
    expect(isEnding()).toBe(false);
    expect(answers).toMatchObject([[request.ResponseURL, { Status: 'SUCCESS' }]]);
  });

  it('is not held up by what can’t be released, and names it', async () => {
    const { life, answers, world } = create();
    await world.protect();
    const live = world.live();
    if (live) world.functions.put({ ...live, environment: { readable: false, errorCode: 'AccessDeniedException' } });
    await life.follow(deletion, () => true);
    expect(answers).toMatchObject([[request.ResponseURL, { Status: 'SUCCESS' }]]);
    expect(answers[0]?.[1].Reason).toBe(
      `0 functions were released; 1 could not be and stay as they are: ${world.functionArn} (blocked: environment-unreadable)`,
    );
    expect(world.logs).toContainEqual({ functionArn: world.functionArn, code: 'not-released' });
  });

  it('hands on what it has no time for, and answers at the end only', async () => {
    const { life, answers, world } = create();
    await world.protect();
    const rest = await life.follow(deletion, () => false);
    expect(answers).toEqual([]);
    expect(rest).toMatchObject({ ...deletion, Continued: { released: 0, runs: 1 } });
    expect(await life.follow(rest ?? deletion, () => true)).toBeUndefined();
    expect(answers).toMatchObject([[request.ResponseURL, { Status: 'SUCCESS', Reason: '1 function was released' }]]);
  });

  it('says so before CloudFormation’s hour is over, and a second deletion goes on', async () => {
    const { life, answers, world } = create();
    await world.protect();
    let rest = await life.follow(deletion, () => false);
    for (let runs = 0; rest && runs < 20; runs++) {
      world.pass(900);
      rest = await life.follow(rest, () => false);
    }
    expect(answers).toHaveLength(1);
    expect(answers[0]?.[1]).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringContaining('delete the stack again'),
    });
    await life.follow({ ...deletion, RequestId: 'request-2' }, () => true);
    expect(answers[1]?.[1]).toMatchObject({ Status: 'SUCCESS', Reason: '1 function was released' });
  });

  it('never hands itself on without end, as Lambda would stop it', async () => {
    const { life, answers, world } = create();
    await world.protect();
    let rest = await life.follow(deletion, () => false);
    let runs = 0;
    for (; rest && runs < 50; runs++) rest = await life.follow(rest, () => false);
    expect(runs).toBeLessThan(16);
    expect(answers).toHaveLength(1);
  });

  it('tries again where a service does not answer for a while', async () => {
    const { life, answers, world } = create({ mark: [new ServiceUnavailable('DynamoDB does not answer')] });
    await world.protect();
    const rest = await life.follow(deletion, () => true);
    expect(answers).toEqual([]);
    expect(rest).toMatchObject({ ...deletion, Continued: { released: 0, runs: 1 } });
    await life.follow(rest ?? deletion, () => true);
    expect(answers).toMatchObject([[request.ResponseURL, { Status: 'SUCCESS', Reason: '1 function was released' }]]);
  });

  it('fails where a service does not answer at all, so that nothing is left for it, and goes on when asked again', async () => {
    const mark = Array.from({ length: 8 }, () => new ServiceUnavailable('DynamoDB does not answer'));
    const { life, answers, world } = create({ mark });
    await world.protect();
    let rest = await life.follow(deletion, () => true);
    let runs = 1;
    for (; rest && runs < 50; runs++) rest = await life.follow(rest, () => true);
    expect(runs).toBeLessThan(16);
    expect(answers).toHaveLength(1);
    expect(answers[0]?.[1]).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringMatching(/DynamoDB does not answer; delete the stack again to go on/),
    });
    await life.follow({ ...deletion, RequestId: 'request-2' }, () => true);
    expect(answers[1]?.[1]).toMatchObject({ Status: 'SUCCESS', Reason: '1 function was released' });
  });

  it('is not held up where the records can’t be read: nobody would know what to give back', async () => {
    const { life, answers } = create({ mark: [new InvalidInput('there is no table records')] });
    await life.follow(deletion, () => true);
    expect(answers).toMatchObject([
      [request.ResponseURL, { Status: 'SUCCESS', Reason: expect.stringContaining('there is no table records') }],
    ]);
  });
});
