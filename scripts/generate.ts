import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { agentSchema } from '../src/domain/agent.ts';
import { policySchema } from '../src/domain/policy.ts';
import { readAgents, readPolicyDocument } from '../src/service/agent-files.ts';

/*
 * Everything in the repository that is written from something else: the JSON Schemas that editors use, and the parts of
 * template.yaml that AppConfig gets. A test holds that they are up to date.
 */

const root = join(import.meta.dirname, '..');

/** The longest validator that AppConfig takes, in characters. */
const longestValidator = 32_768;

/** The generated files by their path from the root of the repository, as they should be. */
export function generatedFiles(): Map<string, string> {
  const template = readFileSync(join(root, 'template.yaml'), 'utf8');
  return new Map([
    ['schemas/agent.schema.json', schemaFile(agentSchema, 'A Layerward agent')],
    ['schemas/policy.schema.json', schemaFile(policySchema, 'A Layerward policy')],
    ['template.yaml', templateWith(template, readPolicyFile('policy.example.yaml'))],
  ]);
}

/** The template that is deployed: with this policy in it, and with paths from `dist/`, where it is written to. */
export function deployableTemplate(policyFile: string): string {
  const template = readFileSync(join(root, 'template.yaml'), 'utf8');
  return templateWith(template, readPolicyFile(policyFile)).replaceAll('CodeUri: dist/', 'CodeUri: ');
}

/** The policy that is deployed: the team's own if there is one, else the example. */
export function policyFileInUse(): string {
  return existsSync(join(root, 'policy.yaml')) ? 'policy.yaml' : 'policy.example.yaml';
}

function readPolicyFile(name: string): unknown {
  return readPolicyDocument(readFileSync(join(root, name), 'utf8'), name, readAgents());
}

function schemaFile(schema: z.ZodType, title: string): string {
  return `${JSON.stringify({ title, ...z.toJSONSchema(schema, { io: 'input' }) }, undefined, 2)}\n`;
}

function templateWith(template: string, policy: unknown): string {
  // AppConfig knows draft 4 only: docs.aws.amazon.com/appconfig, "Understanding validators".
  const validator = JSON.stringify(z.toJSONSchema(policySchema, { io: 'input', target: 'draft-4' }));
  if (validator.length > longestValidator)
    throw new Error(`the policy's schema has ${validator.length} characters, and AppConfig takes ${longestValidator}`);
  return embed(embed(template, 'policy schema', validator), 'policy', JSON.stringify(policy, undefined, 2));
}

/** Puts a text between its two marks, as a block scalar, indented as the marks are. */
function embed(template: string, name: string, content: string): string {
  const marks = new RegExp(`^( *)# begin generated: ${name}$[^]*?# end generated: ${name}$`, 'm');
  if (!marks.test(template)) throw new Error(`template.yaml has no marks "# begin generated: ${name}" and "# end …"`);
  return template.replace(marks, (_, indent: string) =>
    [
      `# begin generated: ${name}`,
      'Content: |-',
      ...content.split('\n').map((line) => `  ${line}`),
      `# end generated: ${name}`,
    ]
      .map((line) => indent + line)
      .join('\n'),
  );
}

/** Writes what is out of date. */
export function generate(): void {
  for (const [path, content] of generatedFiles()) {
    const file = join(root, path);
    mkdirSync(join(file, '..'), { recursive: true });
    if (!existsSync(file) || readFileSync(file, 'utf8') !== content) writeFileSync(file, content);
  }
}
