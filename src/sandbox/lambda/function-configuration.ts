import { createHash } from 'node:crypto';
import { functionArn } from './function-name.ts';
import { partitionOf } from './partition.ts';
import type { CodePackage, FunctionVersion, LambdaFunction } from './state.ts';

/** How a version is to be told. */
export interface Telling {
  readonly region: string;
  /** Qualifies the ARN; for an alias its name. */
  readonly qualifier?: string | undefined;
  /** KMS's words, when this caller can't decrypt the variables. */
  readonly environmentError?: string | undefined;
  readonly masterArn?: string | undefined;
}

/**
 * `FunctionConfiguration` as the API answers it. What was never set or was emptied (`Environment`, `Layers`, …) is
 * left out, so that a function whose additions are taken off answers as before them.
 */
export function functionConfiguration(
  target: LambdaFunction,
  version: FunctionVersion,
  telling: Telling,
): Record<string, unknown> {
  return {
    ...unchangingPart(target, version, telling),
    ...version.lifecycle,
    ...(version.settings.Runtime === undefined
      ? {}
      : { RuntimeVersionConfig: { RuntimeVersionArn: runtimeVersionArn(telling.region, version.settings.Runtime) } }),
  };
}

/** The same as lists tell it: without states and without `RuntimeVersionConfig`. */
export function listedConfiguration(
  target: LambdaFunction,
  version: FunctionVersion,
  telling: Telling,
): Record<string, unknown> {
  return unchangingPart(target, version, telling);
}

function unchangingPart(target: LambdaFunction, version: FunctionVersion, telling: Telling): Record<string, unknown> {
  const { settings } = version;
  return {
    FunctionName: target.name,
    FunctionArn: telling.qualifier === undefined ? target.arn : `${target.arn}:${telling.qualifier}`,
    ...present('Runtime', settings.Runtime),
    Role: settings.Role,
    ...present('Handler', settings.Handler),
    CodeSize: version.code.size,
    Description: settings.Description,
    Timeout: settings.Timeout,
    MemorySize: settings.MemorySize,
    LastModified: version.lastModified,
    CodeSha256: version.code.sha256,
    Version: version.version,
    ...present('VpcConfig', settings.VpcConfig),
    ...present('DeadLetterConfig', settings.DeadLetterConfig),
    ...environment(settings.Variables, telling.environmentError),
    ...present('KMSKeyArn', settings.KMSKeyArn),
    TracingConfig: settings.TracingConfig,
    ...present('MasterArn', telling.masterArn),
    RevisionId: version.revisionId,
    ...(settings.Layers.length === 0
      ? {}
      : { Layers: settings.Layers.map(({ Arn, CodeSize }) => ({ Arn, CodeSize })) }),
    ...(settings.FileSystemConfigs.length === 0 ? {} : { FileSystemConfigs: settings.FileSystemConfigs }),
    ...(settings.ImageConfig === undefined ? {} : { ImageConfigResponse: { ImageConfig: settings.ImageConfig } }),
    PackageType: settings.PackageType,
    Architectures: settings.Architectures,
    EphemeralStorage: settings.EphemeralStorage,
    SnapStart: { ApplyOn: settings.SnapStart.ApplyOn, OptimizationStatus: 'Off' },
    LoggingConfig: settings.LoggingConfig,
  };
}

function present(name: string, value: unknown): Record<string, unknown> {
  return value === undefined ? {} : { [name]: value };
}

function environment(variables: Readonly<Record<string, string>>, error: string | undefined): Record<string, unknown> {
  if (Object.keys(variables).length === 0) return {};
  if (error === undefined) return { Environment: { Variables: variables } };
  return { Environment: { Error: { ErrorCode: 'AccessDeniedException', Message: error } } };
}

const runtimeVersions = new Map<string, string>();

/** Made up, and always the same for a runtime in a region. */
function runtimeVersionArn(region: string, runtime: string): string {
  const key = `${region} ${runtime}`;
  let arn = runtimeVersions.get(key);
  if (arn === undefined) {
    const hash = createHash('sha256').update(runtime).digest('hex');
    arn = `arn:${partitionOf(region)}:lambda:${region}::runtime:${hash}`;
    runtimeVersions.set(key, arn);
  }
  return arn;
}

/** `Code` of `GetFunction`. The location looks presigned and leads nowhere: the sandbox keeps no code. */
export function codeLocation(
  home: { account: string; region: string },
  target: LambdaFunction,
  code: CodePackage,
): Record<string, unknown> {
  if (code.imageUri !== undefined) {
    const repository = code.imageUri.replace(/[:@][^/]*$/, '');
    return {
      RepositoryType: 'ECR',
      ImageUri: code.imageUri,
      ResolvedImageUri: `${repository}@sha256:${code.sha256}`,
    };
  }
  return { RepositoryType: 'S3', Location: presignedLocation('tasks', home, target.name, code) };
}

export function presignedLocation(
  bucket: 'tasks' | 'layers',
  home: { account: string; region: string },
  name: string,
  code: CodePackage,
): string {
  const key = createHash('sha256')
    .update(functionArn(home, name, code.sha256))
    .digest('hex');
  return (
    `https://awslambda-${home.region}-${bucket}.s3.${home.region}.amazonaws.com/snapshots/${home.account}/` +
    `${name}-${key.slice(0, 32)}?versionId=${key.slice(32, 48)}&X-Amz-Algorithm=AWS4-HMAC-SHA256` +
    `&X-Amz-Expires=600&X-Amz-SignedHeaders=host&X-Amz-Signature=${key}`
  );
}
