import * as z from 'zod';
import { type ApiRequest, type ApiService, AwsError } from './api.ts';
import { action, createJsonService } from './json-service.ts';
import type { LogStore } from './log-store.ts';

/** One measured value, as a line in embedded metric format gives it. */
interface Measurement {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly unit: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly value: number;
}

const dimensions = z.array(z.object({ Name: z.string(), Value: z.string() })).default([]);
const time = z.number().transform((seconds) => seconds * 1000);
const span = z.object({ StartTime: time, EndTime: time });

/**
 * CloudWatch metrics, for reading those that deployed functions print in embedded metric format.
 *
 * @param home the account and region of the functions; nothing is seen from others.
 */
export function createMetrics(
  store: LogStore,
  home: { readonly accountId: string; readonly region: string },
): ApiService {
  const measured = (request: ApiRequest): readonly Measurement[] =>
    request.caller.accountId === home.accountId && request.region === home.region
      ? [...store.groups().keys()].flatMap((group) =>
          store.events(group).flatMap(({ message }) => readMetrics(message)),
        )
      : [];

  return createJsonService('CloudWatch', {
    ListMetrics: action(
      z.object({
        Namespace: z.string().optional(),
        MetricName: z.string().optional(),
        Dimensions: z.array(z.object({ Name: z.string(), Value: z.string().optional() })).default([]),
      }),
      (input, request) => {
        const known = new Map<string, unknown>();
        for (const one of measured(request)) {
          const fits =
            (input.Namespace ?? one.namespace) === one.namespace &&
            (input.MetricName ?? one.name) === one.name &&
            input.Dimensions.every(({ Name, Value }) => {
              const value = one.dimensions[Name];
              return value !== undefined && (Value ?? value) === value;
            });
          if (fits) {
            known.set(JSON.stringify([one.namespace, one.name, one.dimensions]), {
              Namespace: one.namespace,
              MetricName: one.name,
              Dimensions: Object.entries(one.dimensions).map(([Name, Value]) => ({ Name, Value })),
            });
          }
        }
        return { Metrics: [...known.values()] };
      },
    ),

    GetMetricStatistics: action(
      span.extend({
        Namespace: z.string(),
        MetricName: z.string(),
        Dimensions: dimensions,
        Period: z.int().positive(),
        Statistics: z.array(z.string()).default([]),
        ExtendedStatistics: z.array(z.string()).default([]),
      }),
      (input, request) => {
        const periods = inPeriods(select(measured(request), input), input);
        return {
          Label: input.MetricName,
          Datapoints: [...periods].map(([start, values]) => ({
            Timestamp: start / 1000,
            ...Object.fromEntries(input.Statistics.map((name) => [name, statistic(name, numbers(values))])),
            ...(input.ExtendedStatistics.length === 0
              ? {}
              : {
                  ExtendedStatistics: Object.fromEntries(
                    input.ExtendedStatistics.map((name) => [name, statistic(name, numbers(values))]),
                  ),
                }),
            Unit: values[0]?.unit ?? 'None',
          })),
        };
      },
    ),

    GetMetricData: action(
      span.extend({
        MetricDataQueries: z
          .array(
            z.object({
              Id: z.string(),
              Label: z.string().optional(),
              MetricStat: z.object({
                Metric: z.object({ Namespace: z.string(), MetricName: z.string(), Dimensions: dimensions }),
                Period: z.int().positive(),
                Stat: z.string(),
              }),
            }),
          )
          .min(1),
        ScanBy: z.enum(['TimestampAscending', 'TimestampDescending']).default('TimestampDescending'),
      }),
      (input, request) => ({
        MetricDataResults: input.MetricDataQueries.map(({ Id, Label, MetricStat }) => {
          const found = select(measured(request), { ...input, ...MetricStat.Metric });
          const periods = [...inPeriods(found, MetricStat)];
          const ordered = input.ScanBy === 'TimestampAscending' ? periods : periods.reverse();
          return {
            Id,
            Label: Label ?? MetricStat.Metric.MetricName,
            Timestamps: ordered.map(([start]) => start / 1000),
            Values: ordered.map(([, values]) => statistic(MetricStat.Stat, numbers(values))),
            StatusCode: 'Complete',
          };
        }),
      }),
    ),
  });
}

const embeddedMetrics = z.looseObject({
  _aws: z.looseObject({
    Timestamp: z.number(),
    CloudWatchMetrics: z.array(
      z.looseObject({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string())).default([[]]),
        Metrics: z.array(z.looseObject({ Name: z.string(), Unit: z.string().default('None') })),
      }),
    ),
  }),
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
function readMetrics(line: string): readonly Measurement[] {
  if (!line.includes('"CloudWatchMetrics"')) {
    return [];
  }
  const parsed = embeddedMetrics.safeParse(tryParse(line));
  if (!parsed.success) {
    return [];
  }
  const { _aws, ...members } = parsed.data;
  return _aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Metrics.flatMap(({ Name, Unit }) => {
      const value = members[Name];
      const values = (Array.isArray(value) ? value : [value]).filter((one): one is number => typeof one === 'number');
      return Dimensions.flatMap((names) =>
        values.map((one) => ({
          namespace: Namespace,
          name: Name,
          dimensions: Object.fromEntries(names.map((name) => [name, String(members[name])])),
          unit: Unit,
          time: _aws.Timestamp,
          value: one,
        })),
      );
    }),
  );
}

function select(
  measurements: readonly Measurement[],
  wanted: {
    readonly Namespace: string;
    readonly MetricName: string;
    readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
    readonly StartTime: number;
    readonly EndTime: number;
  },
): readonly Measurement[] {
  return measurements.filter(
    (one) =>
      one.namespace === wanted.Namespace &&
      one.name === wanted.MetricName &&
      one.time >= wanted.StartTime &&
      one.time < wanted.EndTime &&
      Object.keys(one.dimensions).length === wanted.Dimensions.length &&
      wanted.Dimensions.every(({ Name, Value }) => one.dimensions[Name] === Value),
  );
}

/** Start of each period, in milliseconds since 1970 and in order, with what was measured in it. */
function inPeriods(
  measurements: readonly Measurement[],
  { Period }: { readonly Period: number },
): ReadonlyMap<number, readonly Measurement[]> {
  const length = Period * 1000;
  const periods = new Map<number, Measurement[]>();
  for (const one of measurements.toSorted((left, right) => left.time - right.time)) {
    const start = Math.floor(one.time / length) * length;
    periods.set(start, [...(periods.get(start) ?? []), one]);
  }
  return periods;
}

function statistic(name: string, values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  switch (name) {
    case 'SampleCount':
      return values.length;
    case 'Sum':
      return sum;
    case 'Average':
      return sum / values.length;
    case 'Minimum':
      return Math.min(...values);
    case 'Maximum':
      return Math.max(...values);
    default: {
      const percent = Number(/^p(\d+(?:\.\d+)?)$/.exec(name)?.[1]);
      if (Number.isNaN(percent) || percent > 100) {
        throw new AwsError(
          'InvalidParameterValue',
          400,
          `The statistic ${name} is not one of the sandbox's CloudWatch.`,
        );
      }
      const sorted = values.toSorted((left, right) => left - right);
      return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
    }
  }
}

function numbers(measurements: readonly Measurement[]): readonly number[] {
  return measurements.map(({ value }) => value);
}

function tryParse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
