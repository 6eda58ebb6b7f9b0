import { type CliOptions, readCliOptions, usage } from './cli-options.ts';
import { measureScan } from './cli-scan.ts';
import { findOlderNode, howToGetOlderNode, measureStart } from './cli-start.ts';
import { runCommand } from './command.ts';
import { type Measurement, renderTable } from './measurement.ts';
import { createProgress } from './progress.ts';

/* `npm run bench:cli`: how long the command line takes to start, and a scan of many functions. */

async function measureAll({ runs, functions, tagged, latency }: CliOptions): Promise<Measurement[]> {
  const progress = createProgress();
  try {
    const older = findOlderNode();
    progress.report(`starting the command line ${runs} times`);
    const start = measureStart(runs, older);
    const scan = await measureScan({ functions, taggedPercent: tagged, latency }, progress.report);
    progress.end();
    if (!older) process.stderr.write(`${howToGetOlderNode}\n`);
    return [...start, ...scan];
  } finally {
    progress.end();
  }
}

await runCommand(readCliOptions(process.argv.slice(2)), usage, async (options) => {
  const measurements = await measureAll(options);
  return options.isJson ? JSON.stringify(measurements, undefined, 2) : renderTable(measurements);
});
