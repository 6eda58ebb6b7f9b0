import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readBundles, readDependencies } from '../../../scripts/dependencies.ts';
import { isAllowed, licencePage } from '../../../scripts/licences.ts';
import { root } from './source-files.ts';

/* What of others is here. Whoever adds a package sees here what it brings along. */

const all = readDependencies();

describe('every package', () => {
  it('is pinned by its hash', () => {
    expect(all.length).toBeGreaterThan(100);
    expect(all.filter(({ integrity }) => !/^sha512-[\w+/]+=*$/.test(integrity)).map(({ folder }) => folder)).toEqual(
      [],
    );
  });

  it('comes from wherever the reader’s npm gets packages: no host is named', () => {
    expect(all.filter(({ resolved }) => resolved !== undefined)).toEqual([]);
  });

  it('has a licence that is allowed', () => {
    expect(all.filter((one) => !isAllowed(one)).map(({ name, licence }) => `${name}: ${licence}`)).toEqual([]);
  });

  it('runs nothing when it is installed, unless package.json says that it may', () => {
    const { allowScripts } = z
      .object({ allowScripts: z.record(z.string(), z.boolean()) })
      .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
    const running = all.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name);
    expect(running.filter((name) => !Object.hasOwn(allowScripts, name) && name !== 'fsevents')).toEqual([]);
  });
});

describe('a package that is in a bundle', () => {
  it('is one that the command line, or nobody else, needs too: none is for development only', () => {
    const bundled = new Set([...readBundles().values()].flatMap((folders) => [...folders]));
    expect(bundled.size).toBeGreaterThan(10);
    const wrong = all.filter(({ folder, isForDevelopment }) => bundled.has(folder) && isForDevelopment);
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  it('is named in docs/licences.md, with its version and licence', () => {
    expect(readFileSync(join(root, 'docs/licences.md'), 'utf8'), 'npm run build writes it anew').toBe(licencePage());
  });
});
