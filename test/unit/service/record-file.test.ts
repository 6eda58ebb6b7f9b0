import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { InvalidInput } from '../../../src/domain/errors.ts';
import { readRecordFile } from '../../../src/service/record-file.ts';
import * as trail from '../../fixtures/cloudtrail.ts';

const record = trail.createFunctionRecord();
const other = trail.deleteFunctionRecord();
const event = trail.eventBridgeEvent(record);
const message = { messageId: 'one', body: JSON.stringify(event) };
const read = (text: string) => readRecordFile(Buffer.from(text), 'trail.json');

describe('a file of records', () => {
  const both = [record, other];
  const forms: [string, string, unknown[]][] = [
    ['one record', JSON.stringify(record), [record]],
    ['one record over many lines', JSON.stringify(record, undefined, 2), [record]],
    ['a list', JSON.stringify(both), both],
    ['a list of lists', JSON.stringify([[record], [other]]), both],
    ['CloudTrail’s own form', JSON.stringify({ Records: both }), both],
    ['several of CloudTrail’s own form', JSON.stringify([{ Records: [record] }, { Records: [other] }]), both],
    ['an EventBridge event', JSON.stringify(event), [event]],
    ['a batch of the queue', JSON.stringify({ Records: [message] }), [message]],
    ['a record on each line', both.map((each) => JSON.stringify(each)).join('\n'), both],
    [
      'any of these on each line',
      `${JSON.stringify({ Records: both })}\n\n${JSON.stringify(event)}\n`,
      [...both, event],
    ],
    ['lines that Windows ended', both.map((each) => JSON.stringify(each)).join('\r\n'), both],
    ['no records', JSON.stringify({ Records: [] }), []],
    ['an empty list', '[]', []],
    ['what is no record at all', '7', [7]],
  ];

  it.each(forms)('may hold %s', (_, text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it.each(forms)('may hold %s, gzipped', (_, text, expected) => {
    expect(readRecordFile(gzipSync(text), 'trail.json.gz')).toEqual(expected);
  });

  it('may begin with the mark of its byte order', () => {
    expect(read(`\uFEFF${JSON.stringify(record)}`)).toEqual([record]);
  });
});

describe('a file of lists in lists without end', () => {
  it('is read, and what is no record is left as it is', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(read(deep)).toHaveLength(1);
    expect(read(`[${JSON.stringify(record)}, ${deep}]`)[0]).toEqual(record);
  });
});

describe('a file that can’t be read', () => {
  it.each([
    ['nothing in it', Buffer.from(''), /^trail is empty$/],
    ['only white space', Buffer.from(' \n '), /^trail is empty$/],
    ['no JSON', Buffer.from('hello'), /^trail is not JSON: Unexpected token 'h'/],
    [
      'a record that is cut off',
      Buffer.from(JSON.stringify(record, undefined, 2).slice(0, 300)),
      /^trail is not JSON: /,
    ],
    ['a broken line', Buffer.from(`${JSON.stringify(record)}\n{"a": \n`), /^trail: line 2 is not JSON: /],
    ['a broken line after an empty one', Buffer.from(`{}\n\n{"a": \n`), /^trail: line 3 is not JSON: /],
    [
      'a gzipped file that is cut off',
      gzipSync(JSON.stringify(record)).subarray(0, 100),
      /^trail is gzipped and can't be unpacked: /,
    ],
    ['gzip’s first bytes and no more', Buffer.from([0x1f, 0x8b]), /^trail is gzipped and can't be unpacked: /],
    ['something else that is packed', Buffer.from('PK\x03\x04'), /^trail is not JSON: /],
    ['UTF-16', Buffer.from(JSON.stringify(record), 'utf16le'), /^trail is not JSON: /],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), /^trail is not UTF-8: save it as UTF-8$/],
  ])('says so: %s', (_, content, words) => {
    expect(() => readRecordFile(content, 'trail')).toThrow(InvalidInput);
    expect(() => readRecordFile(content, 'trail')).toThrow(words);
  });
});
