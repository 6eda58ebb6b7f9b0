import * as z from 'zod';

/** A Lambda function's ARN, taken apart; always the unqualified function, never a version or an alias of it. */
export interface FunctionArn {
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
  readonly functionName: string;
}

const functionArn =
  /^arn:(?<partition>aws(?:-cn|-us-gov|-eusc|-iso(?:-[a-z])?)?):lambda:(?<region>[a-z]{2,8}(?:-[a-z0-9]{1,16}){1,4}):(?<accountId>\d{12}):function:(?<functionName>[A-Za-z0-9_-]{1,140})(?::(?:\$LATEST|[A-Za-z0-9_-]{1,128}))?$/;

const functionArnParts = z.object({
  partition: z.string(),
  region: z.string(),
  accountId: z.string(),
  functionName: z.string(),
});

/**
 * Reads a function's ARN, qualified (`…:function:name:1`) or not; the qualifier is dropped, since only `$LATEST` can be
 * changed. Answers `undefined` for anything else: a layer, an event source mapping, a name, text.
 */
export function parseFunctionArn(text: string): FunctionArn | undefined {
  return functionArnParts.safeParse(functionArn.exec(text)?.groups).data;
}

/** Writes the unqualified ARN. */
export function formatFunctionArn(arn: FunctionArn): string {
  return `arn:${arn.partition}:lambda:${arn.region}:${arn.accountId}:function:${arn.functionName}`;
}

/**
 * Reads what CloudTrail calls `functionName`, which may be a name, a partial ARN (`111122223333:function:name`,
 * `function:name`) or a full ARN, each with or without a qualifier. Account, region and partition come from the ARN
 * where it has them, else from `home`, the account and region that the record was written in.
 */
export function resolveFunctionName(
  text: string,
  home: { readonly partition: string; readonly region: string; readonly accountId: string },
): FunctionArn | undefined {
  if (text.startsWith('arn:')) return parseFunctionArn(text);
  const parts =
    /^(?:(?<accountId>\d{12}):)?(?:function:)?(?<name>[A-Za-z0-9_-]{1,140})(?::(?:\$LATEST|[A-Za-z0-9_-]{1,128}))?$/.exec(
      text,
    )?.groups;
  if (!parts?.['name']) return undefined;
  const accountId = parts['accountId'] ?? home.accountId;
  // A record that names no account or region that exists must not come to an ARN that nothing can read again.
  return parseFunctionArn(formatFunctionArn({ ...home, accountId, functionName: parts['name'] }));
}
