import { describe, expect, it } from 'vitest';
import { explainFailure } from '../../../src/cli/aws-failure.ts';
import { exitCodeOf } from '../../../src/cli/exit-code.ts';
import { AccessDenied } from '../../../src/domain/errors.ts';

/** An error as the SDK throws them. */
function failure(name: string, message: string, code?: string): Error {
  return Object.assign(new Error(message), { name, ...(code === undefined ? {} : { code }) });
}

describe('why AWS could not be asked', () => {
  it.each([
    [
      'credentials that are missing',
      failure('CredentialsProviderError', 'Could not load credentials from any providers'),
      { region: 'us-east-1' },
      3,
      'there are no AWS credentials: set AWS_PROFILE or give --profile, and log in (aws sso login)',
    ],
    [
      'a profile without credentials',
      failure('CredentialsProviderError', 'Could not load credentials\nfrom any providers'),
      { region: 'us-east-1', profile: 'work' },
      3,
      'the profile work has no usable credentials (Could not load credentials): see ~/.aws/config, or run aws sso login --profile work',
    ],
    [
      'an expired SSO session',
      failure('CredentialsProviderError', 'Token is expired. To refresh this SSO session run aws sso login'),
      { region: 'us-east-1', profile: 'work' },
      3,
      'the SSO session has expired: run aws sso login --profile work',
    ],
    [
      'expired credentials',
      failure('ExpiredTokenException', 'The security token included in the request is expired'),
      { region: 'us-east-1' },
      3,
      'the credentials have expired: run aws sso login, or get new ones',
    ],
    [
      'credentials that AWS does not know',
      failure('InvalidClientTokenId', 'The security token included in the request is invalid.'),
      { region: 'ap-east-1' },
      3,
      'AWS does not know these credentials in ap-east-1: see aws sts get-caller-identity, and whether the region is enabled',
    ],
    [
      'a role that may not be taken on',
      failure('AccessDenied', 'User: olga is not authorized to perform: sts:AssumeRole'),
      { region: 'us-east-1' },
      3,
      'AWS answered: AccessDenied: User: olga is not authorized to perform: sts:AssumeRole; ask for this permission, or give ' +
        'another --profile or --role',
    ],
    [
      'a region that there is not',
      failure('Error', 'getaddrinfo ENOTFOUND sts.us-esat-1.amazonaws.com', 'ENOTFOUND'),
      { region: 'us-esat-1' },
      3,
      "AWS can't be reached in us-esat-1: is that the name of a region? Did you mean us-east-1?",
    ],
    [
      'no network',
      failure('Error', 'getaddrinfo EAI_AGAIN sts.us-east-1.amazonaws.com', 'EAI_AGAIN'),
      { region: 'us-east-1' },
      3,
      "AWS can't be reached in us-east-1: is there a network?",
    ],
    [
      'a region that can be none',
      failure('Error', 'Region not accepted: region="us east 1" is not a valid hostname component.'),
      { region: 'us east 1' },
      2,
      'us east 1 is not the name of a region: give one by --region. Did you mean us-east-1?',
    ],
    [
      'an endpoint that does not answer',
      failure('Error', 'connect ECONNREFUSED 127.0.0.1:4566', 'ECONNREFUSED'),
      { region: 'us-east-1', endpoint: 'http://127.0.0.1:4566' },
      3,
      'nothing answers at http://127.0.0.1:4566: is it running, and is the address right?',
    ],
    [
      'an endpoint that is no address',
      failure('TypeError', 'Invalid URL', 'ERR_INVALID_URL'),
      { region: 'us-east-1', endpoint: 'localhost' },
      2,
      'localhost is not an address: give one such as http://127.0.0.1:4566 by --endpoint',
    ],
    [
      'a name that can be none',
      failure('ValidationError', '1 validation error detected: Value at stackName failed to satisfy constraint'),
      { region: 'us-east-1' },
      2,
      "AWS can't make sense of what it was given: 1 validation error detected: Value at stackName failed to satisfy constraint; " +
        'see the options that name things',
    ],
    [
      'whatever else AWS says',
      failure('InternalFailure', 'it is broken\nstack'),
      { region: 'us-east-1' },
      3,
      'AWS answered: InternalFailure: it is broken',
    ],
  ])('is told for %s', (_, error, attempt, code, sentence) => {
    const explained = explainFailure(error, attempt);
    expect(explained.message).toBe(sentence);
    expect(exitCodeOf(explained)).toBe(code);
    expect(explained.cause).toBe(error);
  });

  it('is as it was, where somebody has explained it already', () => {
    const error = new AccessDenied('the account does not let us in');
    expect(explainFailure(error, { region: 'us-east-1' })).toBe(error);
  });
});
