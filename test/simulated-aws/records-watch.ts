import type {
  DeleteItemCommandInput,
  DeleteItemCommandOutput,
  GetItemCommandInput,
  GetItemCommandOutput,
  PutItemCommandInput,
  PutItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import type { StateChanges } from './announcements.ts';
import type { Item } from './dynamodb-expression.ts';
import type { DynamoDbModel } from './dynamodb-model.ts';
import type { ToldOutcome } from './notices.ts';
import type { RecordAccess } from './record-access.ts';
import type { Run } from './run.ts';
import { InvariantViolated, type Story } from './story.ts';

/** The table, with somebody who looks at each write of a record. */
export interface RecordsWatch extends Omit<DynamoDbModel, 'getItem' | 'putItem' | 'deleteItem'> {
  getItem(input: GetItemCommandInput, run: Run): GetItemCommandOutput;
  putItem(input: PutItemCommandInput, run: Run): PutItemCommandOutput;
  deleteItem(input: DeleteItemCommandInput, run: Run): DeleteItemCommandOutput;
  /** Whether the record of a function holds what was written ahead of an update that brings this layer. */
  isWrittenAhead(functionArn: string, layerArn: string): boolean;
  /** Whether the record of a function says that something of ours is on it for certain. */
  isAttached(functionArn: string): boolean;
  /** When the record of a function said last that it is protected; never, if it has not. */
  verifiedAt(functionArn: string): number;
  /** Everything in the history of all functions. */
  history(): ToldOutcome[];
}

/** Records are written one upon the other: whoever does not build on the latest one is refused. */
export function createRecordsWatch(
  model: DynamoDbModel,
  {
    now,
    changes,
    access,
    story,
    noted,
  }: {
    readonly now: () => number;
    readonly changes: StateChanges;
    readonly access: RecordAccess;
    readonly story: Story;
    /** The record of a function was written, or deleted. */
    readonly noted: (functionArn: string, item: Item | undefined, run: Run) => void;
  },
): RecordsWatch {
  const verified = new Map<string, number>();
  return {
    ...model,
    getItem(input, run) {
      if (input.Key?.['sk']?.S === 'state') access.noteRead(input.Key?.['pk']?.S ?? '', run);
      return model.getItem(input);
    },
    putItem(input, run) {
      const { pk, sk, version } = input.Item ?? {};
      const [functionArn, isState] = [pk?.S ?? '', sk?.S === 'state'];
      const former = isState ? model.item(functionArn, 'state') : undefined;
      const answer = model.putItem(input);
      if (isState && Number(version?.N) !== Number(former?.['version']?.N ?? 0) + 1)
        throw new InvariantViolated(
          'records',
          functionArn,
          `version ${version?.N} of its record is written over version ${former?.['version']?.N ?? 'none'}`,
        );
      if (isState) {
        changes.note(input.Item ?? {});
        access.noteWrite(functionArn, run, (input.Item?.['outbox']?.L ?? []).length === 0);
        if (input.Item?.['status']?.S === 'protected') verified.set(functionArn, now());
        noted(functionArn, input.Item ?? {}, run);
        story.tell(functionArn, `its record: ${describe(input.Item ?? {})}`);
      }
      return answer;
    },
    deleteItem(input, run) {
      const functionArn = input.Key?.['pk']?.S ?? '';
      const former = model.item(functionArn, 'state');
      const answer = model.deleteItem(input);
      if ((former?.['outbox']?.L ?? []).length > 0)
        throw new InvariantViolated(
          'told',
          functionArn,
          'its record is forgotten before all that is in its outbox was told',
        );
      if (former) {
        changes.forget(functionArn);
        noted(functionArn, undefined, run);
        story.tell(functionArn, 'its record is forgotten');
      }
      return answer;
    },
    isAttached: (functionArn) => model.item(functionArn, 'state')?.['attachment'] !== undefined,
    verifiedAt: (functionArn) => verified.get(functionArn) ?? Number.NEGATIVE_INFINITY,
    isWrittenAhead(functionArn, layerArn) {
      const pending = model.item(functionArn, 'state')?.['pending']?.L ?? [];
      return pending.some(({ M }) => M?.['applied']?.M?.['layerArn']?.S === layerArn);
    },
    history: () =>
      model.partitions().flatMap((pk) =>
        model.partition(pk).flatMap(({ sk, ...item }) => {
          if (!sk?.S?.startsWith('history#')) return [];
          const cause = item['cause']?.M;
          const text = (name: string) => item[name]?.S ?? '';
          return {
            functionArn: text('functionArn'),
            status: text('status'),
            reason: text('reason'),
            action: text('action'),
            at: text('at'),
            cause: { eventId: cause?.['eventId']?.S ?? '', eventTime: cause?.['eventTime']?.S ?? '' },
          };
        }),
      ),
  };
}

function describe(item: Item): string {
  const [status, reason, action, version] = ['status', 'reason', 'action']
    .map((name) => item[name]?.S ?? '')
    .concat(item['version']?.N ?? '');
  const event = item['cause']?.M?.['eventId']?.S ?? '';
  const parts = [
    `version ${version}`,
    `${status} ${reason}`.trim(),
    action === 'none' ? '' : action,
    item['attachment'] ? 'attached' : '',
    item['pending']?.L?.length ? `${item['pending'].L.length} pending` : '',
    item['outbox']?.L?.length ? `${item['outbox'].L.length} to tell` : '',
    `because of ${event}`,
  ];
  return parts.filter(Boolean).join(', ');
}
