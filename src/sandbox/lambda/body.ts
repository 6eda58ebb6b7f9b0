import type * as z from 'zod';
import type { ApiRequest } from '../api.ts';
import type { Call } from './plane.ts';
import { serialization, unreadableBody } from './refusals.ts';

/** The JSON of a request, without members that are null: the API takes them for not sent. */
export function readJson(request: ApiRequest): unknown {
  if (request.body.length === 0) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(request.body.toString());
  } catch {
    // The parser's message quotes the body, which may hold secrets.
    throw unreadableBody();
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return json;
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
}

/** The body in the shape of an action. @throws AwsError `SerializationException` that names the members. */
export function parseBody<T>(call: Call, shape: z.ZodType<T>): T {
  const parsed = shape.safeParse(call.body ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw serialization(problems.join('; '));
}
