import {
  type AppConfigDataClient,
  GetLatestConfigurationCommand,
  StartConfigurationSessionCommand,
} from '@aws-sdk/client-appconfigdata';
import type { Agents } from '../domain/agent.ts';
import { PolicyUnusable } from '../domain/errors.ts';
import { checkPolicy, type Policy, policySchema } from '../domain/policy.ts';
import type { Policies } from '../domain/ports.ts';
import { readRefusal, toLayerwardError } from './refusal.ts';

/** Where AppConfig has the policy. */
export interface PolicyAddress {
  readonly application: string;
  readonly environment: string;
  readonly profile: string;
}

/** How long a policy is used before AppConfig is asked whether there is a newer one. */
const pollEveryMs = 60_000;

/**
 * The policy from AppConfig, kept in memory and asked for again after a minute with the session's token. A policy that
 * can't be had or used is an error, never a default: nothing is decided without one.
 */
export function createAppConfigPolicies(
  client: AppConfigDataClient,
  address: PolicyAddress,
  agents: Agents,
  now: () => Date,
): Policies {
  let token: string | undefined;
  let policy: Policy | undefined;
  /** The moment that the policy is not older than. */
  let readAt = 0;
  /** When the token may be used: AppConfig counts from its answer on, however long that took. */
  let pollAgainAt = 0;

  async function poll(): Promise<Policy> {
    const startedAt = now().getTime();
    // AppConfig refuses a token that comes back too early, but not a new session.
    if (startedAt < pollAgainAt) token = undefined;
    const answer = await getLatest().catch((error: unknown) => {
      // The token is too old, or was used up: by a call whose answer was lost, and which the SDK has tried again.
      if (readRefusal(error).name === 'BadRequestException') return getLatest();
      throw error;
    });
    // Another poll began later and was answered sooner; where its policy could not be used, this older one can't either.
    if (startedAt < readAt) return policy ?? poll();
    readAt = startedAt;
    pollAgainAt = now().getTime() + pollEveryMs;
    const content = answer.Configuration?.transformToString() ?? '';
    // A new policy that can't be used must not leave the old one in force: the next poll asks for all of it again.
    if (content !== '') {
      policy = undefined;
      policy = readPolicy(content, agents);
    }
    token = answer.NextPollConfigurationToken;
    // Nothing comes where nothing has changed.
    if (!policy) throw new PolicyUnusable('AppConfig has no policy for Layerward; deploy one: see docs/policy.md');
    return policy;
  }

  async function getLatest() {
    const using = token ?? (await startSession());
    // A token serves once; if this call fails, a new session is started.
    token = undefined;
    return client.send(new GetLatestConfigurationCommand({ ConfigurationToken: using }));
  }

  async function startSession(): Promise<string | undefined> {
    const { InitialConfigurationToken } = await client.send(
      new StartConfigurationSessionCommand({
        ApplicationIdentifier: address.application,
        EnvironmentIdentifier: address.environment,
        ConfigurationProfileIdentifier: address.profile,
        RequiredMinimumPollIntervalInSeconds: pollEveryMs / 1000,
      }),
    );
    return InitialConfigurationToken;
  }

  let polling: { readonly promise: Promise<Policy>; readonly startedAt: number } | undefined;
  return {
    async current(asOf) {
      const at = now().getTime();
      const notBefore = asOf?.getTime() ?? 0;
      if (policy && at < pollAgainAt && notBefore <= readAt) return policy;
      if (!polling || polling.startedAt < notBefore) {
        const started = { promise: poll(), startedAt: at };
        polling = started;
        const end = () => {
          if (polling === started) polling = undefined;
        };
        started.promise.then(end, end);
      }
      try {
        return await polling.promise;
      } catch (error) {
        if (error instanceof PolicyUnusable) throw error;
        throw new PolicyUnusable(toLayerwardError(error, 'reading the policy from AppConfig').message, {
          cause: error,
        });
      }
    },
  };
}

/** What a log line has room for. */
const longestReason = 4_000;

/**
 * Reads a policy's JSON and checks it against schema and agents.
 * @throws {PolicyUnusable} naming every finding.
 */
export function readPolicy(content: string, agents: Agents): Policy {
  let hasPrototype = false;
  let document: unknown;
  try {
    // The schema would not see it, whatever is in it.
    document = JSON.parse(content, (key, value) => {
      if (key === '__proto__') hasPrototype = true;
      return value;
    });
  } catch (error) {
    // The parser's words would quote it.
    throw new PolicyUnusable(`the policy is ${error instanceof RangeError ? 'nested too deeply' : 'not JSON'}`);
  }
  if (hasPrototype) throw new PolicyUnusable('the policy has a key __proto__');
  const parsed = policySchema.safeParse(document);
  const findings = parsed.success ? checkPolicy(parsed.data, agents) : parsed.error.issues;
  if (findings.length > 0 || !parsed.success)
    throw new PolicyUnusable(
      `the policy can't be used: ${findings
        .map(({ path, message }) => `${path.join('.')}: ${message}`)
        .join('; ')
        .slice(0, longestReason)}`,
    );
  return parsed.data;
}
