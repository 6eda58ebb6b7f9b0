import { AwsError } from '../api.ts';
import { createRandom } from '../random.ts';
import { type FaultDocument, faultsSchema, type TransitionFault } from './fault-schema.ts';

/** What a fault can fit: one call, or one function as seen by one caller. */
export interface Occasion {
  /** Signing name; absent where it is about a function, and not about a call. */
  readonly service?: string | undefined;
  readonly action?: string | undefined;
  readonly function?: string | undefined;
  readonly account: string;
  readonly region: string;
  /** ARN and access key of the caller. */
  readonly callers: readonly string[];
}

/** What becomes of one event on its way from CloudTrail to EventBridge. */
export interface DeliveryFate {
  /** 0: lost; 1: as it should be; 2: delivered twice. */
  readonly copies: 0 | 1 | 2;
  readonly delayMilliseconds: number;
  /** Deliver it after the next event of the same account and region. */
  readonly holdBack: boolean;
}

/** The faults of a sandbox: read and replaced as a whole from outside, asked at every occasion from inside. */
export interface Faults {
  /** The faults in force; `after` and `times` count down as they are used. */
  read(): FaultDocument;
  /** The switches that don't count down, read at every call. */
  settings(): Pick<FaultDocument, 'quotas' | 'timings' | 'retiredRuntimes' | 'frozenRuntimes'>;
  /** How long a call of a service waits before it is looked at. For the one who takes calls off the wire. */
  latencyOf(service: string): number;
  /** Takes the place of all former faults. @throws AwsError `InvalidFaults` 400 that says what is wrong and why. */
  replace(document: unknown): FaultDocument;
  /** What the faults do to a call; uses up a turn of every fault that fits. */
  onCall(occasion: Occasion): CallFate;
  /** What becomes of a creation or an update that just began; uses up a turn. */
  onTransition(occasion: Occasion): TransitionFault | undefined;
  /** What becomes of an event; uses up a turn. For the one who delivers events. */
  onDelivery(event: { eventName: string; account: string; region: string }): DeliveryFate;
  tagsUnreadable(occasion: Occasion): boolean;
  /** KMS's words, if this caller may not decrypt this function's variables. */
  environmentError(occasion: Occasion): string | undefined;
  masterArn(occasion: Occasion): string | undefined;
  layerSigned(layerVersionArn: string): boolean;
  /** Runs whenever the faults were replaced. */
  onReplaced(listener: () => void): void;
}

/** What a fault does to a call. */
export interface CallFate {
  readonly latencyMilliseconds: number;
  readonly error: AwsError | undefined;
  readonly loseAnswer: boolean;
}

interface Turns {
  readonly ratio?: number | undefined;
  readonly after?: number | undefined;
  readonly times?: number | undefined;
}

/** @param random decides where a ratio does and no seed is given; 0 to 1 */
export function createFaults(random: () => number = Math.random): Faults {
  let document: FaultDocument = faultsSchema.parse({});
  /** Occasions that each fault has seen; replaced faults are other objects, so their counts are forgotten with them. */
  const used = new WeakMap<Turns, number>();
  /** The chance of each fault that has a ratio, so that what harms one does not depend on another. */
  const chances = new WeakMap<Turns, () => number>();
  const listeners: (() => void)[] = [];

  /** Whether chance and its turn let a fault harm a fitting occasion; only occasions that chance has chosen count. */
  function takeTurn(fault: Turns): boolean {
    if (fault.ratio !== undefined && (chances.get(fault) ?? random)() >= fault.ratio) return false;
    const turn = used.get(fault) ?? 0;
    const skipped = fault.after ?? 0;
    if (fault.times !== undefined && turn >= skipped + fault.times) return false;
    used.set(fault, turn + 1);
    return turn >= skipped;
  }

  function remaining<T extends Turns>(fault: T): T {
    const turn = used.get(fault) ?? 0;
    const skipped = fault.after ?? 0;
    return {
      ...fault,
      ...(fault.after === undefined ? {} : { after: Math.max(0, skipped - turn) }),
      ...(fault.times === undefined ? {} : { times: fault.times - Math.max(0, turn - skipped) }),
    };
  }

  return {
    read: () => ({
      ...document,
      calls: document.calls.map(remaining),
      transitions: document.transitions.map(remaining),
      delivery: document.delivery.map(remaining),
    }),
    settings: () => document,
    latencyOf: (service) => {
      const { latencyMilliseconds } = document;
      return typeof latencyMilliseconds === 'number' ? latencyMilliseconds : (latencyMilliseconds[service] ?? 0);
    },
    replace(given) {
      const parsed = faultsSchema.safeParse(given);
      if (!parsed.success) {
        const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'faults'}: ${issue.message}`);
        throw new AwsError(
          'InvalidFaults',
          400,
          `The faults were left as they are, because these are not valid: ${problems.join('; ')}`,
        );
      }
      document = parsed.data;
      const { seed, calls, delivery } = document;
      if (seed !== undefined)
        for (const [index, fault] of [...calls, ...delivery].entries())
          chances.set(fault, createRandom(seed * 1_000_003 + index).next);
      for (const listener of listeners) listener();
      return document;
    },
    onCall(occasion) {
      let latencyMilliseconds = 0;
      let error: AwsError | undefined;
      let loseAnswer = false;
      for (const fault of document.calls) {
        if (!matches(fault.service, occasion.service)) continue;
        if (!fits(fault, occasion) || !takeTurn(fault)) continue;
        latencyMilliseconds += fault.latencyMilliseconds ?? 0;
        if (error === undefined && fault.error !== undefined) error = injected(fault.error);
        if (fault.loseAnswer === true) loseAnswer = true;
      }
      return { latencyMilliseconds, error, loseAnswer };
    },
    onTransition: (occasion) => document.transitions.find((fault) => fits(fault, occasion) && takeTurn(fault)),
    onDelivery({ eventName, account, region }) {
      let copies: DeliveryFate['copies'] = 1;
      let delayMilliseconds = 0;
      let holdBack = false;
      for (const fault of document.delivery) {
        const here = matches(fault.eventName, eventName) && matches(fault.account, account);
        if (!here || !matches(fault.region, region)) continue;
        if (!takeTurn(fault)) continue;
        switch (fault.effect) {
          case 'drop':
            copies = 0;
            break;
          case 'duplicate':
            if (copies === 1) copies = 2;
            break;
          case 'delay':
            delayMilliseconds += fault.delayMilliseconds ?? 0;
            break;
          case 'reorder':
            holdBack = true;
            break;
          default:
            fault.effect satisfies never;
        }
      }
      return { copies, delayMilliseconds, holdBack };
    },
    tagsUnreadable: (occasion) => document.unreadableTags.some((fault) => fits(fault, occasion)),
    environmentError(occasion) {
      const fault = document.unreadableEnvironments.find((each) => fits(each, occasion));
      if (fault === undefined) return undefined;
      return (
        fault.message ??
        'Lambda was unable to decrypt your environment variables because the KMS access was denied. ' +
          'Please check your KMS permissions. KMS Exception: AccessDeniedException KMS Message: The ciphertext refers ' +
          'to a customer master key that does not exist, does not exist in this region, or you are not allowed to ' +
          'access.'
      );
    },
    masterArn: (occasion) => document.edgeReplicas.find((fault) => fits(fault, occasion))?.masterArn,
    layerSigned: (arn) => document.signedLayers.some((glob) => matches(glob, arn)),
    onReplaced(listener) {
      listeners.push(listener);
    },
  };
}

function fits(
  fault: {
    action?: string | undefined;
    function?: string | undefined;
    account?: string | undefined;
    region?: string | undefined;
    caller?: string | undefined;
  },
  occasion: Occasion,
): boolean {
  return (
    matches(fault.action, occasion.action) &&
    matches(fault.function, occasion.function) &&
    matches(fault.account, occasion.account) &&
    matches(fault.region, occasion.region) &&
    (fault.caller === undefined || occasion.callers.some((caller) => matches(fault.caller, caller)))
  );
}

const patterns = new Map<string, RegExp>();

/** Whether a value fits a glob; a glob that was left out fits everything, a value that isn't there only that. */
function matches(glob: string | undefined, value: string | undefined): boolean {
  if (glob === undefined) return true;
  if (value === undefined) return false;
  let pattern = patterns.get(glob);
  if (pattern === undefined) {
    const parts = glob.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    pattern = new RegExp(`^${parts.join('.*')}$`, 's');
    patterns.set(glob, pattern);
  }
  return pattern.test(value);
}

function injected(error: NonNullable<FaultDocument['calls'][number]['error']>): AwsError {
  return new AwsError(error.code, error.status, error.message, {
    headers: error.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(error.retryAfterSeconds) },
    members: {
      Type: error.status >= 500 ? 'Service' : 'User',
      ...(error.reason === undefined ? {} : { Reason: error.reason }),
    },
  });
}
