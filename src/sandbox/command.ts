import { parseArgs } from 'node:util';
import { PortInUseError } from './endpoint.ts';
import { startSandbox } from './sandbox.ts';
import { TemplateError } from './template.ts';

const USAGE = `Usage: npm run sandbox -- [--port 4566] [--no-service] [--organization] [--help]

Starts a local AWS on one endpoint, with Layerward deployed into it, and prints "ready http://127.0.0.1:PORT"
once it takes calls. The log goes to standard error. Ctrl-C ends it.

  --port PORT    where to listen, 0 for any free port (default 4566)
  --no-service   only the AWS services, without Layerward
  --organization an organization with several accounts in place of a single one
  --help         this text
`;

const DEFAULT_PORT = 4566;

/**
 * The command behind `npm run sandbox`: runs until SIGINT or SIGTERM, then ends the process.
 *
 * @param argv the arguments after the program's name.
 * @returns the exit code: 0 ended as asked, 2 used wrongly, 3 the port is taken or the sandbox cannot start.
 */
export async function runSandbox(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (typeof options === 'string') {
    process.stderr.write(`layerward: ${options}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const ended = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  try {
    const sandbox = await startSandbox({
      port: options.port,
      service: options.service,
      organization: options.organization,
      log: (line) => process.stderr.write(`${line}\n`),
    });
    process.stdout.write(`ready ${sandbox.endpoint}\n`);
    await ended;
    await sandbox.stop();
    return 0;
  } catch (error) {
    const isExpected = error instanceof PortInUseError || error instanceof TemplateError;
    const text = error instanceof Error ? (isExpected ? error.message : (error.stack ?? error.message)) : String(error);
    process.stderr.write(`layerward: ${text}\n`);
    return 3;
  }
}

interface Options {
  readonly port: number;
  readonly service: boolean;
  readonly organization: boolean;
  readonly help: boolean;
}

function readOptions(argv: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...argv],
      allowNegative: true,
      options: {
        port: { type: 'string', default: String(DEFAULT_PORT) },
        service: { type: 'boolean', default: true },
        organization: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const port = Number(values.port);
    if (!/^\d+$/.test(values.port) || port > 65_535) {
      return `--port takes a number from 0 to 65535, not ${values.port}`;
    }
    return { port, service: values.service, organization: values.organization, help: values.help };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
