import { describe, expect, it } from 'vitest';
import type { ApiRequest, ApiService, Clock } from '../../../src/sandbox/api.ts';
import { createConfigurationData } from '../../../src/sandbox/configuration-data.ts';
import { createLogStore } from '../../../src/sandbox/log-store.ts';
import { createLogs } from '../../../src/sandbox/logs.ts';
import { createMetrics } from '../../../src/sandbox/metrics.ts';
import { createTagging } from '../../../src/sandbox/tagging.ts';

const home = { accountId: '111122223333', region: 'us-east-1' };
const request = (changes: Partial<ApiRequest>): ApiRequest => ({
  service: 'any',
  region: home.region,
  caller: { accountId: home.accountId, accessKeyId: 'alice', userIdentity: {} },
  method: 'POST',
  path: '/',
  query: new URLSearchParams(),
  headers: {},
  body: Buffer.alloc(0),
  ...changes,
});
const call = async (service: ApiService, action: string, input: unknown, changes: Partial<ApiRequest> = {}) => {
  const headers = { 'x-amz-target': `Service.${action}` };
  const answer = await service(request({ headers, body: Buffer.from(JSON.stringify(input)), ...changes }));
  return JSON.parse(answer.body.toString()) as Record<string, unknown>;
};

describe('AppConfig Data', () => {
  function create() {
    let now = Date.parse('2026-11-01T00:00:00Z');
    const clock: Clock = { now: () => new Date(now), after: () => () => {} };
    const configuration = createConfigurationData(clock);
    const names = { application: ['app1', 'layerward'], environment: ['env1', 'live'], profile: ['pro1', 'policy'] };
    configuration.deploy(names, { content: '{"version":1}', contentType: 'application/json', versionLabel: '1' });
    const start = async (more: object = {}) => {
      const body = JSON.stringify({
        ApplicationIdentifier: 'layerward',
        EnvironmentIdentifier: 'env1',
        ConfigurationProfileIdentifier: 'policy',
        ...more,
      });
      const answer = await configuration.service(request({ path: '/configurationsessions', body: Buffer.from(body) }));
      return (JSON.parse(answer.body.toString()) as { InitialConfigurationToken: string }).InitialConfigurationToken;
    };
    const get = async (token: string) => {
      const query = new URLSearchParams({ configuration_token: token });
      const answer = await configuration.service(request({ method: 'GET', path: '/configuration', query }));
      return { content: answer.body.toString(), next: answer.headers?.['next-poll-configuration-token'] ?? '' };
    };
    return { configuration, start, get, pass: (seconds: number) => (now += seconds * 1000) };
  }

  it('gives the content once, then nothing until another is deployed', async () => {
    const { configuration, start, get } = create();
    const first = await get(await start());
    expect(first.content).toBe('{"version":1}');
    const second = await get(first.next);
    expect(second.content).toBe('');
    configuration.replaceAll('{"version":2}');
    expect((await get(second.next)).content).toBe('{"version":2}');
  });

  it('refuses a token that was used', async () => {
    const { start, get } = create();
    const token = await start();
    await get(token);
    await expect(get(token)).rejects.toMatchObject({ code: 'BadRequestException', status: 400 });
  });

  it('holds a session to the interval that it asked for', async () => {
    const { start, get, pass } = create();
    const { next } = await get(await start({ RequiredMinimumPollIntervalInSeconds: 60 }));
    await expect(get(next)).rejects.toThrow('Request too early');
    pass(60);
    expect((await get(next)).content).toBe('');
  });

  it('knows only what is deployed', async () => {
    const { start } = create();
    await expect(start({ ApplicationIdentifier: 'other' })).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
      status: 404,
    });
  });
});

describe('the tagging service', () => {
  const functions = Array.from({ length: 230 }, (_, index) => ({
    functionArn: `arn:aws:lambda:us-east-1:111122223333:function:f${String(index).padStart(3, '0')}`,
    tags: { 'layerward:protect': index % 2 === 0 ? 'on' : 'off', team: 'shop' },
  }));
  const service = createTagging(() => functions);
  const arnsOf = (page: Record<string, unknown>) => page['ResourceTagMappingList'] as unknown[];

  it('gives all that fit, a hundred a page', async () => {
    const TagFilters = [{ Key: 'layerward:protect', Values: ['on'] }, { Key: 'team' }];
    const ResourceTypeFilters = ['lambda:function'];
    const first = await call(service, 'GetResources', { TagFilters, ResourceTypeFilters });
    expect(arnsOf(first)).toHaveLength(100);
    const PaginationToken = first['PaginationToken'];
    const second = await call(service, 'GetResources', { TagFilters, ResourceTypeFilters, PaginationToken });
    expect(arnsOf(second)).toHaveLength(15);
    expect(second['PaginationToken']).toBe('');
  });

  it('has functions only', async () => {
    expect(arnsOf(await call(service, 'GetResources', { ResourceTypeFilters: ['dynamodb:table'] }))).toEqual([]);
  });

  it('refuses a page of more than a hundred', async () => {
    await expect(call(service, 'GetResources', { ResourcesPerPage: 101 })).rejects.toMatchObject({
      code: 'InvalidParameterException',
    });
  });
});

describe('logs and metrics', () => {
  const group = '/aws/lambda/layerward-remediate';
  const store = createLogStore(() => 1000);
  const metric = (value: unknown, time: number) =>
    JSON.stringify({
      _aws: {
        Timestamp: time,
        CloudWatchMetrics: [
          {
            Namespace: 'Layerward',
            Dimensions: [['service']],
            Metrics: [{ Name: 'EventToFix', Unit: 'Milliseconds' }],
          },
        ],
      },
      service: 'remediate',
      EventToFix: value,
    });
  for (const line of [
    'START',
    '{"status":"protected"}',
    metric(10, 60_000),
    metric([20, 60], 61_000),
    metric(5, 200_000),
  ]) {
    store.append(group, 'stream', line);
  }
  const logs = createLogs(store, home);
  const metrics = createMetrics(store, home);

  it.each([
    ['START', 1],
    ['"protected"', 1],
    ['{ $.status = "protected" }', 1],
    ['{ $.status = * }', 1],
    ['-START -protected', 3],
    ['?START ?EventToFix', 4],
    ['{ $.EventToFix >= 10 }', 1],
    ['{ $.EventToFix < 10 }', 1],
    ['{ ($.EventToFix > 4) && ($.service = "remediate") }', 2],
    ['{ $.EventToFix > 4 && $.service = "sweep" }', 0],
    ['service EventToFix', 3],
  ])('%s finds %i lines', async (filterPattern, count) => {
    const answer = await call(logs, 'FilterLogEvents', { logGroupName: group, filterPattern });
    expect(answer['events']).toHaveLength(count);
  });

  it('are seen in the region of the function only', async () => {
    const elsewhere = {
      region: 'eu-west-1',
      headers: { 'x-amz-target': 'Logs.DescribeLogGroups' },
      body: Buffer.alloc(0),
    };
    expect(await call(logs, 'DescribeLogGroups', {}, elsewhere)).toEqual({ logGroups: [] });
    await expect(call(logs, 'FilterLogEvents', { logGroupName: 'none' })).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
    });
  });

  it('become statistics by period', async () => {
    const answer = await call(metrics, 'GetMetricStatistics', {
      Namespace: 'Layerward',
      MetricName: 'EventToFix',
      Dimensions: [{ Name: 'service', Value: 'remediate' }],
      StartTime: 0,
      EndTime: 1000,
      Period: 60,
      Statistics: ['SampleCount', 'Sum', 'Average', 'Minimum', 'Maximum'],
      ExtendedStatistics: ['p50'],
    });
    expect(answer['Datapoints']).toEqual([
      {
        Timestamp: 60,
        SampleCount: 3,
        Sum: 90,
        Average: 30,
        Minimum: 10,
        Maximum: 60,
        ExtendedStatistics: { p50: 20 },
        Unit: 'Milliseconds',
      },
      {
        Timestamp: 180,
        SampleCount: 1,
        Sum: 5,
        Average: 5,
        Minimum: 5,
        Maximum: 5,
        ExtendedStatistics: { p50: 5 },
        Unit: 'Milliseconds',
      },
    ]);
  });
});
