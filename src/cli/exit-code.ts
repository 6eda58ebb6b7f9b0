import { InvalidInput, LayerwardError } from '../domain/errors.ts';

/** How a command ends: a contract that scripts rely on. */
export const exitCode = { done: 0, found: 1, usedWrongly: 2, failed: 3 } as const;

/** One of {@link exitCode}. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** Used wrongly: a file that is not there, an option that makes no sense. */
export class WrongUse extends InvalidInput {}

/** How a command ends that ended by this error. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof LayerwardError && !error.retryable && error.code === 'invalid-input'
    ? exitCode.usedWrongly
    : exitCode.failed;
}
