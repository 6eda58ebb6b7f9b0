import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { SQSBatchResponse } from 'aws-lambda';
import * as trail from '../test/fixtures/cloudtrail.ts';
import { startInstantAws } from './instant-aws.ts';
import { median } from './measurement.ts';

/*
 * Runs the built handler in a process of its own, whose standard output is the function's log, and writes what it
 * measured to the file that its argument names. Needs --expose-gc.
 */

/** What the process measured. */
export interface HandlerFigures {
  /** Events a second: of functions that never opted in, and of protected ones. */
  readonly plain: number;
  readonly protected: number;
  /** Events a second through handlers that only parse, and that only parse and make the one call of the SDK. */
  readonly parsing: number;
  readonly calling: number;
  /** Bytes of the heap after so many events, garbage collected. */
  readonly heapAfter1000: number;
  readonly heapAfter10000: number;
}

const batchSize = 10;

type Handler = (event: unknown, context: unknown) => Promise<SQSBatchResponse>;

function batch(kind: 'plain' | 'protected', number: number) {
  const Records = Array.from({ length: batchSize }, (_, index) => {
    const name = `${kind}-${index}`;
    const record = trail.updateConfigurationRecord({ name, memorySize: 256 }, { awsRegion: 'us-east-1' });
    return {
      messageId: `${number}-${index}`,
      body: JSON.stringify(trail.eventBridgeEvent({ ...record, eventID: `${number}-${index}` })),
    };
  });
  return { Records };
}

/** Runs this many events, and answers how many of them a second. */
async function run(handler: Handler, kind: 'plain' | 'protected', events: number): Promise<number> {
  const batches = Array.from({ length: events / batchSize }, (_, number) => batch(kind, number));
  const startedAt = performance.now();
  for (const event of batches) {
    const { batchItemFailures } = await handler(event, {});
    if (batchItemFailures.length > 0) throw new Error('the handler did not work off its events: see its log');
  }
  return events / ((performance.now() - startedAt) / 1000);
}

/** The least that a handler does. */
const parsing: Handler = async (event) => {
  for (const { body } of (event as ReturnType<typeof batch>).Records) JSON.parse(body);
  return { batchItemFailures: [] };
};

/** What an event costs before anything is made of AWS's answer. */
function callingHandler(): Handler {
  const client = new LambdaClient({});
  return async (event) => {
    await Promise.all(
      (event as ReturnType<typeof batch>).Records.map(({ body }) => {
        const { functionName } = JSON.parse(body).detail.requestParameters;
        return client.send(new GetFunctionCommand({ FunctionName: functionName }));
      }),
    );
    return { batchItemFailures: [] };
  };
}

const heap = () => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

async function measure(): Promise<HandlerFigures> {
  const aws = await startInstantAws();
  process.env['AWS_ENDPOINT_URL'] = aws.endpoint;
  const { handler } = (await import(join(import.meta.dirname, '../dist/remediate/index.mjs'))) as { handler: Handler };
  const rounds = async (of: Handler, kind: 'plain' | 'protected', events: number) => {
    const speeds: number[] = [];
    for (let round = 0; round < 4; round++) speeds.push(await run(of, kind, events));
    return median(speeds);
  };
  await run(handler, 'plain', 1000);
  const heapAfter1000 = heap();
  const plain = await rounds(handler, 'plain', 1000);
  const known = await rounds(handler, 'protected', 1000);
  await run(handler, 'plain', 1000);
  const heapAfter10000 = heap();
  const calling = await rounds(callingHandler(), 'plain', 1000);
  aws.stop();
  const least = await rounds(parsing, 'plain', 10_000);
  return { plain, protected: known, parsing: least, calling, heapAfter1000, heapAfter10000 };
}

const [, , outputPath = ''] = process.argv;
writeFileSync(outputPath, JSON.stringify(await measure()));
process.exit(0);
