import type { PutEventsCommandInput, PutEventsCommandOutput } from '@aws-sdk/client-eventbridge';
import type { PublishCommandInput, PublishCommandOutput } from '@aws-sdk/client-sns';
import * as z from 'zod';
import type { RecordAccess } from './record-access.ts';
import type { Run } from './run.ts';

const outcomeShape = z.object({
  functionArn: z.string(),
  status: z.string(),
  reason: z.string(),
  action: z.string(),
  at: z.string(),
  cause: z.object({ eventId: z.string(), eventTime: z.string() }),
});

/** An outcome as somebody was told of it. */
export type ToldOutcome = z.output<typeof outcomeShape>;

/** One time that somebody was told of something. */
export interface Notice extends ToldOutcome {
  readonly channel: 'SNS' | 'EventBridge';
  readonly run: Run;
  readonly toldAt: number;
  /** When the call that told it was sent; it may have arrived long after its caller gave it up. */
  readonly sentAt: number;
  /** When the run that told it had read the record of the function. */
  readonly readAt: number;
}

/** SNS and EventBridge, which remember everything that they were told. */
export interface Notices {
  /** @param sentAt when the call was sent; it may arrive much later */
  publish(input: PublishCommandInput, run: Run, sentAt: number): PublishCommandOutput;
  putEvents(input: PutEventsCommandInput, run: Run, sentAt: number): PutEventsCommandOutput;
  readonly all: readonly Notice[];
}

/** What the notices ask of the world around them. */
export interface NoticesOptions {
  readonly now: () => number;
  readonly access: RecordAccess;
  /** Whether EventBridge answers 200, and does not take the entry. */
  readonly refuses: (id: string, run: Run) => boolean;
  /** Somebody asked for a sweep. */
  readonly requestSweep: () => void;
}

/** The bodies that SNS is given for each kind of subscriber. */
const bodies = z.object({ default: z.string(), email: z.string(), 'email-json': z.string(), sms: z.string() });

export function createNotices({ now, access, refuses, requestSweep }: NoticesOptions): Notices {
  const all: Notice[] = [];
  const note = (channel: Notice['channel'], text: string, run: Run, sentAt: number) => {
    const outcome = outcomeShape.parse(JSON.parse(text));
    all.push({
      ...outcome,
      channel,
      run,
      toldAt: now(),
      sentAt,
      readAt: access.readAt(outcome.functionArn, run, sentAt),
    });
  };
  return {
    all,
    publish({ Message = '' }, run, sentAt) {
      note('SNS', bodies.parse(JSON.parse(Message)).default, run, sentAt);
      return { $metadata: {} };
    },
    putEvents({ Entries = [] }, run, sentAt) {
      const answers = Entries.map(({ DetailType, Detail = '' }) => {
        if (refuses(Detail, run)) return { ErrorCode: 'InternalFailure', ErrorMessage: 'not taken' };
        if (DetailType === 'Layerward Outcome') note('EventBridge', Detail, run, sentAt);
        else requestSweep();
        return { EventId: 'taken' };
      });
      return { Entries: answers, $metadata: {} };
    },
  };
}
