import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { ServiceUnavailable } from '../domain/errors.ts';
import { toLayerwardError } from './refusal.ts';

/**
 * Puts one event of ours on a bus.
 * @param doing what it is for, and where it goes; for the error
 */
export async function putEvent(
  client: EventBridgeClient,
  entry: Omit<PutEventsRequestEntry, 'Source'>,
  doing: string,
): Promise<void> {
  const answer = await client
    .send(new PutEventsCommand({ Entries: [{ ...entry, Source: 'layerward' }] }))
    .catch((error: unknown) => {
      throw toLayerwardError(error, doing);
    });
  // PutEvents answers 200 for entries that it did not take.
  const refused = answer.Entries?.find(({ ErrorCode }) => ErrorCode);
  if (refused) throw new ServiceUnavailable(`${doing} failed: ${refused.ErrorCode}: ${refused.ErrorMessage}`);
}
