import { LambdaClient, PublishLayerVersionCommand } from '@aws-sdk/client-lambda';
import type { FunctionSeed } from '../src/sandbox/lambda/control-plane.ts';
import { emptyArchive } from '../src/sandbox/tour/stage.ts';
import { readAgents } from '../src/service/agent-files.ts';
import { type BenchSandbox, homeRegion } from './bench-sandbox.ts';

/** Which functions there are, and how many of them opted in. */
export interface Population {
  readonly functions: number;
  /** Percent that have the opt-in tag. */
  readonly taggedPercent: number;
  /** They are dealt out over these in turns. */
  readonly regions: readonly string[];
  readonly runtime: string;
}

/** Whose functions they are. */
export const accountId = '111122223333';

/** A runtime of functions that the shipped agent protects. */
export const protectedRuntime = 'nodejs14.x';

/** The ARN of one of them. */
export function functionArn(region: string, name: string): string {
  return `arn:aws:lambda:${region}:${accountId}:function:${name}`;
}

const teamLayerName = 'team-metrics';

/** The layer that a team has on each of its functions already. */
export function teamLayer(region: string): string {
  return `arn:aws:lambda:${region}:${accountId}:layer:${teamLayerName}:1`;
}

/**
 * Puts functions in place as an organization has them: each with a layer and some variables of its team's, those that
 * opted in among the others. No call or event tells of them.
 */
export async function settle(sandbox: BenchSandbox, population: Population): Promise<readonly FunctionSeed[]> {
  for (const region of population.regions) {
    const client = new LambdaClient(sandbox.clientOptions('team', region));
    await client.send(new PublishLayerVersionCommand({ LayerName: teamLayerName, Content: { ZipFile: emptyArchive } }));
    client.destroy();
  }
  const functions = functionsOf(population);
  await sandbox.seed(functions);
  return functions;
}

/** Regions that every agent has its layers in, the hub's own first. */
export function regionsFor(count: number): string[] {
  const served = [...readAgents().values()].map(({ regions }) => new Set(regions));
  const [first] = served;
  const everywhere = [...(first ?? [])].filter((region) => served.every((regions) => regions.has(region)));
  return [homeRegion, ...everywhere.filter((region) => region !== homeRegion)].slice(0, count);
}

/** Whether a function opted in. */
export function isTagged({ tags }: FunctionSeed): boolean {
  return 'layerward:protect' in tags;
}

/** The functions of a population, as an organization has them. */
function functionsOf({ functions, taggedPercent, regions, runtime }: Population): FunctionSeed[] {
  const taggedAmong = (first: number) => Math.floor((first * taggedPercent) / 100);
  return Array.from({ length: functions }, (_, index) => {
    const hasOptedIn = taggedAmong(index + 1) > taggedAmong(index);
    const region = regions[index % regions.length] ?? '';
    const name = `orders-${String(index).padStart(6, '0')}-${hasOptedIn ? 'tagged' : 'plain'}`;
    return {
      accountId,
      region,
      name,
      runtime,
      handler: 'src/index.handler',
      tags: { team: 'orders', ...(hasOptedIn ? { 'layerward:protect': 'on' } : {}) },
      layers: [teamLayer(region)],
      variables: {
        STAGE: 'production',
        LOG_LEVEL: 'info',
        TABLE_NAME: `orders-production-${index}`,
        QUEUE_URL: `https://sqs.${region}.amazonaws.com/${accountId}/orders-production-${index}`,
        TOPIC_ARN: `arn:aws:sns:${region}:${accountId}:orders-production-${index}`,
        SERVICE_NAME: name,
        HTTP_TIMEOUT_MS: '3000',
        FEATURE_FLAGS: 'new-checkout,express-shipping',
      },
    };
  });
}
