import { runCommand } from './command.ts';
import { bearLoad } from './load-case.ts';
import { readSoakOptions, soakUsage } from './load-options.ts';
import { renderFigures, renderLoad } from './load-table.ts';
import { judgeMemory, renderVerdict } from './memory-verdict.ts';
import { createProgress } from './progress.ts';

/* `npm run bench:soak`: mixed work for a long time, on the deployed shape, with a verdict on memory. */

await runCommand(readSoakOptions(process.argv.slice(2)), soakUsage, async ({ order, isJson }) => {
  const progress = createProgress();
  try {
    const result = await bearLoad(order, {
      report: progress.report,
      onFigures: (figures) => progress.tell(renderFigures(figures)),
    });
    const memory = judgeMemory(result.figures);
    if (result.lost.length > 0 || result.deadLettersLeft > 0 || memory.hasGrown) process.exitCode = 1;
    return isJson
      ? JSON.stringify({ ...result, memory }, undefined, 2)
      : `${renderLoad(result)}\n${renderVerdict(memory)}`;
  } finally {
    progress.end();
  }
});
