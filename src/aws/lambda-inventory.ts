import { GetAccountSettingsCommand, type LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { GetResourcesCommand, type ResourceGroupsTaggingAPIClient } from '@aws-sdk/client-resource-groups-tagging-api';
import { parseFunctionArn } from '../domain/function-arn.ts';
import type { FairShare, Inventory, Listed, Quarter } from '../domain/ports.ts';
import { toConfiguration } from './lambda-functions.ts';
import { toLayerwardError } from './refusal.ts';

/** Clients for an account and region. */
export interface InventoryClients {
  readonly lambda: (quarter: Quarter) => LambdaClient;
  readonly tagging: (quarter: Quarter) => ResourceGroupsTaggingAPIClient;
}

/** The functions of an account and region, by Lambda's own listing and the Resource Groups Tagging API. */
export function createLambdaInventory(
  { lambda, tagging }: InventoryClients,
  share: FairShare,
  sleep: (ms: number) => Promise<void>,
): Inventory {
  /** One call of the 15 a second that teams need too. */
  const inTurn = async <T>(quarter: Quarter, doing: string, call: () => Promise<T>): Promise<T> => {
    await sleep(await share.reserve(quarter));
    return call().catch((error: unknown) => {
      throw toLayerwardError(error, `${doing} of ${quarter.accountId} in ${quarter.region}`);
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
            throw toLayerwardError(error, `listing the tagged functions of ${quarter.accountId} in ${quarter.region}`);
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
