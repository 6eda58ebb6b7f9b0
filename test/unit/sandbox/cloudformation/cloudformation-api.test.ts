import { describe, expect, it } from 'vitest';
import { createCloudFormation } from '../../../../src/sandbox/cloudformation/cloudformation-api.ts';
import { createStackRecord } from '../../../../src/sandbox/cloudformation/stack-record.ts';
import { createStackRemover } from '../../../../src/sandbox/cloudformation/stack-removal.ts';
import { createStacks } from '../../../../src/sandbox/cloudformation/stacks.ts';
import { createManualClock } from '../lambda/manual-clock.ts';

const home = { accountId: '111122223333', region: 'eu-west-1' };

function create(stackName = 'demo') {
  const clock = createManualClock();
  const record = createStackRecord({ ...home, stackName, description: undefined, parameters: {} }, clock);
  const stacks = createStacks();
  const remover = createStackRemover(new Map(), record, () => false);
  stacks.add({ record, remove: remover.remove });
  const service = createCloudFormation(stacks);
  const call = async (parameters: Readonly<Record<string, string>>) => {
    const answer = await service({
      service: 'cloudformation',
      region: home.region,
      caller: { accountId: home.accountId, accessKeyId: 'alice', userIdentity: {} },
      method: 'POST',
      path: '/',
      query: new URLSearchParams(),
      headers: {},
      body: Buffer.from(new URLSearchParams(parameters).toString()),
    });
    return answer.body.toString();
  };
  return { record, stacks, call, clock };
}

describe('the events of a stack', () => {
  it('come by pages, the latest first', async () => {
    const { record, call } = create();
    for (let index = 0; index < 249; index += 1) {
      record.note(`R${index}`, 'CREATE_COMPLETE', { type: 'T', physicalId: `<${index}>` });
    }
    const pages: string[][] = [];
    let token: string | undefined;
    do {
      const page = await call({
        Action: 'DescribeStackEvents',
        StackName: 'demo',
        ...(token === undefined ? {} : { NextToken: token }),
      });
      pages.push([...page.matchAll(/<LogicalResourceId>([^<]*)</g)].map((match) => match[1] ?? ''));
      token = /<NextToken>([^<]*)</.exec(page)?.[1];
    } while (token !== undefined);
    expect(pages.map((page) => page.length)).toEqual([100, 100, 50]);
    expect(pages.flat()).toEqual([...Array.from({ length: 249 }, (_, index) => `R${248 - index}`), 'demo']);
  });

  it('of a page that there is not are refused', async () => {
    const { call } = create();
    const unknown = { Action: 'DescribeStackEvents', StackName: 'demo', NextToken: 'x' };
    await expect(call(unknown)).rejects.toMatchObject({ code: 'ValidationError', message: 'Invalid NextToken' });
  });
});

describe('a call', () => {
  it('is answered in XML that can hold any text', async () => {
    const { record, call } = create();
    record.note('R', 'CREATE_FAILED', { type: 'T', reason: '<&">' });
    expect(await call({ Action: 'DescribeStackResources', StackName: 'demo' })).toContain(
      '<ResourceStatusReason>&lt;&amp;&quot;&gt;</ResourceStatusReason>',
    );
  });

  it.each([
    [{ Action: 'CreateStack' }, 'InvalidAction', 'CloudFormation has no action CreateStack. It has: DescribeStacks'],
    [{ Action: 'DeleteStack' }, 'ValidationError', "Value null at 'stackName' failed to satisfy constraint"],
    [
      { Action: 'DeleteStack', StackName: 'demo' },
      'ValidationError',
      'cannot be deleted while in status CREATE_IN_PROGRESS',
    ],
    [{ Action: 'DescribeStackResources', PhysicalResourceId: 'x' }, 'ValidationError', 'Stack for x does not exist'],
  ])('%j is refused', async (parameters, code, message) => {
    await expect(create().call(parameters)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });
});

it('a stack takes the place of a deleted one of its name, and of no other', () => {
  const { record, stacks, clock } = create();
  const again = createStackRecord({ ...home, stackName: 'demo', description: 'again', parameters: {} }, clock);
  const add = () => stacks.add({ record: again, remove: createStackRemover(new Map(), again, () => false).remove });
  expect(add).toThrow('Stack [demo] already exists in account 111122223333, eu-west-1');
  record.become('DELETE_COMPLETE');
  add();
  expect(stacks.list(home.accountId, home.region).map((stack) => stack.record.description)).toEqual(['again']);
});
