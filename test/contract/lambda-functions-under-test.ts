import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  LambdaClient,
  PublishLayerVersionCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { createLambdaFunctions } from '../../src/aws/lambda-functions.ts';
import { type FunctionArn, formatFunctionArn } from '../../src/domain/function-arn.ts';
import type { FunctionsUnderTest } from './functions.contract.ts';

/** The smallest archive that there is: an empty one. */
const emptyArchive = Buffer.from('504b0506000000000000000000000000000000000000', 'hex');

export interface LambdaUnderTestOptions {
  readonly endpoint: string;
  readonly accountId: string;
  readonly role: string;
  /** The hands that only a sandbox has; without them they do nothing. */
  readonly faults?: (document: object) => Promise<void>;
  /** Puts right what the stand-in's answers lack before the adapter sees them. */
  readonly amend?: (client: LambdaClient) => void;
}

/** The adapter for Lambda's API against an endpoint, and the team's own calls beside it. */
export async function openLambda(options: LambdaUnderTestOptions): Promise<FunctionsUnderTest> {
  const { endpoint, accountId, role, faults = async () => {} } = options;
  const region = 'us-east-1';
  const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'example' };
  const ours = new LambdaClient({ endpoint, region, credentials, maxAttempts: 1 });
  options.amend?.(ours);
  // The team's tools retry what is throttled; the sandbox has AWS's quotas.
  const team = new LambdaClient({ endpoint, region, credentials, maxAttempts: 10 });
  const layers: string[] = [];
  for (let index = 0; index < 6; index++) {
    const layer = new PublishLayerVersionCommand({
      LayerName: `contract-${index}`,
      Content: { ZipFile: emptyArchive },
    });
    layers.push((await team.send(layer)).LayerVersionArn ?? '');
  }
  return {
    functions: createLambdaFunctions(() => ours),
    accountId,
    region,
    layers,
    async create(name, { handler, layers: attached, variables, tags }) {
      await team.send(
        new CreateFunctionCommand({
          FunctionName: name,
          Runtime: 'python3.8',
          Handler: handler,
          Role: role,
          Code: { ZipFile: emptyArchive },
          Layers: [...attached],
          Environment: { Variables: { ...variables } },
          Tags: { ...tags },
        }),
      );
    },
    async changeHandler(arn, handler) {
      await team.send(
        new UpdateFunctionConfigurationCommand({ FunctionName: formatFunctionArn(arn), Handler: handler }),
      );
    },
    async remove(arn) {
      await team.send(new DeleteFunctionCommand({ FunctionName: formatFunctionArn(arn) }));
    },
    hold: (name) => faults({ transitions: [{ function: name, outcome: 'stuck' }] }),
    async settle(arn) {
      await faults({});
      await ready(team, arn);
    },
    failNextUpdate: (name) => faults({ transitions: [{ function: name, times: 1, outcome: 'Failed' }] }),
    hide: (name, part) =>
      faults({ [part === 'tags' ? 'unreadableTags' : 'unreadableEnvironments']: [{ function: name }] }),
    async close() {
      ours.destroy();
      team.destroy();
    },
  };
}

async function ready(client: LambdaClient, arn: FunctionArn): Promise<void> {
  for (;;) {
    const { Configuration } = await client.send(new GetFunctionCommand({ FunctionName: formatFunctionArn(arn) }));
    if (Configuration?.State !== 'Pending' && Configuration?.LastUpdateStatus !== 'InProgress') return;
    await sleep(20);
  }
}
