import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import * as z from 'zod';
import type { Agent } from '../domain/agent.ts';
import { readAgents, readPolicyDocument } from '../service/agent-files.ts';
import { type ApiResponse, type ApiService, AwsError, type Clock } from './api.ts';
import { type CallLog, createCallLog } from './call-log.ts';
import { createSystemClock } from './clock.ts';
import { type ConfigurationData, createConfigurationData } from './configuration-data.ts';
import { type Deployment, deployTemplate } from './deploy.ts';
import { type ControlRequest, startEndpoint } from './endpoint.ts';
import { type BusEvent, createEventBus, type Target } from './event-bus.ts';
import { type EventSourceMapping, startEventSourceMapping } from './event-source-mapping.ts';
import { createFunctionPool, type FunctionPool } from './function-pool.ts';
import { createFunctionProcess, type FunctionDefinition } from './function-process.ts';
import { createIdentities, type Identities } from './identity.ts';
import { createInternalClient, type InternalClient } from './internal-client.ts';
import { createLambda, type LambdaControlPlane } from './lambda/control-plane.ts';
import { createLogStore, type LogStore } from './log-store.ts';
import { createLogs } from './logs.ts';
import { startMessaging } from './messaging.ts';
import { admits } from './resource-policy.ts';
import { createSecrets } from './secrets.ts';
import { createSecurityTokens } from './security-tokens.ts';
import { createTables } from './tables.ts';
import { createTagging } from './tagging.ts';
import { createTrail, type Trail } from './trail.ts';

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
  const stack: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of stack.splice(0).reverse()) {
      await end();
    }
  };

  try {
    const aws = await startServices({ clock, region, timings, log, endpoint: () => endpoint.url });
    stack.push(aws.stop);
    seedVendorLayers(aws.lambda, agents.values());
    const running: { deployment?: Deployment; functions: RunningFunctions } = {
      functions: { pools: [], mappings: [] },
    };
    const deployPolicy = async (policy: unknown) => {
      aws.configuration.replaceAll(JSON.stringify(policy));
      await Promise.all(running.functions.pools.map((pool) => pool.recycle()));
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
    stack.push(() => endpoint.stop());

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
      running.functions = runFunctions(running.deployment, aws, endpoint.url, log);
      stack.push(() => stopFunctions(running.functions));
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
  const configuration = createConfigurationData();
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
    .set('logs', createLogs(logs))
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

/** EventBridge's side of a queue target: the queue's policy must let this rule send. */
async function deliverToQueue(
  services: ReadonlyMap<string, ApiService>,
  identities: Identities,
  target: Target,
  ruleArn: string,
  event: BusEvent,
): Promise<void> {
  const [, , service, region = '', account = '', name = ''] = target.Arn.split(':');
  if (service !== 'sqs') {
    throw new Error('the sandbox delivers to SQS queues only');
  }
  const client = createInternalClient(services, identities.callerOf('events.amazonaws.com'), region);
  const QueueUrl = `http://127.0.0.1/${account}/${name}`;
  const answer = await client.json('sqs', 'AmazonSQS.GetQueueAttributes', { QueueUrl, AttributeNames: ['Policy'] });
  const { Attributes } = z.object({ Attributes: z.object({ Policy: z.string().optional() }) }).parse(answer);
  const isAdmitted = admits(Attributes.Policy, {
    action: 'sqs:SendMessage',
    resourceArn: target.Arn,
    principal: { service: 'events.amazonaws.com' },
    context: {
      'aws:SourceArn': ruleArn,
      'aws:SourceAccount': ruleArn.split(':')[4] ?? '',
      'aws:SecureTransport': 'true',
    },
  });
  if (!isAdmitted) {
    throw new Error(`the queue's policy does not let events.amazonaws.com send for ${ruleArn}`);
  }
  await client.json('sqs', 'AmazonSQS.SendMessage', { QueueUrl, MessageBody: JSON.stringify(event) });
}

/** Layers of vendors belong to the vendors' accounts: they are there before anybody publishes anything. */
function seedVendorLayers(lambda: LambdaControlPlane, agents: Iterable<Agent>): void {
  for (const { layerAccount, regions, variants } of agents) {
    const seeded = new Set<string>();
    for (const region of regions) {
      for (const { layer, runtimes, architectures } of variants) {
        const key = `${region}/${layer.name}/${layer.version}`;
        if (!seeded.has(key)) {
          seeded.add(key);
          const sharing = variants.filter((other) => other.layer.name === layer.name);
          lambda.publishVendorLayer({
            account: layerAccount,
            region,
            name: layer.name,
            version: layer.version,
            compatibleRuntimes: [...new Set(sharing.flatMap((other) => other.runtimes).concat(runtimes))],
            compatibleArchitectures: [
              ...new Set(sharing.flatMap((other) => other.architectures).concat(architectures)),
            ],
          });
        }
      }
    }
  }
}

interface RunningFunctions {
  readonly pools: readonly FunctionPool[];
  readonly mappings: readonly EventSourceMapping[];
}

function runFunctions(
  deployment: Deployment,
  aws: Services,
  endpoint: string,
  log: (line: string) => void,
): RunningFunctions {
  const pools = new Map<string, FunctionPool>();
  for (const definition of deployment.functions) {
    requireBundle(definition);
    const concurrency = deployment.mappings
      .filter(({ functionName }) => functionName === definition.name)
      .reduce((sum, { maximumConcurrency }) => sum + maximumConcurrency, 0);
    const create = () =>
      createFunctionProcess({
        definition,
        endpoint,
        openSession: () =>
          aws.identities.assumeRole({
            roleArn: definition.roleArn,
            sessionName: definition.name,
            functionName: definition.name,
          }),
        print: (stream, line) => {
          aws.logs.append(definition.logGroup, stream, line);
          log(`${definition.name}: ${line}`);
        },
      });
    pools.set(definition.name, createFunctionPool(create, Math.max(1, concurrency)));
  }
  const mappings = deployment.mappings.map((mapping) => {
    const pool = pools.get(mapping.functionName);
    if (pool === undefined) {
      throw new Error(`An event source mapping names the function ${mapping.functionName}, which is not deployed`);
    }
    return startEventSourceMapping({
      definition: mapping,
      ...queueReader(aws.client, mapping.queueArn),
      invoke: (event) => pool.invoke(event),
      log,
    });
  });
  return { pools: [...pools.values()], mappings };
}

async function stopFunctions({ pools, mappings }: RunningFunctions): Promise<void> {
  // Children first: a mapping waits for its batches in flight.
  const stopped = mappings.map((mapping) => mapping.stop());
  await Promise.all(pools.map((pool) => pool.stop()));
  await Promise.race([Promise.all(stopped), new Promise((resolve) => setTimeout(resolve, 500).unref())]);
}

function requireBundle({ codePath, name }: FunctionDefinition): void {
  if (!existsSync(codePath)) {
    throw new Error(`The bundle of ${name} is not at ${codePath}: run npm run build first.`);
  }
}

const receivedMessages = z.object({
  Messages: z
    .array(
      z.object({
        MessageId: z.string(),
        ReceiptHandle: z.string(),
        Body: z.string(),
        MD5OfBody: z.string(),
        MD5OfMessageAttributes: z.string().optional(),
        Attributes: z.record(z.string(), z.string()).optional(),
        MessageAttributes: z
          .record(
            z.string(),
            z.object({ DataType: z.string(), StringValue: z.string().optional(), BinaryValue: z.string().optional() }),
          )
          .optional(),
      }),
    )
    .default([]),
});

function queueReader(client: InternalClient, queueArn: string) {
  const [, , , , account = '', name = ''] = queueArn.split(':');
  const QueueUrl = `http://127.0.0.1/${account}/${name}`;
  return {
    receive: async (maximum: number, waitSeconds: number) => {
      const answer = await client.json('sqs', 'AmazonSQS.ReceiveMessage', {
        QueueUrl,
        MaxNumberOfMessages: maximum,
        WaitTimeSeconds: waitSeconds,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      });
      return receivedMessages.parse(answer).Messages;
    },
    remove: async (messages: readonly { readonly MessageId: string; readonly ReceiptHandle: string }[]) => {
      await Promise.all(
        messages.map(({ ReceiptHandle }) => client.json('sqs', 'AmazonSQS.DeleteMessage', { QueueUrl, ReceiptHandle })),
      );
    },
  };
}

function readExamplePolicy(agents: ReadonlyMap<string, Agent>): unknown {
  const path = join(ROOT, 'policy.example.yaml');
  const text = readFileSync(path, 'utf8');
  readPolicyDocument(text, 'policy.example.yaml', agents);
  return parseYaml(text);
}

interface Control extends Services {
  readonly deployment: () => Deployment | undefined;
  readonly deployPolicy: (policy: unknown) => Promise<void>;
}

/** What can be asked of the sandbox itself; `docs/sandbox.md` lists it. */
async function answerControl({ method, name, query, body }: ControlRequest, control: Control): Promise<ApiResponse> {
  switch (`${method} ${name}`) {
    case 'GET health':
      return json({
        status: 'ok',
        services: [...control.services.keys()],
        deployed: control.deployment() !== undefined,
      });
    case 'GET deployment':
      return json(control.deployment() ?? null);
    case 'GET faults':
      return json(control.lambda.faults.read());
    case 'PUT faults':
      return json(control.lambda.faults.replace(parseControlBody(body)));
    case 'DELETE faults':
      return json(control.lambda.faults.replace({}));
    case 'GET calls': {
      const wanted = [...query];
      return json(
        control.calls.list().filter((call) =>
          wanted.every(([key, value]) => {
            switch (key) {
              case 'caller':
                return call.caller.kind === value;
              case 'service':
              case 'action':
              case 'region':
                return call[key] === value;
              default:
                throw new AwsError(
                  'InvalidQuery',
                  400,
                  `Calls are filtered by caller, service, action, region; not ${key}`,
                );
            }
          }),
        ),
      );
    }
    case 'DELETE calls':
      control.calls.reset();
      return json([]);
    case 'PUT policy':
      await control.deployPolicy(parseControlBody(body));
      return json({ status: 'ok' });
    default:
      throw new AwsError(
        'NotFound',
        404,
        `There is no ${method} /_sandbox/${name}. There are: GET health, GET deployment, GET|PUT|DELETE faults, GET|DELETE calls, PUT policy.`,
      );
  }
}

function parseControlBody(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new AwsError('InvalidJson', 400, `The body is not JSON: ${String(error)}`);
  }
}

function json(value: unknown): ApiResponse {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value, null, 2) };
}
