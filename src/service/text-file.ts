import { InvalidInput } from '../domain/errors.ts';

/**
 * A file's content as text, without the mark of its byte order.
 * @throws {InvalidInput} where it is not UTF-8: what took the place of a broken letter would be taken for a letter.
 */
export function decodeText(content: Uint8Array, fileName: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (error) {
    const [first, second] = content;
    const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
    throw new InvalidInput(`${fileName} is ${isUtf16 ? 'UTF-16' : 'not UTF-8'}: save it as UTF-8`, { cause: error });
  }
}
