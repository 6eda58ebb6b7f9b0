import type { FunctionRecord } from '../../../src/domain/record.ts';
import { outcomeOf } from '../../fixtures/outcome.ts';

/** The record of a function that was put right, as the service writes it. */
export function recordOf(changes: Partial<FunctionRecord> = {}): FunctionRecord {
  const { durationMs: _, at, previous: __, ...state } = outcomeOf();
  return {
    ...state,
    version: 1,
    since: at,
    updatedAt: at,
    runtime: 'python3.8',
    architecture: 'x86_64',
    attachment: {
      agent: 'trend-application-security',
      variant: 'python3.8',
      group: 'default',
      applied: {
        layerArn: 'arn:aws:lambda:us-east-1:800880067056:layer:CloudOne-ApplicationSecurity-python:1',
        handler: 'trend_app_protect_handler.handler',
        handlerVariable: 'TREND_AP_HANDLER',
        variables: { TREND_AP_HANDLER: 'app.handler', TREND_AP_LOG_LEVEL: 'warn' },
        secretVariables: ['TREND_AP_KEY', 'TREND_AP_SECRET'],
      },
      before: { handler: 'app.handler', layers: [], variables: { TREND_AP_LOG_LEVEL: 'the-team’s-own-value' } },
    },
    pending: [],
    repairs: [],
    repairCount: 2,
    outbox: [],
    ...changes,
  };
}
