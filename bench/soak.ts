import { runCommand } from './command.ts';
import { bearLoad, type LoadResult } from './load-case.ts';
import { readSoakOptions, soakUsage } from './load-options.ts';
import { renderFigures, renderLoad } from './load-table.ts';
import { median } from './measurement.ts';
import { createProgress } from './progress.ts';

/* `npm run bench:soak`: mixed work at a steady rate for a long time, on the deployed shape. */

/** A heap that is larger at the end than at half time by more than this has grown; what collecting leaves differs by less. */
const mostGrowth = 1.2;

/** Whether the processes hold more at the end of the run than in the middle of it. */
function hasGrown({ figures }: LoadResult): boolean {
  const middle = figures[Math.floor(figures.length / 2)];
  const end = figures.at(-1);
  return middle !== undefined && end !== undefined && median(end.heaps) > median(middle.heaps) * mostGrowth;
}

await runCommand(readSoakOptions(process.argv.slice(2)), soakUsage, async ({ order, isJson }) => {
  const progress = createProgress();
  try {
    const result = await bearLoad(order, {
      report: progress.report,
      onFigures: (figures) => progress.tell(renderFigures(figures)),
    });
    const isTooMuch = hasGrown(result);
    if (result.lost.length > 0 || result.deadLettersLeft > 0 || isTooMuch) process.exitCode = 1;
    if (isJson) return JSON.stringify({ ...result, hasGrown: isTooMuch }, undefined, 2);
    return `${renderLoad(result)}\n${isTooMuch ? 'The heap grew over the second half.' : 'The heap did not grow over the second half.'}`;
  } finally {
    progress.end();
  }
});
