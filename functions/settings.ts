import * as z from 'zod';
import { InvalidInput } from '../../src/domain/errors.ts';

const arns = z
  .string()
  .transform((list) => list.split(',').map((arn) => arn.trim()))
  .pipe(z.array(z.string().startsWith('arn:')).min(1));

/** Every environment variable that the function reads; template.yaml sets them, docs/operations.md lists them. */
const settings = z.object({
  LAYERWARD_TABLE_NAME: z.string().min(1),
  LAYERWARD_TOPIC_ARN: z.string().startsWith('arn:'),
  LAYERWARD_QUEUE_URL: z.url(),
  LAYERWARD_EVENT_BUS_NAME: z.string().min(1),
  LAYERWARD_APPCONFIG_APPLICATION: z.string().min(1),
  LAYERWARD_APPCONFIG_ENVIRONMENT: z.string().min(1),
  LAYERWARD_APPCONFIG_PROFILE: z.string().min(1),
  LAYERWARD_OWN_ROLE_ARNS: arns,
  LAYERWARD_OWN_FUNCTION_ARNS: arns,
  LAYERWARD_CALLS_PER_SECOND: z.coerce.number().positive().max(15).default(8),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

/** The function's settings. */
export type Settings = z.output<typeof settings>;

/**
 * Reads the settings once, at the start.
 * @throws {InvalidInput} that names every variable that is missing or wrong, all at once, without their values.
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const parsed = settings.safeParse(environment);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new InvalidInput(`the function's environment is not as template.yaml sets it: ${issues.join('; ')}`);
}
