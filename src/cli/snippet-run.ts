import { adviceFor } from '../domain/advice.ts';
import { formatFunctionArn } from '../domain/function-arn.ts';
import { placeOf } from '../service/judge.ts';
import { type Adoption, adoptionFor, type NothingToAdopt } from '../service/snippet.ts';
import { type SecretPlace, snippetText } from '../service/snippet-text.ts';
import { type ExitCode, exitCode, WrongUse } from './exit-code.ts';
import { findFunction } from './function-lookup.ts';
import { policyName } from './plan-policy.ts';
import { printJson, safe, tell } from './printing.ts';
import { type OpenSight, openSight } from './sight.ts';
import type { SnippetOptions } from './snippet.ts';
import type { SnippetReport } from './snippet-report.ts';

/** Prints the lines that adopt what Layerward keeps on a function. */
export async function printSnippet(name: string, options: SnippetOptions): Promise<ExitCode> {
  const sight = await openSight(options);
  const { policy, agents, accounts, records, ownFunctionArns, now } = sight;
  const snapshot = await findFunction(name, sight);
  const [record, place] = await Promise.all([
    records?.find(formatFunctionArn(snapshot.arn)),
    placeOf(snapshot.arn, policy, accounts),
  ]);
  const answer = adoptionFor({ snapshot, place, record, policy, agents, ownFunctionArns, now: now() });
  if ('nothing' in answer)
    throw new WrongUse(`${snapshot.arn.functionName} has nothing to adopt: ${refusalText(answer.nothing, sight)}`);
  const { adoption } = answer;
  const text = snippetText(adoption, options.as, secretPlace(sight));
  if (options.json) printJson(toReport(adoption, options, text));
  else {
    process.stdout.write(text.split('\n').map(safe).join('\n'));
    if (process.stdout.isTTY)
      tell('\nPut them into the code that deploys the function; layerward explain then says that nothing differs.');
  }
  return exitCode.done;
}

/** Where the groups' secrets are: where Layerward is deployed. */
function secretPlace({ stack, connection }: OpenSight): SecretPlace | undefined {
  return stack ? { accountId: connection.accountId, region: connection.region } : undefined;
}

function toReport(adoption: Adoption, { as, policy }: SnippetOptions, text: string): SnippetReport {
  const { functionArn, handler, layers, variables, secrets, secretName, kept, removed } = adoption;
  return {
    functionArn,
    policy: policyName(policy),
    as,
    text,
    handler,
    layers: [...layers],
    variables: { ...variables },
    secrets: { ...secrets },
    secretName,
    kept: [...kept],
    removed: [...removed],
  };
}

/** Why there is nothing, and what to do first. */
function refusalText(decision: NothingToAdopt, { policy }: OpenSight): string {
  const { tag, value } = policy.optIn;
  switch (decision.status) {
    case 'out-of-scope':
      switch (decision.reason) {
        case 'self':
          return 'it is one of Layerward’s own functions';
        case 'excluded':
          return 'the policy leaves it out';
        case 'not-opted-in':
          return `it has not opted in; set its tag ${tag}=${value} first`;
      }
      break;
    case 'release':
      return `Layerward gives it back what it had before (${decision.detail})`;
    case 'unsupported':
    case 'blocked':
      return `${decision.detail}. ${adviceFor({ status: decision.status, reason: decision.reason, action: 'none' })}`;
  }
}
