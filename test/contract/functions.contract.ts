import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shapeOf } from '../../src/domain/attachment.ts';
import type { Plan, Update } from '../../src/domain/decision.ts';
import { FunctionBusy, InvalidInput, RevisionChanged } from '../../src/domain/errors.ts';
import { type FunctionArn, formatFunctionArn } from '../../src/domain/function-arn.ts';
import type { Functions } from '../../src/domain/ports.ts';
import type { Snapshot } from '../../src/domain/snapshot.ts';

/** A function as its team creates it. */
export interface NewFunction {
  readonly handler: string;
  readonly layers: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** One implementation of the functions, and the hands that turn its world. */
export interface FunctionsUnderTest {
  readonly functions: Functions;
  readonly accountId: string;
  readonly region: string;
  /** Layer versions of the function's own account, six of them. */
  readonly layers: readonly string[];
  /** Creates a function on python3.8, x86_64; it may be Pending for a while. */
  create(name: string, given: NewFunction): Promise<void>;
  /** Somebody else's update. */
  changeHandler(arn: FunctionArn, handler: string): Promise<void>;
  remove(arn: FunctionArn): Promise<void>;
  /** From now on creations and updates of this function don't come to their end. */
  hold(name: string): Promise<void>;
  /** Everything that is held comes to its end, and this function is waited for. */
  settle(arn: FunctionArn): Promise<void>;
  /** The next update of this function is accepted, and fails then. */
  failNextUpdate(name: string): Promise<void>;
  /** The caller may read neither the tags of this function nor its variables any more. */
  hide(name: string, part: 'tags' | 'variables'): Promise<void>;
  close(): Promise<void>;
}

export interface FunctionsContractOptions {
  /** Cases that this implementation is known to fail; each has to fail. */
  readonly gaps?: readonly string[];
}

/**
 * What the service relies on in Lambda. Run on every implementation, so that the one in memory, on which the service's
 * own tests run, can't drift apart from Lambda's API.
 */
export function defineFunctionsContract(
  name: string,
  create: () => Promise<FunctionsUnderTest>,
  { gaps = [] }: FunctionsContractOptions = {},
): void {
  describe(`functions in ${name}`, () => {
    let test: FunctionsUnderTest;
    let functions: Functions;
    beforeAll(async () => {
      test = await create();
      functions = test.functions;
    }, 60_000);
    afterAll(() => test?.close());

    const titles = new Set<string>();
    /** A case; where the implementation has the gap, it is held to have it. */
    const can = (title: string, run: () => Promise<void>) => {
      titles.add(title);
      (gaps.includes(title) ? it.fails : it)(title, run, 30_000);
    };

    let count = 0;
    const nameOf = () => `contract-${++count}`;
    const arnOf = (functionName: string): FunctionArn => ({
      partition: 'aws',
      region: test.region,
      accountId: test.accountId,
      functionName,
    });
    const team = (changes: Partial<NewFunction> = {}): NewFunction => ({
      handler: 'app.handler',
      layers: [],
      variables: { STAGE: 'prod' },
      tags: { 'layerward:protect': 'on' },
      ...changes,
    });
    const made = async (changes: Partial<NewFunction> = {}): Promise<FunctionArn> => {
      const arn = arnOf(nameOf());
      await test.create(arn.functionName, team(changes));
      await test.settle(arn);
      return arn;
    };
    const read = async (arn: FunctionArn): Promise<Snapshot> => {
      const snapshot = await functions.read(arn);
      if (!snapshot) throw new Error(`${formatFunctionArn(arn)} is not there`);
      return snapshot;
    };
    const layer = (index: number): string => test.layers[index] ?? '';
    const planFor = ({ arn, revisionId }: Snapshot, update: Update): Plan => ({
      functionArn: formatFunctionArn(arn),
      revisionId,
      update,
      attachment: undefined,
    });
    const variablesOf = (bytes: number) => ({ Variables: { PADDING: 'planted-value-'.padEnd(bytes, 'x') } });

    describe('reading', () => {
      can('finds nothing where there is no function', async () => {
        expect(await functions.read(arnOf('nobody'))).toBeUndefined();
      });

      can('tells everything that a decision depends on', async () => {
        const arn = await made({ layers: [layer(1), layer(0)] });
        expect(await read(arn)).toEqual({
          arn,
          packageType: 'Zip',
          runtime: 'python3.8',
          architecture: 'x86_64',
          handler: 'app.handler',
          layers: [layer(1), layer(0)],
          environment: { readable: true, variables: { STAGE: 'prod' } },
          tags: { readable: true, values: { 'layerward:protect': 'on' } },
          state: 'Active',
          lastUpdateStatus: 'Successful',
          lastUpdateStatusReason: undefined,
          revisionId: expect.stringMatching(/./),
          masterArn: undefined,
        });
      });

      can('tells of a function with nothing on it', async () => {
        const arn = await made({ variables: {}, tags: {} });
        expect(await read(arn)).toMatchObject({
          layers: [],
          environment: { readable: true, variables: {} },
          tags: { readable: true, values: {} },
        });
      });

      can('changes nothing', async () => {
        const arn = await made();
        expect(await read(arn)).toEqual(await read(arn));
      });

      can('shows that a new function is Pending', async () => {
        const arn = arnOf(nameOf());
        await test.hold(arn.functionName);
        await test.create(arn.functionName, team());
        expect((await read(arn)).state).toBe('Pending');
        await test.settle(arn);
        expect(await read(arn)).toMatchObject({ state: 'Active', lastUpdateStatus: 'Successful' });
      });

      can('says that the tags can’t be read, where they can’t', async () => {
        const arn = await made();
        await test.hide(arn.functionName, 'tags');
        expect(await read(arn)).toMatchObject({ tags: { readable: false }, environment: { readable: true } });
      });

      can('says that the variables can’t be read, where they can’t', async () => {
        const arn = await made();
        await test.hide(arn.functionName, 'variables');
        expect(await read(arn)).toMatchObject({ tags: { readable: true }, environment: { readable: false } });
      });
    });

    describe('an update', () => {
      const all = (): Update => ({
        Handler: 'agent.handler',
        Layers: [layer(2), layer(0)],
        Environment: { Variables: { STAGE: 'prod', TREND_AP_HANDLER: 'app.handler' } },
      });

      can('sets Handler, layers in their order, and variables, and nothing else', async () => {
        const arn = await made({ layers: [layer(0)] });
        const before = await read(arn);
        expect(await functions.update(planFor(before, all()))).toMatchObject({ accepted: true });
        await test.settle(arn);
        const after = await read(arn);
        expect(shapeOf(after)).toEqual({
          handler: 'agent.handler',
          layers: [layer(2), layer(0)],
          variables: { STAGE: 'prod', TREND_AP_HANDLER: 'app.handler' },
        });
        const { runtime, architecture, tags } = before;
        expect(after).toMatchObject({ runtime, architecture, tags, lastUpdateStatus: 'Successful' });
      });

      can('leaves what is not sent as it is', async () => {
        for (const [part, sent] of Object.entries({
          handler: { Handler: 'agent.handler' },
          layers: { Layers: [layer(3)] },
          variables: { Environment: { Variables: { ONLY: 'this' } } },
        })) {
          const arn = await made({ layers: [layer(0)] });
          const before = await read(arn);
          await functions.update(planFor(before, sent));
          await test.settle(arn);
          const { [part]: changed, ...after } = { ...shapeOf(await read(arn)) } as Record<string, unknown>;
          const { [part]: original, ...rest } = { ...shapeOf(before) } as Record<string, unknown>;
          expect(after).toEqual(rest);
          expect(changed).not.toEqual(original);
        }
      });

      can('takes all layers and all variables off, where none are sent', async () => {
        const arn = await made({ layers: [layer(0)] });
        await functions.update(planFor(await read(arn), { Layers: [], Environment: { Variables: {} } }));
        await test.settle(arn);
        expect(shapeOf(await read(arn))).toMatchObject({ layers: [], variables: {} });
      });

      can('answers with a revision that the function did not have before', async () => {
        const arn = await made();
        const before = await read(arn);
        const answer = await functions.update(planFor(before, { Handler: 'agent.handler' }));
        expect(answer.accepted && answer.revisionId).toMatch(/./);
        expect(answer.accepted && answer.revisionId).not.toBe(before.revisionId);
        await test.settle(arn);
        expect((await read(arn)).revisionId).not.toBe(before.revisionId);
      });

      can('refuses a plan that was made for another revision', async () => {
        const arn = await made();
        const before = await read(arn);
        await test.changeHandler(arn, 'app.other');
        await test.settle(arn);
        await expect(functions.update(planFor(before, all()))).rejects.toBeInstanceOf(RevisionChanged);
        expect(shapeOf(await read(arn))).toEqual({ ...shapeOf(before), handler: 'app.other' });
      });

      can('shows that an update is in progress', async () => {
        const arn = await made();
        await test.hold(arn.functionName);
        await functions.update(planFor(await read(arn), all()));
        expect((await read(arn)).lastUpdateStatus).toBe('InProgress');
        await test.settle(arn);
        expect((await read(arn)).lastUpdateStatus).toBe('Successful');
      });

      can('refuses an update while another one is in progress', async () => {
        const arn = await made();
        await test.hold(arn.functionName);
        await functions.update(planFor(await read(arn), { Handler: 'agent.handler' }));
        const again = planFor(await read(arn), { Handler: 'agent.other' });
        await expect(functions.update(again)).rejects.toBeInstanceOf(FunctionBusy);
        await test.settle(arn);
        expect((await read(arn)).handler).toBe('agent.handler');
      });

      can('refuses an update of a function that is Pending', async () => {
        const arn = arnOf(nameOf());
        await test.hold(arn.functionName);
        await test.create(arn.functionName, team());
        await expect(functions.update(planFor(await read(arn), all()))).rejects.toBeInstanceOf(FunctionBusy);
        await test.settle(arn);
      });

      can('shows that an update failed, and why', async () => {
        const arn = await made();
        await test.failNextUpdate(arn.functionName);
        await functions.update(planFor(await read(arn), { Handler: 'agent.handler' }));
        await test.settle(arn);
        expect(await read(arn)).toMatchObject({
          lastUpdateStatus: 'Failed',
          lastUpdateStatusReason: expect.stringMatching(/./),
        });
      });

      can('answers for good where a layer does not exist', async () => {
        const arn = await made({ layers: [layer(0)] });
        const before = await read(arn);
        const absent = layer(1).replace(/:\d+$/, ':99');
        const answer = await functions.update(planFor(before, { Layers: [layer(0), absent] }));
        expect(answer).toMatchObject({
          accepted: false,
          reason: 'layer-access',
          detail: expect.stringContaining(absent),
        });
        expect(shapeOf(await read(arn))).toEqual(shapeOf(before));
      });

      can('refuses more than five layers', async () => {
        const arn = await made();
        const answer = await functions.update(planFor(await read(arn), { Layers: test.layers }));
        expect(answer).toMatchObject({ accepted: false, reason: 'aws-refused', detail: expect.stringMatching(/./) });
        expect((await read(arn)).layers).toEqual([]);
      });

      can('refuses more than 4 KB of variables, and quotes none of them', async () => {
        const arn = await made();
        const before = await read(arn);
        const answer = await functions.update(planFor(before, { Environment: variablesOf(4096) }));
        expect(answer).toMatchObject({ accepted: false, reason: 'aws-refused', detail: expect.stringMatching(/./) });
        expect(JSON.stringify(answer)).not.toContain('planted-value');
        expect(shapeOf(await read(arn))).toEqual(shapeOf(before));
      });

      can('takes variables of 4 KB, measured as JSON', async () => {
        const arn = await made();
        const update = { Environment: variablesOf(4096 - '{"PADDING":""}'.length) };
        expect(await functions.update(planFor(await read(arn), update))).toMatchObject({ accepted: true });
      });

      can('of a function that is gone comes back, for a look to see that it is gone', async () => {
        const arn = await made();
        const plan = planFor(await read(arn), all());
        await test.remove(arn);
        await expect(functions.update(plan)).rejects.toBeInstanceOf(InvalidInput);
        expect(await functions.read(arn)).toBeUndefined();
      });
    });

    it('has no gaps but those that are cases', () => {
      expect(gaps.filter((gap) => !titles.has(gap))).toEqual([]);
    });
  });
}
