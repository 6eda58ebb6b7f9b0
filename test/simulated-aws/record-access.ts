import type { Run } from './run.ts';

/** A write of a function's record. */
export interface RecordWrite {
  readonly run: Run;
  readonly at: number;
  /** Whether nothing is left in its outbox. */
  readonly isEmptied: boolean;
}

/** Who read and wrote the record of a function, and when: by that it can be told who had to tell something again. */
export interface RecordAccess {
  noteRead(functionArn: string, run: Run): void;
  noteWrite(functionArn: string, run: Run, isEmptied: boolean): void;
  /** When a run read it last before a moment; never, if it has not. */
  readAt(functionArn: string, run: Run, before: number): number;
  writesOf(functionArn: string): readonly RecordWrite[];
}

export function createRecordAccess(now: () => number): RecordAccess {
  const reads = new Map<string, Map<Run, number[]>>();
  const writes = new Map<string, RecordWrite[]>();
  return {
    noteRead(functionArn, run) {
      const own = reads.get(functionArn) ?? new Map<Run, number[]>();
      reads.set(functionArn, own);
      own.set(run, [...(own.get(run) ?? []), now()]);
    },
    noteWrite(functionArn, run, isEmptied) {
      const own = writes.get(functionArn) ?? [];
      writes.set(functionArn, own);
      own.push({ run, at: now(), isEmptied });
    },
    readAt: (functionArn, run, before) =>
      reads
        .get(functionArn)
        ?.get(run)
        ?.findLast((at) => at <= before) ?? Number.NEGATIVE_INFINITY,
    writesOf: (functionArn) => writes.get(functionArn) ?? [],
  };
}
