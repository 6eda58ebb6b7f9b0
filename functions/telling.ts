import { MetricUnit, Metrics as PowertoolsMetrics } from '@aws-lambda-powertools/metrics';
import pino, { type DestinationStream } from 'pino';
import type { Log, Metrics } from '../src/domain/ports.ts';

/** An error that nobody expected: its causes and what an SDK has put into it, which may be anything, are left out. */
function describeError(error: unknown): unknown {
  return error instanceof Error ? { type: error.name, message: error.message, stack: error.stack } : String(error);
}

/**
 * The log. Written at once: Lambda freezes the process when it has answered, and what is still to be written is lost.
 * @param destination standard output if left out
 */
export function createLog(
  level: string,
  destination: DestinationStream = pino.destination({ dest: 1, sync: true }),
): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: describeError } },
    destination,
  );
}

/** Metrics in embedded metric format, and what publishes those of one invocation: a middleware, for both of its ends. */
export function createMetrics(): { readonly metrics: Metrics; readonly publish: () => void } {
  const powertools = new PowertoolsMetrics();
  return {
    metrics: {
      add: (name, value) =>
        powertools.addMetric(name, name === 'EventToFix' ? MetricUnit.Milliseconds : MetricUnit.Count, value),
    },
    publish: () => {
      if (powertools.hasStoredMetrics()) powertools.publishStoredMetrics();
    },
  };
}
