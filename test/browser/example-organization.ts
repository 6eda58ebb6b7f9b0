import { type Drift, driftCodes } from '../../src/domain/drift.ts';
import type { Coverage } from '../../src/domain/ports.ts';
import type { FunctionRecord, Outcome } from '../../src/domain/record.ts';

/*
 * An organization as one might be, of any size: always the same functions, so that pictures and measurements can be
 * compared. Names are of a made-up shop.
 */

/** What a report is made from. */
export interface ExampleOrganization {
  readonly records: readonly FunctionRecord[];
  readonly outcomes: readonly Outcome[];
  readonly coverage: readonly Coverage[];
}

const accounts = [
  '111122223333',
  '222233334444',
  '333344445555',
  '444455556666',
  '555566667777',
  '666677778888',
  '777788889999',
  '888899990000',
];
const regions = ['us-east-1', 'eu-west-1', 'eu-central-1', 'ap-southeast-2'];
const runtimes = ['nodejs14.x', 'python3.8', 'nodejs12.x', 'python3.7', 'nodejs10.x'];
const groups = ['default', 'payments', 'logistics'];
const teams = [
  'checkout',
  'catalog',
  'search',
  'orders',
  'invoices',
  'shipping',
  'returns',
  'pricing',
  'loyalty',
  'accounts',
];
const works = ['api', 'worker', 'events', 'nightly', 'export', 'webhook', 'resize', 'notify', 'audit', 'sync'];
const people = ['mallory', 'deploy-pipeline/ci', 'olga', 'terraform/apply', 'paul'];
const dayMs = 24 * 60 * 60_000;

/** A number from 0 to below 1 that follows from two others. */
function chance(index: number, of: number): number {
  let value = Math.imul(index ^ Math.imul(of, 0x9e3779b1), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return ((value ^ (value >>> 16)) >>> 0) / 2 ** 32;
}

const pick = <T>(list: readonly [T, ...T[]] | readonly T[], share: number): T => {
  const one = list[Math.floor(share * list.length)];
  if (one === undefined) throw new RangeError('nothing to pick from');
  return one;
};

const blockedReasons = [
  ['foreign-wrapper', 'AWS_LAMBDA_EXEC_WRAPPER is /opt/otel-handler'],
  ['layer-limit', 'it has 5 layers already'],
  ['environment-unreadable', 'KMSAccessDeniedException: the ciphertext refers to a key that this role may not use'],
  ['aws-refused', 'AccessDeniedException: explicit deny in a service control policy'],
] as const;

const layerOf = (runtime: string, region: string) =>
  `arn:aws:lambda:${region}:800880067056:layer:CloudOne-ApplicationSecurity-${runtime.startsWith('python') ? 'python' : runtime.replace('.', '_')}:1`;

const driftOf = (code: Drift['code'], layer: string): Drift => {
  switch (code) {
    case 'layer-missing':
      return { code, path: 'Layers', expected: layer };
    case 'handler-not-redirected':
      return { code, path: 'Handler', expected: 'trend_app_protect_handler.handler', actual: 'app.handler' };
    case 'wrapper-stale':
      return {
        code,
        path: 'Environment.Variables.AWS_LAMBDA_EXEC_WRAPPER',
        expected: '/opt/trend_app_protect',
        actual: '/opt/other',
      };
    default:
      return { code, path: 'Environment.Variables.TREND_AP_LOG_LEVEL' };
  }
};

/** A record of the organization's. */
export function exampleRecord(index: number, now: number): FunctionRecord {
  const at = (days: number) => new Date(now - days * dayMs).toISOString();
  const region = pick(regions, chance(index, 2) ** 1.6);
  const account = pick(accounts, chance(index, 1) ** 1.5);
  const name = `${pick(teams, chance(index, 3))}-${pick(works, chance(index, 4))}-${String(index).padStart(5, '0')}`;
  const fate = chance(index, 5);
  const runtime = pick(runtimes, chance(index, 6) ** 1.4);
  const days = chance(index, 7) * 27 + 0.02;
  const person = pick(people, chance(index, 8));
  const code = pick(driftCodes, chance(index, 9) * 0.99);
  const [reason, detail] = pick(blockedReasons, chance(index, 10));
  const state: Pick<FunctionRecord, 'status' | 'reason' | 'detail' | 'action'> =
    fate < 0.962
      ? { status: 'protected', reason: '', detail: '', action: chance(index, 11) < 0.1 ? 'repaired' : 'attached' }
      : fate < 0.972
        ? { status: 'blocked', reason, detail, action: 'none' }
        : fate < 0.973
          ? {
              status: 'contested',
              reason: 'flapping',
              detail: 'put right 5 times within 60 minutes, and undone again',
              action: 'none',
            }
          : fate < 0.985
            ? {
                status: 'unsupported',
                reason: 'runtime',
                detail: 'the agent has no variant for nodejs20.x',
                action: 'none',
              }
            : fate < 0.988
              ? { status: 'drifted', reason: code, detail: '', action: 'reported' }
              : fate < 0.994
                ? { status: 'released', reason: 'opted-out', detail: '', action: 'released' }
                : { status: 'deleted', reason: '', detail: '', action: 'none' };
  const hasDrift = state.action === 'repaired' || state.status === 'drifted' || state.status === 'contested';
  const group = pick(groups, chance(index, 12) ** 2);
  const isRedirected = runtime === 'python3.7';
  const layerArn = layerOf(runtime, region);
  const attachment = {
    agent: 'trend-application-security',
    variant: runtime,
    group,
    applied: {
      layerArn,
      handler: isRedirected ? 'trend_app_protect_handler.handler' : 'app.handler',
      variables: {
        ...(isRedirected ? { TREND_AP_HANDLER: 'app.handler' } : { AWS_LAMBDA_EXEC_WRAPPER: '/opt/trend_app_protect' }),
        TREND_AP_HELLO_URL: 'https://agents.us-1.application.cloudone.trendmicro.com/',
      },
      secretVariables: ['TREND_AP_KEY', 'TREND_AP_SECRET'],
    },
    before: { handler: 'app.handler', layers: [], variables: {} },
  };
  return {
    functionArn: `arn:aws:lambda:${region}:${account}:function:${name}`,
    version: 3,
    status: state.status,
    reason: state.reason,
    detail: state.detail,
    action: state.action,
    drift: hasDrift
      ? [
          driftOf(state.status === 'drifted' ? code : 'layer-missing', layerArn),
          driftOf(isRedirected ? 'handler-not-redirected' : 'wrapper-stale', layerArn),
        ]
      : [],
    cause: {
      eventId: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      eventName: state.action === 'attached' ? 'CreateFunction20150331' : 'UpdateFunctionConfiguration',
      eventTime: at(days + 0.0001),
      actor: {
        type: 'AssumedRole',
        name: person,
        sourceIpAddress: '203.0.113.7',
        userAgent: 'aws-cli/2.31 Python/3.13',
      },
    },
    since: at(days),
    updatedAt: at(days),
    runtime: state.status === 'unsupported' ? 'nodejs20.x' : runtime,
    architecture: 'x86_64',
    ...(state.status === 'protected' || hasDrift ? { attachment } : {}),
    agent: 'trend-application-security',
    variant: runtime,
    group,
    pending: [],
    repairs: [],
    repairCount: state.action === 'repaired' ? 1 + Math.floor(chance(index, 13) * 4) : 0,
    outbox: [],
  };
}

/** The organization with so many functions. */
export function exampleOrganization(size: number, now: number): ExampleOrganization {
  const records = Array.from({ length: size }, (_, index) => exampleRecord(index, now));
  const outcomes = records.flatMap((record) => historyOf(record));
  return { records, outcomes, coverage: coverageOf(size, now) };
}

function historyOf(record: FunctionRecord): Outcome[] {
  const { functionArn, status, reason, detail, action, drift, cause, since, agent, variant, group } = record;
  const names = { ...(agent ? { agent } : {}), ...(variant ? { variant } : {}), ...(group ? { group } : {}) };
  const last: Outcome = {
    functionArn,
    status,
    reason,
    detail,
    action,
    drift,
    cause,
    at: since,
    durationMs: 2_400 + chance(since.length + functionArn.length, since.charCodeAt(18)) * 4_000,
    ...names,
    ...(action === 'attached' ? {} : { previous: { status: 'protected', reason: '' } }),
  };
  if (action === 'repaired') {
    const first = drift[0]?.code ?? 'layer-missing';
    const sent: Outcome = {
      ...last,
      status: 'drifted',
      reason: first,
      action: 'sent',
      at: new Date(Date.parse(since) - 2_000).toISOString(),
    };
    return [last, sent];
  }
  // Most were attached long ago.
  return action === 'attached' && functionArn.charCodeAt(functionArn.length - 1) % 10 !== 0 ? [] : [last];
}

function coverageOf(size: number, now: number): Coverage[] {
  const sweeps = 30 * 4;
  return Array.from({ length: sweeps }, (_, index) => {
    const age = sweeps - index;
    const at = new Date(now - age * 6 * 60 * 60_000).toISOString();
    const functions = Math.round(size * (0.62 + 0.36 * (1 - (age / sweeps) ** 1.6)));
    const dip = index > 70 && index < 76 ? 0.012 : 0;
    const share = 0.915 + 0.059 * (1 - (age / sweeps) ** 2) - dip + chance(index, 3) * 0.003;
    const safe = Math.round(functions * Math.min(0.98, share));
    const counts = {
      protected: safe,
      'blocked: layer-limit': Math.round((functions - safe) / 2),
      'unsupported: runtime': functions - safe - Math.round((functions - safe) / 2),
    };
    return {
      sweepId: `sweep-${index}`,
      at,
      what: 'account 111122223333 in us-east-1',
      accountId: '111122223333',
      region: 'us-east-1',
      counts,
      sent: 0,
      repaired: index % 5,
    };
  });
}
