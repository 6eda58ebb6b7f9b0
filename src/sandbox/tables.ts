import type { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import dynalite from 'dynalite';
import * as z from 'zod';
import { type ApiRequest, type ApiResponse, type ApiService, AwsError } from './api.ts';
import { action, createJsonService } from './json-service.ts';

/** DynamoDB, by dynalite in the same process, one store a region; plus the few actions that dynalite lacks. */
export function createTables(options: { readonly accountId: string }): ApiService {
  const stores = new Map<string, EventEmitter>();
  const timesToLive = new Map<string, { readonly enabled: boolean; readonly attribute: string }>();
  const own = createOwnActions(timesToLive);

  const storeOf = (region: string) => {
    const known = stores.get(region);
    if (known !== undefined) {
      return known;
    }
    const store = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
    stores.set(region, store);
    return store;
  };

  return async (request) => {
    const name = (request.headers['x-amz-target'] ?? '').split('.').at(-1) ?? '';
    if (OWN_ACTIONS.has(name)) {
      const table = await exchange(storeOf(request.region), request, 'DescribeTable', tableNameOnly(request.body));
      return table.status === 200 ? own(request) : table;
    }
    const answer = await exchange(storeOf(request.region), request, name, request.body);
    if (answer.status !== 200 && answer.body.includes('#UnknownOperationException')) {
      throw new AwsError('UnknownOperationException', 400, `The sandbox's DynamoDB has no action ${name}.`);
    }
    return { ...answer, body: localize(answer.body.toString(), request.region, options.accountId) };
  };
}

const OWN_ACTIONS: ReadonlySet<string> = new Set([
  'UpdateTimeToLive',
  'DescribeTimeToLive',
  'DescribeContinuousBackups',
  'UpdateContinuousBackups',
]);

function createOwnActions(timesToLive: Map<string, { readonly enabled: boolean; readonly attribute: string }>) {
  const table = z.object({ TableName: z.string() });
  const backups = {
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'ENABLED' },
    },
  };
  return createJsonService('DynamoDB', {
    UpdateTimeToLive: action(
      table.extend({ TimeToLiveSpecification: z.object({ Enabled: z.boolean(), AttributeName: z.string() }) }),
      ({ TableName, TimeToLiveSpecification }, request) => {
        timesToLive.set(`${request.region}/${TableName}`, {
          enabled: TimeToLiveSpecification.Enabled,
          attribute: TimeToLiveSpecification.AttributeName,
        });
        return { TimeToLiveSpecification };
      },
    ),
    DescribeTimeToLive: action(table, ({ TableName }, request) => {
      const known = timesToLive.get(`${request.region}/${TableName}`);
      return {
        TimeToLiveDescription:
          known?.enabled === true
            ? { TimeToLiveStatus: 'ENABLED', AttributeName: known.attribute }
            : { TimeToLiveStatus: 'DISABLED' },
      };
    }),
    DescribeContinuousBackups: action(table, () => backups),
    UpdateContinuousBackups: action(table, () => backups),
  });
}

function tableNameOnly(body: Buffer): Buffer {
  const parsed = z.object({ TableName: z.string() }).safeParse(JSON.parse(body.toString('utf8')));
  return Buffer.from(JSON.stringify(parsed.success ? parsed.data : {}));
}

/**
 * One request to dynalite's HTTP handler without a socket: it reads the request as a stream and answers by `setHeader`,
 * `statusCode` and `end`.
 */
async function exchange(store: EventEmitter, request: ApiRequest, name: string, body: Buffer): Promise<ApiResponse> {
  const incoming = Object.assign(Readable.from([body]), {
    method: request.method,
    url: '/',
    headers: {
      ...request.headers,
      'x-amz-target': `DynamoDB_20120810.${name}`,
      'content-type': 'application/x-amz-json-1.0',
      authorization: 'AWS4-HMAC-SHA256 Credential=sandbox, SignedHeaders=host, Signature=none',
      'x-amz-date': request.headers['x-amz-date'] ?? '20000101T000000Z',
    },
  });
  return new Promise((resolve) => {
    const headers: Record<string, string> = {};
    const outgoing = {
      statusCode: 200,
      setHeader: (header: string, value: unknown) => {
        headers[header.toLowerCase()] = String(value);
      },
      end: (payload: string) => {
        const { 'content-type': contentType = 'application/x-amz-json-1.0' } = headers;
        resolve({ status: outgoing.statusCode, headers: { 'content-type': contentType }, body: payload });
      },
    };
    store.emit('request', incoming, outgoing);
  });
}

// dynalite takes region and account from its process's environment; table descriptions show them, items never do.
function localize(body: string, region: string, accountId: string): string {
  if (!/^\{"Table(Description)?":/.test(body)) {
    return body;
  }
  return body.replace(/"arn:aws:dynamodb:[\w-]+:\d{12}:/g, `"arn:aws:dynamodb:${region}:${accountId}:`);
}
