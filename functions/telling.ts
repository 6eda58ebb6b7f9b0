import { MetricUnit, Metrics as PowertoolsMetrics } from '@aws-lambda-powertools/metrics';
import pino from 'pino';
import type { Log, Metrics } from '../src/domain/ports.ts';

/** The log. Written at once: Lambda freezes the process when it has answered, and what is still to be written is lost. */
export function createLog(level: string): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 1, sync: true }),
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
