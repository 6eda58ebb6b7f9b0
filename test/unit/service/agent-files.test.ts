import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findVariant } from '../../../src/domain/agent.ts';
import { agentsFolder, readAgent, readAgents } from '../../../src/service/agent-files.ts';

const fileName = 'trend-application-security.yaml';
const shipped = readFileSync(join(agentsFolder, fileName), 'utf8');
const agent = readAgent(shipped, fileName);

const wrapper = { type: 'exec-wrapper', script: '/opt/trend_app_protect' };
const redirect = {
  type: 'handler-redirect',
  handler: 'trend_app_protect_handler.handler',
  originalHandlerVariable: 'TREND_AP_HANDLER',
};

describe('Trend Micro Cloud One Application Security', () => {
  it.each([
    ['python3.8', 'CloudOne-ApplicationSecurity-python', wrapper],
    ['python3.7', 'CloudOne-ApplicationSecurity-python', redirect],
    ['nodejs10.x', 'CloudOne-ApplicationSecurity-nodejs10_x', wrapper],
    ['nodejs12.x', 'CloudOne-ApplicationSecurity-nodejs12_x', wrapper],
    ['nodejs14.x', 'CloudOne-ApplicationSecurity-nodejs14_x', wrapper],
  ])('serves %s on x86_64 by the layer %s in version 1', (runtime, layerName, activation) => {
    expect(findVariant(agent, runtime, 'x86_64')).toEqual({
      found: {
        name: runtime,
        runtimes: [runtime],
        architectures: ['x86_64'],
        layer: { name: layerName, version: 1 },
        activation,
        // The vendor does not say which agent is in version 1, so the hello URL is set.
        regionAware: false,
      },
    });
    expect(findVariant(agent, runtime, 'arm64')).toEqual({ missing: 'architecture' });
  });

  it.each([
    ...['python2.7', 'python3.6', 'python3.9', 'python3.13', 'nodejs8.10', 'nodejs16.x', 'nodejs22.x', 'java8.al2'],
    ...['java21', 'go1.x', 'ruby2.7', 'dotnet8', 'provided', 'provided.al2023', undefined],
  ])('does not serve %s', (runtime) => {
    expect(findVariant(agent, runtime, 'x86_64')).toEqual({ missing: 'runtime' });
  });

  it('serves five runtimes and no more', () => {
    expect(agent.variants).toHaveLength(5);
  });

  it('has its layers in the vendor’s account, in exactly sixteen regions', () => {
    expect(agent.layerAccount).toBe('800880067056');
    expect(agent.partition).toBe('aws');
    expect(agent.regions).toHaveLength(16);
    expect([...agent.regions].sort()).toEqual(
      [
        ...['eu-north-1', 'ap-south-1', 'eu-west-1', 'eu-west-2', 'eu-west-3', 'ap-northeast-1', 'ap-northeast-2'],
        ...['ap-southeast-1', 'ap-southeast-2', 'sa-east-1', 'ca-central-1', 'eu-central-1', 'us-east-1', 'us-east-2'],
        ...['us-west-1', 'us-west-2'],
      ].sort(),
    );
  });

  it('sets nine variables, two of credentials, and the hello URL', () => {
    expect(agent.variables).toEqual({
      TREND_AP_READY_TIMEOUT: '30',
      TREND_AP_TRANSACTION_FINISH_TIMEOUT: '10',
      TREND_AP_MIN_REPORT_SIZE: '1',
      TREND_AP_INITIAL_DELAY_MS: '1',
      TREND_AP_MAX_DELAY_MS: '100',
      TREND_AP_HTTP_TIMEOUT: '5',
      TREND_AP_PREFORK_MODE: 'False',
      TREND_AP_CACHE_DIR: '/tmp/trend_cache',
      TREND_AP_LOG_FILE: 'STDERR',
    });
    expect(agent.credentials).toEqual({ TREND_AP_KEY: 'key', TREND_AP_SECRET: 'secret' });
    expect(agent.regionVariables).toEqual({
      TREND_AP_HELLO_URL: `https://agents.\${cloudOneRegion}.application.cloudone.trendmicro.com/`,
    });
  });

  it('asks each group for its region of Cloud One, one of eight', () => {
    expect(agent.parameters).toEqual({
      cloudOneRegion: ['us-1', 'in-1', 'gb-1', 'au-1', 'jp-1', 'de-1', 'ca-1', 'sg-1'],
    });
  });

  it('takes the log levels and truth values that the vendor lists', () => {
    expect(agent.settings.prefix).toBe('TREND_AP_');
    expect(agent.settings.allowed['TREND_AP_LOG_LEVEL']).toEqual([
      ...['off', 'error', 'warn', 'info', 'debug', 'trace', 'all'],
    ]);
    expect(agent.settings.allowed['TREND_AP_AGENT_ENABLED']).toEqual([
      ...['t', 'true', 'y', 'yes', 'on', '1', 'f', 'false', 'n', 'no', 'off', '0'],
    ]);
    expect(agent.settings.disabling['TREND_AP_AGENT_ENABLED']).toEqual(['f', 'false', 'n', 'no', 'off', '0']);
  });
});

describe('the agents that are shipped', () => {
  it('are all read, under the names of their files', () => {
    const files = readdirSync(agentsFolder).map((name) => name.replace(/\.yaml$/, ''));
    expect([...readAgents().keys()]).toEqual(files.sort());
  });
});

describe('an agent’s file', () => {
  it.each([
    [
      'an unknown region',
      (text: string) => text.replace('- eu-west-2', '- eu-wset-2'),
      /trend-application-security\.yaml:13:5: regions\.3: eu-wset-2 is not known; did you mean eu-west-2\? One of: af-south-1, /,
    ],
    [
      'another name than the file',
      (text: string) => text.replace('name: trend-application-security', 'name: trend'),
      /trend-application-security\.yaml:4:7: name: must be the file's name: trend-application-security/,
    ],
    [
      'an unknown key',
      (text: string) => text.replace('layerAccount:', 'layersAccount:'),
      /:8:1: layersAccount: unknown key; did you mean layerAccount\?/,
    ],
    [
      'an account that YAML takes for a number',
      (text: string) => text.replace('"800880067056"', '800880067056'),
      /:8:15: layerAccount: Invalid input: expected string, received number/,
    ],
    [
      'an ARN in place of a layer’s name',
      (text: string) =>
        text.replace(
          'layer: { name: CloudOne-ApplicationSecurity-python,',
          'layer: { name: "arn:aws:lambda:us-east-1:800880067056:layer:a",',
        ),
      /variants\.0\.layer\.name: must be a layer name, not an ARN/,
    ],
    [
      'a runtime that two variants serve',
      (text: string) => text.replace('runtimes: [python3.7]', 'runtimes: [python3.8]'),
      /variants\.1\.runtimes: python3\.8 on x86_64 is served by variant python3\.8 already/,
    ],
    [
      'a parameter that no group is asked for',
      (text: string) => text.replace(`\${cloudOneRegion}`, `\${region}`),
      /regionVariables\.TREND_AP_HELLO_URL: \$\{region\} is not one of the agent’s parameters/,
    ],
    [
      'a variable that is a credential already',
      (text: string) => text.replace('TREND_AP_LOG_FILE: STDERR', 'TREND_AP_KEY: STDERR'),
      /variables\.TREND_AP_KEY: is a credential already/,
    ],
    [
      'a script that no layer could bring',
      (text: string) => text.replace('script: /opt/trend_app_protect', 'script: /usr/bin/trend'),
      /variants\.0\.activation\.script: must be a path under \/opt, where layers are unpacked/,
    ],
    [
      'an activation that nobody knows',
      (text: string) => text.replace('type: exec-wrapper', 'type: wrapper'),
      /variants\.0\.activation\.type: /,
    ],
    [
      'a Handler with white space',
      (text: string) => text.replace('trend_app_protect_handler.handler', 'trend handler'),
      /variants\.1\.activation\.handler: must be 1 to 128 characters without white space/,
    ],
    [
      'a variable that AWS would not take',
      (text: string) => text.replace('TREND_AP_LOG_FILE: STDERR', 'TREND-LOG: STDERR'),
      /variables\.TREND-LOG: /,
    ],
  ])('with %s is refused, with the line', (_, change, words) => {
    const text = change(shipped);
    expect(text).not.toBe(shipped);
    expect(() => readAgent(text, fileName)).toThrow(words);
  });
});
