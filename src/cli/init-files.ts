import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LayerwardError } from '../domain/errors.ts';
import { readTextOrRefuse } from './policy-file.ts';

/** A file could not be written; what was there before is as it was. */
export class FileNotWritten extends LayerwardError {
  override readonly name = 'FileNotWritten';
  readonly code = 'file-not-written';
  readonly retryable = false;
}

/** The text of a file that is there already, which is kept unless it is to be written anew; `undefined` otherwise. */
export function keptText(path: string, isForced: boolean): string | undefined {
  return existsSync(path) && !isForced ? readTextOrRefuse(path) : undefined;
}

/**
 * Writes a file as a whole or not at all: under another name first, which then takes the place of what was there.
 * @throws {FileNotWritten}
 */
export function writeWhole(path: string, text: string): 'written' | 'unchanged' {
  const isThere = existsSync(path);
  // A link stays one: people may keep the file itself with their other configuration.
  const target = isThere ? realpathSync(path) : path;
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}`);
  try {
    if (isThere && readFileSync(target, 'utf8') === text) return 'unchanged';
    writeFileSync(temporary, text, { flag: 'wx' });
    renameSync(temporary, target);
    return 'written';
  } catch (error) {
    rmSync(temporary, { force: true });
    const words = error instanceof Error ? error.message : String(error);
    throw new FileNotWritten(`${path} can't be written, and is as it was: ${words}`, { cause: error });
  }
}
