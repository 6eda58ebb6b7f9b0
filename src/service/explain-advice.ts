import { adviceFor } from '../domain/advice.ts';
import type { Decision, RefusalReason } from '../domain/decision.ts';
import { formatFunctionArn } from '../domain/function-arn.ts';
import type { Policy } from '../domain/policy.ts';
import type { FunctionRecord } from '../domain/record.ts';
import type { Situation } from '../domain/situation.ts';

/** What a person can do now. */
export interface Advice {
  readonly sentence: string;
  /** Commands that do it, or that show more, ready to be pasted. */
  readonly commands: readonly string[];
}

/** What only AWS's answer to an update tells; the record keeps it. */
const refusalReasons: Readonly<Record<RefusalReason, true>> = {
  'runtime-frozen': true,
  'code-signing': true,
  'layer-access': true,
  'aws-refused': true,
};

/** AWS's refusal of the last update, if the record says that it refused it and nothing was put right since. */
export function refusalIn(
  decision: Decision,
  record: FunctionRecord | undefined,
): Pick<FunctionRecord, 'reason' | 'detail'> | undefined {
  const isRefused =
    decision.status === 'drifted' && record?.status === 'blocked' && Object.hasOwn(refusalReasons, record.reason);
  return isRefused ? record : undefined;
}

/** What to do about a decision: a sentence that a newcomer can act on, and commands where there are some. */
export function adviseOn(
  decision: Decision,
  situation: Situation,
  record: FunctionRecord | undefined,
  policy: Pick<Policy, 'optIn' | 'groupTag'>,
): Advice {
  const functionArn = formatFunctionArn(situation.snapshot.arn);
  const { tag, value } = policy.optIn;
  const optIn = `aws lambda tag-resource --resource ${functionArn} --tags ${quote(JSON.stringify({ [tag]: value }))}`;
  const optOut = `aws lambda untag-resource --resource ${functionArn} --tag-keys ${quote(tag)}`;
  switch (decision.status) {
    case 'out-of-scope':
      switch (decision.reason) {
        case 'self':
          return { sentence: 'Nothing has to be done.', commands: [] };
        case 'excluded':
          return {
            sentence: 'Nothing has to be done. To have it protected, take it out of exclude in the policy.',
            commands: [],
          };
        case 'not-opted-in':
          return {
            sentence: 'Nothing has to be done. To have it protected, set the opt-in tag, key and value exactly.',
            commands: [optIn],
          };
      }
      break;
    case 'compliant':
      return { sentence: 'Nothing has to be done.', commands: [] };
    case 'waiting':
      return {
        sentence: 'Wait until AWS has ended what it does, and ask again; the second command ends when it is ready.',
        commands: [
          `layerward explain ${functionArn}`,
          `aws lambda wait function-updated-v2 --function-name ${functionArn}`,
        ],
      };
    case 'unsupported':
      return { sentence: unsupportedAdvice(decision.reason, situation), commands: [] };
    case 'blocked':
      return blockedAdvice(decision.reason, situation, policy, optOut);
    case 'contested':
      return {
        sentence: adviceFor({ status: 'contested', reason: decision.reason, action: 'none' }),
        commands: [optOut],
      };
    case 'release':
    case 'drifted': {
      const refusal = refusalIn(decision, record);
      if (refusal)
        return {
          sentence: `AWS refused the last update. ${adviceFor({ status: 'blocked', reason: refusal.reason, action: 'none' })}`,
          commands: [`layerward apply ${functionArn}`],
        };
      const { sentence, commands } = changeAdvice(decision, functionArn);
      const { before, more } = afterRelease(decision, situation, optIn);
      return { sentence: `${before}${sentence}`, commands: [...commands, ...more] };
    }
  }
}

function changeAdvice(
  { status, mode, plan }: Extract<Decision, { status: 'drifted' | 'release' }>,
  functionArn: string,
): Advice {
  if (!plan) return { sentence: 'Nothing has to be done: nothing of Layerward’s is on it any more.', commands: [] };
  const doing = status === 'drifted' ? 'put it right' : 'give it back';
  if (mode === 'audit')
    return {
      sentence:
        `The mode is audit, so nothing is changed by itself. Set the mode to enforce in the policy to have Layerward ${doing}, ` +
        `or ${doing} once, by the command.`,
      commands: [`layerward apply --enforce ${functionArn}`],
    };
  return {
    sentence: `A deployed Layerward does it by itself, within seconds of a change and at each sweep. To ${doing} now:`,
    commands: [`layerward apply ${functionArn}`],
  };
}

/** What a release leaves behind, and how to have it otherwise. */
function afterRelease(
  { status, reason }: Extract<Decision, { status: 'drifted' | 'release' }>,
  situation: Situation,
  optIn: string,
): { readonly before: string; readonly more: readonly string[] } {
  if (status === 'release')
    switch (reason) {
      case 'runtime':
      case 'architecture':
        return { before: `${unsupportedAdvice(reason, situation)} `, more: [] };
      case 'opted-out':
        return { before: 'To keep it protected, put the tag back by the last command. ', more: [optIn] };
      case 'excluded':
        return { before: 'To keep it protected, take it out of exclude in the policy. ', more: [] };
    }
  return { before: '', more: [] };
}

function unsupportedAdvice(
  reason: Extract<Decision, { status: 'unsupported' }>['reason'],
  { selection: { agent } }: Situation,
): string {
  const list = (of: 'runtimes' | 'architectures') => [...new Set(agent.variants.flatMap((one) => one[of]))].join(', ');
  switch (reason) {
    case 'runtime':
      return `Nothing protects the function. Move it to a runtime that the agent supports (${list('runtimes')}), or name another agent for it in the policy.`;
    case 'architecture':
      return `Nothing protects the function. Move it to an architecture that the agent supports (${list('architectures')}), or name another agent for it in the policy.`;
    case 'region':
    case 'container-image':
    case 'lambda-edge':
      return adviceFor({ status: 'unsupported', reason, action: 'none' });
  }
}

function blockedAdvice(
  reason: Extract<Decision, { status: 'blocked' }>['reason'],
  { snapshot, selection }: Situation,
  { groupTag }: Pick<Policy, 'groupTag'>,
  optOut: string,
): Advice {
  const functionArn = formatFunctionArn(snapshot.arn);
  const sentence = adviceFor({ status: 'blocked', reason, action: 'none' });
  const show = `aws lambda get-function-configuration --function-name ${functionArn}`;
  switch (reason) {
    case 'tags-unreadable':
      return { sentence, commands: [`aws lambda list-tags --resource ${functionArn}`] };
    case 'environment-unreadable':
      return { sentence, commands: [`${show} --query '[KMSKeyArn,Environment.Error]'`, optOut] };
    case 'foreign-wrapper':
      return { sentence, commands: [optOut] };
    case 'layer-limit':
      return { sentence, commands: [`${show} --query 'Layers[].Arn'`] };
    case 'environment-size':
      return { sentence, commands: [] };
    case 'credentials-missing':
      if ('found' in selection.group)
        return {
          sentence: `${sentence} secret.json holds {"key": "...", "secret": "..."}; if the secret is there already, see whether you may read it.`,
          commands: [
            `aws secretsmanager create-secret --name ${quote(selection.group.found.secret)} --secret-string file://secret.json`,
          ],
        };
      return {
        sentence: 'Name a group by the tag that the policy has and allows here, or put this one into the policy.',
        commands: [
          `aws lambda tag-resource --resource ${functionArn} --tags ${quote(JSON.stringify({ [groupTag]: 'GROUP' }))}`,
        ],
      };
    case 'original-handler-lost':
      return {
        sentence,
        commands: [`aws lambda update-function-configuration --function-name ${functionArn} --handler FILE.FUNCTION`],
      };
    case 'runtime-frozen':
    case 'code-signing':
    case 'layer-access':
    case 'aws-refused':
      return { sentence, commands: [] };
  }
}

/** A word for a shell. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
