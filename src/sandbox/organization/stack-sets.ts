import type { Organization } from './organization.ts';

/** A service-managed stack set, as a template declares it. */
export interface StackSetDefinition {
  readonly name: string;
  /** The account that manages it: the management account or a delegated administrator. */
  readonly accountId: string;
  readonly templateBody: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Whether accounts that join a unit get their stacks by themselves, and those that leave it lose them. */
  readonly autoDeployment: { readonly enabled: boolean; readonly retainStacks: boolean };
  readonly groups: readonly StackInstancesGroup[];
  readonly failureTolerance: { readonly count?: number | undefined; readonly percentage?: number | undefined };
}

export interface StackInstancesGroup {
  readonly organizationalUnits: readonly string[];
  /** Narrows the units down to these accounts, or takes them out. */
  readonly accounts: readonly string[];
  readonly accountFilter: 'NONE' | 'INTERSECTION' | 'DIFFERENCE' | 'UNION';
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

/** The service-managed stack sets of the organization. */
export interface StackSets {
  /** Deploys a stack set. @throws Error outside of an organization, and for more failures than it tolerates. */
  create(definition: StackSetDefinition): Promise<void>;
  /** Takes all its stacks away, then itself. */
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

export function createStackSets({ organization, deploy, log }: StackSetsOptions): StackSets {
  const sets = new Map<string, Deployed>();

  const requireOrganization = (): Organization => {
    if (organization === undefined) {
      throw new Error('A service-managed StackSet needs an organization; start the sandbox with one');
    }
    return organization;
  };

  /** The accounts of a group: active ones, and never the management account. */
  const accountsOf = (group: StackInstancesGroup): readonly string[] => {
    const current = requireOrganization();
    for (const unit of group.organizationalUnits) {
      if (unit !== current.definition.rootId && current.unit(unit) === undefined) {
        throw new Error(`The organizational unit ${unit} of the StackSet does not exist`);
      }
    }
    return current
      .accounts()
      .filter(({ accountId, status }) => {
        const isInUnits = group.organizationalUnits.some((unit) => current.isWithin(accountId, unit));
        const isNamed = group.accounts.includes(accountId);
        const isMeant = {
          NONE: isInUnits,
          INTERSECTION: isInUnits && isNamed,
          DIFFERENCE: isInUnits && !isNamed,
          UNION: isInUnits || isNamed,
        }[group.accountFilter];
        return isMeant && status === 'ACTIVE' && accountId !== current.definition.managementAccountId;
      })
      .map(({ accountId }) => accountId);
  };

  const deployInstance = async (set: Deployed, group: StackInstancesGroup, accountId: string, region: string) => {
    const { definition, instances } = set;
    const place = { stackSetName: definition.name, accountId, region };
    try {
      if (requireOrganization().account(accountId)?.disabledRegions?.includes(region)) {
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
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log(`stack set ${definition.name}: ${accountId} ${region}: ${reason}`);
      const instance: StackInstance = { ...place, status: 'OUTDATED', reason };
      instances.set(`${accountId}/${region}`, { instance, stack: undefined });
      return false;
    }
  };

  const removeInstance = async ({ instances }: Deployed, place: string) => {
    await instances.get(place)?.stack?.remove();
    instances.delete(place);
  };

  return {
    create: async (definition) => {
      const current = requireOrganization();
      if (!current.isAdministrator(definition.accountId)) {
        throw new Error(
          `Account ${definition.accountId} is neither the management account nor a delegated administrator, so it has no service-managed StackSets`,
        );
      }
      const set: Deployed = { definition, instances: new Map() };
      sets.set(definition.name, set);
      const failures: string[] = [];
      let all = 0;
      for (const group of definition.groups) {
        const accounts = accountsOf(group);
        for (const region of group.regions) {
          for (const accountId of accounts) {
            all += 1;
            if (!(await deployInstance(set, group, accountId, region))) {
              failures.push(`${accountId} ${region}: ${set.instances.get(`${accountId}/${region}`)?.instance.reason}`);
            }
          }
        }
      }
      const { count = 0, percentage } = definition.failureTolerance;
      const tolerated = percentage === undefined ? count : Math.floor((all * percentage) / 100);
      if (failures.length > tolerated) {
        throw new Error(`The StackSet ${definition.name} failed in ${failures.join('; ')}`);
      }
    },

    remove: async (name) => {
      const set = sets.get(name);
      for (const place of [...(set?.instances.keys() ?? [])].toReversed()) {
        if (set !== undefined) await removeInstance(set, place);
      }
      sets.delete(name);
    },

    follow: async (accountId) => {
      for (const set of sets.values()) {
        const { enabled, retainStacks } = set.definition.autoDeployment;
        if (!enabled) continue;
        const wanted = new Map<string, { readonly group: StackInstancesGroup; readonly region: string }>(
          set.definition.groups
            .filter((group) => accountsOf(group).includes(accountId))
            .flatMap((group) => group.regions.map((region) => [`${accountId}/${region}`, { group, region }] as const)),
        );
        const isSuspended = organization?.account(accountId)?.status === 'SUSPENDED';
        for (const place of [...set.instances.keys()].filter((key) => key.startsWith(`${accountId}/`))) {
          // AWS reaches no suspended account: what is there stays there.
          if (!wanted.has(place) && !retainStacks && !isSuspended) await removeInstance(set, place);
        }
        for (const [place, { group, region }] of wanted) {
          if (!set.instances.has(place)) await deployInstance(set, group, accountId, region);
        }
      }
    },

    instances: () => [...sets.values()].flatMap((set) => [...set.instances.values()].map(({ instance }) => instance)),
    exist: () => sets.size > 0,
  };
}
