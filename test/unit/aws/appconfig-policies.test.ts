import { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAppConfigPolicies } from '../../../src/aws/appconfig-policies.ts';
import { PolicyUnusable } from '../../../src/domain/errors.ts';
import type { Policies } from '../../../src/domain/ports.ts';
import { agents } from '../../fixtures/situation.ts';
import { jsonError, type StandIn, standInOptions, startStandIn, type WireAnswer } from '../../fixtures/stand-in.ts';
import { type HeldAnswer, holdAnswer } from './held-answer.ts';

let standIn: StandIn;
let policies: Policies;
let clock: number;
/** The next answers of AWS, of which some are held. */
let held: (HeldAnswer | undefined)[];
beforeAll(async () => {
  standIn = await startStandIn();
});
beforeEach(() => {
  standIn.requests.length = 0;
  clock = Date.parse('2026-11-23T12:00:00Z');
  held = [];
  const client = new AppConfigDataClient(standInOptions(standIn));
  client.middlewareStack.add(
    (next) => async (call) => {
      const holding = held.shift();
      const answer = await next(call);
      await holding?.wait();
      return answer;
    },
    { step: 'initialize', name: 'hold' },
  );
  policies = createAppConfigPolicies(
    client,
    { application: 'app-1', environment: 'env-1', profile: 'profile-1' },
    agents,
    () => new Date(clock),
  );
});
afterAll(() => standIn.stop());

const document = {
  version: 1,
  agent: 'trend-application-security',
  groups: { default: { secret: 'layerward/groups/default', parameters: { cloudOneRegion: 'us-1' } } },
};
const session = (token: string): WireAnswer => ({ status: 201, body: { InitialConfigurationToken: token } });
const content = (nextToken: string, body: unknown): WireAnswer => ({
  headers: { 'next-poll-configuration-token': nextToken, 'next-poll-interval-in-seconds': '60' },
  body,
});
const unchanged = (nextToken: string) => content(nextToken, '');
const asked = () => standIn.requests.map(({ method, path }) => `${method} ${path}`);

describe('the policy', () => {
  it('is asked for by a session, whose token changes with each answer', async () => {
    standIn.answer(session('one'), content('two', document), content('three', { ...document, mode: 'audit' }));
    expect(await policies.current()).toMatchObject({ mode: 'enforce' });
    expect(standIn.requests[0]?.body && JSON.parse(standIn.requests[0].body)).toEqual({
      ApplicationIdentifier: 'app-1',
      EnvironmentIdentifier: 'env-1',
      ConfigurationProfileIdentifier: 'profile-1',
      RequiredMinimumPollIntervalInSeconds: 60,
    });
    clock += 60_000;
    expect(await policies.current()).toMatchObject({ mode: 'audit' });
    expect(asked()).toEqual([
      'POST /configurationsessions',
      'GET /configuration?configuration_token=one',
      'GET /configuration?configuration_token=two',
    ]);
  });

  it('is used for a minute before AppConfig is asked again', async () => {
    standIn.answer(session('one'), content('two', document));
    await policies.current();
    clock += 59_999;
    await policies.current();
    expect(asked()).toHaveLength(2);
  });

  it('stays in force where AppConfig says by an empty answer that nothing has changed', async () => {
    standIn.answer(
      session('one'),
      content('two', { ...document, mode: 'audit' }),
      unchanged('three'),
      unchanged('four'),
    );
    for (let minute = 0; minute < 3; minute++) {
      expect(await policies.current()).toMatchObject({ mode: 'audit' });
      clock += 60_000;
    }
    expect(asked().at(-1)).toBe('GET /configuration?configuration_token=three');
  });

  it('is asked for once by all who want it at the same time', async () => {
    standIn.answer(session('one'), content('two', document));
    const all = await Promise.all([policies.current(), policies.current(), policies.current()]);
    expect(new Set(all).size).toBe(1);
    expect(asked()).toHaveLength(2);
  });
});

describe('a policy that can’t be used', () => {
  it.each([
    ['nothing was deployed', '', /^AppConfig has no policy for Layerward; deploy one: see docs\/policy\.md$/],
    ['it is no JSON', 'version: 1', /^the policy is not JSON$/],
    [
      'the schema refuses it',
      { ...document, version: 2, modus: 'audit' },
      /^the policy can't be used: version: .*; : Unrecognized key: "modus"$/,
    ],
    [
      'a key of it is what objects inherit from',
      JSON.stringify({ ...document, groups: { ...document.groups, X: { secret: 's' } } }).replace('"X"', '"__proto__"'),
      /^the policy has a key __proto__$/,
    ],
    ['it is nested too deeply', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, /^the policy is nested too deeply$/],
    [
      'thousands of its keys are unknown',
      { ...document, ...Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`key${index}`, 1])) },
      /^the policy can't be used: .{3,4000}$/,
    ],
    [
      'its agent is unknown',
      { ...document, agent: 'acme' },
      /^the policy can't be used: agent: there is no agent acme/,
    ],
    [
      'its group lacks something',
      { ...document, groups: { default: { secret: 's' } } },
      /^the policy can't be used: groups\.default\.parameters\.cloudOneRegion: the agent trend-application-security needs it/,
    ],
  ])('since %s is an error that says so', async (_, body, words) => {
    standIn.answer(session('one'), content('two', body));
    const error = await policies.current().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PolicyUnusable);
    expect(error).toMatchObject({ code: 'policy-unusable', retryable: true, message: expect.stringMatching(words) });
  });

  it('takes the former one out of force, and is asked for again as a whole', async () => {
    standIn.answer(session('one'), content('two', document), content('three', { ...document, modus: 'audit' }));
    await policies.current();
    clock += 60_000;
    await expect(policies.current()).rejects.toBeInstanceOf(PolicyUnusable);
    standIn.answer(session('four'), content('five', { ...document, modus: 'audit' }));
    await expect(policies.current()).rejects.toBeInstanceOf(PolicyUnusable);
    standIn.answer(session('six'), content('seven', document));
    expect(await policies.current()).toMatchObject({ mode: 'enforce' });
    expect(asked().filter((call) => call.startsWith('POST'))).toHaveLength(3);
  });
});

describe('a policy that can’t be had', () => {
  it.each([
    [
      'AppConfig is down',
      jsonError('InternalServerException', 'oops', 500),
      /^reading the policy from AppConfig failed: InternalServerException: oops$/,
    ],
    [
      'AWS denies it',
      jsonError('AccessDeniedException', 'not authorized', 403),
      /AccessDeniedException: not authorized; see docs\/security\.md/,
    ],
    [
      'there is no such profile',
      jsonError('ResourceNotFoundException', 'no profile', 404),
      /ResourceNotFoundException: no profile/,
    ],
    [
      'it is asked for too often',
      jsonError('ThrottlingException', 'Rate exceeded', 429),
      /ThrottlingException: Rate exceeded/,
    ],
  ])('since %s is an error, not a default', async (_, answer, words) => {
    standIn.answer(answer);
    const error = await policies.current().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PolicyUnusable);
    expect(error).toMatchObject({ message: expect.stringMatching(words) });
  });

  it('since nobody answers is an error, too, also where an older one is known', async () => {
    standIn.answer(session('one'), content('two', document));
    await policies.current();
    clock += 60_000;
    standIn.hangUp();
    await expect(policies.current()).rejects.toBeInstanceOf(PolicyUnusable);
  });

  it('since its token has expired is had at once by a new session', async () => {
    standIn.answer(session('one'), content('two', document));
    await policies.current();
    clock += 25 * 3_600_000;
    standIn.answer(jsonError('BadRequestException', 'expired token'), session('three'), content('four', document));
    expect(await policies.current()).toMatchObject({ version: 1 });
    expect(asked().at(-1)).toBe('GET /configuration?configuration_token=three');
  });

  it('since new sessions’ tokens are refused as well is an error', async () => {
    const refused = jsonError('BadRequestException', 'no');
    standIn.answer(session('one'), refused, session('two'), refused);
    await expect(policies.current()).rejects.toThrow('reading the policy from AppConfig failed: BadRequestException');
    expect(asked()).toHaveLength(4);
  });
});

describe('the policy as of a moment', () => {
  const deployed = (mode: string) => ({ ...document, mode });
  const sessions = () => asked().filter((call) => call.startsWith('POST')).length;

  /** Answers as AppConfig does: a token serves once, and not sooner than a minute after the answer that it came with. */
  function answerStrictly(): { deploy(mode: string): void; readonly refused: string[] } {
    let mode = 'enforce';
    let tokens = 0;
    const issued = new Map<string, { readonly from: number; readonly known: string }>();
    const refused: string[] = [];
    const issue = (from: number, known: string) => {
      const token = `token-${++tokens}`;
      issued.set(token, { from, known });
      return token;
    };
    standIn.answer(({ method, path }) => {
      if (method === 'POST') return session(issue(clock, ''));
      const token = path.split('=')[1] ?? '';
      const found = issued.get(token);
      issued.delete(token);
      if (!found || clock < found.from) {
        refused.push(token);
        return jsonError('BadRequestException', found ? 'Request too early' : 'token is not valid');
      }
      const next = issue(clock + 60_000, mode);
      return mode === found.known ? unchanged(next) : content(next, deployed(mode));
    });
    return {
      deploy(next) {
        mode = next;
      },
      refused,
    };
  }

  it('is asked for again where it was read before, by a new session, and then counts for everybody', async () => {
    const appConfig = answerStrictly();
    await policies.current();
    appConfig.deploy('audit');
    clock += 1000;
    expect(await policies.current()).toMatchObject({ mode: 'enforce' });
    expect(await policies.current(new Date(clock))).toMatchObject({ mode: 'audit' });
    expect(await policies.current()).toMatchObject({ mode: 'audit' });
    expect(sessions()).toBe(2);
    expect(appConfig.refused).toEqual([]);
  });

  it('is what was read at that moment or later, without another call', async () => {
    answerStrictly();
    await policies.current();
    for (const asOf of [clock, clock - 1, 0]) await policies.current(new Date(asOf));
    clock += 59_999;
    await policies.current(new Date(clock - 59_999));
    expect(asked()).toHaveLength(2);
    await policies.current(new Date(clock - 59_998));
    expect(asked()).toHaveLength(4);
  });

  it('goes on with the session’s token once a minute is over', async () => {
    const appConfig = answerStrictly();
    await policies.current();
    clock += 30_000;
    await policies.current(new Date(clock));
    clock += 59_999;
    await policies.current();
    expect(sessions()).toBe(2);
    appConfig.deploy('audit');
    clock += 1;
    expect(await policies.current(new Date(clock))).toMatchObject({ mode: 'audit' });
    expect(sessions()).toBe(2);
    expect(appConfig.refused).toEqual([]);
  });

  it('is never had by a token that AppConfig refuses, whoever asks when', async () => {
    const appConfig = answerStrictly();
    for (const [wait, asOf] of [
      [0, undefined],
      [10_000, 10_000],
      [10_000, 0],
      [50_000, undefined],
      [0, 1],
      [60_000, 0],
      [1, 1],
      [61_000, 61_000],
      [3_600_000, undefined],
    ] as const) {
      clock += wait;
      await policies.current(asOf === undefined ? undefined : new Date(clock - asOf));
    }
    expect(appConfig.refused).toEqual([]);
  });

  it('is asked for a minute after the last answer, which may have taken its time', async () => {
    const appConfig = answerStrictly();
    const slow = holdAnswer();
    held = [slow];
    const first = policies.current();
    await slow.isOnItsWay;
    clock += 700;
    slow.come();
    await first;
    clock += 59_900;
    await policies.current();
    expect(appConfig.refused).toEqual([]);
    clock += 100;
    await policies.current();
    expect([sessions(), appConfig.refused]).toEqual([1, []]);
    expect(asked()).toHaveLength(3);
  });

  it('is asked for once by all who want it as of the same moment or an earlier one', async () => {
    answerStrictly();
    await policies.current();
    clock += 1000;
    const moments = [clock, clock, clock - 500, clock];
    const all = await Promise.all(moments.map((asOf) => policies.current(new Date(asOf))));
    expect(new Set(all).size).toBe(1);
    expect(asked()).toHaveLength(4);
  });

  it('is not what is being read since before that moment', async () => {
    const appConfig = answerStrictly();
    const late = holdAnswer();
    held = [undefined, late];
    const early = policies.current();
    await late.isOnItsWay;
    appConfig.deploy('audit');
    clock += 1000;
    expect(await policies.current(new Date(clock))).toMatchObject({ mode: 'audit' });
    late.come();
    await early;
    expect(sessions()).toBe(2);
  });

  it('is not replaced by an older answer that comes late', async () => {
    const appConfig = answerStrictly();
    const late = holdAnswer();
    held = [undefined, late];
    const early = policies.current();
    await late.isOnItsWay;
    appConfig.deploy('audit');
    clock += 1000;
    await policies.current(new Date(clock));
    late.come();
    expect(await early).toMatchObject({ mode: 'audit' });
    expect(await policies.current()).toMatchObject({ mode: 'audit' });
    clock += 60_000;
    expect(await policies.current()).toMatchObject({ mode: 'audit' });
    expect(appConfig.refused).toEqual([]);
  });

  it('is not replaced by an older answer that comes late, where it can’t be used either', async () => {
    const late = holdAnswer();
    held = [undefined, late];
    standIn.answer(
      session('one'),
      content('two', document),
      session('three'),
      content('four', { ...document, modus: 'audit' }),
    );
    const early = policies.current().catch(() => {});
    await late.isOnItsWay;
    clock += 1000;
    await expect(policies.current(new Date(clock))).rejects.toBeInstanceOf(PolicyUnusable);
    standIn.answer(session('five'), content('six', { ...document, modus: 'audit' }));
    late.come();
    await early;
    await expect(policies.current()).rejects.toBeInstanceOf(PolicyUnusable);
  });

  it('that can’t be had leaves the one in force for those who need none so new', async () => {
    answerStrictly();
    await policies.current();
    clock += 1000;
    standIn.hangUp();
    await expect(policies.current(new Date(clock))).rejects.toBeInstanceOf(PolicyUnusable);
    expect(await policies.current()).toMatchObject({ mode: 'enforce' });
    answerStrictly().deploy('audit');
    expect(await policies.current(new Date(clock))).toMatchObject({ mode: 'audit' });
  });

  it('says each time that nothing was deployed, however soon it is asked for again', async () => {
    const issued = new Map<string, number>();
    standIn.answer(({ method, path }) => {
      const next = `token-${issued.size}`;
      if (method === 'POST') {
        issued.set(next, clock);
        return session(next);
      }
      if (clock < (issued.get(path.split('=')[1] ?? '') ?? 0))
        return jsonError('BadRequestException', 'Request too early');
      issued.set(next, clock + 60_000);
      return unchanged(next);
    });
    for (let look = 0; look < 3; look++) {
      await expect(policies.current()).rejects.toThrow(/^AppConfig has no policy for Layerward/);
      clock += 1000;
    }
  });
});
