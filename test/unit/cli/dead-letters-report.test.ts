import { describe, expect, it } from 'vitest';
import {
  deadLettersReport,
  describeLetter,
  type LetterContent,
  type LetterErrors,
  renderDeadLetters,
} from '../../../src/cli/dead-letters-report.ts';
import * as trail from '../../fixtures/cloudtrail.ts';
import { policyOf } from '../../fixtures/situation.ts';

const changed = JSON.stringify(trail.eventBridgeEvent(trail.updateConfigurationRecord({})));
const letterOf = (changes: Partial<LetterContent> = {}): LetterContent => ({
  messageId: '3f1c9a2e-0000-4000-8000-000000000001',
  body: changed,
  sentAt: '2026-11-26T12:00:00.000Z',
  received: 7,
  ...changes,
});
const nothing: LetterErrors = { logged: new Map() };
const describeOf = (content: LetterContent, errors = nothing, ownRoleArns: readonly string[] = []) =>
  describeLetter(content, errors, ownRoleArns, policyOf());

describe('a letter', () => {
  it.each([
    ['access-denied', /^Grant what the message names \(docs\/security\.md\)/],
    ['account-unknown', /docs\/operations\.md#an-account-is-unknown/],
    ['invalid-input', /docs\/operations\.md#the-table-is-lost/],
    ['policy-unusable', /docs\/operations\.md#the-policy-is-unusable/],
    ['service-unavailable', /^Once AWS answers again/],
    ['still-waiting', /layerward explain/],
    ['unexpected', /A fault of Layerward’s/],
    ['throttled', /^It passes by itself/],
  ])('of which the log says %s comes with what to do', (code, advice) => {
    const logged = new Map([
      [letterOf().messageId, { code, message: 'words of the log', at: '2026-11-26T12:30:00.000Z' }],
    ]);
    expect(describeOf(letterOf(), { logged })).toMatchObject({
      givenUpBy: 'queue',
      code,
      why: 'words of the log',
      failedAt: '2026-11-26T12:30:00.000Z',
      advice: expect.stringMatching(advice),
    });
  });

  it('of which the log says nothing may have crashed the function', () => {
    const described = describeOf(letterOf());
    expect(described).toMatchObject({ code: 'unknown', received: 7 });
    expect(described.why).toMatch(/the log has no error of it: the function may have crashed/);
    expect(described.advice).toMatch(/docs\/operations\.md#the-function-fails/);
  });

  it('that EventBridge left has EventBridge’s words', () => {
    const delivery = { code: 'NO_PERMISSIONS', message: 'not for you' };
    expect(describeOf(letterOf({ delivery }))).toMatchObject({
      givenUpBy: 'rule',
      code: 'not-delivered',
      why: 'EventBridge could not put it on the queue: NO_PERMISSIONS: not for you',
    });
  });

  it('of which nothing would come is of no use any more', () => {
    const role = 'arn:aws:iam::111122223333:role/layerward-remediate';
    const own = trail.updateConfigurationRecord(
      {},
      { userIdentity: trail.assumedRole('layerward-remediate', 'layerward-remediate') },
    );
    const body = JSON.stringify(trail.eventBridgeEvent(own));
    expect(describeOf(letterOf({ body }), nothing, [role])).toMatchObject({
      verdict: 'dropped',
      advice: 'No look would come of it: layerward dead-letters drop.',
    });
  });

  it('that is no event shows nothing of what is in it', () => {
    const described = describeOf(letterOf({ body: 'planted-password' }));
    expect(described).toMatchObject({ code: 'unreadable', verdict: 'malformed' });
    expect(JSON.stringify(described)).not.toContain('planted-password');
  });
});

describe('letters for people', () => {
  const message = (name: string) => `reading function ${name} failed: AccessDeniedException: not you`;
  const letters = ['orders', 'payments', 'invoices'].map((name, index) => {
    const messageId = `${index}f1c9a2e-0000-4000-8000-000000000001`;
    const logged = new Map([
      [messageId, { code: 'access-denied', message: message(name), at: `2026-11-26T12:3${index}:00.000Z` }],
    ]);
    return describeOf(letterOf({ messageId }), { logged });
  });

  it('are told once for each cause, in the words of the latest, with what to do', () => {
    const text = renderDeadLetters(deadLettersReport.parse({ total: 3, hidden: 0, letters }));
    expect(text.replaceAll(/\n\s*/g, ' ')).toContain(`access-denied: ${message('invoices')} (and 2 more like it)`);
    expect(text.match(/→ Grant/g)).toHaveLength(1);
    expect(text).not.toContain(message('orders'));
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('do not write to the terminal', () => {
    const evil = `${String.fromCharCode(27)}[31mred`;
    const delivery = { code: 'NO_PERMISSIONS', message: evil };
    const text = renderDeadLetters({ total: 1, hidden: 0, letters: [describeOf(letterOf({ delivery }))] });
    expect(text).toContain('\ufffd[31mred');
  });

  it('that are not all shown, or that somebody else reads, are counted', () => {
    const text = renderDeadLetters({ total: 5, hidden: 2, letters });
    expect(text).toContain('… and about 2 more: --limit 5 shows them all.');
    expect(text).toMatch(/Somebody else reads 2 of them at the moment/);
  });
});
