import {
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  type ScanCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { DeleteFunctionCommand, TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainReport } from '../../src/cli/explain-report.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { eventually, openStage, type Stage } from '../../src/sandbox/tour/stage.ts';
import { tableDefinition } from '../contract/records-table.ts';
import { runPiped } from '../fixtures/command-line.ts';

/*
 * The table of the deployed stack is lost, or comes back as it was yesterday, and a sweep follows: docs/operations.md, "The
 * table is lost" and "The table is damaged".
 */

const tagKey = 'layerward:protect';
const tags = { [tagKey]: 'on' };
const redirect = { Runtime: 'python3.7', Handler: 'app.handler', Tags: tags } as const;
const stage14 = { Environment: { Variables: { STAGE: 'production' } } } as const;

let sandbox: Sandbox;
let stage: Stage;
let dynamoDb: DynamoDBClient;
let TableName = '';

beforeAll(async () => {
  sandbox = await startSandbox({ timings: { deliveryMs: 5, pendingMs: 20, updateMs: 20, stateMachineSecondMs: 50 } });
  sandbox.lambda.faults.replace({ quotas: 'off' });
  stage = await openStage(sandbox);
  dynamoDb = new DynamoDBClient(stage.as('on-call'));
  TableName = String(sandbox.deployment?.outputs['RecordsTableName']);
}, 90_000);
afterAll(() => sandbox?.stop());

type Items = NonNullable<ScanCommandOutput['Items']>;

/** Everything in the table. */
async function backUp(): Promise<Items> {
  const items: Items = [];
  let from: ScanCommandOutput['LastEvaluatedKey'];
  do {
    const page = await dynamoDb.send(
      new ScanCommand({ TableName, ...(from === undefined ? {} : { ExclusiveStartKey: from }) }),
    );
    items.push(...(page.Items ?? []));
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return items;
}

const drop = () => dynamoDb.send(new DeleteTableCommand({ TableName }));
const makeAnew = () => dynamoDb.send(new CreateTableCommand({ TableName, ...tableDefinition() }));
const put = (Item: Items[number]) => dynamoDb.send(new PutItemCommand({ TableName, Item }));
const lostMark = { pk: { S: 'deployment' }, sk: { S: 'records-lost' } };
const sayLost = () => put(lostMark);

const tag = (name: string) =>
  stage.lambda('olga').send(new TagResourceCommand({ Resource: stage.functionArn(name), Tags: tags }));
const untag = (name: string) =>
  stage.lambda('olga').send(new UntagResourceCommand({ Resource: stage.functionArn(name), TagKeys: [tagKey] }));

/** What counts of a function. */
async function shape(name: string) {
  const { handler, layers, variables } = await stage.see(name);
  return { handler, layers, variables };
}

async function protect(name: string, input: Parameters<Stage['create']>[2] = {}) {
  await stage.create('olga', name, { ...stage14, Tags: tags, ...input });
  await stage.recorded(name, 'protected');
}

/** Nobody hears of what happens now. */
async function unheard<T>(work: () => Promise<T>): Promise<T> {
  sandbox.lambda.faults.replace({ quotas: 'off', delivery: [{ effect: 'drop' }] });
  try {
    return await work();
  } finally {
    sandbox.lambda.faults.replace({ quotas: 'off' });
  }
}

const command = (...args: string[]) =>
  runPiped(args, {
    env: {
      AWS_ACCESS_KEY_ID: 'olga',
      AWS_SECRET_ACCESS_KEY: 'any',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ENDPOINT_URL: sandbox.endpoint,
      AWS_REGION: stage.place.region,
    },
  });

describe('a table that is lost', () => {
  const names = ['lost-wrapped', 'lost-redirected', 'lost-opted-out'] as const;
  const own = { STAGE: 'production' };

  beforeAll(async () => {
    await protect('lost-wrapped', { Environment: { Variables: { ...own, TREND_AP_LOG_FILE: '/tmp/of-the-team' } } });
    await protect('lost-redirected', redirect);
    await protect('lost-opted-out');
    await drop();
  }, 60_000);

  it('is named by every look that needs it, with the page for it', async () => {
    await stage.change('olga', 'lost-wrapped', { MemorySize: 256 });
    const line = await eventually('the look fails with words', async () => {
      const lines = sandbox.logs
        .events('/aws/lambda/layerward-remediate')
        .map(({ message }) => message)
        .filter((message) => message.includes(`there is no table ${TableName}`));
      return { value: lines.find((one) => one.includes('lost-wrapped')), seen: String(lines.length) };
    });
    expect(JSON.parse(line)).toMatchObject({ code: 'invalid-input' });
    expect(line).toContain('docs/operations.md#the-table-is-lost');
    expect((await shape('lost-wrapped')).layers).toHaveLength(1);
  });

  it('is made anew by the next sweep, which changes no function', async () => {
    await unheard(() => untag('lost-opted-out'));
    const before = await Promise.all(names.map(shape));
    await makeAnew();
    await sayLost();
    await stage.sweep();
    for (const name of ['lost-wrapped', 'lost-redirected'])
      expect(
        await stage.recorded(name, 'protected', '', ({ attachment }) => attachment?.isRebuilt === true),
      ).toMatchObject({ detail: expect.stringMatching(/^its record was lost and made anew: /) });
    expect(await stage.record('lost-opted-out')).toBeUndefined();
    expect(await Promise.all(names.map(shape))).toEqual(before);
  }, 60_000);

  it('is told of by explain and release, before they give back less', async () => {
    const explained = await command('explain', 'lost-wrapped', '--json');
    expect(explainReport.parse(JSON.parse(explained.stdout)).sentence).toMatch(
      /Its record was lost and made anew, so a release gives back the Handler, but nothing else/,
    );
    // Else the deployed Layerward attaches again.
    await unheard(() => untag('lost-wrapped'));
    const released = await command('release', 'lost-wrapped', '--yes');
    expect(released.stderr.replaceAll('\n', ' ')).toContain(
      'lost-wrapped: its record was lost and made anew: what the team had in the agent’s places before is not given back',
    );
    expect(released.code).toBe(0);
    expect(await shape('lost-wrapped')).toEqual({ handler: 'index.handler', layers: [], variables: own });
  });

  it('does not keep a function from getting its Handler back, and from being rid of all that is ours', async () => {
    await untag('lost-redirected');
    await stage.recorded('lost-redirected', 'released');
    expect(await shape('lost-redirected')).toEqual({ handler: 'app.handler', layers: [], variables: own });
  });

  it('leaves alone what opted out meanwhile, until it opts in and out again', async () => {
    expect((await shape('lost-opted-out')).layers).toHaveLength(1);
    await tag('lost-opted-out');
    await stage.recorded('lost-opted-out', 'protected');
    await untag('lost-opted-out');
    await stage.recorded('lost-opted-out', 'released');
    expect(await shape('lost-opted-out')).toEqual({ handler: 'index.handler', layers: [], variables: own });
  });
});

describe('a table of yesterday', () => {
  const bare = { handler: 'app.handler', layers: [], variables: { STAGE: 'production' } };

  beforeAll(async () => {
    await dynamoDb.send(new DeleteItemCommand({ TableName, Key: lostMark }));
    await protect('since-moved', redirect);
    await protect('since-released', redirect);
    await protect('since-deleted');
    await protect('since-anew', redirect);
    await protect('since-undone');
    const yesterday = await backUp();

    await stage.change('olga', 'since-moved', { Runtime: 'python3.8', Handler: 'moved.handler' });
    await stage.recorded('since-moved', 'protected', '', ({ variant }) => variant === 'python3.8');
    await untag('since-released');
    await stage.recorded('since-released', 'released');
    const remove = (FunctionName: string) => stage.lambda('olga').send(new DeleteFunctionCommand({ FunctionName }));
    await remove('since-deleted');
    await stage.recorded('since-deleted', 'deleted');
    await remove('since-anew');
    await stage.recorded('since-anew', 'deleted');
    await stage.create('olga', 'since-anew', { ...stage14, ...redirect, Handler: 'anew.handler', Tags: {} });
    await protect('since-attached', redirect);
    await unheard(() => stage.change('olga', 'since-undone', { Layers: [] }));

    await drop();
    await makeAnew();
    for (const item of yesterday) await put(item);
    await sayLost();
  }, 120_000);

  it('is brought up to date by the next sweep', async () => {
    const before = await shape('since-moved');
    await stage.sweep();
    await stage.recorded('since-moved', 'protected', '', ({ variant }) => variant === 'python3.8');
    await stage.recorded('since-released', 'released');
    await stage.recorded('since-deleted', 'deleted');
    await stage.recorded('since-anew', 'released');
    await stage.recorded('since-attached', 'protected', '', ({ attachment }) => attachment?.isRebuilt === true);
    await stage.recorded('since-undone', 'protected', '', ({ action }) => action === 'repaired');
    expect(await shape('since-moved')).toEqual(before);
    expect(await shape('since-released')).toEqual(bare);
    expect(await shape('since-anew')).toEqual({ ...bare, handler: 'anew.handler' });
  }, 90_000);

  it.each([
    ['since-moved', { ...bare, handler: 'moved.handler' }],
    ['since-attached', bare],
    ['since-undone', { ...bare, handler: 'index.handler' }],
  ])('leads to no wrong release: %s', async (name, wanted) => {
    await untag(name);
    await stage.recorded(name, 'released');
    expect(await shape(name)).toEqual(wanted);
  });
});
