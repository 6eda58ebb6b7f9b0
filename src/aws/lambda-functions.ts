import {
  GetFunctionCommand,
  type GetFunctionCommandOutput,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import * as z from 'zod';
import type { Plan, RefusalReason } from '../domain/decision.ts';
import { InvalidInput } from '../domain/errors.ts';
import { type FunctionArn, formatFunctionArn, parseFunctionArn } from '../domain/function-arn.ts';
import type { Functions, Listed, UpdateAnswer } from '../domain/ports.ts';
import { withoutValues } from '../domain/redaction.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { readRefusal, toLayerwardError } from './refusal.ts';
import { userAgent } from './user-agent.ts';

/** Gives the client for an account and region. */
export type LambdaClients = (place: { readonly region: string; readonly accountId: string }) => LambdaClient;

/**
 * Clients with the caller's own credentials, one a region. They try once only: the queue, not a function that sleeps,
 * is what waits for a throttled API.
 */
export function ownLambdaClients(): LambdaClients {
  const clients = new Map<string, LambdaClient>();
  return ({ region }) => {
    const known = clients.get(region);
    if (known) return known;
    const client = new LambdaClient({ region, maxAttempts: 1, customUserAgent: userAgent });
    clients.set(region, client);
    return client;
  };
}

/** Lambda's own API as the source and sink of configurations. */
export function createLambdaFunctions(clients: LambdaClients): Functions {
  return {
    async read(arn) {
      const functionArn = formatFunctionArn(arn);
      let answer: GetFunctionCommandOutput;
      try {
        answer = await clients(arn).send(new GetFunctionCommand({ FunctionName: functionArn }));
      } catch (error) {
        if (readRefusal(error).name === 'ResourceNotFoundException') return undefined;
        throw toLayerwardError(error, `reading function ${functionArn}`);
      }
      return toSnapshot(arn, answer);
    },

    async update(plan) {
      const arn = parseFunctionArn(plan.functionArn);
      if (!arn) throw new InvalidInput(`a plan is for ${plan.functionArn}, which is not a function's ARN`);
      const { Handler, Layers, Environment } = plan.update;
      try {
        const answer = await clients(arn).send(
          new UpdateFunctionConfigurationCommand({
            FunctionName: plan.functionArn,
            RevisionId: plan.revisionId,
            ...(Handler === undefined ? {} : { Handler }),
            ...(Layers === undefined ? {} : { Layers: [...Layers] }),
            ...(Environment === undefined ? {} : { Environment: { Variables: { ...Environment.Variables } } }),
          }),
        );
        return { accepted: true, revisionId: answer.RevisionId ?? '' };
      } catch (error) {
        const refused = toAnswer(error, plan);
        if (refused) return refused;
        throw hiding(toLayerwardError(error, `updating function ${plan.functionArn}`), plan);
      }
    },
  };
}

const lambdaConfiguration = z.object({
  PackageType: z.enum(['Zip', 'Image']).default('Zip'),
  Runtime: z.string().optional(),
  Architectures: z.array(z.string()).default(['x86_64']),
  Handler: z.string().optional(),
  Layers: z.array(z.object({ Arn: z.string() })).default([]),
  Environment: z
    .object({
      Variables: z.record(z.string(), z.string()).optional(),
      Error: z.object({ ErrorCode: z.string().default('Unknown') }).optional(),
    })
    .optional(),
  State: z.string().optional(),
  LastUpdateStatus: z.string().optional(),
  LastUpdateStatusReason: z.string().optional(),
  RevisionId: z.string(),
  MasterArn: z.string().optional(),
});

const lambdaAnswer = z.object({
  Configuration: lambdaConfiguration,
  Tags: z.record(z.string(), z.string()).optional(),
  TagsError: z.object({ ErrorCode: z.string().default('Unknown') }).optional(),
});

/**
 * What one `GetFunction` said, in the domain's words. The presigned URL of the code is left where it is.
 * @throws {InvalidInput} where AWS's answer has not the shape that its API promises.
 */
export function toSnapshot(arn: FunctionArn, answer: unknown): Snapshot {
  const parsed = lambdaAnswer.safeParse(answer);
  if (!parsed.success) throw shapeError(arn, parsed.error);
  const { Configuration, Tags, TagsError } = parsed.data;
  return {
    ...fromConfiguration(arn, Configuration),
    tags: TagsError ? { readable: false, errorCode: TagsError.ErrorCode } : { readable: true, values: Tags ?? {} },
  };
}

/**
 * What a listing says of a function. @throws {InvalidInput} where it has not the shape that AWS's API promises.
 */
export function toConfiguration(arn: FunctionArn, answer: unknown): Listed {
  const parsed = lambdaConfiguration.safeParse(answer);
  if (!parsed.success) throw shapeError(arn, parsed.error);
  return fromConfiguration(arn, parsed.data);
}

function shapeError(arn: FunctionArn, { issues }: z.ZodError): InvalidInput {
  return new InvalidInput(
    `AWS's answer about ${formatFunctionArn(arn)} is not of the shape that its API promises: ` +
      issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
  );
}

function fromConfiguration(arn: FunctionArn, configuration: z.output<typeof lambdaConfiguration>): Listed {
  const { Environment, LastUpdateStatusReason } = configuration;
  const values = Object.values(Environment?.Variables ?? {});
  return {
    arn,
    packageType: configuration.PackageType,
    runtime: configuration.Runtime,
    architecture: configuration.Architectures[0] ?? 'x86_64',
    handler: configuration.Handler,
    layers: configuration.Layers.map((layer) => layer.Arn),
    environment: Environment?.Error
      ? { readable: false, errorCode: Environment.Error.ErrorCode }
      : { readable: true, variables: Environment?.Variables ?? {} },
    state: configuration.State,
    lastUpdateStatus: configuration.LastUpdateStatus,
    lastUpdateStatusReason: LastUpdateStatusReason && withoutValues(LastUpdateStatusReason, values),
    revisionId: configuration.RevisionId,
    masterArn: configuration.MasterArn,
  };
}

const codeSigning = new Set([
  'CodeVerificationFailedException',
  'InvalidCodeSignatureException',
  'CodeSigningConfigNotFoundException',
]);

/** A refusal that stays one, as an answer; `undefined` for what passes, and for what is our own mistake. */
function toAnswer(error: unknown, plan: Plan): UpdateAnswer | undefined {
  const { name, message, status } = readRefusal(error);
  if (status === undefined || status < 400 || status >= 500) return undefined;
  const refused = (reason: RefusalReason): UpdateAnswer => ({
    accepted: false,
    reason,
    detail: withoutVariables(`${name}: ${message}`, plan),
  });
  if (codeSigning.has(name)) return refused('code-signing');
  // A denial of the layer has its own reason: its owner has to grant it, not the function's.
  if (/lambda:GetLayerVersion|[Ll]ayer version .* does not exist/.test(message)) return refused('layer-access');
  if (name === 'InvalidParameterValueException')
    return refused(/runtime.*(no longer supported|deprecated)/is.test(message) ? 'runtime-frozen' : 'aws-refused');
  if (name === 'AccessDeniedException') return refused('aws-refused');
  if (
    name === 'InvalidRequestContentException' ||
    name === 'RequestTooLargeException' ||
    name === 'ValidationException'
  )
    return refused('aws-refused');
  return undefined;
}

/** AWS quotes what it was sent (`String measured: {…}`), credentials included: none of it may be passed on. */
function withoutVariables(text: string, plan: Plan): string {
  const words = text.replace(/String measured:.*$/s, 'String measured: ***');
  return withoutValues(words, Object.values(plan.update.Environment?.Variables ?? {}));
}

function hiding<T extends Error>(error: T, plan: Plan): T {
  error.message = withoutVariables(error.message, plan);
  // The SDK's own error quotes AWS's words again.
  delete error.cause;
  return error;
}
