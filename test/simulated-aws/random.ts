import { createRandom, type Random } from '../../src/sandbox/random.ts';

/**
 * Chance of its own for everything that has a name: what happens to one thing does not depend on how often chance was
 * asked about others, so that a story can be told again with some of it left out.
 */
export function randomOf(seed: number, name: string): Random {
  let hash = seed ^ 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return createRandom(hash ^ (hash >>> 16));
}
