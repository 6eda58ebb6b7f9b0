import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import * as z from 'zod';
import { type FunctionRecord, recordStatuses } from '../../domain/record.ts';
import type { Scene } from './scene.ts';
import { acts } from './scenes.ts';
import type { Stage } from './stage.ts';

/** How a scene ended. */
export interface Played {
  readonly scene: Scene;
  readonly hasHeld: boolean;
  /** What Layerward made of it, or which expectation did not hold. */
  readonly outcome: string;
  readonly seconds: number;
}

/** Scenes that are played side by side; more of them only wait for Lambda's 15 calls a second. */
const sideBySide = 6;

/** Plays every scene; `onPlayed` is called in the order of the tour, as soon as a scene and all before it have ended. */
export async function playTour(stage: Stage, onPlayed: (played: Played) => void): Promise<readonly Played[]> {
  const played: Played[] = [];
  for (const scenes of acts) played.push(...(await playAct(scenes, stage, onPlayed)));
  return played;
}

async function playAct(
  scenes: readonly Scene[],
  stage: Stage,
  onPlayed: (played: Played) => void,
): Promise<readonly Played[]> {
  const played: Played[] = [];
  let next = 0;
  let told = 0;
  const playNext = async (): Promise<void> => {
    for (let index = next++; index < scenes.length; index = next++) {
      const scene = scenes[index];
      if (scene) played[index] = await play(scene, stage);
      for (let ready = played[told]; ready; ready = played[++told]) onPlayed(ready);
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, playNext));
  return played;
}

async function play(scene: Scene, stage: Stage): Promise<Played> {
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  try {
    const outcome = await scene.play(stage);
    return { scene, hasHeld: true, outcome, seconds: seconds() };
  } catch (error) {
    const outcome = error instanceof Error ? error.message : String(error);
    return { scene, hasHeld: false, outcome, seconds: seconds() };
  }
}

/** What DynamoDB knows after the tour: functions by status and reason. */
export async function describeRecords(stage: Stage): Promise<string[]> {
  const lines: string[] = [];
  for (const status of recordStatuses) {
    const byReason = new Map<string, string[]>();
    for await (const record of stage.records.withStatus(status)) add(byReason, record);
    for (const [reason, names] of byReason)
      lines.push(
        `${[status, reason].filter(Boolean).join(': ').padEnd(34)}${String(names.length).padStart(3)}  ${shorten(names.join(' '), 56)}`,
      );
  }
  return lines;
}

function add(byReason: Map<string, string[]>, { reason, functionArn }: FunctionRecord): void {
  byReason.set(reason, [...(byReason.get(reason) ?? []), functionArn.split(':').at(-1) ?? '']);
}

/** One function's history, oldest first. */
export async function describeHistory(stage: Stage, name: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const { at, status, action, drift, cause } of stage.records.history(stage.functionArn(name)))
    lines.unshift(
      [
        at.slice(11, 23),
        `${status} ${action}`.padEnd(18),
        shorten(
          drift.length > 1 ? `${drift[0]?.code} and ${drift.length - 1} more` : (drift[0]?.code ?? ''),
          24,
        ).padEnd(24),
        shorten(`${cause.eventName} by ${cause.actor?.name ?? 'unknown'}`, 40),
      ].join('  '),
    );
  return lines;
}

/** The alerts that came out of SNS. */
export async function describeAlerts(stage: Stage): Promise<string[]> {
  const alerts = await stage.alerts();
  return alerts.map(
    ({ severity, subject, actor }) => `${severity.padEnd(9)}${subject.padEnd(64)}${actor ? `by ${actor}` : ''}`,
  );
}

const metricLine = z.looseObject({
  _aws: z.object({
    CloudWatchMetrics: z.array(z.object({ Namespace: z.string(), Metrics: z.array(z.object({ Name: z.string() })) })),
  }),
});

/** The metrics, added up from the function's log, where CloudWatch takes them from. */
export async function describeMetrics(options: {
  readonly endpoint: string;
  readonly region: string;
  readonly logGroupName: string;
}): Promise<string[]> {
  const credentials = { accessKeyId: 'viewer', secretAccessKey: 'any' };
  const logs = new CloudWatchLogsClient({ endpoint: options.endpoint, region: options.region, credentials });
  const values = new Map<string, number[]>();
  let nextToken: string | undefined;
  do {
    const page = await logs.send(
      new FilterLogEventsCommand({ logGroupName: options.logGroupName, filterPattern: 'CloudWatchMetrics', nextToken }),
    );
    for (const { message = '' } of page.events ?? []) {
      const parsed = message.startsWith('{') ? metricLine.safeParse(JSON.parse(message)) : undefined;
      if (!parsed?.success) continue;
      const names = parsed.data._aws.CloudWatchMetrics.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name));
      for (const name of names) {
        const value = parsed.data[name];
        const numbers = (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'number');
        values.set(name, [...(values.get(name) ?? []), ...numbers]);
      }
    }
    nextToken = page.nextToken;
  } while (nextToken);
  return [...values]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, numbers]) => {
      const sorted = numbers.toSorted((a, b) => a - b);
      const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
      const total = numbers.reduce((sum, value) => sum + value, 0);
      return `${name.padEnd(20)}${name === 'EventToFix' ? `median ${(median / 1000).toFixed(1)} s` : String(total)}`;
    });
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
