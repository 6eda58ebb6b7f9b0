import { parseArgs } from 'node:util';
import { type EpisodeOptions, playEpisode } from './episode.ts';
import { shrinkFailure } from './shrink.ts';
import { tellFailure } from './story.ts';

/*
 * `npm run simulate:aws -- --seed S --steps N`: plays episodes until so many steps have been made. A seed that fails is played
 * again with less and less of it, and the shortest story that still fails is printed; the same seed fails again.
 */

const usage = `Usage: npm run simulate:aws -- [--seed S] [--steps N] [--functions N] [--actions N]

Plays Layerward's code against teams, attackers and faults, on virtual time.

  --seed S       where chance begins (default: the time); a failure names the seed that repeats it
  --steps N      how many steps in all, at least (default 100000)
  --functions N  how many functions there are in an episode, at most (default 24)
  --actions N    how many things people do in an episode (default 300)
`;

process.exitCode = await simulate(process.argv.slice(2));

async function simulate(argv: readonly string[]): Promise<number> {
  const given = read(argv);
  if (typeof given === 'string') {
    console.error(`${given}\n\n${usage}`);
    return 2;
  }
  if (given === undefined) {
    console.log(usage);
    return 0;
  }
  const { seed, steps, functions, actions } = given;
  const startedAt = performance.now();
  const totals = { steps: 0, calls: 0, troubles: 0, killed: 0, updates: 0 };
  let episodes = 0;
  for (; totals.steps < steps; episodes++) {
    const options: EpisodeOptions = { seed: seed + episodes, functions, actions };
    const episode = await playEpisode(options);
    if ('failure' in episode) {
      console.error(`seed ${options.seed} fails; looking for the shortest story of it`);
      console.error(tellFailure(options, await shrinkFailure(options, episode.failure)));
      return 1;
    }
    const { result } = episode;
    const { attached, repaired, updated, released } = result.updates;
    totals.steps += result.steps;
    totals.calls += result.calls;
    totals.troubles += result.troubles;
    totals.killed += result.killed;
    totals.updates += attached + repaired + updated + released;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(
    `${totals.steps} steps in ${episodes} episodes from seed ${seed}: ${totals.updates} updates, ${totals.calls} calls of AWS, ` +
      `${totals.troubles} of them in trouble, ${totals.killed} runs killed; no violation; ${seconds.toFixed(1)} s`,
  );
  return 0;
}

interface Given {
  readonly seed: number;
  readonly steps: number;
  readonly functions: number;
  readonly actions: number;
}

/** What was asked for; a text is what is wrong with it, and nothing is a wish for help. */
function read(argv: readonly string[]): Given | string | undefined {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
        steps: { type: 'string', default: '100000' },
        functions: { type: 'string', default: '24' },
        actions: { type: 'string', default: '300' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return undefined;
    const { seed, steps, functions, actions } = values;
    const numbers = {
      seed: Number(seed),
      steps: Number(steps),
      functions: Number(functions),
      actions: Number(actions),
    };
    const isWhole = Object.values(numbers).every((number) => Number.isSafeInteger(number) && number >= 0);
    return isWhole ? numbers : 'seed, steps, functions and actions are whole numbers';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
