import { type EpisodeOptions, type Failure, playEpisode } from './episode.ts';
import type { Incident } from './script.ts';

/** How often a failing episode is played again, to find out what of it matters. */
const replaysAllowed = 400;

/**
 * The shortest story that was found of a failure: the episode is played again with less and less of what happened in it, as
 * long as the same invariant is violated (delta debugging).
 */
export async function shrinkFailure(options: EpisodeOptions, failure: Failure): Promise<Failure> {
  let shortest = failure;
  let replays = 0;
  const stillFails = async (incidents: readonly Incident[]): Promise<boolean> => {
    if (replays >= replaysAllowed) return false;
    replays++;
    const episode = await playEpisode({ ...options, only: new Map(incidents.map(({ id, about }) => [id, about])) });
    if (!('failure' in episode) || episode.failure.violation.invariant !== failure.violation.invariant) return false;
    shortest = episode.failure;
    return true;
  };
  let parts = 2;
  // Most often, nothing matters but what happened to that function, and to all of them.
  const { about } = failure.violation;
  if (about !== '') await stillFails(failure.incidents.filter((one) => one.about === '' || one.about === about));
  while (shortest.incidents.length > 1 && replays < replaysAllowed) {
    const { incidents } = shortest;
    const size = Math.ceil(incidents.length / parts);
    let isShorter = false;
    for (let from = 0; from < incidents.length && !isShorter; from += size)
      isShorter = await stillFails([...incidents.slice(0, from), ...incidents.slice(from + size)]);
    if (isShorter) parts = Math.max(2, parts - 1);
    else if (size === 1) break;
    else parts = Math.min(incidents.length, parts * 2);
  }
  return shortest;
}
