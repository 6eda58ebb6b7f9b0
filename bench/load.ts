import { runCommand } from './command.ts';
import { bearLoad } from './load-case.ts';
import { loadUsage, readLoadOptions } from './load-options.ts';
import { renderFigures, renderLoad } from './load-table.ts';
import { createProgress } from './progress.ts';

/* `npm run bench:load`: many events while some of Layerward's calls fail, on the deployed shape. */

await runCommand(readLoadOptions(process.argv.slice(2)), loadUsage, async ({ order, isJson }) => {
  const progress = createProgress();
  try {
    const result = await bearLoad(order, {
      report: progress.report,
      onFigures: (figures) => progress.tell(renderFigures(figures)),
    });
    if (result.lost.length > 0 || result.deadLettersLeft > 0) process.exitCode = 1;
    return isJson ? JSON.stringify(result, undefined, 2) : renderLoad(result);
  } finally {
    progress.end();
  }
});
