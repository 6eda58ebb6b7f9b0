import { describe, expect, it } from 'vitest';
import { tagTrouble } from '../../../src/domain/tag-text.ts';

describe('a tag as somebody wrote it', () => {
  it.each(['layerward:protect', 'on', '', 'Kosten Stelle 7', 'größe', 'защита', 'προστασία', '保護'])(
    'may be %j',
    (text) => {
      expect(tagTrouble(text)).toBeUndefined();
    },
  );

  it.each([
    ['a Cyrillic letter among Latin ones', 'l\u0430yerward:protect', /another alphabet/],
    ['a Greek letter among Latin ones', '\u03bfn', /another alphabet/],
    ['a space at its end', 'on ', /not the same as "on"/],
    ['a no-break space at its end', 'layerward:protect\u00a0', /not the same as "layerward:protect"/],
    ['letters of full width', '\uff4fn', /not the same as "on"/],
    ['mathematical letters', '\u{1d428}n', /not the same as "on"/],
    ['a letter taken to pieces', 'gro\u0308\u00dfe', /AWS takes only letters/],
    ['a character that nobody sees', 'on\u200b', /AWS takes only letters/],
    ['a turn of the writing direction', '\u202eno', /AWS takes only letters/],
    ['a NUL', 'on\0', /AWS takes only letters/],
    ['what took the place of a broken letter', 'on\ufffd', /AWS takes only letters/],
    ['half a character', 'on\ud83d', /AWS takes only letters/],
  ])('is most likely a mistake with %s', (_, text, words) => {
    expect(tagTrouble(text)).toMatch(words);
  });
});
