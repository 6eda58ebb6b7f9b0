import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { ServiceUnavailable } from '../domain/errors.ts';
import { toLayerwardError } from './refusal.ts';

/** What a rule of the template starts the state machine for. */
export const sweepRequestDetailType = 'Layerward Sweep Request';

/** Asks for a sweep of everything: an event that starts the state machine. */
export async function requestSweep(client: EventBridgeClient, eventBusName: string, reason: string): Promise<void> {
  const doing = `asking for a sweep by an event on the bus ${eventBusName}`;
  const answer = await client
    .send(
      new PutEventsCommand({
        Entries: [
          {
            EventBusName: eventBusName,
            Source: 'layerward',
            DetailType: sweepRequestDetailType,
            Detail: JSON.stringify({ reason }),
          },
        ],
      }),
    )
    .catch((error: unknown) => {
      throw toLayerwardError(error, doing);
    });
  const refused = answer.Entries?.find(({ ErrorCode }) => ErrorCode);
  if (refused) throw new ServiceUnavailable(`${doing} failed: ${refused.ErrorCode}: ${refused.ErrorMessage}`);
}
