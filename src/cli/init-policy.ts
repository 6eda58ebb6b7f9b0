import { stringify } from 'yaml';
import type { Agent } from '../domain/agent.ts';
import type { Mode } from '../domain/policy.ts';

/** What a new policy says. */
export interface PolicyAnswers {
  readonly mode: Mode;
  readonly agent: Agent;
  /** Name of the secret with the agent's credentials. */
  readonly secret: string;
  /** What the agent asks of a group. */
  readonly groupParameters: Readonly<Record<string, string>>;
}

/** The text of `policy.yaml`, with a comment for each key. Its reader is to check it before it is written. */
export function policyText({ mode, agent, secret, groupParameters }: PolicyAnswers): string {
  const parameters = Object.entries(groupParameters);
  const asked = parameters.flatMap(([name]) => {
    const allowed = agent.parameters[name];
    return allowed ? [`    # ${name}: one of ${allowed.join(', ')}`] : [];
  });
  return [
    '# yaml-language-server: $schema=schemas/policy.schema.json',
    '#',
    '# Who is protected, with what, and how. Every key is explained in docs/policy.md.',
    '# After a change: npm run build, and sam deploy.',
    'version: 1',
    '',
    '# enforce puts drift right; audit only records and announces it, and changes nothing.',
    `mode: ${mode}`,
    '',
    '# The agent that is attached: a file in agents/.',
    `agent: ${scalar(agent.name)}`,
    '',
    '# A function opts in with this tag, key and value exactly.',
    'optIn: { tag: "layerward:protect", value: "on" }',
    '',
    '# The tag that names a function’s group of credentials; without it, the default group.',
    'groupTag: layerward:group',
    'defaultGroup: default',
    'groups:',
    '  default:',
    '    # The name of a secret in Secrets Manager: {"key": "...", "secret": "..."}',
    `    secret: ${scalar(secret)}`,
    ...(parameters.length === 0
      ? []
      : [
          ...asked,
          `    parameters: { ${parameters.map(([name, value]) => `${scalar(name)}: ${scalar(value)}`).join(', ')} }`,
        ]),
    '',
    '# Left alone, opted in or not. Layerward never touches its own functions anyway.',
    'exclude: {}',
    '# exclude: { functions: ["legacy-*"], accounts: ["111122223333"] }',
    '',
    '# Put right this often within this time, and undone each time: leave it to people.',
    'contest: { repairs: 5, withinMinutes: 60 }',
    '',
  ].join('\n');
}

/** A value in YAML, in quotes where YAML would take it for something else. */
function scalar(text: string): string {
  return /^[A-Za-z][\w./-]*$/.test(text) ? stringify(text).trimEnd() : JSON.stringify(text);
}
