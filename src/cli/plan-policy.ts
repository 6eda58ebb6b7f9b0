import { basename } from 'node:path';
import { policyFileFor } from './policy-file.ts';
import { safe } from './printing.ts';

const example = 'policy.example.yaml';

/** What people call the policy file that a command goes by. */
export function policyName(path: string | undefined): string {
  const file = policyFileFor(path);
  // Nobody named the example: it comes with Layerward, wherever that is.
  return path ?? basename(file);
}

/** The same, with why it is that one. */
export function policyWords(name: string): string {
  return name === example ? `${name}, since there is no policy.yaml here` : safe(name);
}
