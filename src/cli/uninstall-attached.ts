import { LayerwardError } from '../domain/errors.ts';
import type { AttachedRecords } from '../domain/ports.ts';
import type { FunctionRecord } from '../domain/record.ts';

/** A function that has something of ours on it, as its record tells. */
export type AttachedFunction = Pick<FunctionRecord, 'functionArn' | 'status' | 'reason'>;

/** The functions that have something of ours on them, or why nobody can tell. */
export type Attached = { readonly functions: readonly AttachedFunction[] } | { readonly unknown: string };

/** Asks the records which functions have something of ours on them. */
export async function findAttached(records: AttachedRecords | undefined): Promise<Attached> {
  if (!records) return { unknown: 'the stack names no table of records' };
  const functions: AttachedFunction[] = [];
  try {
    // Those are released or deleted, and only not told yet.
    for await (const { functionArn, status, reason } of records.attached())
      if (status !== 'released' && status !== 'deleted') functions.push({ functionArn, status, reason });
  } catch (error) {
    // A table that is lost must not keep anybody from deleting the stack.
    if (error instanceof LayerwardError) return { unknown: error.message };
    throw error;
  }
  return { functions };
}
