import { measureBurst } from './burst-case.ts';
import { readBurstOptions, usage } from './burst-options.ts';
import { renderBurst } from './burst-table.ts';
import { runCommand } from './command.ts';
import { createProgress } from './progress.ts';

/* `npm run bench:burst`: a burst of events over functions that opted in, on the deployed shape. */

await runCommand(readBurstOptions(process.argv.slice(2)), usage, async (options) => {
  const progress = createProgress();
  try {
    const result = await measureBurst(options, progress.report);
    return options.isJson ? JSON.stringify(result, undefined, 2) : renderBurst(result);
  } finally {
    progress.end();
  }
});
