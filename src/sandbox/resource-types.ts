import * as z from 'zod';
import { createAppConfigDeployers } from './deployers/app-config.ts';
import { type DeployContext, type Deployer, physicalName } from './deployers/context.ts';
import { deployCustomResource } from './deployers/custom-resource.ts';
import { eventBusDeployers } from './deployers/event-buses.ts';
import { roleDeployers } from './deployers/roles.ts';
import { functionDeployers } from './deployers/serverless-function.ts';
import { stackSetDeployers } from './deployers/stack-set.ts';
import { stateMachineDeployers } from './deployers/state-machine.ts';
import { storageDeployers } from './deployers/storage.ts';
import type { DeployedResource } from './template-resolver.ts';

/**
 * Finds what creates a resource of a type; undefined for types that the sandbox does not simulate. Each finder keeps
 * the state that AppConfig's resources of one stack share.
 */
export function createDeployers(): (type: string) => Deployer | undefined {
  const deployers: Readonly<Record<string, Deployer>> = {
    ...storageDeployers,
    ...eventBusDeployers,
    ...roleDeployers,
    ...functionDeployers,
    ...stackSetDeployers,
    ...stateMachineDeployers,
    ...createAppConfigDeployers(),
    'AWS::CloudFormation::CustomResource': deployCustomResource,
  };
  return (type) => (type.startsWith('Custom::') ? deployCustomResource : deployers[type]);
}

/** A resource that is only named: references to it resolve, nothing is there. */
export function deployUnsimulated(
  { stack }: DeployContext,
  logicalId: string,
  properties: unknown,
  type: string,
): DeployedResource {
  const named = z.record(z.string(), z.unknown()).parse(properties);
  const given = named[`${type.split('::').at(-1)}Name`] ?? named['Name'];
  const ref = typeof given === 'string' ? given : physicalName(stack, logicalId);
  const service = type.split('::')[1]?.toLowerCase() ?? 'unknown';
  const resource = service === 'cloudwatch' ? `alarm:${ref}` : ref;
  return { ref, attributes: { Arn: `arn:aws:${service}:${stack.region}:${stack.accountId}:${resource}` } };
}
