import * as z from 'zod';
import type { Roles } from '../access/roles.ts';
import type { Clock } from '../api.ts';
import type { DeploymentNotifications } from '../app-config-notifications.ts';
import type { Stacks } from '../cloudformation/stacks.ts';
import type { ConfigurationData } from '../configuration-data.ts';
import type { CustomResources } from '../custom-resources.ts';
import type { EventSourceMappingDefinition } from '../event-source-mapping.ts';
import type { FunctionHost } from '../function-host.ts';
import type { FunctionDefinition } from '../function-process.ts';
import { uniqueId } from '../identity.ts';
import type { InternalClient } from '../internal-client.ts';
import type { LogStore } from '../log-store.ts';
import type { Organization } from '../organization/organization.ts';
import type { StackSets } from '../organization/stack-sets.ts';
import type { Schedules } from '../schedules.ts';
import type { StateMachines } from '../states/state-machines.ts';
import type { DeployedResource, StackIdentity } from '../template-resolver.ts';

/** What of the sandbox the resources of stacks are made of. */
export interface StackServices {
  readonly clock: Clock;
  /** A client that acts in an account and region. */
  readonly clientOf: (accountId: string, region: string) => InternalClient;
  readonly configuration: ConfigurationData;
  readonly notifications: DeploymentNotifications;
  readonly logs: LogStore;
  readonly roles: Roles;
  readonly host: FunctionHost;
  readonly customResources: CustomResources;
  readonly stateMachines: StateMachines;
  readonly schedules: Schedules;
  readonly organization: Organization | undefined;
  readonly stackSets: StackSets;
  /** What CloudFormation knows of stacks. */
  readonly deployedStacks: Stacks;
}

/** What the creation of one resource can use. */
export interface DeployContext extends StackServices {
  readonly stack: StackIdentity;
  /** The folder of the template, which `CodeUri` is relative to. */
  readonly codeRoot: string;
  readonly functionDefaults: Readonly<Record<string, unknown>>;
  readonly policy: unknown;
  readonly client: InternalClient;
  readonly resolve: (value: unknown, path: string) => unknown;
  /** Makes a resource known that another one brings along. */
  readonly register: (logicalId: string, type: string, resource: DeployedResource) => void;
  /** Notes a part that is left out, by a name that people find. */
  readonly leaveOut: (name: string, type: string) => void;
  readonly functions: FunctionDefinition[];
  readonly mappings: EventSourceMappingDefinition[];
}

/** Creates one resource from its resolved properties. Throws with the reason if they do not fit. */
export type Deployer = (
  context: DeployContext,
  logicalId: string,
  properties: unknown,
  type: string,
) => DeployedResource | Promise<DeployedResource>;

export const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
export const count = z.coerce.number();
export const texts = z.union([text.transform((one) => [one]), z.array(text)]);
/** A JSON document, written as an object or as text; its text. */
export const document = z.union([
  z.string(),
  z.record(z.string(), z.unknown()).transform((value) => JSON.stringify(value)),
]);

/** The name of a resource that is given none: always the same for its stack and logical id. */
export function physicalName(stack: StackIdentity, logicalId: string): string {
  return `${stack.stackName}-${logicalId}-${uniqueId('', `${stack.stackName}/${logicalId}`).slice(0, 12)}`;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
