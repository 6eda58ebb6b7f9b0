import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initReport } from '../../src/cli/json-shapes.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { readAgents, readPolicyDocument } from '../../src/service/agent-files.ts';

/* The command as a process of its own, in a folder of its own. */

const root = join(import.meta.dirname, '../..');
const running: ChildProcess[] = [];
let folder: string;
let sandbox: Sandbox | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'layerward-init-'));
});
afterEach(async () => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  await sandbox?.stop();
  sandbox = undefined;
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Nobody's AWS, and no region, unless a test says otherwise. */
const nobody = {
  AWS_REGION: undefined,
  AWS_DEFAULT_REGION: undefined,
  AWS_PROFILE: undefined,
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  AWS_SESSION_TOKEN: undefined,
  AWS_ENDPOINT_URL: undefined,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nowhere',
  AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
};

function launch(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(file, [...args], { cwd: folder, env: { ...process.env, ...nobody, ...env } });
  running.push(child);
  const printed = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    printed.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    printed.stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, ...printed })));
  return { child, printed, ended };
}

/** Runs it as a script does: without a terminal. */
function init(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const { child, ended } = launch(process.execPath, [join(root, 'bin/layerward.js'), 'init', ...args], env);
  child.stdin.end();
  return ended;
}

/** Runs it on a terminal, where a person answers each question as it comes; the last one with Ctrl-D, if it is missing. */
async function initOnTerminal(
  args: readonly string[],
  answers: readonly (readonly [question: string, answer: string])[],
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const words = [process.execPath, join(root, 'bin/layerward.js'), 'init', ...args].map((word) => `'${word}'`);
  const { child, printed, ended } = launch('script', ['-qec', words.join(' '), '/dev/null'], env);
  let from = 0;
  for (const [question, answer] of answers) {
    await expect.poll(() => printed.stdout.slice(from), { timeout: 30_000 }).toContain(question);
    from = printed.stdout.length;
    child.stdin.write(answer);
  }
  return ended;
}

const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const policy = () => readPolicyDocument(read('policy.yaml'), 'policy.yaml', readAgents());
/** What `sam deploy` is told, without how its overrides are written. */
const deployed = () => {
  const config = parseToml(read('samconfig.toml'));
  expect(config).toMatchObject({ version: 0.1, default: { deploy: { parameters: {} } } });
  return JSON.parse(JSON.stringify(config)).default.deploy.parameters;
};

const organization = ['--organization', 'o-a1b2c3d4e5', '--units', 'ou-ab12-workload1, r-ab12'];

describe('npx layerward init', () => {
  it('writes what one account needs, and says what is left to do', async () => {
    const { code, stdout, stderr } = await init(['--single-account', '--region', 'eu-west-1', '--no-build']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(readdirSync(folder).sort()).toEqual(['policy.yaml', 'samconfig.toml']);
    expect(policy()).toMatchObject({
      mode: 'audit',
      agent: 'trend-application-security',
      groups: { default: { secret: 'layerward/groups/default', parameters: { cloudOneRegion: 'us-1' } } },
    });
    expect(deployed()).toEqual({
      stack_name: 'layerward',
      region: 'eu-west-1',
      template_file: 'dist/template.yaml',
      capabilities: 'CAPABILITY_IAM',
      resolve_s3: true,
      confirm_changeset: true,
    });
    expect(stdout).toContain('npm run build');
    expect(stdout).toContain(
      'aws secretsmanager create-secret --region eu-west-1 --name layerward/groups/default --secret-string file://secret.json',
    );
    expect(stdout).toMatch(/^ +sam deploy$/m);
    expect(stdout).toContain('The mode is audit: no function is changed');
    expect(stdout).not.toContain('organizations');
  });

  it('writes what an organization needs, and what its management account has to do once', async () => {
    const { code, stdout } = await init(
      [
        ...organization,
        ...['--regions', 'us-east-1,eu-central-2', '--alert-email', 'on.call@example.com', '--create-trail'],
        ...['--parameter', 'SweepSchedule=rate(1 hour)', 'AdditionalAccountIds=999988887777', 'RequireOptInTag=true'],
        ...[
          '--mode',
          'enforce',
          '--group-parameter',
          'cloudOneRegion=de-1',
          '--secret',
          'security/trend',
          '--no-build',
        ],
      ],
      { AWS_DEFAULT_REGION: 'us-east-1' },
    );
    expect(code).toBe(0);
    expect(policy()).toMatchObject({
      mode: 'enforce',
      groups: { default: { secret: 'security/trend', parameters: { cloudOneRegion: 'de-1' } } },
    });
    expect(deployed()).toMatchObject({
      region: 'us-east-1',
      parameter_overrides: [
        'AlertEmail="on.call@example.com"',
        'Regions="us-east-1,eu-central-2"',
        'OrganizationId="o-a1b2c3d4e5"',
        'OrganizationalUnitIds="ou-ab12-workload1,r-ab12"',
        'AdditionalAccountIds="999988887777"',
        'RequireOptInTag="true"',
        'SweepSchedule="rate(1 hour)"',
        'CreateOrganizationTrail="true"',
        'CredentialSecretPrefix="security/"',
      ],
    });
    expect(stdout).toContain('aws cloudformation activate-organizations-access --region us-east-1');
    expect(stdout).toContain('--service-principal member.org.stacksets.cloudformation.amazonaws.com');
    expect(stdout).toContain('aws cloudtrail register-organization-delegated-admin');
    expect(stdout).toContain('The mode is enforce');
    expect(stdout).toContain('has no layers in eu-central-2');
  });

  it('prints one object and nothing else as JSON', async () => {
    const { code, stdout, stderr } = await init(['--yes', '--region', 'us-east-1', '--no-build', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(initReport.parse(JSON.parse(stdout))).toMatchObject({
      files: { 'policy.yaml': 'written', 'samconfig.toml': 'written' },
      isBuilt: false,
      stack: { name: 'layerward', region: 'us-east-1', parameters: {} },
      mode: 'audit',
      next: expect.arrayContaining([{ what: 'Deploy:', commands: ['sam deploy'] }]),
    });
  });

  it('asks on a terminal for what no option says, and again where an answer makes no sense', async () => {
    const { code, stdout } = await initOnTerminal(
      ['--no-build', '--alert-email', 'on.call@example.com'],
      [
        ['Region of the stack', 'us-esat-1\n'],
        ['us-esat-1 is not a region of AWS; did you mean us-east-1?', 'us-east-1\n'],
        ['one account, or an organization?', 'a\n'],
        ['Regions to look after, with commas [us-east-1]', 'us-east-1 , eu-west-1\n'],
        ['cloudOneRegion', 'us-9\n'],
        ['One of: us-1', 'jp-1\n'],
        ['audit', '\n'],
      ],
    );
    expect(code).toBe(0);
    expect(stdout).not.toContain('E-mail address');
    expect(policy()).toMatchObject({ mode: 'audit', groups: { default: { parameters: { cloudOneRegion: 'jp-1' } } } });
    expect(deployed().parameter_overrides).toEqual([
      'AlertEmail="on.call@example.com"',
      'Regions="us-east-1,eu-west-1"',
    ]);
  });

  it('suggests the organization that the credentials are of', async () => {
    sandbox = await startSandbox({ service: false, organization: true });
    const { code, stdout } = await initOnTerminal(
      ['--no-build', '--endpoint', sandbox.endpoint],
      [
        ['Region of the stack [us-east-1]', '\n'],
        ['one account, or an organization?', 'organization\n'],
        ['Id of the organization [o-layerward01]', '\n'],
        ['r-… is all of it [r-lw01]', '\n'],
        ['Regions to look after', '\n'],
        ['management account? (yes, no) [no]', '\n'],
        ['CloudTrail trail', '\n'],
        ['E-mail address', '\n'],
        ['cloudOneRegion', '\n'],
        ['audit', '\n'],
      ],
      { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'uma', AWS_SECRET_ACCESS_KEY: 'any' },
    );
    expect(code).toBe(0);
    expect(stdout).toContain('account 111122223333 are in the organization o-layerward01, whose root is r-lw01.');
    expect(stdout).toContain('register-delegated-administrator --account-id 111122223333');
    expect(deployed().parameter_overrides).toEqual([
      'Regions="us-east-1"',
      'OrganizationId="o-layerward01"',
      'OrganizationalUnitIds="r-lw01"',
    ]);
  });

  it('writes nothing where the questions are not answered to the end', async () => {
    const ended = await initOnTerminal(
      ['--no-build'],
      [
        ['Region of the stack', 'us-east-1\n'],
        ['one account, or an organization?', '\u0004'],
      ],
    );
    expect(ended).toMatchObject({ code: 2, stdout: expect.stringContaining('so nothing was written') });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('npx layerward init, where there are files already', () => {
  const args = ['--yes', '--region', 'us-east-1', '--no-build'];

  it('does the same again when it is told the same again', async () => {
    await init(args);
    const [before, config] = [read('policy.yaml'), read('samconfig.toml')];
    const { code, stdout } = await init(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/policy\.yaml +kept/);
    expect([read('policy.yaml'), read('samconfig.toml')]).toEqual([before, config]);
  });

  it('keeps each, and writes the other', async () => {
    await init(args);
    const own = read('policy.yaml').replace('mode: audit', 'mode: enforce');
    writeFileSync(join(folder, 'policy.yaml'), own);
    rmSync(join(folder, 'samconfig.toml'));
    const { code, stdout } = await init([...args, '--stack', 'guard']);
    expect(code).toBe(0);
    expect(stdout).toContain('The mode is enforce');
    expect(read('policy.yaml')).toBe(own);
    expect(deployed().stack_name).toBe('guard');

    rmSync(join(folder, 'policy.yaml'));
    const config = read('samconfig.toml');
    expect((await init(['--yes', '--no-build', '--mode', 'enforce'])).code).toBe(0);
    expect(read('samconfig.toml')).toBe(config);
    expect(policy().mode).toBe('enforce');
  });

  it('writes them anew with --force, through a link as well', async () => {
    await init(args);
    const elsewhere = join(folder, 'elsewhere.yaml');
    cpSync(join(folder, 'policy.yaml'), elsewhere);
    rmSync(join(folder, 'policy.yaml'));
    symlinkSync(elsewhere, join(folder, 'policy.yaml'));
    expect((await init([...args, '--mode', 'enforce', '--stack', 'guard', '--force'])).code).toBe(0);
    expect(readFileSync(elsewhere, 'utf8')).toContain('mode: enforce');
    expect(deployed().stack_name).toBe('guard');
  });

  it.each([
    [
      'an option that a kept policy does not follow',
      {},
      ['--mode', 'enforce'],
      /policy\.yaml is there, and is kept, so --mode /,
    ],
    [
      'an option that a kept samconfig.toml does not follow',
      {},
      ['--stack', 'x'],
      /samconfig\.toml is there, .*--stack/,
    ],
    [
      'a kept policy with a mistake',
      { 'policy.yaml': 'version: 1\nagnet: x\n' },
      [],
      /policy\.yaml:2:1: agnet: unknown key/,
    ],
    ['a kept samconfig.toml that is none', { 'samconfig.toml': 'version = \n' }, [], /samconfig\.toml:1:\d+: /],
    [
      'a kept samconfig.toml that deploys something else',
      { 'samconfig.toml': 'version = 0.1\n[default.deploy.parameters]\nstack_name = "shop"\n' },
      [],
      /sam deploy would not deploy dist\/template\.yaml by it/,
    ],
    [
      'a kept samconfig.toml that could not be deployed',
      {
        'samconfig.toml':
          'version = 0.1\n[default.deploy.parameters]\nstack_name = "x"\ntemplate_file = "./dist/template.yaml"\n' +
          'parameter_overrides = "OrganizationId=o-a1b2c3d4e5 Regions=\\"us-east-1,eu-west-1\\""\n',
      },
      [],
      /OrganizationId says which organization, but not whom/,
    ],
    [
      'a kept policy whose secret the stack could not read',
      {
        'policy.yaml':
          'version: 1\nagent: trend-application-security\ngroups:\n' +
          '  default: { secret: elsewhere/trend, parameters: { cloudOneRegion: us-1 } }\n',
      },
      [],
      /The policy names the secret elsewhere\/trend, and the stack may read only secrets whose names start with layerward\/groups\//,
    ],
  ] as const)('refuses %s, and changes nothing', async (_, files, more, sentence) => {
    await init(args);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const before = [read('policy.yaml'), read('samconfig.toml')];
    const ended = await init(['--yes', '--no-build', ...more], { AWS_REGION: 'us-east-1' });
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(sentence) });
    expect(ended.stderr).not.toMatch(/^\s+at /m);
    expect([read('policy.yaml'), read('samconfig.toml')]).toEqual(before);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it('leaves no half a file where it can’t write one', async () => {
    mkdirSync(join(folder, 'policy.yaml'));
    const ended = await init([...args, '--force']);
    expect(ended).toMatchObject({ code: 3, stderr: expect.stringContaining("policy.yaml can't be written") });
    expect(readdirSync(folder)).toEqual(['policy.yaml']);
  });
});

describe('npx layerward init refuses, in a sentence and without writing anything', () => {
  it.each([
    [
      'nothing said, and nobody to ask',
      ['--region', 'us-east-1'],
      /there is no terminal to ask on: give --single-account/,
    ],
    ['no region', ['--single-account'], /no region is set: give --region, or set AWS_REGION/],
    ['an organization without units', ['--organization', 'o-a1b2c3d4e5', '--region', 'us-east-1'], /but not whom/],
    [
      'an unknown region',
      ['--yes', '--region', 'eu-wset-1'],
      /eu-wset-1 is not a region of AWS; did you mean eu-west-1/,
    ],
    ['an unknown agent', ['--yes', '--region', 'us-east-1', '--agent', 'x'], /there is no agent x; there is: trend-/],
    ['an unknown mode', ['--yes', '--mode', 'try'], /Allowed choices are audit, enforce/],
    ['an unknown option', ['--yes', '--regoin', 'x'], /unknown option '--regoin'/],
  ] as const)('%s', async (_, args, sentence) => {
    const ended = await init([...args, '--no-build']);
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(sentence) });
    expect(ended.stderr).not.toMatch(/^\s+at /m);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a folder that the build would not take the policy from', async () => {
    const ended = await init(['--yes', '--region', 'us-east-1']);
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('run it there, or with --no-build') });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('npx layerward init in a checkout', () => {
  it('builds, so that the policy is in what is deployed', async () => {
    for (const part of ['agents', 'bin', 'docs', 'functions', 'infra', 'scripts', 'src'])
      cpSync(join(root, part), join(folder, part), { recursive: true });
    for (const file of ['package-lock.json', 'package.json', 'policy.example.yaml', 'template.yaml'])
      cpSync(join(root, file), join(folder, file));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const args = [
      'bin/layerward.js',
      'init',
      '--yes',
      '--region',
      'us-east-1',
      '--group-parameter',
      'cloudOneRegion=sg-1',
    ];
    const { child, ended } = launch(process.execPath, args);
    child.stdin.end();
    expect(await ended).toMatchObject({ code: 0, stdout: expect.stringContaining('built, with the policy in it') });
    const template = read('dist/template.yaml');
    expect(template).toContain('"cloudOneRegion": "sg-1"');
    expect(template).toContain('"mode": "audit"');
    expect(readdirSync(join(folder, 'dist'))).toContain('remediate');

    writeFileSync(join(folder, 'functions/remediate/index.ts'), 'export const handler = (');
    const broken = launch(process.execPath, [...args.slice(0, 5)]);
    broken.child.stdin.end();
    expect(await broken.ended).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('layerward: the build failed'),
    });
  });
});

const python = join(root, '.venv/bin/python');
const hasSam = existsSync(python) && spawnSync(python, ['-c', 'import samcli, tomllib']).status === 0;
const samReads = `
import json, sys, tomllib
from pathlib import Path
from samcli.cli.types import CfnParameterOverridesType
from samcli.lib.config.samconfig import SamConfig
path = Path(sys.argv[1])
tomllib.loads(path.read_text())
settings = SamConfig(path.parent, path.name).get_all(["deploy"], "parameters", "default")
overrides = CfnParameterOverridesType().convert(settings.get("parameter_overrides", {}), None, None)
print(json.dumps({"stack": settings["stack_name"], "template": settings["template_file"], "overrides": overrides}))
`;

describe.skipIf(!hasSam)('samconfig.toml as SAM itself reads it', () => {
  it('has every value as it was meant', async () => {
    const { code } = await init([
      ...organization,
      ...['--region', 'us-east-1', '--regions', 'us-east-1,eu-west-1', '--alert-email', "o'brien+x@example.com"],
      ...[
        '--in-management-account',
        '--parameter',
        'SweepSchedule=cron(0 9 * * ? *)',
        'CallsPerSecond=4',
        '--no-build',
      ],
    ]);
    expect(code).toBe(0);
    const { stdout, stderr } = spawnSync(python, ['-c', samReads, join(folder, 'samconfig.toml')], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      stack: 'layerward',
      template: 'dist/template.yaml',
      overrides: {
        AlertEmail: "o'brien+x@example.com",
        Regions: 'us-east-1,eu-west-1',
        OrganizationId: 'o-a1b2c3d4e5',
        OrganizationalUnitIds: 'ou-ab12-workload1,r-ab12',
        DeployedIn: 'management-account',
        SweepSchedule: 'cron(0 9 * * ? *)',
        CallsPerSecond: '4',
      },
    });
  });
});
