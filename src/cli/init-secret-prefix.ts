import type { Deployment } from './init-samconfig.ts';
import { type StackParameters, withoutDefaults } from './init-template.ts';

const parameter = 'CredentialSecretPrefix';

/** Says that the stack could not read the secrets of the policy, whose names have to start with one of its parameters. */
export function secretPrefixFinding(
  { parameters }: Deployment,
  secrets: readonly string[],
  known: StackParameters,
): string | undefined {
  const prefix = parameters?.[parameter] ?? known.get(parameter)?.Default ?? '';
  const stranger = secrets.find((secret) => !secret.startsWith(prefix));
  return stranger === undefined || parameters === undefined
    ? undefined
    : `The policy names the secret ${stranger}, and the stack may read only secrets whose names start with ${prefix}: ` +
        `change either, the latter by the parameter ${parameter}.`;
}

/** The deployment with a prefix that serves all of these secrets, where its own does not and nobody chose it. */
export function withSecretPrefix(
  deployment: Deployment,
  secrets: readonly string[],
  known: StackParameters,
): Deployment {
  const { parameters = {} } = deployment;
  const common = commonFolder(secrets);
  const isFine = secretPrefixFinding(deployment, secrets, known) === undefined;
  if (isFine || Object.hasOwn(parameters, parameter) || common === '') return deployment;
  return { ...deployment, parameters: withoutDefaults({ ...parameters, [parameter]: common }, known) };
}

/** What names have in common, up to a slash; all of it where there is only one, which has none. */
function commonFolder([first = '', ...others]: readonly string[]): string {
  let length = 0;
  while (length < first.length && others.every((other) => other[length] === first[length])) length++;
  const common = first.slice(0, length);
  const folder = common.slice(0, common.lastIndexOf('/') + 1);
  return folder === '' && others.length === 0 ? first : folder;
}
