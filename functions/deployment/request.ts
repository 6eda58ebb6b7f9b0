import * as z from 'zod';
import { InvalidInput } from '../../src/domain/errors.ts';
import type { DeploymentRequest } from '../../src/service/deployment-life.ts';

const request = z.object({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  ResponseURL: z.url(),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  PhysicalResourceId: z.string().optional(),
  ResourceProperties: z.object({
    ReleaseOnDelete: z.enum(['true', 'false']),
    SettleSeconds: z.coerce.number().nonnegative(),
  }),
  /** Set where an earlier invocation handed on what it had no time for. */
  Continued: z.object({ startedAt: z.iso.datetime(), released: z.number(), runs: z.number() }).optional(),
});

/** Reads what CloudFormation asks of the custom resource, or what an earlier invocation handed on. @throws {InvalidInput} */
export function readRequest(event: unknown): DeploymentRequest {
  const parsed = request.safeParse(event);
  if (parsed.success) return parsed.data;
  throw new InvalidInput(`this is no request of CloudFormation's: ${z.prettifyError(parsed.error)}`);
}
