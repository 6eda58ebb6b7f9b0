import { GetAccountSettingsCommand, type LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { GetResourcesCommand, type ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { AccessDenied, type LayerwardError, Throttled } from '../domain/errors.ts';
import { parseFunctionArn } from '../domain/function-arn.ts';
import type { FairShare, Inventory, Listed, Quarter } from '../domain/ports.ts';
import { toConfiguration } from './lambda-functions.ts';
import { readRefusal, toLayerwardError } from './refusal.ts';

/** Clients for an account and region. */
export interface InventoryClients {
  readonly lambda: (quarter: Quarter) => LambdaClient;
  readonly tagging: (quarter: Quarter) => ResourceGroupsTaggingAPIClient;
}

/** What AWS says to credentials of an account that is closed, or has not enabled a region. */
const unknownCredentials = new Set([
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
]);

/** A listing does not wait in line for longer; whoever sweeps comes back later. */
const longestWaitMs = 60_000;

/** The functions of an account and region, by Lambda's own listing and the Resource Groups Tagging API. */
export function createLambdaInventory(
  { lambda, tagging }: InventoryClients,
  share: Pick<FairShare, 'reserve' | 'slowDown'>,
  sleep: (ms: number) => Promise<void>,
): Inventory {
  const refused = (error: unknown, quarter: Quarter, doing: string): LayerwardError => {
    const { accountId, region } = quarter;
    if (unknownCredentials.has(readRefusal(error).name))
      return new AccessDenied(
        `account ${accountId} does not know Layerward's credentials in ${region}: the region is not enabled there, or the ` +
          `account is closed; see "An account or region can't be swept" in docs/operations.md`,
        { cause: error },
      );
    return toLayerwardError(error, `${doing} of ${accountId} in ${region}`);
  };
  /** One call of the 15 a second that teams need too. */
  const inTurn = async <T>(quarter: Quarter, doing: string, call: () => Promise<T>): Promise<T> => {
    const waitMs = await share.reserve(quarter, longestWaitMs);
    if (waitMs > 0) await sleep(waitMs);
    return call().catch(async (error: unknown) => {
      const refusal = refused(error, quarter, doing);
      if (refusal instanceof Throttled) await share.slowDown(quarter, refusal.retryAfterSeconds);
      throw refusal;
    });
  };
  return {
    async count(quarter) {
      const { AccountUsage } = await inTurn(quarter, 'counting the functions', () =>
        lambda(quarter).send(new GetAccountSettingsCommand({})),
      );
      return AccountUsage?.FunctionCount ?? 0;
    },
    async list(quarter, marker) {
      const page = await inTurn(quarter, 'listing the functions', () =>
        lambda(quarter).send(new ListFunctionsCommand({ Marker: marker })),
      );
      const functions = (page.Functions ?? []).flatMap((configuration): Listed[] => {
        const arn = parseFunctionArn(configuration.FunctionArn ?? '');
        return arn ? [toConfiguration(arn, configuration)] : [];
      });
      return { functions, nextMarker: page.NextMarker };
    },
    async *tagged(quarter, tag, value) {
      let token: string | undefined;
      do {
        const page = await tagging(quarter)
          .send(
            new GetResourcesCommand({
              ResourceTypeFilters: ['lambda:function'],
              TagFilters: [{ Key: tag, Values: [value] }],
              ResourcesPerPage: 100,
              PaginationToken: token,
            }),
          )
          .catch((error: unknown) => {
            throw refused(error, quarter, 'listing the tagged functions');
          });
        for (const { ResourceARN, Tags } of page.ResourceTagMappingList ?? [])
          if (ResourceARN)
            yield {
              functionArn: ResourceARN,
              tags: Object.fromEntries((Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
            };
        token = page.PaginationToken || undefined;
      } while (token);
    },
  };
}
