import type { Mode } from '../domain/policy.ts';
import { WrongUse } from './exit-code.ts';

/** What `layerward init` was told by options; absent is not said. */
export interface InitFlags {
  readonly singleAccount?: true;
  readonly organization?: string;
  readonly units?: string;
  readonly regions?: string;
  readonly inManagementAccount?: true;
  readonly createTrail?: true;
  readonly alertEmail?: string;
  readonly parameter?: readonly string[];
  readonly stack?: string;
  readonly region?: string;
  readonly mode?: Mode;
  readonly agent?: string;
  readonly groupParameter?: readonly string[];
  readonly secret?: string;
  readonly endpoint?: string;
  readonly yes?: true;
  readonly force?: true;
  readonly build: boolean;
  readonly json?: true;
}

/** The options that end up in `policy.yaml`. */
const policyOptions = {
  mode: '--mode',
  agent: '--agent',
  groupParameter: '--group-parameter',
  secret: '--secret',
} as const;

/** The options that end up in `samconfig.toml`. */
const deploymentOptions = {
  singleAccount: '--single-account',
  organization: '--organization',
  units: '--units',
  regions: '--regions',
  inManagementAccount: '--in-management-account',
  createTrail: '--create-trail',
  alertEmail: '--alert-email',
  parameter: '--parameter',
  stack: '--stack',
  region: '--region',
} as const;

/** The options given that say what is to be in a file. */
export function optionsFor(file: 'policy.yaml' | 'samconfig.toml', flags: InitFlags): string[] {
  return file === 'policy.yaml'
    ? Object.entries(policyOptions).flatMap(([key, option]) => (Object.hasOwn(flags, key) ? [option] : []))
    : Object.entries(deploymentOptions).flatMap(([key, option]) => (Object.hasOwn(flags, key) ? [option] : []));
}

/** Reads `name=value` pairs. @throws {WrongUse} for one that is none, or a name that comes twice. */
export function pairsOf(option: string, pairs: readonly string[]): Readonly<Record<string, string>> {
  const values = new Map<string, string>();
  for (const pair of pairs) {
    const [, name, value = ''] = /^([A-Za-z][A-Za-z0-9]*)=(.*)$/s.exec(pair) ?? [];
    if (name === undefined) throw new WrongUse(`${option} takes name=value, not ${pair}`);
    if (values.has(name)) throw new WrongUse(`${option} gives ${name} twice`);
    values.set(name, value.trim());
  }
  return Object.fromEntries(values);
}
