import type { Attached } from './uninstall-attached.ts';
import type { DeletionFailure } from './uninstall-stack.ts';

/** What a person has to know of an uninstallation. */
export interface Uninstallation {
  readonly stack: {
    readonly name: string;
    readonly id: string;
    readonly accountId: string;
    readonly region: string;
  };
  /** Whether deleting the stack gives functions back what they had. */
  readonly releasesFunctions: boolean;
  /** When it began. */
  readonly attached: Attached;
  /** What outlives the stack, by what it is; a name is absent where nobody can tell it. */
  readonly stays: readonly { readonly what: string; readonly name: string | undefined }[];
}

/** How an uninstallation ended. */
export interface Ending {
  readonly status: 'DELETE_COMPLETE' | 'DELETE_FAILED';
  /** Functions that still have something of ours on them. */
  readonly left: Attached;
  readonly failure?: DeletionFailure | undefined;
}

/** `1 function`, `3 functions`. */
export function functionsText(count: number): string {
  return count === 1 ? '1 function' : `${count} functions`;
}

/** What will happen, before it does. */
export function planText({ stack, releasesFunctions, attached, stays }: Uninstallation): string {
  return [
    `The stack ${stack.name} in account ${stack.accountId}, ${stack.region}, will be deleted.`,
    attachedText(attached, releasesFunctions),
    `What stays: ${stays.map(({ what, name }) => (name === undefined ? what : `${what} (${name})`)).join(', ')}.`,
  ].join('\n');
}

function attachedText(attached: Attached, releasesFunctions: boolean): string {
  if ('unknown' in attached) return `How many functions have something attached can't be told: ${attached.unknown}.`;
  const count = attached.functions.length;
  if (count === 0) return 'No function has anything attached.';
  const [has, get, stay] = count === 1 ? ['has', 'gets', 'stays as it is'] : ['have', 'get', 'stay as they are'];
  return releasesFunctions
    ? `${functionsText(count)} ${has} something attached, and ${get} back what was there before.`
    : `${functionsText(count)} ${has} something attached, and ${stay}: the stack’s parameter ReleaseOnDelete is false.`;
}

/** How far it is. */
export function progressText(status: string, left: Attached, releasesFunctions: boolean): string {
  return 'functions' in left && releasesFunctions ? `${status}, ${functionsText(left.functions.length)} left` : status;
}

/** How many functions were released since it began; `undefined` where nobody can tell. */
export function releasedCount({ attached }: Uninstallation, { left }: Ending): number | undefined {
  return 'functions' in attached && 'functions' in left
    ? Math.max(0, attached.functions.length - left.functions.length)
    : undefined;
}

/** What became of it. */
export function endText(uninstallation: Uninstallation, ending: Ending): string {
  return ending.failure
    ? failureText(uninstallation, ending, ending.failure)
    : [`The stack ${uninstallation.stack.name} is deleted.`, ...leftText(uninstallation, ending)].join('\n');
}

function leftText(uninstallation: Uninstallation, ending: Ending): string[] {
  const { left } = ending;
  if ('unknown' in left) return [`What became of the functions can't be told: ${left.unknown}.`];
  const released = releasedCount(uninstallation, ending) ?? 0;
  const [were, has] = [released === 1 ? 'was' : 'were', left.functions.length === 1 ? 'has' : 'have'];
  const releasedText = `${functionsText(released)} ${were} released`;
  if (left.functions.length === 0) return [`${releasedText}; nothing of Layerward’s is on any function any more.`];
  return [
    `${releasedText}; ${functionsText(left.functions.length)} still ${has} something attached:`,
    ...left.functions.map(
      ({ functionArn, status, reason }) => `  ${functionArn}  ${[status, reason].filter(Boolean).join(': ')}`,
    ),
    'Their records have what was there before. docs/operations.md, “Uninstalling”, tells how to put it back.',
  ];
}

function failureText({ stack }: Uninstallation, { left }: Ending, { reason, resources }: DeletionFailure): string {
  const inTheWay = resources.map(({ logicalId }) => logicalId);
  const retained = (inTheWay.length === 0 ? ['Deployment'] : inTheWay).join(' ');
  return [
    `CloudFormation could not delete the stack ${stack.name}: ${reason || 'it gives no reason'}`,
    ...resources.map((resource) => `  ${resource.logicalId}: ${resource.reason || 'no reason given'}`),
    ...('functions' in left
      ? [
          `${functionsText(left.functions.length)} still ${left.functions.length === 1 ? 'has' : 'have'} something attached.`,
        ]
      : []),
    'Run layerward uninstall again to go on, or leave what is in the way as it is:',
    `  aws cloudformation delete-stack --region ${stack.region} --stack-name ${stack.name} --retain-resources ${retained}`,
  ].join('\n');
}
