/**
 * Which permissions an API call needs: the one place that says it. By service (its signing name) and call: the IAM
 * actions, each with the kind of resource that it is checked on (`resources.ts` finds them in the request).
 * https://docs.aws.amazon.com/service-authorization/latest/reference/
 */
export type Need = readonly [action: string, on: ResourceKind];

/** What an action is checked on. Where a request names none (`sent-layers` of a request without), nothing is needed. */
export type ResourceKind =
  | 'anything'
  | 'nothing'
  | 'function'
  | 'sent-function'
  | 'sent-function-with-tags'
  | 'tagged-resource'
  | 'sent-role'
  | 'sent-layers'
  | 'layer'
  | 'layer-version'
  | 'layer-version-by-arn'
  | 'code-signing-config'
  | 'table'
  | 'table-or-index'
  | 'tables'
  | 'queue'
  | 'named-queue'
  | 'topic'
  | 'rule'
  | 'bus'
  | 'buses-of-entries'
  | 'secret'
  | 'named-secret'
  | 'configuration'
  | 'configuration-of-token'
  | 'state-machine'
  | 'execution'
  | 'stack'
  | 'log-group';

const onFunction = (...actions: string[]): readonly Need[] => actions.map((name) => [`lambda:${name}`, 'function']);

export const PERMISSIONS: Readonly<Record<string, Readonly<Record<string, readonly Need[]>>>> = {
  lambda: {
    CreateFunction: [
      ['lambda:CreateFunction', 'sent-function'],
      ['iam:PassRole', 'sent-role'],
      ['lambda:GetLayerVersion', 'sent-layers'],
      ['lambda:TagResource', 'sent-function-with-tags'],
    ],
    // Whoever sends layers must be able to read each of them.
    UpdateFunctionConfiguration: [
      ['lambda:UpdateFunctionConfiguration', 'function'],
      ['iam:PassRole', 'sent-role'],
      ['lambda:GetLayerVersion', 'sent-layers'],
    ],
    // Its tags take lambda:ListTags too; without it the answer holds TagsError.
    GetFunction: onFunction('GetFunction'),
    GetFunctionConfiguration: onFunction('GetFunctionConfiguration'),
    UpdateFunctionCode: onFunction('UpdateFunctionCode'),
    DeleteFunction: onFunction('DeleteFunction'),
    Invoke: onFunction('InvokeFunction'),
    PublishVersion: onFunction('PublishVersion'),
    ListVersionsByFunction: onFunction('ListVersionsByFunction'),
    CreateAlias: onFunction('CreateAlias'),
    UpdateAlias: onFunction('UpdateAlias'),
    DeleteAlias: onFunction('DeleteAlias'),
    GetAlias: onFunction('GetAlias'),
    ListAliases: onFunction('ListAliases'),
    GetPolicy: onFunction('GetPolicy'),
    AddPermission: onFunction('AddPermission'),
    RemovePermission: onFunction('RemovePermission'),
    GetFunctionConcurrency: onFunction('GetFunctionConcurrency'),
    PutFunctionConcurrency: onFunction('PutFunctionConcurrency'),
    DeleteFunctionConcurrency: onFunction('DeleteFunctionConcurrency'),
    GetFunctionCodeSigningConfig: onFunction('GetFunctionCodeSigningConfig'),
    PutFunctionCodeSigningConfig: onFunction('PutFunctionCodeSigningConfig'),
    DeleteFunctionCodeSigningConfig: onFunction('DeleteFunctionCodeSigningConfig'),
    ListFunctions: [['lambda:ListFunctions', 'anything']],
    GetAccountSettings: [['lambda:GetAccountSettings', 'anything']],
    ListLayers: [['lambda:ListLayers', 'anything']],
    ListEventSourceMappings: [['lambda:ListEventSourceMappings', 'anything']],
    CreateCodeSigningConfig: [['lambda:CreateCodeSigningConfig', 'anything']],
    ListCodeSigningConfigs: [['lambda:ListCodeSigningConfigs', 'anything']],
    GetCodeSigningConfig: [['lambda:GetCodeSigningConfig', 'code-signing-config']],
    ListTags: [['lambda:ListTags', 'tagged-resource']],
    TagResource: [['lambda:TagResource', 'tagged-resource']],
    UntagResource: [['lambda:UntagResource', 'tagged-resource']],
    ListLayerVersions: [['lambda:ListLayerVersions', 'layer']],
    PublishLayerVersion: [['lambda:PublishLayerVersion', 'layer']],
    GetLayerVersion: [['lambda:GetLayerVersion', 'layer-version']],
    GetLayerVersionByArn: [['lambda:GetLayerVersion', 'layer-version-by-arn']],
    DeleteLayerVersion: [['lambda:DeleteLayerVersion', 'layer-version']],
    GetLayerVersionPolicy: [['lambda:GetLayerVersionPolicy', 'layer-version']],
    AddLayerVersionPermission: [['lambda:AddLayerVersionPermission', 'layer-version']],
    RemoveLayerVersionPermission: [['lambda:RemoveLayerVersionPermission', 'layer-version']],
  },
  dynamodb: {
    GetItem: [['dynamodb:GetItem', 'table']],
    PutItem: [['dynamodb:PutItem', 'table']],
    UpdateItem: [['dynamodb:UpdateItem', 'table']],
    DeleteItem: [['dynamodb:DeleteItem', 'table']],
    Query: [['dynamodb:Query', 'table-or-index']],
    Scan: [['dynamodb:Scan', 'table-or-index']],
    BatchGetItem: [['dynamodb:BatchGetItem', 'tables']],
    BatchWriteItem: [['dynamodb:BatchWriteItem', 'tables']],
    DescribeTable: [['dynamodb:DescribeTable', 'table']],
    CreateTable: [['dynamodb:CreateTable', 'table']],
    UpdateTable: [['dynamodb:UpdateTable', 'table']],
    DeleteTable: [['dynamodb:DeleteTable', 'table']],
    ListTables: [['dynamodb:ListTables', 'anything']],
    DescribeTimeToLive: [['dynamodb:DescribeTimeToLive', 'table']],
    UpdateTimeToLive: [['dynamodb:UpdateTimeToLive', 'table']],
    DescribeContinuousBackups: [['dynamodb:DescribeContinuousBackups', 'table']],
    UpdateContinuousBackups: [['dynamodb:UpdateContinuousBackups', 'table']],
  },
  sqs: {
    SendMessage: [['sqs:SendMessage', 'queue']],
    SendMessageBatch: [['sqs:SendMessage', 'queue']],
    ReceiveMessage: [['sqs:ReceiveMessage', 'queue']],
    DeleteMessage: [['sqs:DeleteMessage', 'queue']],
    DeleteMessageBatch: [['sqs:DeleteMessage', 'queue']],
    ChangeMessageVisibility: [['sqs:ChangeMessageVisibility', 'queue']],
    ChangeMessageVisibilityBatch: [['sqs:ChangeMessageVisibility', 'queue']],
    GetQueueAttributes: [['sqs:GetQueueAttributes', 'queue']],
    SetQueueAttributes: [['sqs:SetQueueAttributes', 'queue']],
    PurgeQueue: [['sqs:PurgeQueue', 'queue']],
    DeleteQueue: [['sqs:DeleteQueue', 'queue']],
    GetQueueUrl: [['sqs:GetQueueUrl', 'named-queue']],
    CreateQueue: [['sqs:CreateQueue', 'named-queue']],
    ListQueues: [['sqs:ListQueues', 'anything']],
  },
  sns: {
    Publish: [['sns:Publish', 'topic']],
    PublishBatch: [['sns:Publish', 'topic']],
    Subscribe: [['sns:Subscribe', 'topic']],
    GetTopicAttributes: [['sns:GetTopicAttributes', 'topic']],
    ListSubscriptionsByTopic: [['sns:ListSubscriptionsByTopic', 'topic']],
    ListTopics: [['sns:ListTopics', 'anything']],
  },
  events: {
    PutEvents: [['events:PutEvents', 'buses-of-entries']],
    PutRule: [['events:PutRule', 'rule']],
    DescribeRule: [['events:DescribeRule', 'rule']],
    DeleteRule: [['events:DeleteRule', 'rule']],
    EnableRule: [['events:EnableRule', 'rule']],
    DisableRule: [['events:DisableRule', 'rule']],
    PutTargets: [['events:PutTargets', 'rule']],
    RemoveTargets: [['events:RemoveTargets', 'rule']],
    ListTargetsByRule: [['events:ListTargetsByRule', 'rule']],
    ListRules: [['events:ListRules', 'anything']],
    TestEventPattern: [['events:TestEventPattern', 'anything']],
    ListEventBuses: [['events:ListEventBuses', 'anything']],
    CreateEventBus: [['events:CreateEventBus', 'bus']],
    DeleteEventBus: [['events:DeleteEventBus', 'bus']],
    DescribeEventBus: [['events:DescribeEventBus', 'bus']],
    PutPermission: [['events:PutPermission', 'bus']],
    RemovePermission: [['events:RemovePermission', 'bus']],
  },
  secretsmanager: {
    GetSecretValue: [['secretsmanager:GetSecretValue', 'secret']],
    DescribeSecret: [['secretsmanager:DescribeSecret', 'secret']],
    PutSecretValue: [['secretsmanager:PutSecretValue', 'secret']],
    UpdateSecret: [['secretsmanager:UpdateSecret', 'secret']],
    DeleteSecret: [['secretsmanager:DeleteSecret', 'secret']],
    RestoreSecret: [['secretsmanager:RestoreSecret', 'secret']],
    CreateSecret: [['secretsmanager:CreateSecret', 'named-secret']],
    ListSecrets: [['secretsmanager:ListSecrets', 'anything']],
  },
  appconfig: {
    StartConfigurationSession: [['appconfig:StartConfigurationSession', 'configuration']],
    GetLatestConfiguration: [['appconfig:GetLatestConfiguration', 'configuration-of-token']],
  },
  tagging: { GetResources: [['tag:GetResources', 'anything']] },
  organizations: Object.fromEntries(
    [
      'DescribeOrganization',
      'DescribeAccount',
      'ListAccounts',
      'ListAccountsForParent',
      'ListRoots',
      'ListOrganizationalUnitsForParent',
      'ListParents',
    ].map((name): [string, readonly Need[]] => [name, [[`organizations:${name}`, 'anything']]]),
  ),
  states: {
    StartExecution: [['states:StartExecution', 'state-machine']],
    ListExecutions: [['states:ListExecutions', 'state-machine']],
    DescribeStateMachine: [['states:DescribeStateMachine', 'state-machine']],
    DeleteStateMachine: [['states:DeleteStateMachine', 'state-machine']],
    CreateStateMachine: [['states:CreateStateMachine', 'anything']],
    ListStateMachines: [['states:ListStateMachines', 'anything']],
    DescribeExecution: [['states:DescribeExecution', 'execution']],
    GetExecutionHistory: [['states:GetExecutionHistory', 'execution']],
    StopExecution: [['states:StopExecution', 'execution']],
  },
  cloudformation: {
    DescribeStacks: [['cloudformation:DescribeStacks', 'stack']],
    DescribeStackResource: [['cloudformation:DescribeStackResource', 'stack']],
    DescribeStackResources: [['cloudformation:DescribeStackResources', 'stack']],
    DescribeStackEvents: [['cloudformation:DescribeStackEvents', 'stack']],
    // What is deleted with the stack is not judged.
    DeleteStack: [['cloudformation:DeleteStack', 'stack']],
  },
  logs: {
    DescribeLogGroups: [['logs:DescribeLogGroups', 'anything']],
    DescribeLogStreams: [['logs:DescribeLogStreams', 'log-group']],
    GetLogEvents: [['logs:GetLogEvents', 'log-group']],
    FilterLogEvents: [['logs:FilterLogEvents', 'log-group']],
  },
  monitoring: {
    ListMetrics: [['cloudwatch:ListMetrics', 'anything']],
    GetMetricStatistics: [['cloudwatch:GetMetricStatistics', 'anything']],
    GetMetricData: [['cloudwatch:GetMetricData', 'anything']],
  },
  cloudtrail: { LookupEvents: [['cloudtrail:LookupEvents', 'anything']] },
  // Both are open to everybody here: AssumeRole is judged by the role that is asked for, in `assume-role.ts`.
  sts: { GetCallerIdentity: [], AssumeRole: [] },
};

/** Calls that CloudTrail counts as data events, which a trail of management events does not hold. */
export const DATA_EVENTS: Readonly<Record<string, readonly string[]>> = {
  lambda: ['Invoke'],
  dynamodb: ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query', 'Scan', 'BatchGetItem', 'BatchWriteItem'],
  sqs: [
    'SendMessage',
    'SendMessageBatch',
    'ReceiveMessage',
    'DeleteMessage',
    'DeleteMessageBatch',
    'ChangeMessageVisibility',
    'ChangeMessageVisibilityBatch',
  ],
  sns: ['Publish', 'PublishBatch'],
  events: ['PutEvents'],
  appconfig: ['StartConfigurationSession', 'GetLatestConfiguration'],
};
