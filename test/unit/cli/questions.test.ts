import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { WrongUse } from '../../../src/cli/exit-code.ts';
import { askPerson, readAnswer } from '../../../src/cli/questions.ts';

describe('an answer', () => {
  const choices = ['account', 'organization', 'any'];

  it.each([
    ['the beginning of a choice', { choices }, 'o', { answer: 'organization' }],
    ['a choice in capitals', { choices }, 'ORG', { answer: 'organization' }],
    ['the beginning of two', { choices }, 'a', { wrong: 'One of: account, organization, any.' }],
    ['nothing, without a fallback', { choices }, '', { wrong: 'One of: account, organization, any.' }],
    ['nothing, with one', { choices, fallback: 'account' }, '', { answer: 'account' }],
    ['nothing, with a suggestion', { fallback: 'no', suggestion: 'yes' }, '', { answer: 'yes' }],
    [
      'what a check refuses',
      { check: (answer: string) => (answer === 'x' ? 'No x.' : undefined) },
      'x',
      { wrong: 'No x.' },
    ],
    ['anything else', {}, 'x', { answer: 'x' }],
  ])('that is %s', (_, question, given, reading) => {
    expect(readAnswer({ text: 'Which?', ...question }, given)).toEqual(reading);
  });
});

describe('a person at the terminal', () => {
  function open() {
    const [input, output] = [new PassThrough(), new PassThrough()];
    let shown = '';
    output.on('data', (chunk) => {
      shown += String(chunk);
    });
    return { input, shown: () => shown, asker: askPerson(input, output, 'nothing was written') };
  }

  it('is asked again until the answer can be used', async () => {
    const { input, shown, asker } = open();
    const answer = asker.ask({ text: 'Mode', choices: ['audit', 'enforce'], fallback: 'audit' });
    input.write('x\n');
    input.write(' enf \n');
    expect(await answer).toBe('enforce');
    expect(shown()).toBe('Mode (audit, enforce) [audit]:   One of: audit, enforce.\nMode (audit, enforce) [audit]: ');
    asker.close();
  });

  it('may type ahead', async () => {
    const { input, asker } = open();
    input.write('one\ntwo\n');
    expect([await asker.ask({ text: 'A' }), await asker.ask({ text: 'B' })]).toEqual(['one', 'two']);
    asker.close();
  });

  it('may end it at any time', async () => {
    const { input, asker } = open();
    const answer = asker.ask({ text: 'A' });
    input.end();
    await expect(answer).rejects.toThrow(new WrongUse('nothing was written'));
    await expect(asker.ask({ text: 'B' })).rejects.toThrow('nothing was written');
  });
});
