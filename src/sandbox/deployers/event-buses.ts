import * as z from 'zod';
import { type DeployContext, type Deployer, document, isObject, physicalName, text } from './context.ts';

const deployRule: Deployer = async (context, logicalId, properties) => {
  const rule = z
    .looseObject({
      Name: text.optional(),
      Description: text.optional(),
      EventBusName: text.optional(),
      EventPattern: document.optional(),
      ScheduleExpression: text.optional(),
      State: text.optional(),
      Targets: z.array(z.looseObject({ Id: text, Arn: text })).default([]),
    })
    .parse(properties);
  return putRule(context, { ...rule, Name: rule.Name ?? physicalName(context.stack, logicalId) });
};

/** Makes a rule with its targets. */
export async function putRule(
  { client }: DeployContext,
  rule: {
    readonly Name: string;
    readonly Description?: string | undefined;
    readonly EventBusName?: string | undefined;
    readonly EventPattern?: string | undefined;
    readonly ScheduleExpression?: string | undefined;
    readonly State?: string | undefined;
    readonly Targets: readonly Readonly<Record<string, unknown> & { readonly Id: string }>[];
  },
): ReturnType<typeof describe> {
  const { Name, Targets, Description, EventBusName, EventPattern, ScheduleExpression, State } = rule;
  const put = await client.json('events', 'AWSEvents.PutRule', {
    Name,
    Description,
    EventBusName,
    EventPattern,
    ScheduleExpression,
    State,
  });
  if (Targets.length > 0) {
    await client.json('events', 'AWSEvents.PutTargets', { Rule: Name, EventBusName, Targets });
  }
  const { RuleArn } = z.object({ RuleArn: z.string() }).parse(put);
  const bus = EventBusName === undefined || EventBusName === 'default' ? '' : `${EventBusName.split('/').at(-1)}|`;
  return describe(`${bus}${Name}`, RuleArn, async () => {
    if (Targets.length > 0) {
      await client.json('events', 'AWSEvents.RemoveTargets', {
        Rule: Name,
        EventBusName,
        Ids: Targets.map(({ Id }) => Id),
      });
    }
    await client.json('events', 'AWSEvents.DeleteRule', { Name, EventBusName });
  });
}

async function describe(ref: string, arn: string, remove: () => Promise<void>) {
  return { ref, attributes: { Arn: arn }, remove };
}

const deployBus: Deployer = async ({ client }, _logicalId, properties) => {
  const { Name, Policy } = z.looseObject({ Name: text, Policy: document.optional() }).parse(properties);
  const created = await client.json('events', 'AWSEvents.CreateEventBus', { Name });
  const { EventBusArn } = z.object({ EventBusArn: z.string() }).parse(created);
  if (Policy !== undefined) {
    await client.json('events', 'AWSEvents.PutPermission', { EventBusName: Name, Policy });
  }
  return {
    ref: Name,
    attributes: { Arn: EventBusArn, Name },
    remove: async () => {
      await client.json('events', 'AWSEvents.DeleteEventBus', { Name });
    },
  };
};

const policySchema = z.object({ Policy: z.string().optional() });

const deployBusPolicy: Deployer = async ({ client, stack }, logicalId, properties) => {
  const policy = z
    .looseObject({
      EventBusName: text.default('default'),
      StatementId: text,
      Statement: z.unknown().optional(),
      Action: text.optional(),
      Principal: text.optional(),
      Condition: z.record(z.string(), text).optional(),
    })
    .parse(properties);
  const { EventBusName, StatementId, Statement } = policy;
  if (Statement === undefined) {
    const { Action, Principal, Condition } = policy;
    await client.json('events', 'AWSEvents.PutPermission', { EventBusName, StatementId, Action, Principal, Condition });
  } else {
    const described = await client.json('events', 'AWSEvents.DescribeEventBus', { Name: EventBusName });
    const { Policy = '{"Statement":[]}' } = policySchema.parse(described);
    const others = z.looseObject({ Statement: z.array(z.unknown()) }).parse(JSON.parse(Policy)).Statement;
    const added = (Array.isArray(Statement) ? Statement : [Statement]).map((one: unknown) =>
      isObject(one) ? { Sid: StatementId, ...one } : one,
    );
    await client.json('events', 'AWSEvents.PutPermission', {
      EventBusName,
      Policy: JSON.stringify({ Version: '2012-10-17', Statement: [...others, ...added] }),
    });
  }
  return {
    ref: physicalName(stack, logicalId),
    attributes: {},
    remove: async () => {
      await client.json('events', 'AWSEvents.RemovePermission', { EventBusName, StatementId });
    },
  };
};

/** Event buses, who may put events on them, and rules. */
export const eventBusDeployers: Readonly<Record<string, Deployer>> = {
  'AWS::Events::EventBus': deployBus,
  'AWS::Events::EventBusPolicy': deployBusPolicy,
  'AWS::Events::Rule': deployRule,
};
