import { spawn } from 'node:child_process';
import { startConsole } from '../console/server.ts';
import { LayerwardError } from '../domain/errors.ts';
import { explainFailure } from './aws-failure.ts';
import { print, tell } from './printing.ts';
import { type RecordsOptions, readPort, readSince } from './report-options.ts';
import { openRecords } from './sight.ts';

/** How the console is to be run. */
export interface ConsoleRunOptions extends RecordsOptions {
  readonly port: string;
  readonly open: boolean;
  readonly since: string;
}

const dayMs = 24 * 60 * 60_000;

/** Runs the console until SIGINT or SIGTERM. Its address, with the token, is the only thing on standard output. */
export async function runConsole({ port, open, since, ...options }: ConsoleRunOptions): Promise<void> {
  const now = new Date();
  const sinceDays = (now.getTime() - readSince(since, now).getTime()) / dayMs;
  const { records, connection } = await openRecords(options);
  const running = await startConsole({
    records,
    port: readPort(port),
    sinceDays,
    explain: (error) => explain(error, { ...options, region: connection.region }),
  });
  const ended = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  print(running.url);
  tell('The address holds its token: whoever has it, and this computer, can read. Ctrl-C ends the console.');
  if (open && process.stdout.isTTY) openBrowser(running.url);
  await ended;
  await running.close();
}

/** Words for the page, where nobody can look anything up. */
function explain(error: unknown, attempt: Parameters<typeof explainFailure>[1]): string {
  const cause = error instanceof LayerwardError ? error.cause : error;
  const isAboutCredentials = /Credentials|ExpiredToken|RequestExpired|Token is expired|SSO session/i.test(
    cause instanceof Error ? `${cause.name} ${cause.message}` : '',
  );
  const explained = isAboutCredentials ? explainFailure(cause, attempt) : explainFailure(error, attempt);
  return isAboutCredentials ? `${explained.message}; then start the console again` : explained.message;
}

function openBrowser(url: string): void {
  const programs: Readonly<Record<string, string>> = { darwin: 'open', linux: 'xdg-open' };
  const program = programs[process.platform];
  // Where there is none, the address is there to be opened by hand.
  if (program !== undefined)
    spawn(program, [url], { stdio: 'ignore', detached: true })
      .on('error', () => {})
      .unref();
}
