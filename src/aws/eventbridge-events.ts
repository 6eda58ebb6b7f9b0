import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { severityOf } from '../domain/announcement.ts';
import type { Announcer } from '../domain/ports.ts';
import { putEvent } from './put-event.ts';

/** Outcomes as EventBridge events: `source: layerward`, `detail-type: Layerward Outcome`. */
export function createEventBridgeEvents(client: EventBridgeClient, eventBusName: string): Announcer {
  return {
    announce: (outcome) =>
      putEvent(
        client,
        {
          EventBusName: eventBusName,
          DetailType: 'Layerward Outcome',
          Resources: [outcome.functionArn],
          Time: new Date(outcome.at),
          Detail: JSON.stringify({ ...outcome, severity: severityOf(outcome) }),
        },
        `publishing the event about ${outcome.functionArn} to the bus ${eventBusName}`,
      ),
  };
}
