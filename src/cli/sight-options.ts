import type { Command } from 'commander';
import { type ConnectionOptions, withConnection } from './connection-options.ts';

/** How a person says by which policy and records to decide. */
export interface SightOptions extends ConnectionOptions {
  readonly policy?: string;
  readonly stack: string;
  readonly table?: string;
}

/** Adds the options of a command that decides about functions. */
export function withSight(command: Command): Command {
  return withConnection(command)
    .option('--policy <file>', 'the policy to decide by (default: policy.yaml, else policy.example.yaml)')
    .option('--stack <name>', 'Layerward’s stack, whose records tell what it attached; none is needed', 'layerward')
    .option('--table <name>', 'the table of records, where the stack can’t be asked');
}

/** Adds the options of a command that asks the records. */
export function withRecords(command: Command): Command {
  return withConnection(command)
    .option('--stack <name>', 'Layerward’s stack, which tells where the records are', 'layerward')
    .option('--table <name>', 'the table of records, where the stack can’t be asked');
}
