import { readRefusal } from '../aws/refusal.ts';
import { LayerwardError } from '../domain/errors.ts';

/** AWS can't be asked at all: nobody is logged in, or nobody is there. */
export class AwsUnreachable extends LayerwardError {
  override readonly name = 'AwsUnreachable';
  readonly code = 'aws-unreachable';
  readonly retryable = false;
}

/** What a person said about the way to AWS. */
export interface Attempt {
  readonly profile?: string | undefined;
  readonly region: string;
  readonly endpoint?: string | undefined;
}

/** Says in one sentence why AWS could not be asked, and what to do about it. */
export function explainFailure(error: unknown, { profile, region, endpoint }: Attempt): LayerwardError {
  if (error instanceof LayerwardError) return error;
  const { name, message } = readRefusal(error);
  const login = profile === undefined ? 'aws sso login' : `aws sso login --profile ${profile}`;
  const say = (sentence: string) => new AwsUnreachable(sentence, { cause: error });
  if (/SSO session.*(expired|invalid)|Token is expired|sso.*(expired|login)/i.test(message))
    return say(`the SSO session has expired: run ${login}`);
  if (/ExpiredToken|RequestExpired/.test(name))
    return say(`the credentials have expired: run ${login}, or get new ones`);
  if (/CredentialsProviderError|CredentialsError/.test(name))
    return say(
      profile === undefined
        ? 'there are no AWS credentials: set AWS_PROFILE or give --profile, and log in (aws sso login)'
        : `the profile ${profile} has no usable credentials (${firstLine(message)}): see ~/.aws/config, or run ${login}`,
    );
  if (/UnrecognizedClient|InvalidClientTokenId|SignatureDoesNotMatch|AuthFailure/.test(name))
    return say(
      `AWS does not know these credentials in ${region}: see aws sts get-caller-identity, and whether the region is enabled`,
    );
  if (/ENOTFOUND|EAI_AGAIN|getaddrinfo/.test(`${name} ${message} ${codeOf(error)}`))
    return say(
      endpoint === undefined
        ? `AWS can't be reached in ${region}: is it the name of a region, and is there a network?`
        : `nothing answers at ${endpoint}: is the address right?`,
    );
  if (/ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ETIMEDOUT/.test(`${name} ${message} ${codeOf(error)}`))
    return say(`nothing answers at ${endpoint ?? `AWS in ${region}`}: is it running, and is the address right?`);
  return say(`AWS answered: ${name}: ${firstLine(message)}`);
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

function codeOf(error: unknown): string {
  const code = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}
