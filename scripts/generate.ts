import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { agentSchema } from '../src/domain/agent-schema.ts';
import { type Policy, policySchema } from '../src/domain/policy.ts';
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

/**
 * The template that is deployed: with this policy in it, with paths from `dist/`, where it is written to, and with a mark
 * of the code, so that a deployment of new code is noticed by the custom resource that starts a sweep.
 */
export function deployableTemplate(policyFile: string, codeVersion: string): string {
  const template = readFileSync(join(root, 'template.yaml'), 'utf8');
  return templateWith(template, readPolicyFile(policyFile))
    .replaceAll('CodeUri: dist/', 'CodeUri: ')
    .replaceAll('DefinitionUri: infra/', 'DefinitionUri: ')
    .replace('CodeVersion: development', `CodeVersion: ${codeVersion}`);
}

/** The template of the members, with the opt-in tag of this policy. */
export function memberTemplate(policy: Policy): string {
  const template = readFileSync(join(root, 'infra/member.yaml'), 'utf8');
  const { tag, value } = policy.optIn;
  const condition = `StringEquals: { ${JSON.stringify(`aws:ResourceTag/${tag}`)}: ${JSON.stringify(value)} }`;
  if (!template.includes(exampleCondition)) throw new Error(`infra/member.yaml does not hold ${exampleCondition}`);
  // A function, so that no character of a tag is taken for a reference.
  return template.replace(exampleCondition, () => condition);
}

/** The condition on the opt-in tag, as infra/member.yaml has it for the example's policy. */
const exampleCondition = 'StringEquals: { "aws:ResourceTag/layerward:protect": "on" }';

/** The policy that is deployed: the team's own if there is one, else the example. */
export function policyFileInUse(): string {
  return existsSync(join(root, 'policy.yaml')) ? 'policy.yaml' : 'policy.example.yaml';
}

function readPolicyFile(name: string): Policy {
  return readPolicyDocument(readFileSync(join(root, name), 'utf8'), name, readAgents());
}

function schemaFile(schema: z.ZodType, title: string): string {
  return `${JSON.stringify({ title, ...z.toJSONSchema(schema, { io: 'input' }) }, undefined, 2)}\n`;
}

function templateWith(template: string, policy: Policy): string {
  // AppConfig knows draft 4 only: docs.aws.amazon.com/appconfig, "Understanding validators".
  const validator = JSON.stringify(z.toJSONSchema(policySchema, { io: 'input', target: 'draft-4' }));
  if (validator.length > longestValidator)
    throw new Error(`the policy's schema has ${validator.length} characters, and AppConfig takes ${longestValidator}`);
  const parts: readonly [name: string, key: string, content: string][] = [
    ['policy schema', 'Content', validator],
    ['policy', 'Content', JSON.stringify(policy, undefined, 2)],
    ['member template', 'TemplateBody', memberTemplate(policy).trimEnd()],
  ];
  return parts.reduce((text, part) => embed(text, ...part), template);
}

/** Puts a text between its two marks, wherever they are, as a block scalar, indented as the marks are. */
function embed(template: string, name: string, key: string, content: string): string {
  const marks = new RegExp(`^( *)# begin generated: ${name}$[^]*?# end generated: ${name}$`, 'gm');
  if (template.search(marks) < 0)
    throw new Error(`template.yaml has no marks "# begin generated: ${name}" and "# end …"`);
  return template.replace(marks, (_, indent: string) =>
    [
      `# begin generated: ${name}`,
      `${key}: |-`,
      ...content.split('\n').map((line) => (line === '' ? '' : `  ${line}`)),
      `# end generated: ${name}`,
    ]
      .map((line) => (line === '' ? '' : indent + line))
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
