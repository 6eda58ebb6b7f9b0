import * as z from 'zod';
import { snippetForms } from './snippet.ts';

const text = z.string();

/** What `layerward snippet --json` prints. */
export const snippetReport = z.strictObject({
  functionArn: text,
  policy: text.describe('The policy file that it went by.'),
  as: z.enum(snippetForms),
  text: text.describe('The lines.'),
  handler: text.describe('The Handler that the function should have.'),
  layers: z.array(text).describe('All of its layers, the team’s own ones in their places.'),
  variables: z.record(text, text).describe('The agent’s variables, those left out that hold credentials.'),
  secrets: z
    .record(text, z.enum(['key', 'secret']))
    .describe('Variables that hold credentials: which key of the secret.'),
  secretName: text.describe('The secret of the function’s group.'),
  kept: z.array(text).describe('Names of the team’s variables, which stay as they are.'),
  removed: z.array(text).describe('Names of variables that have to go.'),
});

/** What `layerward snippet --json` prints. */
export type SnippetReport = z.output<typeof snippetReport>;
