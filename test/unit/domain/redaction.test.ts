import { describe, expect, it } from 'vitest';
import { withoutValues } from '../../../src/domain/redaction.ts';

describe('a text of AWS’s', () => {
  it('loses each value of a variable, wherever it stands in it', () => {
    expect(withoutValues('abc is not valid: abc, def', ['abc', 'def'])).toBe('*** is not valid: ***, ***');
  });

  it('keeps values of one or two characters, which are in every sentence by chance', () => {
    expect(withoutValues('it is on', ['o', 'on', 'is'])).toBe('it is on');
    expect(withoutValues('one on', ['one'])).toBe('*** on');
  });

  it.each([
    ['first', ['secret', 'secret-and-more']],
    ['last', ['secret-and-more', 'secret']],
  ])('keeps nothing of a value that begins with another, which is named %s', (_, values) => {
    expect(withoutValues('what is secret-and-more?', values)).toBe('what is ***?');
  });

  it('takes values for what they are, not for patterns', () => {
    expect(withoutValues('a.c abc $& x', ['a.c', '$& x'])).toBe('*** abc ***');
  });

  it('stays as it is where it holds none of them', () => {
    expect(withoutValues('Throttled', new Set(['planted']))).toBe('Throttled');
  });
});
