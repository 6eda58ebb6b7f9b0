import type { ApiRequest, AwsError, Clock, CloudTrailRecord } from './api.ts';
import type { ConfigurationData } from './configuration-data.ts';
import type { Identities } from './identity.ts';
import { isManagementCall, managementRecord } from './management-record.ts';

/** What CloudTrail holds of calls to services that do not write their records themselves. */
export interface Recording {
  /** Notes a call that was answered: refusals for want of a permission, and what changes secrets. */
  onCall(request: ApiRequest, call: string, refusal: AwsError | undefined): void;
  /** Notes that a policy was deployed, which CloudTrail tells as AppConfig's `StartDeployment`. */
  onPolicy(): void;
}

// Lambda writes a record of every call, and STS of each session that it opens or refuses.
const OWN_RECORDS: ReadonlySet<string> = new Set(['lambda', 'sts']);

export function createRecording(options: {
  readonly clock: Clock;
  readonly identities: Identities;
  readonly configuration: ConfigurationData;
  readonly region: string;
  readonly onRecord: (record: CloudTrailRecord) => void;
}): Recording {
  const { clock, onRecord } = options;
  return {
    onCall: (request, call, refusal) => {
      if (OWN_RECORDS.has(request.service) || !isManagementCall(request.service, call)) {
        return;
      }
      const isDenied = refusal !== undefined && /^(AccessDenied|AuthorizationError)/.test(refusal.code);
      const isChange = request.service === 'secretsmanager' && !/^(Get|List|Describe)/.test(call);
      if (isDenied || isChange) {
        const requestParameters = isChange ? parametersOf(request) : null;
        onRecord(managementRecord(request, { eventName: call, requestParameters, ...(refusal && { refusal }) }, clock));
      }
    },

    onPolicy: () => {
      for (const { place, versionLabel } of options.configuration.deployments()) {
        const [applicationId, environmentId, configurationProfileId] = place.split('/');
        const request: ApiRequest = {
          service: 'appconfig',
          region: options.region,
          caller: options.identities.callerOf('layerward-sandbox'),
          method: 'POST',
          path: '/',
          query: new URLSearchParams(),
          headers: {},
          body: Buffer.alloc(0),
        };
        const requestParameters = {
          applicationId,
          environmentId,
          configurationProfileId,
          configurationVersion: versionLabel,
        };
        onRecord(managementRecord(request, { eventName: 'StartDeployment', requestParameters }, clock));
      }
    },
  };
}

// What a record of a change of secrets must never hold.
const SECRET: ReadonlySet<string> = new Set(['SecretString', 'SecretBinary']);

function parametersOf(request: ApiRequest): Readonly<Record<string, unknown>> {
  const body: unknown = JSON.parse(request.body.toString('utf8'));
  const members = typeof body === 'object' && body !== null ? Object.entries(body) : [];
  return Object.fromEntries(
    members
      .filter(([name]) => !SECRET.has(name))
      .map(([name, value]) => [`${name.charAt(0).toLowerCase()}${name.slice(1)}`, value]),
  );
}
