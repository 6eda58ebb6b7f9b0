import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Agents } from '../domain/agent.ts';
import type { Policy } from '../domain/policy.ts';
import { readPolicyDocument } from '../service/agent-files.ts';
import { decodeText } from '../service/text-file.ts';
import { WrongUse } from './exit-code.ts';

const example = join(import.meta.dirname, '../../policy.example.yaml');

/** The policy file that a command goes by: the one that is named, else policy.yaml here, else the example. */
export function policyFileFor(path: string | undefined): string {
  return path ?? (existsSync('policy.yaml') ? 'policy.yaml' : example);
}

/**
 * Reads a policy file and checks it.
 * @throws {WrongUse} for a file that can't be read; {InvalidDocument} with line and column for a mistake in it.
 */
export function readPolicyFile(path: string | undefined, agents: Agents): Policy {
  const file = policyFileFor(path);
  return readPolicyDocument(readTextOrRefuse(file), file, agents);
}

/** A file's content. @throws {WrongUse} that names it, where it can't be read. */
export function readFileOrRefuse(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new WrongUse(`${path} can't be read: ${whyUnreadable(error)}`, { cause: error });
  }
}

function whyUnreadable(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  switch (Reflect.get(error, 'code')) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EISDIR':
      return 'it is a folder';
    case 'EACCES':
      return 'you may not read it';
    default:
      return error.message;
  }
}

/** A file's content as text. @throws {WrongUse} {InvalidInput} that names it, where it can't be read, or is not UTF-8. */
export function readTextOrRefuse(path: string): string {
  return decodeText(readFileOrRefuse(path), path);
}
