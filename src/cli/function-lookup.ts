import { type FunctionArn, formatFunctionArn, parseFunctionArn } from '../domain/function-arn.ts';
import { recordStatuses } from '../domain/record.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { WrongUse } from './exit-code.ts';
import { safe } from './printing.ts';
import type { OpenSight } from './sight.ts';

/** As many ARNs of functions of the same name are told. */
const mostTold = 10;

/**
 * Reads the function that a person means: by its name, in the caller's account and region, or by its ARN.
 * @throws {WrongUse} where there is no such function; it names those of this name that the records know elsewhere.
 */
export async function findFunction(
  text: string,
  { connection, functions, records }: Pick<OpenSight, 'connection' | 'functions' | 'records'>,
): Promise<Snapshot> {
  const arn = readName(text, connection);
  if (!arn)
    throw new WrongUse(
      `${JSON.stringify(safe(text))} is neither a name nor an ARN of a function: such as orders, or ` +
        `arn:${connection.partition}:lambda:${connection.region}:${connection.accountId}:function:orders`,
    );
  const snapshot = await functions.read(arn);
  if (snapshot) return snapshot;
  const functionArn = formatFunctionArn(arn);
  const where = `in account ${arn.accountId}, ${arn.region}`;
  const others: string[] = [];
  let isDeleted = false;
  if (records)
    for (const status of recordStatuses)
      for await (const record of records.withStatus(status)) {
        if (record.functionArn === functionArn) isDeleted = true;
        else if (status !== 'deleted' && parseFunctionArn(record.functionArn)?.functionName === arn.functionName)
          others.push(record.functionArn);
      }
  if (others.length > 1)
    throw new WrongUse(
      `there is no function ${arn.functionName} ${where}, and the records know ${others.length} of this name elsewhere; ` +
        `give the ARN of the one that you mean: ${others.slice(0, mostTold).map(safe).join(', ')}${others.length > mostTold ? ', …' : ''}`,
    );
  const [other] = others;
  if (other !== undefined)
    throw new WrongUse(
      `there is no function ${arn.functionName} ${where}; the records know one elsewhere: give its ARN, ${safe(other)}`,
    );
  throw new WrongUse(
    `there is no function ${arn.functionName} ${where}${isDeleted ? ' any more' : ''}: see its name, or give --region, --profile or its ARN`,
  );
}

function readName(text: string, { partition, region, accountId }: OpenSight['connection']): FunctionArn | undefined {
  return text.startsWith('arn:')
    ? parseFunctionArn(text)
    : parseFunctionArn(formatFunctionArn({ partition, region, accountId, functionName: text }));
}
