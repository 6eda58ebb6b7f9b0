import * as z from 'zod';
import { SERVICE_NAMES } from '../protocol.ts';

/**
 * What can be made to go wrong. The whole document is replaced at once; an empty one is a healthy AWS. Names in scopes
 * are globs with `*`; a member that is left out fits everything. `docs/sandbox-faults.md` explains each with an example.
 */

const scope = {
  /** The API action, such as `GetFunction`; globs are allowed here and below. */
  action: z.string().min(1).optional(),
  /** The function's bare name. A fault with it never fits calls that are not about one function. */
  function: z.string().min(1).optional(),
  account: z.string().min(1).optional(),
  region: z.string().min(1).optional(),
  /** The caller's ARN, or access key. */
  caller: z.string().min(1).optional(),
};

const turns = {
  /** How many fitting occasions pass unharmed first. */
  after: z.int().nonnegative().optional(),
  /** How many fitting occasions are harmed; without it all of them. */
  times: z.int().nonnegative().optional(),
};

const place = { function: scope.function, account: scope.account, region: scope.region, caller: scope.caller };

/** The share of fitting occasions that is harmed, 0 to 1; all of them without it. */
const ratio = z.number().min(0).max(1).optional();

const callFault = z
  .strictObject({
    /** The service's signing name; Lambda where it is left out, as there is no `function` in others. */
    service: z.string().min(1).default('lambda'),
    ...scope,
    ...turns,
    ratio,
    /** Refuse the call, before it does anything. */
    error: z
      .strictObject({
        status: z.int().min(400).max(599),
        code: z.string().min(1),
        message: z.string().default('Injected by the sandbox'),
        /** Sent as `Retry-After`. */
        retryAfterSeconds: z.number().nonnegative().optional(),
        /** `Reason` of the error's body, such as `CallerRateLimitExceeded`. */
        reason: z.string().optional(),
      })
      .optional(),
    /** Wait before the call is looked at. */
    latencyMilliseconds: z.number().nonnegative().optional(),
    /** Do what was asked, then drop the connection. */
    loseAnswer: z.boolean().optional(),
  })
  .refine(
    (fault) => fault.error !== undefined || fault.latencyMilliseconds !== undefined || fault.loseAnswer === true,
    { message: 'a call fault needs an effect: error, latencyMilliseconds or loseAnswer' },
  )
  .refine((fault) => !(fault.error !== undefined && fault.loseAnswer === true), {
    message: 'error and loseAnswer exclude each other: a refused call takes no effect that an answer could lose',
  });

const transitionFault = z.strictObject({
  ...scope,
  ...turns,
  /** `Failed` ends the creation or update so; `stuck` leaves it Pending or InProgress until the fault is taken away. */
  outcome: z.enum(['Failed', 'stuck']),
  /** AWS's `StateReasonCode` or `LastUpdateStatusReasonCode`. */
  reasonCode: z.string().default('InternalError'),
  reason: z.string().optional(),
});

const deliveryFault = z
  .strictObject({
    /** Glob on the record's `eventName`. */
    eventName: z.string().min(1).optional(),
    account: scope.account,
    region: scope.region,
    ...turns,
    ratio,
    /** `reorder` holds a record back until the next one of the same account and region has been delivered. */
    effect: z.enum(['drop', 'duplicate', 'delay', 'reorder']),
    delayMilliseconds: z.number().positive().optional(),
  })
  .refine((fault) => (fault.effect === 'delay') === (fault.delayMilliseconds !== undefined), {
    message: 'delayMilliseconds belongs to the effect delay, and only to it',
  });

const rate = z.number().positive().nullable();

const milliseconds = z.number().nonnegative();

export const faultsSchema = z.strictObject({
  /** Where the chance of every `ratio` comes from: the same for the same seed. Without it, it is another each time. */
  seed: z.int().nonnegative().optional(),
  /** How long every call waits before it is looked at: of all services, or by the service's signing name. */
  latencyMilliseconds: z
    .union([milliseconds, z.partialRecord(z.enum(SERVICE_NAMES), milliseconds)], {
      error: `milliseconds, or an object of milliseconds by service: ${SERVICE_NAMES.join(', ')}`,
    })
    .default(0),
  calls: z.array(callFault).default([]),
  transitions: z.array(transitionFault).default([]),
  /** Callers who may not `ListTags`: `GetFunction` answers them with `TagsError`. */
  unreadableTags: z.array(z.strictObject(place)).default([]),
  /** Callers who may not decrypt: answers hold `Environment.Error` in place of `Variables`. */
  unreadableEnvironments: z.array(z.strictObject({ ...place, message: z.string().optional() })).default([]),
  /** Creating on these is refused, and updating wherever `Runtime` is sent as one of them. */
  retiredRuntimes: z.array(z.string()).default([]),
  /** Every update of a function that is on one of these is refused. */
  frozenRuntimes: z.array(z.string()).default([]),
  /** Layer version ARNs (globs) that count as signed, beside those that were published so. */
  signedLayers: z.array(z.string()).default([]),
  /** Functions that are Lambda@Edge replicas of a master. */
  edgeReplicas: z
    .array(z.strictObject({ ...place, masterArn: z.string().regex(/^arn:[^:]+:lambda:[^:]+:\d{12}:function:.+$/) }))
    .default([]),
  /** Calls a second of one account in one region; `null` takes a limit away, `off` all of them. */
  quotas: z
    .union([
      z.literal('off'),
      z.strictObject({
        getFunction: rate.default(100),
        getPolicy: rate.default(15),
        controlPlane: rate.default(15),
      }),
    ])
    .default({ getFunction: 100, getPolicy: 15, controlPlane: 15 }),
  /** How long creations and updates take. */
  timings: z
    .strictObject({
      pendingMilliseconds: z.number().nonnegative().optional(),
      updateMilliseconds: z.number().nonnegative().optional(),
    })
    .default({}),
  delivery: z.array(deliveryFault).default([]),
});

/** The faults, every member present. */
export type FaultDocument = z.infer<typeof faultsSchema>;
/** What may be sent: every member may be left out. */
export type FaultDocumentInput = z.input<typeof faultsSchema>;
export type CallFault = z.infer<typeof callFault>;
export type TransitionFault = z.infer<typeof transitionFault>;
export type DeliveryFault = z.infer<typeof deliveryFault>;
