import * as z from 'zod';
import { CHOICE_OPERATORS, type ChoiceRule } from './choice.ts';

/** A definition in the Amazon States Language that the sandbox cannot run; the message names the place. */
export class InvalidDefinition extends Error {
  override readonly name = 'InvalidDefinition';
}

const path = z.string().nullable().optional();
const template = z.unknown().optional();
const retrier = z.strictObject({
  ErrorEquals: z.array(z.string()).min(1),
  IntervalSeconds: z.int().min(1).default(1),
  MaxAttempts: z.int().min(0).default(3),
  BackoffRate: z.number().min(1).default(2),
  MaxDelaySeconds: z.int().min(1).optional(),
  JitterStrategy: z.enum(['FULL', 'NONE']).default('NONE'),
  Comment: z.string().optional(),
});
const catcher = z.strictObject({
  ErrorEquals: z.array(z.string()).min(1),
  Next: z.string(),
  ResultPath: z.string().nullable().default('$'),
  Comment: z.string().optional(),
});
export type Retrier = z.output<typeof retrier>;

const common = { Comment: z.string().optional(), InputPath: path, OutputPath: path };
const leading = { Next: z.string().optional(), End: z.literal(true).optional() };
const results = { ResultPath: path, ResultSelector: template };
const handling = { Retry: z.array(retrier).default([]), Catch: z.array(catcher).default([]) };

const choiceRule: z.ZodType<ChoiceRule> = z.record(z.string(), z.unknown());

const task = z.strictObject({
  ...common,
  ...leading,
  ...results,
  ...handling,
  Type: z.literal('Task'),
  Resource: z.string(),
  Parameters: template,
  TimeoutSeconds: z.number().positive().optional(),
  TimeoutSecondsPath: z.string().optional(),
  HeartbeatSeconds: z.number().positive().optional(),
});
const pass = z.strictObject({
  ...common,
  ...leading,
  Type: z.literal('Pass'),
  Result: z.unknown().optional(),
  Parameters: template,
  ResultPath: path,
});
const wait = z.strictObject({
  ...common,
  ...leading,
  Type: z.literal('Wait'),
  Seconds: z.number().min(0).optional(),
  SecondsPath: z.string().optional(),
  Timestamp: z.string().optional(),
  TimestampPath: z.string().optional(),
});
const succeed = z.strictObject({ ...common, Type: z.literal('Succeed') });
const fail = z.strictObject({
  Comment: z.string().optional(),
  Type: z.literal('Fail'),
  Error: z.string().optional(),
  ErrorPath: z.string().optional(),
  Cause: z.string().optional(),
  CausePath: z.string().optional(),
});
const choice = z.strictObject({
  ...common,
  Type: z.literal('Choice'),
  Choices: z.array(choiceRule).min(1),
  Default: z.string().optional(),
});
// States hold machines, and machines states.
const states: z.ZodType<Readonly<Record<string, State>>> = z.lazy(() => z.record(z.string(), state));
const machineShape = { Comment: z.string().optional(), StartAt: z.string(), States: states };
const branch = z.strictObject(machineShape);
const processor = z.strictObject({
  ...machineShape,
  ProcessorConfig: z
    .strictObject({ Mode: z.enum(['INLINE', 'DISTRIBUTED']).default('INLINE'), ExecutionType: z.string().optional() })
    .default({ Mode: 'INLINE' }),
});
const parallel = z.strictObject({
  ...common,
  ...leading,
  ...results,
  ...handling,
  Type: z.literal('Parallel'),
  Parameters: template,
  Branches: z.array(branch).min(1),
});
const map = z.strictObject({
  ...common,
  ...leading,
  ...results,
  ...handling,
  Type: z.literal('Map'),
  ItemsPath: z.string().default('$'),
  ItemSelector: template,
  /** The former name of `ItemSelector`. */
  Parameters: template,
  MaxConcurrency: z.int().min(0).default(0),
  MaxConcurrencyPath: z.string().optional(),
  ToleratedFailurePercentage: z.number().min(0).max(100).optional(),
  ToleratedFailurePercentagePath: z.string().optional(),
  ToleratedFailureCount: z.int().min(0).optional(),
  ToleratedFailureCountPath: z.string().optional(),
  Label: z.string().max(40).optional(),
  ItemProcessor: processor,
});

export type TaskState = z.output<typeof task>;
export type PassState = z.output<typeof pass>;
export type WaitState = z.output<typeof wait>;
export type SucceedState = z.output<typeof succeed>;
export type FailState = z.output<typeof fail>;
export type ChoiceState = z.output<typeof choice>;

/** States by name, and where they begin. */
export interface Machine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}
export interface ParallelState extends Omit<z.output<typeof task>, 'Type' | 'Resource'> {
  readonly Type: 'Parallel';
  readonly Branches: readonly Machine[];
}
export interface MapState extends Omit<z.output<typeof task>, 'Type' | 'Resource'> {
  readonly Type: 'Map';
  readonly ItemsPath: string;
  readonly ItemSelector?: unknown;
  readonly MaxConcurrency: number;
  readonly MaxConcurrencyPath?: string | undefined;
  readonly ToleratedFailurePercentage?: number | undefined;
  readonly ToleratedFailurePercentagePath?: string | undefined;
  readonly ToleratedFailureCount?: number | undefined;
  readonly ToleratedFailureCountPath?: string | undefined;
  readonly Label?: string | undefined;
  readonly ItemProcessor: Machine & { readonly ProcessorConfig: { readonly Mode: 'INLINE' | 'DISTRIBUTED' } };
}
export type State =
  | TaskState
  | PassState
  | WaitState
  | SucceedState
  | FailState
  | ChoiceState
  | ParallelState
  | MapState;

const state: z.ZodType<State> = z.lazy(() =>
  z.discriminatedUnion('Type', [task, pass, wait, succeed, fail, choice, parallel, map]),
);

const definitionSchema = z.strictObject({
  ...machineShape,
  Version: z.string().optional(),
  TimeoutSeconds: z.number().positive().optional(),
  QueryLanguage: z.literal('JSONPath', { error: 'the sandbox reads JSONPath only' }).optional(),
});

/** A whole definition. */
export interface Definition extends Machine {
  readonly TimeoutSeconds?: number | undefined;
}

/**
 * Reads a definition, and checks what can be checked before it runs.
 *
 * @throws {InvalidDefinition} with the place.
 */
export function parseDefinition(text: string): Definition {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InvalidDefinition(`The definition is not JSON: ${String(error)}`, { cause: error });
  }
  const parsed = definitionSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new InvalidDefinition(`SCHEMA_VALIDATION_FAILED: ${issue?.message} at /${issue?.path.join('/')}`);
  }
  checkMachine(parsed.data, '');
  return parsed.data;
}

function checkMachine({ StartAt, States }: Machine, at: string): void {
  const known = new Set(Object.keys(States));
  const requireState = (name: string, place: string) => {
    if (!known.has(name)) {
      throw new InvalidDefinition(`MISSING_TRANSITION_TARGET: Missing 'Next' target: ${name} at ${place}`);
    }
  };
  requireState(StartAt, `${at}/StartAt`);
  for (const [name, one] of Object.entries(States)) {
    const place = `${at}/States/${name}`;
    if ('Catch' in one) {
      for (const [index, { Next }] of one.Catch.entries()) {
        requireState(Next, `${place}/Catch[${index}]/Next`);
      }
    }
    switch (one.Type) {
      case 'Succeed':
      case 'Fail':
        break;
      case 'Choice':
        for (const [index, rule] of one.Choices.entries()) {
          requireState(String(rule['Next']), `${place}/Choices[${index}]/Next`);
          checkRule(rule, `${place}/Choices[${index}]`);
        }
        if (one.Default !== undefined) requireState(one.Default, `${place}/Default`);
        break;
      default:
        if ((one.Next === undefined) === (one.End === undefined)) {
          throw new InvalidDefinition(`SCHEMA_VALIDATION_FAILED: one of Next and End: true is needed at ${place}`);
        }
        if (one.Next !== undefined) requireState(one.Next, `${place}/Next`);
    }
    switch (one.Type) {
      case 'Task':
        checkResource(one.Resource, `${place}/Resource`);
        break;
      case 'Parallel':
        for (const [index, inner] of one.Branches.entries()) {
          checkMachine(inner, `${place}/Branches[${index}]`);
        }
        break;
      case 'Map':
        checkMachine(one.ItemProcessor, `${place}/ItemProcessor`);
        break;
      default:
    }
  }
}

/** The resource of a task that invokes the function that its parameters name. */
export const LAMBDA_INVOKE = /^arn:aws[\w-]*:states:::lambda:invoke$/;
const FUNCTION = /^arn:aws[\w-]*:lambda:[^:]+:\d{12}:function:[^:]+(:[^:]+)?$/;

function checkResource(resource: string, place: string): void {
  if (!LAMBDA_INVOKE.test(resource) && !FUNCTION.test(resource)) {
    throw new InvalidDefinition(
      `The sandbox runs tasks that invoke Lambda functions, by their ARN or by arn:aws:states:::lambda:invoke; not ${resource} at ${place}`,
    );
  }
}

function checkRule(rule: ChoiceRule, place: string): void {
  const inner = [rule['And'], rule['Or'], rule['Not'] === undefined ? [] : [rule['Not']]].flatMap((rules) =>
    Array.isArray(rules) ? rules : [],
  );
  if (inner.length > 0) {
    for (const [index, one] of inner.entries()) {
      checkRule(choiceRule.parse(one), `${place}[${index}]`);
    }
    return;
  }
  const unknown = Object.keys(rule).find(
    (name) => !CHOICE_OPERATORS.has(name) && !['Variable', 'Next', 'Comment'].includes(name),
  );
  if (unknown !== undefined) {
    throw new InvalidDefinition(`SCHEMA_VALIDATION_FAILED: Field ${unknown} is not supported at ${place}`);
  }
}
