import { runCommand } from './command.ts';
import { findDatadogCi, howToGetDatadogCi, measureDatadogCi } from './datadog-ci.ts';
import { protectedRuntime, regionsFor } from './population.ts';
import { createProgress } from './progress.ts';
import { measureSweep } from './sweep-case.ts';
import { readSweepOptions, type SweepOptions, usage } from './sweep-options.ts';
import type { SweepResult } from './sweep-result.ts';
import { renderSweeps } from './sweep-table.ts';

/*
 * `npm run bench:sweep`: how many calls a sweep makes and how long it takes, while it repairs and while all is well, and
 * beside it datadog-ci's `lambda instrument`, where that is installed.
 */

async function measureAll(options: SweepOptions): Promise<SweepResult[]> {
  const datadogCi = await findDatadogCi();
  const progress = createProgress();
  const results: SweepResult[] = [];
  try {
    for (const functions of options.functions)
      for (const taggedPercent of options.tagged) {
        const report = (doing: string) =>
          progress.report(`${functions.toLocaleString('en-US')} functions, ${taggedPercent} % opted in: ${doing}`);
        const { latency, hasLimiter } = options;
        const population = {
          functions,
          taggedPercent,
          regions: regionsFor(options.regions),
          runtime: protectedRuntime,
        };
        results.push(...(await measureSweep({ ...population, latency, hasLimiter }, report)));
        // It knows no limit of its own, and one region at a time.
        if (datadogCi && !hasLimiter && options.regions === 1)
          results.push(...(await measureDatadogCi(datadogCi, { ...population, latency }, report)));
      }
  } finally {
    progress.end();
  }
  if (!datadogCi) process.stderr.write(`${howToGetDatadogCi}\n`);
  return results;
}

await runCommand(readSweepOptions(process.argv.slice(2)), usage, async (options) => {
  const results = await measureAll(options);
  return options.isJson ? JSON.stringify(results, undefined, 2) : renderSweeps(results);
});
