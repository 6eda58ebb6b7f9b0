import type { Attachment, Shape } from './attachment.ts';
import type { Drift, DriftCode } from './drift.ts';
import type { Mode } from './policy.ts';

/** Why nothing of ours belongs on the function. */
export type OutOfScopeReason = 'self' | 'excluded' | 'not-opted-in';
/** Why the agent can't run on the function. */
export type UnsupportedReason = 'container-image' | 'lambda-edge' | 'runtime' | 'architecture' | 'region';
/** Why what we put on is taken off again. */
export type ReleaseReason = 'opted-out' | 'excluded' | 'runtime' | 'architecture';
/** Why the function can't be protected until a person does something. */
export type BlockedReason =
  | 'tags-unreadable'
  | 'environment-unreadable'
  | 'foreign-wrapper'
  | 'layer-limit'
  | 'environment-size'
  | 'credentials-missing'
  | 'original-handler-lost'
  | RefusalReason;
/** Why AWS refused an update, or let one fail. */
export type RefusalReason = 'runtime-frozen' | 'code-signing' | 'layer-access' | 'aws-refused';

/** What is sent: only what differs, and never anything but these three. */
export interface Update {
  readonly Handler?: string;
  readonly Layers?: readonly string[];
  readonly Environment?: { readonly Variables: Readonly<Record<string, string>> };
}

/** The one `UpdateFunctionConfiguration` that ends the drift. */
export interface Plan {
  readonly functionArn: string;
  /** The revision that the plan was made for; AWS refuses it for any other. */
  readonly revisionId: string;
  readonly update: Update;
  /** What the record must hold before the update is sent; nothing, where a release ends the attachment. */
  readonly attachment: Attachment | undefined;
}

/** The pure answer for one snapshot. `status` and `reason` are stable codes: stored, filtered on and documented. */
export type Decision =
  | { readonly status: 'out-of-scope'; readonly reason: OutOfScopeReason }
  | { readonly status: 'unsupported'; readonly reason: UnsupportedReason; readonly detail: string }
  | { readonly status: 'blocked'; readonly reason: BlockedReason; readonly detail: string }
  | {
      readonly status: 'release';
      readonly reason: ReleaseReason;
      readonly detail: string;
      readonly mode: Mode;
      /** Nothing, where the function has nothing of ours any more. */
      readonly plan: Plan | undefined;
    }
  | {
      readonly status: 'compliant';
      /** What the record should hold: ours, or what a team had put on itself. */
      readonly attachment: Attachment;
    }
  | { readonly status: 'waiting'; readonly reason: 'function-not-ready'; readonly detail: string }
  | {
      readonly status: 'drifted';
      readonly reason: DriftCode;
      readonly drift: readonly Drift[];
      readonly mode: Mode;
      readonly plan: Plan;
    }
  | {
      readonly status: 'contested';
      readonly reason: 'flapping';
      readonly detail: string;
      readonly drift: readonly Drift[];
    };

/** The update from one shape to another, with nothing in it that stays as it is. */
export function updateBetween(current: Shape, target: Shape): Update {
  const sameLayers =
    current.layers.length === target.layers.length &&
    current.layers.every((arn, index) => arn === target.layers[index]);
  const names = new Set([...Object.keys(current.variables), ...Object.keys(target.variables)]);
  const sameVariables = [...names].every((name) => current.variables[name] === target.variables[name]);
  return {
    ...(target.handler === undefined || target.handler === current.handler ? {} : { Handler: target.handler }),
    ...(sameLayers ? {} : { Layers: target.layers }),
    ...(sameVariables ? {} : { Environment: { Variables: target.variables } }),
  };
}

/** Whether an update would change nothing. */
export function isEmpty(update: Update): boolean {
  return Object.keys(update).length === 0;
}
