import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { WrongUse } from './exit-code.ts';

/**
 * Writes a file whole or not at all, for its owner's eyes only.
 * @throws {WrongUse} where it can't be written
 */
export function writeWhole(path: string, content: string): void {
  const unfinished = `${path}.${randomBytes(4).toString('hex')}.unfinished`;
  try {
    const file = openSync(unfinished, 'wx', 0o600);
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw new WrongUse(`${path} can't be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}
