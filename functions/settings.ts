import * as z from 'zod';
import { InvalidInput } from '../src/domain/errors.ts';

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean),
);
const arns = list.pipe(z.array(z.string().startsWith('arn:')).min(1));
const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info');

/*
 * Every environment variable that the functions read; template.yaml sets them, docs/operations.md lists them.
 */

const policySettings = {
  LAYERWARD_TABLE_NAME: z.string().min(1),
  LAYERWARD_APPCONFIG_APPLICATION: z.string().min(1),
  LAYERWARD_APPCONFIG_ENVIRONMENT: z.string().min(1),
  LAYERWARD_APPCONFIG_PROFILE: z.string().min(1),
  LOG_LEVEL: logLevel,
};

/** What a function needs that looks at functions: `remediate`, `sweep`, `deployment`. */
export const hubSettings = z.object({
  ...policySettings,
  LAYERWARD_TOPIC_ARN: z.string().startsWith('arn:'),
  LAYERWARD_QUEUE_URL: z.url(),
  LAYERWARD_EVENT_BUS_NAME: z.string().min(1),
  LAYERWARD_OWN_ROLE_ARNS: arns,
  LAYERWARD_OWN_FUNCTION_ARNS: arns,
  LAYERWARD_CALLS_PER_SECOND: z.coerce.number().positive().max(15).default(8),
  LAYERWARD_ORGANIZATION_ID: z.string().default(''),
});

/** What `organize-sweep` needs. */
export const organizeSweepSettings = z.object({
  ...policySettings,
  LAYERWARD_HUB_ACCOUNT_ID: z.string().regex(/^\d{12}$/),
  LAYERWARD_ORGANIZATION_ID: z.string().default(''),
  LAYERWARD_ORGANIZATIONAL_UNIT_IDS: list.default([]),
  LAYERWARD_ADDITIONAL_ACCOUNT_IDS: list.default([]),
  LAYERWARD_REGIONS: list.pipe(z.array(z.string()).min(1)),
});

/** Settings of a function that looks at functions. */
export type HubSettings = z.output<typeof hubSettings>;

/** Variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a function's settings once, at the start.
 * @throws {InvalidInput} that names every variable that is missing or wrong, all at once, without their values.
 */
export function readSettings<Schema extends z.ZodType>(schema: Schema, environment: Environment): z.output<Schema> {
  const parsed = schema.safeParse(environment);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new InvalidInput(`the function's environment is not as template.yaml sets it: ${issues.join('; ')}`);
}
