import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import * as z from 'zod';
import { targets } from './targets.ts';

/*
 * `npm run fuzz -- --target NAME --runs N --seed S`: gives a target so many inputs. What fails is printed with the seed and
 * the path that repeat it. The inputs are given in a thread, which is ended where one of them takes a minute.
 */

const usage = `Usage: npm run fuzz -- --target NAME [--runs N] [--seed S] [--path P]

Gives hostile inputs to what reads from outside; see docs/fuzzing.md.

  --target NAME  ${[...targets.keys()].join(', ')}
  --runs N       how many inputs (default 100000)
  --seed S       where chance begins (default: the time)
  --path P       only the input that failed before, as its failure said
`;

/** An input that takes longer than this is a hang, on any machine. */
const longestInputMs = 60_000;
/** What may be left in memory after a run, beside what was there before. */
const mostGrowthBytes = 64 * 1024 * 1024;
/** A run that needs more memory than this is ended. */
const mostMegabytes = 512;

const order = z.object({
  target: z.string(),
  runs: z.int().positive(),
  seed: z.int(),
  path: z.string().optional(),
  counter: z.instanceof(SharedArrayBuffer),
});

const outcome = z.object({
  accepted: z.int(),
  refused: z.int(),
  failure: z.object({ path: z.string(), input: z.string(), error: z.string() }).optional(),
  seconds: z.number(),
  heapBefore: z.number(),
  heapAfter: z.number(),
});

if (isMainThread) process.exitCode = await main(process.argv.slice(2));
else parentPort?.postMessage(await work(order.parse(workerData)));

async function main(argv: readonly string[]): Promise<number> {
  let values: { target?: string | undefined; runs: string; seed?: string | undefined; path?: string | undefined };
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        target: { type: 'string' },
        runs: { type: 'string', default: '100000' },
        seed: { type: 'string' },
        path: { type: 'string' },
      },
    }));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  const [runs, seed] = [Number(values.runs), Number(values.seed ?? Date.now() % 1_000_000_007)];
  const { target = '' } = values;
  if (!targets.has(target) || !Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) {
    console.error(usage);
    return 2;
  }
  const given = { target, runs, seed, ...(values.path === undefined ? {} : { path: values.path }) };
  const end = await watch(given);
  if (typeof end === 'string') {
    console.error(`${target}, seed ${seed}: ${end}`);
    return 1;
  }
  return report(given, end);
}

type Order = Omit<z.output<typeof order>, 'counter'>;

/** Lets a thread do the work, shows how far it is, and answers what it came to, or why it was ended. */
function watch(given: Order): Promise<z.output<typeof outcome> | string> {
  const counter = new SharedArrayBuffer(4);
  const done = new Int32Array(counter);
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { ...given, counter },
    resourceLimits: { maxOldGenerationSizeMb: mostMegabytes },
  });
  return new Promise((resolve) => {
    let [last, since] = [0, Date.now()];
    let shown = 0;
    const end = (how: z.output<typeof outcome> | string) => {
      clearInterval(timer);
      resolve(how);
      worker.terminate();
    };
    const timer = setInterval(() => {
      const now = Atomics.load(done, 0);
      if (now !== last) [last, since] = [now, Date.now()];
      // The first one waits for the target to get ready, too.
      else if (Date.now() - since > longestInputMs)
        end(`input ${now} takes longer than ${longestInputMs / 1000} seconds`);
      if (++shown % 5 === 0) process.stderr.write(`  ${now} of ${given.runs}\n`);
    }, 1_000);
    worker.on('message', (message) => end(outcome.parse(message)));
    worker.on('error', (error) =>
      end(`input ${Atomics.load(done, 0)} ended the process: ${error instanceof Error ? error.stack : String(error)}`),
    );
  });
}

function report({ target, runs, seed }: Order, end: z.output<typeof outcome>): number {
  const { accepted, refused, failure, seconds, heapBefore, heapAfter } = end;
  const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
  if (failure) {
    console.error(
      `${target} --seed ${seed} --path ${failure.path}: ${failure.error}\n\nThe input: ${failure.input.slice(0, 4_000)}`,
    );
    return 1;
  }
  console.log(
    `${target}: ${runs} inputs from seed ${seed}, ${accepted} accepted, ${refused} refused, ` +
      `${seconds.toFixed(0)} s (${Math.round(runs / seconds)} a second), ` +
      `heap ${megabytes(heapBefore)} before, ${megabytes(heapAfter)} after`,
  );
  if (heapAfter - heapBefore <= mostGrowthBytes) return 0;
  console.error(`${target}: the heap grew by more than ${megabytes(mostGrowthBytes)}`);
  return 1;
}

async function work({ target, runs, seed, path, counter }: z.output<typeof order>): Promise<z.output<typeof outcome>> {
  const done = new Int32Array(counter);
  const heap = createHeap();
  const open = targets.get(target);
  if (!open) throw new TypeError(`there is no target ${target}`);
  // What is loaded and compiled once does not count as growth.
  await open.run({ runs: Math.min(runs, 200), seed: seed + 1 });
  const heapBefore = heap();
  const startedAt = performance.now();
  const result = await open.run({ runs, seed, path, onRun: (number) => void Atomics.store(done, 0, number) });
  const seconds = (performance.now() - startedAt) / 1000;
  return { ...result, seconds, heapBefore, heapAfter: heap() };
}

/** How much of the heap is in use, once all is collected that can be. */
function createHeap(): () => number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new TypeError('garbage can’t be collected at will');
  return () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
}
