import * as z from 'zod';
import { uniqueId } from '../identity.ts';
import { type Deployer, text } from './context.ts';

const NOTIFICATIONS = 'AWS.AppConfig.DeploymentNotificationsToEventBridge';

/** AppConfig's resources; a set of deployers keeps the state that they share. */
export function createAppConfigDeployers(): Readonly<Record<string, Deployer>> {
  const namesById = new Map<string, readonly string[]>();
  const versions = new Map<
    string,
    { readonly content: string; readonly contentType: string; readonly label: string }
  >();

  const named =
    (attribute: string): Deployer =>
    ({ stack }, logicalId, properties) => {
      const { Name } = z.looseObject({ Name: text }).parse(properties);
      const id = uniqueId('', `${stack.stackName}/${logicalId}`).slice(0, 7).toLowerCase();
      namesById.set(id, [id, Name]);
      return { ref: id, attributes: { [attribute]: id } };
    };

  const deployVersion: Deployer = ({ policy }, _logicalId, properties) => {
    const version = z
      .looseObject({ ApplicationId: text, ConfigurationProfileId: text, Content: text, ContentType: text })
      .parse(properties);
    const place = `${version.ApplicationId}/${version.ConfigurationProfileId}`;
    const number = String([...versions.keys()].filter((key) => key.startsWith(`${place}/`)).length + 1);
    versions.set(`${place}/${number}`, {
      content: policy === undefined ? version.Content : JSON.stringify(policy),
      contentType: version.ContentType,
      label: number,
    });
    return { ref: number, attributes: { VersionNumber: number } };
  };

  const deployDeployment: Deployer = ({ configuration }, _logicalId, properties) => {
    const deployment = z
      .looseObject({
        ApplicationId: text,
        EnvironmentId: text,
        ConfigurationProfileId: text,
        ConfigurationVersion: text,
      })
      .parse(properties);
    const { ApplicationId, EnvironmentId, ConfigurationProfileId, ConfigurationVersion } = deployment;
    const version = versions.get(`${ApplicationId}/${ConfigurationProfileId}/${ConfigurationVersion}`);
    if (version === undefined) {
      throw new Error(`There is no hosted version ${ConfigurationVersion} of profile ${ConfigurationProfileId}`);
    }
    const namesOf = (id: string) => namesById.get(id) ?? [id];
    const number = configuration.deploy(
      {
        application: namesOf(ApplicationId),
        environment: namesOf(EnvironmentId),
        profile: namesOf(ConfigurationProfileId),
      },
      { content: version.content, contentType: version.contentType, versionLabel: version.label },
    );
    return { ref: String(number), attributes: { DeploymentNumber: String(number) } };
  };

  const deployAssociation: Deployer = ({ notifications, stack }, logicalId, properties) => {
    const { ExtensionIdentifier, ResourceIdentifier } = z
      .looseObject({ ExtensionIdentifier: text, ResourceIdentifier: text })
      .parse(properties);
    // AWS's own extensions are named, or given by an ARN that ends in the name and a version.
    if (!new RegExp(`^(.*:extension/)?${NOTIFICATIONS}(/\\d+)?$`).test(ExtensionIdentifier)) {
      throw new Error(`The sandbox has the extension ${NOTIFICATIONS} only, not ${ExtensionIdentifier}`);
    }
    const prefix = `arn:aws:appconfig:${stack.region}:${stack.accountId}:`;
    const [, applicationId = '', environmentId, profileId] =
      /^application\/([^/]+)(?:\/environment\/([^/]+)|\/configurationprofile\/([^/]+))?$/.exec(
        ResourceIdentifier.startsWith(prefix) ? ResourceIdentifier.slice(prefix.length) : '',
      ) ?? [];
    if (![applicationId, environmentId ?? profileId ?? applicationId].every((id) => namesById.has(id))) {
      throw new Error(
        `${ResourceIdentifier} is no ARN of an application, environment or configuration profile of this stack`,
      );
    }
    const id = uniqueId('', `${stack.stackName}/${logicalId}`).slice(0, 7).toLowerCase();
    const arn = `${prefix}extensionassociation/${id}`;
    notifications.associate({ arn, applicationId, environmentId, profileId });
    const attributes = {
      Id: id,
      Arn: arn,
      ExtensionArn: `arn:aws:appconfig:${stack.region}::extension/${NOTIFICATIONS}/1`,
      ResourceArn: ResourceIdentifier,
    };
    return { ref: id, attributes, remove: () => notifications.dissociate(arn) };
  };

  return {
    'AWS::AppConfig::Application': named('ApplicationId'),
    'AWS::AppConfig::Environment': named('EnvironmentId'),
    'AWS::AppConfig::ConfigurationProfile': named('ConfigurationProfileId'),
    'AWS::AppConfig::DeploymentStrategy': named('Id'),
    'AWS::AppConfig::HostedConfigurationVersion': deployVersion,
    'AWS::AppConfig::Deployment': deployDeployment,
    'AWS::AppConfig::ExtensionAssociation': deployAssociation,
  };
}
