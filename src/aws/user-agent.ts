import { version } from '../domain/version.ts';

/** What every client adds to its user agent, so that CloudTrail names Layerward in each call of ours. */
export const userAgent: [string, string][] = [['layerward', version]];
