import * as z from 'zod';
import { recordStatuses } from '../domain/record.ts';

/*
 * What `layerward init` and `layerward uninstall` print as JSON. Commands that have a report of their own have its shape
 * beside it.
 */

const text = z.string();
const file = z.enum(['written', 'unchanged', 'kept']);

/** What `layerward init --json` prints. */
export const initReport = z.strictObject({
  files: z
    .strictObject({ 'policy.yaml': file, 'samconfig.toml': file })
    .describe('What became of each; kept: it was there already. unchanged: it was to be written, and is the same.'),
  isBuilt: z.boolean(),
  stack: z.strictObject({
    name: text,
    region: text.exactOptional(),
    parameters: z.record(text, text).exactOptional().describe('Parameters of the stack that have not their default.'),
  }),
  mode: z.enum(['enforce', 'audit']),
  agent: text,
  next: z.array(z.strictObject({ what: text, commands: z.array(text) })).describe('What is left to do, in this order.'),
  notes: z.array(text),
});

/** What `layerward uninstall --json` prints. */
export const uninstallReport = z.strictObject({
  stack: z.strictObject({ name: text, id: text, accountId: text, region: text }),
  status: z.enum(['DELETE_COMPLETE', 'DELETE_FAILED']),
  releasesFunctions: z.boolean().describe('Whether deleting the stack gives functions back what they had.'),
  attached: z.int().nullable().describe('How many functions had something attached; null where nobody can tell.'),
  released: z.int().nullable().describe('How many were released since it began.'),
  left: z
    .array(z.strictObject({ functionArn: text, status: z.enum(recordStatuses), reason: text }))
    .nullable()
    .describe('Functions that still have something attached.'),
  stays: z.array(z.strictObject({ what: text, name: text })).describe('What outlives the stack.'),
  failure: z
    .strictObject({ reason: text, resources: z.array(z.strictObject({ logicalId: text, reason: text })) })
    .exactOptional()
    .describe('Why CloudFormation could not delete it.'),
});
