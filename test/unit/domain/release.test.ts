import { describe, expect, it } from 'vitest';
import type { Attachment } from '../../../src/domain/attachment.ts';
import { shapeOf } from '../../../src/domain/attachment.ts';
import { decide } from '../../../src/domain/decide.ts';
import { release } from '../../../src/domain/release.ts';
import type { Snapshot } from '../../../src/domain/snapshot.ts';
import { applied, situationOf, snapshotOf, vendorLayer } from '../../fixtures/situation.ts';

const teamLayer = 'arn:aws:lambda:us-east-1:111122223333:layer:team:1';

function looked(snapshot: Snapshot, attachment?: Attachment): { snapshot: Snapshot; attachment: Attachment } {
  const decision = decide(situationOf(snapshot, { attachment }));
  if (decision.status !== 'drifted' || !decision.plan.attachment) throw new Error(decision.status);
  return { snapshot: applied(snapshot, decision.plan.update), attachment: decision.plan.attachment };
}

const withVariables = (snapshot: Snapshot, variables: Record<string, string>): Snapshot => ({
  ...snapshot,
  environment: { readable: true, variables: { ...shapeOf(snapshot).variables, ...variables } },
});

describe('a release', () => {
  it('leaves what the team changed meanwhile', () => {
    const { snapshot, attachment } = looked(snapshotOf({ layers: [teamLayer] }));
    const changed = withVariables(
      { ...snapshot, layers: [...snapshot.layers, `${teamLayer}0`], handler: 'index.new' },
      {
        TREND_AP_LOG_FILE: '/tmp/mine',
        STAGE: 'prod',
      },
    );
    expect(release(shapeOf(changed), attachment)).toEqual({
      handler: 'index.new',
      layers: [teamLayer, `${teamLayer}0`],
      variables: { TREND_AP_LOG_FILE: '/tmp/mine', STAGE: 'prod' },
    });
  });

  it('gives back an older layer of the agent’s that the team had put on itself, also after a repair', () => {
    const before = snapshotOf({ layers: [vendorLayer('nodejs14_x', 2), teamLayer] });
    const first = looked(before);
    const second = looked(withVariables(first.snapshot, { TREND_AP_HTTP_TIMEOUT: '9' }), first.attachment);
    expect(release(shapeOf(second.snapshot), second.attachment).layers).toEqual(before.layers);
  });

  it('gives back the team’s latest value of a variable that a repair overwrote', () => {
    const first = looked(snapshotOf());
    const second = looked(withVariables(first.snapshot, { TREND_AP_CACHE_DIR: '/mnt/cache' }), first.attachment);
    expect(shapeOf(second.snapshot).variables['TREND_AP_CACHE_DIR']).toBe('/tmp/trend_cache');
    expect(release(shapeOf(second.snapshot), second.attachment).variables).toEqual({
      TREND_AP_CACHE_DIR: '/mnt/cache',
    });
  });
});

describe('attaching', () => {
  it('keeps our layer where it is, and takes another variant’s off', () => {
    const { snapshot } = looked(
      snapshotOf({ layers: [vendorLayer('nodejs12_x'), teamLayer, vendorLayer('nodejs14_x')] }),
    );
    expect(snapshot.layers).toEqual([teamLayer, vendorLayer('nodejs14_x')]);
  });
});
