import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { followDeletion } from '../../../src/cli/uninstall-follow.ts';
import { createStatusLine } from '../../../src/cli/uninstall-progress.ts';
import { describeStack, failureOf } from '../../../src/cli/uninstall-stack.ts';
import {
  type Ending,
  endText,
  planText,
  progressText,
  releasedCount,
  type Uninstallation,
} from '../../../src/cli/uninstall-words.ts';
import { InvalidInput } from '../../../src/domain/errors.ts';
import type { AttachedRecords } from '../../../src/domain/ports.ts';
import type { FunctionRecord } from '../../../src/domain/record.ts';
import { type StandIn, standInOptions, startStandIn, type WireAnswer } from '../../fixtures/stand-in.ts';

const arnOf = (name: string) => `arn:aws:lambda:us-east-1:111122223333:function:${name}`;
const attached = (...names: string[]) => ({
  functions: names.map((name) => ({ functionArn: arnOf(name), status: 'blocked', reason: 'layer-limit' }) as const),
});
const id = 'arn:aws:cloudformation:us-east-1:111122223333:stack/layerward/1';
const uninstallation: Uninstallation = {
  stack: { name: 'layerward', id, accountId: '111122223333', region: 'us-east-1' },
  releasesFunctions: true,
  attached: attached('orders', 'payments'),
  stays: [
    { what: 'the table of records', name: 'records' },
    { what: 'your secrets', name: undefined },
  ],
};

describe('what a person is told before', () => {
  it('is which stack, what becomes of functions, and what stays', () => {
    expect(planText(uninstallation)).toBe(
      'The stack layerward in account 111122223333, us-east-1, will be deleted.\n' +
        '2 functions have something attached, and get back what was there before.\n' +
        'What stays: the table of records (records), your secrets.',
    );
  });

  it.each([
    [{ attached: attached() }, /^No function has anything attached\.$/m],
    [{ attached: attached('a') }, /^1 function has something attached, and gets back/m],
    [
      { releasesFunctions: false },
      /^2 functions have something attached, and stay as they are: .*ReleaseOnDelete is false/m,
    ],
    [
      { attached: { unknown: 'there is no table records' } },
      /^How many .* can't be told: there is no table records\.$/m,
    ],
  ])('follows what is known: %j', (difference, sentence) => {
    expect(planText({ ...uninstallation, ...difference })).toMatch(sentence);
  });
});

describe('what a person is told in the end', () => {
  const end = (ending: Partial<Ending>) =>
    endText(uninstallation, { status: 'DELETE_COMPLETE', left: attached(), ...ending });

  it('names every function that is left, with its status and reason', () => {
    expect(end({ left: attached('payments') })).toContain(
      `1 function was released; 1 function still has something attached:\n  ${arnOf('payments')}  blocked: layer-limit\n`,
    );
    expect(end({})).toBe(
      'The stack layerward is deleted.\n2 functions were released; nothing of Layerward’s is on any function any more.',
    );
  });

  it('says so where nobody can tell', () => {
    const left = { unknown: 'there is no table records' };
    expect(end({ left })).toMatch(/What became of the functions can't be told: there is no table records\./);
    expect(releasedCount(uninstallation, { status: 'DELETE_COMPLETE', left })).toBeUndefined();
  });

  it('says what is in the way, and how to go on or leave it', () => {
    const resources = [
      { logicalId: 'Deployment', reason: 'time ran out' },
      { logicalId: 'PolicyApplication', reason: '' },
    ];
    expect(end({ status: 'DELETE_FAILED', left: attached('a'), failure: { reason: 'failed', resources } })).toBe(
      'CloudFormation could not delete the stack layerward: failed\n' +
        '  Deployment: time ran out\n  PolicyApplication: no reason given\n1 function still has something attached.\n' +
        'Run layerward uninstall again to go on, or leave what is in the way as it is:\n' +
        '  aws cloudformation delete-stack --region us-east-1 --stack-name layerward --retain-resources Deployment PolicyApplication',
    );
    expect(end({ status: 'DELETE_FAILED', failure: { reason: '', resources: [] } })).toMatch(
      /--retain-resources Deployment$/,
    );
  });
});

describe('progress', () => {
  const show = (isTTY: boolean, texts: readonly string[], columns = 0) => {
    let written = '';
    let now = 0;
    const stream = { isTTY, columns, write: (text: string) => (written += text) };
    const line = createStatusLine(stream, () => now);
    for (const text of texts) {
      line.show(text);
      now += 61_000;
    }
    line.end();
    return written;
  };

  it('is one line that is rewritten on a terminal, and never longer than it', () => {
    expect(show(true, ['a', 'b'])).toBe('\r\u001b[Ka, 0:00\r\u001b[Kb, 1:01\n');
    expect(show(true, ['abcdefgh'], 6)).toBe('\r\u001b[Kabcde\n');
  });

  it('is a line for each change in a log', () => {
    expect(show(false, ['a', 'a', 'b'])).toBe('a\nb\n');
  });

  it('counts functions only where they are released', () => {
    expect(progressText('DELETE_IN_PROGRESS', attached('a'), true)).toBe('DELETE_IN_PROGRESS, 1 function left');
    expect(progressText('DELETE_IN_PROGRESS', attached('a'), false)).toBe('DELETE_IN_PROGRESS');
    expect(progressText('DELETE_IN_PROGRESS', { unknown: 'no table' }, true)).toBe('DELETE_IN_PROGRESS');
  });
});

describe('CloudFormation', () => {
  let standIn: StandIn;
  let client: CloudFormationClient;
  beforeEach(async () => {
    standIn = await startStandIn();
    client = new CloudFormationClient(standInOptions(standIn));
  });
  afterEach(() => standIn.stop());

  const xml = (body: string, status = 200): WireAnswer => ({ status, headers: { 'content-type': 'text/xml' }, body });
  const stack = (status: string) =>
    xml(
      `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackId>${id}</StackId><StackName>layerward` +
        `</StackName><StackStatus>${status}</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
    );
  const refusal = (code: string, message: string) =>
    xml(`<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`, 400);
  const events = (token: string, ...all: readonly (readonly [logicalId: string, status: string, reason: string])[]) =>
    xml(
      `<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents>${all
        .map(
          ([logicalId, status, reason]) =>
            `<member><LogicalResourceId>${logicalId}</LogicalResourceId><PhysicalResourceId>${logicalId === 'layerward' ? id : 'x'}` +
            `</PhysicalResourceId><ResourceStatus>${status}</ResourceStatus><ResourceStatusReason>${reason}</ResourceStatusReason></member>`,
        )
        .join('')}</StackEvents>${token}</DescribeStackEventsResult></DescribeStackEventsResponse>`,
    );

  it('knows no stack of the name, or refuses for another reason', async () => {
    standIn.answer(refusal('ValidationError', 'Stack with id layerward does not exist'));
    expect(await describeStack(client, 'layerward')).toBeUndefined();
    standIn.answer(refusal('ValidationError', 'no such luck'));
    await expect(describeStack(client, 'layerward')).rejects.toThrow('no such luck');
  });

  it('tells what was in the way of the latest attempt, not of earlier ones', async () => {
    standIn.answer(
      events(
        '<NextToken>more</NextToken>',
        ['layerward', 'DELETE_FAILED', 'two'],
        ['Queue', 'DELETE_FAILED', 'in use'],
      ),
      events(
        '',
        ['Deployment', 'DELETE_FAILED', 'time ran out'],
        ['Deployment', 'DELETE_IN_PROGRESS', ''],
        ['layerward', 'DELETE_IN_PROGRESS', ''],
        ['Table', 'DELETE_FAILED', 'an earlier attempt'],
      ),
    );
    const failed = {
      ...{ id, name: 'layerward', status: 'DELETE_FAILED', reason: 'two resources', isProtected: false },
      ...{ outputs: {}, parameters: {} },
    };
    expect(await failureOf(client, failed)).toEqual({
      reason: 'two resources',
      resources: [
        { logicalId: 'Deployment', reason: 'time ran out' },
        { logicalId: 'Queue', reason: 'in use' },
      ],
    });
    expect(standIn.requests.at(-1)?.body).toContain('NextToken=more');
  });

  it('may be out of reach for a moment, but not refuse', async () => {
    const shown: string[] = [];
    const watched = {
      client,
      stackId: id,
      records: undefined,
      releasesFunctions: true,
      onProgress: (status: string) => {
        shown.push(status);
      },
      pollMs: 1,
    };
    standIn.answer({ status: 503, body: 'busy' }, stack('DELETE_IN_PROGRESS'), stack('DELETE_COMPLETE'));
    expect(await followDeletion(watched)).toMatchObject({
      status: 'DELETE_COMPLETE',
      left: { unknown: expect.anything() },
    });
    expect(shown).toEqual(['DELETE_IN_PROGRESS', 'DELETE_COMPLETE']);
    standIn.answer(refusal('AccessDenied', 'not authorized to perform: cloudformation:DescribeStacks'));
    await expect(followDeletion(watched)).rejects.toThrow('not authorized');
  });

  it('is done a moment before the index of the records knows', async () => {
    let asked = 0;
    const records: AttachedRecords = {
      async *attached() {
        asked++;
        if (asked === 1) yield record;
        yield { ...record, functionArn: arnOf('told-later'), status: 'released' };
      },
    };
    standIn.answer(stack('DELETE_COMPLETE'));
    const watched = { client, stackId: id, records, releasesFunctions: true, onProgress: () => {}, pollMs: 1 };
    expect((await followDeletion(watched)).left).toEqual({ functions: [] });
    asked = 0;
    expect((await followDeletion({ ...watched, releasesFunctions: false })).left).toEqual({
      functions: [{ functionArn: arnOf('orders'), status: 'protected', reason: '' }],
    });
  });

  it('is asked also where the table of records is lost', async () => {
    const records: AttachedRecords = {
      // biome-ignore lint/correctness/useYield: it fails
      async *attached() {
        throw new InvalidInput('there is no table records');
      },
    };
    standIn.answer(stack('DELETE_COMPLETE'));
    const watched = { client, stackId: id, records, releasesFunctions: true, onProgress: () => {}, pollMs: 1 };
    expect((await followDeletion(watched)).left).toEqual({ unknown: 'there is no table records' });
  });
});

const record: FunctionRecord = {
  functionArn: arnOf('orders'),
  version: 1,
  status: 'protected',
  reason: '',
  detail: '',
  action: 'attached',
  drift: [],
  cause: { eventId: '1', eventName: 'CreateFunction20150331', eventTime: '2026-11-20T08:30:00Z' },
  since: '2026-11-20T08:30:00Z',
  updatedAt: '2026-11-20T08:30:00Z',
  architecture: 'x86_64',
  pending: [],
  repairs: [],
  repairCount: 0,
  outbox: [],
};
