import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import type { Agent } from '../domain/agent.ts';
import { readAgents, readPolicyDocument } from '../service/agent-files.ts';
import type { ApiService, Clock } from './api.ts';
import { type CallLog, createCallLog } from './call-log.ts';
import { createSystemClock } from './clock.ts';
import { type ConfigurationData, createConfigurationData } from './configuration-data.ts';
import { answerControl } from './control.ts';
import { type Deployment, deployTemplate } from './deploy.ts';
import { startEndpoint } from './endpoint.ts';
import { createEventBus } from './event-bus.ts';
import { createIdentities, type Identities } from './identity.ts';
import { createInternalClient, type InternalClient } from './internal-client.ts';
import { createLambda, type LambdaControlPlane } from './lambda/control-plane.ts';
import { createLogStore, type LogStore } from './log-store.ts';
import { createLogs } from './logs.ts';
import { startMessaging } from './messaging.ts';
import { createMetrics } from './metrics.ts';
import { deliverToQueue } from './queue-target.ts';
import { type RunningFunctions, runFunctions } from './running-functions.ts';
import { createSecrets } from './secrets.ts';
import { createSecurityTokens } from './security-tokens.ts';
import { createTables } from './tables.ts';
import { createTagging } from './tagging.ts';
import { createTrail, type Trail } from './trail.ts';
import { seedVendorLayers } from './vendor-layers.ts';

/** The account of everybody who calls the sandbox, unless a role session says otherwise. */
export const HUB_ACCOUNT = '111122223333';
/** Where the sandbox deploys Layerward, unless told otherwise. */
export const DEFAULT_REGION = 'us-east-1';

/** How fast the sandbox's AWS is. Milliseconds. */
export interface SandboxTimings {
  /** How long a new function is Pending. */
  readonly pendingMs: number;
  /** How long an update is InProgress. */
  readonly updateMs: number;
  /** How long an event takes from the API call to the queue. */
  readonly deliveryMs: number;
}

const DEFAULT_TIMINGS: SandboxTimings = { pendingMs: 300, updateMs: 300, deliveryMs: 50 };

export interface SandboxOptions {
  /** 0, the default: any free port. */
  readonly port?: number;
  /** Whether to deploy Layerward; true by default. */
  readonly service?: boolean;
  /** `template.yaml` of this repository by default. */
  readonly templatePath?: string;
  /** Values for the template's parameters. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly region?: string;
  /** The policy as a plain document, in place of `policy.example.yaml`. */
  readonly policy?: unknown;
  /** The agents whose vendors' layers are put in place; those of `agents/` by default. */
  readonly agents?: Iterable<Agent>;
  /** Takes the sandbox's log, and what deployed functions print. Nothing is logged by default. */
  readonly log?: (line: string) => void;
  readonly timings?: Partial<SandboxTimings>;
}

/** A running sandbox. */
export interface Sandbox {
  /** `http://127.0.0.1:PORT`, for `AWS_ENDPOINT_URL`. */
  readonly endpoint: string;
  readonly accountId: string;
  readonly region: string;
  /** What was deployed; undefined without the service. */
  readonly deployment: Deployment | undefined;
  readonly lambda: LambdaControlPlane;
  readonly trail: Trail;
  readonly calls: CallLog;
  readonly logs: LogStore;
  /** Deploys a policy, and starts the functions anew so that they read it at once. */
  deployPolicy(policy: unknown): Promise<void>;
  /** Ends all that was started: children, connections, timers. */
  stop(): Promise<void>;
}

const ROOT = join(import.meta.dirname, '../..');

/**
 * Starts a local AWS on one endpoint, with Layerward deployed into it.
 *
 * @throws {PortInUseError} if the port is taken.
 * @throws {TemplateError} if the template cannot be deployed.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const log = options.log ?? (() => {});
  const region = options.region ?? DEFAULT_REGION;
  const clock = createSystemClock();
  const timings = { ...DEFAULT_TIMINGS, ...options.timings };
  const agents = new Map([...(options.agents ?? readAgents().values())].map((agent) => [agent.name, agent]));
  const ends: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of ends.splice(0).reverse()) {
      await end();
    }
  };

  try {
    const aws = await startServices({ clock, region, timings, log, endpoint: () => endpoint.url });
    ends.push(aws.stop);
    seedVendorLayers(aws.lambda, agents.values());
    const running: { deployment?: Deployment; functions?: RunningFunctions } = {};
    const deployPolicy = async (policy: unknown) => {
      aws.configuration.replaceAll(JSON.stringify(policy));
      await running.functions?.recycle();
    };
    const endpoint = await startEndpoint({
      port: options.port ?? 0,
      clock,
      identities: aws.identities,
      calls: aws.calls,
      services: aws.services,
      control: (request) => answerControl(request, { ...aws, deployment: () => running.deployment, deployPolicy }),
      log,
    });
    ends.push(() => endpoint.stop());

    if (options.service ?? true) {
      const policy = options.policy ?? readExamplePolicy(agents);
      await aws.client.json('secretsmanager', 'secretsmanager.CreateSecret', {
        Name: 'layerward/groups/default',
        SecretString: JSON.stringify({ key: 'sandbox-key', secret: 'sandbox-secret' }),
      });
      running.deployment = await deployTemplate({
        templatePath: options.templatePath ?? join(ROOT, 'template.yaml'),
        parameters: options.parameters ?? {},
        stackName: 'layerward',
        accountId: HUB_ACCOUNT,
        region,
        client: aws.client,
        configuration: aws.configuration,
        logs: aws.logs,
        policy,
      });
      const left = Object.entries(running.deployment.notSimulated).map(([name, type]) => `${name} (${type})`);
      if (left.length > 0) {
        log(`deploy: not simulated: ${left.join(', ')}`);
      }
      const functions = runFunctions({ ...aws, deployment: running.deployment, endpoint: endpoint.url, log });
      running.functions = functions;
      ends.push(() => functions.stop());
    }

    return {
      endpoint: endpoint.url,
      accountId: HUB_ACCOUNT,
      region,
      deployment: running.deployment,
      lambda: aws.lambda,
      trail: aws.trail,
      calls: aws.calls,
      logs: aws.logs,
      deployPolicy,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Services {
  readonly services: ReadonlyMap<string, ApiService>;
  readonly lambda: LambdaControlPlane;
  readonly identities: Identities;
  readonly calls: CallLog;
  readonly trail: Trail;
  readonly logs: LogStore;
  readonly configuration: ConfigurationData;
  readonly client: InternalClient;
  readonly stop: () => Promise<void>;
}

async function startServices(options: {
  readonly clock: Clock;
  readonly region: string;
  readonly timings: SandboxTimings;
  readonly endpoint: () => string;
  readonly log: (line: string) => void;
}): Promise<Services> {
  const { clock, timings, region, log } = options;
  const identities = createIdentities({ accountId: HUB_ACCOUNT, clock });
  const logs = createLogStore(() => clock.now().getTime());
  const trail = createTrail();
  const configuration = createConfigurationData(clock);
  const messaging = await startMessaging({ accountId: HUB_ACCOUNT, endpoint: options.endpoint });
  const lambda = createLambda({
    clock,
    timings: { pendingMs: timings.pendingMs, updateMs: timings.updateMs },
    onRecord: (record) => {
      trail.add(record);
      bus.onRecord(record);
    },
    onTagChange: (change) => bus.onTagChange(change),
  });
  const services = new Map<string, ApiService>();
  const client = createInternalClient(services, identities.callerOf('layerward-sandbox'), region);
  const bus = createEventBus({
    clock,
    hub: { accountId: HUB_ACCOUNT, region },
    deliveryMilliseconds: timings.deliveryMs,
    fateOf: (event) => lambda.faults.onDelivery(event),
    deliver: (target, ruleArn, event) => deliverToQueue(services, identities, target, ruleArn, event),
    log,
  });
  services
    .set('lambda', lambda.handle)
    .set('dynamodb', createTables({ accountId: HUB_ACCOUNT }))
    .set('sqs', messaging.sqs)
    .set('sns', messaging.sns)
    .set('events', bus.service)
    .set('secretsmanager', createSecrets(clock))
    .set('sts', createSecurityTokens(identities))
    .set('appconfig', configuration.service)
    .set(
      'tagging',
      createTagging((account, at) => lambda.taggedFunctions(account, at)),
    )
    .set('logs', createLogs(logs, { accountId: HUB_ACCOUNT, region }))
    .set('monitoring', createMetrics(logs, { accountId: HUB_ACCOUNT, region }))
    .set('cloudtrail', trail.service);
  return {
    services,
    lambda,
    identities,
    calls: createCallLog(),
    trail,
    logs,
    configuration,
    client,
    stop: () => messaging.stop(),
  };
}

function readExamplePolicy(agents: ReadonlyMap<string, Agent>): unknown {
  const path = join(ROOT, 'policy.example.yaml');
  const text = readFileSync(path, 'utf8');
  readPolicyDocument(text, 'policy.example.yaml', agents);
  return parseYaml(text);
}
