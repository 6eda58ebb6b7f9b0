import { closest } from 'fastest-levenshtein';
import { readRefusal } from '../aws/refusal.ts';
import { awsRegions } from '../domain/agent.ts';
import { LayerwardError } from '../domain/errors.ts';
import { WrongUse } from './exit-code.ts';

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
  if (/^AccessDenied/.test(name))
    return say(
      `AWS answered: ${name}: ${firstLine(message)}; ask for this permission, or give another --profile or --role`,
    );
  if (/UnrecognizedClient|InvalidClientTokenId|SignatureDoesNotMatch|AuthFailure/.test(name))
    return say(
      `AWS does not know these credentials in ${region}: see aws sts get-caller-identity, and whether the region is enabled`,
    );
  if (/ENOTFOUND|EAI_AGAIN|getaddrinfo/.test(`${name} ${message} ${codeOf(error)}`))
    return say(
      endpoint === undefined
        ? `AWS can't be reached in ${region}: ${isRegion(region) ? 'is there a network?' : `is that the name of a region? ${guessAt(region)}`}`
        : `nothing answers at ${endpoint}: is the address right?`,
    );
  if (/ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ETIMEDOUT/.test(`${name} ${message} ${codeOf(error)}`))
    return say(`nothing answers at ${endpoint ?? `AWS in ${region}`}: is it running, and is the address right?`);
  if (/ERR_INVALID_URL/.test(codeOf(error)))
    return new WrongUse(
      `${endpoint ?? 'AWS_ENDPOINT_URL'} is not an address: give one such as http://127.0.0.1:4566 by --endpoint`,
      { cause: error },
    );
  if (/^Region not accepted/.test(message))
    return new WrongUse(`${region} is not the name of a region: give one by --region. ${guessAt(region)}`, {
      cause: error,
    });
  // An ARN or a name that can't be one.
  if (name === 'ValidationError')
    return new WrongUse(
      `AWS can't make sense of what it was given: ${firstLine(message)}; see the options that name things`,
      { cause: error },
    );
  return say(`AWS answered: ${name}: ${firstLine(message)}`);
}

function isRegion(region: string): boolean {
  return awsRegions.some((one) => one === region);
}

function guessAt(region: string): string {
  return `Did you mean ${closest(region, [...awsRegions])}?`;
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

function codeOf(error: unknown): string {
  const code = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}
