import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createDynamoDbRecords } from '../aws/dynamodb-records.ts';
import { LayerwardError } from '../domain/errors.ts';
import { explainFailure } from './aws-failure.ts';
import { type Connection, connect } from './connection.ts';
import { type ExitCode, exitCode, WrongUse } from './exit-code.ts';
import { print, printJson, tell } from './printing.ts';
import { askPerson } from './questions.ts';
import type { UninstallOptions } from './uninstall.ts';
import { type Attached, findAttached } from './uninstall-attached.ts';
import { followDeletion } from './uninstall-follow.ts';
import { createStatusLine } from './uninstall-progress.ts';
import { type DoomedStack, deleteStack, describeStack, physicalIdOf } from './uninstall-stack.ts';
import { type Ending, endText, planText, progressText, releasedCount, type Uninstallation } from './uninstall-words.ts';

/** The stack is not there, or AWS would not delete it as it is. */
class StackNotDeletable extends LayerwardError {
  override readonly name = 'StackNotDeletable';
  readonly code = 'stack-not-deletable';
  readonly retryable = false;
}

/**
 * Says what will happen, asks, deletes the stack, and watches it.
 * @throws {StackNotDeletable} {@link WrongUse} {@link AwsUnreachable}
 */
export async function runUninstall(options: UninstallOptions): Promise<ExitCode> {
  const say = options.json ? tell : print;
  const connection = await connect({ ...options, memberRole: '' });
  const client = connection.client((given) => new CloudFormationClient(given));
  const explained = (error: unknown) => explainFailure(error, { ...options, region: connection.region });
  const stack = await findStack(client, options.stack, connection).catch((error: unknown) => {
    throw explained(error);
  });
  const tableName = stack.outputs['RecordsTableName'];
  const records =
    tableName === undefined
      ? undefined
      : createDynamoDbRecords(
          connection.client((given) => new DynamoDBClient(given)),
          tableName,
        );
  const uninstallation: Uninstallation = {
    stack: { name: stack.name, id: stack.id, accountId: connection.accountId, region: connection.region },
    releasesFunctions: stack.parameters['ReleaseOnDelete'] !== 'false',
    attached: await findAttached(records),
    stays: await whatStays(client, stack),
  };
  say(planText(uninstallation));

  if (stack.status === 'DELETE_IN_PROGRESS') say('It is being deleted already.');
  else if (stack.status !== 'DELETE_COMPLETE') {
    await confirm(stack.name, options);
    await deleteStack(client, stack.id).catch((error: unknown) => {
      throw explained(error);
    });
  }
  const { releasesFunctions, attached } = uninstallation;
  const line = createStatusLine(options.json ? process.stderr : process.stdout);
  const onProgress = (status: string, left: Attached) => line.show(progressText(status, left, releasesFunctions));
  if (stack.status !== 'DELETE_COMPLETE') onProgress('DELETE_IN_PROGRESS', attached);
  const ending = await followDeletion({ client, stackId: stack.id, records, releasesFunctions, onProgress })
    .catch((error: unknown) => {
      throw new StackNotDeletable(
        `${explained(error).message}; the deletion goes on by itself: layerward uninstall --stack ${stack.id} watches it again`,
        { cause: error },
      );
    })
    .finally(() => line.end());
  report(uninstallation, ending, options);
  return codeFor(ending);
}

/** @throws {StackNotDeletable} {@link WrongUse} */
async function findStack(client: CloudFormationClient, name: string, connection: Connection): Promise<DoomedStack> {
  const { accountId, region } = connection;
  const stack = await describeStack(client, name);
  if (!stack)
    throw new StackNotDeletable(
      `there is no stack ${name} in account ${accountId}, ${region}: give --stack, --region or --profile for where it is`,
    );
  if (stack.parameters['ReleaseOnDelete'] === undefined)
    throw new WrongUse(`the stack ${stack.name} is not Layerward's: it has no parameter ReleaseOnDelete`);
  if (stack.isProtected)
    throw new StackNotDeletable(
      `the stack ${stack.name} is protected from being deleted: aws cloudformation update-termination-protection ` +
        `--region ${region} --stack-name ${stack.name} --no-enable-termination-protection lets it go`,
    );
  return stack;
}

async function whatStays(client: CloudFormationClient, stack: DoomedStack): Promise<Uninstallation['stays']> {
  const { outputs, parameters } = stack;
  const hasTrail = parameters['CreateOrganizationTrail'] === 'true';
  return [
    { what: 'the table of records', name: outputs['RecordsTableName'] },
    { what: 'the dead-letter queue', name: outputs['DeadLetterQueueUrl'] },
    { what: 'the log of the release', name: await physicalIdOf(client, stack.id, 'DeploymentLogGroup') },
    ...(hasTrail
      ? [{ what: 'the bucket of the trail', name: await physicalIdOf(client, stack.id, 'TrailBucket') }]
      : []),
    { what: 'your secrets', name: undefined },
    { what: 'the tags on the functions', name: undefined },
  ];
}

/** @throws {WrongUse} unless the person has typed the stack's name, or said `--yes`. */
async function confirm(name: string, { yes, json }: UninstallOptions): Promise<void> {
  if (yes) return;
  const output = json ? process.stderr : process.stdout;
  if (!process.stdin.isTTY || !output.isTTY)
    throw new WrongUse('nothing was deleted: there is no terminal to ask on, so say --yes');
  const asker = askPerson(process.stdin, output, 'nothing was deleted');
  try {
    const answer = await asker.ask({ text: `To delete it, type the stack's name, ${name}` });
    if (answer !== name) throw new WrongUse(`nothing was deleted: that was not ${name}`);
  } finally {
    asker.close();
  }
}

function report(uninstallation: Uninstallation, ending: Ending, { json }: UninstallOptions): void {
  if (!json) {
    if (ending.failure) tell(endText(uninstallation, ending));
    else print(endText(uninstallation, ending));
    return;
  }
  const { stack, releasesFunctions, attached, stays } = uninstallation;
  printJson({
    stack,
    status: ending.status,
    releasesFunctions,
    attached: 'functions' in attached ? attached.functions.length : null,
    released: releasedCount(uninstallation, ending) ?? null,
    left: 'functions' in ending.left ? ending.left.functions : null,
    stays: stays.flatMap(({ what, name }) => (name === undefined ? [] : [{ what, name }])),
    ...(ending.failure ? { failure: ending.failure } : {}),
  });
}

function codeFor({ failure, left }: Ending): ExitCode {
  if (failure || 'unknown' in left) return exitCode.failed;
  return left.functions.length > 0 ? exitCode.found : exitCode.done;
}
