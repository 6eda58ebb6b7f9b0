import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Agents } from '../domain/agent.ts';
import { LayerwardError } from '../domain/errors.ts';
import type { Policy } from '../domain/policy.ts';
import { readAgents, readPolicyDocument } from '../service/agent-files.ts';
import { type ExitCode, exitCode, WrongUse } from './exit-code.ts';
import { choosePolicy } from './init-choose-policy.ts';
import { chooseDeployment, type DeploymentContext } from './init-deployment.ts';
import { keptText, writeWhole } from './init-files.ts';
import { findingsIn } from './init-findings.ts';
import { type InitFlags, optionsFor } from './init-flags.ts';
import { nextSteps, notes, stepsText } from './init-next.ts';
import type { FoundOrganization } from './init-organization.ts';
import { policyText } from './init-policy.ts';
import { type Deployment, readSamConfig, samConfigText } from './init-samconfig.ts';
import { secretPrefixFinding, withSecretPrefix } from './init-secret-prefix.ts';
import { readStackParameters, repositoryRoot, type StackParameters } from './init-template.ts';
import { print, printJson } from './printing.ts';
import { type Asker, askNobody, askPerson } from './questions.ts';

const policyFile = 'policy.yaml';
const samConfigFile = 'samconfig.toml';

/** The build of what is deployed failed; its own words are on standard error. */
class BuildFailed extends LayerwardError {
  override readonly name = 'BuildFailed';
  readonly code = 'build-failed';
  readonly retryable = false;
}

/**
 * Finds out what is to be deployed, writes both files, builds, and says what is left to do.
 * @throws {WrongUse} for what can't be; then nothing was written.
 */
export async function runInit(flags: InitFlags): Promise<ExitCode> {
  if (flags.build && realpathSync(process.cwd()) !== realpathSync(repositoryRoot))
    throw new WrongUse(
      `the build takes its policy from ${repositoryRoot}, and this is ${process.cwd()}: run it there, or with --no-build`,
    );
  const agents = readAgents();
  const known = readStackParameters();
  const asker = openAsker(flags);
  let plan: Plan;
  try {
    plan = await decide(flags, asker, agents, known);
  } finally {
    asker.close();
  }
  const files = {
    [policyFile]: plan.policy.text === undefined ? 'kept' : writeWhole(policyFile, plan.policy.text),
    [samConfigFile]: plan.deployment.text === undefined ? 'kept' : writeWhole(samConfigFile, plan.deployment.text),
  };
  if (flags.build) build(flags);
  report(flags, plan, files, agents);
  return exitCode.done;
}

/** Everything that is to be written, checked; a text is absent where the file is kept. */
interface Plan {
  readonly policy: { readonly text: string | undefined; readonly read: Policy };
  readonly deployment: { readonly text: string | undefined; readonly read: Deployment };
  readonly found: FoundOrganization | undefined;
}

async function decide(flags: InitFlags, asker: Asker, agents: Agents, known: StackParameters): Promise<Plan> {
  const keptPolicy = keptText(policyFile, flags.force ?? false);
  const keptConfig = keptText(samConfigFile, flags.force ?? false);
  const kept = {
    policy: keptPolicy === undefined ? undefined : readPolicyDocument(keptPolicy, policyFile, agents),
    deployment: keptConfig === undefined ? undefined : readSamConfig(keptConfig, samConfigFile),
  };
  const context: DeploymentContext = {
    known,
    environmentRegion: process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'],
    lookUp: async (region) => {
      const { lookUpOrganization } = await import('./init-organization.ts');
      return lookUpOrganization({ region, endpoint: flags.endpoint });
    },
  };
  asker.tell(`This writes ${policyFile} and ${samConfigFile}. An empty answer takes what is in brackets.`);
  if (kept.deployment) asker.tell(`${samConfigFile} is there, and is kept.`);
  const chosen = kept.deployment
    ? { deployment: kept.deployment, found: undefined }
    : await chooseDeployment(flags, asker, context);
  if (kept.policy) asker.tell(`${policyFile} is there, and is kept.`);
  const newPolicy = kept.policy ? undefined : policyText(await choosePolicy(flags, asker, agents));
  const policy = kept.policy ?? readPolicyDocument(newPolicy ?? '', policyFile, agents);
  const secrets = Object.values(policy.groups).map(({ secret }) => secret);
  const deployment = kept.deployment ?? withSecretPrefix(chosen.deployment, secrets, known);
  requireDeployable(deployment, kept.deployment !== undefined, secrets, known);

  const agreed = askNobody(true);
  if (keptPolicy !== undefined && optionsFor(policyFile, flags).length > 0)
    requireSame(policyFile, keptPolicy, policyText(await choosePolicy(flags, agreed, agents)), flags);
  if (keptConfig !== undefined && optionsFor(samConfigFile, flags).length > 0) {
    const wanted = await chooseDeployment(flags, agreed, context);
    requireSame(samConfigFile, keptConfig, samConfigText(withSecretPrefix(wanted.deployment, secrets, known)), flags);
  }
  return {
    policy: { text: newPolicy, read: policy },
    deployment: { text: kept.deployment ? undefined : samConfigText(deployment), read: deployment },
    found: chosen.found,
  };
}

/** @throws {WrongUse} with everything for which CloudFormation would refuse it, or Layerward could not work. */
function requireDeployable(
  deployment: Deployment,
  isKept: boolean,
  secrets: readonly string[],
  known: StackParameters,
): void {
  const prefix = secretPrefixFinding(deployment, secrets, known);
  const findings = [...findingsIn(deployment.parameters ?? {}, known), ...(prefix === undefined ? [] : [prefix])];
  if (findings.length === 0) return;
  throw new WrongUse(
    isKept
      ? [`${samConfigFile} is there, and is kept; correct it, or let --force write it anew:`, ...findings].join('\n')
      : findings.join('\n'),
  );
}

/** Options that a kept file does not follow would be ignored without a word. @throws {WrongUse} */
function requireSame(file: 'policy.yaml' | 'samconfig.toml', kept: string, wanted: string, flags: InitFlags): void {
  if (kept === wanted) return;
  const options = optionsFor(file, flags);
  throw new WrongUse(
    `${file} is there, and is kept, so ${options.join(', ')} would have no effect: change the file itself, or let --force ` +
      'write it anew',
  );
}

function openAsker({ yes, json }: InitFlags): Asker {
  // With --json, questions must not get into the answer.
  const output = json ? process.stderr : process.stdout;
  return !yes && process.stdin.isTTY && output.isTTY
    ? askPerson(process.stdin, output, 'the questions were not answered, so nothing was written')
    : askNobody(yes ?? false);
}

function build({ json }: InitFlags): void {
  const script = join(repositoryRoot, 'scripts/build.ts');
  const { status, error } = spawnSync(process.execPath, [script, '--quiet'], {
    stdio: ['ignore', json ? 'ignore' : 'inherit', 'inherit'],
  });
  if (status !== 0)
    throw new BuildFailed(
      `the build failed${error ? ` (${error.message})` : ', for the reason above'}; ${policyFile} and ${samConfigFile} are ` +
        'written: run npm ci and npm run build, then sam deploy',
    );
}

function report(
  flags: InitFlags,
  { policy, deployment, found }: Plan,
  files: Readonly<Record<string, string>>,
  agents: Agents,
): void {
  const outcome = { deployment: deployment.read, policy: policy.read };
  const steps = nextSteps({ ...outcome, hubAccountId: found?.callerAccountId, isBuilt: flags.build });
  const remarks = notes(outcome, agents);
  if (flags.json) {
    const { stackName, region, parameters } = deployment.read;
    const { mode, agent } = policy.read;
    const stack = { name: stackName, region, parameters };
    printJson({ files, isBuilt: flags.build, stack, mode, agent, next: steps, notes: remarks });
    return;
  }
  for (const [name, state] of Object.entries(files)) print(`${name.padEnd(20)}  ${state}`);
  if (flags.build) print(`${'dist/template.yaml'.padEnd(20)}  built, with the policy in it`);
  print();
  print('What is left to do:');
  print(stepsText(steps));
  print();
  for (const remark of remarks) print(remark);
}
