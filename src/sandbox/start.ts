import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startConsole } from '../console/server.ts';
import { PortInUseError } from './endpoint.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';
import { openStage, type Stage } from './tour/stage.ts';
import {
  describeAlerts,
  describeHistory,
  describeMetrics,
  describeRecords,
  type Played,
  playTour,
} from './tour/tour.ts';

/*
 * `npm start`: a local AWS with Layerward deployed into it, a walk through all that it does, and then a place to try it.
 */

const usage = `Usage: npm start -- [--once] [--port 4566]

Starts a local AWS with Layerward deployed into it and the console beside it, walks through what it does, and stays for
you to try it.

  --once       end after the tour; exit code 0 only if every expectation held
  --port PORT  where to listen (default 4566; any free port with --once)
`;

process.exitCode = await start(process.argv.slice(2));

async function start(argv: readonly string[]): Promise<number> {
  let options: { readonly once: boolean; readonly port: string | undefined; readonly help: boolean };
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        once: { type: 'boolean', default: false },
        port: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    options = { once: values.once, port: values.port, help: values.help };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  if (options.help) {
    console.log(usage);
    return 0;
  }
  if (options.port !== undefined && !/^\d{1,5}$/.test(options.port)) {
    console.error(`--port takes a number, not ${options.port}\n\n${usage}`);
    return 2;
  }
  const logFile = join(import.meta.dirname, '../../dist/sandbox.log');
  const log = createWriteStream(logFile);
  const watcher: { outcome: (line: string) => void } = { outcome: () => {} };
  let sandbox: Sandbox;
  try {
    sandbox = await startSandbox({
      port: Number(options.port ?? (options.once ? 0 : 4566)),
      organization: true,
      log: (line) => {
        log.write(`${line}\n`);
        watcher.outcome(line);
      },
    });
  } catch (error) {
    const isExpected = error instanceof PortInUseError;
    console.error(isExpected ? `${error.message}; choose another one: npm start -- --port 4567` : error);
    return 3;
  }
  const ended = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  try {
    console.log(`Layerward is deployed into a local AWS at ${sandbox.endpoint}.`);
    const stage = await openStage(sandbox);
    if (options.once) return (await tour(sandbox, stage)) ? 0 : 1;
    const running = await startConsole({ records: stage.records });
    try {
      console.log(`Watch it in a browser: ${running.url}`);
      const haveAllHeld = await tour(sandbox, stage);
      console.log(invitation(sandbox, running.url));
      watcher.outcome = printOutcome;
      await ended;
      return haveAllHeld ? 0 : 1;
    } finally {
      await running.close();
    }
  } finally {
    await sandbox.stop();
    log.end();
  }
}

async function tour({ endpoint, region, deployment }: Sandbox, stage: Stage): Promise<boolean> {
  const output = (name: string) => String(deployment?.outputs[name]);
  console.log('A tour, by real API calls:');
  let chapter = '';
  const played = await playTour(stage, (one) => {
    if (one.scene.chapter !== chapter) console.log(`\n${one.scene.chapter}`);
    chapter = one.scene.chapter;
    console.log(row(one));
  });
  const logGroupName = `/aws/lambda/${output('RemediateFunctionArn').split(':').at(-1)}`;
  section('The records in DynamoDB', await describeRecords(stage));
  section('The history of one function, billing', await describeHistory(stage, 'billing'));
  section('The alerts on SNS', await describeAlerts(stage));
  section('The metrics in CloudWatch', await describeMetrics({ endpoint, region, logGroupName }));
  const failed = played.filter(({ hasHeld }) => !hasHeld);
  console.log(`\n${played.length - failed.length} of ${played.length} held.`);
  return failed.length === 0;
}

function row({ scene, hasHeld, outcome, seconds }: Played): string {
  return `  ${hasHeld ? '✓' : '✗'} ${scene.title.padEnd(43)}  ${outcome.padEnd(44)} ${seconds.toFixed(1).padStart(4)} s`;
}

function section(title: string, lines: readonly string[]): void {
  console.log(`\n${title}\n${lines.map((line) => `  ${line.trimEnd()}`).join('\n')}`);
}

function invitation({ endpoint, deployment }: Sandbox, consoleUrl: string): string {
  const stateMachine = String(deployment?.outputs['SweepMachineArn']);
  return `
Now you. In another terminal:

  export AWS_ENDPOINT_URL=${endpoint} AWS_ACCESS_KEY_ID=you AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=us-east-1
  echo 'def handler(event, context): pass' > app.py && zip -q app.zip app.py
  aws lambda create-function --function-name mine --runtime python3.8 --handler app.handler \\
    --role arn:aws:iam::111122223333:role/mine --zip-file fileb://app.zip --tags '{"layerward:protect":"on"}'
  aws lambda get-function-configuration --function-name mine
  aws lambda update-function-configuration --function-name mine --layers
  npx layerward explain mine

The console, with all that happened: ${consoleUrl}

There is an organization around it: an access key id like 222233334444/you is of another account, and us-east-1 and
eu-west-1 are looked after in each. To look for drift that no event told of:

  aws stepfunctions start-execution --state-machine-arn ${stateMachine}

What Layerward makes of it appears here; Ctrl-C ends it. The whole log: dist/sandbox.log
`;
}

/** Shows an outcome from the function's log to whoever tries it. */
function printOutcome(line: string): void {
  const json = line.slice(line.indexOf('{'));
  if (!json.includes('"msg":"outcome"')) return;
  const { functionArn, status, reason, action, actor, durationMs } = JSON.parse(json);
  const name = String(functionArn).split(':').at(-1);
  const what = [status, reason].filter(Boolean).join(': ');
  const cause = actor ? `, after what ${actor} did` : '';
  console.log(`  ${name}: ${what} (${action}, ${(Number(durationMs) / 1000).toFixed(1)} s after the event)${cause}`);
}
