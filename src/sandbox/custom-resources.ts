import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Clock } from './api.ts';
import type { FunctionHost } from './function-host.ts';

/** What CloudFormation asks of a custom resource's function. */
export interface CustomResourceRequest {
  readonly requestType: 'Create' | 'Delete';
  /** The function's ARN. */
  readonly serviceToken: string;
  readonly stackId: string;
  readonly logicalId: string;
  readonly type: string;
  /** Known from its creation on. */
  readonly physicalId?: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** `ServiceTimeout`. */
  readonly timeoutSeconds: number;
}

/** What became of it. */
export interface CustomResourceAnswer {
  readonly physicalId: string;
  readonly data: Readonly<Record<string, string>>;
}

/** CloudFormation's side of custom resources: it invokes a function, and waits for its answer at a URL. */
export interface CustomResources {
  /** @throws Error with the function's own reason, or where no answer comes in time. */
  request(request: CustomResourceRequest): Promise<CustomResourceAnswer>;
  /** Takes an answer that was put to a URL; false for one that nobody waits for. @throws Error for one that is none. */
  answer(id: string, body: unknown): boolean;
}

/** CloudFormation's own time-out for custom resources. */
export const DEFAULT_SERVICE_TIMEOUT_SECONDS = 3600;

const answerSchema = z.looseObject({
  Status: z.enum(['SUCCESS', 'FAILED']),
  Reason: z.string().optional(),
  PhysicalResourceId: z.string().optional(),
  Data: z.record(z.string(), z.unknown()).nullish(),
});
type Answer = z.output<typeof answerSchema>;

/** @param endpoint where answers are put to: `<endpoint>/_sandbox/custom-resource/<id>`. */
export function createCustomResources(options: {
  readonly host: FunctionHost;
  readonly endpoint: () => string;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}): CustomResources {
  const { host, clock } = options;
  const waiting = new Map<string, (answer: Answer) => void>();

  return {
    request: async (request) => {
      const { serviceToken, logicalId, physicalId } = request;
      if (!host.has(serviceToken)) {
        throw new Error(`The custom resource ${logicalId} names the function ${serviceToken}, which is not deployed`);
      }
      const id = randomUUID();
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      waiting.set(id, resolve);
      const cancel = clock.after(request.timeoutSeconds * 1000, () =>
        reject(new Error(`CloudFormation did not receive a response from your Custom Resource ${logicalId}`)),
      );
      // As in AWS, an error of the function ends nothing: its answer may still come, from a later invocation.
      void host
        .invoke(serviceToken, {
          RequestType: request.requestType,
          ServiceToken: serviceToken,
          ResponseURL: `${options.endpoint()}/_sandbox/custom-resource/${id}`,
          StackId: request.stackId,
          RequestId: id,
          LogicalResourceId: logicalId,
          ResourceType: request.type,
          ...(physicalId === undefined ? {} : { PhysicalResourceId: physicalId }),
          ResourceProperties: request.properties,
        })
        .then((result) => {
          if (result.kind === 'error') {
            const { errorType, errorMessage } = result.error;
            options.log(`custom resource ${logicalId}: its function failed: ${errorType}: ${errorMessage}`);
          }
        });
      try {
        const answer = await promise;
        if (answer.Status === 'FAILED') {
          throw new Error(
            `Received response status [FAILED] from custom resource. Message returned: ${answer.Reason ?? ''}`,
          );
        }
        return {
          physicalId: answer.PhysicalResourceId ?? physicalId ?? id,
          data: Object.fromEntries(Object.entries(answer.Data ?? {}).map(([key, value]) => [key, String(value)])),
        };
      } finally {
        cancel();
        waiting.delete(id);
      }
    },

    answer: (id, body) => {
      const resolve = waiting.get(id);
      if (resolve === undefined) {
        return false;
      }
      resolve(answerSchema.parse(body));
      return true;
    },
  };
}
