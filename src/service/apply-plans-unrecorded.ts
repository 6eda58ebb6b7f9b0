import { isDeepStrictEqual } from 'node:util';
import type { FairShare, Records } from '../domain/ports.ts';
import type { FunctionRecord } from '../domain/record.ts';

/**
 * Records that are forgotten when the process ends, for functions that are changed where nothing is deployed: what is
 * put on can't be released later, since nobody knows what was there before.
 */
export function createUnkeptRecords(): Records {
  const records = new Map<string, FunctionRecord>();
  const isStale = ({ functionArn, version }: FunctionRecord, former: number) =>
    (records.get(functionArn)?.version ?? 0) !== version - former;
  return {
    find: async (functionArn) => records.get(functionArn),
    async save(record) {
      if (isDeepStrictEqual(records.get(record.functionArn), record)) return 'saved';
      if (isStale(record, 1)) return 'stale';
      records.set(record.functionArn, record);
      return 'saved';
    },
    async forget(record) {
      if (isStale(record, 0)) return 'stale';
      records.delete(record.functionArn);
      return 'saved';
    },
    remember: async () => {},
    areLost: async () => false,
  };
}

/** No share to be kept, where nothing is deployed that it would be shared with. */
export const unshared: FairShare = {
  reserve: async () => 0,
  waitingUntil: async () => undefined,
  noteWaiting: async () => {},
  slowDown: async () => {},
};
