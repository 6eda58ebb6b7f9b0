import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { principalOf } from './access/access.ts';
import type { RequestContext } from './access/conditions.ts';
import type { Principal } from './access/evaluate.ts';
import { type ApiRequest, type ApiService, AwsError, type Caller, type Clock, type CloudTrailRecord } from './api.ts';
import {
  type Buses,
  busArn,
  createBusActions,
  createBuses,
  DEFAULT_BUS,
  isBus,
  type Place,
  placeOf,
} from './event-buses.ts';
import { compilePattern, type EventPattern, InvalidEventPatternError } from './event-pattern.ts';
import { toSeconds } from './identity.ts';
import { action, createJsonService } from './json-service.ts';
import type { DeliveryFate } from './lambda/faults.ts';
import type { TagChange } from './lambda/plane.ts';

/** An event as EventBridge hands it to targets. */
export interface BusEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: unknown;
}

/** EventBridge: the API, and what AWS itself puts on the default bus. */
export interface EventBus {
  readonly service: ApiService;
  /** CloudTrail's "AWS API Call via CloudTrail"; records of read-only calls are not delivered, as in AWS. */
  onRecord(record: CloudTrailRecord): void;
  /** "Tag Change on Resource". */
  onTagChange(change: TagChange): void;
  /** An event that a service of AWS puts on the default bus of an account by itself. */
  onServiceEvent(event: Pick<BusEvent, 'detail-type' | 'source' | 'account' | 'region' | 'resources' | 'detail'>): void;
  /**
   * Puts an event that a rule of another bus has forwarded on a bus; it keeps its account, region and time. Rules there
   * do not forward it once more, as in AWS.
   *
   * @throws Error where there is no such bus, or its policy does not admit the sender.
   */
  receive(busArn: string, event: BusEvent, sender: Sender): void;
  /** All rules, those of every account. */
  rules(): readonly { readonly arn: string; readonly state: string; readonly scheduleExpression: string | undefined }[];
}

/** Who forwards an event. */
export interface Sender {
  readonly principal: Principal;
  readonly accountId: string;
  readonly context: RequestContext;
}

/** What the bus needs. */
export interface EventBusOptions {
  readonly clock: Clock;
  /** The account and region where Layerward is deployed. */
  readonly hub: { readonly accountId: string; readonly region: string };
  /**
   * Whether events of all accounts and regions reach the hub's rules by themselves: yes by default, and no longer once
   * stacks in the members forward them.
   */
  readonly reachesHub?: () => boolean;
  /** Condition keys of a caller, for the policies of buses; none by default. */
  readonly contextOf?: (caller: Caller, region: string) => RequestContext;
  /** How long an event is on its way. */
  readonly deliveryMilliseconds: number;
  readonly fateOf: (event: { eventName: string; account: string; region: string }) => DeliveryFate;
  /** Hands an event to a target, or throws with the reason why it cannot. */
  readonly deliver: (target: Target, ruleArn: string, event: BusEvent) => Promise<void>;
  readonly log: (line: string) => void;
}

/** A rule's target. */
export interface Target {
  readonly Id: string;
  readonly Arn: string;
  /** What EventBridge takes on to reach the target. */
  readonly RoleArn?: string | undefined;
  readonly Input?: string | undefined;
  readonly InputPath?: string | undefined;
  /** Where events go that can't be delivered. */
  readonly DeadLetterConfig?: { readonly Arn?: string | undefined } | undefined;
  readonly InputTransformer?:
    | { readonly InputPathsMap?: Readonly<Record<string, string>> | undefined; readonly InputTemplate: string }
    | undefined;
}

interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly bus: string;
  readonly accountId: string;
  readonly region: string;
  readonly state: string;
  readonly description: string | undefined;
  readonly eventPattern: string | undefined;
  readonly compiled: EventPattern | undefined;
  readonly scheduleExpression: string | undefined;
  readonly targets: Map<string, Target & Readonly<Record<string, unknown>>>;
}

const MAXIMUM_PATTERN_LENGTH = 2048;

export function createEventBus(options: EventBusOptions): EventBus {
  const rules = new Map<string, Rule>();
  const buses = createBuses();
  const held = new Map<string, BusEvent[]>();

  const isSamePlace = (left: Place, right: Place) =>
    left.accountId === right.accountId && left.region === right.region && left.bus === right.bus;
  const dispatch = (event: BusEvent, place: Place, wasForwarded = false) => {
    const hub = { ...options.hub, bus: DEFAULT_BUS };
    const reachesHub = place.bus === DEFAULT_BUS && (options.reachesHub?.() ?? true);
    for (const rule of rules.values()) {
      const isThere = isSamePlace(rule, place) || (reachesHub && isSamePlace(rule, hub));
      if (isThere && rule.state !== 'DISABLED' && rule.compiled?.matches(event)) {
        for (const target of rule.targets.values()) {
          if (!(wasForwarded && isBus(target.Arn))) {
            options.deliver(target, rule.arn, event).catch((error: unknown) => {
              const reason = error instanceof Error ? error.message : String(error);
              options.log(`events: rule ${rule.name} could not deliver event ${event.id} to ${target.Arn}: ${reason}`);
            });
          }
        }
      }
    }
  };

  const send = (event: BusEvent, eventName: string) => {
    const fate = options.fateOf({ eventName, account: event.account, region: event.region });
    if (fate.copies === 0) {
      return;
    }
    const place = `${event.account}/${event.region}`;
    const copies = Array.from({ length: fate.copies }, () => event);
    if (fate.holdBack) {
      held.set(place, [...(held.get(place) ?? []), ...copies]);
      return;
    }
    const released = held.get(place) ?? [];
    held.delete(place);
    for (const one of [...copies, ...released]) {
      const delay = options.deliveryMilliseconds + fate.delayMilliseconds;
      const home = { accountId: one.account, region: one.region, bus: DEFAULT_BUS };
      options.clock.after(delay, () => dispatch(one, home));
    }
  };

  return {
    service: createService(rules, buses, options, (event, place) => {
      options.clock.after(options.deliveryMilliseconds, () => dispatch(event, place));
    }),

    receive: (arn, event, sender) => {
      const place = buses.require(arn);
      buses.requireAdmitted(place, sender, event);
      dispatch(event, place, true);
    },

    rules: () => [...rules.values()],

    onRecord: (record) => {
      if (record['readOnly'] === true) {
        return;
      }
      send(
        {
          version: '0',
          id: randomUUID(),
          'detail-type': 'AWS API Call via CloudTrail',
          source: `aws.${record.eventSource.split('.')[0]}`,
          account: record.recipientAccountId,
          time: typeof record['eventTime'] === 'string' ? record['eventTime'] : toSeconds(options.clock.now()),
          region: record.awsRegion,
          resources: [],
          detail: record,
        },
        record.eventName,
      );
    },

    onServiceEvent: (event) => {
      const whole: BusEvent = { version: '0', id: randomUUID(), time: toSeconds(options.clock.now()), ...event };
      const home = { accountId: event.account, region: event.region, bus: DEFAULT_BUS };
      options.clock.after(options.deliveryMilliseconds, () => dispatch(whole, home));
    },

    onTagChange: (change) => {
      send(
        {
          version: '0',
          id: randomUUID(),
          'detail-type': 'Tag Change on Resource',
          source: 'aws.tag',
          account: change.account,
          time: toSeconds(change.time),
          region: change.region,
          resources: [change.resourceArn],
          detail: {
            'changed-tag-keys': change.changedTagKeys,
            service: change.service,
            'resource-type': change.resourceType,
            version: change.version,
            tags: change.tags,
          },
        },
        'Tag Change on Resource',
      );
    },
  };
}

const targetSchema = z.looseObject({
  Id: z.string(),
  Arn: z.string(),
  RoleArn: z.string().optional(),
  Input: z.string().optional(),
  InputPath: z.string().optional(),
  DeadLetterConfig: z.object({ Arn: z.string().optional() }).optional(),
  InputTransformer: z
    .object({ InputPathsMap: z.record(z.string(), z.string()).optional(), InputTemplate: z.string() })
    .optional(),
});
const busName = z
  .string()
  .default(DEFAULT_BUS)
  .transform((name) => name.split('/').at(-1) ?? name);
const ruleReference = z.object({ Name: z.string(), EventBusName: busName });
const targetReference = z.object({ Rule: z.string(), EventBusName: busName });

function createService(
  rules: Map<string, Rule>,
  buses: Buses,
  options: EventBusOptions,
  put: (event: BusEvent, place: Place) => void,
): ApiService {
  const keyOf = (request: ApiRequest, bus: string, name: string) =>
    [request.caller.accountId, request.region, bus, name].join('/');
  const here = (request: ApiRequest, bus: string): Place => ({
    accountId: request.caller.accountId,
    region: request.region,
    bus,
  });
  const requireBus = (request: ApiRequest, bus: string) => buses.require(busArn(here(request, bus)));
  const find = (request: ApiRequest, bus: string, name: string) => {
    requireBus(request, bus);
    const rule = rules.get(keyOf(request, bus, name));
    if (rule === undefined) {
      throw new AwsError('ResourceNotFoundException', 400, `Rule ${name} does not exist on EventBus ${bus}.`);
    }
    return rule;
  };

  return createJsonService('EventBridge', {
    PutRule: action(
      ruleReference.extend({
        EventPattern: z.string().optional(),
        ScheduleExpression: z.string().optional(),
        State: z.enum(['ENABLED', 'DISABLED', 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS']).default('ENABLED'),
        Description: z.string().optional(),
        Name: z
          .string()
          .regex(
            /^[.\-_A-Za-z0-9]{1,64}$/,
            String.raw`Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+`,
          ),
      }),
      (input, request) => {
        requireBus(request, input.EventBusName);
        if (input.EventPattern === undefined && input.ScheduleExpression === undefined) {
          throw new AwsError(
            'ValidationException',
            400,
            'Parameter(s) EventPattern or ScheduleExpression must be specified.',
          );
        }
        const key = keyOf(request, input.EventBusName, input.Name);
        const path = input.EventBusName === DEFAULT_BUS ? input.Name : `${input.EventBusName}/${input.Name}`;
        const arn = `arn:aws:events:${request.region}:${request.caller.accountId}:rule/${path}`;
        rules.set(key, {
          name: input.Name,
          arn,
          bus: input.EventBusName,
          accountId: request.caller.accountId,
          region: request.region,
          state: input.State,
          description: input.Description,
          eventPattern: input.EventPattern,
          compiled: input.EventPattern === undefined ? undefined : parsePattern(input.EventPattern),
          scheduleExpression: input.ScheduleExpression,
          targets: rules.get(key)?.targets ?? new Map(),
        });
        return { RuleArn: arn };
      },
    ),
    DescribeRule: action(ruleReference, (input, request) =>
      describeRule(find(request, input.EventBusName, input.Name)),
    ),
    ListRules: action(z.object({ NamePrefix: z.string().default(''), EventBusName: busName }), (input, request) => ({
      Rules: [...rules.values()]
        .filter(
          (rule) =>
            rule.accountId === request.caller.accountId &&
            rule.region === request.region &&
            rule.bus === input.EventBusName &&
            rule.name.startsWith(input.NamePrefix),
        )
        .map(describeRule),
    })),
    DeleteRule: action(ruleReference, (input, request) => {
      requireBus(request, input.EventBusName);
      const key = keyOf(request, input.EventBusName, input.Name);
      if ((rules.get(key)?.targets.size ?? 0) > 0) {
        throw new AwsError('ValidationException', 400, "Rule can't be deleted since it has targets.");
      }
      rules.delete(key);
    }),
    EnableRule: action(ruleReference, (input, request) =>
      setState(rules, find(request, input.EventBusName, input.Name), 'ENABLED'),
    ),
    DisableRule: action(ruleReference, (input, request) =>
      setState(rules, find(request, input.EventBusName, input.Name), 'DISABLED'),
    ),
    PutTargets: action(targetReference.extend({ Targets: z.array(targetSchema).min(1) }), (input, request) => {
      const rule = find(request, input.EventBusName, input.Rule);
      for (const { Arn, RoleArn } of input.Targets) {
        // Other accounts since March 2023, other regions and state machines always.
        if (RoleArn === undefined && (/:states:/.test(Arn) || (isBus(Arn) && !isOf(Arn, request)))) {
          throw new AwsError('ValidationException', 400, `RoleArn is required for target ${Arn}.`);
        }
      }
      for (const target of input.Targets) {
        rule.targets.set(target.Id, target);
      }
      return { FailedEntryCount: 0, FailedEntries: [] };
    }),
    ListTargetsByRule: action(targetReference, (input, request) => ({
      Targets: [...find(request, input.EventBusName, input.Rule).targets.values()],
    })),
    RemoveTargets: action(targetReference.extend({ Ids: z.array(z.string()).min(1) }), (input, request) => {
      const rule = find(request, input.EventBusName, input.Rule);
      const failed = input.Ids.filter((id) => !rule.targets.delete(id));
      return {
        FailedEntryCount: failed.length,
        FailedEntries: failed.map((id) => ({
          TargetId: id,
          ErrorCode: 'ResourceNotFoundException',
          ErrorMessage: `Target ${id} does not exist on rule ${rule.name}.`,
        })),
      };
    }),
    ...createBusActions(buses, rules),
    TestEventPattern: action(z.object({ EventPattern: z.string(), Event: z.string() }), (input) => ({
      Result: parsePattern(input.EventPattern).matches(parseEvent(input.Event)),
    })),
    PutEvents: action(
      z.object({
        Entries: z
          .array(
            z.object({
              Source: z.string().optional(),
              DetailType: z.string().optional(),
              Detail: z.string().optional(),
              Resources: z.array(z.string()).default([]),
              Time: z.number().optional(),
              EventBusName: z.string().default(DEFAULT_BUS),
            }),
          )
          .min(1)
          .max(10),
      }),
      (input, request) => {
        const entries = input.Entries.map((entry) => {
          const refusal = refuseEntry(entry);
          if (refusal !== undefined) {
            return refusal;
          }
          const place = placeOf(entry.EventBusName, request);
          const id = randomUUID();
          const time = entry.Time === undefined ? options.clock.now() : new Date(entry.Time * 1000);
          const event: BusEvent = {
            version: '0',
            id,
            'detail-type': entry.DetailType ?? '',
            source: entry.Source ?? '',
            account: request.caller.accountId,
            time: toSeconds(time),
            region: request.region,
            resources: entry.Resources,
            detail: JSON.parse(entry.Detail ?? '{}'),
          };
          try {
            buses.require(busArn(place));
            const { accountId } = request.caller;
            const context = options.contextOf?.(request.caller, request.region) ?? {};
            buses.requireAdmitted(place, { principal: principalOf(request.caller), accountId, context }, event);
          } catch (error) {
            if (!(error instanceof AwsError)) throw error;
            return { ErrorCode: error.code, ErrorMessage: error.message };
          }
          put(event, place);
          return { EventId: id };
        });
        return { FailedEntryCount: entries.filter((entry) => 'ErrorCode' in entry).length, Entries: entries };
      },
    ),
  });
}

function refuseEntry(entry: {
  readonly Source?: string | undefined;
  readonly DetailType?: string | undefined;
  readonly Detail?: string | undefined;
}): { readonly ErrorCode: string; readonly ErrorMessage: string } | undefined {
  const missing = (['Source', 'DetailType', 'Detail'] as const).find((name) => !entry[name]);
  if (missing !== undefined) {
    return {
      ErrorCode: 'InvalidArgument',
      ErrorMessage: `Parameter ${missing} is not valid. Reason: ${missing} is a required argument.`,
    };
  }
  if (entry.Source?.startsWith('aws.')) {
    return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
  }
  const detail = tryParse(entry.Detail ?? '');
  if (typeof detail !== 'object' || detail === null || Array.isArray(detail)) {
    return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  }
  return undefined;
}

/** Whether a bus is in the account and region of a request. */
function isOf(arn: string, request: ApiRequest): boolean {
  return arn.startsWith(`arn:aws:events:${request.region}:${request.caller.accountId}:`);
}

function describeRule(rule: Rule): Readonly<Record<string, unknown>> {
  return {
    Name: rule.name,
    Arn: rule.arn,
    EventPattern: rule.eventPattern,
    ScheduleExpression: rule.scheduleExpression,
    State: rule.state,
    Description: rule.description,
    EventBusName: rule.bus,
  };
}

function setState(rules: Map<string, Rule>, rule: Rule, state: string): void {
  rules.set([rule.accountId, rule.region, rule.bus, rule.name].join('/'), { ...rule, state });
}

function parsePattern(text: string): EventPattern {
  if (text.length > MAXIMUM_PATTERN_LENGTH) {
    throw invalidPattern(`it has more than ${MAXIMUM_PATTERN_LENGTH} characters`);
  }
  const pattern = tryParse(text);
  try {
    return compilePattern(pattern);
  } catch (error) {
    throw error instanceof InvalidEventPatternError ? invalidPattern(error.message) : error;
  }
}

function invalidPattern(reason: string): AwsError {
  return new AwsError('InvalidEventPatternException', 400, `Event pattern is not valid. Reason: ${reason}`);
}

function parseEvent(text: string): unknown {
  const event = tryParse(text);
  if (typeof event !== 'object' || event === null) {
    throw new AwsError('ValidationException', 400, 'Parameter Event is not valid.');
  }
  const missing = ['id', 'account', 'source', 'time', 'region', 'resources', 'detail-type'].find(
    (name) => !(name in event),
  );
  if (missing !== undefined) {
    throw new AwsError('ValidationException', 400, `Parameter Event is not valid. Reason: ${missing} is missing.`);
  }
  return event;
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
