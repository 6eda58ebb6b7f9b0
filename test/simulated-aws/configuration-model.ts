import type {
  GetLatestConfigurationCommandInput,
  GetLatestConfigurationCommandOutput,
  StartConfigurationSessionCommandOutput,
} from '@aws-sdk/client-appconfigdata';
import type { GetSecretValueCommandInput, GetSecretValueCommandOutput } from '@aws-sdk/client-secrets-manager';
import { AwsRefusal } from './aws-refusal.ts';

/** A value, and since when it is the one. */
export interface Version<T> {
  readonly value: T;
  readonly since: number;
}

/** A value that changes, with all that it was. */
export interface Versioned<T> {
  set(value: T): void;
  current(): T;
  /** What it was at any time from this moment on. */
  valuesSince(at: number): T[];
}

export function createVersioned<T>(first: T, now: () => number): Versioned<T> {
  const versions: Version<T>[] = [{ value: first, since: Number.NEGATIVE_INFINITY }];
  const last = () => versions.at(-1)?.value ?? first;
  return {
    set: (value) => void versions.push({ value, since: now() }),
    current: last,
    valuesSince(at) {
      const from = versions.findLastIndex(({ since }) => since <= at);
      return versions.slice(Math.max(0, from)).map(({ value }) => value);
    },
  };
}

/** AppConfig, whose tokens serve once, and which answers nothing where nothing has changed. */
export interface AppConfigModel {
  startConfigurationSession(): StartConfigurationSessionCommandOutput;
  getLatestConfiguration(input: GetLatestConfigurationCommandInput): GetLatestConfigurationCommandOutput;
}

/** @param content what is deployed; empty where nothing is */
export function createAppConfigModel(content: () => string): AppConfigModel {
  const sessions = new Map<string, string>();
  let tokens = 0;
  const open = (known: string) => {
    const token = `token-${++tokens}`;
    sessions.set(token, known);
    return token;
  };
  return {
    startConfigurationSession: () => ({ InitialConfigurationToken: open(''), $metadata: {} }),
    getLatestConfiguration({ ConfigurationToken = '' }) {
      const known = sessions.get(ConfigurationToken);
      if (known === undefined) throw new AwsRefusal('BadRequestException', 400, 'The token was used, or never given.');
      sessions.delete(ConfigurationToken);
      const deployed = content();
      return {
        NextPollConfigurationToken: open(deployed),
        Configuration: blobOf(deployed === known ? '' : deployed),
        $metadata: {},
      };
    },
  };
}

/** Bytes as the SDK gives them to its callers. */
function blobOf(text: string) {
  return Object.assign(new TextEncoder().encode(text), { transformToString: () => text });
}

/** What a secret holds: credentials, something that is none, or nothing. */
export type SecretValue = { readonly key: string; readonly secret: string } | 'malformed' | undefined;

/** Secrets Manager. */
export function getSecretValue(
  { SecretId = '' }: GetSecretValueCommandInput,
  value: SecretValue,
): GetSecretValueCommandOutput {
  if (value === undefined)
    throw new AwsRefusal('ResourceNotFoundException', 400, `Secrets Manager can't find the secret ${SecretId}.`);
  return { Name: SecretId, SecretString: value === 'malformed' ? '{"key": 1' : JSON.stringify(value), $metadata: {} };
}
