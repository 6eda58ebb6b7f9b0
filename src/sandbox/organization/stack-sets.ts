import type { Organization } from './organization.ts';
import type { SelfManagedRoles, SelfManagement } from './self-managed.ts';
import type { ServiceManagement } from './service-managed.ts';

/** A stack set, as a template declares it. */
export interface StackSetDefinition {
  readonly name: string;
  /** Where it is managed. */
  readonly accountId: string;
  readonly region: string;
  readonly templateBody: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly permissions: StackSetPermissions;
  readonly groups: readonly StackInstancesGroup[];
  /** How many accounts of a region may fail; none by default. */
  readonly failureTolerance: { readonly count?: number | undefined; readonly percentage?: number | undefined };
  /** Whether regions that come after one with too many failures are tried all the same. */
  readonly triesAllRegions: boolean;
}

/** How CloudFormation gets into the accounts. */
export type StackSetPermissions =
  | {
      readonly model: 'SERVICE_MANAGED';
      readonly callAs: 'SELF' | 'DELEGATED_ADMIN';
      /** Whether accounts that join a unit get their stacks by themselves, and those that leave it lose them. */
      readonly autoDeployment: { readonly enabled: boolean; readonly retainStacks: boolean };
    }
  | ({ readonly model: 'SELF_MANAGED' } & SelfManagedRoles);

export interface StackInstancesGroup {
  /** For service-managed ones. */
  readonly organizationalUnits: readonly string[];
  /** Of self-managed ones, all that are meant; else they narrow the units down, or are taken out. */
  readonly accounts: readonly string[];
  readonly accountFilter: 'NONE' | 'INTERSECTION' | 'DIFFERENCE' | 'UNION';
  /** In the order of their deployment. */
  readonly regions: readonly string[];
  readonly parameterOverrides: Readonly<Record<string, string>>;
}

/** A stack of a stack set in one account and region. */
export interface StackInstance {
  readonly stackSetName: string;
  readonly accountId: string;
  readonly region: string;
  /** `OUTDATED`: the last deployment failed, for the reason given. */
  readonly status: 'CURRENT' | 'OUTDATED';
  readonly reason?: string;
}

/** A stack as it is deployed; taking it away rejects with the reason why it cannot. */
export interface InstanceStack {
  remove(): Promise<void>;
}

/** The stack sets of all accounts. */
export interface StackSets {
  /**
   * Deploys a stack set.
   *
   * @throws Error where it may not be managed here, and for more failures than it tolerates; then none of it is left.
   */
  create(definition: StackSetDefinition): Promise<void>;
  /** Takes all its stacks away, then itself. @throws Error with the reason why it cannot; what is left can go later. */
  remove(name: string): Promise<void>;
  /** Brings the stacks of an account in line with where it is now. */
  follow(accountId: string): Promise<void>;
  instances(): readonly StackInstance[];
  /** Whether any stack set is deployed. */
  exist(): boolean;
}

/** What the stack sets need of the sandbox. */
export interface StackSetsOptions {
  readonly organization: Organization | undefined;
  readonly serviceManagement: ServiceManagement;
  readonly selfManagement: SelfManagement;
  /** Deploys one stack. @throws Error with the reason why it cannot. */
  readonly deploy: (stack: {
    readonly templateBody: string;
    readonly parameters: Readonly<Record<string, string>>;
    readonly stackName: string;
    readonly accountId: string;
    readonly region: string;
  }) => Promise<InstanceStack>;
  readonly log: (line: string) => void;
}

interface Deployed {
  readonly definition: StackSetDefinition;
  readonly instances: Map<string, { readonly instance: StackInstance; readonly stack: InstanceStack | undefined }>;
}

export function createStackSets(options: StackSetsOptions): StackSets {
  const { organization, serviceManagement, selfManagement, deploy, log } = options;
  const sets = new Map<string, Deployed>();

  const requireManageable = (definition: StackSetDefinition) => {
    const { permissions, accountId } = definition;
    if (permissions.model === 'SERVICE_MANAGED') {
      serviceManagement.requireCaller(accountId, permissions.callAs);
    } else {
      selfManagement.requireAdministration(permissions, stackSetArn(definition));
    }
  };
  const accountsOf = ({ permissions }: StackSetDefinition, group: StackInstancesGroup) =>
    (permissions.model === 'SERVICE_MANAGED' ? serviceManagement : selfManagement).accountsOf(group);

  /** @throws Error where CloudFormation does not get into an account, to deploy there or to delete. */
  const requireEntry = (definition: StackSetDefinition, accountId: string) => {
    const { permissions } = definition;
    if (permissions.model === 'SELF_MANAGED') {
      selfManagement.requireAdministration(permissions, stackSetArn(definition));
      selfManagement.requireExecution(permissions, accountId);
    }
  };

  /** Undefined if the instance is deployed, else the reason. */
  const deployInstance = async (
    set: Deployed,
    group: StackInstancesGroup,
    accountId: string,
    region: string,
  ): Promise<string | undefined> => {
    const { definition, instances } = set;
    const place = { stackSetName: definition.name, accountId, region };
    try {
      requireEntry(definition, accountId);
      const account = organization?.account(accountId);
      if (account?.status === 'SUSPENDED') {
        throw new Error(`Account ${accountId} is suspended`);
      }
      if (account?.disabledRegions?.includes(region)) {
        throw new Error(`Region ${region} is not enabled in account ${accountId}`);
      }
      const stack = await deploy({
        templateBody: definition.templateBody,
        parameters: { ...definition.parameters, ...group.parameterOverrides },
        stackName: `StackSet-${definition.name}`,
        accountId,
        region,
      });
      instances.set(`${accountId}/${region}`, { instance: { ...place, status: 'CURRENT' }, stack });
      return undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log(`stack set ${definition.name}: ${accountId} ${region}: ${reason}`);
      const instance: StackInstance = { ...place, status: 'OUTDATED', reason };
      instances.set(`${accountId}/${region}`, { instance, stack: undefined });
      return reason;
    }
  };

  /** Region after region, until too many accounts of one have failed. */
  const deployInstances = async (set: Deployed): Promise<void> => {
    const { definition } = set;
    const intolerable: string[] = [];
    for (const group of definition.groups) {
      const accounts = accountsOf(definition, group);
      for (const region of group.regions) {
        const failures: string[] = [];
        for (const accountId of accounts) {
          const reason = await deployInstance(set, group, accountId, region);
          if (reason !== undefined) failures.push(`${accountId} ${region}: ${reason}`);
        }
        if (failures.length > tolerated(definition, accounts.length)) {
          intolerable.push(...failures);
          if (!definition.triesAllRegions) break;
        }
      }
    }
    if (intolerable.length > 0) {
      throw new Error(`The StackSet ${definition.name} failed in ${intolerable.join('; ')}`);
    }
  };

  const removeInstance = async ({ definition, instances }: Deployed, place: string) => {
    const stack = instances.get(place)?.stack;
    if (stack !== undefined) {
      requireEntry(definition, place.split('/')[0] ?? '');
      await stack.remove();
    }
    instances.delete(place);
  };

  const remove = async (name: string): Promise<void> => {
    const set = sets.get(name);
    for (const place of [...(set?.instances.keys() ?? [])].toReversed()) {
      if (set !== undefined) await removeInstance(set, place);
    }
    sets.delete(name);
  };

  return {
    remove,

    create: async (definition) => {
      requireManageable(definition);
      if (sets.has(definition.name)) {
        throw new Error(`StackSet ${definition.name} already exists`);
      }
      const set: Deployed = { definition, instances: new Map() };
      sets.set(definition.name, set);
      try {
        await deployInstances(set);
      } catch (error) {
        await remove(definition.name).catch((left: unknown) => log(`stack set ${definition.name}: ${String(left)}`));
        throw error;
      }
    },

    follow: async (accountId) => {
      for (const set of sets.values()) {
        const { definition, instances } = set;
        const { permissions, groups } = definition;
        if (permissions.model === 'SELF_MANAGED' || !permissions.autoDeployment.enabled) continue;
        const wanted = new Map<string, { readonly group: StackInstancesGroup; readonly region: string }>(
          groups
            .filter((group) => accountsOf(definition, group).includes(accountId))
            .flatMap((group) => group.regions.map((region) => [`${accountId}/${region}`, { group, region }] as const)),
        );
        const isSuspended = organization?.account(accountId)?.status === 'SUSPENDED';
        for (const place of [...instances.keys()].filter((key) => key.startsWith(`${accountId}/`))) {
          // AWS reaches no suspended account: what is there stays there.
          if (!wanted.has(place) && !permissions.autoDeployment.retainStacks && !isSuspended) {
            await removeInstance(set, place);
          }
        }
        for (const [place, { group, region }] of wanted) {
          if (!instances.has(place)) await deployInstance(set, group, accountId, region);
        }
      }
    },

    instances: () => [...sets.values()].flatMap((set) => [...set.instances.values()].map(({ instance }) => instance)),
    exist: () => sets.size > 0,
  };
}

/** The ARN of a stack set; its last part is the same for all. */
function stackSetArn({ accountId, region, name }: StackSetDefinition): string {
  return `arn:aws:cloudformation:${region}:${accountId}:stackset/${stackSetId(name)}`;
}

/** CloudFormation's StackSetId. */
export function stackSetId(name: string): string {
  return `${name}:00000000-0000-4000-8000-000000000000`;
}

function tolerated({ failureTolerance: { count = 0, percentage } }: StackSetDefinition, accounts: number): number {
  return percentage === undefined ? count : Math.floor((accounts * percentage) / 100);
}
