import { posix } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import * as z from 'zod';
import { WrongUse } from './exit-code.ts';
import type { ParameterValues } from './init-template.ts';

/** What `sam deploy` is to deploy, and where. */
export interface Deployment {
  readonly stackName: string;
  /** Absent where a file that is kept leaves it to the environment. */
  readonly region?: string | undefined;
  /** Only those that are not the default; absent where a file that is kept has them in yet another file. */
  readonly parameters?: ParameterValues | undefined;
}

/** What the build writes, and `sam deploy` has to take: `template.yaml` itself holds the example's policy. */
const builtTemplate = 'dist/template.yaml';

/** What `samconfig.toml` says of each parameter that it sets. */
const meanings: Readonly<Record<string, string>> = {
  AlertEmail: 'Who is told; the address has to confirm the subscription.',
  Regions: 'The regions to look after; in the first one, members have their role.',
  OrganizationId: 'The organization to look after …',
  OrganizationalUnitIds: '… and which of its units; r-… is all of it.',
  AdditionalAccountIds: 'Accounts that have a member stack deployed by hand.',
  DeployedIn: 'Whether this is a delegated administrator’s account, or the organization’s management account.',
  CreateOrganizationTrail: 'Makes a trail of management events for the whole organization.',
  RequireOptInTag: 'Only functions of members that have the opt-in tag can be changed at all.',
  SweepSchedule: 'How often to look for drift that no event told of.',
  CredentialSecretPrefix: 'The secrets that Layerward may read: those whose names start with this.',
};

/** The text of `samconfig.toml`. */
export function samConfigText({ stackName, region, parameters = {} }: Deployment): string {
  const overrides = Object.entries(parameters).flatMap(([name, value]) => [
    ...(meanings[name] === undefined ? [] : [`  # ${meanings[name]}`]),
    `  ${tomlString(`${name}="${value}"`)},`,
  ]);
  return [
    '# What sam deploy goes by. Change it as you like: docs/operations.md, “Deploying”.',
    'version = 0.1',
    '',
    '[default.deploy.parameters]',
    '# The stack, and where it is.',
    `stack_name = ${tomlString(stackName)}`,
    ...(region === undefined ? [] : [`region = ${tomlString(region)}`]),
    '# What npm run build makes of template.yaml and policy.yaml. Run it after each change of the policy.',
    `template_file = ${tomlString(builtTemplate)}`,
    '# The stack has IAM roles.',
    'capabilities = "CAPABILITY_IAM"',
    '# The functions’ code goes to a bucket that SAM makes once.',
    'resolve_s3 = true',
    '# Show what will change, and ask.',
    'confirm_changeset = true',
    '# The stack’s parameters that are not the default. All of them: docs/operations.md, “Settings”.',
    ...(overrides.length === 0
      ? [`# parameter_overrides = ['AlertEmail="you@example.com"']`]
      : ['parameter_overrides = [', ...overrides, ']']),
    '',
  ].join('\n');
}

/** A TOML string: a literal one where that is possible, since overrides have quotes of their own for SAM. */
function tomlString(text: string): string {
  return text.includes('"') && !text.includes("'") ? `'${text}'` : JSON.stringify(text);
}

const value = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const table = z.record(
  z.string(),
  z.union([value, z.array(value).transform((items) => items.filter((item) => item !== '').join(','))]),
);
const settings = z.object({
  stack_name: z.string().optional(),
  region: z.string().optional(),
  template_file: z.string().optional(),
  template: z.string().optional(),
  parameter_overrides: z.union([z.string(), table, z.array(z.union([z.string(), table]))]).optional(),
});
const section = z.object({ parameters: settings.optional() }).optional();
const samConfig = z.object({ default: z.object({ global: section, deploy: section }).optional() });

/**
 * Reads a `samconfig.toml` that is there already, and checks that `sam deploy` would deploy by it what the build writes.
 * @throws {WrongUse} that says what is wrong with it, and what to do.
 */
export function readSamConfig(text: string, fileName: string): Deployment {
  const kept = `${fileName} is there, and is kept`;
  const instead = 'correct it, or let --force write it anew';
  const parsed = samConfig.safeParse(readToml(text, fileName, instead));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new WrongUse(`${kept}, but ${issue?.path.join('.')} is not what SAM takes (${issue?.message}): ${instead}`);
  }
  const { global, deploy } = parsed.data.default ?? {};
  const { stack_name, region, template_file, template, parameter_overrides } = {
    ...global?.parameters,
    ...deploy?.parameters,
  };
  if (posix.normalize(template_file ?? template ?? '') !== builtTemplate)
    throw new WrongUse(
      `${kept}, but sam deploy would not deploy ${builtTemplate} by it, where your policy is: put template_file = ` +
        `"${builtTemplate}" under [default.deploy.parameters], or let --force write it anew`,
    );
  if (stack_name === undefined)
    throw new WrongUse(
      `${kept}, but names no stack: put stack_name = "layerward" under [default.deploy.parameters], or let --force ` +
        'write it anew',
    );
  return { stackName: stack_name, region, parameters: readOverrides(parameter_overrides) };
}

function readToml(text: string, fileName: string, instead: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason] = error.message.split('\n');
    throw new WrongUse(`${fileName}:${error.line}:${error.column}: ${reason}; ${instead}`, { cause: error });
  }
}

const overrideValue = String.raw`("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?:\\.|[^\s"\\])*)`;
/** As SAM reads them: all in the long form, or else all in the short one; a value with blanks is in quotes. */
const overrideForms = [
  new RegExp(`ParameterKey=([A-Za-z0-9]+),ParameterValue=${overrideValue}`, 'g'),
  new RegExp(`(?:^|\\s)([A-Za-z0-9]+)=${overrideValue}`, 'g'),
];

function readOverrides(given: z.output<typeof settings>['parameter_overrides']): ParameterValues | undefined {
  const parts = given === undefined ? [] : Array.isArray(given) ? given : [given];
  const isElsewhere = parts.some((part) =>
    typeof part === 'string' ? part.startsWith('file://') : Object.hasOwn(part, '$include'),
  );
  if (isElsewhere) return undefined;
  return Object.fromEntries(
    parts.flatMap((part) => (typeof part === 'string' ? overridesIn(part) : Object.entries(part))),
  );
}

function overridesIn(text: string): (readonly [name: string, value: string])[] {
  const found = overrideForms.map((form) => [...text.matchAll(form)]).find((matches) => matches.length > 0) ?? [];
  return found.map(([, name = '', value = '']) => [name, unquoted(value)]);
}

function unquoted(text: string): string {
  const inner = /^(["'])(.*)\1$/s.exec(text)?.[2] ?? text;
  return inner.replaceAll(/\\([ "'])/g, '$1');
}
