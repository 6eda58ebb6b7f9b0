import type { ApiRequest, AwsError, Clock } from '../api.ts';
import type { Faults, Occasion } from './faults.ts';
import type { Transitions } from './lifecycle.ts';
import { notFound } from './refusals.ts';
import type { Home, LambdaFunction } from './state.ts';

/** Material for an `aws.tag` event, "Tag Change on Resource". */
export interface TagChange {
  readonly region: string;
  readonly account: string;
  readonly resourceArn: string;
  /** Keys that were added, removed, or got another value; never empty. */
  readonly changedTagKeys: readonly string[];
  /** All tags after the change. */
  readonly tags: Readonly<Record<string, string>>;
  readonly service: 'lambda';
  readonly resourceType: 'function';
  readonly time: Date;
  /** Counts the changes of this resource's tags, from 1. */
  readonly version: number;
}

/** What callers may do, where it depends on more than the action. Users may do everything. */
export interface Gatekeeper {
  /** Why a whole call is refused; undefined if it is not. */
  refuse(request: ApiRequest, action: string): AwsError | undefined;
  /** Why one more permission is missing, as the end of AWS's sentence; undefined if it is not. */
  missing(
    request: ApiRequest,
    permission: { readonly action: string; readonly resource: string; readonly viaService?: string },
  ): string | undefined;
}

/** What all actions work on. */
export interface Plane {
  readonly clock: Clock;
  readonly uuid: () => string;
  readonly faults: Faults;
  readonly transitions: Transitions;
  readonly gatekeeper: Gatekeeper;
  /** The organization of all accounts, for layer policies that are open to one. */
  readonly organizationId: string | undefined;
  /** State of an account in a region, made when first asked for. */
  home(account: string, region: string): Home;
  /** The same, when something was ever there. */
  knownHome(account: string, region: string): Home | undefined;
  tagsChanged(home: Home, target: LambdaFunction, changedKeys: readonly string[]): void;
}

/** One call of an action, taken apart. */
export interface Call {
  readonly request: ApiRequest;
  /** Parameters of the path, decoded. */
  readonly path: Readonly<Record<string, string>>;
  /** The body as JSON, `undefined` when there is none. */
  readonly body: unknown;
  /** Where the caller is. */
  readonly home: Home;
}

/** What an action answers. */
export interface Answer {
  readonly status: number;
  /** Sent as JSON; nothing is sent without it. */
  readonly body?: unknown;
  /** What the record gets in place of the body, where AWS writes down more than it answers. */
  readonly recorded?: unknown;
}

/** An action of Lambda's API. */
export interface Action {
  readonly name: string;
  /** CloudTrail's `eventName`; `undefined` for data events, which no management trail gets. */
  readonly eventName: string | undefined;
  readonly readOnly: boolean;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With `{Name}` for parameters. */
  readonly path: string;
  /** A query parameter by which two actions of one path are told apart. */
  readonly when?: { readonly parameter: string; readonly value: string };
  /** @throws AwsError */
  run(call: Call, plane: Plane): Answer;
}

/** A parameter of the path; the router has made sure that it is there. */
export function pathParameter(call: Call, name: string): string {
  const value = call.path[name];
  if (value === undefined) throw new Error(`The path of this action has no parameter ${name}`);
  return value;
}

/** The ARN that AWS names in refusals. */
export function principalOf(request: ApiRequest): string {
  const arn = request.caller.userIdentity['arn'];
  return typeof arn === 'string' ? arn : `arn:aws:iam::${request.caller.accountId}:root`;
}

/** What faults of functions are asked with. */
export function occasionOf(call: Call, action: string | undefined, functionName: string | undefined): Occasion {
  return {
    service: 'lambda',
    action,
    function: functionName,
    account: call.home.account,
    region: call.home.region,
    callers: [principalOf(call.request), call.request.caller.accessKeyId],
  };
}

/** ISO 8601 as Lambda writes it; updates are told to the second, creations to the millisecond. */
export function lambdaTime(clock: Clock, precision: 'seconds' | 'milliseconds'): string {
  const time = clock.now().toISOString();
  return (precision === 'seconds' ? time.replace(/\.\d+Z$/, '.000Z') : time).replace(/Z$/, '+0000');
}

export function resourceDoesNotExist(): AwsError {
  return notFound('The resource you requested does not exist.');
}
