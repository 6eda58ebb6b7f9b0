import { decide } from '../src/domain/decide.ts';
import type { Situation } from '../src/domain/situation.ts';
import { applied, situationOf, snapshotOf, vendorLayer } from '../test/fixtures/situation.ts';
import { type Measurement, median } from './measurement.ts';

const rounds = 15;
const runsPerRound = 4_000;

/** How long one decision takes, beside parsing AWS's answer, without which there is nothing to decide on. */
export function measureDecide(): Measurement[] {
  const before = snapshotOf({
    runtime: 'python3.8',
    layers: [vendorLayer('team'), 'arn:aws:lambda:us-east-1:111122223333:layer:metrics:3'],
    variables: Object.fromEntries(Array.from({ length: 15 }, (_, index) => [`VARIABLE_${index}`, 'some value'])),
  });
  const attach = situationOf(before);
  const decision = decide(attach);
  if (decision.status !== 'drifted') throw new Error(`expected to attach, and not ${decision.status}`);
  const { update, attachment } = decision.plan;
  const compliant: Situation = situationOf(applied(before, update), { attachment });
  if (decide(compliant).status !== 'compliant') throw new Error('expected to be compliant once attached');

  const answer = JSON.stringify(compliant.snapshot);
  const baseline = { name: 'JSON.parse of the function', value: microseconds(() => JSON.parse(answer)) };
  return [
    { name: 'decide, compliant', value: microseconds(() => decide(compliant)), unit: 'µs', baseline },
    { name: 'decide, attach', value: microseconds(() => decide(attach)), unit: 'µs', baseline },
  ];
}

/** The median of some rounds, after one that nobody counts. */
function microseconds(run: () => unknown): number {
  const round = () => {
    const startedAt = performance.now();
    for (let index = 0; index < runsPerRound; index++) run();
    return ((performance.now() - startedAt) * 1000) / runsPerRound;
  };
  round();
  return median(Array.from({ length: rounds }, round));
}
