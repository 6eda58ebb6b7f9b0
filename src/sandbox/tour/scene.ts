import type { Stage } from './stage.ts';

/** One thing that a user does, and what is expected of Layerward. */
export interface Scene {
  readonly chapter: string;
  /** What the user does. */
  readonly title: string;
  /** Does it, holds every expectation, and answers what Layerward made of it. */
  readonly play: (stage: Stage) => Promise<string>;
}

/** The tag by which a function opts in. */
export const optIn = { 'layerward:protect': 'on' };
