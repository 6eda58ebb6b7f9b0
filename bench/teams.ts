import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  LambdaClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  type UpdateFunctionConfigurationCommandInput,
} from '@aws-sdk/client-lambda';
import type { Agent } from '../src/domain/agent.ts';
import type { FunctionSeed } from '../src/sandbox/lambda/control-plane.ts';
import type { Random } from '../src/sandbox/random.ts';
import { emptyArchive } from '../src/sandbox/tour/stage.ts';
import type { BenchSandbox } from './bench-sandbox.ts';
import { accountId, functionArn, protectedRuntime, teamLayer } from './population.ts';
import { isToBeProtected, type Shape, seededFunction, type TeamFunction } from './team-function.ts';
import { whenFree } from './when-free.ts';

/** What people do to functions. */
export const activities = [
  /** Something that is no business of Layerward's. */
  'describe',
  'deploy-code',
  /** The team's own layers, without the agent's. */
  'undo-layers',
  /** The team's own variables, without the agent's. */
  'undo-variables',
  'opt-in',
  'opt-out',
  'change-runtime',
  'create',
  'delete',
] as const;
/** What people do to functions: one of {@link activities}. */
export type Activity = (typeof activities)[number];

/** How often each is done, compared with the others. */
export type Mix = Readonly<Partial<Record<Activity, number>>>;

/** Runtimes that functions have; the last one is not served by the agent. */
const runtimes = ['python3.7', 'python3.8', 'nodejs12.x', 'nodejs14.x', 'python3.9'] as const;

/** The policy leaves a function to people that was put right and undone five times within an hour. */
const mostUndone = 3;

/** Teams at work, through nothing but Lambda's API. */
export interface Teams {
  /** One change of some function that is not being changed. Answers once AWS has accepted it. */
  doSomething(): Promise<void>;
  /** All functions that there are or were. */
  readonly functions: readonly TeamFunction[];
  /** Every function that opted in may get other credentials once more. */
  noteRotation(): void;
  /** A function as `GetFunction` shows it; undefined if there is none. */
  see(team: TeamFunction): Promise<Shape | undefined>;
  stop(): void;
}

/** @param seeds the functions that are there already */
export function createTeams(
  sandbox: BenchSandbox,
  seeds: readonly FunctionSeed[],
  mix: Mix,
  random: Random,
  agent: Agent,
): Teams {
  const functions = seeds.map(seededFunction);
  const busy = new Set<TeamFunction>();
  const clients = new Map<string, LambdaClient>();
  const regions = [...new Set(functions.map(({ region }) => region))];
  let changes = 0;

  const clientIn = (region: string) => {
    const known = clients.get(region);
    if (known) return known;
    // People's own tools retry a throttled call as well; the sandbox has AWS's quotas.
    const client = new LambdaClient({ ...sandbox.clientOptions('olga', region), maxAttempts: 10 });
    clients.set(region, client);
    return client;
  };
  const update = (team: TeamFunction, input: Omit<UpdateFunctionConfigurationCommandInput, 'FunctionName'>) =>
    clientIn(team.region).send(new UpdateFunctionConfigurationCommand({ FunctionName: team.name, ...input }));

  /** The likelihood of each activity, as a place for every time. */
  const lots = activities.flatMap((activity) => Array.from({ length: mix[activity] ?? 0 }, () => activity));

  const pick = (mayBe: (team: TeamFunction) => boolean): TeamFunction | undefined => {
    for (let attempt = 0; attempt < 50; attempt++) {
      const team = functions[random.below(functions.length)];
      if (team && !team.isDeleted && !busy.has(team) && mayBe(team)) return team;
    }
    return undefined;
  };
  const mayBeUndone = (team: TeamFunction) => isToBeProtected(team, agent) && team.undone < mostUndone;
  const fits: Readonly<Record<Activity, (team: TeamFunction) => boolean>> = {
    describe: () => true,
    'deploy-code': () => true,
    'undo-layers': mayBeUndone,
    'undo-variables': mayBeUndone,
    'opt-in': ({ hasOptedIn }) => !hasOptedIn,
    'opt-out': mayBeUndone,
    'change-runtime': (team) => team.hasOptedIn && team.undone < mostUndone,
    create: () => true,
    delete: () => true,
  };

  /** What one does, as AWS is asked for it and as the team sees its function from then on. */
  const perform = async (activity: Activity, team: TeamFunction): Promise<void> => {
    const number = ++changes;
    switch (activity) {
      case 'describe':
        await update(team, { Description: `change ${number}` });
        return;
      case 'deploy-code':
        await clientIn(team.region).send(
          new UpdateFunctionCodeCommand({ FunctionName: team.name, ZipFile: emptyArchive }),
        );
        return;
      case 'undo-layers':
        await update(team, { Layers: [...team.layers] });
        noteOccasion(team);
        return;
      case 'undo-variables': {
        const variables = { ...team.variables, RELEASE: String(number) };
        await update(team, { Environment: { Variables: variables } });
        team.variables = variables;
        noteOccasion(team);
        return;
      }
      case 'opt-in':
        await clientIn(team.region).send(
          new TagResourceCommand({
            Resource: functionArn(team.region, team.name),
            Tags: { 'layerward:protect': 'on' },
          }),
        );
        team.hasOptedIn = true;
        team.occasions++;
        return;
      case 'opt-out':
        await clientIn(team.region).send(
          new UntagResourceCommand({ Resource: functionArn(team.region, team.name), TagKeys: ['layerward:protect'] }),
        );
        team.hasOptedIn = false;
        noteOccasion(team);
        return;
      case 'change-runtime': {
        const runtime = random.pick(runtimes);
        await update(team, { Runtime: runtime });
        team.runtime = runtime;
        noteOccasion(team);
        return;
      }
      case 'create':
        await create(number);
        return;
      case 'delete':
        await clientIn(team.region).send(new DeleteFunctionCommand({ FunctionName: team.name }));
        team.isDeleted = true;
        return;
    }
  };

  const noteOccasion = (team: TeamFunction) => {
    team.occasions++;
    team.undone++;
  };

  const create = async (number: number): Promise<void> => {
    const region = regions[random.below(regions.length)] ?? '';
    const hasOptedIn = random.chance(0.5);
    const team: TeamFunction = {
      name: `shop-${number}`,
      region,
      runtime: protectedRuntime,
      handler: 'src/index.handler',
      layers: [teamLayer(region)],
      variables: { STAGE: 'production', RELEASE: String(number) },
      hasOptedIn,
      isDeleted: false,
      occasions: hasOptedIn ? 1 : 0,
      undone: 0,
    };
    await clientIn(region).send(
      new CreateFunctionCommand({
        FunctionName: team.name,
        Role: `arn:aws:iam::${accountId}:role/${team.name}`,
        Runtime: protectedRuntime,
        Handler: team.handler,
        Layers: [...team.layers],
        Environment: { Variables: { ...team.variables } },
        Code: { ZipFile: emptyArchive },
        Tags: { team: 'shop', ...(hasOptedIn ? { 'layerward:protect': 'on' } : {}) },
      }),
    );
    functions.push(team);
  };

  return {
    functions,
    async doSomething() {
      const wanted = lots[random.below(lots.length)] ?? 'describe';
      const found = pick(fits[wanted]);
      const team = found ?? pick(() => true);
      if (!team) return;
      busy.add(team);
      try {
        await whenFree(() => perform(found ? wanted : 'describe', team));
      } finally {
        busy.delete(team);
      }
    },
    noteRotation() {
      // One whose tag is just being set may have been seen with the former credentials already.
      for (const team of functions) if (team.hasOptedIn || busy.has(team)) team.occasions++;
    },
    async see({ region, name }) {
      const answer = await clientIn(region)
        .send(new GetFunctionCommand({ FunctionName: name }))
        .catch((error: unknown) => {
          if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
          throw error;
        });
      const { Handler = '', Layers = [], Environment } = answer?.Configuration ?? {};
      return (
        answer && {
          handler: Handler,
          layers: Layers.map(({ Arn = '' }) => Arn),
          variables: Environment?.Variables ?? {},
        }
      );
    },
    stop() {
      for (const client of clients.values()) client.destroy();
    },
  };
}
