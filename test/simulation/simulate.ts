import { parseArgs } from 'node:util';
import { playEpisode } from './episode.ts';
import { InvariantViolated } from './story.ts';

/*
 * `npm run simulate -- --seed S --steps N`: plays episodes until so many steps have been made. A seed that fails is
 * printed with its story; the same seed fails again.
 */

const usage = `Usage: npm run simulate -- [--seed S] [--steps N] [--episode-steps N]

Plays Layerward's service code against teams, attackers and faults, on virtual time.

  --seed S           where chance begins (default: the time); a failure names the seed that repeats it
  --steps N          how many steps in all (default 100000)
  --episode-steps N  how many steps of chaos in an episode (default 4000)
`;

process.exitCode = await simulate(process.argv.slice(2));

async function simulate(argv: readonly string[]): Promise<number> {
  let values: { seed?: string | undefined; steps: string; 'episode-steps': string; help: boolean };
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        seed: { type: 'string' },
        steps: { type: 'string', default: '100000' },
        'episode-steps': { type: 'string', default: '4000' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const [seed, steps, chaosSteps] = [
    values.seed ?? String(Date.now() % 1_000_000_007),
    values.steps,
    values['episode-steps'],
  ].map(Number);
  if (
    seed === undefined ||
    steps === undefined ||
    chaosSteps === undefined ||
    ![seed, steps, chaosSteps].every(Number.isSafeInteger)
  ) {
    console.error(`seed and steps are whole numbers\n\n${usage}`);
    return 2;
  }
  const startedAt = performance.now();
  let done = 0;
  let episodes = 0;
  let updates = 0;
  for (; done < steps; episodes++) {
    try {
      const result = await playEpisode(seed + episodes, chaosSteps);
      done += result.steps;
      updates += result.updates;
    } catch (error) {
      const words =
        error instanceof InvariantViolated
          ? error.message
          : error instanceof Error
            ? (error.stack ?? error.message)
            : String(error);
      console.error(`seed ${seed + episodes} (--episode-steps ${chaosSteps}): ${words}`);
      return 1;
    }
  }
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(
    `${done} steps in ${episodes} episodes from seed ${seed}: ${updates} updates, no violation, ${seconds.toFixed(1)} s`,
  );
  return 0;
}
