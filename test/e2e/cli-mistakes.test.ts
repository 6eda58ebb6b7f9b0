import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXAMPLE_ORGANIZATION } from '../../src/sandbox/organization/accounts.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { openStage, type Stage } from '../../src/sandbox/tour/stage.ts';
import { type Ended, emptyFolder, expectSentence, runPiped } from '../fixtures/command-line.ts';

/*
 * What people get wrong, and what AWS refuses: a sentence with what to do, the right exit code, nothing on standard output,
 * and where it comes from only with --debug. Nothing here changes anything, so that commands may run beside one another.
 */

const hub = '111122223333';
const tags = { 'layerward:protect': 'on' };

let sandbox: Sandbox;
let stage: Stage;

beforeAll(async () => {
  const everybody = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${hub}:root` }, Action: 'sts:AssumeRole' };
  const toFindTheStack = { Effect: 'Allow', Action: 'cloudformation:Describe*', Resource: '*' };
  const role = (name: string, Statement: readonly unknown[]) => ({
    accountId: hub,
    name,
    trustPolicy: { Version: '2012-10-17', Statement: [everybody] },
    policies: { all: { Version: '2012-10-17', Statement } },
  });
  sandbox = await startSandbox({
    organization: EXAMPLE_ORGANIZATION,
    timings: { deliveryMs: 5, pendingMs: 20, updateMs: 20, stateMachineSecondMs: 50 },
    roles: [role('blind', [toFindTheStack]), role('nobody', [{ ...toFindTheStack, Effect: 'Deny' }])],
  });
  sandbox.lambda.faults.replace({ quotas: 'off' });
  stage = await openStage(sandbox);
  await stage.create('olga', 'orders', { Tags: tags });
  const record = await stage.recorded('orders', 'protected');
  // Two of a name, in accounts that these credentials have nothing to do with.
  for (const accountId of ['222233334444', '444455556666']) {
    const functionArn = `arn:aws:lambda:eu-west-1:${accountId}:function:twin`;
    await stage.records.save({ ...record, functionArn, version: 1 });
  }
});
afterAll(() => sandbox?.stop());

type Environment = Readonly<Record<string, string>>;
const credentials: Environment = {
  AWS_ACCESS_KEY_ID: 'olga',
  AWS_SECRET_ACCESS_KEY: 'any',
  AWS_EC2_METADATA_DISABLED: 'true',
};

const olga: Environment = { ...credentials, AWS_REGION: 'us-east-1' };

const run = (args: readonly string[], env = olga): Promise<Ended> =>
  runPiped(args, { env: { AWS_ENDPOINT_URL: sandbox.endpoint, ...env } });

function fileOf(name: string, content: string): string {
  const file = join(emptyFolder(), name);
  writeFileSync(file, content);
  return file;
}

/** The home of somebody whose SSO session has expired, and who has a profile for a role. */
function homeOf(): string {
  const home = emptyFolder();
  const cache = join(home, '.aws/sso/cache');
  mkdirSync(cache, { recursive: true });
  writeFileSync(
    join(home, '.aws/config'),
    `[profile work]
region = us-east-1
sso_session = corp
sso_account_id = ${hub}
sso_role_name = platform
[sso-session corp]
sso_start_url = https://corp.example.com/start
sso_region = us-east-1
[profile blind]
region = us-east-1
role_arn = arn:aws:iam::${hub}:role/blind
credential_source = Environment
`,
  );
  writeFileSync(
    join(cache, `${createHash('sha1').update('corp').digest('hex')}.json`),
    JSON.stringify({ accessToken: 'none', expiresAt: '2020-01-01T00:00:00Z' }),
  );
  return home;
}

const nobodyIsHome: Environment = { AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true', HOME: emptyFolder() };
const expired: Environment = { AWS_EC2_METADATA_DISABLED: 'true', HOME: homeOf() };
const halfAPlan = fileOf('plan.json', '{"format": "layerward-plan", "version": 1, "crea');
const record = fileOf(
  'record.json',
  JSON.stringify({
    eventVersion: '1.11',
    userIdentity: { type: 'IAMUser', arn: `arn:aws:iam::${hub}:user/olga`, accountId: hub, userName: 'olga' },
    eventTime: '2026-11-20T08:30:00Z',
    eventSource: 'lambda.amazonaws.com',
    eventName: 'UpdateFunctionConfiguration20150331v2',
    awsRegion: 'us-east-1',
    requestParameters: { functionName: 'orders', layers: [] },
    responseElements: {},
    requestID: 'c7a3c1de-5b1f-4c2e-8d3a-7f20c4e1b9d5',
    eventID: 'c7a3c1de-5b1f-4c2e-8d3a-7f20c4e1b9d6',
    recipientAccountId: hub,
  }),
);

type Row = readonly [what: string, args: readonly string[], code: 2 | 3, words: RegExp, env: Environment];

const mistakes: readonly Row[] = [
  [
    'an unknown function',
    ['explain', 'nowhere'],
    2,
    /no function nowhere in account 1{4}.*: check its name, or give --r/,
    olga,
  ],
  [
    'a function without records',
    ['history', 'nowhere'],
    2,
    /the records of layerward know no function nowhere .*: check/,
    olga,
  ],
  [
    'an ambiguous name',
    ['plan', 'twin'],
    2,
    /the records know 2 of this name .*give the ARN of the one .*2222.*4444/,
    olga,
  ],
  ['no credentials', ['status'], 3, /there are no AWS credentials: set AWS_PROFILE or give --profile/, nobodyIsHome],
  ['an expired SSO session', ['scan', '--profile', 'work'], 3, /expired: run aws sso login --profile work/, expired],
  [
    'a wrong region',
    ['coverage', '--region', 'eu-west-1'],
    2,
    /no stack layerward .*, eu-west-1: give --region, --profile/,
    olga,
  ],
  [
    'a half-written plan',
    ['apply', '--plan', halfAPlan, '--yes'],
    2,
    /plan\.json is not a whole plan.*: .*layerward plan/,
    olga,
  ],
  [
    'a table that is not there',
    ['status', '--table', 'nowhere'],
    2,
    /there is no table nowhere; restore it or deploy/,
    olga,
  ],
];

describe.concurrent('a mistake is told in a sentence with what to do, and where it comes from with --debug only:', () => {
  it.each(mistakes)('%s', async (_, args, code, words, env) => {
    const [plain, debugging] = await Promise.all([run(args, env), run(['--debug', ...args], env)]);
    expect(plain).toMatchObject({ code, stdout: '' });
    expectSentence(plain, words);
    expect(debugging).toMatchObject({ code, stdout: '' });
    expect(debugging.stderr).toContain(plain.stderr.trim());
    expect(debugging.stderr).toMatch(/^\s+at .*\.ts:\d+/m);
  });

  const others: readonly Row[] = [
    [
      'a name that can be none',
      ['snippet', 'two words'],
      2,
      /"two words" is neither a name nor an ARN .* such as orders/,
      olga,
    ],
    [
      'no region',
      ['coverage'],
      3,
      /no region is set: give --region, or set AWS_REGION/,
      { ...credentials, ...homeless() },
    ],
    [
      'a region that can be none',
      ['scan', '--region', 'us east 1'],
      2,
      /us east 1 is not the name of a region: give/,
      olga,
    ],
    ['a region of a list', ['scan', '--regions', 'us-esat-1'], 2, /there is no region "us-esat-1"/, olga],
    [
      'a stack that is not there',
      ['history', 'orders', '--stack', 'nobody'],
      2,
      /there is no stack nobody in account/,
      olga,
    ],
    [
      'another account',
      ['explain', 'arn:aws:lambda:us-east-1:444455556666:function:x'],
      3,
      /name another .*--member-role/,
      olga,
    ],
    [
      'a profile that is not there',
      ['scan', '--profile', 'nobody'],
      3,
      /the profile nobody has no usable credentials/,
      olga,
    ],
    [
      'a role that can be none',
      ['scan', '--role', 'admin'],
      2,
      /--role takes the ARN of a role, such as .*, not admin/,
      olga,
    ],
    [
      'a role that is not theirs',
      ['status', '--role', roleArn('else')],
      3,
      /sts:AssumeRole .*; ask .*or give another --p/,
      olga,
    ],
    [
      'a stack nobody may see',
      ['status', '--role', roleArn('nobody')],
      3,
      /cloudformation:DescribeStacks .*; ask for this/,
      olga,
    ],
    [
      'an address that is none',
      ['scan', '--endpoint', 'localhost'],
      2,
      /localhost is not an address: give one such as h/,
      olga,
    ],
    [
      'an address where nobody is',
      ['status', '--endpoint', 'http://127.0.0.1:9'],
      3,
      /nothing answers at http.*: is it r/,
      olga,
    ],
    ['no credentials', ['console', '--no-open'], 3, /there are no AWS credentials: set/, nobodyIsHome],
    ['no credentials', ['replay', record, '--live'], 3, /there are no AWS credentials: set/, nobodyIsHome],
    [
      'a table that is not there',
      ['report', '--json', '--table', 'nowhere'],
      2,
      /no table nowhere; restore it or deploy/,
      olga,
    ],
    [
      'a file that is not there',
      ['replay', '/nowhere.json'],
      2,
      /\/nowhere\.json can't be read: there is no such file/,
      olga,
    ],
    ['a folder', ['policy', 'check', '/'], 2, /\/ can't be read: it is a folder/, olga],
    [
      'cases that are not there',
      ['policy', 'test', '/cases.yaml'],
      2,
      /\/cases\.yaml can't be read: there is no such file/,
      olga,
    ],
    [
      'cases that say nothing',
      ['policy', 'test', fileOf('x.yaml', '- name: x')],
      2,
      /x\.yaml:1:3: .*expect: is missing/,
      olga,
    ],
    [
      'an account that is none',
      ['status', '--accounts', '12'],
      2,
      /--accounts takes account ids \(12 digits\), not 12/,
      olga,
    ],
    [
      'an empty list',
      ['status', '--regions', ','],
      2,
      /--regions takes a list with commas, and there is nothing in it/,
      olga,
    ],
    ['a time that is none', ['coverage', '--since', 'yesterday'], 2, /--since takes how long ago \(12h, 30d\)/, olga],
    ['a port that is none', ['sandbox', '--port', 'x'], 2, /--port takes a number from 0 to 65535, not x/, olga],
  ];
  it.each(others)('%s', async (_, args, code, words, env) => {
    const ended = await run(args, env);
    expect(ended).toMatchObject({ code, stdout: '' });
    expectSentence(ended, words);
  });
});

function homeless(): Environment {
  return { HOME: emptyFolder() };
}

function roleArn(name: string): string {
  return `arn:aws:iam::${hub}:role/${name}`;
}

describe.concurrent('what AWS refuses is told in its words, with what to do:', () => {
  const blind = ['--role', roleArn('blind')];
  it.each([
    [['explain', 'orders'], 'lambda:GetFunction'],
    [['plan', 'orders'], 'lambda:GetFunction'],
    [['apply', 'orders', '--yes'], 'lambda:GetFunction'],
    [['release', 'orders', '--yes'], 'lambda:GetFunction'],
    [['snippet', 'orders'], 'lambda:GetFunction'],
    [['replay', record, '--live'], 'lambda:GetFunction'],
    [['status'], 'dynamodb:Query'],
    [['history', 'orders'], 'dynamodb:(GetItem|Query)'],
    [['coverage'], 'dynamodb:Query'],
    [['report', '--json'], 'dynamodb:Query'],
    [['scan', '--all-accounts'], 'organizations:ListRoots'],
    [['dead-letters', 'list'], 'sqs:\\w+'],
  ])('%j', async (args, action) => {
    const ended = await run([...args, ...blind]);
    expect(ended).toMatchObject({ code: 3, stdout: '' });
    expectSentence(ended, new RegExp(`is not authorized to perform: ${action} .*see docs/security\\.md`));
  });

  it('of a scan is part of what was found', async () => {
    const ended = await run(['scan', ...blind]);
    expect(ended).toMatchObject({ code: 3, stderr: '' });
    const text = ended.stdout.replaceAll(/\s+/g, ' ');
    expect(text).toMatch(
      /^Nothing could be looked at\. .*is not authorized to perform: lambda:ListFunctions .*see docs/,
    );
  });

  it('of an uninstallation leaves the stack as it is', async () => {
    const ended = await run(['uninstall', '--yes', '--profile', 'blind'], { ...credentials, HOME: homeOf() });
    expect(ended.code).toBe(3);
    expect(ended.stderr).toMatch(/^layerward: .*is not authorized to perform: cloudformation:DeleteStack/m);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
    expect((await run(['status'])).code).toBe(0);
  });
});

describe.concurrent('what a command does not have is refused with exit code 2, and a hint:', () => {
  it.each([
    [['statsu'], /^layerward: unknown command 'statsu'; did you mean status\?\nlayerward --help names all commands\.$/],
    [['scan', '--jsno'], /^layerward: unknown option '--jsno'; did you mean --json\?\nlayerward scan --help tells/],
    [['history'], /^layerward: missing required argument 'function'\nlayerward history --help tells/],
    [['policy', 'chekc'], /^layerward: unknown command 'chekc'; did you mean check\?\nlayerward policy --help tells/],
    [['status', '--limit', '0'], /It is a number from 1 on\.\nlayerward status --help tells/],
    [['coverage', '--by', 'colour'], /Allowed choices are place, account, region\.\n/],
    [['snippet', 'orders', '--as', 'pulumi'], /Allowed choices are terraform, cloudformation, sam, cdk\.\n/],
    [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish\.\n/],
    [['sandbox', '--prot', '1'], /unknown option '--prot'; did you mean --port\?\n/],
  ])('%j', async (args, words) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trim()).toMatch(words);
    expect(stderr.trim().split('\n')).toHaveLength(2);
  });

  it('the sandbox says in a sentence that its port is taken', async () => {
    const ended = await run(['sandbox', '--no-service', '--port', new URL(sandbox.endpoint).port]);
    expect(ended).toMatchObject({ code: 3, stdout: '' });
    expectSentence(ended, /port \d+ on 127\.0\.0\.1 is taken: end that program, or give another port/);
  });
});
