/** An error as an SDK's client throws it: AWS's own, or one of the way there, which has no status. */
export class AwsRefusal extends Error {
  override readonly name: string;
  readonly $metadata: { readonly httpStatusCode?: number; attempts?: number };
  readonly $response: { readonly headers: Readonly<Record<string, string>> };

  constructor(
    name: string,
    status: number | undefined,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = name;
    this.$metadata = status === undefined ? {} : { httpStatusCode: status };
    this.$response = { headers };
  }
}

/** Whether an SDK's client tries again by itself. */
export function isTriedAgain(error: unknown): boolean {
  if (!(error instanceof AwsRefusal)) return false;
  const { httpStatusCode: status } = error.$metadata;
  return status === undefined || status >= 500 || status === 429 || error.name === 'ThrottlingException';
}
