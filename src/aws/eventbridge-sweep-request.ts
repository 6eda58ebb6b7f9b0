import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { putEvent } from './put-event.ts';

/** Asks for a sweep of everything: an event for which a rule of the template starts the state machine. */
export function requestSweep(client: EventBridgeClient, eventBusName: string, reason: string): Promise<void> {
  const entry = {
    EventBusName: eventBusName,
    DetailType: 'Layerward Sweep Request',
    Detail: JSON.stringify({ reason }),
  };
  return putEvent(client, entry, `asking for a sweep by an event on the bus ${eventBusName}`);
}
