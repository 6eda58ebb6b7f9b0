import { type Agents, agentLayer, findVariant, redirectsOf, wrapperScripts, wrapperVariable } from './agent.ts';
import { type Attachment, isGoneFrom, rebuiltDetail, type Shape, shapeOf } from './attachment.ts';
import { type Decision, isEmpty, type Plan, type ReleaseReason, updateBetween } from './decision.ts';
import { type Drift, driftBetween } from './drift.ts';
import { formatFunctionArn } from './function-arn.ts';
import {
  attachmentFor,
  type Credentials,
  type Goal,
  goalFor,
  rebuildAttachment,
  type Target,
  targetFor,
} from './goal.ts';
import { layerSourceFor, type Policy, type Selection } from './policy.ts';
import { release, withEntryPoints } from './release.ts';
import type { Snapshot } from './snapshot.ts';

/** What AWS allows: layers of one function, and bytes of its variables written as JSON, which is how AWS measures. */
export const limits = { layers: 5, environmentBytes: 4096 } as const;

/** All that a decision depends on. */
export interface Situation {
  readonly snapshot: Snapshot;
  /** What the policy says of this function. */
  readonly selection: Selection;
  readonly contest: Policy['contest'];
  /** ARNs of Layerward's own functions. */
  readonly ownFunctionArns: readonly string[];
  /** What our record says that we put on; absent where we put nothing. */
  readonly attachment: Attachment | undefined;
  /** When the function was put right before, ISO 8601. */
  readonly repairs: readonly string[];
  /** The group's credentials, or why there are none. */
  readonly credentials: { readonly found: Credentials } | { readonly missing: string };
  readonly now: Date;
}

/** A blocked decision. */
export function blocked(reason: Extract<Decision, { status: 'blocked' }>['reason'], detail: string): Decision {
  return { status: 'blocked', reason, detail };
}

export function environmentUnreadable(environment: Snapshot['environment']): Decision | false {
  return (
    !environment.readable &&
    blocked(
      'environment-unreadable',
      `AWS did not show its variables (${environment.errorCode}); writing would erase them`,
    )
  );
}

export function notReady({ state, lastUpdateStatus }: Snapshot): Decision | false {
  return (
    (state === 'Pending' || lastUpdateStatus === 'InProgress') && {
      status: 'waiting',
      reason: 'function-not-ready',
      detail: state === 'Pending' ? 'its State is Pending' : 'its LastUpdateStatus is InProgress',
    }
  );
}

/** A situation with what follows from it, worked out when a row asks for it. */
export class View {
  readonly situation: Situation;
  readonly #variant: ReturnType<typeof findVariant>;
  #target: Target | undefined;
  #goal: Goal | undefined;
  #drift: readonly Drift[] | undefined;

  constructor(situation: Situation) {
    this.situation = situation;
    const { runtime, architecture } = situation.snapshot;
    this.#variant = findVariant(situation.selection.agent, runtime, architecture);
  }

  get snapshot() {
    return this.situation.snapshot;
  }
  get selection() {
    return this.situation.selection;
  }
  get attachment() {
    return this.situation.attachment;
  }
  get tags() {
    return this.snapshot.tags;
  }
  get environment() {
    return this.snapshot.environment;
  }
  get contest() {
    return this.situation.contest;
  }
  get isOwn() {
    return this.situation.ownFunctionArns.includes(formatFunctionArn(this.snapshot.arn));
  }

  get unsupported() {
    const { snapshot, selection } = this;
    const { agent } = selection;
    if (snapshot.packageType === 'Image')
      return { reason: 'container-image', detail: 'container images can’t have layers' } as const;
    if (snapshot.masterArn !== undefined)
      return { reason: 'lambda-edge', detail: 'Lambda@Edge allows neither layers nor variables' } as const;
    if ('missing' in this.#variant)
      return this.#variant.missing === 'runtime'
        ? ({ reason: 'runtime', detail: `${agent.title} does not run on ${snapshot.runtime}` } as const)
        : ({ reason: 'architecture', detail: `${agent.title} does not run on ${snapshot.architecture}` } as const);
    const { regions, partition } = selection.layerSource;
    if (!regions.includes(snapshot.arn.region) || partition !== snapshot.arn.partition)
      return { reason: 'region', detail: `the layers are not published in ${snapshot.arn.region}` } as const;
    return undefined;
  }

  get credentials(): Situation['credentials'] {
    const { group } = this.selection;
    return 'refused' in group ? { missing: group.refused } : this.situation.credentials;
  }

  get goal(): Goal {
    if ('missing' in this.#variant) throw new TypeError('there is no goal for a function that the agent can’t serve');
    const { group } = this.selection;
    this.#goal ??= goalFor(
      this.snapshot.arn,
      this.selection,
      this.#variant.found,
      'found' in group ? group.found : undefined,
      'found' in this.credentials ? this.credentials.found : undefined,
    );
    return this.#goal;
  }

  get current(): Shape {
    return shapeOf(this.snapshot);
  }

  get target(): Target {
    this.#target ??= targetFor(this.goal, this.current, this.attachment);
    return this.#target;
  }

  get drift(): readonly Drift[] {
    this.#drift ??= driftBetween(this.current, this.target.shape, this.goal);
    return this.#drift;
  }

  get foreignWrapper(): string | undefined {
    const { activation } = this.goal.variant;
    const wrapper = this.current.variables[wrapperVariable];
    if (activation.type !== 'exec-wrapper' || !wrapper) return undefined;
    const former = this.attachment?.applied.variables[wrapperVariable];
    const isOurs = wrapper === former || wrapperScripts(this.selection.agent).includes(wrapper);
    return isOurs ? undefined : wrapper;
  }

  get environmentBytes(): number {
    return new TextEncoder().encode(JSON.stringify(this.target.shape.variables)).length;
  }

  get recentRepairs(): number {
    const since = this.situation.now.getTime() - this.contest.withinMinutes * 60_000;
    return this.situation.repairs.filter((at) => Date.parse(at) > since).length;
  }

  get attachmentAfter(): Attachment {
    return attachmentFor(this.goal, this.target.shape, this.current, this.attachment);
  }

  get plan(): Plan {
    return {
      functionArn: formatFunctionArn(this.snapshot.arn),
      revisionId: this.snapshot.revisionId,
      update: updateBetween(this.current, this.target.shape),
      attachment: this.attachmentAfter,
    };
  }

  /** A release, or what holds it up: an environment that can't be read, a function that is not ready. */
  toRelease = (reason: ReleaseReason): Decision => {
    const { attachment, snapshot, selection } = this;
    if (!attachment) throw new TypeError('nothing was attached, so nothing can be released');
    const unreadable = environmentUnreadable(snapshot.environment);
    if (unreadable) return unreadable;
    const { current } = this;
    const isOfAgent = attachment.agent === selection.agent.name;
    const update = isGoneFrom(current, attachment)
      ? {}
      : updateBetween(
          current,
          release(current, isOfAgent ? withEntryPoints(attachment, selection.agent, current) : attachment),
        );
    const detail = `${releaseDetail[reason](snapshot)}${attachment.isRebuilt ? `; ${rebuiltDetail}` : ''}`;
    if (isEmpty(update))
      return {
        status: 'release',
        reason,
        detail,
        mode: selection.mode,
        plan: undefined,
      };
    return (
      notReady(snapshot) || {
        status: 'release',
        reason,
        detail,
        mode: selection.mode,
        plan: {
          functionArn: formatFunctionArn(snapshot.arn),
          revisionId: snapshot.revisionId,
          update,
          attachment,
        },
      }
    );
  };
}

/** The situation of a function that opted in, and whose record is lost: with what most likely is ours on it. */
export function withRebuiltAttachment(situation: Situation): Situation {
  const view = new View(situation);
  if (view.unsupported || !view.environment.readable) return situation;
  return { ...situation, attachment: rebuildAttachment(view.goal, view.current) };
}

const releaseDetail: Readonly<Record<ReleaseReason, (snapshot: Snapshot) => string>> = {
  'opted-out': () => 'its opt-in tag was taken off',
  excluded: () => 'the policy leaves it out',
  runtime: ({ runtime }) => `it was moved to ${runtime}, on which the agent does not run`,
  architecture: ({ architecture }) => `it was moved to ${architecture}, on which the agent does not run`,
};

/**
 * Whether anything on the function may be ours: a layer, a wrapper, a Handler or a variable of an agent's. Where nothing
 * is, and the function did not opt in, there is no need to ask the record.
 */
export function bearsTraces(snapshot: Snapshot, policy: Policy, agents: Agents): boolean {
  if (!snapshot.environment.readable) return true;
  const { layers, handler, variables } = shapeOf(snapshot);
  return [...agents.values()].some((agent) => {
    const source = layerSourceFor(policy, agent);
    return (
      layers.some((arn) => agentLayer(agent, source, arn) !== undefined) ||
      wrapperScripts(agent).some((script) => script === variables[wrapperVariable]) ||
      redirectsOf(agent).some((redirect) => redirect.handler === handler) ||
      Object.keys(variables).some((name) => name.startsWith(agent.settings.prefix))
    );
  });
}
