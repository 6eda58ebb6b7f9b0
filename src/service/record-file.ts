import { gunzipSync } from 'node:zlib';
import { InvalidInput } from '../domain/errors.ts';
import { decodeText } from './text-file.ts';

/** The largest file that is unpacked; CloudTrail's own files are a few megabytes. */
const largestFile = 256 * 1024 * 1024;

/**
 * The records of a file: one CloudTrail record, a list of them, CloudTrail's `{"Records": []}`, an EventBridge event, a
 * batch of SQS messages, or one of these on each line; gzipped or not.
 * @throws {InvalidInput} where it is none of these.
 */
export function readRecordFile(content: Buffer, fileName: string): unknown[] {
  const text = decodeText(unpack(content, fileName), fileName);
  if (text.trim() === '') throw new InvalidInput(`${fileName} is empty`);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return readLines(text, fileName, error);
  }
  return recordsIn(document);
}

function unpack(content: Buffer, fileName: string): Buffer {
  if (content[0] !== 0x1f || content[1] !== 0x8b) return content;
  try {
    return gunzipSync(content, { maxOutputLength: largestFile });
  } catch (error) {
    throw new InvalidInput(`${fileName} is gzipped and can't be unpacked: ${messageOf(error)}`, { cause: error });
  }
}

function readLines(text: string, fileName: string, whole: unknown): unknown[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    try {
      return recordsIn(JSON.parse(line));
    } catch (error) {
      // One broken document, not many of them.
      if (index === 0) throw new InvalidInput(`${fileName} is not JSON: ${withoutQuotation(messageOf(whole))}`);
      throw new InvalidInput(`${fileName}: line ${index + 1} is not JSON: ${withoutQuotation(messageOf(error))}`);
    }
  });
}

/** Lists of lists are gone through as deep as anybody makes them; what is deeper is no record, and is told so. */
const deepestList = 8;

function recordsIn(document: unknown, depth = 0): unknown[] {
  if (Array.isArray(document) && depth < deepestList) return document.flatMap((one) => recordsIn(one, depth + 1));
  const records = typeof document === 'object' && document !== null ? Reflect.get(document, 'Records') : undefined;
  return Array.isArray(records) ? records : [document];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The parser's words, which quote some of the file (`Unexpected token 'k', "key: abc" is not valid JSON`), without that. */
function withoutQuotation(words: string): string {
  return words.replace(/,? *(\.\.\.)?".*" *(\.\.\.)?is not valid JSON$/s, '') || 'it is another form of text';
}
