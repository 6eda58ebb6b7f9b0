import { checkEventPatterns } from '../test/referee/event-patterns/check-event-patterns.ts';
import { checkBundle } from '../test/referee/runtime-interface-client/check-bundle.ts';
import { checkStateMachine } from '../test/referee/state-machine/check-state-machine.ts';
import { checkInBrowser, installChromium } from './verify/browser.ts';
import { run } from './verify/command.ts';
import { contractReferee } from './verify/contract.ts';
import { startDynamoDbLocal } from './verify/dynamodb-local.ts';
import {
  installDynamoDbLocal,
  installEventRuler,
  installPython,
  installRuntimeInterfaceClient,
  installStatesValidator,
} from './verify/install.ts';
import { startMotoServer } from './verify/moto-server.ts';

/*
 * `npm run verify`: referees that we did not write judge what we did. Prints a line for each and, at the end, a line
 * "N passed, N failed"; the exit code is 0 only if all of them ran and passed. What they need is installed on the way.
 */

/** What is judged has to be the code as it is now. A referee that needs what is built hears of its failure. */
const built = run(process.execPath, ['scripts/build.ts', '--quiet']);
built.catch(() => {});

/** Judges one thing. Answers what it checked, in a few words; throws if something is wrong, or if it can't judge. */
type Referee = () => Promise<string>;

const referees: Readonly<Record<string, Referee>> = {
  'cfn-lint and SAM on the templates': async () => {
    await built;
    const programs = await installPython();
    const serverless = ['template.yaml', 'dist/template.yaml'];
    const all = [...serverless, 'infra/member.yaml'];
    // Also what cfn-lint thinks of as information only.
    await run(`${programs}/cfn-lint`, ['--include-checks', 'I', '--', ...all]);
    for (const template of serverless)
      await run(`${programs}/sam`, ['validate', '--lint', '--template-file', template]);
    return `no finding of cfn-lint in ${all.join(', ')}, nor of SAM in ${serverless.join(', ')}`;
  },
  'the stacks in moto': async () => {
    await built;
    const programs = await installPython();
    return (await run(`${programs}/python`, ['test/referee/stack/check_stack.py', 'dist/template.yaml'])).trim();
  },
  'asl-validator on the state machine': async () => checkStateMachine(await installStatesValidator()),
  'event-ruler on event patterns': async () => checkEventPatterns(await installEventRuler()),
  'DynamoDB Local on records': contractReferee({
    suite: 'test/contract/records.test.ts',
    inTitles: 'DynamoDB Local',
    variable: 'LAYERWARD_DYNAMODB_ENDPOINT',
    start: startDynamoDbLocal,
  }),
  'moto on functions': contractReferee({
    suite: 'test/contract/functions.test.ts',
    inTitles: 'moto',
    variable: 'LAYERWARD_MOTO_ENDPOINT',
    start: startMotoServer,
  }),
  'the runtime interface client on the bundle': async () => {
    await built;
    return checkBundle(await installRuntimeInterfaceClient());
  },
  'Chromium on the console': () => checkInBrowser(),
};

// All at once, since they mostly wait; whoever needs one of them hears of its failure.
for (const install of [
  installPython,
  installStatesValidator,
  installEventRuler,
  installDynamoDbLocal,
  installRuntimeInterfaceClient,
  installChromium,
])
  install().catch(() => {});

let failed = 0;
for (const [name, referee] of Object.entries(referees)) {
  const startedAt = performance.now();
  const line = (verdict: string) =>
    `${verdict}  ${name.padEnd(44)}${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s`;
  try {
    const checked = await referee();
    console.log(`${line('ok  ')}  ${checked}`);
  } catch (error) {
    failed++;
    const reason = error instanceof Error ? error.message : String(error);
    console.log(`${line('FAIL')}\n${reason.replace(/^/gm, '      ')}`);
  }
}
console.log(`${Object.keys(referees).length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
