import type { Access } from './access/access.ts';
import type { BusEvent, EventBus, Target } from './event-bus.ts';
import type { InternalClient } from './internal-client.ts';
import { type QueueMessage, sendToQueue } from './queue-target.ts';
import { admits } from './resource-policy.ts';
import { targetInput } from './target-input.ts';

/** What events and schedules can start. Each rejects with the reason why it cannot. */
export interface TargetServices {
  readonly access: Access;
  /** A client that speaks for nobody, in a region. */
  readonly client: (region: string) => InternalClient;
  readonly bus: () => EventBus;
  /** Starts a function without waiting for its end; its resource policy is given. */
  readonly invoke: (functionArn: string, event: unknown) => Promise<void>;
  readonly functionPolicy: (functionArn: string) => string | undefined;
  readonly startExecution: (stateMachineArn: string, input: string) => Promise<void>;
}

/** Who sends to a target. */
export interface TargetSender {
  /** `events.amazonaws.com` or `scheduler.amazonaws.com`. */
  readonly service: string;
  /** The rule or schedule. */
  readonly sourceArn: string;
  readonly roleArn: string | undefined;
}

/** A policy on the way to a target does not let the event pass. */
class NotPermitted extends Error {
  override readonly name = 'NotPermitted';
}

/**
 * Delivers an event that a rule has matched to one of its targets, if all policies on the way let it; else to the target's
 * dead-letter queue, if it has one. Nothing is tried again: what fails here, fails for good.
 *
 * @throws Error with the reason why it cannot be delivered.
 */
export async function deliverEvent(
  services: TargetServices,
  target: Target,
  ruleArn: string,
  event: BusEvent,
): Promise<void> {
  try {
    await deliverToTarget(services, target, ruleArn, event);
  } catch (error) {
    await sendToDeadLetters(services, target, ruleArn, event, error);
    throw error;
  }
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html */
async function sendToDeadLetters(
  services: TargetServices,
  target: Target,
  ruleArn: string,
  event: BusEvent,
  error: unknown,
): Promise<void> {
  const queueArn = target.DeadLetterConfig?.Arn;
  if (queueArn === undefined) {
    return;
  }
  const attributes = {
    RULE_ARN: ruleArn,
    TARGET_ARN: target.Arn,
    ERROR_CODE: error instanceof NotPermitted ? 'NO_PERMISSIONS' : 'SDK_CLIENT_ERROR',
    ERROR_MESSAGE: error instanceof Error ? error.message : String(error),
  };
  const sender = { service: 'events.amazonaws.com', sourceArn: ruleArn, roleArn: undefined };
  await sendToSqs(services, { queueArn, body: JSON.stringify(event), attributes }, sender);
}

async function deliverToTarget(
  services: TargetServices,
  target: Target,
  ruleArn: string,
  event: BusEvent,
): Promise<void> {
  const sender = { service: 'events.amazonaws.com', sourceArn: ruleArn, roleArn: target.RoleArn };
  if (target.Arn.split(':')[2] === 'events') {
    forward(services, target, sender, event);
    return;
  }
  await sendToTarget(services, target.Arn, sender, targetInput(target, ruleArn, event));
}

/**
 * Sends a text to a queue, a function or a state machine.
 *
 * @throws Error with the reason why it cannot be sent.
 */
export async function sendToTarget(
  services: TargetServices,
  arn: string,
  sender: TargetSender,
  input: string,
): Promise<void> {
  const [, , service = '', region = '', account = ''] = arn.split(':');
  const context = contextOf(sender, account);
  const requireAllowed = (action: string, policy: () => Promise<string | undefined>) =>
    requirePermission(services, { arn, region, action, sender, context, policy });

  switch (service) {
    case 'sqs':
      await sendToSqs(services, { queueArn: arn, body: input }, sender);
      return;
    case 'lambda':
      await requireAllowed('lambda:InvokeFunction', async () => services.functionPolicy(arn));
      await services.invoke(arn, JSON.parse(input));
      return;
    case 'states':
      await requireAllowed('states:StartExecution', async () => undefined);
      await services.startExecution(arn, input);
      return;
    default:
      throw new Error('the sandbox delivers to SQS queues, event buses, functions and state machines only');
  }
}

async function sendToSqs(services: TargetServices, message: QueueMessage, sender: TargetSender): Promise<void> {
  const { queueArn: arn } = message;
  const [, , , region = '', account = ''] = arn.split(':');
  const context = contextOf(sender, account);
  await sendToQueue(services.client(region), message, (policy) =>
    requirePermission(services, {
      arn,
      region,
      action: 'sqs:SendMessage',
      sender,
      context,
      policy: async () => policy,
    }),
  );
}

function contextOf({ sourceArn }: TargetSender, account: string): Readonly<Record<string, string>> {
  return {
    'aws:SourceArn': sourceArn,
    'aws:SourceAccount': sourceArn.split(':')[4] ?? account,
    'aws:SecureTransport': 'true',
  };
}

async function requirePermission(
  { access }: TargetServices,
  wanted: {
    readonly arn: string;
    readonly region: string;
    readonly action: string;
    readonly sender: TargetSender;
    readonly context: Readonly<Record<string, string>>;
    readonly policy: () => Promise<string | undefined>;
  },
): Promise<void> {
  const { arn, region, action, sender, context } = wanted;
  if (sender.roleArn !== undefined) {
    const denial = access.judgeService(sender.service, sender.roleArn, { action, resource: arn, region, context });
    if (denial !== undefined) {
      throw new NotPermitted(
        `${sender.roleArn} is not authorized to perform: ${action} on resource: ${arn} ${denial.reason}`,
      );
    }
    return;
  }
  const isAdmitted = admits(await wanted.policy(), {
    action,
    resourceArn: arn,
    principal: { service: sender.service },
    context,
  });
  if (!isAdmitted) {
    const what = arn.split(':')[2] === 'sqs' ? "the queue's policy" : "the target's policy";
    throw new NotPermitted(`${what} does not let ${sender.service} send for ${sender.sourceArn}`);
  }
}

function forward(services: TargetServices, target: Target, sender: TargetSender, event: BusEvent): void {
  const [, , , region = ''] = target.Arn.split(':');
  const [, , , , senderAccount = ''] = sender.sourceArn.split(':');
  const action = 'events:PutEvents';
  const context = { 'aws:SourceArn': sender.sourceArn, 'aws:SourceAccount': senderAccount };
  if (sender.roleArn === undefined) {
    services
      .bus()
      .receive(target.Arn, event, { principal: { service: sender.service }, accountId: senderAccount, context });
    return;
  }
  const denial = services.access.judgeService(sender.service, sender.roleArn, {
    action,
    resource: target.Arn,
    region,
    context: { ...context, 'events:source': event.source, 'events:detail-type': event['detail-type'] },
  });
  if (denial !== undefined) {
    throw new Error(
      `${sender.roleArn} is not authorized to perform: ${action} on resource: ${target.Arn} ${denial.reason}`,
    );
  }
  const accountId = sender.roleArn.split(':')[4] ?? '';
  services.bus().receive(target.Arn, event, {
    principal: { arn: sender.roleArn, accountId, roleArn: sender.roleArn },
    accountId,
    context: { ...services.access.contextOfRole(sender.roleArn), ...context },
  });
}
