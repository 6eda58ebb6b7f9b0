/**
 * The seam between the sandbox's one HTTP endpoint and the AWS services behind it: every service is a function from an
 * {@link ApiRequest} to an {@link ApiResponse}, so that each can be driven over HTTP, or in the same process.
 */

/** Who signed a request, as CloudTrail would write it down. */
export interface Caller {
  readonly accountId: string;
  readonly accessKeyId: string;
  /** CloudTrail's `userIdentity`, ready to be put into a record. */
  readonly userIdentity: Readonly<Record<string, unknown>>;
}

/** One call of an AWS API, after the endpoint has read who calls, which service, and in which region. */
export interface ApiRequest {
  /** The signing name of the service: `lambda`, `events`, `sqs`, … */
  readonly service: string;
  readonly region: string;
  readonly caller: Caller;
  readonly method: string;
  /** Path without the query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What goes back on the wire. */
export interface ApiResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** A service of the sandbox. Throws {@link AwsError} for every refusal; the endpoint renders it for the protocol. */
export type ApiService = (request: ApiRequest) => ApiResponse | Promise<ApiResponse>;

/** An AWS refusal: AWS's own error type, message and HTTP status. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  readonly status: number;
  /** Further response headers, such as `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Further members of the error's body, such as Lambda's `Type` or `Reason`. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    status: number,
    message: string,
    more: { headers?: Record<string, string>; members?: Record<string, unknown> } = {},
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.headers = more.headers ?? {};
    this.members = more.members ?? {};
  }
}

/** Time as the sandbox sees it, so that a test or a simulation can bring its own. */
export interface Clock {
  now(): Date;
  /** Runs `task` once after `milliseconds`; the returned function cancels it. */
  after(milliseconds: number, task: () => void): () => void;
}

/** A CloudTrail record, complete, as the control plane writes one for every call, refused calls included. */
export type CloudTrailRecord = Readonly<Record<string, unknown>> & {
  readonly eventID: string;
  readonly eventName: string;
  readonly eventSource: string;
  readonly awsRegion: string;
  readonly recipientAccountId: string;
};
