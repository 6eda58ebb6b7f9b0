import * as z from 'zod';

const text = z.string();

/** Who made a call, as commands print it for machines. */
export const actorSchema = z.strictObject({
  type: text,
  name: text,
  arn: text.exactOptional(),
  invokedBy: text.exactOptional(),
  sourceIpAddress: text.exactOptional(),
  userAgent: text.exactOptional(),
});

/** What led to a state, as commands print it for machines. */
export const causeSchema = z.strictObject({
  eventName: text.describe('AWS’s name of the call; Sweep, where none told of it.'),
  eventTime: text,
  eventId: text,
  actor: actorSchema.exactOptional().describe('Left out where nobody can tell.'),
});
