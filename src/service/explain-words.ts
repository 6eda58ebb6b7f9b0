import type { Attachment } from '../domain/attachment.ts';
import type { Decision } from '../domain/decision.ts';
import type { DriftCode } from '../domain/drift.ts';
import type { Policy } from '../domain/policy.ts';
import type { FunctionRecord } from '../domain/record.ts';
import type { Situation } from '../domain/situation.ts';
import { refusalIn } from './explain-advice.ts';

/** What a release would not do, where it is less than people expect. */
function releaseNote({ applied, before, isRebuilt }: Attachment): string {
  if (isRebuilt)
    return ' Its record was lost and made anew, so a release gives back the Handler, but nothing else that the team had in the agent’s places.';
  // By hand, by the team's own code, or before a table was lost of which nobody has said so.
  const wasThereBefore = before.layers.some(({ arn }) => arn === applied.layerArn);
  return wasThereBefore ? ' It was when Layerward first saw it, so a release leaves it as it is.' : '';
}

/** A decision in a sentence, for somebody who has never heard of Layerward's codes. */
export function summarize(
  decision: Decision,
  situation: Situation,
  record: FunctionRecord | undefined,
  { optIn }: Pick<Policy, 'optIn'>,
): string {
  const name = situation.snapshot.arn.functionName;
  const agent = situation.selection.agent.title;
  switch (decision.status) {
    case 'out-of-scope':
      switch (decision.reason) {
        case 'self':
          return `${name} is one of Layerward’s own functions, which it never touches.`;
        case 'excluded':
          return `${name} is left out by the policy (exclude), so Layerward leaves it alone.`;
        case 'not-opted-in':
          return `${name} has not opted in (it has no tag ${optIn.tag}=${optIn.value}), so Layerward leaves it alone.`;
      }
      break;
    case 'unsupported':
      return `${name} has opted in, but the agent can’t run on it: ${decision.detail}.`;
    case 'blocked':
      return `${name} can’t be protected yet: ${withoutStop(decision.detail)}.`;
    case 'contested':
      return `${name} is left to people: ${decision.detail}.`;
    case 'release':
      return `${name} gets back what it had before Layerward: ${decision.detail}.`;
    case 'compliant':
      return `${name} is protected: all that ${agent} needs is in place.${releaseNote(decision.attachment)}`;
    case 'waiting':
      return `${name} can’t be changed right now, since AWS is still at work on it: ${decision.detail}.`;
    case 'drifted': {
      const refusal = refusalIn(decision, record);
      const sentence = `${name} is not protected as the policy wants it: ${driftWords[decision.reason]}`;
      return refusal
        ? `${sentence}, and AWS refused the update that would put it right: ${withoutStop(refusal.detail)}.`
        : `${sentence}.`;
    }
  }
}

/** What a kind of difference means. */
export const driftWords: Readonly<Record<DriftCode, string>> = {
  'layer-missing': 'the agent’s layer is not attached',
  'layer-version': 'the agent’s layer is attached in another version, or from another account',
  'layer-of-other-variant': 'a layer of the agent’s for another runtime is attached',
  'wrapper-missing': 'AWS_LAMBDA_EXEC_WRAPPER, which starts the agent, is not set',
  'wrapper-stale': 'AWS_LAMBDA_EXEC_WRAPPER is set to what the agent does not need there',
  'handler-not-redirected': 'the Handler is not the agent’s, so the agent is not started',
  'handler-stale': 'the Handler is still redirected, which the agent does not need there',
  'variable-missing': 'a variable of the agent’s is not set',
  'variable-changed': 'a variable of the agent’s has another value, or one is set that switches the agent off',
  'credentials-changed': 'the agent’s key or secret is not that of the function’s group',
};

/** AWS's own words end with a full stop, ours don't. */
function withoutStop(text: string): string {
  return text.replace(/\.\s*$/, '');
}
