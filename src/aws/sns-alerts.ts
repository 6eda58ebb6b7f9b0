import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { alertSubject, alertText } from '../domain/alert-text.ts';
import { severityOf } from '../domain/announcement.ts';
import { parseFunctionArn } from '../domain/function-arn.ts';
import type { Announcer } from '../domain/ports.ts';
import type { Outcome } from '../domain/record.ts';
import { toLayerwardError } from './refusal.ts';

/** Alerts for people and machines through SNS: a short text for e-mail, full JSON for the rest, attributes to filter on. */
export function createSnsAlerts(client: SNSClient, topicArn: string): Announcer {
  return {
    async announce(outcome) {
      try {
        await client.send(
          new PublishCommand({
            TopicArn: topicArn,
            Subject: alertSubject(outcome),
            MessageStructure: 'json',
            Message: alertMessage(outcome),
            MessageAttributes: attributes(outcome),
          }),
        );
      } catch (error) {
        throw toLayerwardError(error, `sending the alert about ${outcome.functionArn} to ${topicArn}`);
      }
    },
  };
}

/** SNS's JSON form: one body for each kind of subscriber, `default` being the machines'. */
export function alertMessage(outcome: Outcome): string {
  const json = JSON.stringify({ ...outcome, severity: severityOf(outcome) });
  const text = alertText(outcome);
  return JSON.stringify({ default: json, email: text, 'email-json': json, sms: alertSubject(outcome) });
}

function attributes(outcome: Outcome) {
  const arn = parseFunctionArn(outcome.functionArn);
  const values = {
    status: outcome.status,
    reason: outcome.reason,
    severity: severityOf(outcome),
    account: arn?.accountId ?? '',
    region: arn?.region ?? '',
    function: arn?.functionName ?? '',
  };
  return Object.fromEntries(
    Object.entries(values)
      // SNS refuses attributes without a value.
      .filter(([, value]) => value !== '')
      .map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
  );
}
