import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Prints the JSON Schema of policies, as it comes with Layerward. */
export function printPolicySchema(): void {
  process.stdout.write(readFileSync(join(import.meta.dirname, '../../schemas/policy.schema.json'), 'utf8'));
}
