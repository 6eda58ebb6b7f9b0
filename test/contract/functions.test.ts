import { formatFunctionArn } from '../../src/domain/function-arn.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { createMemoryFunctions } from '../fixtures/memory-functions.ts';
import { snapshotOf } from '../fixtures/situation.ts';
import { defineFunctionsContract, type FunctionsUnderTest } from './functions.contract.ts';
import { openLambda } from './lambda-functions-under-test.ts';
import { openMoto } from './moto.ts';
import { motoGaps } from './moto-gaps.ts';

defineFunctionsContract('memory', async () => {
  const memory = createMemoryFunctions();
  const [accountId, region] = ['111122223333', 'us-east-1'];
  const arnOf = (functionName: string) => ({ partition: 'aws', region, accountId, functionName });
  const failing = new Set<string>();
  const test: FunctionsUnderTest = {
    functions: memory.port,
    accountId,
    region,
    layers: Array.from({ length: 6 }, (_, index) => `arn:aws:lambda:${region}:${accountId}:layer:contract-${index}:1`),
    async create(name, { handler, layers, variables, tags }) {
      memory.put(
        snapshotOf({
          arn: arnOf(name),
          runtime: 'python3.8',
          handler,
          layers,
          variables,
          tags: { readable: true, values: tags },
          state: 'Pending',
        }),
      );
    },
    async changeHandler(arn, handler) {
      const known = memory.get(formatFunctionArn(arn));
      if (known) memory.put({ ...known, handler });
    },
    async remove(arn) {
      memory.remove(formatFunctionArn(arn));
    },
    // Nothing comes to its end in memory until it is told to.
    async hold() {},
    async settle(arn) {
      if (failing.delete(arn.functionName)) memory.settle('Failed', 'The network interface is gone.');
      else memory.settle();
    },
    async failNextUpdate(name) {
      failing.add(name);
    },
    async hide(name, part) {
      const known = memory.get(formatFunctionArn(arnOf(name)));
      const hidden = { readable: false, errorCode: 'AccessDeniedException' } as const;
      if (known) memory.put({ ...known, ...(part === 'tags' ? { tags: hidden } : { environment: hidden }) });
    },
    close: async () => {},
  };
  memory.forgetLayer(`${test.layers[1]?.replace(/:1$/, ':99')}`);
  return test;
});

defineFunctionsContract('the sandbox', async () => {
  const sandbox = await startSandbox({ service: false, timings: { pendingMs: 1, updateMs: 1 } });
  const lambda = await openLambda({
    endpoint: sandbox.endpoint,
    accountId: sandbox.accountId,
    role: `arn:aws:iam::${sandbox.accountId}:role/contract`,
    async faults(document) {
      const body = JSON.stringify({ quotas: 'off', ...document });
      const answer = await fetch(`${sandbox.endpoint}/_sandbox/faults`, { method: 'PUT', body });
      if (!answer.ok) throw new Error(`the sandbox refused ${body}: ${await answer.text()}`);
    },
  });
  return {
    ...lambda,
    async close() {
      await lambda.close();
      await sandbox.stop();
    },
  };
});

// moto, where `npm run verify` has started it.
const moto = process.env['LAYERWARD_MOTO_ENDPOINT'];
if (moto) defineFunctionsContract('moto', () => openMoto(moto), { gaps: Object.keys(motoGaps) });
