import * as z from 'zod';
import { type ApiService, AwsError } from './api.ts';
import { action, createJsonService } from './json-service.ts';

/** A resource with its tags. */
export interface TaggedResource {
  readonly functionArn: string;
  readonly tags: Readonly<Record<string, string>>;
}

const MAXIMUM_PAGE = 100;

/**
 * The Resource Groups Tagging API, over the functions of the sandbox's Lambda.
 *
 * @param taggedFunctions the functions of an account and region that have at least one tag.
 */
export function createTagging(
  taggedFunctions: (accountId: string, region: string) => readonly TaggedResource[],
): ApiService {
  const getResources = action(
    z.object({
      PaginationToken: z.string().default(''),
      ResourcesPerPage: z.int().min(1).max(MAXIMUM_PAGE).default(MAXIMUM_PAGE),
      TagFilters: z
        .array(z.object({ Key: z.string(), Values: z.array(z.string()).default([]) }))
        .max(50)
        .default([]),
      ResourceTypeFilters: z.array(z.string()).default([]),
      ResourceARNList: z.array(z.string()).max(100).optional(),
    }),
    (input, request) => {
      if (input.ResourceARNList !== undefined && (input.TagFilters.length > 0 || input.PaginationToken !== '')) {
        throw new AwsError(
          'InvalidParameterException',
          400,
          'ResourceARNList can not be combined with TagFilters or PaginationToken.',
        );
      }
      const wantsFunctions =
        input.ResourceTypeFilters.length === 0 ||
        input.ResourceTypeFilters.some((type) => type === 'lambda' || type === 'lambda:function');
      const found = (wantsFunctions ? taggedFunctions(request.caller.accountId, request.region) : [])
        .filter(({ functionArn }) => input.ResourceARNList?.includes(functionArn) ?? true)
        .filter(({ tags }) =>
          input.TagFilters.every(({ Key, Values }) => {
            const value = tags[Key];
            return value !== undefined && (Values.length === 0 || Values.includes(value));
          }),
        )
        .toSorted((left, right) => (left.functionArn < right.functionArn ? -1 : 1));
      const after = decodeToken(input.PaginationToken);
      const rest = found.filter(({ functionArn }) => functionArn > after);
      const page = rest.slice(0, input.ResourcesPerPage);
      return {
        PaginationToken: rest.length > page.length ? encodeToken(page.at(-1)?.functionArn ?? '') : '',
        ResourceTagMappingList: page.map(({ functionArn, tags }) => ({
          ResourceARN: functionArn,
          Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        })),
      };
    },
    'InvalidParameterException',
  );
  return createJsonService('Resource Groups Tagging API', { GetResources: getResources });
}

function encodeToken(arn: string): string {
  return Buffer.from(JSON.stringify({ after: arn })).toString('base64url');
}

function decodeToken(token: string): string {
  if (token === '') {
    return '';
  }
  try {
    return z.object({ after: z.string() }).parse(JSON.parse(Buffer.from(token, 'base64url').toString())).after;
  } catch {
    throw new AwsError('PaginationTokenExpiredException', 400, 'The PaginationToken is not one of this service.');
  }
}
