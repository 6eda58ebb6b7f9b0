import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { type ApiRequest, type ApiService, AwsError, type Clock } from './api.ts';
import type { ConfigurationDeployment, NamedResource } from './app-config-notifications.ts';
import { describeIssues, parseJsonBody } from './json-service.ts';

/** A deployed configuration. */
export interface HostedConfiguration {
  readonly content: string;
  readonly contentType: string;
  readonly versionLabel: string;
}

/** What a configuration's application, environment and profile are called; the id comes first. */
export interface ConfigurationNames {
  readonly application: readonly string[];
  readonly environment: readonly string[];
  readonly profile: readonly string[];
}

/** AppConfig Data: what functions read their policy from. */
export interface ConfigurationData {
  readonly service: ApiService;
  /**
   * Deploys a version: from now on it is what new polls get.
   *
   * @param names the id, and then the name, under which each part can be asked for.
   * @returns the number of the deployment in its environment.
   */
  deploy(names: ConfigurationNames, configuration: HostedConfiguration): number;
  /** Which configuration a request is about: `application/environment/profile` by ids; undefined if it names none. */
  placeOf(request: ApiRequest): string | undefined;
  /** What is deployed: `application/environment/profile` by ids, and the label of its version. */
  deployments(): readonly { readonly place: string; readonly versionLabel: string }[];
  /** Replaces the content of every deployed configuration, as a new deployment of each would. */
  replaceAll(content: string): void;
}

interface Session {
  readonly key: string;
  readonly pollSeconds: number;
  /** What the session has bound itself to; 0 if to nothing. */
  readonly minimumSeconds: number;
  /** Milliseconds since 1970; before that the session's own minimum interval has not passed. */
  readonly notBefore: number;
  /** What this session has got last. */
  readonly delivered: HostedConfiguration | undefined;
}

const DEFAULT_POLL_SECONDS = 60;

const sessionSchema = z.object({
  ApplicationIdentifier: z.string().min(1),
  EnvironmentIdentifier: z.string().min(1),
  ConfigurationProfileIdentifier: z.string().min(1),
  RequiredMinimumPollIntervalInSeconds: z.int().min(15).max(86_400).optional(),
});

/**
 * @param clock tells whether a session keeps to the interval that it asked for.
 * @param onDeployment gets every deployment, once it is what polls get.
 */
export function createConfigurationData(
  clock: Clock,
  onDeployment: (deployment: ConfigurationDeployment) => void = () => {},
): ConfigurationData {
  const aliases = new Map<string, string>();
  const namesOf = new Map<string, ConfigurationNames>();
  const lastNumbers = new Map<string, number>();
  const deployed = new Map<string, HostedConfiguration>();
  const sessions = new Map<string, Session>();
  const used = new Set<string>();

  const put = (key: string, names: ConfigurationNames, configuration: HostedConfiguration): number => {
    deployed.set(key, configuration);
    const application = named(names.application);
    const environment = named(names.environment);
    const place = `${application.Id}/${environment.Id}`;
    const number = (lastNumbers.get(place) ?? 0) + 1;
    lastNumbers.set(place, number);
    const configurationVersion = configuration.versionLabel;
    onDeployment({ application, environment, profile: named(names.profile), number, configurationVersion });
    return number;
  };

  const openToken = (session: Session): string => {
    const token = randomBytes(48).toString('base64url');
    sessions.set(token, session);
    return token;
  };

  const start: ApiService = (request) => {
    const parsed = sessionSchema.safeParse(parseJsonBody(request.body));
    if (!parsed.success) {
      throw badRequest(describeIssues(parsed.error));
    }
    const { ApplicationIdentifier, EnvironmentIdentifier, ConfigurationProfileIdentifier } = parsed.data;
    const key = aliases.get(`${ApplicationIdentifier}/${EnvironmentIdentifier}/${ConfigurationProfileIdentifier}`);
    if (key === undefined) {
      throw new AwsError(
        'ResourceNotFoundException',
        404,
        `No configuration is deployed for application ${ApplicationIdentifier}, environment ${EnvironmentIdentifier}, profile ${ConfigurationProfileIdentifier}`,
        { members: { ResourceType: 'Configuration' } },
      );
    }
    const minimum = parsed.data.RequiredMinimumPollIntervalInSeconds;
    const session = { key, pollSeconds: minimum ?? DEFAULT_POLL_SECONDS, minimumSeconds: minimum ?? 0 };
    return {
      status: 201,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        InitialConfigurationToken: openToken({ ...session, notBefore: 0, delivered: undefined }),
      }),
    };
  };

  const getLatest: ApiService = (request) => {
    const token = request.query.get('configuration_token') ?? '';
    const session = sessions.get(token);
    if (session === undefined) {
      const reason = used.has(token)
        ? 'it was used before: every answer brings the token for the next call'
        : 'it is unknown';
      throw badToken(`Request token is not valid: ${reason}.`, used.has(token) ? 'Expired' : 'Corrupted');
    }
    const now = clock.now().getTime();
    if (now < session.notBefore) {
      throw badToken(
        `Request too early: this session asked for at least ${session.minimumSeconds} seconds between calls.`,
        'PollIntervalNotSatisfied',
      );
    }
    sessions.delete(token);
    used.add(token);
    const current = deployed.get(session.key);
    const isNew = current !== session.delivered;
    return {
      status: 200,
      headers: {
        'content-type': current?.contentType ?? 'application/octet-stream',
        'next-poll-configuration-token': openToken({
          ...session,
          notBefore: now + session.minimumSeconds * 1000,
          delivered: current,
        }),
        'next-poll-interval-in-seconds': String(session.pollSeconds),
        ...(isNew && current !== undefined ? { 'version-label': current.versionLabel } : {}),
      },
      body: isNew ? (current?.content ?? '') : '',
    };
  };

  return {
    service: (request) => {
      if (request.method === 'POST' && request.path === '/configurationsessions') {
        return start(request);
      }
      if (request.method === 'GET' && request.path === '/configuration') {
        return getLatest(request);
      }
      throw new AwsError(
        'UnknownOperationException',
        404,
        `The sandbox's AppConfig has no ${request.method} ${request.path}. It has: StartConfigurationSession, GetLatestConfiguration.`,
      );
    },
    deploy: (names, configuration) => {
      const { application, environment, profile } = names;
      const key = [application[0], environment[0], profile[0]].join('/');
      namesOf.set(key, names);
      for (const applicationName of application) {
        for (const environmentName of environment) {
          for (const profileName of profile) {
            aliases.set(`${applicationName}/${environmentName}/${profileName}`, key);
          }
        }
      }
      return put(key, names, configuration);
    },
    placeOf: (request) => {
      const token = request.query.get('configuration_token');
      if (token !== null) {
        return sessions.get(token)?.key;
      }
      const parsed = sessionSchema.safeParse(parseJsonBody(request.body));
      if (!parsed.success) {
        return undefined;
      }
      const { ApplicationIdentifier, EnvironmentIdentifier, ConfigurationProfileIdentifier } = parsed.data;
      return aliases.get(`${ApplicationIdentifier}/${EnvironmentIdentifier}/${ConfigurationProfileIdentifier}`);
    },
    deployments: () => [...deployed].map(([place, { versionLabel }]) => ({ place, versionLabel })),
    replaceAll: (content) => {
      for (const [key, names] of namesOf) {
        const former = deployed.get(key);
        if (former !== undefined) {
          put(key, names, { ...former, content, versionLabel: String(Number(former.versionLabel) + 1) });
        }
      }
    },
  };
}

function named([id = '', name = id]: readonly string[]): NamedResource {
  return { Id: id, Name: name };
}

function badToken(message: string, problem: 'Corrupted' | 'Expired' | 'PollIntervalNotSatisfied'): AwsError {
  return new AwsError('BadRequestException', 400, message, {
    members: {
      Reason: 'InvalidParameters',
      Details: { InvalidParameters: { ConfigurationToken: { Problem: problem } } },
    },
  });
}

function badRequest(message: string): AwsError {
  return new AwsError('BadRequestException', 400, message, { members: { Reason: 'InvalidParameters' } });
}
