import { describe, expect, it } from 'vitest';
import { type Attachment, type Shape, shapeOf } from '../../../src/domain/attachment.ts';
import { decide } from '../../../src/domain/decide.ts';
import { release, withEntryPoints } from '../../../src/domain/release.ts';
import type { Snapshot } from '../../../src/domain/snapshot.ts';
import { type AttachmentChanges, acmeGuard, acmeLayer, attachmentOf } from '../../fixtures/acme-guard.ts';
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

const ours = acmeLayer(3);

const shape = (changes: Partial<Shape> = {}): Shape => ({
  handler: 'index.handler',
  layers: [ours],
  variables: { ACME_MODE: 'block', ACME_KEY: 'planted-key' },
  ...changes,
});
const released = (current: Partial<Shape>, changes?: AttachmentChanges) =>
  release(shape(current), attachmentOf(changes));

describe('the Handler after a release', () => {
  const redirected = {
    applied: { handler: 'acme.handler', handlerVariable: 'ACME_HANDLER', variables: { ACME_HANDLER: 'app.recorded' } },
    before: { handler: 'app.before' },
  };
  const kept = (ACME_HANDLER: string) => ({ handler: 'acme.handler', variables: { ACME_HANDLER } });

  it.each<[string, Partial<Shape>, AttachmentChanges, string | undefined]>([
    ['the team’s own, where it was left alone', {}, {}, 'index.handler'],
    ['the team’s own, where the record knows none', {}, { applied: {} }, 'index.handler'],
    ['the team’s new one', { handler: 'app.new' }, redirected, 'app.new'],
    ['what the variable of the agent keeps', kept('app.kept'), redirected, 'app.kept'],
    ['what the record put there, where that is empty', kept(''), redirected, 'app.recorded'],
    ['what the record put there, where that points to itself', kept('acme.handler'), redirected, 'app.recorded'],
    ['what the record put there, where that is gone', { handler: 'acme.handler' }, redirected, 'app.recorded'],
    [
      'what was there before, where nothing was kept',
      { handler: 'acme.handler' },
      { ...redirected, applied: { ...redirected.applied, variables: {} } },
      'app.before',
    ],
    [
      'the agent’s, where the team had put it itself',
      kept('app.kept'),
      { ...redirected, before: { handler: 'acme.handler' } },
      'acme.handler',
    ],
    ['what was there before, where we gave one', {}, { before: { handler: 'app.before' } }, 'app.before'],
  ])('is %s', (_, current, changes, handler) => {
    expect(released(current, changes).handler).toBe(handler);
  });

  it('is left alone where the record does not say what we left there', () => {
    const { handler: _, ...applied } = attachmentOf().applied;
    const attachment = { ...attachmentOf({ before: { handler: 'app.before' } }), applied };
    expect(release(shape({ handler: 'app.new' }), attachment).handler).toBe('app.new');
    expect(release(shape({ handler: undefined }), attachment).handler).toBeUndefined();
  });
});

describe('the layers after a release', () => {
  const [one, two] = [`${teamLayer}1`, `${teamLayer}2`];
  const hadBefore = (...layers: Attachment['before']['layers']) => ({ before: { layers } });

  it('are the team’s, in their order', () => {
    expect(released({ layers: [one, ours, two] }).layers).toStrictEqual([one, two]);
    expect(released({ layers: [ours] }).layers).toStrictEqual([]);
  });

  it('have no other version of ours either', () => {
    expect(released({ layers: [acmeLayer(2), one, ours] }).layers).toStrictEqual([one]);
  });

  it('are as they are where the team took ours off, or put another version in its place', () => {
    const had = hadBefore({ arn: acmeLayer(1), ahead: 0 });
    expect(released({ layers: [one, two] }, had).layers).toStrictEqual([one, two]);
    expect(released({ layers: [acmeLayer(2), one] }, had).layers).toStrictEqual([acmeLayer(2), one]);
  });

  it('have the team’s own of the agent’s back in their places', () => {
    const had = hadBefore({ arn: acmeLayer(1), ahead: 0 }, { arn: 'x', ahead: 1 }, { arn: 'y', ahead: 2 });
    expect(released({ layers: [one, ours, two] }, had).layers).toStrictEqual([acmeLayer(1), one, 'x', two, 'y']);
  });

  it('have them at the end where fewer of the team’s are left', () => {
    expect(
      released({ layers: [ours] }, hadBefore({ arn: acmeLayer(1), ahead: 3 }, { arn: 'x', ahead: 4 })).layers,
    ).toStrictEqual([acmeLayer(1), 'x']);
    expect(released({ layers: [one, ours] }, hadBefore({ arn: acmeLayer(1), ahead: 3 })).layers).toStrictEqual([
      one,
      acmeLayer(1),
    ]);
  });

  it('have none of them twice', () => {
    expect(released({ layers: [one, 'x', ours] }, hadBefore({ arn: 'x', ahead: 0 })).layers).toStrictEqual([one, 'x']);
  });

  it('keep what is no ARN of a layer', () => {
    expect(released({ layers: ['x', ours] }).layers).toStrictEqual(['x']);
    expect(released({ layers: ['x', 'ours', one] }, { applied: { layerArn: 'ours' } }).layers).toStrictEqual([
      'x',
      'ours',
      one,
    ]);
  });
});

describe('the variables after a release', () => {
  it('are the team’s, without ours and without credentials', () => {
    const variables = { STAGE: 'prod', ACME_MODE: 'block', ACME_KEY: 'planted-key' };
    expect(released({ variables }).variables).toStrictEqual({ STAGE: 'prod' });
  });

  it('have the team’s values from before back', () => {
    const before = { variables: { ACME_MODE: 'watch', ACME_SKIP: 'all' } };
    expect(released({}, { before }).variables).toStrictEqual({ ACME_MODE: 'watch', ACME_SKIP: 'all' });
  });

  it('keep what the team set since', () => {
    const before = { variables: { ACME_MODE: 'watch', ACME_SKIP: 'all' } };
    const variables = { ACME_MODE: 'later', ACME_SKIP: 'none' };
    expect(released({ variables }, { before }).variables).toStrictEqual(variables);
  });

  it('have nothing back in the place of ours that the team took off', () => {
    expect(released({ variables: {} }, { before: { variables: { ACME_MODE: 'watch' } } }).variables).toStrictEqual({});
  });

  it('have the variable that keeps the Handler as it was before, wherever it points by now', () => {
    const applied = { handler: 'acme.handler', handlerVariable: 'ACME_HANDLER', variables: { ACME_HANDLER: 'app.a' } };
    expect(released({ variables: { ACME_HANDLER: 'app.b' } }, { applied }).variables).toStrictEqual({});
    const before = { variables: { ACME_HANDLER: 'own' } };
    expect(released({ variables: { ACME_HANDLER: 'app.b' } }, { applied, before }).variables).toStrictEqual({
      ACME_HANDLER: 'own',
    });
    expect(released({ variables: {} }, { applied, before }).variables).toStrictEqual({});
  });
});

describe('what leads into the layer', () => {
  const start = '/opt/acme/start';
  const led = (current: Partial<Shape>, changes?: AttachmentChanges) =>
    withEntryPoints(attachmentOf(changes), acmeGuard(), shape(current));

  it('is a wrapper of the agent’s that the record does not know', () => {
    expect(led({ variables: { AWS_LAMBDA_EXEC_WRAPPER: start } })).toStrictEqual(
      attachmentOf({ applied: { variables: { ACME_MODE: 'block', AWS_LAMBDA_EXEC_WRAPPER: start } } }),
    );
  });

  it('is a redirected Handler that the record does not know, and the variable that keeps the original', () => {
    const redirected = { handler: 'acme.handler', handlerVariable: 'ACME_HANDLER' };
    const applied = (ACME_HANDLER: string) => ({ ...redirected, variables: { ACME_MODE: 'block', ACME_HANDLER } });
    expect(led({ handler: 'acme.handler', variables: { ACME_HANDLER: 'app.kept' } })).toStrictEqual(
      attachmentOf({ applied: applied('app.kept') }),
    );
    expect(led({ handler: 'acme.handler' })).toStrictEqual(attachmentOf({ applied: applied('') }));
    const known = { applied: { variables: { ACME_MODE: 'block', ACME_HANDLER: 'app.known' } } };
    expect(led({ handler: 'acme.handler', variables: { ACME_HANDLER: 'app.kept' } }, known)).toStrictEqual(
      attachmentOf({ applied: applied('app.known') }),
    );
  });

  it('is neither another tool’s wrapper nor the team’s Handler', () => {
    expect(led({ variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/other' } })).toStrictEqual(attachmentOf());
  });

  it('may stay where the team’s own layer of the agent’s stays', () => {
    const own = { before: { layers: [{ arn: ours, ahead: 0 }] } };
    expect(led({ handler: 'acme.handler', variables: { AWS_LAMBDA_EXEC_WRAPPER: start } }, own)).toStrictEqual(
      attachmentOf(own),
    );
  });
});
