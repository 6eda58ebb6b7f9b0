import type { OrderedIndex } from './ordered-index.ts';

/** A layer version as a function refers to it. Sizes in bytes. */
export interface AttachedLayer {
  readonly Arn: string;
  readonly CodeSize: number;
  readonly UncompressedCodeSize: number;
}

/** The settings of one version of a function, in the API's own names; absent members were never set, or were emptied. */
export interface FunctionSettings {
  readonly Runtime?: string | undefined;
  readonly Role: string;
  readonly Handler?: string | undefined;
  readonly Description: string;
  readonly Timeout: number;
  readonly MemorySize: number;
  readonly PackageType: 'Zip' | 'Image';
  readonly Architectures: readonly string[];
  /** In the order in which they were sent. */
  readonly Variables: Readonly<Record<string, string>>;
  readonly KMSKeyArn?: string | undefined;
  readonly Layers: readonly AttachedLayer[];
  readonly VpcConfig?: unknown;
  readonly DeadLetterConfig?: unknown;
  readonly TracingConfig: { readonly Mode: string };
  readonly EphemeralStorage: { readonly Size: number };
  readonly SnapStart: { readonly ApplyOn: string };
  readonly LoggingConfig: Readonly<Record<string, unknown>>;
  readonly FileSystemConfigs: readonly unknown[];
  readonly ImageConfig?: unknown;
}

/** A deployment package; its bytes are measured, hashed and forgotten. */
export interface CodePackage {
  /** Base64 for packages, hex for images, as AWS shows them. */
  readonly sha256: string;
  readonly size: number;
  readonly imageUri?: string | undefined;
}

/** `State` and `LastUpdateStatus` with their reasons, as the API tells them. */
export interface Lifecycle {
  readonly State: 'Pending' | 'Active' | 'Failed';
  readonly StateReason?: string;
  readonly StateReasonCode?: string;
  readonly LastUpdateStatus?: 'Successful' | 'Failed' | 'InProgress';
  readonly LastUpdateStatusReason?: string;
  readonly LastUpdateStatusReasonCode?: string;
}

/** `$LATEST`, or a published version. Never changed in place: a change is another value in the same slot. */
export interface FunctionVersion {
  readonly version: string;
  readonly settings: FunctionSettings;
  readonly code: CodePackage;
  readonly revisionId: string;
  /** As the API writes it: ISO 8601 with a numeric zone. */
  readonly lastModified: string;
  readonly lifecycle: Lifecycle;
}

export interface Alias {
  readonly name: string;
  readonly functionVersion: string;
  readonly description: string;
  readonly revisionId: string;
  readonly additionalVersionWeights?: Readonly<Record<string, number>> | undefined;
}

/** A resource-based policy. */
export interface ResourcePolicy {
  readonly revisionId: string;
  readonly statements: readonly PolicyStatement[];
}

export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Principal: '*' | { readonly AWS: string } | { readonly Service: string };
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface LambdaFunction {
  readonly name: string;
  /** Unqualified. */
  readonly arn: string;
  latest: FunctionVersion;
  readonly published: Map<string, FunctionVersion>;
  lastVersion: number;
  /** `$LATEST` as it was when `lastVersion` was published. */
  publishedFrom: FunctionVersion | undefined;
  readonly aliases: Map<string, Alias>;
  tags: ReadonlyMap<string, string>;
  /** How often the tags changed, for `aws.tag` events. */
  tagVersion: number;
  reservedConcurrency: number | undefined;
  /** By qualifier; the function's own policy under the empty string. */
  readonly policies: Map<string, ResourcePolicy>;
  codeSigningConfigArn: string | undefined;
}

export interface LayerVersion {
  readonly arn: string;
  readonly layerArn: string;
  readonly version: number;
  readonly description: string;
  readonly createdDate: string;
  readonly code: CodePackage;
  readonly compatibleRuntimes?: readonly string[] | undefined;
  readonly compatibleArchitectures?: readonly string[] | undefined;
  readonly licenseInfo?: string | undefined;
  readonly signed: boolean;
  policy: ResourcePolicy | undefined;
}

export interface Layer {
  readonly name: string;
  readonly arn: string;
  /** Numbers are never used twice, also after a deletion. */
  lastVersion: number;
  readonly versions: Map<number, LayerVersion>;
}

export interface CodeSigningConfig {
  readonly CodeSigningConfigId: string;
  readonly CodeSigningConfigArn: string;
  readonly Description?: string | undefined;
  readonly AllowedPublishers: { readonly SigningProfileVersionArns: readonly string[] };
  readonly CodeSigningPolicies: { readonly UntrustedArtifactOnDeployment: string };
  readonly LastModified: string;
}

/** All that Lambda holds for one account in one region. */
export interface Home {
  readonly account: string;
  readonly region: string;
  readonly functions: OrderedIndex<LambdaFunction>;
  /** The functions that have a tag, by ARN. */
  readonly tagged: Map<string, LambdaFunction>;
  readonly layers: OrderedIndex<Layer>;
  readonly codeSigningConfigs: OrderedIndex<CodeSigningConfig>;
  /** Bytes of all packages: of functions, of published versions, of layer versions. */
  codeBytes: number;
  reservedConcurrency: number;
}
