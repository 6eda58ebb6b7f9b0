import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { type ApiRequest, type ApiService, AwsError, type Clock } from './api.ts';
import { action, createJsonService } from './json-service.ts';
import { secretArn } from './secret-arn.ts';

interface SecretVersion {
  readonly id: string;
  readonly created: number;
  readonly stages: readonly string[];
  readonly string: string | undefined;
  readonly binary: string | undefined;
}

interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly created: number;
  readonly description: string | undefined;
  readonly kmsKeyId: string | undefined;
  readonly tags: readonly { readonly Key: string; readonly Value: string }[];
  readonly changed: number;
  readonly deletion: number | undefined;
  readonly versions: readonly SecretVersion[];
}

const SECONDS_A_DAY = 86_400;

const value = z.object({
  SecretString: z.string().optional(),
  SecretBinary: z.string().optional(),
  ClientRequestToken: z.string().optional(),
});
const secretId = z.object({ SecretId: z.string().min(1) });
const tags = z.array(z.object({ Key: z.string(), Value: z.string() })).optional();

/**
 * Secrets Manager: secrets with versions and stages, kept in memory by account and region.
 *
 * @param mayDecrypt whether a caller may use a secret's own key through Secrets Manager; everybody may by default.
 */
export function createSecrets(
  clock: Clock,
  mayDecrypt: (request: ApiRequest, keyArn: string) => boolean = () => true,
): ApiService {
  const secrets = new Map<string, Secret>();
  const now = () => clock.now().getTime() / 1000;
  const placeOf = (request: ApiRequest) => `${request.caller.accountId}/${request.region}/`;

  const find = (request: ApiRequest, id: string): Secret => {
    const here = [...secrets].filter(([key]) => key.startsWith(placeOf(request))).map(([, secret]) => secret);
    const secret = here.find(
      ({ name, arn }) => name === id || arn === id || (id.startsWith('arn:') && arn.startsWith(`${id}-`)),
    );
    if (secret === undefined) {
      throw new AwsError('ResourceNotFoundException', 400, "Secrets Manager can't find the specified secret.");
    }
    return secret;
  };
  const findLive = (request: ApiRequest, id: string): Secret => {
    const secret = find(request, id);
    if (secret.deletion !== undefined) {
      throw invalidRequest("You can't perform this operation on the secret because it was marked for deletion.");
    }
    return secret;
  };
  const save = (request: ApiRequest, secret: Secret) => secrets.set(placeOf(request) + secret.name, secret);

  const addVersion = (secret: Secret, input: z.output<typeof value>): Secret => {
    const version: SecretVersion = {
      id: input.ClientRequestToken ?? randomUUID(),
      created: now(),
      stages: ['AWSCURRENT'],
      string: input.SecretString,
      binary: input.SecretBinary,
    };
    const former = secret.versions.map((known) => ({
      ...known,
      stages: known.stages.includes('AWSCURRENT') ? ['AWSPREVIOUS'] : [],
    }));
    return { ...secret, changed: now(), versions: [...former, version] };
  };
  const answer = (secret: Secret) => ({
    ARN: secret.arn,
    Name: secret.name,
    ...(secret.versions.length === 0 ? {} : { VersionId: secret.versions.at(-1)?.id, VersionStages: ['AWSCURRENT'] }),
  });

  return createJsonService('Secrets Manager', {
    CreateSecret: action(
      value.extend({
        Name: z.string().min(1).max(512),
        Description: z.string().optional(),
        KmsKeyId: z.string().optional(),
        Tags: tags,
      }),
      (input, request) => {
        const existing = secrets.get(placeOf(request) + input.Name);
        if (existing?.deletion !== undefined) {
          throw invalidRequest(
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
          );
        }
        if (existing !== undefined) {
          throw new AwsError(
            'ResourceExistsException',
            400,
            `The operation failed because the secret ${input.Name} already exists.`,
          );
        }
        const created: Secret = {
          name: input.Name,
          arn: secretArn({ account: request.caller.accountId, region: request.region }, input.Name),
          created: now(),
          changed: now(),
          description: input.Description,
          kmsKeyId: input.KmsKeyId,
          tags: input.Tags ?? [],
          deletion: undefined,
          versions: [],
        };
        const hasValue = input.SecretString !== undefined || input.SecretBinary !== undefined;
        const secret = hasValue ? addVersion(created, input) : created;
        save(request, secret);
        return answer(secret);
      },
    ),
    PutSecretValue: action(secretId.extend(value.shape), (input, request) => {
      requireValue(input);
      const secret = addVersion(findLive(request, input.SecretId), input);
      save(request, secret);
      return answer(secret);
    }),
    UpdateSecret: action(secretId.extend({ ...value.shape, Description: z.string().optional() }), (input, request) => {
      const found = findLive(request, input.SecretId);
      const described = { ...found, description: input.Description ?? found.description, changed: now() };
      const hasValue = input.SecretString !== undefined || input.SecretBinary !== undefined;
      const secret = hasValue ? addVersion(described, input) : described;
      save(request, secret);
      return answer(secret);
    }),
    GetSecretValue: action(
      secretId.extend({ VersionId: z.string().optional(), VersionStage: z.string().optional() }),
      (input, request) => {
        const secret = findLive(request, input.SecretId);
        if (secret.kmsKeyId !== undefined && !mayDecrypt(request, secret.kmsKeyId)) {
          throw new AwsError('AccessDeniedException', 400, 'Access to KMS is not allowed');
        }
        const stage = input.VersionStage ?? 'AWSCURRENT';
        const version = secret.versions.find((known) =>
          input.VersionId === undefined ? known.stages.includes(stage) : known.id === input.VersionId,
        );
        if (version === undefined) {
          const wanted = input.VersionId === undefined ? `staging label: ${stage}` : `VersionId: ${input.VersionId}`;
          throw new AwsError(
            'ResourceNotFoundException',
            400,
            `Secrets Manager can't find the specified secret value for ${wanted}`,
          );
        }
        return {
          ARN: secret.arn,
          Name: secret.name,
          VersionId: version.id,
          SecretString: version.string,
          SecretBinary: version.binary,
          VersionStages: version.stages,
          CreatedDate: version.created,
        };
      },
    ),
    DescribeSecret: action(secretId, (input, request) => describe(find(request, input.SecretId))),
    ListSecrets: action(
      z.object({ MaxResults: z.int().min(1).max(100).default(100), NextToken: z.string().optional() }),
      (input, request) => {
        const here = [...secrets]
          .filter(([key, secret]) => key.startsWith(placeOf(request)) && secret.deletion === undefined)
          .map(([, secret]) => secret);
        const from = Number(input.NextToken ?? 0);
        const next = from + input.MaxResults;
        return {
          SecretList: here.slice(from, next).map(describe),
          ...(next < here.length ? { NextToken: String(next) } : {}),
        };
      },
    ),
    DeleteSecret: action(
      secretId.extend({
        RecoveryWindowInDays: z.int().min(7).max(30).optional(),
        ForceDeleteWithoutRecovery: z.boolean().default(false),
      }),
      (input, request) => {
        const secret = find(request, input.SecretId);
        if (input.ForceDeleteWithoutRecovery) {
          secrets.delete(placeOf(request) + secret.name);
          return { ARN: secret.arn, Name: secret.name, DeletionDate: now() };
        }
        const deletion = now() + (input.RecoveryWindowInDays ?? 30) * SECONDS_A_DAY;
        save(request, { ...secret, deletion });
        return { ARN: secret.arn, Name: secret.name, DeletionDate: deletion };
      },
    ),
    RestoreSecret: action(secretId, (input, request) => {
      const secret = find(request, input.SecretId);
      save(request, { ...secret, deletion: undefined });
      return { ARN: secret.arn, Name: secret.name };
    }),
  });
}

function describe(secret: Secret): Readonly<Record<string, unknown>> {
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description,
    KmsKeyId: secret.kmsKeyId,
    CreatedDate: secret.created,
    LastChangedDate: secret.changed,
    DeletedDate: secret.deletion,
    Tags: secret.tags,
    VersionIdsToStages: Object.fromEntries(
      secret.versions.filter(({ stages }) => stages.length > 0).map(({ id, stages }) => [id, stages]),
    ),
  };
}

function requireValue(input: z.output<typeof value>): void {
  if (input.SecretString === undefined && input.SecretBinary === undefined) {
    throw new AwsError('InvalidParameterException', 400, 'You must provide either SecretString or SecretBinary.');
  }
}

function invalidRequest(message: string): AwsError {
  return new AwsError('InvalidRequestException', 400, message);
}
