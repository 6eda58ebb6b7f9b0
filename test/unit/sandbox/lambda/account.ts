import type { FunctionConfiguration, GetFunctionResponse, PublishLayerVersionResponse } from '@aws-sdk/client-lambda';
import { AwsError, type CloudTrailRecord } from '../../../../src/sandbox/api.ts';
import {
  createLambda,
  type FaultDocumentInput,
  type LambdaControlPlane,
  type LambdaOptions,
  type TagChange,
} from '../../../../src/sandbox/lambda/control-plane.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';

export const account = '111122223333';
export const otherAccount = '444455556666';
export const region = 'eu-west-1';
export const role = `arn:aws:iam::${account}:role/orders`;

export interface CallOptions {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>> | URLSearchParams;
  readonly account?: string;
  readonly region?: string;
  readonly user?: string;
  readonly identity?: Readonly<Record<string, unknown>>;
}

/** A control plane with a clock that the test moves, and callers who speak Lambda's protocol to it. */
export interface TestAccount {
  readonly lambda: LambdaControlPlane;
  readonly clock: ManualClock;
  readonly records: CloudTrailRecord[];
  readonly tagChanges: TagChange[];
  /** The answer's JSON, taken for what the SDK says that the action answers. */
  call<T>(method: string, path: string, options?: CallOptions): Promise<T>;
  refusal(method: string, path: string, options?: CallOptions): Promise<AwsError>;
  create(
    name: string,
    members?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<FunctionConfiguration>;
  /** Creates, and waits until it is active. */
  active(
    name: string,
    members?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<FunctionConfiguration>;
  get(name: string, options?: CallOptions): Promise<GetFunctionResponse>;
  configuration(name: string, options?: CallOptions): Promise<FunctionConfiguration>;
  update(
    name: string,
    members: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<FunctionConfiguration>;
  refusedUpdate(name: string, members: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<AwsError>;
  publishLayer(name: string, options?: CallOptions): Promise<string>;
  /** Time enough for every creation and update to end. */
  settle(): void;
  faults(document: FaultDocumentInput): void;
  /** The last record. */
  record(): CloudTrailRecord;
}

export const zip = Buffer.from('PK-some-code').toString('base64');

export function functionPath(name: string, rest = ''): string {
  return `/2015-03-31/functions/${encodeURIComponent(name)}${rest}`;
}

export function tagsPath(name: string): string {
  return `/2017-03-31/tags/${encodeURIComponent(`arn:aws:lambda:${region}:${account}:function:${name}`)}`;
}

/** Quotas are off, as most tests aren't about them: the clock stands still, so nothing would ever be refilled. */
export function createTestAccount(options: Partial<LambdaOptions> = {}): TestAccount {
  const clock = createManualClock();
  const records: CloudTrailRecord[] = [];
  const tagChanges: TagChange[] = [];
  const lambda = createLambda({
    clock,
    onRecord: (record) => records.push(record),
    onTagChange: (change) => tagChanges.push(change),
    ...options,
  });
  lambda.faults.replace({ quotas: 'off' });

  async function call<T>(method: string, path: string, given: CallOptions = {}): Promise<T> {
    const accountId = given.account ?? account;
    const response = await lambda.handle({
      service: 'lambda',
      region: given.region ?? region,
      caller: {
        accountId,
        accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
        userIdentity: given.identity ?? {
          type: 'IAMUser',
          arn: `arn:aws:iam::${accountId}:user/${given.user ?? 'jane'}`,
          accountId,
          userName: given.user ?? 'jane',
        },
      },
      method,
      path,
      query: new URLSearchParams(given.query),
      headers: { 'user-agent': 'aws-cli/2.32.3' },
      body: given.body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(given.body)),
    });
    return JSON.parse(response.body.length === 0 ? 'null' : response.body.toString());
  }

  async function refusal(method: string, path: string, given: CallOptions = {}): Promise<AwsError> {
    try {
      await call<unknown>(method, path, given);
    } catch (error) {
      if (error instanceof AwsError) return error;
      throw error;
    }
    throw new Error(`${method} ${path} was expected to be refused, and was not`);
  }

  const create: TestAccount['create'] = (name, members = {}, given = {}) =>
    call('POST', '/2015-03-31/functions', {
      ...given,
      body: {
        FunctionName: name,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: role,
        Code: { ZipFile: zip },
        ...members,
      },
    });

  return {
    lambda,
    clock,
    records,
    tagChanges,
    call,
    refusal,
    create,
    async active(name, members, given) {
      const created = await create(name, members, given);
      clock.advance(1000);
      return created;
    },
    get: (name, given) => call('GET', functionPath(name), given),
    configuration: (name, given) => call('GET', functionPath(name, '/configuration'), given),
    update: (name, members, given) => call('PUT', functionPath(name, '/configuration'), { ...given, body: members }),
    refusedUpdate: (name, members, given) =>
      refusal('PUT', functionPath(name, '/configuration'), { ...given, body: members }),
    async publishLayer(name, given) {
      const path = `/2018-10-31/layers/${name}/versions`;
      const options = { ...given, body: { Content: { ZipFile: zip } } };
      const { LayerVersionArn } = await call<PublishLayerVersionResponse>('POST', path, options);
      return LayerVersionArn ?? '';
    },
    settle: () => clock.advance(1000),
    faults(document) {
      lambda.faults.replace({ quotas: 'off', ...document });
    },
    record() {
      const last = records.at(-1);
      if (last === undefined) throw new Error('No call was recorded');
      return last;
    },
  };
}
