import { describe, expect, it } from 'vitest';
import { agentSchema } from '../../../src/domain/agent-schema.ts';
import { acmeGuardFile } from '../../fixtures/acme-guard.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What is wrong with the agent once these fields are others: `path: words`. */
function refusals(changes: Fields): string[] {
  const read = agentSchema.safeParse({ ...acmeGuardFile, ...changes });
  return read.success ? [] : read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const [node, python] = acmeGuardFile.variants;
const withVariant = (changes: Fields) => ({ variants: [{ ...node, ...changes }, python] });
const withScript = (script: unknown) => withVariant({ activation: { type: 'exec-wrapper', script } });
const withRedirect = (changes: Fields) => ({
  variants: [node, { ...python, activation: { ...python?.activation, ...changes } }],
});
const withSettings = (changes: Fields) => ({ settings: { ...acmeGuardFile.settings, ...changes } });

const variableWords = 'must start with a letter and hold only letters, digits and _ (two at least)';

describe('an agent', () => {
  it('is read as its file says it, the defaults filled in', () => {
    expect(agentSchema.parse(acmeGuardFile)).toStrictEqual({
      ...acmeGuardFile,
      partition: 'aws',
      variants: [{ ...node, regionAware: true }, python],
    });
  });

  it('may leave out what it has no need of', () => {
    const { source: _, parameters: __, regionVariables: ___, variables: ____, ...least } = acmeGuardFile;
    const read = agentSchema.parse({ ...least, variables: {}, settings: { prefix: 'ACME_' } });
    expect(read).toStrictEqual({
      ...least,
      partition: 'aws',
      parameters: {},
      variables: {},
      regionVariables: {},
      settings: { prefix: 'ACME_', allowed: {}, sensitive: [], disabling: {} },
      variants: [{ ...node, regionAware: true }, python],
    });
  });

  it.each(['name', 'title', 'layerAccount', 'regions', 'credentials', 'variables', 'settings', 'variants'])(
    'needs its %s',
    (key) => {
      expect(refusals({ [key]: undefined })).toEqual([expect.stringMatching(`^${key}: Invalid input: expected `)]);
    },
  );

  it.each([
    ['the agent', '', { color: 'red' }],
    ['its settings', 'settings', withSettings({ color: 'red' })],
    ['a variant', 'variants.0', withVariant({ color: 'red' })],
    ['a layer', 'variants.0.layer', withVariant({ layer: { ...node?.layer, color: 'red' } })],
    ['a wrapper', 'variants.0.activation', withVariant({ activation: { ...node?.activation, color: 'red' } })],
    ['a redirect', 'variants.1.activation', withRedirect({ color: 'red' })],
  ])('has no other field in %s', (_, path, changes) => {
    expect(refusals(changes)).toEqual([`${path}: Unrecognized key: "color"`]);
  });

  it.each(['acme', '3scale', 'a-1', 'a'])('can be named %s', (name) => {
    expect(refusals({ name })).toEqual([]);
  });

  it.each(['', 'Acme', '-acme', 'acme guard', 'acme_guard', 'acme.'])('can’t be named "%s"', (name) => {
    expect(refusals({ name })).toEqual(['name: must be lower case letters, digits and dashes']);
  });

  it('has a title', () => {
    expect(refusals({ title: '' })).toEqual([expect.stringMatching(/^title: Too small/)]);
  });

  it.each(['http://guard.example.com', 'xhttps://guard.example.com', 'httpsx://guard.example.com', 'guard'])(
    'can’t follow the page %s',
    (source) => {
      expect(refusals({ source })).toEqual(['source: Invalid URL']);
    },
  );

  it.each(['11112222333', '1111222233334', 'x111122223333', '11112222333x', ''])(
    'can’t have its layers in the account "%s"',
    (layerAccount) => {
      expect(refusals({ layerAccount })).toEqual(['layerAccount: must be an account id: 12 digits, in quotes']);
    },
  );

  it.each(['aws', 'aws-us-gov', 'aws-cn', 'aws-eusc'])('can be in the partition %s', (partition) => {
    expect(refusals({ partition })).toEqual([]);
  });

  it('can’t be in a partition that AWS does not have', () => {
    expect(refusals({ partition: '' })).toEqual([expect.stringMatching(/^partition: Invalid option/)]);
  });

  it('is in one region at least, and only in those that there are', () => {
    expect(refusals({ regions: [] })).toEqual([expect.stringMatching(/^regions: Too small/)]);
    expect(refusals({ regions: ['eu-wset-1'] })).toEqual([expect.stringMatching(/^regions\.0: Invalid option/)]);
  });
});

describe('the variables of an agent', () => {
  it('take credentials from the fields of the secret, and from no others', () => {
    expect(refusals({ credentials: { ACME_KEY: 'token' } })).toEqual([
      expect.stringMatching(/^credentials\.ACME_KEY: Invalid option: expected one of "key"\|"secret"/),
    ]);
  });

  it.each([
    ['credentials', { 'ACME-X': 'key' }],
    ['variables', { 'ACME-X': 'x' }],
    ['regionVariables', { 'ACME-X': 'x' }],
  ])('in %s have names that AWS takes', (section, variables) => {
    expect(refusals({ [section]: variables })).toContain(`${section}.ACME-X: Invalid key in record`);
  });

  it.each([
    ['allowed', { 'ACME-X': ['x'] }, 'settings.allowed.ACME-X: Invalid key in record'],
    ['sensitive', ['ACME-X'], `settings.sensitive.0: ${variableWords}`],
    ['disabling', { 'ACME-X': [] }, 'settings.disabling.ACME-X: Invalid key in record'],
  ])('among the settings, as %s, have names that AWS takes', (section, setting, words) => {
    expect(refusals(withSettings({ [section]: setting }))).toContain(words);
  });

  it.each([
    ['credentials', { credentials: { OTHER: 'key' } }, 'credentials.OTHER'],
    ['variables', { variables: { OTHER: 'x' } }, 'variables.OTHER'],
    ['regionVariables', { regionVariables: { OTHER: 'x' } }, 'regionVariables.OTHER'],
    ['settings that are allowed', withSettings({ allowed: { OTHER: ['x'] } }), 'settings.allowed.OTHER'],
    ['sensitive settings', withSettings({ sensitive: ['ACME_PASSWORD', 'OTHER'] }), 'settings.sensitive.1'],
    ['settings that disable', withSettings({ disabling: { OTHER: [] } }), 'settings.disabling.OTHER'],
    [
      'the variable of the Handler',
      withRedirect({ originalHandlerVariable: 'OTHER' }),
      'variants.1.activation.originalHandlerVariable',
    ],
  ])('begin with its prefix, also %s', (_, changes, path) => {
    expect(refusals(changes)).toEqual([`${path}: OTHER must begin with ACME_`]);
  });

  it.each(['variables', 'regionVariables'])('in %s are filled from parameters that there are', (section) => {
    expect(refusals({ [section]: { ACME_URL: `\${site} \${city}` } })).toEqual([
      `${section}.ACME_URL: \${city} is not one of the agent’s parameters`,
    ]);
    expect(refusals({ [section]: { ACME_URL: `\${toString}` } })).toEqual([
      `${section}.ACME_URL: \${toString} is not one of the agent’s parameters`,
    ]);
    expect(refusals({ [section]: { ACME_URL: `\${site} $city {city} \${} \${a-b}` } })).toEqual([]);
  });

  it.each(['variables', 'regionVariables'])('in %s are none of its credentials', (section) => {
    expect(refusals({ [section]: { ACME_KEY: 'x' } })).toEqual([`${section}.ACME_KEY: is a credential already`]);
  });

  it.each([
    ['ACME_KEY', 'credentials'],
    ['ACME_MODE', 'variables'],
    ['ACME_REGION_URL', 'regionVariables'],
  ])('keep the Handler in none that has a use already, such as %s', (name, section) => {
    expect(refusals(withRedirect({ originalHandlerVariable: name }))).toEqual([
      `variants.1.activation.originalHandlerVariable: ${name} is one of the ${section} already`,
    ]);
  });
});

describe('what no type can refuse', () => {
  it('is told from what types refuse by its code', () => {
    const read = agentSchema.safeParse({ ...acmeGuardFile, variables: { OTHER: 'x' } });
    expect(read.error?.issues.map(({ code }) => code)).toEqual(['custom']);
  });
});

describe('the parameters of an agent', () => {
  it.each(['s', 'site', 'cloudOneRegion2'])('can be named %s', (name) => {
    expect(refusals({ parameters: { site: ['one'], [name]: ['a'] } })).toEqual([]);
  });

  it.each(['Site', '2site', 'site-2', 'my site', ' site', ''])('can’t be named "%s"', (name) => {
    expect(refusals({ parameters: { site: ['one'], [name]: ['a'] } })).toEqual([
      `parameters.${name}: Invalid key in record`,
    ]);
  });

  it('have one value at least, and none that is empty', () => {
    expect(refusals({ parameters: { site: [] } })).toEqual([expect.stringMatching(/^parameters\.site: Too small/)]);
    expect(refusals({ parameters: { site: [''] } })).toEqual([
      expect.stringMatching(/^parameters\.site\.0: Too small/),
    ]);
  });
});

describe('the prefix of an agent', () => {
  const others = { credentials: {}, variables: {}, regionVariables: {}, parameters: {}, variants: [node] };
  const withPrefix = (prefix: string) => refusals({ ...others, settings: { prefix } });

  it.each(['A_', 'ACME_', 'ACME_2_X_', 'A__'])('can be %s', (prefix) => {
    expect(withPrefix(prefix)).toEqual([]);
  });

  it.each(['', 'ACME', 'acme_', '_', '2ACME_', 'xACME_', 'ACME_x', 'AC-ME_', 'ACME _'])('can’t be "%s"', (prefix) => {
    expect(withPrefix(prefix)).toEqual(['settings.prefix: must be upper case and end with _']);
  });

  const platform =
    'ALL_, AWS_, BASH_, COR_, CORECLR_, CURL_, DOTNET_, GCONV_, GEM_, HTTP_, HTTPS_, JAVA_, JDK_, LAMBDA_, LD_, ' +
    'NODE_, NO_, NPM_, OPENSSL_, PYTHON_, REQUESTS_, SSL_';

  it.each(platform.split(', '))('can’t be %s, nor begin with it, since others obey such variables', (reserved) => {
    const words = `settings.prefix: must be the agent’s own: what begins with ${platform} is obeyed by Lambda, a runtime or a library`;
    expect(withPrefix(reserved)).toEqual([words]);
    expect(withPrefix(`${reserved}X_`)).toEqual([words]);
    expect(withPrefix(`X_${reserved}`)).toEqual([]);
  });
});

describe('the settings of an agent', () => {
  it('that have known values have one at least', () => {
    expect(refusals(withSettings({ allowed: { ACME_LEVEL: [] } }))).toEqual([
      expect.stringMatching(/^settings\.allowed\.ACME_LEVEL: Too small/),
    ]);
  });
});

describe('a variant', () => {
  it('there is one of at least', () => {
    expect(refusals({ variants: [] })).toEqual([expect.stringMatching(/^variants: Too small/)]);
  });

  it.each(['n', 'python3.8', '3_a-b'])('can be named %s', (name) => {
    expect(refusals(withVariant({ name }))).toEqual([]);
  });

  it.each(['', 'Node', '.node', 'node js', 'node!'])('can’t be named "%s"', (name) => {
    expect(refusals(withVariant({ name }))).toEqual([
      'variants.0.name: must be lower case letters, digits, dots, dashes',
    ]);
  });

  it.each(['', 'Python3.8', 'python 3.8', 'python-3.8', ' python3.8', 'python3.8!'])(
    'can’t serve the runtime "%s"',
    (runtime) => {
      expect(refusals(withVariant({ runtimes: [runtime] }))).toEqual([
        'variants.0.runtimes.0: must be AWS’s name of a runtime, such as python3.8',
      ]);
    },
  );

  it('serves a runtime and an architecture at least', () => {
    expect(refusals(withVariant({ runtimes: [] }))).toEqual([
      expect.stringMatching(/^variants\.0\.runtimes: Too small/),
    ]);
    expect(refusals(withVariant({ architectures: [] }))).toEqual([
      expect.stringMatching(/^variants\.0\.architectures: Too small/),
    ]);
    expect(refusals(withVariant({ architectures: [''] }))).toEqual([
      expect.stringMatching(/^variants\.0\.architectures\.0: Invalid option: expected one of "x86_64"\|"arm64"/),
    ]);
  });

  it('is the only one for its runtimes and architectures', () => {
    expect(refusals({ variants: [node, { ...python, runtimes: ['python3.13', 'nodejs22.x'] }] })).toEqual([
      'variants.1.runtimes: nodejs22.x on x86_64 is served by variant node already',
    ]);
    expect(
      refusals({
        variants: [
          { ...node, architectures: ['arm64'] },
          { ...python, runtimes: ['python3.13', 'nodejs22.x'] },
        ],
      }),
    ).toEqual([]);
  });

  it('says whether it finds its own region', () => {
    expect(agentSchema.parse({ ...acmeGuardFile, ...withVariant({ regionAware: false }) }).variants[0]).toMatchObject({
      regionAware: false,
    });
    expect(refusals(withVariant({ regionAware: 'no' }))).toEqual([
      'variants.0.regionAware: Invalid input: expected boolean, received string',
    ]);
  });

  it.each(['a', 'Acme_node-1', 'a'.repeat(140)])('can have the layer %s', (name) => {
    expect(refusals(withVariant({ layer: { name, version: 1 } }))).toEqual([]);
  });

  it.each(['', 'a.b', 'a b', ' a', 'a!', 'a'.repeat(141), 'arn:aws:lambda:us-east-1:777788889999:layer:a'])(
    'can’t have the layer "%s"',
    (name) => {
      expect(refusals(withVariant({ layer: { name, version: 1 } }))).toEqual([
        'variants.0.layer.name: must be a layer name, not an ARN',
      ]);
    },
  );

  it.each([
    [0, /^variants\.0\.layer\.version: Too small/],
    [1.5, /^variants\.0\.layer\.version: Invalid input: expected int/],
    ['1', /^variants\.0\.layer\.version: Invalid input: expected number/],
    [undefined, /^variants\.0\.layer\.version: Invalid input: expected number/],
  ])('can’t have a layer in the version %s', (version, words) => {
    expect(refusals(withVariant({ layer: { name: 'a', version } }))).toEqual([expect.stringMatching(words)]);
  });
});

describe('what a variant runs', () => {
  it.each(['/opt/a', '/opt/acme/bin/start.sh', '/opt/.hidden/start', '/opt/..a/b', '/opt/a..', '/opt/a./b'])(
    'can be the script %s',
    (script) => {
      expect(refusals(withScript(script))).toEqual([]);
    },
  );

  it.each(['', '/opt', '/opt/', '/opt//a', '/opt/a/', '/opt/a b', 'x/opt/a', '/opt/a\n', '/tmp/a', '/optional/a'])(
    'can’t be the script "%s"',
    (script) => {
      expect(refusals(withScript(script))).toEqual([
        'variants.0.activation.script: must be a path under /opt, where layers are unpacked',
      ]);
    },
  );

  it.each(['/opt/.', '/opt/..', '/opt/./a', '/opt/../a', '/opt/a/..', '/opt/a/../b'])(
    'can’t be the script %s, which may be anywhere',
    (script) => {
      expect(refusals(withScript(script))).toEqual([
        'variants.0.activation.script: must not lead out of /opt: no . or .. in it',
      ]);
    },
  );

  it.each(['a', 'acme.handler', 'src/a.b::C', 'a'.repeat(128)])('can be the Handler %s', (handler) => {
    expect(refusals(withRedirect({ handler }))).toEqual([]);
  });

  it.each(['', 'a b', ' a', 'a ', 'a'.repeat(129)])('can’t be the Handler "%s"', (handler) => {
    expect(refusals(withRedirect({ handler }))).toEqual([
      'variants.1.activation.handler: must be 1 to 128 characters without white space',
    ]);
  });

  it('keeps the Handler in a variable with a name that AWS takes', () => {
    expect(refusals(withRedirect({ originalHandlerVariable: 'ACME-X' }))).toContain(
      `variants.1.activation.originalHandlerVariable: ${variableWords}`,
    );
  });

  it('can’t be of another type', () => {
    expect(refusals(withVariant({ activation: { type: '', script: '/opt/a' } }))).toEqual([
      expect.stringMatching(/^variants\.0\.activation\.type: Invalid/),
    ]);
    expect(refusals(withVariant({ activation: { script: '/opt/a' } }))).toEqual([
      expect.stringMatching(/^variants\.0\.activation\.type: Invalid/),
    ]);
  });
});
