import type { FunctionArn } from './function-arn.ts';

/** What a function's environment says, or that it could not be read (`Environment.Error` in AWS's answer). */
export type Environment =
  | { readonly readable: true; readonly variables: Readonly<Record<string, string>> }
  | { readonly readable: false; readonly errorCode: string };

/** What a function's tags say, or that they could not be read (`TagsError`, or no `Tags` where some must be). */
export type Tags =
  | { readonly readable: true; readonly values: Readonly<Record<string, string>> }
  | { readonly readable: false; readonly errorCode: string };

/** What one `GetFunction` said of a function's `$LATEST`: configuration, tags, revision. */
export interface Snapshot {
  readonly arn: FunctionArn;
  readonly packageType: 'Zip' | 'Image';
  /** AWS's name, such as `python3.8`; absent for container images. */
  readonly runtime: string | undefined;
  readonly architecture: string;
  /** Absent for container images. */
  readonly handler: string | undefined;
  /** ARNs of the attached layer versions, in their order. */
  readonly layers: readonly string[];
  readonly environment: Environment;
  readonly tags: Tags;
  /** AWS's `State`; absent where AWS leaves it out. */
  readonly state: string | undefined;
  /** AWS's `LastUpdateStatus`. */
  readonly lastUpdateStatus: string | undefined;
  /** AWS's words about the last update, such as why it failed. */
  readonly lastUpdateStatusReason: string | undefined;
  readonly revisionId: string;
  /** Set where the function is a Lambda\@Edge replica: the ARN of its master. */
  readonly masterArn: string | undefined;
}
