import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

/** What `CallsPerSecond` is where the limiter is off: the line is asked as ever, and nobody waits in it. */
export const withoutLimit = 1_000_000_000;

/** The setting in a bundle, which allows no more than Lambda's own quota. */
const setting = /(LAYERWARD_CALLS_PER_SECOND:\s*\w+\.number\(\)\.positive\(\))\.max\(15\)/;

/**
 * Lets the built functions of this process take any `LAYERWARD_CALLS_PER_SECOND`: how fast the work itself is shows only
 * where nobody waits for a turn. Everything else of a bundle stays as it is deployed.
 */
export function liftLimit(): void {
  registerHooks({
    load(url, context, nextLoad) {
      if (!/\/dist\/[\w-]+\/index\.mjs$/.test(url)) return nextLoad(url, context);
      const bundle = readFileSync(fileURLToPath(url), 'utf8');
      if (!setting.test(bundle)) throw new Error(`${url} does not limit LAYERWARD_CALLS_PER_SECOND as expected`);
      return { format: 'module', source: bundle.replace(setting, '$1'), shortCircuit: true };
    },
  });
}
