import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import * as z from 'zod';
import { startSandbox } from '../src/sandbox/sandbox.ts';

/*
 * A sandbox in a process of its own, so that the memory and time of what is measured are not the sandbox's. Its argument
 * is what `sandboxOrder` reads; it sends its endpoint to its parent, and ends with it.
 */

/** What a benchmark wants of its sandbox. */
export const sandboxOrder = z.strictObject({
  /** Whether Layerward works by itself, as deployed; else whoever measures says when. */
  isAtWork: z.boolean(),
  parameters: z.record(z.string(), z.string()),
});
/** What a benchmark wants of its sandbox. */
export type SandboxOrder = z.output<typeof sandboxOrder>;

const dist = join(import.meta.dirname, '../dist');

/** The deployable template without what takes messages off the queue, and without the sweep after the deployment. */
function templateAtRest(): string {
  const template = parseDocument(readFileSync(join(dist, 'template.yaml'), 'utf8'), { logLevel: 'silent' });
  for (const name of ['ChangeMapping', 'Deployment'])
    if (!template.deleteIn(['Resources', name])) throw new Error(`dist/template.yaml has no resource ${name}`);
  return template.toString();
}

if (import.meta.main) {
  const { isAtWork, parameters } = sandboxOrder.parse(JSON.parse(process.argv[2] ?? ''));
  // Beside the other one, for it names the folders of the bundles.
  const templatePath = join(dist, isAtWork ? 'template.yaml' : `template-at-rest-${process.pid}.yaml`);
  if (!isAtWork) writeFileSync(templatePath, templateAtRest());
  try {
    const sandbox = await startSandbox({ templatePath, parameters });
    const stop = () => void sandbox.stop().then(() => process.exit(0));
    process.once('SIGTERM', stop);
    process.once('disconnect', stop);
    process.send?.({ endpoint: sandbox.endpoint });
  } finally {
    if (!isAtWork) rmSync(templatePath);
  }
}
