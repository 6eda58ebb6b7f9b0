import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeWhole } from '../../../src/cli/plan-writing.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'layerward-'));

describe('a file that is written whole', () => {
  it('takes the place of what was there, and is for its owner alone', () => {
    const at = folder();
    const path = join(at, 'plan.json');
    writeFileSync(path, 'former');
    chmodSync(path, 0o644);
    writeWhole(path, 'whole');
    expect(readFileSync(path, 'utf8')).toBe('whole');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(at)).toEqual(['plan.json']);
  });

  it('leaves nothing behind where it can’t be put in place', () => {
    const at = folder();
    mkdirSync(join(at, 'taken'));
    writeFileSync(join(at, 'taken', 'by-something'), '');
    expect(() => writeWhole(join(at, 'taken'), 'whole')).toThrow(/taken can't be written: /);
    expect(readdirSync(at)).toEqual(['taken']);
  });
});
