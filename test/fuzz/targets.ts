import { cloudTrailRecords } from './cloudtrail-records.ts';
import { consoleRequests } from './console-requests.ts';
import { documents } from './documents.ts';
import { planFiles } from './plan-files.ts';
import { queueMessages } from './queue-messages.ts';
import type { FuzzOptions, FuzzResult } from './run.ts';
import { fuzz } from './run.ts';

/** Every target, by its name: what it is about, and how it is run. */
export const targets: ReadonlyMap<string, { readonly about: string; run(options: FuzzOptions): Promise<FuzzResult> }> =
  new Map([
    [cloudTrailRecords.name, { about: cloudTrailRecords.about, run: (options) => fuzz(cloudTrailRecords, options) }],
    [queueMessages.name, { about: queueMessages.about, run: (options) => fuzz(queueMessages, options) }],
    [documents.name, { about: documents.about, run: (options) => fuzz(documents, options) }],
    [planFiles.name, { about: planFiles.about, run: (options) => fuzz(planFiles, options) }],
    [consoleRequests.name, { about: consoleRequests.about, run: (options) => fuzz(consoleRequests, options) }],
  ]);
