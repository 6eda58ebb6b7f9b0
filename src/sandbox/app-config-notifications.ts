import { randomUUID } from 'node:crypto';
import type { BusEvent } from './event-bus.ts';

/** A resource of AppConfig in its events. */
export interface NamedResource {
  readonly Id: string;
  readonly Name: string;
}

/** A deployment of a configuration. */
export interface ConfigurationDeployment {
  readonly application: NamedResource;
  readonly environment: NamedResource;
  readonly profile: NamedResource;
  /** Counts the deployments of an environment, from 1. */
  readonly number: number;
  readonly configurationVersion: string;
}

/** What of AppConfig the extension watches: an application, or one environment or configuration profile of it. */
export interface ExtensionAssociation {
  /** `arn:aws:appconfig:REGION:ACCOUNT:extensionassociation/ID`. */
  readonly arn: string;
  readonly applicationId: string;
  readonly environmentId?: string | undefined;
  readonly profileId?: string | undefined;
}

/**
 * AppConfig's own extension `AWS.AppConfig.DeploymentNotificationsToEventBridge`: events for the deployments of what it
 * is associated with.
 * https://docs.aws.amazon.com/appconfig/latest/userguide/working-with-appconfig-extensions-about-predefined-notification-eventbridge.html
 */
export interface DeploymentNotifications {
  associate(association: ExtensionAssociation): void;
  dissociate(arn: string): void;
  /** Tells that a deployment has started and, as everything is deployed at once here, that it is complete. */
  deployed(deployment: ConfigurationDeployment): void;
}

/** @param onEvent takes the events, without what EventBridge adds. */
export function createDeploymentNotifications(
  onEvent: (event: Omit<BusEvent, 'version' | 'id' | 'time'>) => void,
): DeploymentNotifications {
  const associations = new Map<string, ExtensionAssociation>();
  return {
    associate: (association) => {
      associations.set(association.arn, association);
    },
    dissociate: (arn) => {
      associations.delete(arn);
    },
    deployed: ({ application, environment, profile, number, configurationVersion }) => {
      const watching = [...associations.values()].filter(
        ({ applicationId, environmentId = environment.Id, profileId = profile.Id }) =>
          applicationId === application.Id && environmentId === environment.Id && profileId === profile.Id,
      );
      for (const { arn } of watching) {
        const [, , , region = '', account = ''] = arn.split(':');
        for (const point of ['Start', 'Complete']) {
          onEvent({
            'detail-type': `On Deployment ${point}`,
            source: 'aws.appconfig',
            account,
            region,
            resources: [arn],
            detail: {
              InvocationId: randomUUID().slice(0, 7),
              Parameters: {},
              Type: `OnDeployment${point}`,
              Application: application,
              Environment: environment,
              ConfigurationProfile: profile,
              DeploymentNumber: number,
              ConfigurationVersion: configurationVersion,
            },
          });
        }
      }
    },
  };
}
