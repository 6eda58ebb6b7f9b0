import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTemplate } from '../../../src/sandbox/template.ts';
import { createTemplateResolver } from '../../../src/sandbox/template-resolver.ts';

const file = join(import.meta.dirname, '../../../template.yaml');

/** The event patterns of the template's rules by logical id, with Layerward's own role put in. */
export function templatePatterns(ownRoleArn: string): Map<string, unknown> {
  const template = parseTemplate(readFileSync(file, 'utf8'), 'template.yaml');
  const stack = { accountId: '111122223333', region: 'eu-west-1', stackName: 'layerward' };
  const resolver = createTemplateResolver(template, {}, stack, (logicalId) =>
    logicalId === 'RemediateRole' ? { ref: 'remediate', attributes: { Arn: ownRoleArn } } : undefined,
  );
  const rules = Object.entries(template.resources).filter(([, { type }]) => type === 'AWS::Events::Rule');
  return new Map(
    rules.map(([name, { properties }]) => [name, resolver.resolve(properties['EventPattern'], `${name}.EventPattern`)]),
  );
}
