import { type FunctionArn, formatFunctionArn, parseFunctionArn, resolveFunctionName } from '../domain/function-arn.ts';
import { recordStatuses } from '../domain/record.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { WrongUse } from './exit-code.ts';
import { safe } from './printing.ts';
import type { OpenSight } from './sight.ts';

/** As many ARNs of functions of the same name are told. */
const mostTold = 10;

/**
 * The ARN of the function that a person means: by its name, in the caller's account and region, or by its ARN.
 * @throws {WrongUse} for what is neither.
 */
export function readFunctionName(
  text: string,
  home: Pick<OpenSight['connection'], 'partition' | 'region' | 'accountId'>,
) {
  const arn = resolveFunctionName(text, home);
  if (arn) return arn;
  throw new WrongUse(
    `${JSON.stringify(safe(text))} is neither a name nor an ARN of a function: such as orders, or ` +
      `arn:${home.partition}:lambda:${home.region}:${home.accountId}:function:orders`,
  );
}

/** What the records know of functions of a name. */
export interface NamesakesOnRecord {
  /** ARNs of others of this name. */
  readonly others: readonly string[];
  /** Whether the function itself was deleted. */
  readonly isDeleted: boolean;
}

/** Looks for functions of the same name in the records. */
export async function findNamesakes(
  arn: FunctionArn,
  records: Pick<NonNullable<OpenSight['records']>, 'withStatus'>,
): Promise<NamesakesOnRecord> {
  const functionArn = formatFunctionArn(arn);
  const others: string[] = [];
  let isDeleted = false;
  for (const status of recordStatuses)
    for await (const record of records.withStatus(status)) {
      if (record.functionArn === functionArn) isDeleted ||= status === 'deleted';
      else if (status !== 'deleted' && parseFunctionArn(record.functionArn)?.functionName === arn.functionName)
        others.push(record.functionArn);
    }
  return { others, isDeleted };
}

/** Some ARNs, and whether there are more. */
export function listArns(arns: readonly string[]): string {
  return `${arns.slice(0, mostTold).map(safe).join(', ')}${arns.length > mostTold ? ', …' : ''}`;
}

/**
 * Reads the function that a person means.
 * @throws {WrongUse} where there is no such function; it names those of this name that the records know elsewhere.
 */
export async function findFunction(
  text: string,
  { connection, functions, records }: Pick<OpenSight, 'connection' | 'functions' | 'records'>,
): Promise<Snapshot> {
  const arn = readFunctionName(text, connection);
  const snapshot = await functions.read(arn);
  if (snapshot) return snapshot;
  const where = `in account ${arn.accountId}, ${arn.region}`;
  const { others, isDeleted } = records ? await findNamesakes(arn, records) : { others: [], isDeleted: false };
  if (others.length > 1)
    throw new WrongUse(
      `there is no function ${arn.functionName} ${where}, and the records know ${others.length} of this name elsewhere; ` +
        `give the ARN of the one that you mean: ${listArns(others)}`,
    );
  if (others.length === 1)
    throw new WrongUse(
      `there is no function ${arn.functionName} ${where}; the records know one elsewhere: give its ARN, ${listArns(others)}`,
    );
  throw new WrongUse(
    `there is no function ${arn.functionName} ${where}${isDeleted ? ' any more' : ''}: check its name, or give --region, --profile or its ARN`,
  );
}
