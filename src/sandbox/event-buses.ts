import * as z from 'zod';
import { type ApiRequest, AwsError } from './api.ts';
import type { BusEvent, Sender } from './event-bus.ts';
import { action, type JsonAction } from './json-service.ts';
import { admits } from './resource-policy.ts';

/** A bus of one account and region. */
export interface Place {
  readonly accountId: string;
  readonly region: string;
  readonly bus: string;
}

/** The event buses of all accounts, with their policies; every account has its default bus in every region. */
export interface Buses {
  /** @throws AwsError `ResourceNotFoundException` */
  require(arn: string): Place;
  /** Whether a bus takes an event: always from its own account, and else by its policy. @throws AwsError if not. */
  requireAdmitted(place: Place, sender: Sender, event: BusEvent): void;
  create(place: Place, policy: string | undefined): void;
  remove(place: Place): void;
  list(accountId: string, region: string): readonly Place[];
  policyOf(place: Place): string | undefined;
  setPolicy(place: Place, policy: string | undefined): void;
}

export const DEFAULT_BUS = 'default';

export function busArn({ accountId, region, bus }: Place): string {
  return `arn:aws:events:${region}:${accountId}:event-bus/${bus}`;
}

/** Whether an ARN is that of a bus. */
export function isBus(arn: string): boolean {
  return /^arn:aws[\w-]*:events:[^:]*:\d{12}:event-bus\//.test(arn);
}

/** The bus that a name or an ARN means, in the account and region of a request. */
export function placeOf(written: string, request: ApiRequest): Place {
  const [, region = request.region, accountId = request.caller.accountId, bus = written] =
    /^arn:aws[\w-]*:events:([^:]+):(\d{12}):event-bus\/(.+)$/.exec(written) ?? [];
  return { accountId, region, bus };
}

export function createBuses(): Buses {
  const buses = new Map<string, Place>();
  const policies = new Map<string, string>();
  return {
    require: (arn) => {
      const [, region = '', accountId = '', bus = arn] =
        /^arn:aws[\w-]*:events:([^:]+):(\d{12}):event-bus\/(.+)$/.exec(arn) ?? [];
      if (bus !== DEFAULT_BUS && !buses.has(arn)) {
        throw new AwsError('ResourceNotFoundException', 400, `Event bus ${bus} does not exist.`);
      }
      return { accountId, region, bus };
    },
    requireAdmitted: (place, { principal, accountId, context }, event) => {
      const arn = busArn(place);
      const isAdmitted =
        accountId === place.accountId ||
        admits(policies.get(arn), {
          action: 'events:PutEvents',
          resourceArn: arn,
          principal,
          context: { ...context, 'events:source': event.source, 'events:detail-type': event['detail-type'] },
        });
      if (!isAdmitted) {
        const who = 'arn' in principal ? principal.arn : principal.service;
        throw new AwsError(
          'AccessDeniedException',
          400,
          `User: ${who} is not authorized to perform: events:PutEvents on resource: ${arn} because no resource-based policy allows the events:PutEvents action`,
        );
      }
    },
    create: (place, policy) => {
      const arn = busArn(place);
      if (place.bus === DEFAULT_BUS || buses.has(arn)) {
        throw new AwsError('ResourceAlreadyExistsException', 400, `Event bus ${place.bus} already exists.`);
      }
      buses.set(arn, place);
      if (policy !== undefined) policies.set(arn, policy);
    },
    remove: (place) => {
      buses.delete(busArn(place));
      policies.delete(busArn(place));
    },
    list: (accountId, region) => [
      { accountId, region, bus: DEFAULT_BUS },
      ...[...buses.values()].filter((place) => place.accountId === accountId && place.region === region),
    ],
    policyOf: (place) => policies.get(busArn(place)),
    setPolicy: (place, policy) => {
      if (policy === undefined) policies.delete(busArn(place));
      else policies.set(busArn(place), policy);
    },
  };
}

const policyStatement = z.looseObject({ Sid: z.string().optional() });
const policyDocument = z.looseObject({
  Statement: z.union([z.array(policyStatement), policyStatement.transform((one) => [one])]),
});

/** The actions of EventBridge's API that are about buses. */
export function createBusActions(
  buses: Buses,
  rules: ReadonlyMap<string, { readonly accountId: string; readonly region: string; readonly bus: string }>,
): Readonly<Record<string, JsonAction>> {
  const find = (written: string, request: ApiRequest) => buses.require(busArn(placeOf(written, request)));
  const describe = (place: Place) => {
    const policy = buses.policyOf(place);
    return { Name: place.bus, Arn: busArn(place), ...(policy === undefined ? {} : { Policy: policy }) };
  };
  const statementsOf = (place: Place) => {
    const policy = buses.policyOf(place);
    return policy === undefined ? [] : policyDocument.parse(JSON.parse(policy)).Statement;
  };
  const saveStatements = (place: Place, Statement: readonly unknown[]) => {
    buses.setPolicy(place, Statement.length === 0 ? undefined : JSON.stringify({ Version: '2012-10-17', Statement }));
  };

  return {
    CreateEventBus: action(
      z.object({ Name: z.string().regex(/^[.\-_A-Za-z0-9]{1,256}$/), Description: z.string().optional() }),
      ({ Name }, request) => {
        const place = placeOf(Name, request);
        buses.create(place, undefined);
        return { EventBusArn: busArn(place) };
      },
    ),
    DeleteEventBus: action(z.object({ Name: z.string() }), ({ Name }, request) => {
      const place = placeOf(Name, request);
      if (place.bus === DEFAULT_BUS) {
        throw new AwsError('ValidationException', 400, 'Cannot delete event bus default.');
      }
      const hasRules = [...rules.values()].some(
        (rule) => rule.accountId === place.accountId && rule.region === place.region && rule.bus === place.bus,
      );
      if (hasRules) {
        throw new AwsError('ValidationException', 400, `Event bus ${place.bus} can't be deleted since it has rules.`);
      }
      buses.remove(place);
    }),
    DescribeEventBus: action(z.object({ Name: z.string().default(DEFAULT_BUS) }), ({ Name }, request) =>
      describe(find(Name, request)),
    ),
    ListEventBuses: action(z.object({ NamePrefix: z.string().default('') }), ({ NamePrefix }, request) => ({
      EventBuses: buses
        .list(request.caller.accountId, request.region)
        .filter(({ bus }) => bus.startsWith(NamePrefix))
        .map(describe),
    })),
    PutPermission: action(
      z.object({
        EventBusName: z.string().default(DEFAULT_BUS),
        Policy: z.string().optional(),
        StatementId: z.string().optional(),
        Action: z.string().optional(),
        Principal: z.string().optional(),
        Condition: z.object({ Type: z.string(), Key: z.string(), Value: z.string() }).optional(),
      }),
      (input, request) => {
        const place = find(input.EventBusName, request);
        if (input.Policy !== undefined) {
          buses.setPolicy(place, input.Policy);
          return;
        }
        const { StatementId, Action, Principal, Condition } = input;
        if (StatementId === undefined || Action === undefined || Principal === undefined) {
          throw new AwsError(
            'ValidationException',
            400,
            'Parameter(s) Policy, or StatementId, Action and Principal must be specified.',
          );
        }
        const statement = {
          Sid: StatementId,
          Effect: 'Allow',
          Principal: Principal === '*' ? '*' : { AWS: `arn:aws:iam::${Principal}:root` },
          Action,
          Resource: busArn(place),
          ...(Condition === undefined ? {} : { Condition: { [Condition.Type]: { [Condition.Key]: Condition.Value } } }),
        };
        saveStatements(place, [...statementsOf(place).filter(({ Sid }) => Sid !== StatementId), statement]);
      },
    ),
    RemovePermission: action(
      z.object({
        EventBusName: z.string().default(DEFAULT_BUS),
        StatementId: z.string().optional(),
        RemoveAllPermissions: z.boolean().default(false),
      }),
      (input, request) => {
        const place = find(input.EventBusName, request);
        const kept = statementsOf(place).filter(({ Sid }) => !input.RemoveAllPermissions && Sid !== input.StatementId);
        saveStatements(place, kept);
      },
    ),
  };
}
