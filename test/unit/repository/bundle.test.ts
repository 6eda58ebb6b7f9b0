import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { functionEnvironment } from '../../../bench/function-environment.ts';
import * as trail from '../../fixtures/cloudtrail.ts';
import { root } from './source-files.ts';

/* What `npm run build` has written, which `npm test` does first. */

const bundles = readdirSync(join(root, 'functions'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => ({ name, path: join(root, 'dist', name, 'index.mjs') }));

describe.each(bundles)('the bundle of $name', ({ path }) => {
  it('is built', () => {
    expect(existsSync(path)).toBe(true);
  });

  it('is no larger than 600 KB, which a cold start has to read', () => {
    expect(statSync(path).size).toBeLessThanOrEqual(600_000);
  });

  it('has nothing in it of what nobody calls', () => {
    const code = readFileSync(path, 'utf8');
    for (const word of ['CreateFunctionUrlConfigRequest', 'thread-stream', 'draft-2020-12'])
      expect(code).not.toContain(word);
  });

  it('carries no path of the machine that built it', () => {
    expect(readFileSync(path, 'utf8')).not.toContain(root);
  });
});

describe('the built function', () => {
  const bundle = join(root, 'dist/remediate/index.mjs');

  /** Gives the handler one batch, in a process of its own, and answers what it said and wrote. */
  function invoke(bodies: readonly string[], environment = functionEnvironment()) {
    const event = { Records: bodies.map((body, index) => ({ messageId: `message-${index}`, body })) };
    const program = `
      const { handler } = await import(${JSON.stringify(bundle)});
      process.stderr.write(JSON.stringify(await handler(${JSON.stringify(event)}, {})));`;
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      env: environment,
      encoding: 'utf8',
    });
    return { answer: stderr, log: stdout.split('\n').filter(Boolean), status };
  }

  it('answers which messages have to come back, and logs one line of JSON for each', () => {
    const own = trail.updateConfigurationRecord(
      {},
      { userIdentity: trail.assumedRole('layerward-remediate', 'layerward-remediate') },
    );
    const { answer, log } = invoke(['hello', JSON.stringify(trail.eventBridgeEvent(own))]);
    expect(JSON.parse(answer)).toEqual({ batchItemFailures: [{ itemIdentifier: 'message-0' }] });
    expect(log.map((line) => JSON.parse(line))).toEqual([
      {
        level: 50,
        time: expect.any(String),
        messageId: 'message-0',
        code: 'invalid-input',
        retryable: false,
        msg: 'the message is not JSON; it is 5 characters long',
      },
      {
        level: 30,
        time: expect.any(String),
        messageId: 'message-1',
        eventId: own.eventID,
        dropped: 'own-update',
        msg: 'Layerward made this call itself',
      },
    ]);
  });

  it('does not start without its settings, and names all that are missing', () => {
    const {
      LAYERWARD_TABLE_NAME: _,
      LAYERWARD_QUEUE_URL: __,
      ...rest
    } = functionEnvironment() as Record<string, string>;
    const { answer, status } = invoke([], rest);
    expect(status).not.toBe(0);
    expect(answer).toMatch(/LAYERWARD_TABLE_NAME: .*; LAYERWARD_QUEUE_URL: /);
  });
});
