import { handlerVariable, isAgentLayer, redirectHandler, wrapperName, wrapperScript } from './agent-facts.ts';
import {
  type Circumstances,
  credentialsOf,
  differenceFrom,
  differenceFromTeam,
  type Goal,
  goalFor,
  hasOurs,
  modeOf,
  type Secrets,
  scopeOf,
  unsupportedReason,
  variablesWith,
  wantedVariables,
} from './expectation.ts';
import type { LiveFunction } from './lambda-model.ts';

/** What the record of a function has to say at rest, and what has to be on the function. */
export interface Expectation {
  /** `status: reason`, one of which has to be in the record; `none` is no record at all. */
  readonly records: readonly string[];
  /** What the function has to be: as its team made it, protected, or neither in particular. */
  readonly shape: 'team' | 'protected' | 'any';
}

/** What is expected of a function, or what is wrong with it that should have been put right by now. */
export type Judgement = { readonly expected: Expectation } | { readonly overdue: string };

/** When a function was put right of late, as it was seen from outside. */
export interface Repairs {
  /** Within the policy's window for certain. */
  readonly least: number;
  /** Within it when it was last looked at, maybe. */
  readonly most: number;
  readonly allowed: number;
}

const agree = (shape: Expectation['shape'], ...records: string[]): Judgement => ({ expected: { records, shape } });

/**
 * Judges a function at rest: everything that was to happen has happened. The rows of docs/decisions.md, in their order,
 * by what is known of the world; src/domain has no part in it.
 *
 * @param said what the record says; it only matters where two answers are right
 */
export function judgeAtRest(
  one: LiveFunction,
  circumstances: Omit<Circumstances, 'tags'>,
  secrets: Secrets,
  repairs: Repairs,
  said: string,
): Judgement {
  if (!one.obstacles.has('tags')) return judgeTagged(one, { ...circumstances, tags: one.tags }, secrets, repairs, said);
  // Nobody knows its tags; a listing of tagged functions may show all the same that nothing is wrong.
  const judgement = judgeTagged(one, { ...circumstances, tags: one.tags }, secrets, repairs, said);
  const others = 'expected' in judgement ? judgement.expected.records : [];
  return agree('any', 'blocked: tags-unreadable', 'none', ...others);
}

function judgeTagged(
  one: LiveFunction,
  circumstances: Circumstances,
  secrets: Secrets,
  repairs: Repairs,
  said: string,
): Judgement {
  const { configuration } = one;
  const scope = scopeOf(one, circumstances);
  if (scope === 'self') return agree('team', 'none');
  const isAudit = modeOf(one, circumstances) === 'audit';
  if (scope !== 'in') {
    if (hasOurs(configuration)) return judgeRelease(one, scope === 'excluded' ? 'excluded' : 'opted-out', isAudit);
    return agree('team', 'none', 'deleted: ', ...releaseReasons.map((reason) => `released: ${reason}`), ...unseen(one));
  }
  const unsupported = unsupportedReason(one, configuration);
  if (unsupported === 'runtime' || unsupported === 'architecture') {
    if (hasOurs(configuration)) return judgeRelease(one, unsupported, isAudit);
    return agree('team', `unsupported: ${unsupported}`, `released: ${unsupported}`, ...unseen(one));
  }
  if (unsupported) return agree('any', `unsupported: ${unsupported}`);
  if (hasHiddenVariables(one)) return agree('any', 'blocked: environment-unreadable');
  const credentials = credentialsOf(one, one.tags, secrets);
  const goal = goalFor(one, configuration, circumstances, credentials);
  const { team, layers, variables } = configuration;
  const wrapper = team.variables[wrapperName];
  if (goal.activation === 'wrapper' && wrapper !== undefined && wrapper !== wrapperScript)
    return agree('any', 'blocked: foreign-wrapper');
  const drift = firstDrift(goal, one);
  if (drift && team.layers.filter((arn) => !isAgentLayer(arn)).length >= 5) return agree('any', 'blocked: layer-limit');
  const wanted = { ...(credentials ? {} : credentialsIn(variables)), ...variablesWith(team, goal) };
  // A group that an account may not have brings nothing at all, and its variables may be what is too much.
  const missing = credentials ? [] : ['blocked: credentials-missing'];
  if (drift && Buffer.byteLength(JSON.stringify(wanted)) > 4_096)
    return agree('any', 'blocked: environment-size', ...missing);
  if (!credentials) return agree('any', 'blocked: credentials-missing');
  if (!drift) {
    const difference = differenceFrom(goal, configuration);
    if (difference) return { overdue: `it looks protected, and is not: ${difference}` };
    return one.lastUpdateStatus === 'Failed'
      ? agree('protected', 'blocked: aws-refused')
      : agree('protected', 'protected: ');
  }
  if (isAudit) return agree('any', `drifted: ${drift}`);
  if (repairs.most >= repairs.allowed && (repairs.least >= repairs.allowed || said.startsWith('contested')))
    return agree('any', 'contested: flapping');
  const refusal = refusalOf(one, layers.includes(goal.layerArn) ? [] : [goal.layerArn]);
  if (refusal) return agree('any', `blocked: ${refusal}`);
  return { overdue: `it should be protected: ${differenceFrom(goal, configuration)}` };
}

const releaseReasons = ['opted-out', 'excluded', 'runtime', 'architecture'] as const;

/** Something of ours is on a function on which nothing of ours should be. */
function judgeRelease(one: LiveFunction, reason: (typeof releaseReasons)[number], isAudit: boolean): Judgement {
  if (hasHiddenVariables(one)) return agree('any', 'blocked: environment-unreadable');
  if (isAudit) return agree('any', `release: ${reason}`);
  const given = one.configuration.team.layers.filter((arn) => !one.configuration.layers.includes(arn));
  const refusal = refusalOf(one, given);
  if (refusal) return agree('any', `blocked: ${refusal}`);
  return {
    overdue: `it should be as its team made it: ${differenceFromTeam(one.configuration) ?? 'it is, but nobody noted it'}`,
  };
}

/** Why AWS refuses an update that brings these layers; nothing, where it does not. */
function refusalOf({ obstacles }: LiveFunction, newLayers: readonly string[]): string | undefined {
  if (obstacles.has('control-policy')) return 'aws-refused';
  if (obstacles.has('frozen-runtime')) return 'runtime-frozen';
  if (!newLayers.some(isAgentLayer)) return undefined;
  if (obstacles.has('layer')) return 'layer-access';
  return obstacles.has('code-signing') ? 'code-signing' : undefined;
}

function hasHiddenVariables({ obstacles, configuration }: LiveFunction): boolean {
  return obstacles.has('key') && Object.keys(configuration.variables).length > 0;
}

/** What the record may say where nothing of ours is on it, and Layerward can't see that. */
function unseen(one: LiveFunction): string[] {
  return hasHiddenVariables(one) ? ['blocked: environment-unreadable'] : [];
}

function credentialsIn(variables: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => isCredential(name)));
}

function isCredential(name: string): boolean {
  return name === 'TREND_AP_KEY' || name === 'TREND_AP_SECRET';
}

/** The codes of drift in the order of docs/decisions.md. */
const driftCodes = [
  'layer-missing',
  'layer-version',
  'layer-of-other-variant',
  'wrapper-missing',
  'wrapper-stale',
  'handler-not-redirected',
  'handler-stale',
  'variable-missing',
  'variable-changed',
  'credentials-changed',
] as const;

/** The first code of drift of a function; nothing, where nothing differs. Without credentials, those don't differ. */
export function firstDrift(goal: Goal, { configuration }: LiveFunction): (typeof driftCodes)[number] | undefined {
  const found = new Set<(typeof driftCodes)[number]>();
  const { handler, layers, variables } = configuration;
  const nameOf = (arn: string) => arn.split(':')[6];
  const others = layers.filter((arn) => isAgentLayer(arn) && arn !== goal.layerArn);
  if (!layers.includes(goal.layerArn))
    found.add(
      others.length === 0
        ? 'layer-missing'
        : others.some((arn) => nameOf(arn) === nameOf(goal.layerArn))
          ? 'layer-version'
          : 'layer-of-other-variant',
    );
  else if (others.length > 0) found.add('layer-of-other-variant');
  if (goal.activation === 'redirect' && handler !== redirectHandler) found.add('handler-not-redirected');
  if (goal.activation === 'wrapper' && handler === redirectHandler) found.add('handler-stale');
  const wanted = wantedVariables(goal, configuration);
  for (const name of new Set([...Object.keys(wanted), ...Object.keys(variables)])) {
    const [should, is] = [wanted[name], variables[name]];
    if (should === is || (isCredential(name) && !goal.credentials)) continue;
    if (name === wrapperName) found.add(is === undefined ? 'wrapper-missing' : 'wrapper-stale');
    else if (is === undefined) found.add('variable-missing');
    else if (isCredential(name)) found.add('credentials-changed');
    else found.add(name === handlerVariable && should === undefined ? 'handler-stale' : 'variable-changed');
  }
  return driftCodes.find((code) => found.has(code));
}
