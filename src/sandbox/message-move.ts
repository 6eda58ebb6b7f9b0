import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { type ApiRequest, type ApiResponse, type ApiService, AwsError } from './api.ts';

const order = z.object({ SourceArn: z.string(), DestinationArn: z.string().optional() });
const received = z.object({
  Messages: z
    .array(z.object({ Body: z.string(), ReceiptHandle: z.string(), MessageAttributes: z.unknown().optional() }))
    .default([]),
});

/**
 * SQS's `StartMessageMoveTask`, which fauxqs lacks: dead letters go back, as new messages. It is done when the call is
 * answered, where AWS takes its time; and the destination has to be named, where AWS knows whence each message came.
 *
 * @param sqs serves the other actions
 */
export function moveMessages(sqs: ApiService): ApiService {
  return async (request) => {
    const input = order.safeParse(JSON.parse(request.body.toString('utf8')));
    if (!input.success) {
      throw new AwsError('MissingParameter', 400, 'The request must contain the parameter SourceArn.');
    }
    const { SourceArn, DestinationArn } = input.data;
    if (DestinationArn === undefined) {
      throw new AwsError('InvalidParameterValue', 400, 'The sandbox moves messages only with a DestinationArn.');
    }
    const [QueueUrl, destination] = [urlOf(SourceArn), urlOf(DestinationArn)];
    const ask = async (action: string, body: unknown) => {
      const answer = await sqs(asking(request, action, body));
      if (answer.status >= 400) throw new Refused(answer);
      return answer.body.toString();
    };
    let moved = 0;
    try {
      for (;;) {
        const reading = { QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] };
        const { Messages } = received.parse(JSON.parse(await ask('ReceiveMessage', reading)));
        if (Messages.length === 0) {
          break;
        }
        for (const { Body, ReceiptHandle, MessageAttributes } of Messages) {
          await ask('SendMessage', { QueueUrl: destination, MessageBody: Body, MessageAttributes });
          await ask('DeleteMessage', { QueueUrl, ReceiptHandle });
          moved++;
        }
      }
    } catch (error) {
      if (error instanceof Refused) return error.answer;
      throw error;
    }
    const task = Buffer.from(JSON.stringify({ taskId: randomUUID(), sourceArn: SourceArn, moved }));
    return {
      status: 200,
      headers: { 'content-type': 'application/x-amz-json-1.0' },
      body: JSON.stringify({ TaskHandle: task.toString('base64') }),
    };
  };
}

/** What one of the queues refused, as SQS would answer. */
class Refused extends Error {
  readonly answer: ApiResponse;

  constructor(answer: ApiResponse) {
    super('SQS refused a step of the move');
    this.answer = answer;
  }
}

function asking(request: ApiRequest, action: string, body: unknown): ApiRequest {
  return {
    ...request,
    headers: { ...request.headers, 'x-amz-target': `AmazonSQS.${action}` },
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** Only the last part of a queue's URL counts here. */
function urlOf(queueArn: string): string {
  return `http://127.0.0.1/${queueArn.split(':').slice(-2).join('/')}`;
}
