import type { FunctionRecord, Outcome } from '../../src/domain/record.ts';
import { createMemoryRecords } from '../fixtures/memory-records.ts';
import { type ExampleOrganization, exampleOrganization } from './example-organization.ts';

/** The records of an example, and ways to change them while a console shows them. */
export interface ExampleRecords {
  readonly organization: ExampleOrganization;
  readonly port: ReturnType<typeof createMemoryRecords>['port'];
  /** Writes a record and the outcome that led to it. */
  put(record: FunctionRecord, outcome: Outcome): Promise<void>;
  /** From now on every question is answered by this error; by none where it is left out. */
  failWith(error?: Error): void;
}

/** Records in memory, filled with the example of so many functions. */
export async function createExampleRecords(size: number, now: number): Promise<ExampleRecords> {
  const { port, records, history } = createMemoryRecords();
  const organization = exampleOrganization(size, now);
  let failure: Error | undefined;
  for (const record of organization.records) records.set(record.functionArn, record);
  for (const [index, outcome] of organization.outcomes.entries()) history.set(String(index), outcome);
  for (const one of organization.coverage) await port.saveCoverage(one);
  return {
    organization,
    port: {
      ...port,
      async *drifted(from, to) {
        if (failure) throw failure;
        yield* port.drifted(from, to);
      },
    },
    async put(record, outcome) {
      records.set(record.functionArn, record);
      await port.remember(outcome);
    },
    failWith(error) {
      failure = error;
    },
  };
}
