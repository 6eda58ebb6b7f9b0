import { measureBurst } from './burst-case.ts';
import { readBurstOptions, usage } from './burst-options.ts';
import { renderBurst } from './burst-table.ts';
import { createProgress } from './progress.ts';

/* `npm run bench:burst`: a burst of events over functions that opted in, on the deployed shape. */

const options = readBurstOptions(process.argv.slice(2));
if (typeof options === 'string') {
  process.stderr.write(`${options}\n\n${usage}`);
  process.exitCode = 2;
} else if (options.isHelp) process.stdout.write(usage);
else {
  const progress = createProgress();
  try {
    const result = await measureBurst(options, progress.report);
    progress.end();
    console.log(options.isJson ? JSON.stringify(result, undefined, 2) : renderBurst(result));
  } finally {
    progress.end();
  }
}
