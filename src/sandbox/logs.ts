import * as z from 'zod';
import { type ApiRequest, type ApiService, AwsError } from './api.ts';
import { action, createJsonService } from './json-service.ts';
import type { LogEvent, LogStore } from './log-store.ts';

const page = z.object({ nextToken: z.string().optional(), limit: z.int().min(1).max(10_000).optional() });
const groupName = z.object({ logGroupName: z.string().optional(), logGroupIdentifier: z.string().optional() });
const span = z.object({ startTime: z.number().optional(), endTime: z.number().optional() });

/**
 * CloudWatch Logs, for reading what the deployed functions printed.
 *
 * @param home the account and region of the functions; nothing is seen from others.
 */
export function createLogs(store: LogStore, home: { readonly accountId: string; readonly region: string }): ApiService {
  const isHome = (request: ApiRequest) => request.caller.accountId === home.accountId && request.region === home.region;

  const requireGroup = (input: z.output<typeof groupName>, request: ApiRequest): string => {
    const name = input.logGroupName ?? input.logGroupIdentifier?.split(':log-group:').at(-1) ?? '';
    if (!isHome(request) || !store.groups().has(name)) {
      throw new AwsError('ResourceNotFoundException', 400, 'The specified log group does not exist.');
    }
    return name;
  };
  const arnOf = (request: ApiRequest, group: string) =>
    `arn:aws:logs:${request.region}:${request.caller.accountId}:log-group:${group}`;

  return createJsonService('CloudWatch Logs', {
    DescribeLogGroups: action(
      page.extend({ logGroupNamePrefix: z.string().optional(), logGroupNamePattern: z.string().optional() }),
      (input, request) => ({
        logGroups: (isHome(request) ? [...store.groups()] : [])
          .filter(
            ([name]) =>
              name.startsWith(input.logGroupNamePrefix ?? '') && name.includes(input.logGroupNamePattern ?? ''),
          )
          .map(([name, created]) => ({
            logGroupName: name,
            creationTime: created,
            metricFilterCount: 0,
            arn: `${arnOf(request, name)}:*`,
            logGroupArn: arnOf(request, name),
            storedBytes: store.events(name).reduce((sum, event) => sum + event.message.length, 0),
          })),
      }),
    ),
    DescribeLogStreams: action(
      page.extend({ ...groupName.shape, logStreamNamePrefix: z.string().default('') }),
      (input, request) => {
        const group = requireGroup(input, request);
        const names = store.streams(group).filter((name) => name.startsWith(input.logStreamNamePrefix));
        return {
          logStreams: names.map((name) => {
            const events = store.events(group).filter((event) => event.stream === name);
            return {
              logStreamName: name,
              arn: `${arnOf(request, group)}:log-stream:${name}`,
              creationTime: events[0]?.timestamp,
              firstEventTimestamp: events[0]?.timestamp,
              lastEventTimestamp: events.at(-1)?.timestamp,
              lastIngestionTime: events.at(-1)?.timestamp,
            };
          }),
        };
      },
    ),
    GetLogEvents: action(
      page.extend({
        ...groupName.shape,
        ...span.shape,
        logStreamName: z.string(),
        startFromHead: z.boolean().optional(),
      }),
      (input, request) => {
        const group = requireGroup(input, request);
        if (!store.streams(group).includes(input.logStreamName)) {
          throw new AwsError('ResourceNotFoundException', 400, 'The specified log stream does not exist.');
        }
        const after = input.nextToken?.startsWith('f/') ? input.nextToken.slice(2) : '';
        const events = store
          .events(group)
          .filter((event) => event.stream === input.logStreamName && isWithin(event, input) && event.id > after);
        const limit = input.limit ?? 10_000;
        const fromHead = input.startFromHead === true || after !== '';
        const shown = fromHead ? events.slice(0, limit) : events.slice(-limit);
        return {
          events: shown.map(({ timestamp, message }) => ({ timestamp, message, ingestionTime: timestamp })),
          nextForwardToken: `f/${shown.at(-1)?.id ?? after}`,
          nextBackwardToken: `b/${shown[0]?.id ?? after}`,
        };
      },
    ),
    FilterLogEvents: action(
      page.extend({
        ...groupName.shape,
        ...span.shape,
        logStreamNames: z.array(z.string()).optional(),
        logStreamNamePrefix: z.string().default(''),
        filterPattern: z.string().default(''),
      }),
      (input, request) => {
        const group = requireGroup(input, request);
        const fits = compileFilter(input.filterPattern);
        const after = input.nextToken ?? '';
        const events = store
          .events(group)
          .filter(
            (event) =>
              event.id > after &&
              isWithin(event, input) &&
              (input.logStreamNames?.includes(event.stream) ?? event.stream.startsWith(input.logStreamNamePrefix)) &&
              fits(event.message),
          );
        const shown = events.slice(0, input.limit ?? 10_000);
        return {
          events: shown.map((event) => ({
            logStreamName: event.stream,
            timestamp: event.timestamp,
            message: event.message,
            ingestionTime: event.timestamp,
            eventId: event.id,
          })),
          searchedLogStreams: [],
          ...(shown.length < events.length ? { nextToken: shown.at(-1)?.id } : {}),
        };
      },
    ),
  });
}

function isWithin(event: LogEvent, { startTime, endTime }: z.output<typeof span>): boolean {
  return event.timestamp >= (startTime ?? 0) && event.timestamp <= (endTime ?? Number.POSITIVE_INFINITY);
}

const comparisons: Readonly<Record<string, (actual: number, operand: number) => boolean>> = {
  '>': (actual, operand) => actual > operand,
  '>=': (actual, operand) => actual >= operand,
  '<': (actual, operand) => actual < operand,
  '<=': (actual, operand) => actual <= operand,
};

/** `$.field = value` and its like; `undefined` where it is none of these. */
function compileComparison(text: string): ((message: string) => boolean) | undefined {
  const parts = /^\$\.([\w.-]+)\s*(>=|<=|!=|=|>|<)\s*("[^"]*"|[^\s"]+)$/.exec(text.replace(/^\((.*)\)$/s, '$1').trim());
  if (parts === null) {
    return undefined;
  }
  const [, path = '', operator = '', operand = ''] = parts;
  const expected = operand.replace(/^"(.*)"$/, '$1');
  const compare = comparisons[operator];
  return (message) => {
    const value = readPath(message, path.split('.'));
    if (compare !== undefined) {
      return typeof value === 'number' && compare(value, Number(expected));
    }
    const fits = value !== undefined && (expected === '*' || String(value) === expected);
    return operator === '=' ? fits : value !== undefined && !fits;
  };
}

/**
 * Terms of a filter pattern: all must occur, those with `-` must not, one of those with `?` must, quotes keep words
 * together; and JSON patterns of comparisons, all of which must hold: `{ $.level >= 50 && $.code = "unexpected" }`.
 */
function compileFilter(pattern: string): (message: string) => boolean {
  const text = pattern.trim();
  const json = /^\{(.*)\}$/s.exec(text);
  if (json !== null) {
    const all = (json[1] ?? '').split('&&').map((part) => compileComparison(part.trim()));
    if (all.every((one) => one !== undefined)) {
      return (message) => all.every((fits) => fits(message));
    }
  }
  if (text.startsWith('{') || text.startsWith('[') || text.startsWith('%')) {
    throw new AwsError(
      'InvalidParameterException',
      400,
      `The sandbox's filter patterns are terms and { $.field = value && … }; it cannot read ${pattern}`,
    );
  }
  const terms = (text.match(/[-?]?"[^"]*"|\S+/g) ?? []).map((term) => {
    const mark = term.length > 1 && /^[-?]/.test(term) ? term.charAt(0) : '';
    return { mark, word: term.slice(mark.length).replace(/^"(.*)"$/, '$1') };
  });
  const optional = terms.filter(({ mark }) => mark === '?');
  return (message) =>
    terms.every(({ mark, word }) => mark === '?' || message.includes(word) === (mark === '')) &&
    (optional.length === 0 || optional.some(({ word }) => message.includes(word)));
}

function readPath(message: string, path: readonly string[]): unknown {
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch {
    return undefined;
  }
  for (const name of path) {
    value =
      typeof value === 'object' && value !== null
        ? Object.entries(value).find(([key]) => key === name)?.[1]
        : undefined;
  }
  return value;
}
