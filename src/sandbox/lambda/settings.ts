import * as z from 'zod';
import { createConstraints } from './constraints.ts';
import { checkVariableNames } from './environment.ts';
import { parseLayerVersionArn, quotedLayerVersionPattern } from './layer-name.ts';
import type { AttachedLayer, FunctionSettings } from './state.ts';

const strings = z.array(z.string());

/** The version-specific settings, as `CreateFunction` and `UpdateFunctionConfiguration` both take them. */
export const settingsShape = {
  Runtime: z.string().optional(),
  Role: z.string().optional(),
  Handler: z.string().optional(),
  Description: z.string().optional(),
  Timeout: z.int().optional(),
  MemorySize: z.int().optional(),
  Environment: z.object({ Variables: z.record(z.string(), z.string()).optional() }).optional(),
  KMSKeyArn: z.string().optional(),
  Layers: strings.optional(),
  VpcConfig: z
    .object({
      SubnetIds: strings.optional(),
      SecurityGroupIds: strings.optional(),
      Ipv6AllowedForDualStack: z.boolean().optional(),
    })
    .optional(),
  DeadLetterConfig: z.object({ TargetArn: z.string().optional() }).optional(),
  TracingConfig: z.object({ Mode: z.string().optional() }).optional(),
  EphemeralStorage: z.object({ Size: z.int() }).optional(),
  SnapStart: z.object({ ApplyOn: z.string().optional() }).optional(),
  LoggingConfig: z
    .object({
      LogFormat: z.string().optional(),
      ApplicationLogLevel: z.string().optional(),
      SystemLogLevel: z.string().optional(),
      LogGroup: z.string().optional(),
    })
    .optional(),
  FileSystemConfigs: z.array(z.object({ Arn: z.string(), LocalMountPath: z.string() })).optional(),
  ImageConfig: z
    .object({
      EntryPoint: strings.optional(),
      Command: strings.optional(),
      WorkingDirectory: z.string().optional(),
    })
    .optional(),
};

const settingsInput = z.object(settingsShape);
export type SettingsInput = z.infer<typeof settingsInput>;

const rolePattern = 'arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+';
const role = new RegExp(`^${rolePattern}$`);

/** @throws AwsError `ValidationException` for members out of the bounds that the API model declares. */
export function requireSettingsInBounds(input: SettingsInput): void {
  const constraints = createConstraints();
  constraints.pattern('role', input.Role, role, rolePattern);
  constraints.length('handler', input.Handler, 0, 128);
  constraints.pattern('handler', input.Handler, /^\S+$/, '[^\\s]+');
  constraints.length('description', input.Description, 0, 256);
  constraints.range('timeout', input.Timeout, 1, 900);
  constraints.range('memorySize', input.MemorySize, 128, 10_240);
  constraints.range('ephemeralStorage.size', input.EphemeralStorage?.Size, 512, 10_240);
  constraints.oneOf('tracingConfig.mode', input.TracingConfig?.Mode, ['Active', 'PassThrough']);
  constraints.oneOf('snapStart.applyOn', input.SnapStart?.ApplyOn, ['PublishedVersions', 'None']);
  constraints.oneOf('loggingConfig.logFormat', input.LoggingConfig?.LogFormat, ['Text', 'JSON']);
  if (input.Environment?.Variables !== undefined) checkVariableNames(input.Environment.Variables, constraints);
  if (input.Layers?.some((arn) => parseLayerVersionArn(arn) === undefined)) {
    constraints.violated(
      'layers',
      `[${input.Layers.join(', ')}]`,
      'Member must satisfy constraint: [Member must have length less than or equal to 2048, Member must have length ' +
        'greater than or equal to 1, Member must satisfy regular expression pattern: ' +
        `${quotedLayerVersionPattern}, Member must not be null]`,
    );
  }
  constraints.settle();
}

/** What a new function has where the request is silent. */
export function defaultSettings(name: string, role: string, packageType: 'Zip' | 'Image'): FunctionSettings {
  return {
    Role: role,
    Description: '',
    Timeout: 3,
    MemorySize: 128,
    PackageType: packageType,
    Architectures: ['x86_64'],
    Variables: {},
    Layers: [],
    TracingConfig: { Mode: 'PassThrough' },
    EphemeralStorage: { Size: 512 },
    SnapStart: { ApplyOn: 'None' },
    LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${name}` },
    FileSystemConfigs: [],
  };
}

/**
 * The settings after a request. Only what was sent changes; `Layers`, `Environment.Variables` and `LoggingConfig` are
 * each replaced whole, and an `Environment` without `Variables` changes nothing (both measured on AWS by others).
 * `layers` are the sent layers, looked up.
 */
export function applySettings(
  name: string,
  before: FunctionSettings,
  input: SettingsInput,
  layers: readonly AttachedLayer[] | undefined,
): FunctionSettings {
  return {
    ...before,
    Runtime: input.Runtime ?? before.Runtime,
    Role: input.Role ?? before.Role,
    Handler: input.Handler ?? before.Handler,
    Description: input.Description ?? before.Description,
    Timeout: input.Timeout ?? before.Timeout,
    MemorySize: input.MemorySize ?? before.MemorySize,
    Variables: input.Environment?.Variables ?? before.Variables,
    KMSKeyArn: emptied(input.KMSKeyArn, before.KMSKeyArn),
    Layers: layers ?? before.Layers,
    VpcConfig: input.VpcConfig === undefined ? before.VpcConfig : vpcConfig(input.VpcConfig),
    DeadLetterConfig:
      input.DeadLetterConfig === undefined
        ? before.DeadLetterConfig
        : (input.DeadLetterConfig.TargetArn ?? '') === ''
          ? undefined
          : input.DeadLetterConfig,
    TracingConfig: { Mode: input.TracingConfig?.Mode ?? before.TracingConfig.Mode },
    EphemeralStorage: input.EphemeralStorage ?? before.EphemeralStorage,
    SnapStart: { ApplyOn: input.SnapStart?.ApplyOn ?? before.SnapStart.ApplyOn },
    LoggingConfig:
      input.LoggingConfig === undefined
        ? before.LoggingConfig
        : { LogFormat: 'Text', LogGroup: `/aws/lambda/${name}`, ...input.LoggingConfig },
    FileSystemConfigs: input.FileSystemConfigs ?? before.FileSystemConfigs,
    ImageConfig: input.ImageConfig === undefined ? before.ImageConfig : emptyToNothing(input.ImageConfig),
  };
}

function emptied(sent: string | undefined, before: string | undefined): string | undefined {
  if (sent === undefined) return before;
  return sent === '' ? undefined : sent;
}

function emptyToNothing(value: object): object | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}

function vpcConfig(sent: NonNullable<SettingsInput['VpcConfig']>): unknown {
  const subnets = sent.SubnetIds ?? [];
  const groups = sent.SecurityGroupIds ?? [];
  if (subnets.length === 0 && groups.length === 0) return undefined;
  return {
    SubnetIds: subnets,
    SecurityGroupIds: groups,
    VpcId: 'vpc-0123456789abcdef0',
    Ipv6AllowedForDualStack: sent.Ipv6AllowedForDualStack ?? false,
  };
}
