import { deepStrictEqual } from 'node:assert';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { offlineEnvironment, root } from '../../../scripts/verify/command.ts';
import { parseTemplate } from '../../../src/sandbox/template.ts';
import { createTemplateResolver } from '../../../src/sandbox/template-resolver.ts';
import { callEvent, identities } from '../event-patterns/event-shapes.ts';
import { startRuntimeApi } from './runtime-api.ts';

/*
 * The built bundle under AWS's own runtime interface client, with the environment that the template gives it: it starts,
 * and answers batches whose messages need no AWS call, partially where a message is not one.
 */

const folder = join(root, 'dist/remediate');
const accountId = '111122223333';
const region = 'us-east-1';
const ownRoleArn = `arn:aws:iam::${accountId}:role/layerward-RemediateRole`;

/**
 * Runs the bundle. Answers what was checked.
 * @param client the program of the runtime interface client
 */
export async function checkBundle(client: string): Promise<string> {
  if (!existsSync(join(folder, 'index.mjs'))) throw new Error('dist/remediate/index.mjs is not there: npm run build');
  const api = await startRuntimeApi();
  const child = spawn(process.execPath, [client, 'index.handler'], {
    cwd: folder,
    env: {
      ...offlineEnvironment(),
      ...environmentOfTemplate(),
      AWS_LAMBDA_RUNTIME_API: api.address,
      LAMBDA_TASK_ROOT: folder,
      _HANDLER: 'index.handler',
      AWS_LAMBDA_FUNCTION_NAME: 'layerward-remediate',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/layerward-remediate',
      AWS_LAMBDA_LOG_STREAM_NAME: '2026/03/11/[$LATEST]00000000000000000000000000000000',
      // Nothing of this may call AWS; a call would be refused here.
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(-6_000);
    });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.once('error', (error) => api.fail(error));
  child.once('close', (code) => api.fail(new Error(`the runtime ended with exit code ${code}`)));
  try {
    const startedAt = performance.now();
    const none = await api.invoke({ Records: irrelevant.map(toRecord) });
    const firstAnswer = Math.round(performance.now() - startedAt);
    deepStrictEqual(none, { batchItemFailures: [] }, 'events that need no look were given back to the queue');
    const bodies = [...irrelevant, 'not JSON', JSON.stringify({ source: 'elsewhere' })];
    const some = await api.invoke({ Records: bodies.map(toRecord) });
    deepStrictEqual(
      some,
      { batchItemFailures: [bodies.length - 2, bodies.length - 1].map((index) => ({ itemIdentifier: idOf(index) })) },
      'exactly the messages that are no events have to come back',
    );
    // All that it printed has arrived when its pipes are closed.
    child.kill('SIGKILL');
    await closed;
    const lines = printed.split('\n').filter((line) => line.startsWith('{'));
    const drops = lines.filter((line) => line.includes('"dropped"')).length;
    deepStrictEqual(
      drops,
      2 * irrelevant.length,
      'each dropped event has its line in the log by the time of the answer, when Lambda freezes the process',
    );
    return `2 batches answered, the first one ${firstAnswer} ms after the start`;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${reason}\n${printed.trim()}`, { cause: error });
  } finally {
    child.kill('SIGKILL');
    await closed;
    await api.stop();
  }
}

const identity = (who: string) => identities(ownRoleArn)[who] ?? {};

/** Events that are dropped before any AWS call. */
const irrelevant = [
  callEvent('PublishVersion20150331', identity('an IAM user')),
  callEvent('UpdateFunctionConfiguration20150331v2', identity('Layerward itself')),
  callEvent('CreateFunction20150331', identity('an assumed role'), { errorCode: 'AccessDenied' }),
].map((event) => JSON.stringify(event));

const idOf = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

function toRecord(body: string, index: number) {
  return {
    messageId: idOf(index),
    receiptHandle: `handle-${index}`,
    body,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '1773212558000',
      SenderId: 'AIDAEXAMPLE0000000000',
      ApproximateFirstReceiveTimestamp: '1773212558001',
    },
    messageAttributes: {},
    md5OfBody: '00000000000000000000000000000000',
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:${region}:${accountId}:layerward-ChangeQueue`,
    awsRegion: region,
  };
}

const functionProperties = z.looseObject({ Environment: z.object({ Variables: z.record(z.string(), z.string()) }) });

/** What the template gives the function, with made-up resources. */
function environmentOfTemplate(): Record<string, string> {
  const template = parseTemplate(readFileSync(join(root, 'template.yaml'), 'utf8'), 'template.yaml');
  const stack = { accountId, region, stackName: 'layerward' };
  const resolver = createTemplateResolver(template, {}, stack, (logicalId) => {
    const type = template.resources[logicalId]?.type;
    if (type === 'AWS::SQS::Queue')
      return { ref: `https://sqs.${region}.amazonaws.com/${accountId}/${logicalId}`, attributes: {} };
    if (type === 'AWS::IAM::Role') return { ref: logicalId, attributes: { Arn: ownRoleArn } };
    if (type === 'AWS::SNS::Topic') return { ref: `arn:aws:sns:${region}:${accountId}:${logicalId}`, attributes: {} };
    return { ref: logicalId, attributes: {} };
  });
  const environment = template.resources['RemediateFunction']?.properties['Environment'];
  const resolved = resolver.resolve({ Environment: environment }, 'RemediateFunction');
  return functionProperties.parse(resolved).Environment.Variables;
}
