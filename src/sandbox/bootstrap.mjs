// Runs a function's handler behind AWS Lambda's Runtime API, as the managed Node.js runtimes do. Plain JavaScript that
// needs nothing but Node, because it is started with the function's environment and no other.
import { existsSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const { AWS_LAMBDA_RUNTIME_API: address, LAMBDA_TASK_ROOT: root, _HANDLER: handlerName } = process.env;
const [hostname, port] = address.split(':');
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let currentRequestId = '';

/** @returns {Promise<{ headers: import('node:http').IncomingHttpHeaders, body: string }>} */
function call(method, path, body) {
  return new Promise((resolveCall, reject) => {
    const options = { hostname, port, agent, method, path: `/2018-06-01/runtime${path}` };
    const outgoing = request(options, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolveCall({ headers: response.headers, body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function describe(error) {
  return error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, stackTrace: (error.stack ?? '').split('\n') }
    : { errorType: typeof error, errorMessage: format(error), stackTrace: [] };
}

// Text that is logged by console gets time, request and level in front, one event a call, as in Lambda.
function patchConsole() {
  const levels = { log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR', debug: 'DEBUG', trace: 'TRACE' };
  for (const [method, level] of Object.entries(levels)) {
    console[method] = (...values) => {
      const line = [new Date().toISOString(), currentRequestId, level, format(...values)].join('\t');
      process.stdout.write(`${line.replaceAll('\n', '\r')}\n`);
    };
  }
}

async function loadHandler() {
  const [, modulePath, exported] = /^(.*?)\.([^./]+)$/.exec(handlerName) ?? [];
  if (modulePath === undefined) {
    throw Object.assign(new Error(`Bad handler ${handlerName}`), { name: 'Runtime.MalformedHandlerName' });
  }
  const file = ['.mjs', '.js', '.cjs'].map((end) => resolve(root, modulePath + end)).find((path) => existsSync(path));
  if (file === undefined) {
    const message = `Error: Cannot find module '${modulePath}' in ${root}`;
    throw Object.assign(new Error(message), { name: 'Runtime.ImportModuleError' });
  }
  const loaded = await import(pathToFileURL(file).href);
  const handler = loaded[exported] ?? loaded.default?.[exported];
  if (typeof handler !== 'function') {
    const message = `${handlerName} is undefined or not exported`;
    throw Object.assign(new Error(message), { name: 'Runtime.HandlerNotFound' });
  }
  return handler;
}

function createContext(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

// The one thing that the sandbox asks beside events: what the process holds once its garbage is collected.
function answerMemory() {
  let collect;
  process.on('message', () => {
    if (collect === undefined) {
      setFlagsFromString('--expose-gc');
      collect = runInNewContext('gc');
    }
    collect();
    const { rss, heapUsed } = process.memoryUsage();
    process.send({ residentBytes: rss, heapBytes: heapUsed });
  });
  // A process that can't start has to end by itself.
  process.channel.unref();
}

async function run() {
  patchConsole();
  answerMemory();
  let handler;
  try {
    handler = await loadHandler();
  } catch (error) {
    const { errorType, errorMessage, stackTrace } = describe(error);
    console.error('Uncaught Exception', JSON.stringify({ errorType, errorMessage, stack: stackTrace }));
    await call('POST', '/init/error', JSON.stringify(describe(error)));
    process.exitCode = 1;
    return;
  }
  for (;;) {
    const { headers, body } = await call('GET', '/invocation/next');
    const context = createContext(headers);
    currentRequestId = context.awsRequestId;
    process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
    try {
      const result = await handler(JSON.parse(body), context);
      await call('POST', `/invocation/${context.awsRequestId}/response`, JSON.stringify(result ?? null));
    } catch (error) {
      console.error('Invoke Error', JSON.stringify(describe(error)));
      await call('POST', `/invocation/${context.awsRequestId}/error`, JSON.stringify(describe(error)));
    }
  }
}

run().catch((error) => {
  // The Runtime API is gone, and with it the sandbox.
  process.stderr.write(`bootstrap: ${error.message}\n`);
  process.exit(1);
});
