import type { Random } from '../../src/sandbox/random.ts';
import type { Scheduler } from '../simulation/scheduler.ts';
import {
  activationFor,
  agentLayerArn,
  handlerVariable,
  isAgentLayer,
  redirectHandler,
  runtimes,
  standardVariables,
  wrapperName,
  wrapperScript,
} from './agent-facts.ts';
import { groupTag, optInTag } from './expectation.ts';
import type { Configuration, LambdaModel, LiveFunction, NewFunction, Place, Shape } from './lambda-model.ts';
import { obstacles } from './lambda-model.ts';
import { managementAccountId, places } from './organization-model.ts';
import { groups } from './policy-facts.ts';
import type { Story } from './story.ts';
import { teamAfter } from './team.ts';
import type { Person, Trail } from './trail.ts';
import type { Watch } from './watch.ts';

/** What somebody asks Lambda to make of a function. What is left out stays. */
export interface Wish {
  readonly handler?: string;
  readonly layers?: (layers: readonly string[]) => readonly string[];
  readonly variables?: (variables: Shape['variables']) => Shape['variables'];
  readonly runtime?: string;
  readonly architecture?: Configuration['architecture'];
}

/** Those who own functions, deploy them, and attack them. */
export interface People {
  /** Things that happen to functions, one of which is chosen each time. */
  readonly deeds: readonly [Deed, ...Deed[]];
  create(id: string, random: Random): void;
  /** Somebody takes everything of the agent's off. */
  strip(id: string, one: LiveFunction): void;
}

/** Something that happens to one function. `id` is the name of the event that tells of it. */
export type Deed = (id: string, one: LiveFunction, random: Random) => void;

/** What the people have to do with. */
export interface PeopleOptions {
  readonly scheduler: Scheduler;
  readonly story: Story;
  readonly lambda: LambdaModel;
  readonly trail: Trail;
  readonly watch: Watch;
  /** How many functions there are at the most. */
  readonly most: number;
}

/** How often somebody tries again while another update is going on, or AWS throttles. */
const triesAllowed = 6;

export function createPeople({ scheduler, story, lambda, trail, watch, most }: PeopleOptions): People {
  /** What Terraform and CloudFormation have written down of a function. */
  const declared = new Map<string, { readonly by: Person; shape: Shape }>();

  const change = (
    id: string,
    one: LiveFunction,
    who: Person,
    what: string,
    wish: Wish,
    taken: () => void = () => {},
    tries = 1,
  ): void => {
    // It may have been deleted, and made anew, since somebody wished for it.
    if (lambda.functions.get(one.functionArn) !== one || one.configuration.packageType === 'Image') return;
    const wanted = changed(one.configuration, wish);
    if (!isAllowed(wanted)) return;
    if (lambda.mayCall(one) && lambda.change(one, () => wanted)) {
      story.tell(one.functionArn, `${who} ${what}`);
      taken();
      const parameters = Object.keys(wish).map((name) =>
        name === 'variables' ? 'environment' : name === 'architecture' ? 'architectures' : name,
      );
      trail.tell(id, one, who, { name: 'configure', parameters });
    } else if (tries < triesAllowed) scheduler.after(1_500, () => change(id, one, who, what, wish, taken, tries + 1));
  };
  const retag = (id: string, one: LiveFunction, tags: Readonly<Record<string, string>>, what: string) => {
    const former = one.tags;
    lambda.tag(one, tags);
    watch.noteTags(one);
    story.tell(one.functionArn, `team ${what}`);
    const gone = Object.keys(former).filter((key) => tags[key] === undefined);
    if (gone.length > 0) trail.tell(`${id}-untag`, one, 'team', { name: 'untag', keys: gone });
    if (Object.keys(tags).length > 0) trail.tell(id, one, 'team', { name: 'tag', tags });
  };
  /** Changes what is written down of a function, if anything is, and deploys it; else changes it directly. */
  const deploy = (id: string, one: LiveFunction, what: string, wish: Wish) => {
    const known = declared.get(one.functionArn);
    if (!known) {
      change(id, one, 'team', what, wish);
      return;
    }
    const { shape } = known;
    const wanted: Shape = {
      handler: wish.handler ?? shape.handler,
      layers: wish.layers?.(shape.layers) ?? shape.layers,
      variables: wish.variables?.(shape.variables) ?? shape.variables,
    };
    known.shape = wanted;
    change(id, one, known.by, `${what}, and puts the rest back`, { ...wish, ...allOf(wanted) });
  };

  const create = (id: string, random: Random): void => {
    if (lambda.functions.size >= most) return;
    const place = random.pick(places as readonly [Place, ...Place[]]);
    const given = newFunction(place, `function-${random.below(Math.ceil(most / 4))}`, random);
    if (lambda.functions.has(`arn:aws:lambda:${place.region}:${place.accountId}:function:${given.functionName}`))
      return;
    const one = lambda.create(given);
    if (random.chance(0.06)) one.obstacles.add(random.pick(obstacles));
    watch.begin(one);
    const by = random.pick(['team', 'team', 'terraform', 'cloudformation'] as const);
    const { handler, layers, variables } = one.configuration;
    declared.delete(one.functionArn);
    if (by !== 'team') declared.set(one.functionArn, { by, shape: { handler, layers, variables } });
    const { runtime = 'an image', architecture } = one.configuration;
    story.tell(
      one.functionArn,
      `${by} creates it on ${runtime} ${architecture}, tags ${JSON.stringify(one.tags)}, ` +
        `${layers.length} layers, variables ${Object.keys(variables).join()}` +
        `${one.obstacles.size > 0 ? `, behind the obstacle ${[...one.obstacles].join()}` : ''}`,
    );
    trail.tell(id, one, by, { name: 'create' });
  };

  const terraform = (id: string, one: LiveFunction): void => {
    const shape = declared.get(one.functionArn)?.shape ?? one.configuration.team;
    change(id, one, 'terraform', 'puts its own state back', allOf(shape));
  };

  const strip = (id: string, one: LiveFunction): void => {
    const { handler } = one.configuration.team;
    change(id, one, 'mallory', 'strips everything', {
      ...(handler === undefined ? {} : { handler }),
      layers: (layers) => layers.filter((arn) => !isAgentLayer(arn)),
      variables: withoutAgent,
    });
  };

  const isByHand = ({ configuration }: LiveFunction) => configuration.team.layers.some(isAgentLayer);

  const deeds: readonly [Deed, ...Deed[]] = [
    function editVariable(id, one, random) {
      const name = random.pick(['TABLE', 'FLAG', 'QUEUE']);
      const value = String(random.below(1_000));
      if (random.chance(0.3)) deploy(id, one, `removes ${name}`, { variables: ({ [name]: _, ...others }) => others });
      else deploy(id, one, `sets ${name}`, { variables: (variables) => ({ ...variables, [name]: value }) });
    },
    function editSetting(id, one, random) {
      // A team's own choice, on a name of the agent's.
      const [name, value] = random.pick<readonly [string, string]>([
        ['TREND_AP_LOG_FILE', '/tmp/own.log'],
        ['TREND_AP_LOG_LEVEL', 'debug'],
        ['TREND_AP_HTTP_TIMEOUT', '77'],
      ]);
      if (random.chance(0.3)) deploy(id, one, `removes ${name}`, { variables: ({ [name]: _, ...others }) => others });
      else deploy(id, one, `sets ${name}`, { variables: (variables) => ({ ...variables, [name]: value }) });
    },
    function editHandler(id, one, random) {
      const handler = `app${random.below(3)}.handler`;
      deploy(id, one, `sets the Handler to ${handler}`, { handler });
    },
    function editLayers(id, one, random) {
      if (isByHand(one)) return;
      const layer = teamLayer(one.region, random.below(6));
      const { team } = one.configuration;
      const isThere = team.layers.includes(layer);
      if (!isThere && one.configuration.layers.length >= 5) return;
      deploy(id, one, `${isThere ? 'removes' : 'adds'} a layer`, {
        layers: (layers) =>
          isThere ? layers.filter((arn) => arn !== layer) : [layer, ...layers.filter((arn) => arn !== layer)],
      });
    },
    function changeRuntime(id, one, random) {
      const runtime = random.pick(runtimes);
      deploy(id, one, `moves it to ${runtime}`, { runtime });
    },
    function changeArchitecture(id, one, random) {
      if (!random.chance(0.3)) return;
      const architecture = one.configuration.architecture === 'arm64' ? 'x86_64' : 'arm64';
      deploy(id, one, `moves it to ${architecture}`, { architecture });
    },
    function deployCode(id, one, random) {
      if (!lambda.mayCall(one) || !lambda.change(one, (former) => former)) return;
      story.tell(one.functionArn, 'team deploys code');
      trail.tell(id, one, 'team', { name: 'deploy', publish: random.chance(0.3) });
    },
    function retagFunction(id, one, random) {
      const tags = random.pick([
        on,
        on,
        on,
        {},
        {},
        { ...on, [groupTag]: random.pick(['payments', 'spare', 'unknown']) },
        { [optInTag.name]: 'off' },
      ]);
      retag(id, one, tags, `tags it ${JSON.stringify(tags)}`);
    },
    function flickTag(id, one) {
      retag(id, one, {}, 'takes its tags off');
      scheduler.after(700, () => {
        if (lambda.functions.get(one.functionArn) === one) retag(`${id}-back`, one, on, 'puts the tag on again');
      });
    },
    terraform,
    function rollBack(id, one, random) {
      const known = declared.get(one.functionArn);
      if (known?.by !== 'cloudformation') return;
      const { shape } = known;
      const wanted = { ...shape, variables: { ...shape.variables, RELEASE: String(random.below(100)) } };
      change(id, one, 'cloudformation', 'updates the stack', allOf(wanted));
      // Another resource of the stack fails: everything goes back to what the former template said.
      scheduler.after(random.between(4_000, 90_000), () =>
        change(`${id}-rollback`, one, 'cloudformation', 'rolls the stack back', allOf(shape)),
      );
    },
    function stripLayers(id, one) {
      change(id, one, 'mallory', 'strips layers', { layers: (layers) => layers.filter((arn) => !isAgentLayer(arn)) });
    },
    function stripVariables(id, one) {
      change(id, one, 'mallory', 'strips variables', { variables: withoutAgent });
    },
    strip,
    function setHandlerBack(id, one) {
      const { handler } = one.configuration.team;
      if (handler !== undefined) change(id, one, 'mallory', 'sets the Handler back', { handler });
    },
    function turnAway(id, one, random) {
      if (one.configuration.handler !== redirectHandler) return;
      const evil = `evil${random.below(2)}.handler`;
      change(id, one, 'mallory', `has the agent call ${evil}`, {
        variables: (variables) => ({ ...variables, [handlerVariable]: evil }),
      });
    },
    function switchOff(id, one, random) {
      const [name, value] = random.pick<readonly [string, string]>([
        ['TREND_AP_AGENT_ENABLED', 'False'],
        ['TREND_AP_PLUGINS_DISABLED', 'rce'],
        ['TREND_AP_PREFORK_MODE', 'True'],
      ]);
      change(id, one, 'mallory', `sets ${name}`, { variables: (variables) => ({ ...variables, [name]: value }) });
    },
    function wrap(id, one, random) {
      const isThere = one.configuration.team.variables[wrapperName] === foreignWrapper;
      if (!isThere && !random.chance(0.3)) return;
      deploy(id, one, isThere ? 'takes its wrapper off' : 'puts a wrapper of its own on', {
        variables: ({ [wrapperName]: _, ...others }) =>
          isThere ? others : { ...others, [wrapperName]: foreignWrapper },
      });
    },
    function addLookAlike(id, one) {
      if (isByHand(one) || one.configuration.layers.length >= 5) return;
      const layer = agentLayerArn(
        one.region,
        activationFor(one.configuration.runtime)?.layer ?? 'python',
        1,
        managementAccountId,
      );
      change(id, one, 'mallory', 'adds a layer that is named like the agent’s', {
        layers: (layers) => [...layers.filter((arn) => arn !== layer), layer],
      });
    },
    function storm(id, one, random) {
      // A script that undoes whatever is done, several times in a row.
      for (let n = 0; n < 6; n++)
        scheduler.after(n * random.between(2_000, 9_000), () => {
          if (lambda.functions.get(one.functionArn) === one)
            change(`${id}-${n}`, one, 'mallory', 'strips variables', { variables: withoutAgent });
        });
    },
    function obstruct(id, one, random) {
      if (!random.chance(0.5)) return;
      const obstacle = random.pick(obstacles);
      const isThere = one.obstacles.delete(obstacle);
      if (!isThere) one.obstacles.add(obstacle);
      story.tell(one.functionArn, `${isThere ? 'out of' : 'in'} the way: ${obstacle} (${id})`);
    },
    function deleteFunction(id, one, random) {
      if (!random.chance(0.3)) return;
      lambda.remove(one.functionArn);
      story.tell(one.functionArn, 'team deletes it');
      trail.tell(id, one, 'team', { name: 'delete' });
    },
    function makeNoise(id, one) {
      trail.noise(id, one);
    },
  ];
  return { deeds, create, strip };
}

const on = { [optInTag.name]: optInTag.value };
const foreignWrapper = '/opt/otel-handler';

/** What a wish makes of a configuration, and of what its team has made of it. */
function changed(former: Configuration, wish: Wish): Configuration {
  const now = {
    handler: wish.handler ?? former.handler,
    layers: wish.layers?.(former.layers) ?? former.layers,
    variables: wish.variables?.(former.variables) ?? former.variables,
  };
  return {
    ...former,
    ...now,
    runtime: wish.runtime ?? former.runtime,
    architecture: wish.architecture ?? former.architecture,
    team: teamAfter(former, now),
  };
}

/** Whether Lambda takes it: 5 layers, and 4 KB of variables. */
function isAllowed({ layers, variables }: Shape): boolean {
  return layers.length <= 5 && Buffer.byteLength(JSON.stringify(variables)) <= 4_096;
}

function allOf({ handler, layers, variables }: Shape): Wish {
  return { ...(handler === undefined ? {} : { handler }), layers: () => layers, variables: () => variables };
}

function withoutAgent(variables: Shape['variables']): Shape['variables'] {
  return Object.fromEntries(
    Object.entries(variables).filter(
      ([name, value]) => !name.startsWith('TREND_AP_') && !(name === wrapperName && value === wrapperScript),
    ),
  );
}

function teamLayer(region: string, n: number): string {
  return `arn:aws:lambda:${region}:111122223333:layer:team-${n}:1`;
}

/** A function as some team makes it. */
function newFunction({ accountId, region }: Place, functionName: string, random: Random): NewFunction {
  const runtime = random.pick(runtimes);
  const kind = random.pick(kinds);
  const { layer, activation } = activationFor(runtime) ?? {};
  const isByHand = kind === 'by hand' && layer !== undefined && activation === 'wrapper';
  const groupName = random.pick([undefined, undefined, undefined, undefined, ...Object.keys(groups), 'unknown']);
  const tags: Record<string, string> = random.chance(0.7)
    ? { ...on, ...(groupName === undefined ? {} : { [groupTag]: groupName }), team: 'orders' }
    : random.chance(0.8)
      ? {}
      : { [optInTag.name]: random.pick(['off', 'ON']) };
  if (kind === 'image')
    return {
      accountId,
      region,
      functionName,
      tags,
      configuration: {
        packageType: 'Image',
        runtime: undefined,
        architecture: 'x86_64',
        masterArn: undefined,
        handler: undefined,
        layers: [],
        variables: { STAGE: 'prod' },
      },
    };
  const count = kind === 'five layers' ? 5 : random.below(4);
  return {
    accountId,
    region,
    functionName,
    tags,
    configuration: {
      packageType: 'Zip',
      runtime,
      architecture: kind === 'arm64' ? 'arm64' : 'x86_64',
      masterArn:
        kind === 'edge' ? `arn:aws:lambda:us-east-1:${accountId}:function:master-of-${functionName}:1` : undefined,
      handler: 'app.handler',
      layers: [
        ...Array.from({ length: count }, (_, n) => teamLayer(region, n)),
        ...(isByHand && layer ? [agentLayerArn(region, layer, random.pick([1, 2]))] : []),
      ],
      variables: {
        ...(random.chance(0.9) ? { STAGE: 'prod' } : {}),
        ...(random.chance(0.5) ? { TABLE: 'orders' } : {}),
        ...(kind === 'long' ? { LONG: 'x'.repeat(3_600) } : {}),
        ...(kind === 'own settings' ? { TREND_AP_LOG_FILE: '/tmp/own.log', TREND_AP_TAGS: 'team=orders' } : {}),
        ...(kind === 'wrapped' ? { [wrapperName]: foreignWrapper } : {}),
        ...(isByHand ? { [wrapperName]: wrapperScript, ...(random.chance(0.5) ? standardVariables : {}) } : {}),
      },
    },
  };
}

const kinds = [
  'plain',
  'plain',
  'plain',
  'plain',
  'plain',
  'plain',
  'plain',
  'own settings',
  'by hand',
  'wrapped',
  'five layers',
  'long',
  'image',
  'edge',
  'arm64',
] as const;
