import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import type { Agent } from '../domain/agent.ts';
import { readAgents, readPolicyDocument } from '../service/agent-files.ts';
import type { Access } from './access/access.ts';
import { type RoleDefinition, roleOf } from './access/role-definition.ts';
import type { CallLog } from './call-log.ts';
import { createSystemClock } from './clock.ts';
import type { StackRemoval } from './cloudformation/stack-removal.ts';
import { answerControl } from './control.ts';
import { type Deployment, deployTemplate } from './deploy.ts';
import { startEndpoint } from './endpoint.ts';
import type { LambdaControlPlane } from './lambda/control-plane.ts';
import type { LogStore } from './log-store.ts';
import {
  administratorRoles,
  EXAMPLE_ORGANIZATION,
  type OrganizationAccount,
  type OrganizationDefinition,
} from './organization/accounts.ts';
import { createOrganization, type Member, type Organization } from './organization/organization.ts';
import type { StackInstance } from './organization/stack-sets.ts';
import type { Schedules } from './schedules.ts';
import { type SandboxTimings, type Services, startServices } from './services.ts';
import type { StateMachines } from './states/state-machines.ts';
import { readParameterNames } from './template.ts';
import type { Trail } from './trail.ts';
import { seedVendorLayers } from './vendor-layers.ts';

export type { RoleDefinition } from './access/role-definition.ts';
export type { SandboxTimings } from './services.ts';

/** The account of everybody who calls the sandbox, unless credentials say otherwise. */
export const HUB_ACCOUNT = '111122223333';
/** Where the sandbox deploys Layerward, unless told otherwise. */
export const DEFAULT_REGION = 'us-east-1';

const DEFAULT_TIMINGS: SandboxTimings = {
  pendingMs: 300,
  updateMs: 300,
  deliveryMs: 50,
  stateMachineSecondMs: 1000,
};

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
  /** The organization to play in: `true` is the example, absent or `false` a single account. */
  readonly organization?: boolean | OrganizationDefinition;
  /** Roles that accounts have before anything is deployed, such as execution roles of self-managed stack sets. */
  readonly roles?: readonly RoleDefinition[];
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
  /** What was deployed; undefined without the service, and once it is deleted. */
  readonly deployment: Deployment | undefined;
  /** Undefined in a single account. */
  readonly organization: Organization | undefined;
  /** What roles may do, and which statements of their policies have been used. */
  readonly access: Access;
  readonly stateMachines: StateMachines;
  readonly schedules: Schedules;
  /** The stacks that stack sets have deployed into the members. */
  stackInstances(): readonly StackInstance[];
  /** An account joins, moves, is suspended or opened again; stack sets follow. */
  putAccount(account: OrganizationAccount): Promise<Member>;
  /** Deletes the deployed stack, custom resources first asked to clean up. */
  removeDeployment(): Promise<StackRemoval>;
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
    const definition = options.organization === true ? EXAMPLE_ORGANIZATION : options.organization || undefined;
    const organization = definition && createOrganization(definition, clock);
    const accountId = HUB_ACCOUNT;
    const url = () => endpoint.url;
    const aws = await startServices({ clock, accountId, region, timings, organization, log, endpoint: url });
    ends.push(aws.stop);
    seedVendorLayers(aws.lambda, agents.values());
    const roles = options.roles ?? [];
    const isGiven = (one: RoleDefinition) =>
      roles.some(({ accountId, name }) => accountId === one.accountId && name === one.name);
    const administrators = definition ? administratorRoles(definition) : [];
    for (const role of [...roles, ...administrators.filter((one) => !isGiven(one))]) {
      aws.access.roles.create(roleOf(role));
    }
    const running: { deployment: Deployment | undefined } = { deployment: undefined };
    const operations = createOperations(aws, organization, running);
    const endpoint = await startEndpoint({
      port: options.port ?? 0,
      clock,
      identities: aws.identities,
      calls: aws.calls,
      services: aws.services,
      latencyOf: (service) => aws.lambda.faults.latencyOf(service),
      refuse: aws.refuse,
      fateOf: aws.fateOf,
      onCall: aws.recording.onCall,
      control: (request) =>
        answerControl(request, { ...aws, ...operations, organization, deployment: () => present(running) }),
      log,
    });
    ends.push(() => endpoint.stop());
    // Functions end while they can still reach AWS.
    ends.push(() => aws.host.stop());

    if (options.service ?? true) {
      const policy = options.policy ?? readExamplePolicy(agents);
      await aws.client.json('secretsmanager', 'secretsmanager.CreateSecret', {
        Name: 'layerward/groups/default',
        SecretString: JSON.stringify({ key: 'sandbox-key', secret: 'sandbox-secret' }),
      });
      const templatePath = options.templatePath ?? join(ROOT, 'template.yaml');
      running.deployment = await deployTemplate({
        ...aws.stacks,
        templatePath,
        parameters: { ...organizationParameters(organization, templatePath), ...options.parameters },
        stackName: 'layerward',
        accountId,
        region,
        policy,
      });
      aws.recording.onPolicy();
      const left = Object.entries(running.deployment.notSimulated).map(([name, type]) => `${name} (${type})`);
      if (left.length > 0) {
        log(`deploy: not simulated: ${left.join(', ')}`);
      }
    }

    return {
      endpoint: endpoint.url,
      accountId,
      region,
      get deployment() {
        return present(running);
      },
      organization,
      access: aws.access,
      stateMachines: aws.stacks.stateMachines,
      schedules: aws.stacks.schedules,
      lambda: aws.lambda,
      trail: aws.trail,
      calls: aws.calls,
      logs: aws.logs,
      ...operations,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What people do to a running sandbox beside calling AWS. */
function createOperations(
  aws: Services,
  organization: Organization | undefined,
  running: { deployment: Deployment | undefined },
): Pick<Sandbox, 'deployPolicy' | 'stackInstances' | 'putAccount' | 'removeDeployment'> {
  return {
    deployPolicy: async (policy) => {
      aws.configuration.replaceAll(JSON.stringify(policy));
      await aws.host.recycle();
      aws.recording.onPolicy();
    },
    stackInstances: () => aws.stacks.stackSets.instances(),
    putAccount: async (account) => {
      if (organization === undefined) {
        throw new Error('There is no organization: start the sandbox with one');
      }
      const member = organization.put({ ...organization.account(account.accountId), ...account });
      await aws.stacks.stackSets.follow(account.accountId);
      return member;
    },
    removeDeployment: async () => {
      const deployment = present(running);
      if (deployment === undefined) {
        throw new Error('Nothing is deployed');
      }
      return deployment.remove();
    },
  };
}

/** What is deployed, until it is deleted: by the sandbox, or by CloudFormation's `DeleteStack`. */
function present({ deployment }: { readonly deployment: Deployment | undefined }): Deployment | undefined {
  return deployment?.status === 'DELETE_COMPLETE' ? undefined : deployment;
}

/** What the template asks of an organization, where nobody says otherwise: who its members are, and where. */
function organizationParameters(
  organization: Organization | undefined,
  templatePath: string,
): Readonly<Record<string, string>> {
  if (organization === undefined) {
    return {};
  }
  const { id, organizationalUnits, regions } = organization.definition;
  const hubUnits = organization.parentsOf(HUB_ACCOUNT);
  const units = organizationalUnits.map((unit) => unit.id).filter((unit) => !hubUnits.includes(unit));
  const values = {
    OrganizationId: id,
    OrganizationalUnitIds: units.join(','),
    Regions: regions.join(','),
  };
  const names = readParameterNames(templatePath);
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.has(name)));
}

function readExamplePolicy(agents: ReadonlyMap<string, Agent>): unknown {
  const path = join(ROOT, 'policy.example.yaml');
  const text = readFileSync(path, 'utf8');
  readPolicyDocument(text, 'policy.example.yaml', agents);
  return parseYaml(text);
}
