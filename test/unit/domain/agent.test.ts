import { describe, expect, it } from 'vitest';
import {
  agentLayer,
  awsRegion,
  awsRegions,
  fillParameters,
  findVariant,
  redirectOf,
  redirectsOf,
  variableName,
  wrapperScripts,
  wrapperVariable,
} from '../../../src/domain/agent.ts';
import { acmeGuard } from '../../fixtures/acme-guard.ts';

describe('the name of a variable', () => {
  it.each(['AB', 'a1', 'Stage_2', 'A__'])('can be %s', (name) => {
    expect(variableName.safeParse(name).success).toBe(true);
  });

  it.each(['', 'A', '1A', '_A', 'A-B', 'A B', ' AB', 'AB ', 'ÄB', 'AB\n'])('can’t be "%s"', (name) => {
    expect(variableName.safeParse(name).error?.issues[0]?.message).toBe(
      'must start with a letter and hold only letters, digits and _ (two at least)',
    );
  });
});

describe('a region', () => {
  it('is one that AWS has opened', () => {
    for (const region of awsRegions) {
      expect(region).toMatch(/^(af|ap|ca|cn|eu|eusc|il|me|mx|sa|us)(-[a-z]+)+-\d$/);
      expect(awsRegion.parse(region)).toBe(region);
    }
    expect(new Set(awsRegions).size).toBe(39);
  });

  it.each(['eu-wset-1', '', 'EU-WEST-1'])('is not "%s"', (region) => {
    expect(awsRegion.safeParse(region).success).toBe(false);
  });
});

describe('the wrapper', () => {
  it('is named by the variable that Lambda reads', () => {
    expect(wrapperVariable).toBe('AWS_LAMBDA_EXEC_WRAPPER');
  });
});

describe('a template', () => {
  it('takes each parameter from the group, however often it is named', () => {
    const template = `https://\${site}.example.com/\${path}?\${site}`;
    expect(fillParameters(template, { site: 'eu', path: 'a$&b' })).toBe('https://eu.example.com/a$&b?eu');
  });

  it('stays as it is where it names none', () => {
    expect(fillParameters(`$site {site} $\{} \${a-b}`, { site: 'eu' })).toBe(`$site {site} $\{} \${a-b}`);
  });

  it('can’t be filled without its parameters', () => {
    expect(() => fillParameters(`\${site}`, {})).toThrow(new TypeError('the parameter site has no value'));
  });

  it('may be filled with nothing', () => {
    expect(fillParameters(`<\${site}>`, { site: '' })).toBe('<>');
  });
});

describe('the variant for a function', () => {
  it.each([
    ['nodejs20.x', 'x86_64', 'node'],
    ['nodejs22.x', 'arm64', 'node'],
    ['python3.13', 'x86_64', 'python'],
  ])('of %s on %s is %s', (runtime, architecture, name) => {
    expect(findVariant(acmeGuard(), runtime, architecture)).toMatchObject({ found: { name } });
  });

  it.each(['python3.12', '', undefined])('is missing by its runtime where that is %s', (runtime) => {
    expect(findVariant(acmeGuard(), runtime, 'x86_64')).toEqual({ missing: 'runtime' });
  });

  it.each(['arm64', ''])('is missing by its architecture where that is "%s"', (architecture) => {
    expect(findVariant(acmeGuard(), 'python3.13', architecture)).toEqual({ missing: 'architecture' });
  });
});

describe('how variants take hold of a function', () => {
  const redirect = { type: 'handler-redirect', handler: 'acme.handler', originalHandlerVariable: 'ACME_HANDLER' };

  it('is told of each variant', () => {
    expect(acmeGuard().variants.map(redirectOf)).toStrictEqual([undefined, redirect]);
  });

  it('is told of an agent', () => {
    expect(redirectsOf(acmeGuard())).toStrictEqual([redirect]);
    expect(wrapperScripts(acmeGuard())).toStrictEqual(['/opt/acme/start']);
  });
});

describe('a layer', () => {
  const source = { accountId: '444455556666', partition: 'aws', regions: ['us-east-1'], versions: {} };
  const layerOf = (account: string, name: string) => `arn:aws:lambda:us-east-1:${account}:layer:${name}:9`;
  const found = (arn: string) => agentLayer(acmeGuard(), source, arn);

  it.each([
    ['the vendor’s', '777788889999', 'acme-node'],
    ['the vendor’s, of another variant', '777788889999', 'acme-python'],
    ['a mirror of the vendor’s', '444455556666', 'acme-node'],
  ])('is the agent’s where it is %s, in any version', (_, accountId, layerName) => {
    expect(found(layerOf(accountId, layerName))).toEqual({
      partition: 'aws',
      region: 'us-east-1',
      accountId,
      layerName,
      version: 9,
    });
  });

  it.each([
    ['of a like name in a team’s account', layerOf('111122223333', 'acme-node')],
    ['of another name in the vendor’s account', layerOf('777788889999', 'acme-node-extras')],
    ['of another name in the mirror’s account', layerOf('444455556666', 'node')],
    ['no layer at all', 'acme-node'],
  ])('is not the agent’s where it is %s', (_, arn) => {
    expect(found(arn)).toBeUndefined();
  });
});
