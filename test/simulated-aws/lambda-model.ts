import type {
  GetFunctionCommandInput,
  GetFunctionCommandOutput,
  ListFunctionsCommandInput,
  ListFunctionsCommandOutput,
  Runtime,
  UpdateFunctionConfigurationCommandInput,
  UpdateFunctionConfigurationCommandOutput,
} from '@aws-sdk/client-lambda';
import type { GetResourcesCommandInput, GetResourcesCommandOutput } from '@aws-sdk/client-resource-groups-tagging-api';
import type { Scheduler } from '../simulation/scheduler.ts';
import { AwsRefusal } from './aws-refusal.ts';
import type { Script } from './script.ts';
import { type Story, shortName } from './story.ts';

/** An account and region. */
export interface Place {
  readonly accountId: string;
  readonly region: string;
}

/** Handler, layers and variables: all that Layerward may change. */
export interface Shape {
  readonly handler: string | undefined;
  readonly layers: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

/** A function's configuration, and whose it is. Never changed: each change makes a new one. */
export interface Configuration extends Shape {
  readonly packageType: 'Zip' | 'Image';
  readonly runtime: string | undefined;
  readonly architecture: 'x86_64' | 'arm64';
  readonly masterArn: string | undefined;
  /** What the function's people have made of it: what it would be without Layerward. */
  readonly team: Shape;
  /** What Layerward left when it last put something on it; absent once that is released. */
  readonly left: Left | undefined;
}

/** What Layerward left on a function. */
export interface Left extends Shape {
  /** What the team had made of it by then. */
  readonly team: Shape;
  /** Variables that the team may or may not have wanted by then: nobody can tell from what was on the function. */
  readonly maybe: Shape['variables'];
}

/** What keeps Layerward from seeing or changing a function. */
export const obstacles = [
  /** The variables are encrypted with a key that Layerward may not use. */
  'key',
  /** Layerward may not read tags. */
  'tags',
  'code-signing',
  /** A service control policy forbids updates. */
  'control-policy',
  /** AWS takes no updates of this runtime any more. */
  'frozen-runtime',
  /** The owner of the agent's layer does not let this account have it. */
  'layer',
] as const;

/** One of {@link obstacles}. */
export type Obstacle = (typeof obstacles)[number];

/** A function as it is, tags beside its configuration. */
export interface LiveFunction extends Place {
  readonly functionArn: string;
  readonly functionName: string;
  configuration: Configuration;
  revision: string;
  state: 'Pending' | 'Active';
  lastUpdateStatus: 'InProgress' | 'Successful' | 'Failed';
  tags: Readonly<Record<string, string>>;
  readonly obstacles: Set<Obstacle>;
  /** How many updates it has had, and how often its tags have changed: what happens next is named by it. */
  updates: number;
  retags: number;
  /** What the tagging API still shows, and until when. */
  tagsShown: { readonly tags: Readonly<Record<string, string>>; readonly until: number };
  /** What listings still show, and until when. */
  listed: { readonly configuration: Configuration; readonly revision: string; readonly until: number };
}

/** What a function is created with. */
export type NewFunction = Pick<LiveFunction, 'accountId' | 'region' | 'functionName' | 'tags'> & {
  readonly configuration: Omit<Configuration, 'team' | 'left'>;
};

/** An accepted update of Layerward's. */
export interface AcceptedUpdate {
  readonly functionArn: string;
  readonly input: UpdateFunctionConfigurationCommandInput;
  readonly before: Configuration;
  /** What Lambda makes of it; whose it is is still that of before. */
  readonly after: Configuration;
}

/** Lambda's control plane and the tagging API: revisions, states, conflicts, quotas, delays. */
export interface LambdaModel {
  readonly functions: ReadonlyMap<string, LiveFunction>;
  create(given: NewFunction): LiveFunction;
  remove(functionArn: string): void;
  /** Somebody else's update; false where another one is going on. `code` alone changes nothing that is shown. */
  change(one: LiveFunction, change: (former: Configuration) => Configuration): boolean;
  tag(one: LiveFunction, tags: Readonly<Record<string, string>>): void;
  /** Calls of others count against the same quotas. False where there is none left. */
  mayCall(place: Place): boolean;
  getFunction(input: GetFunctionCommandInput): GetFunctionCommandOutput;
  updateFunctionConfiguration(input: UpdateFunctionConfigurationCommandInput): UpdateFunctionConfigurationCommandOutput;
  listFunctions(place: Place, input: ListFunctionsCommandInput): ListFunctionsCommandOutput;
  countFunctions(place: Place): number;
  getResources(place: Place, input: GetResourcesCommandInput): GetResourcesCommandOutput;
  /** Whether anything is going on, or still to be shown. */
  isQuiet(): boolean;
}

/** What the model asks of the world around it. */
export interface LambdaOptions {
  /** The probability that an accepted update fails. */
  readonly failing: () => number;
  /** An update of Layerward's that was accepted has failed. */
  readonly failed: (functionArn: string) => void;
  /** Sees each accepted update of Layerward's, and says what the configuration is from now on. */
  readonly accept: (update: AcceptedUpdate) => Configuration;
}

/** AWS's quotas: calls a second of the control plane, and of `GetFunction`, in each account and region. */
const quotas = { control: 15, read: 100 } as const;
/** How long the tagging API takes to show a tag, or that it is gone. */
const longestTagLagMs = 300_000;
const longestListingLagMs = 5_000;
const layersAllowed = 5;
const environmentBytesAllowed = 4_096;
const vendorLayer = /:layer:CloudOne-ApplicationSecurity-/;

export function createLambdaModel(
  scheduler: Scheduler,
  script: Script,
  story: Story,
  { failing, failed, accept }: LambdaOptions,
): LambdaModel {
  const functions = new Map<string, LiveFunction>();
  /** The functions of a place, by name. */
  const places = new Map<string, Map<string, LiveFunction>>();
  const buckets = new Map<string, { tokens: number; at: number }>();
  let revisions = 0;
  const nextRevision = () => `revision-${++revisions}`;

  const hasToken = (name: keyof typeof quotas, { accountId, region }: Place): boolean => {
    const perSecond = quotas[name];
    const key = `${name} ${accountId} ${region}`;
    const now = scheduler.now();
    const bucket = buckets.get(key) ?? { tokens: perSecond, at: now };
    const tokens = Math.min(perSecond, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    buckets.set(key, { tokens: tokens < 1 ? tokens : tokens - 1, at: now });
    return tokens >= 1;
  };
  const spend = (name: keyof typeof quotas, place: Place) => {
    if (!hasToken(name, place))
      throw new AwsRefusal('TooManyRequestsException', 429, 'Rate exceeded', { 'retry-after': '1' });
  };
  const find = (functionArn: string | undefined): LiveFunction => {
    const one = functions.get(functionArn ?? '');
    if (!one) throw new AwsRefusal('ResourceNotFoundException', 404, `Function not found: ${functionArn}`);
    return one;
  };
  const placed = ({ accountId, region }: Place) => {
    const key = `${accountId} ${region}`;
    const known = places.get(key) ?? new Map<string, LiveFunction>();
    places.set(key, known);
    return known;
  };
  const isBusy = (one: LiveFunction) => one.state === 'Pending' || one.lastUpdateStatus === 'InProgress';

  /** Brings what was begun to its end, a moment later. */
  const settle = (one: LiveFunction, former: Configuration | undefined, isOurs: boolean) => {
    const { revision, functionArn, updates } = one;
    const random = script.of(`update ${updates} of ${functionArn} settles`);
    scheduler.after(random.between(100, 3_000), () => {
      if (functions.get(functionArn) !== one || one.revision !== revision) return;
      one.state = 'Active';
      const fails =
        former &&
        script.happens(
          `update ${updates} of ${functionArn} fails`,
          failing(),
          () => `an update of ${shortName(functionArn)} fails`,
        );
      one.lastUpdateStatus = fails ? 'Failed' : 'Successful';
      // AWS does not say whether a failed update is shown; the old one serves in any case.
      if (fails && former && random.chance(0.5)) show(one, former);
      // Some functions get a new revision once they have settled.
      else if (random.chance(0.3)) show(one, one.configuration);
      if (!fails) return;
      story.tell(functionArn, 'its update ends as Failed');
      if (isOurs) failed(functionArn);
    });
  };
  const show = (one: LiveFunction, configuration: Configuration) => {
    const random = script.of(`update ${one.updates} of ${one.functionArn} is listed`);
    one.listed = {
      configuration: one.configuration,
      revision: one.revision,
      until: scheduler.now() + (random.chance(0.2) ? random.between(0, longestListingLagMs) : 0),
    };
    one.configuration = configuration;
    one.revision = nextRevision();
  };
  const begin = (one: LiveFunction, configuration: Configuration, isOurs: boolean) => {
    const former = one.configuration;
    one.updates++;
    show(one, configuration);
    one.lastUpdateStatus = 'InProgress';
    settle(one, former, isOurs);
  };
  const tagLag = (one: LiveFunction) => {
    const random = script.of(`tags ${one.retags++} of ${one.functionArn} are shown`);
    return scheduler.now() + (random.chance(0.3) ? random.between(0, longestTagLagMs) : random.between(0, 5_000));
  };

  const refuseWhatLambdaRefuses = (one: LiveFunction, input: UpdateFunctionConfigurationCommandInput): void => {
    const { Layers = [], Environment } = input;
    const invalid = (message: string) => new AwsRefusal('InvalidParameterValueException', 400, message);
    const denied = (what: string) =>
      new AwsRefusal('AccessDeniedException', 403, `layerward is not authorized to perform: ${what}`);
    if (one.obstacles.has('control-policy'))
      throw denied('lambda:UpdateFunctionConfiguration, by a service control policy');
    if (one.obstacles.has('frozen-runtime'))
      throw invalid(`The runtime parameter of ${one.configuration.runtime} is no longer supported for updates.`);
    if (Layers.length > layersAllowed) throw invalid('Cannot reference more than 5 layers.');
    const variables = JSON.stringify(Environment?.Variables ?? {});
    if (Buffer.byteLength(variables) > environmentBytesAllowed)
      throw invalid(
        `Lambda was unable to configure your environment variables: limit 4KB. String measured: ${variables}`,
      );
    const newLayers = Layers.filter((arn) => !one.configuration.layers.includes(arn) && vendorLayer.test(arn));
    if (newLayers.length > 0 && one.obstacles.has('layer'))
      throw denied(`lambda:GetLayerVersion on ${newLayers.join()}`);
    if (newLayers.length > 0 && one.obstacles.has('code-signing'))
      throw new AwsRefusal('CodeVerificationFailedException', 400, 'A layer is not signed by an allowed profile.');
  };

  return {
    functions,
    create({ accountId, region, functionName, tags, configuration }) {
      const functionArn = `arn:aws:lambda:${region}:${accountId}:function:${functionName}`;
      const { handler, layers, variables } = configuration;
      const full: Configuration = { ...configuration, team: { handler, layers, variables }, left: undefined };
      const revision = nextRevision();
      const one: LiveFunction = {
        accountId,
        region,
        functionName,
        functionArn,
        configuration: full,
        revision,
        state: 'Pending',
        lastUpdateStatus: 'Successful',
        tags,
        obstacles: new Set(),
        updates: 0,
        retags: 0,
        tagsShown: { tags: {}, until: 0 },
        listed: { configuration: full, revision, until: 0 },
      };
      one.tagsShown = { tags: {}, until: tagLag(one) };
      functions.set(functionArn, one);
      placed(one).set(functionName, one);
      settle(one, undefined, false);
      return one;
    },
    remove(functionArn) {
      const one = functions.get(functionArn);
      if (!one) return;
      functions.delete(functionArn);
      placed(one).delete(one.functionName);
    },
    change(one, change) {
      if (isBusy(one)) return false;
      begin(one, change(one.configuration), false);
      return true;
    },
    tag(one, tags) {
      if (scheduler.now() >= one.tagsShown.until) one.tagsShown = { tags: one.tags, until: tagLag(one) };
      one.tags = tags;
    },
    mayCall: (place) => hasToken('control', place),

    getFunction({ FunctionName }) {
      const one = find(FunctionName);
      spend('read', one);
      return {
        Configuration: {
          ...shownConfiguration(one, one.configuration, one.revision),
          State: one.state,
          LastUpdateStatus: one.lastUpdateStatus,
          ...(one.lastUpdateStatus === 'Failed' ? { LastUpdateStatusReason: 'The network interface is gone.' } : {}),
        },
        Code: { RepositoryType: 'S3', Location: 'https://example.com/presigned' },
        ...(one.obstacles.has('tags')
          ? { TagsError: { ErrorCode: 'AccessDeniedException', Message: 'not authorized to perform: lambda:ListTags' } }
          : Object.keys(one.tags).length > 0
            ? { Tags: { ...one.tags } }
            : {}),
        $metadata: {},
      };
    },

    updateFunctionConfiguration(input) {
      const one = find(input.FunctionName);
      spend('control', one);
      if (isBusy(one)) throw new AwsRefusal('ResourceConflictException', 409, 'An update is in progress.');
      if (input.RevisionId !== undefined && input.RevisionId !== one.revision)
        throw new AwsRefusal('PreconditionFailedException', 412, 'The Revision Id provided is another one.');
      refuseWhatLambdaRefuses(one, input);
      const before = one.configuration;
      const after: Configuration = {
        ...before,
        handler: input.Handler ?? before.handler,
        layers: input.Layers ?? before.layers,
        variables: input.Environment?.Variables ?? before.variables,
      };
      begin(one, accept({ functionArn: one.functionArn, input, before, after }), true);
      return { RevisionId: one.revision, LastUpdateStatus: 'InProgress', $metadata: {} };
    },

    listFunctions(place, { Marker }) {
      spend('control', place);
      const names = [...placed(place).keys()].sort();
      const from = Marker === undefined ? 0 : names.findIndex((name) => name >= Marker);
      const page = from < 0 ? [] : names.slice(from, from + 50);
      const next = from < 0 ? undefined : names[from + 50];
      return {
        Functions: page.flatMap((name) => {
          const one = placed(place).get(name);
          if (!one) return [];
          const isLate = scheduler.now() < one.listed.until;
          const { configuration, revision } = isLate ? one.listed : one;
          return [shownConfiguration(one, configuration, revision)];
        }),
        ...(next === undefined ? {} : { NextMarker: next }),
        $metadata: {},
      };
    },
    countFunctions(place) {
      spend('control', place);
      return placed(place).size;
    },
    getResources(place, { TagFilters = [], PaginationToken }) {
      const [filter] = TagFilters;
      const shown = [...placed(place).values()].flatMap((one) => {
        const tags = scheduler.now() < one.tagsShown.until ? one.tagsShown.tags : one.tags;
        return filter?.Values?.includes(tags[filter.Key ?? ''] ?? '') ? [{ one, tags }] : [];
      });
      const from = PaginationToken ? Number(PaginationToken) : 0;
      return {
        ResourceTagMappingList: shown.slice(from, from + 100).map(({ one, tags }) => ({
          ResourceARN: one.functionArn,
          Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        })),
        PaginationToken: from + 100 < shown.length ? String(from + 100) : '',
        $metadata: {},
      };
    },
    isQuiet: () =>
      [...functions.values()].every(
        (one) => !isBusy(one) && scheduler.now() >= Math.max(one.tagsShown.until, one.listed.until),
      ),
  };
}

/** A configuration as Lambda tells it. */
function shownConfiguration(one: LiveFunction, configuration: Configuration, revision: string) {
  const { packageType, runtime, architecture, handler, layers, variables, masterArn } = configuration;
  return {
    FunctionName: one.functionName,
    FunctionArn: one.functionArn,
    PackageType: packageType,
    ...(runtime === undefined ? {} : { Runtime: runtime as Runtime }),
    Architectures: [architecture],
    ...(handler === undefined ? {} : { Handler: handler }),
    ...(layers.length === 0 ? {} : { Layers: layers.map((Arn) => ({ Arn })) }),
    ...(Object.keys(variables).length === 0
      ? {}
      : one.obstacles.has('key')
        ? { Environment: { Error: { ErrorCode: 'AccessDeniedException', Message: 'Lambda could not decrypt.' } } }
        : { Environment: { Variables: variables } }),
    ...(masterArn === undefined ? {} : { MasterArn: masterArn }),
    RevisionId: revision,
  };
}
