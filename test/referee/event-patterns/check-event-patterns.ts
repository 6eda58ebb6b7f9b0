import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { InvalidEventPatternError, matchesPattern } from '../../../src/sandbox/event-pattern.ts';
import { addressQuestions, combinedQuestions, conditionQuestions, type Question } from './arbitrary-pattern.ts';
import { startEventRuler, type Verdict } from './event-ruler.ts';
import { callEvent, type Event, identities, otherCalls, watchedCalls } from './event-shapes.ts';
import { ruleSets } from './template-rules.ts';

/*
 * Amazon's event-ruler as the referee of event patterns: the templates' rules over the shapes of events, each with what
 * is meant to happen; those rules over variations of the shapes; and patterns of every operator over random events.
 */

const ownRoleArn = 'arn:aws:iam::111122223333:role/layerward-RemediateRole-1A2B3C4D5E6F';
const runs = { variations: 4_000, addresses: 1_000, conditions: 6_000, combinations: 10_000 };
const seed = 20150331;

/** What the sandbox's own matcher says. */
function ours({ pattern, event }: Question): Verdict {
  try {
    return matchesPattern(pattern, event) ? 'matches' : 'differs';
  } catch (error) {
    if (error instanceof InvalidEventPatternError) return 'refused';
    throw error;
  }
}

/**
 * Asks both. Answers what was checked.
 * @throws an error with the smallest disagreement that was found.
 */
export async function checkEventPatterns(jars: string): Promise<string> {
  const ruler = startEventRuler(jars);
  let asked = 0;
  const counts = { matches: 0, differs: 0, refused: 0 };
  const agree = async (question: Question): Promise<Verdict> => {
    const [theirs, own] = [await ruler.ask(question), ours(question)];
    asked++;
    counts[theirs]++;
    if (theirs !== own) throw new Error(`event-ruler says ${theirs}, and our matcher ${own}`);
    return theirs;
  };
  try {
    const sets = ruleSets();
    const problems: string[] = [];
    for (const { what: where, patterns, shapes } of sets)
      for (const { what, event, passes } of shapes) {
        const verdicts = await Promise.all(patterns.map((pattern) => agree({ pattern, event })));
        const passed = verdicts.includes('matches');
        if (passed !== passes)
          problems.push(`${where}: ${what}: it ${passed ? 'passes' : 'is held back'}, and should not`);
      }
    if (problems.length > 0) throw new Error(`${problems.length} events are not told apart:\n${problems.join('\n')}`);
    const shapes = asked;

    await check(runs.variations, variationsOf(sets.flatMap(({ patterns }) => patterns)), agree);
    await check(runs.addresses, addressQuestions, agree);
    await check(runs.conditions, conditionQuestions, agree);
    await check(runs.combinations, combinedQuestions, agree);
    // Two matchers that always say no would agree, too.
    if (counts.matches < asked / 20)
      throw new Error(`too few questions match to tell anything: ${JSON.stringify(counts)}`);
    return (
      `${shapes} questions about shapes of events as meant, by the rules of ${sets.map(({ what }) => what).join(', ')}, and ${asked - shapes} random ones: ${counts.matches} match, ` +
      `${counts.differs} differ, ${counts.refused} refused, alike`
    );
  } finally {
    await ruler.stop();
  }
}

async function check(
  numRuns: number,
  arbitrary: fc.Arbitrary<Question>,
  agree: (question: Question) => Promise<Verdict>,
): Promise<void> {
  const details = await fc.check(
    fc.asyncProperty(arbitrary, async (question) => {
      await agree(question);
    }),
    { numRuns, seed, endOnFailure: false },
  );
  if (!details.failed) return;
  const [smallest] = details.counterexample ?? [];
  const reason = details.errorInstance instanceof Error ? details.errorInstance.message : String(details.errorInstance);
  throw new Error(
    `${reason}, of\n${JSON.stringify(smallest, undefined, 2)}\n(seed ${details.seed}, path ${details.counterexamplePath})`,
  );
}

/** The template's patterns over events that differ from a real shape in a few places. */
function variationsOf(patterns: readonly unknown[]): fc.Arbitrary<Question> {
  const callers = Object.values(identities(ownRoleArn));
  const mutations = fc.array(
    fc.tuple(
      fc.constantFrom(
        ...['source', 'detail-type', 'detail', 'detail.eventSource', 'detail.eventName', 'detail.errorCode'],
        ...[
          'detail.userIdentity',
          'detail.userIdentity.sessionContext',
          'detail.userIdentity.sessionContext.sessionIssuer',
        ],
        ...['detail.userIdentity.sessionContext.sessionIssuer.arn', 'detail.service', 'detail.resource-type'],
      ),
      fc.constantFrom<unknown[]>(
        ...[
          undefined,
          null,
          '',
          'lambda',
          'function',
          'lambda.amazonaws.com',
          ownRoleArn,
          `${ownRoleArn}2`,
          {},
          [],
          0,
          true,
        ],
        ...[['lambda', 'ec2'], [ownRoleArn, 'x'], { arn: ownRoleArn }, [{ arn: ownRoleArn }, { arn: 'x' }]],
        ...['CreateFunction', ['CreateFunction', 'Other'], 'AWS API Call via CloudTrail', 'aws.lambda', 'aws.tag'],
        ...[{ sessionContext: { sessionIssuer: [{ arn: ownRoleArn }] } }],
      ),
    ),
    { maxLength: 3 },
  );
  return fc
    .record({
      pattern: fc.constantFrom(...patterns),
      name: fc.constantFrom<string[]>(...watchedCalls, ...otherCalls),
      caller: fc.constantFrom(...callers),
      mutations,
    })
    .map(({ pattern, name, caller, mutations }) => ({
      pattern,
      event: mutations.reduce(
        (event, [path, value]) => withValue(event, path.split('.'), value),
        callEvent(name, caller),
      ),
    }));
}

/** The event with another value in one place, or without the field. */
function withValue(event: Event, [first, ...rest]: readonly string[], value: unknown): Event {
  if (first === undefined) return event;
  const { [first]: former, ...others } = event;
  const isNested = typeof former === 'object' && former !== null && !Array.isArray(former);
  const next = rest.length === 0 ? value : withValue(isNested ? { ...former } : {}, rest, value);
  return next === undefined || isDeepStrictEqual(next, former)
    ? next === undefined
      ? others
      : event
    : { ...event, [first]: next };
}
