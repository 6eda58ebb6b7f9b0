import type * as AppConfig from '@aws-sdk/client-appconfigdata';
import type * as DynamoDb from '@aws-sdk/client-dynamodb';
import type * as EventBridge from '@aws-sdk/client-eventbridge';
import type * as Lambda from '@aws-sdk/client-lambda';
import type * as Organizations from '@aws-sdk/client-organizations';
import type * as Tagging from '@aws-sdk/client-resource-groups-tagging-api';
import type * as SecretsManager from '@aws-sdk/client-secrets-manager';
import type * as Sns from '@aws-sdk/client-sns';
import type * as Sqs from '@aws-sdk/client-sqs';
import type * as Sts from '@aws-sdk/client-sts';
import { type AppConfigModel, getSecretValue } from './configuration-model.ts';
import type { Secrets } from './expectation.ts';
import type { LambdaModel, Place } from './lambda-model.ts';
import type { Network, Service } from './network.ts';
import type { Notices } from './notices.ts';
import { hubAccountId, type OrganizationModel } from './organization-model.ts';
import type { QueueModel } from './queue-model.ts';
import type { RecordsWatch } from './records-watch.ts';
import type { Run } from './run.ts';
import { InvariantViolated } from './story.ts';

/** All of AWS that Layerward calls. */
export interface Aws {
  /** A call as it leaves the SDK. @throws {AwsRefusal} */
  call(run: Run, service: Service, command: string, input: object, place: Place | undefined): Promise<object>;
}

/** The models that AWS is made of. */
export interface AwsParts {
  readonly now: () => number;
  readonly lambda: LambdaModel;
  readonly dynamoDb: RecordsWatch;
  readonly queue: QueueModel;
  readonly notices: Notices;
  readonly appConfig: AppConfigModel;
  readonly organization: OrganizationModel;
  readonly secrets: () => Secrets;
  /** Sees each call as it arrives. */
  readonly arrived: (command: string, input: object) => void;
  /** A run has seen a function as it is. */
  readonly looked: (functionArn: string, run: Run) => void;
  /** Something happened that must never happen. */
  readonly violated: (violation: Error) => void;
}

/** What the commands of each service take. */
interface Inputs {
  GetFunctionCommand: Lambda.GetFunctionCommandInput;
  UpdateFunctionConfigurationCommand: Lambda.UpdateFunctionConfigurationCommandInput;
  ListFunctionsCommand: Lambda.ListFunctionsCommandInput;
  GetAccountSettingsCommand: Lambda.GetAccountSettingsCommandInput;
  GetResourcesCommand: Tagging.GetResourcesCommandInput;
  AssumeRoleCommand: Sts.AssumeRoleCommandInput;
  GetItemCommand: DynamoDb.GetItemCommandInput;
  PutItemCommand: DynamoDb.PutItemCommandInput;
  DeleteItemCommand: DynamoDb.DeleteItemCommandInput;
  UpdateItemCommand: DynamoDb.UpdateItemCommandInput;
  QueryCommand: DynamoDb.QueryCommandInput;
  SendMessageCommand: Sqs.SendMessageCommandInput;
  SendMessageBatchCommand: Sqs.SendMessageBatchCommandInput;
  PublishCommand: Sns.PublishCommandInput;
  PutEventsCommand: EventBridge.PutEventsCommandInput;
  StartConfigurationSessionCommand: AppConfig.StartConfigurationSessionCommandInput;
  GetLatestConfigurationCommand: AppConfig.GetLatestConfigurationCommandInput;
  GetSecretValueCommand: SecretsManager.GetSecretValueCommandInput;
  DescribeOrganizationCommand: Organizations.DescribeOrganizationCommandInput;
  ListRootsCommand: Organizations.ListRootsCommandInput;
  ListOrganizationalUnitsForParentCommand: Organizations.ListOrganizationalUnitsForParentCommandInput;
  ListAccountsForParentCommand: Organizations.ListAccountsForParentCommandInput;
}

/** The place of a call for those that have none of their own: the hub's. */
const home: Place = { accountId: hubAccountId, region: 'us-east-1' };

/** Puts AWS together; every call goes through the network, and no credential leaves but to its function. */
export function createAws(network: Network, parts: AwsParts): Aws {
  const { lambda, dynamoDb, queue, notices, appConfig, organization } = parts;
  const performed: {
    readonly [Command in keyof Inputs]: (input: Inputs[Command], run: Run, place: Place, sentAt: number) => object;
  } = {
    GetFunctionCommand(input, run) {
      const answer = lambda.getFunction(input);
      parts.looked(input.FunctionName ?? '', run);
      return answer;
    },
    UpdateFunctionConfigurationCommand: (input) => lambda.updateFunctionConfiguration(input),
    ListFunctionsCommand: (input, _, place) => lambda.listFunctions(place, input),
    GetAccountSettingsCommand: (_, __, place) => ({
      AccountUsage: { FunctionCount: lambda.countFunctions(place) },
      $metadata: {},
    }),
    GetResourcesCommand: (input, _, place) => lambda.getResources(place, input),
    AssumeRoleCommand: (input) => organization.assumeRole(input),
    GetItemCommand: (input, run) => dynamoDb.getItem(input, run),
    PutItemCommand: (input, run) => dynamoDb.putItem(input, run),
    DeleteItemCommand: (input, run) => dynamoDb.deleteItem(input, run),
    UpdateItemCommand: (input) => dynamoDb.updateItem(input),
    QueryCommand: (input) => dynamoDb.query(input),
    SendMessageCommand: (input) => queue.sendMessage(input),
    SendMessageBatchCommand: (input) => queue.sendMessageBatch(input),
    PublishCommand: (input, run, _, sentAt) => notices.publish(input, run, sentAt),
    PutEventsCommand: (input, run, _, sentAt) => notices.putEvents(input, run, sentAt),
    StartConfigurationSessionCommand: () => appConfig.startConfigurationSession(),
    GetLatestConfigurationCommand: (input) => appConfig.getLatestConfiguration(input),
    GetSecretValueCommand: (input) => getSecretValue(input, parts.secrets()[input.SecretId ?? '']),
    DescribeOrganizationCommand: () => organization.describeOrganization(),
    ListRootsCommand: () => organization.listRoots(),
    ListOrganizationalUnitsForParentCommand: (input) => organization.listUnits(input),
    ListAccountsForParentCommand: (input) => organization.listAccounts(input),
  };
  const isKnown = (command: string): command is keyof Inputs => Object.hasOwn(performed, command);

  return {
    async call(run, service, command, input, place) {
      if (!isKnown(command)) throw new Error(`the simulation does not know ${service} ${command}`);
      if (place) await run.environment.enter(place);
      const subject = subjectOf(input);
      // What a command takes is what the SDK was given with it.
      const perform = performed[command] as (input: object, run: Run, place: Place, sentAt: number) => object;
      const sentAt = parts.now();
      return network.send(run, {
        service,
        command: command.replace(/Command$/, ''),
        subject,
        attempts: service === 'Lambda' ? 1 : 3,
        effect() {
          try {
            checkCredentials(command, input, subject);
            parts.arrived(command, input);
            if (place && place.accountId !== hubAccountId) organization.demandEntry(place.accountId);
            return perform(input, run, place ?? home, sentAt);
          } catch (error) {
            if (error instanceof InvariantViolated) parts.violated(error);
            throw error;
          }
        },
      });
    },
  };
}

/** No credential leaves, but in an update of a function. */
function checkCredentials(command: string, input: object, subject: string): void {
  if (command === 'UpdateFunctionConfigurationCommand' || command === 'GetFunctionCommand') return;
  if (holdsCredential(JSON.stringify(input)))
    throw new InvariantViolated('credentials', subject, `a credential is in what ${command} sends`);
}

/** Whether a text holds one of the simulation's credentials. */
export function holdsCredential(text: string): boolean {
  return text.includes('planted-');
}

/** What a call is about, so that what goes wrong can be named by it. */
function subjectOf(input: object): string {
  const read = (value: unknown, ...path: string[]): unknown =>
    path.reduce<unknown>(
      (inner, name) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined),
      value,
    );
  const subject =
    read(input, 'FunctionName') ??
    read(input, 'Key', 'pk', 'S') ??
    read(input, 'Item', 'pk', 'S') ??
    read(input, 'MessageAttributes', 'functionArn', 'StringValue') ??
    '';
  return String(subject).replace(/^turn#/, '');
}
