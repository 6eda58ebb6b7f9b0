import { describe, expect, it } from 'vitest';
import { readPort, readSince } from '../../../src/cli/report-options.ts';

const now = new Date('2026-11-24T12:00:00.000Z');

describe('--since', () => {
  it.each([
    ['30d', '2026-10-25T12:00:00.000Z'],
    ['12h', '2026-11-24T00:00:00.000Z'],
    ['2026-11-01', '2026-11-01T00:00:00.000Z'],
    ['2026-11-24T11:59:00Z', '2026-11-24T11:59:00.000Z'],
  ])('takes %s', (text, since) => {
    expect(readSince(text, now).toISOString()).toBe(since);
  });

  it.each(['', 'yesterday', '30', '30w', '0d', '-1d', '2026-13-01', '2027-01-01', '2026-11-01T', '30d '])(
    'refuses %j',
    (text) => {
      expect(() => readSince(text, now)).toThrow(/^--since takes how long ago \(12h, 30d\) or a day in the past/);
    },
  );

  it('reaches back as long as the history is kept', () => {
    expect(() => readSince('401d', now)).toThrow('--since reaches back 400 days at most');
  });
});

describe('--port', () => {
  it.each([
    ['0', 0],
    ['8080', 8080],
    ['65535', 65_535],
  ])('takes %s', (text, port) => {
    expect(readPort(text)).toBe(port);
  });

  it.each(['', 'x', '65536', '-1', '80.5', '1e3'])('refuses %j', (text) => {
    expect(() => readPort(text)).toThrow(/^--port takes a number from 0 to 65535/);
  });
});
