import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { severityOf } from '../domain/announcement.ts';
import { ServiceUnavailable } from '../domain/errors.ts';
import type { Announcer } from '../domain/ports.ts';
import { toLayerwardError } from './refusal.ts';

/** Outcomes as EventBridge events: `source: layerward`, `detail-type: Layerward Outcome`. */
export function createEventBridgeEvents(client: EventBridgeClient, eventBusName: string): Announcer {
  return {
    async announce(outcome) {
      const doing = `publishing the event about ${outcome.functionArn} to the bus ${eventBusName}`;
      const answer = await client
        .send(
          new PutEventsCommand({
            Entries: [
              {
                EventBusName: eventBusName,
                Source: 'layerward',
                DetailType: 'Layerward Outcome',
                Resources: [outcome.functionArn],
                Time: new Date(outcome.at),
                Detail: JSON.stringify({ ...outcome, severity: severityOf(outcome) }),
              },
            ],
          }),
        )
        .catch((error: unknown) => {
          throw toLayerwardError(error, doing);
        });
      // PutEvents answers 200 for entries that it did not take.
      const refused = answer.Entries?.find(({ ErrorCode }) => ErrorCode);
      if (refused) throw new ServiceUnavailable(`${doing} failed: ${refused.ErrorCode}: ${refused.ErrorMessage}`);
    },
  };
}
