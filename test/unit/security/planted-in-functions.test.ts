import { describe, expect, it } from 'vitest';
import { toSnapshot } from '../../../src/aws/lambda-functions.ts';
import { ServiceUnavailable } from '../../../src/domain/errors.ts';
import * as trail from '../../fixtures/cloudtrail.ts';
import { attachedTo } from '../../fixtures/decision-cases.ts';
import { leaksBy, mark, plantInEach, type Searched } from '../../fixtures/planted.ts';
import { arn, credentials, policyOf, snapshotOf } from '../../fixtures/situation.ts';
import { createWatchedWorld, type Out } from './watched-world.ts';

/*
 * A secret in every field of what AWS says of a function, one at a time, against all that goes out while the function is
 * looked at, attached to, repaired and released. Values of a team's variables are no less secret than credentials.
 */

/** What `GetFunction` answers, with everything in it that AWS documents. */
function answerOf(configuration: Readonly<Record<string, unknown>> = {}, variables: Record<string, string> = {}) {
  return {
    Code: {
      RepositoryType: 'S3',
      Location: 'https://bucket.s3.amazonaws.com/code?X-Amz-Signature=s',
      ResolvedImageUri: 'r',
    },
    Concurrency: { ReservedConcurrentExecutions: 1 },
    Tags: { 'layerward:protect': 'on', 'layerward:group': 'default', team: 'a' },
    Configuration: {
      FunctionName: 'orders',
      FunctionArn: `arn:aws:lambda:us-east-1:${arn.accountId}:function:orders`,
      Description: 'd',
      Runtime: 'nodejs14.x',
      Role: `arn:aws:iam::${arn.accountId}:role/orders`,
      Handler: 'index.handler',
      Architectures: ['x86_64'],
      Layers: [{ Arn: `arn:aws:lambda:us-east-1:${arn.accountId}:layer:team:1`, CodeSize: 1, SigningJobArn: 's' }],
      Environment: { Variables: { PASSWORD: 'p', TREND_AP_LOG_FILE: 't', ...variables } },
      KMSKeyArn: 'k',
      VpcConfig: { VpcId: 'v', SubnetIds: ['s'], SecurityGroupIds: ['g'] },
      DeadLetterConfig: { TargetArn: 't' },
      FileSystemConfigs: [{ Arn: 'f', LocalMountPath: '/mnt' }],
      LoggingConfig: { LogGroup: 'l' },
      PackageType: 'Zip',
      State: 'Active',
      StateReason: 's',
      StateReasonCode: 'Idle',
      LastUpdateStatus: 'Successful',
      LastUpdateStatusReason: 'l',
      LastUpdateStatusReasonCode: 'EniLimitExceeded',
      RevisionId: 'r',
      CodeSha256: 'c',
      ...configuration,
    },
  };
}

const policy = policyOf();
const policyOfMany = policyOf('agents: { trend-application-security: { variables: { TREND_AP_LOG_LEVEL: warn } } }');

interface Story {
  readonly what: string;
  readonly answer: unknown;
  readonly given?: typeof policy;
  /** The function was protected before it came to this. */
  readonly wasProtected?: true;
}

const own = {
  TREND_AP_LOG_LEVEL: 'debug',
  TREND_AP_TAGS: 'team',
  TREND_AP_HTTP_PROXY_PASSWORD: 's',
  TREND_AP_KEY: 'k',
  TREND_AP_SECRET: 's',
  TREND_AP_AGENT_ENABLED: 'off',
  TREND_AP_PLUGINS_DISABLED: 'all',
  TREND_AP_HELLO_URL: 'u',
};
const python = { Runtime: 'python3.7', Handler: 'app.handler' };
const redirected = { Runtime: 'python3.7', Handler: 'trend_app_protect_handler.handler' };

const whole = attachedTo(toSnapshot(arn, answerOf())).snapshot;
const inPlace = (changes: Readonly<Record<string, unknown>>) =>
  answerOf(
    { Layers: whole.layers.map((Arn) => ({ Arn })), ...changes },
    whole.environment.readable ? { ...whole.environment.variables } : {},
  );

const stories: readonly Story[] = [
  { what: 'new', answer: answerOf() },
  { what: 'new, with values in the agent’s places', answer: answerOf({}, own), given: policyOfMany },
  { what: 'protected before', answer: answerOf(), wasProtected: true },
  { what: 'protected before, with values in the agent’s places', answer: answerOf({}, own), wasProtected: true },
  { what: 'new, of another runtime', answer: answerOf(python, { ...own, TREND_AP_HANDLER: 'h' }) },
  { what: 'redirected', answer: answerOf(redirected, { TREND_AP_HANDLER: 'app.handler' }) },
  { what: 'redirected to nowhere', answer: answerOf(redirected, { TREND_AP_HANDLER: '' }) },
  { what: 'wrapped by another tool', answer: answerOf({}, { AWS_LAMBDA_EXEC_WRAPPER: '/opt/other' }) },
  { what: 'wrapped, of a runtime without wrappers', answer: answerOf(python, { AWS_LAMBDA_EXEC_WRAPPER: '/opt/o' }) },
  { what: 'unreadable', answer: answerOf({ Environment: { Error: { ErrorCode: 'AccessDenied', Message: 'm' } } }) },
  { what: 'of unreadable tags', answer: { ...answerOf(), TagsError: { ErrorCode: 'AccessDenied', Message: 'm' } } },
  { what: 'not ready', answer: answerOf({ LastUpdateStatus: 'InProgress' }) },
  { what: 'whole', answer: inPlace({}) },
  { what: 'whole, by an update that failed', answer: inPlace({ LastUpdateStatus: 'Failed' }) },
  { what: 'an image', answer: answerOf({ PackageType: 'Image', MasterArn: 'm' }) },
  { what: 'too large', answer: answerOf({}, { LARGE: 'x'.repeat(4_000) }) },
];

/** Looks at the function, attaches or repairs, opts it out and releases it; answers all that went out on the way. */
async function tell({ given = policy, wasProtected }: Omit<Story, 'answer' | 'what'>, answer: unknown) {
  const world = createWatchedWorld('', { policy: given });
  const seen: Out[] = [];
  const see = async () => void seen.push(world.out(), await world.commands());
  try {
    if (wasProtected) await world.protect(snapshotOf({ runtime: 'nodejs14.x' }));
    const snapshot = toSnapshot(arn, answer);
    world.functions.put(snapshot);
    await see();
    await world.look(world.change());
    await see();
    await world.settle();
    await see();
    world.functions.put({ ...(world.live() ?? snapshot), tags: { readable: true, values: {} } });
    await see();
    await world.look(world.change({ kind: 'tagged', touched: ['Tags'], tagKeys: ['layerward:protect'] }));
    await world.settle();
    await see();
  } catch (error) {
    world.threw(error);
    seen.push(world.out());
  }
  const ways = new Set(seen.flatMap((out) => Object.keys(out)));
  return Object.fromEntries([...ways].map((way) => [way, seen.map((out) => out[way] ?? '').join('\n')]));
}

const quoting = `the variable is ${mark}, which is not allowed`;

describe('a secret that is planted in a function', () => {
  const searched = async (): Promise<Searched[]> =>
    Promise.all(
      stories.flatMap(({ answer, ...story }) =>
        plantInEach(answer, ['Tags']).map(async ({ path, planted }) => ({ path, out: await tell(story, planted) })),
      ),
    );

  it('gets out by the fields that are kept, and by no other', async () => {
    const all = await searched();
    expect(all.length).toBeGreaterThan(800);
    const everything = JSON.stringify(all.map(({ out }) => out));
    for (const credential of Object.values(credentials)) expect(everything).not.toContain(credential);
    const told = leaksBy(all, (way) => way !== 'record');
    expect(told).toEqual([
      'Configuration.Architectures.*',
      'Configuration.Environment.Error.ErrorCode',
      'Configuration.Environment.Variables.AWS_LAMBDA_EXEC_WRAPPER',
      'Configuration.Handler',
      'Configuration.LastUpdateStatusReason',
      'Configuration.Runtime',
      'Tags.*',
      'TagsError.ErrorCode',
    ]);
    // The team's values in the agent's own places, which it gets back; no setting that the agent calls sensitive.
    const onlyKept = leaksBy(all).filter((path) => !told.includes(path));
    expect(onlyKept.map((path) => path.replace('Configuration.Environment.Variables.', ''))).toEqual([
      'TREND_AP_CACHE_DIR',
      'TREND_AP_HANDLER',
      'TREND_AP_HELLO_URL',
      'TREND_AP_HTTP_TIMEOUT',
      'TREND_AP_INITIAL_DELAY_MS',
      'TREND_AP_LOG_FILE',
      'TREND_AP_LOG_LEVEL',
      'TREND_AP_MAX_DELAY_MS',
      'TREND_AP_MIN_REPORT_SIZE',
      'TREND_AP_PLUGINS_DISABLED',
      'TREND_AP_PREFORK_MODE',
      'TREND_AP_READY_TIMEOUT',
      'TREND_AP_TRANSACTION_FINISH_TIMEOUT',
    ]);
  });

  it('that AWS quotes where it says why an update failed gets out as little', async () => {
    for (const path of ['PASSWORD', 'TREND_AP_KEY', 'TREND_AP_HTTP_PROXY_PASSWORD']) {
      const answer = inPlace({ LastUpdateStatus: 'Failed', LastUpdateStatusReason: quoting });
      Object.assign(answer.Configuration.Environment.Variables, { [path]: mark });
      const out = await tell({}, answer);
      expect(JSON.stringify(out)).not.toContain(mark);
      if (path === 'PASSWORD') expect(out['alerts']).toContain('the variable is ***, which is not allowed');
    }
  });

  it.each([
    ['an answer', () => ({ accepted: false, reason: 'aws-refused', detail: quoting }) as const],
    ['an error that passes', () => new ServiceUnavailable(quoting, { cause: new Error(quoting) })],
    ['an error that nobody knows', () => new TypeError(quoting, { cause: new Error(quoting) })],
  ])('that AWS quotes in %s to an update that sends no variables gets out as little', async (_, answer) => {
    const world = createWatchedWorld('', { policy });
    const answered = inPlace({ Layers: [] });
    Object.assign(answered.Configuration.Environment.Variables, { PASSWORD: mark });
    world.functions.put(toSnapshot(arn, answered));
    world.functions.answerOnce(answer);
    await world.deliver(
      JSON.stringify(trail.eventBridgeEvent(trail.updateConfigurationRecord({}, { awsRegion: arn.region }))),
    );
    expect(JSON.stringify(world.out())).not.toContain(mark);
  });
});
