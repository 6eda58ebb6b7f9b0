import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { generatedFiles, memberTemplate } from '../../../scripts/generate.ts';
import { version } from '../../../src/domain/version.ts';
import { readAgents, readPolicyDocument } from '../../../src/service/agent-files.ts';
import { root } from './source-files.ts';

const read = (path: string) => readFileSync(join(root, path), 'utf8');

describe('what is written from something else', () => {
  it.each([...generatedFiles()])('%s is up to date', (path, content) => {
    expect(read(path)).toBe(content);
  });

  it('is three files', () => {
    expect([...generatedFiles().keys()]).toEqual([
      'schemas/agent.schema.json',
      'schemas/policy.schema.json',
      'template.yaml',
    ]);
  });

  it('is found by editors, from the files that it is for', () => {
    for (const [path, schema] of [
      ['policy.example.yaml', 'schemas/policy.schema.json'],
      ['agents/trend-application-security.yaml', '../schemas/agent.schema.json'],
    ] as const)
      expect(read(path)).toMatch(new RegExp(`^# yaml-language-server: \\$schema=${schema.replaceAll('.', '\\.')}\n`));
  });

  it('carries a policy into the template that is the example, and nothing else', () => {
    const template = parse(read('template.yaml'), { logLevel: 'silent' });
    const policy = parse(read('policy.example.yaml'));
    expect(JSON.parse(template.Resources.PolicyVersion.Properties.Content)).toMatchObject(policy);
  });
});

describe('the member template', () => {
  it('that the hub deploys, into members and into its own other regions, is infra/member.yaml', () => {
    const { Resources } = parse(read('template.yaml'), { logLevel: 'silent' });
    for (const stackSet of ['MemberStacks', 'HubRegionStacks'])
      expect(`${Resources[stackSet].Properties.TemplateBody}\n`).toBe(read('infra/member.yaml'));
  });

  it('is small enough to stand in a template: 51,200 bytes', () => {
    expect(Buffer.byteLength(read('infra/member.yaml'))).toBeLessThan(51_200);
  });

  it('asks for the tag of the policy that is deployed', () => {
    const agents = readAgents();
    const policy = readPolicyDocument(
      `${read('policy.example.yaml').replace(/^optIn:.*\n/m, '')}\noptIn: { tag: "acme @ protect", value: "yes" }\n`,
      'policy.yaml',
      agents,
    );
    const { Resources } = parse(memberTemplate(policy), { logLevel: 'silent' });
    const [statements] = Resources.MemberRole.Properties.Policies.map(
      (one: { PolicyDocument: { Statement: { Sid: string; Condition: unknown }[] } }) => one.PolicyDocument.Statement,
    );
    const update = statements.find(({ Sid }: { Sid: string }) => Sid === 'UpdateFunctions');
    expect(update.Condition[1]).toEqual({ StringEquals: { 'aws:ResourceTag/acme @ protect': 'yes' } });
  });
});

describe('the version', () => {
  it('is that of package.json', () => {
    expect(version).toBe(JSON.parse(read('package.json')).version);
  });
});
