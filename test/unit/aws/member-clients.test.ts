import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { assumeMemberRole, clientsByPlace, type MemberCredentials } from '../../../src/aws/member-clients.ts';
import { AccessDenied, ServiceUnavailable, Throttled } from '../../../src/domain/errors.ts';
import { type StandIn, standInOptions, startStandIn, type WireAnswer } from '../../fixtures/stand-in.ts';

const ownAccountId = '111122223333';
const member = '222233334444';
const roleArn = `arn:aws:iam::${member}:role/layerward-member`;

let standIn: StandIn;
let clock: number;
beforeAll(async () => {
  standIn = await startStandIn();
});
beforeEach(() => {
  standIn.requests.length = 0;
  clock = Date.parse('2026-11-23T12:00:00Z');
});
afterAll(() => standIn.stop());

const sts = () => new STSClient(standInOptions(standIn));
const xml = (body: string, status = 200): WireAnswer => ({ status, headers: { 'content-type': 'text/xml' }, body });

/** What STS answers; the key says which session it is. */
function session(key: string, expiration: string): WireAnswer {
  return xml(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
    <Credentials><AccessKeyId>${key}</AccessKeyId><SecretAccessKey>secret of ${key}</SecretAccessKey>
    <SessionToken>token of ${key}</SessionToken><Expiration>${expiration}</Expiration></Credentials>
  </AssumeRoleResult></AssumeRoleResponse>`);
}
const stsError = (code: string, status: number): WireAnswer =>
  xml(`<ErrorResponse><Error><Code>${code}</Code><Message>AWS’s own words</Message></Error></ErrorResponse>`, status);
/** A session of an hour for each call, the first with the key `ASIA1`. */
function answerWithSessions(): void {
  let sessions = 0;
  standIn.answer(() => session(`ASIA${++sessions}`, new Date(clock + 3_600_000).toISOString()));
}
const asked = () => standIn.requests.map(({ body }) => Object.fromEntries(new URLSearchParams(body)));

/** In the place of an SDK's client: what it was made with. */
interface Made {
  readonly region: string;
  readonly credentials: MemberCredentials | undefined;
}

function open(changes: { partition?: string } = {}) {
  const made: Made[] = [];
  const clientFor = clientsByPlace<Made>(
    {
      ownAccountId,
      partition: 'aws',
      memberRoleName: 'layerward-member',
      sts: sts(),
      now: () => new Date(clock),
      ...changes,
    },
    (region, credentials) => {
      const client = { region, credentials };
      made.push(client);
      return client;
    },
  );
  const keyFor = async (accountId: string, region = 'us-east-1') =>
    (await clientFor({ accountId, region }).credentials?.())?.accessKeyId;
  return { clientFor, keyFor, made };
}

describe('clients', () => {
  it('are made once for each account and region', () => {
    const { clientFor, made } = open();
    const places = [
      { accountId: member, region: 'us-east-1' },
      { accountId: member, region: 'eu-west-1' },
      { accountId: '333344445555', region: 'us-east-1' },
      { accountId: ownAccountId, region: 'us-east-1' },
      { accountId: ownAccountId, region: 'eu-west-1' },
    ];
    const first = places.map(clientFor);
    expect(new Set(first).size).toBe(places.length);
    expect(first.map(({ region }) => region)).toEqual(places.map(({ region }) => region));
    for (const [index, place] of places.entries()) expect(clientFor({ ...place })).toBe(first[index]);
    expect(made).toHaveLength(places.length);
  });

  it('of the own account have the caller’s credentials, in every region', () => {
    const { clientFor } = open();
    for (const region of ['us-east-1', 'eu-west-1'])
      expect(clientFor({ accountId: ownAccountId, region }).credentials).toBeUndefined();
    expect(standIn.requests).toEqual([]);
  });

  it('of another account have those of its member role, and ask for them only when they are used', async () => {
    answerWithSessions();
    const { clientFor } = open();
    const { credentials } = clientFor({ accountId: member, region: 'us-east-1' });
    expect(standIn.requests).toEqual([]);
    expect(await credentials?.()).toEqual({
      accessKeyId: 'ASIA1',
      secretAccessKey: 'secret of ASIA1',
      sessionToken: 'token of ASIA1',
      expiration: new Date(clock + 3_600_000),
    });
    expect(asked()).toEqual([
      { Action: 'AssumeRole', Version: '2011-06-15', RoleArn: roleArn, RoleSessionName: 'layerward' },
    ]);
  });

  it('of another partition have its roles', async () => {
    answerWithSessions();
    await open({ partition: 'aws-us-gov' }).keyFor(member);
    expect(asked()[0]?.['RoleArn']).toBe(`arn:aws-us-gov:iam::${member}:role/layerward-member`);
  });

  it('of AWS’s SDK sign their calls with them', async () => {
    standIn.answer(session('ASIAMEMBER', '2099-01-01T00:00:00Z'), { body: { Functions: [] } });
    const clientFor = clientsByPlace(
      { ownAccountId, partition: 'aws', memberRoleName: 'layerward-member', sts: sts(), now: () => new Date(clock) },
      (region, credentials) =>
        new LambdaClient({ ...standInOptions(standIn), region, ...(credentials ? { credentials } : {}) }),
    );
    const lambda = clientFor({ accountId: member, region: 'eu-west-1' });
    for (let call = 0; call < 2; call++) await lambda.send(new ListFunctionsCommand({}));
    const signed = standIn.requests.filter(({ method }) => method === 'GET').map(({ headers }) => headers);
    expect(signed).toHaveLength(2);
    for (const { authorization, 'x-amz-security-token': token } of signed) {
      expect(authorization).toMatch(/ Credential=ASIAMEMBER\/\d{8}\/eu-west-1\/lambda\//);
      expect(token).toBe('token of ASIAMEMBER');
    }
    expect(standIn.requests).toHaveLength(3);
  });
});

describe('a session in an account', () => {
  it('is one, however many regions it is used in and however often', async () => {
    answerWithSessions();
    const { keyFor } = open();
    for (const region of ['us-east-1', 'eu-west-1', 'us-east-1', 'ap-south-1'])
      expect(await keyFor(member, region)).toBe('ASIA1');
    expect(standIn.requests).toHaveLength(1);
  });

  it('is one for all who ask at the same time', async () => {
    answerWithSessions();
    const { keyFor } = open();
    const keys = await Promise.all(
      ['us-east-1', 'eu-west-1', 'us-east-1', 'ap-south-1'].map((region) => keyFor(member, region)),
    );
    expect(new Set(keys)).toEqual(new Set(['ASIA1']));
    expect(standIn.requests).toHaveLength(1);
  });

  it('is never that of another account', async () => {
    answerWithSessions();
    const { keyFor } = open();
    expect(await keyFor(member)).toBe('ASIA1');
    expect(await keyFor('333344445555')).toBe('ASIA2');
    expect(await keyFor(member, 'eu-west-1')).toBe('ASIA1');
    expect(asked().map(({ RoleArn }) => RoleArn)).toEqual([roleArn, roleArn.replace(member, '333344445555')]);
  });

  it('is asked for anew five minutes before it expires, once for all regions', async () => {
    answerWithSessions();
    const { keyFor } = open();
    await keyFor(member);
    clock += 55 * 60_000 - 1;
    expect(await keyFor(member)).toBe('ASIA1');
    clock += 1;
    expect(await Promise.all([keyFor(member), keyFor(member, 'eu-west-1')])).toEqual(['ASIA2', 'ASIA2']);
    clock += 55 * 60_000 - 1;
    expect(await keyFor(member)).toBe('ASIA2');
    expect(standIn.requests).toHaveLength(2);
  });
});

describe('an account that can’t be entered', () => {
  it.each([
    ['AccessDenied', 403],
    ['AccessDeniedException', 400],
  ])('since AWS says %s is named, with what it lacks and where to read on', async (code, status) => {
    standIn.answer(stsError(code, status));
    const error = await open()
      .keyFor(member)
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AccessDenied);
    expect(error).toMatchObject({ retryable: false, cause: { name: code } });
    expect(String(error)).toContain(
      `account ${member} does not let Layerward in: ${roleArn} is missing, or does not trust the hub; ` +
        'see "An account does not let Layerward in" in docs/operations.md',
    );
  });

  it.each([
    ['is slow', stsError('Throttling', 400), Throttled],
    ['fails', stsError('InternalFailure', 500), ServiceUnavailable],
  ])('since STS %s may be entered later', async (_, answer, expected) => {
    standIn.answer(answer);
    const error = await open()
      .keyFor(member)
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(expected);
    expect(error).toMatchObject({ retryable: true });
    expect(String(error)).toContain(`assuming ${roleArn} failed: `);
  });

  it('since nobody answers may be entered later', async () => {
    standIn.hangUp();
    await expect(open().keyFor(member)).rejects.toMatchObject({ name: 'ServiceUnavailable', retryable: true });
  });

  it('since STS answers without credentials is an error that names the role', async () => {
    standIn.answer(xml('<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>'));
    const error = await assumeMemberRole(sts(), roleArn)().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AccessDenied);
    expect(String(error)).toContain(`STS gave no credentials for ${roleArn}`);
  });

  it('is tried again by the next who asks: the failure is not kept', async () => {
    standIn.answer(stsError('AccessDenied', 403));
    const { keyFor } = open();
    await expect(keyFor(member)).rejects.toBeInstanceOf(AccessDenied);
    await expect(keyFor(member, 'eu-west-1')).rejects.toBeInstanceOf(AccessDenied);
    expect(standIn.requests).toHaveLength(2);
    answerWithSessions();
    expect(await keyFor(member)).toBe('ASIA1');
  });

  it('is one failed call for all who ask at the same time', async () => {
    standIn.answer(stsError('AccessDenied', 403));
    const { keyFor } = open();
    const answers = await Promise.allSettled([keyFor(member), keyFor(member, 'eu-west-1')]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(standIn.requests).toHaveLength(1);
  });

  it('does not stand in the way of another', async () => {
    standIn.answer(({ body }) =>
      body.includes(member) ? stsError('AccessDenied', 403) : session('ASIAOTHER', '2026-11-23T13:00:00Z'),
    );
    const { keyFor } = open();
    const [refused, other] = await Promise.allSettled([keyFor(member), keyFor('333344445555')]);
    expect(refused).toMatchObject({ status: 'rejected', reason: { name: 'AccessDenied' } });
    expect(other).toEqual({ status: 'fulfilled', value: 'ASIAOTHER' });
  });

  it('says so in our words through a client of AWS’s SDK, too', async () => {
    standIn.answer(stsError('AccessDenied', 403));
    const credentials = assumeMemberRole(sts(), roleArn);
    const lambda = new LambdaClient({ ...standInOptions(standIn), credentials });
    await expect(lambda.send(new ListFunctionsCommand({}))).rejects.toBeInstanceOf(AccessDenied);
  });
});
