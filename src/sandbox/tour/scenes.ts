import {
  DeleteFunctionCommand,
  PublishLayerVersionCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-lambda';
import { organizationScenes } from './organization-scenes.ts';
import { optIn, type Scene } from './scene.ts';
import { emptyArchive, eventually, expect, expectSame, type Stage } from './stage.ts';

const wrapper = '/opt/trend_app_protect';
const redirect = 'trend_app_protect_handler.handler';
const helloUrl = 'https://agents.us-1.application.cloudone.trendmicro.com/';
const vendorVariables = {
  TREND_AP_KEY: 'sandbox-key',
  TREND_AP_SECRET: 'sandbox-secret',
  TREND_AP_READY_TIMEOUT: '30',
  TREND_AP_TRANSACTION_FINISH_TIMEOUT: '10',
  TREND_AP_MIN_REPORT_SIZE: '1',
  TREND_AP_INITIAL_DELAY_MS: '1',
  TREND_AP_MAX_DELAY_MS: '100',
  TREND_AP_HTTP_TIMEOUT: '5',
  TREND_AP_PREFORK_MODE: 'False',
  TREND_AP_CACHE_DIR: '/tmp/trend_cache',
  TREND_AP_LOG_FILE: 'STDERR',
  TREND_AP_HELLO_URL: helloUrl,
};

/** The vendor's page, runtime by runtime, written down once more and apart from agents/, so that neither can err alone. */
const runtimes = [
  { runtime: 'python3.7', handler: 'app.handler', layer: 'python', redirected: true },
  { runtime: 'python3.8', handler: 'app.handler', layer: 'python', redirected: false },
  { runtime: 'nodejs10.x', handler: 'index.handler', layer: 'nodejs10_x', redirected: false },
  { runtime: 'nodejs12.x', handler: 'index.handler', layer: 'nodejs12_x', redirected: false },
  { runtime: 'nodejs14.x', handler: 'index.handler', layer: 'nodejs14_x', redirected: false },
] as const;

const vendorLayer = (layer: string) =>
  `arn:aws:lambda:us-east-1:800880067056:layer:CloudOne-ApplicationSecurity-${layer}:1`;
const shortName = (runtime: string) => runtime.replace(/\W/g, '');

async function expectProtected(stage: Stage, name: string, { handler, layer, redirected }: (typeof runtimes)[number]) {
  const seen = await stage.see(name);
  expectSame(seen.layers, [vendorLayer(layer)], `${name} has the vendor's layer and no other`);
  expectSame(seen.handler, redirected ? redirect : handler, `${name} has the right Handler`);
  const activation = redirected ? { TREND_AP_HANDLER: handler } : { AWS_LAMBDA_EXEC_WRAPPER: wrapper };
  expectSame(
    seen.variables,
    { STAGE: 'prod', ...activation, ...vendorVariables },
    `${name} has exactly the right variables`,
  );
}

/** The alert about a repair, once it is there. */
function repairAlert(stage: Stage, name: string) {
  return eventually(`an alert names who changed ${name}`, async () => {
    const alerts = (await stage.alerts()).filter(({ functionName }) => functionName === name);
    return {
      value: alerts.find(({ status }) => status === 'protected'),
      seen: alerts.map(({ subject }) => subject).join(),
    };
  });
}

async function expectBlocked(stage: Stage, name: string, reason: string): Promise<string> {
  await stage.recorded(name, 'blocked', reason);
  return `blocked: ${reason}, untouched`;
}

const create: Scene[] = runtimes.map((variant) => ({
  chapter: 'A team tags its functions',
  title: `creates a ${variant.runtime} function with the tag`,
  async play(stage) {
    const name = `orders-${shortName(variant.runtime)}`;
    const { runtime, handler } = variant;
    await stage.create('alice', name, {
      Runtime: runtime,
      Handler: handler,
      Environment: { Variables: { STAGE: 'prod' } },
      Tags: optIn,
    });
    await stage.recorded(name, 'protected');
    await expectProtected(stage, name, variant);
    return `protected: ${variant.redirected ? 'Handler redirected' : 'wrapper set'}, layer ${variant.layer}`;
  },
}));

const untagged: Scene[] = runtimes.map(({ runtime, handler }) => ({
  chapter: 'Functions without the tag',
  title: `creates a ${runtime} function, untagged`,
  async play(stage) {
    const name = `plain-${shortName(runtime)}`;
    await stage.create('alice', name, { Runtime: runtime, Handler: handler, Tags: { team: 'orders' } });
    // A change that Layerward looks at after this function's creation shows that it was passed over, not overlooked.
    await stage.create('alice', `${name}-after`, { Tags: optIn });
    await stage.recorded(`${name}-after`, 'protected');
    const { layers, variables, handler: now } = await stage.see(name);
    expectSame([layers, variables, now], [[], {}, handler], `${name} is as it was created`);
    expect((await stage.record(name)) === undefined, `${name} has no record`);
    return 'left alone, no record';
  },
}));

const removed: Scene[] = [
  {
    chapter: 'Somebody takes protection off',
    title: 'mallory strips a Node function of its layer',
    async play(stage) {
      await protectedFunction(stage, 'billing', {});
      await stage.change('mallory', 'billing', { Layers: [] });
      const alert = await repairAlert(stage, 'billing');
      expectSame(alert.actor, 'mallory', 'the alert names mallory');
      expectSame((await stage.see('billing')).layers, [vendorLayer('nodejs14_x')], 'the layer is back');
      return `put back; the alert names ${alert.actor}`;
    },
  },
  {
    chapter: 'Somebody takes protection off',
    title: 'mallory sets a python3.7 Handler back',
    async play(stage) {
      await protectedFunction(stage, 'reports', { Runtime: 'python3.7', Handler: 'app.handler' });
      await stage.change('mallory', 'reports', { Handler: 'app.handler' });
      const alert = await repairAlert(stage, 'reports');
      expectSame(alert.actor, 'mallory', 'the alert names mallory');
      const seen = await stage.see('reports');
      expectSame(
        [seen.handler, seen.variables['TREND_AP_HANDLER']],
        [redirect, 'app.handler'],
        'it is redirected again',
      );
      return `redirected again; the alert names ${alert.actor}`;
    },
  },
  {
    chapter: 'Somebody takes protection off',
    title: 'mallory drops a variable',
    async play(stage) {
      await protectedFunction(stage, 'search', { Environment: { Variables: { STAGE: 'prod' } } });
      const { TREND_AP_KEY: _, ...variables } = (await stage.see('search')).variables;
      await stage.change('mallory', 'search', { Environment: { Variables: variables } });
      const alert = await repairAlert(stage, 'search');
      expectSame(alert.actor, 'mallory', 'the alert names mallory');
      expectSame((await stage.see('search')).variables['TREND_AP_KEY'], 'sandbox-key', 'the variable is back');
      expectSame((await stage.see('search')).variables['STAGE'], 'prod', 'the team’s variable is still there');
      return `put back; the alert names ${alert.actor}`;
    },
  },
];

const moved: Scene[] = [
  {
    chapter: 'The team moves on',
    title: 'upgrades python3.7 to python3.8',
    async play(stage) {
      await protectedFunction(stage, 'invoices', { Runtime: 'python3.7', Handler: 'app.handler' });
      await stage.change('alice', 'invoices', { Runtime: 'python3.8' });
      await stage.recorded('invoices', 'protected', '', ({ variant }) => variant === 'python3.8');
      const { handler, variables } = await stage.see('invoices');
      expectSame(
        [handler, variables['TREND_AP_HANDLER'], variables['AWS_LAMBDA_EXEC_WRAPPER']],
        ['app.handler', undefined, wrapper],
        'Handler given back, wrapper set',
      );
      return 'Handler given back, wrapper set, one update';
    },
  },
  {
    chapter: 'The team moves on',
    title: 'upgrades nodejs12.x to nodejs14.x',
    async play(stage) {
      await protectedFunction(stage, 'stock', { Runtime: 'nodejs12.x' });
      await stage.change('alice', 'stock', { Runtime: 'nodejs14.x' });
      await stage.recorded('stock', 'protected', '', ({ variant }) => variant === 'nodejs14.x');
      expectSame((await stage.see('stock')).layers, [vendorLayer('nodejs14_x')], 'the layer was swapped');
      return 'layer swapped';
    },
  },
  {
    chapter: 'The team moves on',
    title: 'moves to python3.9, which is not served',
    async play(stage) {
      await protectedFunction(stage, 'ledger', { Runtime: 'python3.7', Handler: 'app.handler' });
      await stage.change('alice', 'ledger', { Runtime: 'python3.9' });
      await stage.recorded('ledger', 'released', 'runtime');
      const { handler, layers, variables } = await stage.see('ledger');
      expectSame([handler, layers, variables], ['app.handler', [], {}], 'nothing of ours is left to break it');
      return 'taken off before it can break, and said';
    },
  },
];

const obstacles: Scene[] = [
  {
    chapter: 'Something stands in the way',
    title: 'another tool’s wrapper is there',
    async play(stage) {
      const before = { AWS_LAMBDA_EXEC_WRAPPER: '/opt/otel-handler' };
      await stage.create('alice', 'traced', { Tags: optIn, Environment: { Variables: before } });
      const answer = await expectBlocked(stage, 'traced', 'foreign-wrapper');
      expectSame((await stage.see('traced')).variables, before, 'the other wrapper is untouched');
      return answer;
    },
  },
  {
    chapter: 'Something stands in the way',
    title: 'five layers are there',
    async play(stage) {
      const layers: string[] = [];
      for (const name of ['a', 'b', 'c', 'd', 'e']) {
        const content = { ZipFile: emptyArchive };
        const answer = await stage
          .lambda('alice')
          .send(new PublishLayerVersionCommand({ LayerName: `team-${name}`, Content: content }));
        layers.push(answer.LayerVersionArn ?? '');
      }
      await stage.create('alice', 'layered', { Tags: optIn, Layers: layers });
      const answer = await expectBlocked(stage, 'layered', 'layer-limit');
      expectSame((await stage.see('layered')).layers, layers, 'the five layers are untouched');
      return answer;
    },
  },
  {
    chapter: 'Something stands in the way',
    title: 'it is a container image',
    async play(stage) {
      await stage.create('alice', 'boxed', {
        PackageType: 'Image',
        Code: { ImageUri: '111122223333.dkr.ecr.us-east-1.amazonaws.com/boxed:1' },
        Runtime: undefined,
        Handler: undefined,
        Tags: optIn,
      });
      await stage.recorded('boxed', 'unsupported', 'container-image');
      return 'unsupported: container-image';
    },
  },
  {
    chapter: 'Something stands in the way',
    title: 'its variables can’t be decrypted',
    async play(stage) {
      await stage.putFaults({ unreadableEnvironments: [{ function: 'sealed', caller: '*:assumed-role/layerward-*' }] });
      const before = { TOKEN: 'the-team’s-own' };
      await stage.create('alice', 'sealed', { Tags: optIn, Environment: { Variables: before } });
      const answer = await expectBlocked(stage, 'sealed', 'environment-unreadable');
      await stage.putFaults({});
      expectSame((await stage.see('sealed')).variables, before, 'no variable was wiped');
      return answer;
    },
  },
  {
    chapter: 'Something stands in the way',
    title: 'its group has no credentials',
    async play(stage) {
      await stage.create('alice', 'payments', { Tags: { ...optIn, 'layerward:group': 'payments' } });
      return expectBlocked(stage, 'payments', 'credentials-missing');
    },
  },
];

const released: Scene[] = runtimes.map((variant) => ({
  chapter: 'The team opts out',
  title: `takes the tag off a ${variant.runtime} function`,
  async play(stage) {
    const name = `leaving-${shortName(variant.runtime)}`;
    const { runtime, handler } = variant;
    await stage.create('alice', name, {
      Runtime: runtime,
      Handler: handler,
      Environment: { Variables: { STAGE: 'prod', TREND_AP_LOG_FILE: '/tmp/own.log' } },
    });
    const before = await eventually(`${name} is Active`, async () => {
      const { whole } = await stage.see(name);
      return { value: whole.State === 'Active' ? whole : undefined, seen: whole.State };
    });
    const Resource = stage.functionArn(name);
    await stage.lambda('alice').send(new TagResourceCommand({ Resource, Tags: optIn }));
    await stage.recorded(name, 'protected');
    expect((await stage.see(name)).layers.length === 1, `${name} was attached to`);
    await stage.lambda('alice').send(new UntagResourceCommand({ Resource, TagKeys: ['layerward:protect'] }));
    await stage.recorded(name, 'released', 'opted-out');
    expectSame((await stage.see(name)).whole, before, `${name} is as it was before Layerward, to the byte`);
    return 'released: the same to the byte';
  },
}));

const ended: Scene[] = [
  {
    chapter: 'The team opts out',
    title: 'deletes a protected function',
    async play(stage) {
      await protectedFunction(stage, 'short-lived', {});
      await stage.lambda('alice').send(new DeleteFunctionCommand({ FunctionName: 'short-lived' }));
      await stage.recorded('short-lived', 'deleted');
      return 'the record says so';
    },
  },
];

async function protectedFunction(stage: Stage, name: string, input: Parameters<Stage['create']>[2]): Promise<void> {
  await stage.create('alice', name, { Tags: optIn, ...input });
  await stage.recorded(name, 'protected');
}

/**
 * The tour, in its order: acts, one after the other. The scenes of an act use functions of their own, so that they may be
 * played side by side. A sweep looks at everybody's functions, so its scenes have acts of their own.
 */
export const acts: readonly (readonly Scene[])[] = [
  [...create, ...untagged, ...removed, ...moved, ...obstacles, ...released, ...ended],
  ...organizationScenes.map((scene) => [scene]),
];
