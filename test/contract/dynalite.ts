import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';

/** Starts a DynamoDB in memory on any free port of 127.0.0.1. */
export async function startDynalite(): Promise<{ readonly endpoint: string; stop(): Promise<void> }> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
