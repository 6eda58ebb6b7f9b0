import { type CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import * as z from 'zod';
import { toLayerwardError } from './refusal.ts';

/** What the function that takes changes off the queue said of one that it could not work off. */
export interface LoggedError {
  /** A stable code, as docs/operations.md has them. */
  readonly code: string;
  readonly message: string;
  /** ISO 8601. */
  readonly at: string;
}

/** The errors of that function's log. */
export interface ErrorLog {
  /**
   * The latest error about each of these messages since a moment; messages of which nothing is found are left out.
   * @throws {LayerwardError} where the log can't be read
   */
  latest(messageIds: readonly string[], since: Date): Promise<ReadonlyMap<string, LoggedError>>;
}

/** A page is a megabyte of log at the most, of which errors are a small part. */
const mostPages = 100;

/** A line about messages that failed, as `remediateBatch` writes it. */
const errorLine = z.object({
  time: z.iso.datetime(),
  code: z.string(),
  msg: z.string(),
  messageId: z.string().optional(),
  messageIds: z.array(z.string()).optional(),
});

/** Reads the errors of a log group in CloudWatch. */
export function createCloudWatchErrorLog(client: CloudWatchLogsClient, logGroupName: string): ErrorLog {
  return {
    async latest(messageIds, since) {
      const wanted = new Set(messageIds);
      const errors = new Map<string, LoggedError>();
      let nextToken: string | undefined;
      for (let page = 0; page < mostPages; page++) {
        const answer = await client
          .send(
            new FilterLogEventsCommand({
              logGroupName,
              startTime: since.getTime(),
              filterPattern: '{ $.level >= 50 }',
              ...(nextToken === undefined ? {} : { nextToken }),
            }),
          )
          .catch((error: unknown) => {
            throw toLayerwardError(error, `reading the log ${logGroupName}`);
          });
        for (const { message = '' } of answer.events ?? [])
          for (const [messageId, error] of readLine(message)) {
            const known = errors.get(messageId);
            if (wanted.has(messageId) && !(known && known.at > error.at)) errors.set(messageId, error);
          }
        nextToken = answer.nextToken;
        if (nextToken === undefined) break;
      }
      return errors;
    },
  };
}

/** The messages that a line is about, each with what it says. */
function readLine(line: string): readonly (readonly [messageId: string, error: LoggedError])[] {
  const parsed = errorLine.safeParse(parseJson(line));
  if (!parsed.success) return [];
  const { time: at, code, msg: message, messageId, messageIds = [] } = parsed.data;
  const all = messageId === undefined ? messageIds : [messageId, ...messageIds];
  return all.map((one) => [one, { code, message, at }]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
