import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { marshall } from '@aws-sdk/util-dynamodb';
import { decide } from '../src/domain/decide.ts';
import { recordProtected, recordUpdate } from '../src/domain/record.ts';
import type { Snapshot } from '../src/domain/snapshot.ts';
import { applied, arn, credentials, policyOf, situationOf, snapshotOf } from '../test/fixtures/situation.ts';

/**
 * All of AWS that a look needs, answering at once and always the same, so that what is measured is ours: functions
 * whose names start with `protected-` are protected and recorded, all others never opted in.
 */
export async function startInstantAws(): Promise<{ readonly endpoint: string; stop(): void }> {
  const plain = getFunctionAnswer(snapshotOf({ tags: { readable: true, values: { team: 'a' } } }));
  const { snapshot, item } = protectedFunction();
  const answers = { plain, protected: getFunctionAnswer(snapshot), item: JSON.stringify({ Item: marshall(item) }) };

  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const { status = 200, headers = {}, body } = answerTo(request, answers);
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Answers {
  readonly plain: string;
  readonly protected: string;
  readonly item: string;
}

function answerTo({ method, url = '', headers }: IncomingMessage, answers: Answers) {
  if (method === 'GET' && url.includes('/functions/'))
    return { body: url.includes('protected-') ? answers.protected : answers.plain };
  if (url.startsWith('/configurationsessions')) return { status: 201, body: '{"InitialConfigurationToken":"token"}' };
  if (url.startsWith('/configuration'))
    return { headers: { 'next-poll-configuration-token': 'token' }, body: JSON.stringify(policyOf()) };
  switch (headers['x-amz-target']) {
    case 'DynamoDB_20120810.GetItem':
      return { body: answers.item };
    case 'secretsmanager.GetSecretValue':
      return { body: JSON.stringify({ SecretString: JSON.stringify(credentials) }) };
    default:
      throw new Error(`the benchmark did not expect ${method} ${url} ${headers['x-amz-target'] ?? ''}`);
  }
}

function getFunctionAnswer(snapshot: Snapshot): string {
  return JSON.stringify({
    Configuration: {
      FunctionName: snapshot.arn.functionName,
      Runtime: snapshot.runtime,
      Handler: snapshot.handler,
      PackageType: snapshot.packageType,
      Architectures: [snapshot.architecture],
      Layers: snapshot.layers.map((layerArn) => ({ Arn: layerArn, CodeSize: 1_048_576 })),
      Environment: { Variables: snapshot.environment.readable ? snapshot.environment.variables : {} },
      State: snapshot.state,
      LastUpdateStatus: snapshot.lastUpdateStatus,
      RevisionId: snapshot.revisionId,
    },
    Code: { RepositoryType: 'S3', Location: 'https://example.com/code' },
    Tags: snapshot.tags.readable ? snapshot.tags.values : {},
  });
}

/** A function as it is, and is recorded, once it has been attached and verified. */
function protectedFunction() {
  const before = snapshotOf({ arn: { ...arn, functionName: 'protected-0' }, variables: { STAGE: 'prod' } });
  const decision = decide(situationOf(before));
  if (decision.status !== 'drifted' || !decision.plan.attachment)
    throw new Error(`expected to attach, and not ${decision.status}`);
  const { update, attachment } = decision.plan;
  const snapshot = applied(before, update);
  const [now, cause] = [
    new Date('2026-11-23T12:00:00Z'),
    { eventId: 'event-1', eventName: 'CreateFunction', eventTime: '2026-11-23T11:59:58.000Z' },
  ];
  const ahead = recordUpdate(undefined, before, decision, cause, 'default', now);
  const { record } = recordProtected({ ...ahead.record, outbox: [] }, snapshot, attachment, cause, now);
  return { snapshot, item: { ...record, outbox: [], pk: record.functionArn, sk: 'state' } };
}
