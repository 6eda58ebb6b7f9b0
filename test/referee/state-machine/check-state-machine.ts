import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { CommandFailed, run } from '../../../scripts/verify/command.ts';
import { readSweepDefinition } from '../../fixtures/sweep-definition.ts';

/*
 * asl-validator as the referee of the sweep's state machine: the definition as it is deployed is one of the Amazon
 * States Language, and broken ones are refused, each for its mistake. It does not see a transition out of an
 * ItemProcessor, nor a state that nothing leads to; the sandbox refuses the one, and test/e2e/sweep-machine.test.ts
 * goes through every state.
 */

/** A mistake: what of the definition's text is replaced by what, and how the validator names it. */
type Mistake = readonly [what: string, text: string, replacement: string, named: RegExp];

const mistakes: readonly Mistake[] = [
  [
    'a transition to a state that is not there',
    '"Next": "Summarize"',
    '"Next": "Sumarize"',
    /MISSING_TRANSITION_TARGET/,
  ],
  ['a choice of a state that is not there', '"Next": "Pause"', '"Next": "Paus"', /MISSING_TRANSITION_TARGET/],
  ['a catcher that leads nowhere', '"Next": "NoteCrash"', '"Next": "NoteCrashes"', /MISSING_TRANSITION_TARGET/],
  ['a start that is no state', '"StartAt": "Plan"', '"StartAt": "Plans"', /MISSING_TRANSITION_TARGET/],
  ['a state of no known type', '"Type": "Choice"', '"Type": "Choose"', /SCHEMA_VALIDATION_FAILED/],
  [
    'a state that goes nowhere',
    '"Next": "IsDone"',
    '"Comment": ""',
    /TERMINAL_STATE_WITH_NEXT|SCHEMA_VALIDATION_FAILED/,
  ],
  ['an end that goes on', '"Next": "IsDone"', '"Next": "IsDone", "End": true', /TERMINAL_STATE_WITH_NEXT/],
  ['two durations of a wait', '"Type": "Wait"', '"Type": "Wait", "Seconds": 5', /WAIT_DURATION/],
  ['two time-outs', '"TimeoutSeconds": 930', '"TimeoutSeconds": 930, "TimeoutSecondsPath": "$.x"', /TASK_TIMEOUT/],
  ['a path that is none', '"ItemsPath": "$.accountIds"', '"ItemsPath": "accountIds"', /SCHEMA_VALIDATION_FAILED/],
  ['a member that is named twice', '"FunctionName"', '"FunctionName.$": "$.x", "FunctionName"', /DUPLICATE/],
  ['a choice without a variable', '"Variable": "$.answer.task.done", ', '', /SCHEMA_VALIDATION_FAILED/],
  ['a misspelt member', '"ErrorEquals"', '"ErrorEqual"', /SCHEMA_VALIDATION_FAILED/],
  ['a percentage beyond a hundred', ': 100', ': 101', /SCHEMA_VALIDATION_FAILED/],
  ['a negative number of attempts', '"MaxAttempts": 6', '"MaxAttempts": -1', /SCHEMA_VALIDATION_FAILED/],
  ['a resource that is no ARN', 'arn:aws:states:::lambda:invoke', 'lambda:invoke', /SCHEMA_VALIDATION_FAILED/],
];

/**
 * Asks the validator. Answers what was checked.
 * @param program the validator's command
 * @throws an error with what it says of the definition, or with the mistakes that it let through.
 */
export async function checkStateMachine(program: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'layerward-state-machine-'));
  try {
    const validate = (name: string, text: string) => {
      const path = join(folder, `${name}.json`);
      writeFileSync(path, text);
      return run(process.execPath, [program, '--json-path', path]);
    };
    const definition = readSweepDefinition();
    await validate('as-deployed', definition);
    const problems = await Promise.all(
      mistakes.map(async ([what, text, replacement, named], index) => {
        const broken = definition.replace(text, () => replacement);
        if (broken === definition) return `${what} can't be tried, since the definition has no ${text}`;
        const refusal = await refusalOf(() => validate(`broken-${index}`, broken));
        if (refusal === undefined) return `${what} is let through`;
        return named.test(refusal) ? undefined : `${what} is not named: ${refusal}`;
      }),
    );
    const found = problems.filter((problem) => problem !== undefined);
    if (found.length > 0) throw new Error(`the validator can't be relied on:\n${found.join('\n')}`);
    return `infra/sweep.asl.json as deployed, ${countStates(JSON.parse(definition))} states; ${mistakes.length} broken ones are refused`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Why a definition is refused; undefined where it is not. @throws what is no refusal. */
async function refusalOf(validate: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await validate();
    return undefined;
  } catch (error) {
    if (error instanceof CommandFailed && error.message.includes('ended with exit code 1')) return error.message;
    throw error;
  }
}

const machine = z.object({ States: z.record(z.string(), z.looseObject({ ItemProcessor: z.unknown().optional() })) });

/** All states of a machine, those of its maps included. */
function countStates(definition: unknown): number {
  const states = Object.values(machine.parse(definition).States);
  const inMaps = states.filter(({ ItemProcessor }) => ItemProcessor !== undefined);
  return inMaps.reduce((sum, { ItemProcessor }) => sum + countStates(ItemProcessor), states.length);
}
