import { describe, expect, it } from 'vitest';
import { alertSubject, alertText, driftText, whoText } from '../../../src/domain/alert-text.ts';
import { outcomeOf } from '../../fixtures/outcome.ts';

const quiet = { drift: [], action: 'none', durationMs: 900 } as const;

describe('the text of an alert', () => {
  it('says what was taken off by whom, and that it was put back', () => {
    expect(alertText(outcomeOf())).toMatchInlineSnapshot(`
      "Function: orders
      Where:    account 111122223333, us-east-1
      What:     protection removed and put back
      Drift:    layer-missing at Layers (should be arn:aws:lambda:us-east-1:800880067056:layer:CloudOne-ApplicationSecurity-python:1)
      Drift:    wrapper-stale at Environment.Variables.AWS_LAMBDA_EXEC_WRAPPER (should be /opt/a, was /opt/b)
      Who:      mallory (IAMUser from 203.0.113.7)
      By:       UpdateFunctionConfiguration at 2026-11-23T11:59:58.000Z (event 5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69)
      Done:     put back and verified, 3.5 s after the event
      To do:    Nothing has to be done now. To end it at its source, keep the layer and variables in the code that deploys the function, or take the opt-in tag off.
      ARN:      arn:aws:lambda:us-east-1:111122223333:function:orders"
    `);
  });

  it('says what stands in the way, and what to do', () => {
    const detail = 'AWS_LAMBDA_EXEC_WRAPPER is /opt/other, and a function can have one wrapper only';
    expect(
      alertText(outcomeOf({ ...quiet, status: 'blocked', reason: 'foreign-wrapper', detail })),
    ).toMatchInlineSnapshot(`
      "Function: orders
      Where:    account 111122223333, us-east-1
      What:     not protected (foreign-wrapper): AWS_LAMBDA_EXEC_WRAPPER is /opt/other, and a function can have one wrapper only
      Who:      mallory (IAMUser from 203.0.113.7)
      By:       UpdateFunctionConfiguration at 2026-11-23T11:59:58.000Z (event 5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69)
      Done:     nothing
      To do:    Take the other tool’s AWS_LAMBDA_EXEC_WRAPPER off, or take the opt-in tag off.
      ARN:      arn:aws:lambda:us-east-1:111122223333:function:orders"
    `);
  });

  it('has no line but its own, whatever a team, an actor or AWS has written', () => {
    const forged = 'x\nDone:     put back and verified\u2028\u202e\u001b[2J\r\n';
    const outcome = outcomeOf({
      status: 'blocked',
      reason: 'foreign-wrapper',
      detail: forged,
      drift: [{ code: 'wrapper-stale', path: forged, expected: forged, actual: forged }],
      cause: {
        eventId: forged,
        eventName: forged,
        eventTime: forged,
        actor: { type: forged, name: forged, invokedBy: forged, sourceIpAddress: forged },
      },
      action: 'none',
    });
    const labels = alertText(outcome)
      .split(/[\n\r\u2028\u2029]/)
      .map((line) => line.split(':')[0]);
    expect(labels).toEqual(['Function', 'Where', 'What', 'Drift', 'Who', 'By', 'Done', 'To do', 'ARN']);
    expect(alertSubject(outcomeOf({ functionArn: forged }))).toMatch(/^[ -~]{1,100}$/);
  });

  it('says who undoes it each time', () => {
    const detail = 'it was put right 5 times within 60 minutes, and undone each time';
    expect(
      alertText(outcomeOf({ action: 'none', status: 'contested', reason: 'flapping', detail })),
    ).toMatchInlineSnapshot(`
      "Function: orders
      Where:    account 111122223333, us-east-1
      What:     contested, left alone: it was put right 5 times within 60 minutes, and undone each time
      Drift:    layer-missing at Layers (should be arn:aws:lambda:us-east-1:800880067056:layer:CloudOne-ApplicationSecurity-python:1)
      Drift:    wrapper-stale at Environment.Variables.AWS_LAMBDA_EXEC_WRAPPER (should be /opt/a, was /opt/b)
      Who:      mallory (IAMUser from 203.0.113.7)
      By:       UpdateFunctionConfiguration at 2026-11-23T11:59:58.000Z (event 5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69)
      Done:     nothing
      To do:    Somebody’s tool undoes the protection each time: keep it in that tool’s code, or take the opt-in tag off.
      ARN:      arn:aws:lambda:us-east-1:111122223333:function:orders"
    `);
  });

  it('says what drifted, and that audit mode changes nothing', () => {
    expect(
      alertText(outcomeOf({ status: 'drifted', reason: 'layer-missing', action: 'reported' })),
    ).toMatchInlineSnapshot(`
      "Function: orders
      Where:    account 111122223333, us-east-1
      What:     drift seen (layer-missing)
      Drift:    layer-missing at Layers (should be arn:aws:lambda:us-east-1:800880067056:layer:CloudOne-ApplicationSecurity-python:1)
      Drift:    wrapper-stale at Environment.Variables.AWS_LAMBDA_EXEC_WRAPPER (should be /opt/a, was /opt/b)
      Who:      mallory (IAMUser from 203.0.113.7)
      By:       UpdateFunctionConfiguration at 2026-11-23T11:59:58.000Z (event 5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69)
      Done:     nothing: the mode is audit
      To do:    The mode is audit, so nothing was changed; set it to enforce in the policy to have it put right.
      ARN:      arn:aws:lambda:us-east-1:111122223333:function:orders"
    `);
  });

  it('says what would be released', () => {
    const detail = 'its opt-in tag was taken off';
    expect(
      alertText(outcomeOf({ ...quiet, status: 'release', reason: 'opted-out', action: 'reported', detail })),
    ).toMatchInlineSnapshot(`
      "Function: orders
      Where:    account 111122223333, us-east-1
      What:     to be released (opted-out): its opt-in tag was taken off
      Who:      mallory (IAMUser from 203.0.113.7)
      By:       UpdateFunctionConfiguration at 2026-11-23T11:59:58.000Z (event 5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69)
      Done:     nothing: the mode is audit
      To do:    The mode is audit, so nothing was changed; set it to enforce in the policy to have it put right.
      ARN:      arn:aws:lambda:us-east-1:111122223333:function:orders"
    `);
  });

  it('says what was released, and that nothing protects it any more', () => {
    const detail = 'it was moved to python3.9, on which the agent does not run';
    expect(
      alertText(outcomeOf({ ...quiet, status: 'released', reason: 'runtime', action: 'released', detail })),
    ).toMatchInlineSnapshot(`
      "Function: orders
      Where:    account 111122223333, us-east-1
      What:     released (runtime): it was moved to python3.9, on which the agent does not run
      Who:      mallory (IAMUser from 203.0.113.7)
      By:       UpdateFunctionConfiguration at 2026-11-23T11:59:58.000Z (event 5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69)
      Done:     taken off and verified, 0.9 s after the event
      To do:    Nothing protects the function. Use a runtime that the agent supports, or another agent.
      ARN:      arn:aws:lambda:us-east-1:111122223333:function:orders"
    `);
  });

  it('says where the agent can’t run', () => {
    const detail = 'container images can’t have layers';
    expect(
      alertText(outcomeOf({ ...quiet, status: 'unsupported', reason: 'container-image', detail })),
    ).toMatchInlineSnapshot(`
      "Function: orders
      Where:    account 111122223333, us-east-1
      What:     cannot be protected (container-image): container images can’t have layers
      Who:      mallory (IAMUser from 203.0.113.7)
      By:       UpdateFunctionConfiguration at 2026-11-23T11:59:58.000Z (event 5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69)
      Done:     nothing
      To do:    Build the agent into the image; layers can’t be attached to it.
      ARN:      arn:aws:lambda:us-east-1:111122223333:function:orders"
    `);
  });

  it('says that a function is gone', () => {
    const { agent: _, variant: __, group: ___, ...gone } = outcomeOf({ ...quiet, status: 'deleted' });
    expect(alertText(gone)).toMatchInlineSnapshot(`
      "Function: orders
      Where:    account 111122223333, us-east-1
      What:     deleted
      Who:      mallory (IAMUser from 203.0.113.7)
      By:       UpdateFunctionConfiguration at 2026-11-23T11:59:58.000Z (event 5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69)
      Done:     nothing
      To do:    Nothing has to be done.
      ARN:      arn:aws:lambda:us-east-1:111122223333:function:orders"
    `);
  });

  it('says what was attached', () => {
    expect(alertText(outcomeOf({ action: 'attached', drift: [] }))).toMatchInlineSnapshot(`
      "Function: orders
      Where:    account 111122223333, us-east-1
      What:     protected
      Who:      mallory (IAMUser from 203.0.113.7)
      By:       UpdateFunctionConfiguration at 2026-11-23T11:59:58.000Z (event 5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69)
      Done:     attached and verified, 3.5 s after the event
      To do:    Nothing has to be done.
      ARN:      arn:aws:lambda:us-east-1:111122223333:function:orders"
    `);
  });

  it('says what it can of a function whose ARN is none, changed by nobody knows whom', () => {
    const { actor: _, ...cause } = outcomeOf().cause;
    expect(alertText(outcomeOf({ functionArn: 'orders', cause, drift: [], action: 'sent' }))).toMatchInlineSnapshot(`
      "Function: orders
      Where:    unknown
      What:     protected
      Who:      can’t be told from the event
      By:       UpdateFunctionConfiguration at 2026-11-23T11:59:58.000Z (event 5f6c1d2e-8b3a-4f7d-a9c4-1e2d3c4b5a69)
      Done:     an update was sent and is being verified
      To do:    Nothing has to be done.
      ARN:      orders"
    `);
  });
});

describe('the subject of an alert', () => {
  it.each([
    [outcomeOf(), 'Layerward: protection removed and put back: orders'],
    [outcomeOf({ action: 'updated' }), 'Layerward: protected: orders'],
    [outcomeOf({ status: 'drifted', reason: 'layer-missing' }), 'Layerward: drift seen (layer-missing): orders'],
    [outcomeOf({ status: 'blocked', reason: 'layer-limit' }), 'Layerward: not protected (layer-limit): orders'],
    [outcomeOf({ status: 'contested', reason: 'flapping' }), 'Layerward: contested, left alone: orders'],
    [outcomeOf({ status: 'unsupported', reason: 'region' }), 'Layerward: cannot be protected (region): orders'],
    [outcomeOf({ status: 'release', reason: 'opted-out' }), 'Layerward: to be released (opted-out): orders'],
    [outcomeOf({ status: 'released', reason: 'opted-out' }), 'Layerward: released (opted-out): orders'],
    [outcomeOf({ status: 'deleted' }), 'Layerward: deleted: orders'],
  ])('%#: %s', (outcome, subject) => {
    expect(alertSubject(outcome)).toBe(subject);
  });

  it('is what SNS takes: at most 100 characters, printable ASCII, one line', () => {
    const name = 'a'.repeat(140);
    const long = alertSubject(outcomeOf({ functionArn: `arn:aws:lambda:us-east-1:111122223333:function:${name}` }));
    expect(long).toMatch(/^[\x20-\x7e]{97}\.\.\.$/);
    expect(alertSubject(outcomeOf({ functionArn: 'ördérs\n\u{1f600}' }))).toBe(
      'Layerward: protection removed and put back: ?rd?rs???',
    );
  });
});

describe('the words of a drift', () => {
  it.each([
    [
      { code: 'variable-missing', path: 'Environment.Variables.A' } as const,
      'variable-missing at Environment.Variables.A',
    ],
    [{ code: 'wrapper-stale', path: 'p', actual: 'b' } as const, 'wrapper-stale at p (was b)'],
    [
      { code: 'wrapper-stale', path: 'p', expected: 'a', actual: 'b' } as const,
      'wrapper-stale at p (should be a, was b)',
    ],
  ])('%o', (drift, text) => {
    expect(driftText(drift)).toBe(text);
  });
});

describe('the words for somebody', () => {
  it.each([
    [undefined, 'can’t be told from the event'],
    [{ type: 'IAMUser', name: 'alice' }, 'alice (IAMUser)'],
    [
      {
        type: 'AssumedRole',
        name: 'deploy/bob',
        invokedBy: 'cloudformation.amazonaws.com',
        sourceIpAddress: 'cloudformation.amazonaws.com',
      },
      'deploy/bob (AssumedRole through cloudformation.amazonaws.com)',
    ],
    [
      { type: 'AWSService', name: 'autoscaling.amazonaws.com', invokedBy: 'autoscaling.amazonaws.com' },
      'autoscaling.amazonaws.com (AWSService)',
    ],
  ])('%o', (actor, text) => {
    expect(whoText(actor)).toBe(text);
  });
});
