import { describe, expect, it } from 'vitest';
import { findFunction } from '../../../src/cli/function-lookup.ts';
import { formatFunctionArn } from '../../../src/domain/function-arn.ts';
import type { FunctionRecord } from '../../../src/domain/record.ts';
import { arn, snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

/** What a lookup asks, with records of functions of one name in these accounts. */
async function createSight(accounts: readonly string[] = [], status: FunctionRecord['status'] = 'protected') {
  const world = createWorld();
  await world.protect();
  const record = world.record();
  if (!record) throw new Error('there is no record');
  for (const accountId of accounts) {
    const functionArn = formatFunctionArn({ ...arn, accountId, functionName: 'twin' });
    world.records.records.set(functionArn, { ...record, functionArn, status });
  }
  const unused = () => {
    throw new Error('a lookup makes no client');
  };
  const { accountId, partition, region } = arn;
  return {
    connection: { accountId, partition, region, callerArn: '', client: unused, clients: unused },
    functions: world.functions.port,
    records: world.records.port,
    put: world.functions.put,
  };
}

/** The records as the command line has them; a lookup asks for nothing else. */
type Given = Parameters<typeof findFunction>[1];
const lookUp = async (name: string, sight: Awaited<ReturnType<typeof createSight>>) =>
  findFunction(name, sight satisfies Given);

describe('a function', () => {
  it.each(['orders', formatFunctionArn(arn), `${formatFunctionArn(arn)}:7`, 'orders:$LATEST'])(
    'is found as %s',
    async (name) => {
      expect((await lookUp(name, await createSight())).arn).toEqual(arn);
    },
  );

  it('is found by its ARN in another account and region', async () => {
    const sight = await createSight();
    const there = { ...arn, accountId: '222233334444', region: 'eu-west-1' };
    sight.put(snapshotOf({ arn: there }));
    expect((await lookUp(formatFunctionArn(there), sight)).arn).toEqual(there);
  });

  it.each(['', 'two words', 'arn:aws:lambda:us-east-1:1:function:x', 'arn:aws:s3:::bucket', '*'])(
    'is not %j',
    async (name) => {
      await expect(lookUp(name, await createSight())).rejects.toThrow(/is neither a name nor an ARN of a function/);
    },
  );

  it('that is not there is told with what to do', async () => {
    await expect(lookUp('nowhere', await createSight())).rejects.toThrow(
      /^there is no function nowhere in account 111122223333, us-east-1: check its name, or give --region, --profile or its ARN$/,
    );
  });

  it('that is elsewhere is named by its ARN', async () => {
    await expect(lookUp('twin', await createSight(['222233334444']))).rejects.toThrow(
      /the records know one elsewhere: give its ARN, arn:aws:lambda:us-east-1:222233334444:function:twin$/,
    );
  });

  it('of which there are several is ambiguous, and all of them are named', async () => {
    await expect(lookUp('twin', await createSight(['222233334444', '333344445555']))).rejects.toThrow(
      /the records know 2 of this name elsewhere; give the ARN of the one that you mean: \S+222233334444\S+, \S+333344445555\S+$/,
    );
  });

  it('that is deleted is not there any more, and one that is deleted elsewhere is of no use', async () => {
    await expect(lookUp('twin', await createSight(['111122223333'], 'deleted'))).rejects.toThrow(
      /there is no function twin in account 111122223333, us-east-1 any more/,
    );
    await expect(lookUp('twin', await createSight(['222233334444'], 'deleted'))).rejects.toThrow(
      /^there is no function twin in/,
    );
  });
});
