import { InvalidArgumentError } from 'commander';

/**
 * Reads an option that is a number of things.
 * @throws {InvalidArgumentError} for anything but a number from 1 on.
 */
export function readCount(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('It is a number from 1 on.');
  return Number(text);
}
