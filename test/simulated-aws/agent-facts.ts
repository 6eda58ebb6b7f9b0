/*
 * The agent, as its vendor's page describes it (docs/agents.md names it). Written down here a second time, so that what
 * Layerward makes of agents/trend-application-security.yaml is judged by something else than that file.
 */

/** How a runtime is served. */
export type Activation = 'wrapper' | 'redirect';

const served: Readonly<Record<string, { readonly layer: string; readonly activation: Activation }>> = {
  'python3.8': { layer: 'python', activation: 'wrapper' },
  'python3.7': { layer: 'python', activation: 'redirect' },
  'nodejs10.x': { layer: 'nodejs10_x', activation: 'wrapper' },
  'nodejs12.x': { layer: 'nodejs12_x', activation: 'wrapper' },
  'nodejs14.x': { layer: 'nodejs14_x', activation: 'wrapper' },
};

/** The runtimes that teams use; the last ones are not served. */
export const runtimes = [
  'python3.7',
  'python3.7',
  'python3.8',
  'nodejs10.x',
  'nodejs12.x',
  'nodejs14.x',
  'python3.9',
  'java11',
] as const;

/** How the agent serves a runtime; absent where it does not. */
export function activationFor(runtime: string | undefined) {
  return runtime === undefined ? undefined : served[runtime];
}

export const vendorAccountId = '800880067056';
export const wrapperName = 'AWS_LAMBDA_EXEC_WRAPPER';
export const wrapperScript = '/opt/trend_app_protect';
export const redirectHandler = 'trend_app_protect_handler.handler';
export const handlerVariable = 'TREND_AP_HANDLER';
export const credentialVariables = { key: 'TREND_AP_KEY', secret: 'TREND_AP_SECRET' } as const;

/** What every protected function has, but for credentials, wrapper and Handler. */
export const standardVariables: Readonly<Record<string, string>> = {
  TREND_AP_READY_TIMEOUT: '30',
  TREND_AP_TRANSACTION_FINISH_TIMEOUT: '10',
  TREND_AP_MIN_REPORT_SIZE: '1',
  TREND_AP_INITIAL_DELAY_MS: '1',
  TREND_AP_MAX_DELAY_MS: '100',
  TREND_AP_HTTP_TIMEOUT: '5',
  TREND_AP_PREFORK_MODE: 'False',
  TREND_AP_CACHE_DIR: '/tmp/trend_cache',
  TREND_AP_LOG_FILE: 'STDERR',
};

/** Where the agent reports to. */
export function helloUrl(cloudOneRegion: string): string {
  return `https://agents.${cloudOneRegion}.application.cloudone.trendmicro.com/`;
}

/** Whether a variable with this value switches the agent off, or takes it apart. */
export function isDisabling(name: string, value: string): boolean {
  if (name === 'TREND_AP_AGENT_ENABLED') return ['f', 'false', 'n', 'no', 'off', '0'].includes(value.toLowerCase());
  return name === 'TREND_AP_PLUGINS_DISABLED' || name === 'TREND_AP_PLUGINS_ENABLED';
}

/** The ARN of a layer of the agent's. */
export function agentLayerArn(region: string, layer: string, version = 1, accountId = vendorAccountId): string {
  return `arn:aws:lambda:${region}:${accountId}:layer:CloudOne-ApplicationSecurity-${layer}:${version}`;
}

/** The account that some policies of the simulation have the layers from. */
export const mirrorAccountId = '777788889999';

/** Whether a layer is the agent's: by its vendor, or by the account that mirrors it. No team of the simulation uses that one. */
export function isAgentLayer(arn: string): boolean {
  const [, , , , accountId, , name] = arn.split(':');
  const isPublished = accountId === vendorAccountId || accountId === mirrorAccountId;
  return isPublished && Object.values(served).some(({ layer }) => name === `CloudOne-ApplicationSecurity-${layer}`);
}

/** The regions of the simulation in which the vendor has its layers. */
export const servedRegions: readonly string[] = ['us-east-1', 'eu-west-1'];
