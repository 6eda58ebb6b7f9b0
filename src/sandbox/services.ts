import { type Access, createAccess } from './access/access.ts';
import { createRoles } from './access/roles.ts';
import { type ApiRequest, type ApiService, AwsError, type Clock, type CloudTrailRecord } from './api.ts';
import { createDeploymentNotifications } from './app-config-notifications.ts';
import { type CallLog, createCallLog } from './call-log.ts';
import { createCloudFormation } from './cloudformation/cloudformation-api.ts';
import { createStacks } from './cloudformation/stacks.ts';
import { type ConfigurationData, createConfigurationData } from './configuration-data.ts';
import { createCustomResources } from './custom-resources.ts';
import { deployStack } from './deploy.ts';
import type { StackServices } from './deployers/context.ts';
import { createEventBus } from './event-bus.ts';
import { deliverEvent, type TargetServices } from './event-targets.ts';
import { createFunctionHost, type FunctionHost } from './function-host.ts';
import { createIdentities, type Identities, roleArnOf } from './identity.ts';
import { createInternalClient, type InternalClient } from './internal-client.ts';
import { createLambda, type Gatekeeper, type LambdaControlPlane } from './lambda/control-plane.ts';
import type { CallFate } from './lambda/faults.ts';
import { principalOf } from './lambda/plane.ts';
import { createLogStore, type LogStore } from './log-store.ts';
import { createLogs } from './logs.ts';
import { startMessaging } from './messaging.ts';
import { createMetrics } from './metrics.ts';
import type { Organization } from './organization/organization.ts';
import { createOrganizationsApi } from './organization/organizations-api.ts';
import { createSelfManagement } from './organization/self-managed.ts';
import { createServiceManagement } from './organization/service-managed.ts';
import { createStackSets } from './organization/stack-sets.ts';
import { createRecording, type Recording } from './recording.ts';
import { createSchedules } from './schedules.ts';
import { createSecrets } from './secrets.ts';
import { createSecurityTokens } from './security-tokens.ts';
import { invokeLambdaTask } from './states/lambda-task.ts';
import { createStateMachines, type Execution } from './states/state-machines.ts';
import { createTables } from './tables.ts';
import { createTagging } from './tagging.ts';
import { parseTemplate } from './template.ts';
import { createTrail, type Trail } from './trail.ts';

/** How fast the sandbox's AWS is. Milliseconds. */
export interface SandboxTimings {
  /** How long a new function is Pending. */
  readonly pendingMs: number;
  /** How long an update is InProgress. */
  readonly updateMs: number;
  /** How long an event takes from the API call to the queue. */
  readonly deliveryMs: number;
  /** How long a second lasts in a state machine, where it waits, tries again or gives up. */
  readonly stateMachineSecondMs: number;
}

/** All services of a sandbox, wired to each other, and what they share. */
export interface Services {
  readonly services: ReadonlyMap<string, ApiService>;
  readonly lambda: LambdaControlPlane;
  readonly identities: Identities;
  readonly access: Access;
  readonly calls: CallLog;
  readonly trail: Trail;
  readonly recording: Recording;
  readonly logs: LogStore;
  readonly configuration: ConfigurationData;
  readonly host: FunctionHost;
  readonly client: InternalClient;
  /** What the resources of stacks are made of. */
  readonly stacks: StackServices;
  /** Why a call is refused before its service sees it. Lambda asks by itself, so that it can record the refusal. */
  refuse(request: ApiRequest, call: string): AwsError | undefined;
  /** What faults do to a call. Lambda asks by itself here, too. */
  fateOf(request: ApiRequest, call: string): CallFate | undefined;
  stop(): Promise<void>;
}

/** What the services need to know. */
export interface ServicesOptions {
  readonly clock: Clock;
  /** The account of everybody who names none. */
  readonly accountId: string;
  readonly region: string;
  readonly timings: SandboxTimings;
  readonly organization: Organization | undefined;
  /** The one endpoint; asked late, because its port is not known before it listens. */
  readonly endpoint: () => string;
  readonly log: (line: string) => void;
}

/** Starts all services, with nothing in them. */
export async function startServices(options: ServicesOptions): Promise<Services> {
  const { clock, accountId, timings, region, log, organization, endpoint } = options;
  const identities = createIdentities({ accountId, clock });
  const logs = createLogStore(() => clock.now().getTime());
  const trail = createTrail();
  const notifications = createDeploymentNotifications((event) => bus.onServiceEvent(event));
  const configuration = createConfigurationData(clock, notifications.deployed);
  const messaging = await startMessaging({ accountId, endpoint });
  const services = new Map<string, ApiService>();
  const clientOf = (account: string, at: string) => {
    const person = account === accountId ? OPERATOR : `${account}/${OPERATOR}`;
    return createInternalClient(services, identities.callerOf(person), at);
  };
  const client = clientOf(accountId, region);

  const access = createAccess({
    roles: createRoles(),
    organization,
    clock,
    lookups: {
      functionTags: (arn) => tagsOf(lambda, arn),
      configurationOf: (request) => configuration.placeOf(request),
    },
  });
  const host = createFunctionHost({ identities, access, client, logs, endpoint, log });
  const onRecord = (record: CloudTrailRecord) => {
    trail.add(record);
    bus.onRecord(record);
  };
  const lambda: LambdaControlPlane = createLambda({
    clock,
    timings: { pendingMs: timings.pendingMs, updateMs: timings.updateMs },
    onRecord,
    onTagChange: (change) => bus.onTagChange(change),
    gatekeeper: createGatekeeper(access, (arn) => tagsOf(lambda, arn)),
    runner: host,
    ...(organization === undefined ? {} : { organizationId: organization.definition.id }),
  });
  const targets: TargetServices = {
    access,
    client: (at) => createInternalClient(services, identities.callerOf('events.amazonaws.com'), at),
    bus: () => bus,
    invoke: async (arn, event) => {
      if (!host.has(arn)) throw new Error(`the function ${arn} is not deployed`);
      void host.invoke(arn, event);
    },
    functionPolicy: (arn) => host.policyOf(arn),
    startExecution: async (arn, input) => {
      stateMachines.start(arn, input);
    },
  };
  const stateMachines = createStateMachines({
    clock,
    access,
    secondMilliseconds: timings.stateMachineSecondMs,
    invoke: ({ roleArn, executionName, ...task }) => {
      const { caller } = identities.assumeRole({ roleArn, sessionName: executionName.slice(0, 64) });
      return invokeLambdaTask(lambda.handle, { ...task, caller });
    },
    onStatus: (execution) => bus.onServiceEvent(executionEvent(execution)),
    log,
  });
  const stackSets = createStackSets({
    organization,
    serviceManagement: createServiceManagement(organization),
    selfManagement: createSelfManagement({ access, identities }),
    log,
    deploy: async ({ templateBody, ...stack }) => {
      const deployment = await deployStack(parseTemplate(templateBody, stack.stackName), '.', {
        ...stacks,
        ...stack,
        policy: undefined,
      });
      return {
        remove: async () => {
          const removal = await deployment.remove();
          if (removal.failed !== undefined) {
            throw new Error(`${removal.failed.logicalId} of ${stack.stackName}: ${removal.failed.reason}`);
          }
        },
      };
    },
  });
  const bus = createEventBus({
    clock,
    hub: { accountId, region },
    reachesHub: () => !stackSets.exist(),
    contextOf: access.contextOf,
    deliveryMilliseconds: timings.deliveryMs,
    fateOf: (event) => lambda.faults.onDelivery(event),
    deliver: (target, ruleArn, event) => deliverEvent(targets, target, ruleArn, event),
    log,
  });
  const stacks: StackServices = {
    clock,
    clientOf,
    configuration,
    notifications,
    logs,
    roles: access.roles,
    host,
    customResources: createCustomResources({ host, endpoint, clock, log }),
    stateMachines,
    schedules: createSchedules(targets, clock),
    organization,
    stackSets,
    deployedStacks: createStacks(),
  };
  const mayDecrypt = (request: ApiRequest, key: string) => {
    const context = { 'kms:ViaService': `secretsmanager.${request.region}.amazonaws.com` };
    const wish = { action: 'kms:Decrypt', resource: key, region: request.region, context };
    return access.judge(request.caller, wish) === undefined;
  };

  services
    .set('lambda', lambda.handle)
    .set('dynamodb', createTables({ accountId }))
    .set('sqs', messaging.sqs)
    .set('sns', messaging.sns)
    .set('events', bus.service)
    .set('secretsmanager', createSecrets(clock, mayDecrypt))
    .set('sts', createSecurityTokens({ identities, access, organization, clock, onRecord }))
    .set('appconfig', configuration.service)
    .set(
      'tagging',
      createTagging((account, at) => lambda.taggedFunctions(account, at)),
    )
    .set(
      'organizations',
      createOrganizationsApi(() => organization),
    )
    .set('states', stateMachines.service)
    .set('cloudformation', createCloudFormation(stacks.deployedStacks))
    .set('logs', createLogs(logs, { accountId, region }))
    .set('monitoring', createMetrics(logs, { accountId, region }))
    .set('cloudtrail', trail.service);

  return {
    services,
    lambda,
    identities,
    access,
    calls: createCallLog(),
    trail,
    recording: createRecording({ clock, identities, configuration, region, onRecord }),
    logs,
    configuration,
    host,
    client,
    stacks,
    refuse: (request, call) =>
      refuseCredentials(organization, access, request) ??
      (request.service === 'lambda' ? undefined : access.refuse(request, call)),
    fateOf: (request, call) => {
      const { service, region, caller } = request;
      const callers = [principalOf(request), caller.accessKeyId];
      const occasion = { service, action: call, account: caller.accountId, region, callers };
      return service === 'lambda' ? undefined : lambda.faults.onCall(occasion);
    },
    stop: async () => {
      stateMachines.stop();
      await host.stop();
      await messaging.stop();
    },
  };
}

/** Who does what AWS does on its own behalf. */
const OPERATOR = 'layerward-sandbox';

function tagsOf(lambda: LambdaControlPlane, arn: string): Readonly<Record<string, string>> | undefined {
  const [, , , region = '', account = '', kind, name = ''] = arn.split(':');
  return kind === 'function' ? lambda.inspect(account, region, name)?.tags : undefined;
}

/** "Step Functions Execution Status Change". */
function executionEvent(execution: Execution) {
  const [, , , region = '', account = ''] = execution.executionArn.split(':');
  const { startDate, stopDate, mapRunArn: _, ...told } = execution;
  return {
    'detail-type': 'Step Functions Execution Status Change',
    source: 'aws.states',
    account,
    region,
    resources: [execution.executionArn],
    detail: { ...told, startDate: startDate.getTime(), stopDate: stopDate?.getTime() ?? null },
  };
}

function createGatekeeper(
  access: Access,
  functionTags: (arn: string) => Readonly<Record<string, string>> | undefined,
): Gatekeeper {
  return {
    refuse: (request, action) => access.refuse(request, action),
    missing: (request, { action, resource, viaService }) => {
      if (roleArnOf(request.caller) === undefined) {
        return undefined;
      }
      const tags = Object.entries(functionTags(resource) ?? {});
      const context = {
        ...Object.fromEntries(tags.map(([key, value]) => [`aws:ResourceTag/${key}`, value])),
        ...(viaService === undefined
          ? {}
          : { 'kms:ViaService': viaService, 'kms:CallerAccount': request.caller.accountId }),
      };
      return access.judge(request.caller, { action, resource, region: request.region, context })?.reason;
    },
  };
}

/** Credentials of an account that is suspended or has not opted in to a region, and of a role that is gone, are none. */
function refuseCredentials(
  organization: Organization | undefined,
  access: Access,
  { caller, region }: ApiRequest,
): AwsError | undefined {
  const account = organization?.account(caller.accountId);
  const isUnknown =
    account?.status === 'SUSPENDED' ||
    account?.disabledRegions?.includes(region) === true ||
    access.roles.isGone(roleArnOf(caller) ?? '');
  return isUnknown
    ? new AwsError('UnrecognizedClientException', 403, 'The security token included in the request is invalid.')
    : undefined;
}
