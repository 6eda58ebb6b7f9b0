/** Where an AWS request says who signed it, for which service and which region. Signatures themselves are not checked. */

/** What a request tells about itself. Members are absent where it says nothing. */
export interface RequestScope {
  readonly accessKeyId?: string;
  /** The signing name: `lambda`, `events`, `appconfig`, … */
  readonly service?: string;
  readonly region?: string;
}

/** The parts of a request that can name its service. Header names in lower case. */
export interface RequestTraits {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly path: string;
  readonly body: Buffer;
}

/** Reads the credential scope (header or presigned), else guesses from target, path, form and host. */
export function readScope(traits: RequestTraits): RequestScope {
  const signed = scopeOfSignature(traits);
  if (signed.service !== undefined) {
    return signed;
  }
  const hosted = scopeOfHost(traits.headers['host'] ?? '');
  const service = serviceOfTarget(traits) ?? serviceOfPath(traits.path) ?? serviceOfForm(traits) ?? hosted.service;
  return { ...hosted, ...signed, ...(service === undefined ? {} : { service }) };
}

function scopeOfSignature({ headers, query }: RequestTraits): RequestScope {
  const authorization = headers['authorization'] ?? '';
  const credential = /Credential=([^,\s]+)/.exec(authorization)?.[1] ?? query.get('X-Amz-Credential') ?? undefined;
  if (credential === undefined) {
    return {};
  }
  const parts = credential.split('/');
  const isMultiRegion = authorization.startsWith('AWS4-ECDSA') || query.get('X-Amz-Algorithm')?.includes('ECDSA');
  // Counted from the end, because an access key id may hold a slash.
  const service = parts.at(-2);
  const region = isMultiRegion ? headers['x-amz-region-set']?.split(',')[0] : parts.at(-3);
  const accessKeyId = parts.slice(0, isMultiRegion ? -3 : -4).join('/');
  return {
    ...(accessKeyId === '' ? {} : { accessKeyId }),
    ...(service === undefined ? {} : { service }),
    ...(region === undefined || region === '*' ? {} : { region }),
  };
}

const TARGETS: readonly (readonly [string, string])[] = [
  ['DynamoDB', 'dynamodb'],
  ['AmazonSQS', 'sqs'],
  ['AWSEvents', 'events'],
  ['secretsmanager', 'secretsmanager'],
  ['ResourceGroupsTaggingAPI', 'tagging'],
  ['Logs_', 'logs'],
  ['com.amazonaws.cloudtrail', 'cloudtrail'],
  ['CloudTrail_', 'cloudtrail'],
  ['GraniteServiceVersion', 'monitoring'],
  ['AWSOrganizations', 'organizations'],
  ['AWSStepFunctions', 'states'],
];

function serviceOfTarget({ headers }: RequestTraits): string | undefined {
  const target = headers['x-amz-target'] ?? '';
  return TARGETS.find(([prefix]) => target.startsWith(prefix))?.[1];
}

function serviceOfPath(path: string): string | undefined {
  if (/^\/configuration(sessions)?$/.test(path)) {
    return 'appconfig';
  }
  return /^\/\d{4}-\d{2}-\d{2}\/(functions|layers|tags|account-settings|code-signing|event-source)/.test(path)
    ? 'lambda'
    : undefined;
}

function serviceOfForm({ headers, query, body }: RequestTraits): string | undefined {
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
  const version = query.get('Version') ?? (isForm ? new URLSearchParams(body.toString()).get('Version') : null);
  switch (version) {
    case '2010-03-31':
      return 'sns';
    case '2011-06-15':
      return 'sts';
    case '2010-08-01':
      return 'monitoring';
    case '2012-11-05':
      return 'sqs';
    case '2010-05-15':
      return 'cloudformation';
    default:
      return undefined;
  }
}

function scopeOfHost(host: string): RequestScope {
  const match = /^([a-z-]+)\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com/.exec(host);
  return match?.[1] === undefined || match[2] === undefined ? {} : { service: match[1], region: match[2] };
}
