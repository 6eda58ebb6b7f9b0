import { measureColdStart } from './cold-start.ts';
import { measureDecide } from './decide.ts';
import { measureHandler } from './handler.ts';
import { renderTable } from './measurement.ts';
import { measureSandbox } from './sandbox.ts';

/*
 * `npm run bench [-- --json]`: how fast and how big Layerward is here and now. It holds nothing to its goals: how long
 * something takes on a busy machine says nothing about the code; the ratios to a baseline of the same run say more.
 */

const measurements = [
  ...measureDecide(),
  ...(await measureHandler()),
  ...measureColdStart(),
  ...(await measureSandbox()),
];
console.log(process.argv.includes('--json') ? JSON.stringify(measurements, undefined, 2) : renderTable(measurements));
