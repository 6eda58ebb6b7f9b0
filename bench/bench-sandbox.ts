import * as z from 'zod';
import type { FaultDocumentInput, FunctionSeed } from '../src/sandbox/lambda/control-plane.ts';
import { startProcess } from './child-process.ts';
import type { SandboxOrder } from './sandbox-process.ts';

/** A sandbox that runs in a process of its own, as a benchmark handles it. */
export interface BenchSandbox {
  readonly endpoint: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** Physical ids by logical id. */
  readonly resources: Readonly<Record<string, string>>;
  /** The environment of a deployed function, for a process that stands in for it and calls AWS by this access key. */
  environmentOf(functionName: string, accessKeyId: string): Record<string, string>;
  /** Options of a client for whoever has this access key. */
  clientOptions(accessKeyId: string, region?: string): ClientOptions;
  seed(functions: readonly FunctionSeed[]): Promise<void>;
  putFaults(faults: FaultDocumentInput): Promise<void>;
  forgetCalls(): Promise<void>;
  memory(): Promise<MemoryFigures>;
  /** Calls so far, in order, that fit the query, such as `service=lambda`. */
  calls(query: string): Promise<readonly Call[]>;
  stop(): Promise<void>;
}

/** How an AWS client reaches the sandbox. */
export interface ClientOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const deployment = z.object({
  outputs: z.record(z.string(), z.string()),
  resources: z.record(z.string(), z.string()),
  functions: z.array(z.object({ name: z.string(), variables: z.record(z.string(), z.string()) })),
});

const call = z.object({
  sequence: z.number(),
  service: z.string(),
  action: z.string(),
  region: z.string(),
  path: z.string(),
  caller: z.object({ kind: z.enum(['function', 'user']), accessKeyId: z.string() }),
  inFlight: z.boolean(),
  status: z.number().optional(),
  errorCode: z.string().optional(),
  startedAtMilliseconds: z.number(),
  endedAtMilliseconds: z.number().optional(),
});
/** One call of an AWS API, as the sandbox saw it on the wire. */
export type Call = z.output<typeof call>;

const memory = z.object({
  sandbox: z.object({ residentBytes: z.number() }),
  functions: z.record(z.string(), z.array(z.object({ residentBytes: z.number(), heapBytes: z.number() }))),
});
/** What the sandbox and each process of a deployed function hold, the latter's garbage collected. */
export type MemoryFigures = z.output<typeof memory>;

/** Where functions stand in for those that are deployed. */
export const homeRegion = 'us-east-1';

/** Starts a sandbox. */
export async function startBenchSandbox(order: SandboxOrder): Promise<BenchSandbox> {
  const child = startProcess('sandbox-process.ts', order);
  const { endpoint } = await child.answer(z.object({ endpoint: z.string() }));

  const ask = async (method: string, name: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${endpoint}/_sandbox/${name}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`the sandbox refused ${method} ${name}: ${await answer.text()}`);
    return answer.json();
  };
  const { outputs, resources, functions } = deployment.parse(await ask('GET', 'deployment'));

  return {
    endpoint,
    outputs,
    resources,
    environmentOf(functionName, accessKeyId) {
      const known = functions.find(({ name }) => name === functionName);
      if (!known) throw new Error(`the template deploys no function ${functionName}`);
      return {
        ...known.variables,
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: homeRegion,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: 'any',
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      };
    },
    clientOptions: (accessKeyId, region = homeRegion) => ({
      endpoint,
      region,
      credentials: { accessKeyId, secretAccessKey: 'any' },
    }),
    async seed(given) {
      await ask('POST', 'functions', given);
    },
    async putFaults(faults) {
      await ask('PUT', 'faults', faults);
    },
    async forgetCalls() {
      await ask('DELETE', 'calls');
    },
    memory: async () => memory.parse(await ask('GET', 'memory')),
    calls: async (query) => z.array(call).parse(await ask('GET', `calls?${query}`)),
    stop: () => child.stop(),
  };
}
