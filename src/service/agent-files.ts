import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Agent, Agents } from '../domain/agent.ts';
import { agentSchema } from '../domain/agent-schema.ts';
import { checkPolicy, type Policy, policySchema } from '../domain/policy.ts';
import { decodeText } from './text-file.ts';
import { readYamlDocument } from './yaml-document.ts';

/** The folder in which agents are defined, one file each. */
export const agentsFolder = join(import.meta.dirname, '../../agents');

/** Reads an agent's file. @throws {InvalidDocument} */
export function readAgent(text: string, fileName: string): Agent {
  const expected = basename(fileName).replace(/\.ya?ml$/, '');
  return readYamlDocument(text, fileName, agentSchema, ({ name }) =>
    name === expected ? [] : [{ path: ['name'], message: `must be the file's name: ${expected}` }],
  );
}

/** Reads every agent of a folder. @throws {InvalidDocument} */
export function readAgents(folder: string = agentsFolder): Agents {
  const files = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
  return new Map(
    files.sort().map((name) => {
      const agent = readAgent(decodeText(readFileSync(join(folder, name)), `agents/${name}`), `agents/${name}`);
      return [agent.name, agent];
    }),
  );
}

/** Reads a policy and checks it against the agents. @throws {InvalidDocument} */
export function readPolicyDocument(text: string, fileName: string, agents: Agents): Policy {
  return readYamlDocument(text, fileName, policySchema, (policy) => checkPolicy(policy, agents));
}
