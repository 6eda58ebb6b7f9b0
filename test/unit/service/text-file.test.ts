import { describe, expect, it } from 'vitest';
import { InvalidInput } from '../../../src/domain/errors.ts';
import { decodeText } from '../../../src/service/text-file.ts';

describe('a file of text', () => {
  it('is read as UTF-8, without the mark of its byte order', () => {
    expect(decodeText(Buffer.from('\ufeffgröße'), 'policy.yaml')).toBe('größe');
  });

  it.each([
    ['a byte that is no UTF-8', Buffer.from([0x6f, 0x6e, 0xff]), 'policy.yaml is not UTF-8: save it as UTF-8'],
    ['a letter that is cut off', Buffer.from('ö').subarray(0, 1), 'policy.yaml is not UTF-8: save it as UTF-8'],
    ['half a character', Buffer.from([0xed, 0xa0, 0xbd]), 'policy.yaml is not UTF-8: save it as UTF-8'],
    ['UTF-16', Buffer.from('\ufeffversion: 1', 'utf16le'), 'policy.yaml is UTF-16: save it as UTF-8'],
    ['UTF-16, the other way round', Buffer.from([0xfe, 0xff, 0, 0x61]), 'policy.yaml is UTF-16: save it as UTF-8'],
  ])('is refused with %s', (_, content, words) => {
    expect(() => decodeText(content, 'policy.yaml')).toThrow(new InvalidInput(words));
  });
});
