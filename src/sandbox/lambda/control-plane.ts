import { createHash, randomUUID } from 'node:crypto';
import { type ApiResponse, type ApiService, AwsError, type Clock, type CloudTrailRecord } from '../api.ts';
import type { InvocationResult } from '../function-process.ts';
import { actions } from './actions/all.ts';
import { readJson } from './body.ts';
import { cloudTrailRecord, type Outcome } from './cloudtrail-record.ts';
import { ConnectionLost } from './connection-lost.ts';
import { createFaults, type Faults } from './faults.ts';
import { parseFunctionName } from './function-name.ts';
import { invokeDeployed } from './invoke-deployed.ts';
import { createTransitions } from './lifecycle.ts';
import { createOrderedIndex } from './ordered-index.ts';
import {
  type Action,
  type Call,
  type Gatekeeper,
  lambdaTime,
  occasionOf,
  type Plane,
  type TagChange,
} from './plane.ts';
import { addLayerVersion } from './publish-layer.ts';
import { createQuotas } from './quotas.ts';
import { createRouter } from './router.ts';
import { type FunctionSeed, seedFunctions } from './seed.ts';
import type { FunctionVersion, Home, LambdaFunction } from './state.ts';

export { ConnectionLost } from './connection-lost.ts';
export type { FaultDocument, FaultDocumentInput } from './fault-schema.ts';
export type { DeliveryFate, Faults } from './faults.ts';
export type { Gatekeeper, TagChange } from './plane.ts';
export type { FunctionSeed } from './seed.ts';

export interface LambdaOptions {
  readonly clock: Clock;
  /** Gives revisions, request ids and event ids; random ones by default. */
  readonly uuid?: () => string;
  /** Gets the record of every call of the control plane, in the order of the calls: reads and refused calls too. */
  readonly onRecord: (record: CloudTrailRecord) => void;
  /** Gets every change of a function's tags, that of its creation included. */
  readonly onTagChange?: (change: TagChange) => void;
  /** How long a creation stays Pending and an update InProgress, in milliseconds; 300 each by default. */
  readonly timings?: { readonly pendingMs: number; readonly updateMs: number };
  /** The organization that all accounts belong to, for layer policies that are open to one. */
  readonly organizationId?: string;
  /** Judges what callers may do; without it, everybody may do everything. */
  readonly gatekeeper?: Gatekeeper;
  /** Runs functions that are deployed, for `Invoke`; without it, every invocation is refused. */
  readonly runner?: FunctionRunner;
  /** Decides for faults with a ratio; 0 to 1. */
  readonly random?: () => number;
}

/** The data plane, for the functions that have one. */
export interface FunctionRunner {
  /** Whether this function can be run. */
  has(functionArn: string): boolean;
  /** Runs it once; never rejects. */
  invoke(functionArn: string, event: unknown): Promise<InvocationResult>;
}

/** A layer version of another account, such as a vendor's. */
export interface VendorLayer {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** The next number by default. */
  readonly version?: number;
  readonly description?: string;
  readonly compatibleRuntimes?: readonly string[];
  readonly compatibleArchitectures?: readonly string[];
  /** Zipped, in bytes. */
  readonly codeSize?: number;
  /** Whether a code signing policy of `Enforce` lets it pass. */
  readonly signed?: boolean;
  /** Who may use it: everybody by default, as vendors do; or nobody but its own account. */
  readonly openTo?: 'all' | 'nobody';
}

/** A function and its tags, as a tagging service lists them. */
export interface TaggedFunction {
  readonly functionArn: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** One function as it is held, for tests: nothing hidden by faults, nothing counted against quotas, nothing recorded. */
export interface FunctionView extends TaggedFunction {
  readonly latest: FunctionVersion;
  readonly published: readonly FunctionVersion[];
}

/** AWS Lambda's control plane for any number of accounts and regions, without its data plane. */
export interface LambdaControlPlane {
  /**
   * Serves the REST JSON protocol of Lambda. The caller's account is `caller.accountId`.
   * @throws AwsError for every refusal; ConnectionLost when a fault takes the answer away.
   */
  readonly handle: ApiService;
  readonly faults: Faults;
  /**
   * Puts functions in place, Active, that no caller created: no call, record or event tells of them. All, or none.
   * @throws AwsError `InvalidFunctions` 400 that says in which function what is wrong.
   */
  seed(functions: readonly FunctionSeed[]): void;
  /** Puts a layer version in place that no caller published, and returns its ARN. */
  publishVendorLayer(layer: VendorLayer): string;
  /** The functions that have at least one tag, in no particular order. */
  taggedFunctions(account: string, region: string): TaggedFunction[];
  inspect(account: string, region: string, functionName: string): FunctionView | undefined;
}

/** Makes a control plane that holds nothing yet. */
export function createLambda(options: LambdaOptions): LambdaControlPlane {
  const { clock, onRecord, uuid = randomUUID } = options;
  const faults = createFaults(options.random);
  const quotas = createQuotas(clock, () => faults.settings().quotas);
  const transitions = createTransitions(clock, faults, options.timings ?? { pendingMs: 300, updateMs: 300 });
  const router = createRouter(actions);
  const homes = new Map<string, Home>();

  const plane: Plane = {
    clock,
    uuid,
    faults,
    transitions,
    organizationId: options.organizationId,
    gatekeeper: options.gatekeeper ?? { refuse: () => undefined, missing: () => undefined },
    home(account, region) {
      const key = `${account} ${region}`;
      let home = homes.get(key);
      if (home === undefined) {
        home = emptyHome(account, region);
        homes.set(key, home);
      }
      return home;
    },
    knownHome: (account, region) => homes.get(`${account} ${region}`),
    tagsChanged(home, target, changedKeys) {
      if (target.tags.size === 0) home.tagged.delete(target.arn);
      else home.tagged.set(target.arn, target);
      if (changedKeys.length === 0) return;
      target.tagVersion += 1;
      options.onTagChange?.({
        region: home.region,
        account: home.account,
        resourceArn: target.arn,
        changedTagKeys: changedKeys,
        tags: Object.fromEntries(target.tags),
        service: 'lambda',
        resourceType: 'function',
        time: clock.now(),
        version: target.tagVersion,
      });
    },
  };

  function record(action: Action, call: Call, outcome: Outcome, requestID: string): void {
    const { eventName } = action;
    if (eventName === undefined) return;
    onRecord(
      cloudTrailRecord({ ...action, eventName }, call, outcome, { requestID, eventID: uuid(), at: clock.now() }),
    );
  }

  function perform(action: Action, call: Call, broken: AwsError | undefined, loseAnswer: boolean): ApiResponse {
    const requestID = uuid();
    let outcome: Outcome;
    try {
      if (broken !== undefined) throw broken;
      outcome = { answer: action.run(call, plane) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      outcome = { refusal: error };
    }
    record(action, call, outcome, requestID);
    if ('refusal' in outcome) throw withRequestId(outcome.refusal, requestID);
    if (loseAnswer) throw new ConnectionLost(action.name);
    const { status, body } = outcome.answer;
    return {
      status,
      headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestID },
      body: body === undefined ? '' : JSON.stringify(body),
    };
  }

  return {
    faults,
    handle(request) {
      const { action, parameters } = router.route(request.method, request.path, request.query);
      const home = plane.home(request.caller.accountId, request.region);
      let broken: AwsError | undefined;
      let body: unknown;
      try {
        // Invocations have their own quota, which is a thousand times as high.
        if (action.name !== 'Invoke') quotas.spend(action.name, home.account, home.region);
        body = action.name === 'Invoke' ? undefined : readJson(request);
        broken = plane.gatekeeper.refuse(request, action.name);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        broken = error;
      }
      const call: Call = { request, path: parameters, body, home };
      if (broken !== undefined) return perform(action, call, broken, false);

      const fault = faults.onCall(occasionOf(call, action.name, functionNameOf(call)));
      const run = () =>
        (action.name === 'Invoke' && fault.error === undefined ? invokeDeployed(options.runner, call) : undefined) ??
        perform(action, call, fault.error, fault.loseAnswer);
      if (fault.latencyMilliseconds === 0) return run();
      return new Promise((resolve, reject) => {
        clock.after(fault.latencyMilliseconds, () => {
          try {
            resolve(run());
          } catch (error) {
            reject(error);
          }
        });
      });
    },
    seed: (functions) => seedFunctions(plane, functions),
    publishVendorLayer(layer) {
      const home = plane.home(layer.account, layer.region);
      const digest = createHash('sha256')
        .update(`${layer.name}:${layer.version ?? ''}`)
        .digest('base64');
      const version = addLayerVersion(home, {
        name: layer.name,
        version: layer.version,
        description: layer.description ?? '',
        createdDate: lambdaTime(clock, 'milliseconds'),
        code: { sha256: digest, size: layer.codeSize ?? 1_048_576 },
        compatibleRuntimes: layer.compatibleRuntimes,
        compatibleArchitectures: layer.compatibleArchitectures,
        signed: layer.signed ?? false,
      });
      if (layer.openTo !== 'nobody') {
        version.policy = {
          revisionId: uuid(),
          statements: [
            { Sid: 'public', Effect: 'Allow', Principal: '*', Action: 'lambda:GetLayerVersion', Resource: version.arn },
          ],
        };
      }
      return version.arn;
    },
    taggedFunctions: (account, region) =>
      [...(plane.knownHome(account, region)?.tagged.values() ?? [])].map(taggedFunction),
    inspect(account, region, functionName) {
      const target = plane.knownHome(account, region)?.functions.get(functionName);
      if (target === undefined) return undefined;
      return { ...taggedFunction(target), latest: target.latest, published: [...target.published.values()] };
    },
  };
}

function emptyHome(account: string, region: string): Home {
  return {
    account,
    region,
    functions: createOrderedIndex(),
    tagged: new Map(),
    layers: createOrderedIndex(),
    codeSigningConfigs: createOrderedIndex(),
    codeBytes: 0,
    reservedConcurrency: 0,
  };
}

function taggedFunction(target: LambdaFunction): TaggedFunction {
  return { functionArn: target.arn, tags: Object.fromEntries(target.tags) };
}

/** The function that a call is about, for faults that are limited to one. */
function functionNameOf(call: Call): string | undefined {
  const body: unknown = call.body;
  const sent =
    typeof body === 'object' && body !== null && 'FunctionName' in body ? body.FunctionName : call.path['Resource'];
  const written = call.path['FunctionName'] ?? sent;
  if (typeof written !== 'string' || (call.path['FunctionName'] === undefined && /:(layer|code-)/.test(written))) {
    return undefined;
  }
  try {
    return parseFunctionName(written).name;
  } catch {
    return undefined;
  }
}

function withRequestId(refusal: AwsError, requestID: string): AwsError {
  return new AwsError(refusal.code, refusal.status, refusal.message, {
    headers: { ...refusal.headers, 'x-amzn-requestid': requestID },
    members: refusal.members,
  });
}
