import { isDeepStrictEqual } from 'node:util';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Change } from '../../src/domain/change.ts';
import { bareEventName, followUpMessage, readCloudTrailRecord, readMessage } from '../../src/domain/change-message.ts';
import { formatFunctionArn } from '../../src/domain/function-arn.ts';
import { createRandom, type Random } from '../../src/sandbox/random.ts';
import { readRecordFile } from '../../src/service/record-file.ts';
import { replayRecord } from '../../src/service/replay.ts';
import * as trail from '../fixtures/cloudtrail.ts';
import { policyOf } from '../fixtures/situation.ts';
import { corrupt, hostileTexts, mutateText, mutateValue } from './mutation.ts';
import { hold, refused, type Target, type Verdict } from './target.ts';

/* CloudTrail records: as they come from EventBridge, and in files as `layerward replay` reads them. */

const ownRoleArns = ['arn:aws:iam::*:role/layerward-remediate'];

/** Records of every kind, as CloudTrail writes them. */
export const seedRecords: readonly [object, ...object[]] = [
  trail.createFunctionRecord({ tags: { 'layerward:protect': 'on' } }),
  trail.createFunctionRecord({}, { userIdentity: trail.identities.cloudFormation }),
  trail.updateConfigurationRecord({ layers: [], handler: 'app.main', environment: {} }),
  trail.updateConfigurationRecord({ runtime: 'python3.8' }, { userIdentity: trail.identities.awsService }),
  trail.updateCodeRecord(true),
  trail.deleteFunctionRecord(),
  trail.tagResourceRecord(trail.functionArn, { 'layerward:protect': 'on', team: 'orders' }),
  trail.untagResourceRecord(trail.functionArn, ['layerward:protect']),
  trail.getFunctionRecord(),
  trail.accessDeniedRecord('UpdateFunctionConfiguration20150331v2'),
  trail.updateConfigurationRecord(
    {},
    { userIdentity: trail.assumedRole('layerward-remediate', 'layerward-remediate') },
  ),
];

const seedTexts = seedRecords.map((one) => JSON.stringify(one)) as [string, ...string[]];

const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...hostileTexts) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }) },
);
const anyJson = fc.jsonValue({ depthSize: 'small', noUnicodeString: false });
const either = <T>(usual: T) => fc.oneof({ weight: 8, arbitrary: fc.constant<unknown>(usual) }, text, anyJson);

/** A record with each part as it usually is, or anything else. */
const builtRecord = fc.record(
  {
    eventID: either('5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69'),
    eventName: fc.oneof(
      {
        weight: 8,
        arbitrary: fc.constantFrom<unknown>('CreateFunction20150331', 'TagResource20170331v2', 'DeleteFunction'),
      },
      text,
    ),
    eventSource: either('lambda.amazonaws.com'),
    eventTime: fc.oneof(
      { weight: 4, arbitrary: fc.date({ noInvalidDate: true }).map((date) => date.toISOString() as unknown) },
      either('2026-11-23T11:59:58Z'),
    ),
    awsRegion: either('eu-west-1'),
    recipientAccountId: either('111122223333'),
    readOnly: either(false),
    errorCode: either(null),
    userIdentity: either<unknown>(trail.identities.iamUser),
    sourceIPAddress: either('203.0.113.7'),
    requestParameters: fc.oneof(
      { weight: 6, arbitrary: fc.constant<unknown>({ functionName: trail.functionName, resource: trail.functionArn }) },
      fc.record({ functionName: either(trail.functionArn), resource: either(trail.functionArn), tags: anyJson }),
      anyJson,
    ),
    responseElements: either(null),
  },
  { requiredKeys: ['eventID', 'eventName', 'eventSource', 'eventTime', 'awsRegion'] },
);

type Input = { readonly record: unknown } | { readonly file: Buffer };

const mutated = (change: (random: Random) => Input) =>
  fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((seed) => change(createRandom(seed)));

/** A file with records: one, a list, CloudTrail's own, lines; packed or not. */
function fileOf(random: Random): Buffer {
  const records = [random.pick(seedTexts), random.pick(seedTexts)];
  const whole = random.pick([
    records[0] ?? '',
    `[${records.join(',')}]`,
    `{"Records":[${records.join(',')}]}`,
    records.join('\n'),
  ]);
  const content = Buffer.from(random.chance(0.2) ? whole : mutateText(whole, seedTexts, random));
  const packed = random.chance(0.2) ? gzipSync(content) : content;
  return random.chance(0.4) ? corrupt(packed, random) : packed;
}

export const cloudTrailRecords: Target<Input> = {
  name: 'cloudtrail-records',
  about: 'CloudTrail records, from EventBridge and from files',
  inputs: fc.oneof(
    { weight: 4, arbitrary: builtRecord.map((record): Input => ({ record })) },
    {
      weight: 4,
      arbitrary: mutated((random) => ({ record: mutateValue(random.pick(seedRecords), random) })),
    },
    { weight: 2, arbitrary: mutated((random) => ({ file: fileOf(random) })) },
  ),
  async open() {
    const policy = policyOf();
    const giveRecord = (record: unknown): Verdict => {
      const replayed = replayRecord(record, ownRoleArns, policy);
      hold(/\w{3}/.test(replayed.explanation), 'a replay explains nothing');
      hold(JSON.stringify(replayed).length <= 60_000, 'a replay says too much');
      let change: Change | undefined;
      try {
        const reading = readCloudTrailRecord(record, ownRoleArns);
        if ('dropped' in reading) hold(/\w{3}/.test(reading.detail), `dropped without a reason: ${reading.dropped}`);
        else change = reading.change;
      } catch (error) {
        return refused(error);
      }
      if (!change) return 'refused';
      holdChange(change);
      holdRecord(record, change);
      return 'accepted';
    };
    return {
      async give(input) {
        if ('record' in input) return giveRecord(input.record);
        let records: unknown[];
        try {
          records = readRecordFile(input.file, 'trail.json');
        } catch (error) {
          return refused(error);
        }
        return records.map(giveRecord).includes('accepted') ? 'accepted' : 'refused';
      },
      close: async () => {},
    };
  },
};

const plainArn =
  /^arn:aws(-cn|-us-gov|-eusc|-iso|-iso-[a-z])?:lambda:[a-z]{2,8}(-[a-z0-9]{1,16}){1,4}:[0-9]{12}:function:[A-Za-z0-9_-]{1,140}$/;

/** Whatever was accepted can be put on the queue and is the same when it comes back. */
export function holdChange(change: Change): void {
  const functionArn = formatFunctionArn(change.functionArn);
  hold(plainArn.test(functionArn), `${functionArn} is no function`);
  hold(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(change.eventTime),
    `it is of ${change.eventTime}`,
  );
  const message = followUpMessage(change);
  hold(message.length <= 65_536, `its message has ${message.length} characters`);
  const again = readMessage(message, []);
  hold('change' in again && isDeepStrictEqual(again.change, change), 'it is another one when it comes back');
}

/** What CloudTrail says, read in another way than ours. */
function holdRecord(record: unknown, { kind, functionArn }: Change): void {
  const part = (name: string): unknown =>
    Object.hasOwn(Object(record), name) ? Reflect.get(Object(record), name) : undefined;
  hold(part('eventSource') === 'lambda.amazonaws.com', 'it is an event of something else');
  hold(!part('errorCode') && part('readOnly') !== true, 'nothing was changed');
  const names: Readonly<Record<string, string>> = {
    CreateFunction: 'created',
    UpdateFunctionConfiguration: 'configured',
    UpdateFunctionCode: 'code-updated',
    TagResource: 'tagged',
    UntagResource: 'tagged',
    DeleteFunction: 'deleted',
  };
  hold(names[bareEventName(String(part('eventName')))] === kind, `${String(part('eventName'))} is not ${kind}`);
  const halves = JSON.stringify([part('requestParameters'), part('responseElements')]);
  hold(halves.includes(functionArn.functionName), 'it is about another function');
}
