import { closest } from 'fastest-levenshtein';
import type { Agent, Agents } from '../domain/agent.ts';
import { WrongUse } from './exit-code.ts';
import { type InitFlags, pairsOf } from './init-flags.ts';
import type { PolicyAnswers } from './init-policy.ts';
import type { Asker } from './questions.ts';

/** Where the agent's credentials are, unless a person says otherwise. */
const defaultSecret = 'layerward/groups/default';

/**
 * Finds out what the policy is to say, by options first, then by asking.
 * @throws {WrongUse} that says what can't be.
 */
export async function choosePolicy(flags: InitFlags, asker: Asker, agents: Agents): Promise<PolicyAnswers> {
  const agent = await chooseAgent(flags.agent, asker, agents);
  const secret = flags.secret ?? defaultSecret;
  if (!/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(secret))
    throw new WrongUse(`${secret} can't be the name of a secret: letters, digits and /_+=.@- (a name, not an ARN)`);
  const groupParameters = await chooseGroupParameters(flags.groupParameter ?? [], asker, agent);
  const mode =
    flags.mode ??
    ((await asker.ask({
      text: 'Only say what would be done (audit), or do it (enforce)?',
      choices: ['audit', 'enforce'],
      fallback: 'audit',
    })) === 'enforce'
      ? 'enforce'
      : 'audit');
  return { mode, agent, secret, groupParameters };
}

async function chooseAgent(given: string | undefined, asker: Asker, agents: Agents): Promise<Agent> {
  const names = [...agents.keys()];
  const [only, ...others] = names;
  const name =
    given ??
    (others.length === 0
      ? (only ?? '')
      : await asker.ask({ text: 'Which agent is attached?', choices: names, fallback: only }));
  const agent = agents.get(name);
  if (!agent) throw new WrongUse(`there is no agent ${name}; there is: ${names.join(', ')}`);
  return agent;
}

async function chooseGroupParameters(
  pairs: readonly string[],
  asker: Asker,
  agent: Agent,
): Promise<PolicyAnswers['groupParameters']> {
  const given = pairsOf('--group-parameter', pairs);
  const names = Object.keys(agent.parameters);
  for (const [name, value] of Object.entries(given)) {
    const allowed = agent.parameters[name];
    if (!allowed)
      throw new WrongUse(
        `the agent ${agent.name} does not ask for ${name}; it asks for ${names.join(', ') || 'nothing'}`,
      );
    if (!allowed.includes(value))
      throw new WrongUse(
        `${name}=${value} is not known; did you mean ${closest(value, allowed)}? One of: ${allowed.join(', ')}`,
      );
  }
  const chosen: Record<string, string> = {};
  for (const [name, allowed] of Object.entries(agent.parameters))
    chosen[name] =
      given[name] ?? (await asker.ask({ text: `${name} of ${agent.title}`, choices: allowed, fallback: allowed[0] }));
  return chosen;
}
