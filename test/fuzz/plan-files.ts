import { isDeepStrictEqual } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import * as z from 'zod';
import { createRandom, type Random } from '../../src/sandbox/random.ts';
import { applyPlans } from '../../src/service/apply-plans.ts';
import {
  formatPlanFile,
  markPolicy,
  type PlanFile,
  planFileSchema,
  readPlanFile,
} from '../../src/service/plan-file.ts';
import { decodeText } from '../../src/service/text-file.ts';
import { arn, policyOf, snapshotOf } from '../fixtures/situation.ts';
import { createWorld } from '../fixtures/world.ts';
import { corrupt, hostileTexts, mutateText, mutateValue } from './mutation.ts';
import { hold, refused, type Target } from './target.ts';

/* Plan files, as bytes, and what `layerward apply --plan` makes of those that are read. */

const functionArn = `arn:aws:lambda:${arn.region}:${arn.accountId}:function:${arn.functionName}`;

const plan: PlanFile = {
  format: 'layerward-plan',
  version: 1,
  createdAt: '2026-11-23T12:00:00.000Z',
  accountId: arn.accountId,
  policyMark: markPolicy(policyOf()),
  salt: 'c2FsdA',
  functions: [
    {
      functionArn,
      revisionId: 'revision-1',
      status: 'drifted',
      reason: 'layer-missing',
      purpose: 'attached',
      mode: 'enforce',
      drift: [{ code: 'layer-missing', path: 'Layers', expected: 'arn:aws:lambda:us-east-1:800880067056:layer:a:1' }],
      updateMark: 'h6dBcy7n0vTz2sJ4kq1xUw',
    },
    {
      functionArn: functionArn.replace('orders', 'invoices'),
      revisionId: 'revision-2',
      status: 'release',
      reason: 'opted-out',
      purpose: 'released',
      mode: 'audit',
      drift: [],
      updateMark: 'kq1xUwh6dBcy7n0vTz2sJ4',
    },
  ],
};

const texts: readonly [string, ...string[]] = [formatPlanFile(plan), JSON.stringify({ ...plan, functions: [] })];

function contentOf(random: Random): Buffer {
  switch (random.below(8)) {
    case 0:
      return Buffer.from(random.pick(texts));
    case 1:
      return corrupt(Buffer.from(random.pick(texts)), random);
    case 2:
    case 3:
    case 4:
      return Buffer.from(JSON.stringify(mutateValue(plan, random)));
    default:
      return Buffer.from(mutateText(random.pick(texts), texts, random));
  }
}

const plainArn =
  /^arn:aws(-cn|-us-gov|-eusc|-iso|-iso-[a-z])?:lambda:[a-z]{2,8}(-[a-z0-9]{1,16}){1,4}:[0-9]{12}:function:[\w-]{1,140}(:[\w$-]+)?$/;

export const planFiles: Target<Buffer> = {
  name: 'plan-files',
  about: 'plan files, and applying those that are read',
  inputs: fc.oneof(
    { weight: 12, arbitrary: fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((seed) => contentOf(createRandom(seed))) },
    { weight: 1, arbitrary: fc.json().map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.constantFrom(...hostileTexts).map((text) => Buffer.from(text)) },
  ),
  async open() {
    const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });
    const isPlan = ajv.compile(z.toJSONSchema(planFileSchema, { io: 'input' }));
    const world = createWorld();
    const team = snapshotOf({ variables: { STAGE: 'prod' } });
    world.functions.put(team);
    const untouched = JSON.stringify(world.live());
    const policy = policyOf();
    return {
      async give(content) {
        let read: PlanFile;
        try {
          const text = decodeText(content, 'plan.json');
          read = readPlanFile(text, 'plan.json');
          hold(Boolean(isPlan(JSON.parse(text))), 'the JSON Schema refuses this plan');
        } catch (error) {
          return refused(error);
        }
        hold(
          isDeepStrictEqual(readPlanFile(formatPlanFile(read), 'plan.json'), read),
          'it is another plan, read again',
        );
        for (const one of read.functions) hold(plainArn.test(one.functionArn), `${one.functionArn} is no function`);
        const applied = await applyPlans(
          {
            functions: read.functions.slice(0, 5),
            salt: read.salt,
            policy,
            request: { id: 'apply-1', name: 'Apply' },
            parallel: 4,
          },
          world.world,
          { done: () => {}, mayGoOn: () => true },
        );
        for (const { outcome, detail } of applied) {
          hold(
            ['refused', 'unchanged', 'failed', 'skipped'].includes(outcome),
            `${outcome}, although nobody planned it`,
          );
          hold(!detail.startsWith('unexpected error'), detail);
        }
        hold(JSON.stringify(world.live()) === untouched, 'a function was changed that nobody planned to change so');
        world.functions.calls.length = 0;
        world.records.calls.length = 0;
        return 'accepted';
      },
      close: async () => {},
    };
  },
};
