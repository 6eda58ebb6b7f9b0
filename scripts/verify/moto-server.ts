import { join } from 'node:path';
import { installPython } from './install.ts';
import { type Server, startServer } from './server.ts';

/** moto's simulation of AWS, empty, on a free port of 127.0.0.1. Takes any credentials; account 123456789012. */
export async function startMotoServer(): Promise<Server> {
  const programs = await installPython();
  return startServer(
    join(programs, 'moto_server'),
    ['-H', '127.0.0.1', '-p', '0'],
    /Running on http:\/\/127\.0\.0\.1:(\d+)/,
  );
}
