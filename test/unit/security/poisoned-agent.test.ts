import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InvalidInput } from '../../../src/domain/errors.ts';
import { agentsFolder, readAgent, readPolicyDocument } from '../../../src/service/agent-files.ts';

/*
 * An agent file names code that runs in every protected function. Review is what keeps it honest (docs/security.md);
 * these are the things that no review has to find.
 */

const fileName = 'agents/trend-application-security.yaml';
const shipped = readFileSync(join(agentsFolder, 'trend-application-security.yaml'), 'utf8');

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof InvalidInput) return error.message;
    throw error;
  }
  throw new Error('it was read');
}

const poisoned = (from: string, to: string) => {
  if (!shipped.includes(from)) throw new Error(`the shipped agent does not hold ${from}`);
  return refusal(() =>
    readAgent(
      shipped.replace(from, () => to),
      fileName,
    ),
  );
};

const aVariable = 'TREND_AP_LOG_FILE: STDERR';

describe('a poisoned agent file', () => {
  it.each([
    'LD_PRELOAD',
    'LD_LIBRARY_PATH',
    'PATH',
    'NODE_OPTIONS',
    'PYTHONPATH',
    'JAVA_TOOL_OPTIONS',
    'DOTNET_STARTUP_HOOKS',
    'AWS_ENDPOINT_URL',
    'AWS_ACCESS_KEY_ID',
    'AWS_LAMBDA_EXEC_WRAPPER',
    'HTTPS_PROXY',
    'SSL_CERT_FILE',
    'STAGE',
    'trend_ap_key',
  ])('can’t set %s, nor any other variable that is not of its own prefix', (name) => {
    const words = new RegExp(`${name} must begin with TREND_AP_`);
    expect(poisoned(aVariable, `${name}: /tmp/x`)).toMatch(words);
    expect(poisoned('TREND_AP_HELLO_URL:', `${name}:`)).toMatch(words);
    expect(poisoned('TREND_AP_KEY: key', `${name}: key`)).toMatch(words);
    expect(poisoned('sensitive: [', `sensitive: [${name}, `)).toMatch(words);
    expect(poisoned('disabling:', `disabling:\n    ${name}: []`)).toMatch(words);
    expect(poisoned('allowed:', `allowed:\n    ${name}: ["1"]`)).toMatch(words);
    expect(poisoned('originalHandlerVariable: TREND_AP_HANDLER', `originalHandlerVariable: ${name}`)).toMatch(words);
  });

  it.each(['AWS_', 'AWS_LAMBDA_', 'LD_', 'NODE_', 'JAVA_', 'HTTPS_', 'LAMBDA_', '_', 'LD'])(
    'can’t take %s for its prefix',
    (prefix) => {
      expect(poisoned('prefix: TREND_AP_', `prefix: "${prefix}"`)).toMatch(/settings\.prefix: must be /);
    },
  );

  it.each([
    '/opt/../tmp/x',
    '/opt/./../../var/task/x',
    '/opt/x/..',
    '/opt/',
    '/opt',
    '/tmp/x',
    '/opt//x',
    '/opt/a b',
    '/optional/x',
  ])('can’t have the script %s run, which no layer brings', (script) => {
    expect(poisoned('script: /opt/trend_app_protect', `script: "${script}"`)).toMatch(/activation\.script: must /);
  });

  it.each([
    [
      'an ARN for a name',
      'name: CloudOne-ApplicationSecurity-nodejs14_x',
      'name: "arn:aws:lambda:us-east-1:444455556666:layer:x"',
    ],
    ['an account and a name', 'name: CloudOne-ApplicationSecurity-nodejs14_x', 'name: "444455556666:layer:x"'],
    ['any account', 'layerAccount: "800880067056"', 'layerAccount: "*"'],
    ['several accounts', 'layerAccount: "800880067056"', 'layerAccount: ["800880067056", "444455556666"]'],
    ['a version that moves', 'nodejs14_x, version: 1', 'nodejs14_x, version: latest'],
    ['no version', 'nodejs14_x, version: 1', 'nodejs14_x'],
    ['a layer’s own account', 'nodejs14_x, version: 1', 'nodejs14_x, version: 1, account: "444455556666"'],
  ])('can’t have a layer with %s: one account, one name, one version', (_, from, to) => {
    expect(poisoned(from, to)).toMatch(/(layer|layerAccount)[.\w]*: (must|Invalid|unknown|is missing)/);
  });

  it.each(['TREND_AP_KEY', 'TREND_AP_CACHE_DIR', 'TREND_AP_HELLO_URL'])(
    'can’t have the Handler taken from %s, which is not a team’s',
    (name) => {
      expect(poisoned('originalHandlerVariable: TREND_AP_HANDLER', `originalHandlerVariable: ${name}`)).toMatch(
        /originalHandlerVariable: TREND_AP_\w+ is one of the (credentials|variables|regionVariables) already/,
      );
    },
  );

  it('can’t lead people to a page that is a script', () => {
    for (const page of ['javascript:alert(1)', 'http://cloudone.trendmicro.com/', 'data:text/html,x'])
      expect(poisoned('source: https://cloudone.trendmicro.com', `source: "${page}" # `)).toMatch(
        /: source: Invalid URL/,
      );
  });

  it('can’t be one that takes the place of another: its name is its file’s', () => {
    expect(refusal(() => readAgent(shipped, 'agents/acme-guard.yaml'))).toMatch(
      /name: must be the file's name: acme-guard/,
    );
  });

  it('can’t reach what all objects share', () => {
    const poison = '{ isAdmin: "yes", polluted: "yes" }';
    for (const key of ['__proto__', 'constructor', 'prototype'])
      for (const from of ['layerAccount:', 'regions:', 'settings:', 'variants:'])
        expect(poisoned(from, `${key}: ${poison}\n${from}`)).toMatch(
          key === '__proto__' ? /: __proto__: can’t be a key/ : new RegExp(`: ${key}: unknown key`),
        );
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect({}).not.toHaveProperty('polluted');
  });

  it('has no parameter that a group seems to have already, since all objects do', () => {
    const text = shipped.replace('cloudOneRegion: [', 'constructor: [a]\n  cloudOneRegion: [');
    const agent = readAgent(text, fileName);
    const policy = `version: 1
agent: ${agent.name}
groups: { default: { secret: layerward/groups/default, parameters: { cloudOneRegion: us-1 } } }
`;
    const read = () => readPolicyDocument(policy, 'policy.yaml', new Map([[agent.name, agent]]));
    expect(refusal(read)).toMatch(/parameters\.constructor: the agent trend-application-security needs it; one of: a$/);
  });
});
