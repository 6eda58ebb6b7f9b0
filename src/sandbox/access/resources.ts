import type { ApiRequest } from '../api.ts';
import { functionArn, parseFunctionName } from '../lambda/function-name.ts';
import { layerArn, parseLayerName } from '../lambda/layer-name.ts';
import { partitionOf } from '../lambda/partition.ts';
import { readForm } from '../query-service.ts';
import { secretArn } from '../secret-arn.ts';
import type { RequestContext } from './conditions.ts';
import type { ResourceKind } from './permissions.ts';

/** What a call is about, as its permission is checked. */
export interface ResourceInCall {
  readonly arn: string;
  /** Condition keys that only this action has. */
  readonly context: RequestContext;
}

/** What requests alone do not tell. */
export interface Lookups {
  /** The tags of a function, undefined where there is none. */
  functionTags(arn: string): Readonly<Record<string, string>> | undefined;
  /** `application/environment/profile` by ids, of an AppConfig Data request; undefined for one that names none. */
  configurationOf(request: ApiRequest): string | undefined;
}

/** The resources of a call of one kind; none where the request names none. */
export function resourcesOf(kind: ResourceKind, request: ApiRequest, lookups: Lookups): readonly ResourceInCall[] {
  const { region, caller } = request;
  const home = { account: caller.accountId, region };
  const arn = (service: string, resource: string) =>
    `arn:${partitionOf(region)}:${service}:${region}:${caller.accountId}:${resource}`;
  const plain = (...arns: readonly string[]) => arns.map((one) => ({ arn: one, context: {} }));
  const body = () => readBody(request);
  const segments = request.path.split('/').map(decode);

  switch (kind) {
    case 'anything':
      return plain('*');
    case 'nothing':
      return [];
    case 'function': {
      const reference = parseFunctionName(segments[3] ?? '');
      const { account = home.account, region: place = region, name } = reference;
      const unqualified = functionArn({ account, region: place }, name);
      const qualifier = reference.qualifier ?? request.query.get('Qualifier') ?? undefined;
      const layers = texts(body()['Layers']);
      return [
        {
          arn: qualifier === undefined || qualifier === '$LATEST' ? unqualified : `${unqualified}:${qualifier}`,
          context: { ...tagContext(lookups.functionTags(unqualified)), ...layerContext(layers) },
        },
      ];
    }
    case 'sent-function':
    case 'sent-function-with-tags': {
      const { FunctionName, Tags, Layers } = body();
      const tags = isRecord(Tags) ? Tags : {};
      if (kind === 'sent-function-with-tags' && Object.keys(tags).length === 0) {
        return [];
      }
      const requested = Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, String(value)]);
      return [
        {
          arn: functionArn(home, parseFunctionName(String(FunctionName ?? '')).name),
          context: {
            ...Object.fromEntries(requested),
            ...(requested.length === 0 ? {} : { 'aws:TagKeys': Object.keys(tags) }),
            ...layerContext(texts(Layers)),
          },
        },
      ];
    }
    case 'tagged-resource': {
      const resource = segments[3] ?? '';
      return [{ arn: resource, context: tagContext(lookups.functionTags(resource)) }];
    }
    case 'sent-role': {
      const role = body()['Role'];
      return typeof role === 'string'
        ? [{ arn: role, context: { 'iam:PassedToService': 'lambda.amazonaws.com' } }]
        : [];
    }
    case 'sent-layers':
      return plain(...texts(body()['Layers']));
    case 'layer':
    case 'layer-version': {
      const reference = parseLayerName(segments[3] ?? '');
      const place = { account: reference.account ?? home.account, region: reference.region ?? region };
      const unversioned = layerArn(place, reference.name);
      return plain(kind === 'layer' ? unversioned : `${unversioned}:${segments[5] ?? ''}`);
    }
    case 'layer-version-by-arn':
      return plain(request.query.get('Arn') ?? '');
    case 'code-signing-config':
      return plain(segments[3] ?? '');
    case 'table':
      return plain(tableArn(body()['TableName'], arn));
    case 'table-or-index': {
      const table = tableArn(body()['TableName'], arn);
      const index = body()['IndexName'];
      return plain(typeof index === 'string' ? `${table}/index/${index}` : table);
    }
    case 'tables': {
      const items = body()['RequestItems'];
      return plain(...(isRecord(items) ? Object.keys(items) : []).map((name) => tableArn(name, arn)));
    }
    case 'queue': {
      const [name = '', account = caller.accountId] = String(body()['QueueUrl'] ?? '')
        .split('/')
        .toReversed();
      return plain(`arn:${partitionOf(region)}:sqs:${region}:${account}:${name}`);
    }
    case 'named-queue':
      return plain(arn('sqs', String(body()['QueueName'] ?? '')));
    case 'topic':
      return plain(new URLSearchParams(request.body.toString('utf8')).get('TopicArn') ?? '');
    case 'rule': {
      const { Name, Rule, EventBusName } = body();
      const bus = String(EventBusName ?? 'default')
        .split('/')
        .at(-1);
      const name = String(Rule ?? Name ?? '');
      return plain(arn('events', bus === 'default' ? `rule/${name}` : `rule/${bus}/${name}`));
    }
    case 'bus': {
      const { Name, EventBusName } = body();
      return plain(busArn(Name ?? EventBusName, arn));
    }
    case 'buses-of-entries':
      return busesOfEntries(body()['Entries'], arn);
    case 'secret':
    case 'named-secret': {
      const id = String(body()[kind === 'secret' ? 'SecretId' : 'Name'] ?? '');
      return plain(id.startsWith('arn:') ? id : secretArn(home, id));
    }
    case 'configuration':
    case 'configuration-of-token': {
      const place = lookups.configurationOf(request);
      if (place === undefined) {
        return [];
      }
      const [application = '', environment = '', profile = ''] = place.split('/');
      return plain(arn('appconfig', `application/${application}/environment/${environment}/configuration/${profile}`));
    }
    case 'state-machine':
      return plain(String(body()['stateMachineArn'] ?? ''));
    case 'execution':
      return plain(String(body()['executionArn'] ?? ''));
    case 'stack': {
      // A name alone tells nothing of the id, and no name at all asks for every stack.
      const name = readForm(request).get('StackName') ?? '';
      return plain(name.startsWith('arn:') ? name : arn('cloudformation', `stack/${name === '' ? '*' : name}/*`));
    }
    case 'log-group': {
      const { logGroupName, logGroupIdentifier } = body();
      return plain(arn('logs', `log-group:${String(logGroupName ?? logGroupIdentifier ?? '')}:*`));
    }
  }
}

function busesOfEntries(entries: unknown, arn: (service: string, resource: string) => string): ResourceInCall[] {
  const byBus = new Map<string, { sources: string[]; types: string[] }>();
  for (const entry of Array.isArray(entries) ? entries : []) {
    const { EventBusName, Source, DetailType } = isRecord(entry) ? entry : {};
    const bus = busArn(EventBusName, arn);
    const seen = byBus.get(bus) ?? { sources: [], types: [] };
    byBus.set(bus, seen);
    if (typeof Source === 'string') seen.sources.push(Source);
    if (typeof DetailType === 'string') seen.types.push(DetailType);
  }
  return [...byBus].map(([bus, { sources, types }]) => ({
    arn: bus,
    context: {
      ...(sources.length === 0 ? {} : { 'events:source': sources }),
      ...(types.length === 0 ? {} : { 'events:detail-type': types }),
    },
  }));
}

function busArn(name: unknown, arn: (service: string, resource: string) => string): string {
  const text = typeof name === 'string' ? name : 'default';
  return text.startsWith('arn:') ? text : arn('events', `event-bus/${text}`);
}

function tableArn(name: unknown, arn: (service: string, resource: string) => string): string {
  const text = String(name ?? '');
  return text.startsWith('arn:') ? text : arn('dynamodb', `table/${text}`);
}

function tagContext(tags: Readonly<Record<string, string>> | undefined): RequestContext {
  return Object.fromEntries(Object.entries(tags ?? {}).map(([key, value]) => [`aws:ResourceTag/${key}`, value]));
}

function layerContext(layers: readonly string[]): RequestContext {
  return layers.length === 0 ? {} : { 'lambda:Layer': layers };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

/** The body's members; one that is no JSON is left to the service, which refuses it in its own words. */
function readBody(request: ApiRequest): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(request.body.toString('utf8'));
    return isRecord(body) ? body : {};
  } catch {
    return {};
  }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
