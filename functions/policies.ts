import bundledAgents from 'layerward:agents';
import { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { createAppConfigPolicies } from '../src/aws/appconfig-policies.ts';
import { userAgent } from '../src/aws/user-agent.ts';
import type { Agents } from '../src/domain/agent.ts';
import type { Policies } from '../src/domain/ports.ts';
import type { HubSettings } from './settings.ts';

/** The agents that the bundle brings along. */
export const agents: Agents = new Map(bundledAgents.map((agent) => [agent.name, agent]));

/** The policy, where the template has put it. */
export function openPolicies(
  settings: Pick<
    HubSettings,
    'LAYERWARD_APPCONFIG_APPLICATION' | 'LAYERWARD_APPCONFIG_ENVIRONMENT' | 'LAYERWARD_APPCONFIG_PROFILE'
  >,
  now: () => Date,
): Policies {
  return createAppConfigPolicies(
    new AppConfigDataClient({ customUserAgent: userAgent }),
    {
      application: settings.LAYERWARD_APPCONFIG_APPLICATION,
      environment: settings.LAYERWARD_APPCONFIG_ENVIRONMENT,
      profile: settings.LAYERWARD_APPCONFIG_PROFILE,
    },
    agents,
    now,
  );
}
