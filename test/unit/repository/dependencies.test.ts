import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { billOfBundle, bundleNames, packagesOf, readBillOfMaterials } from '../../../scripts/bill-of-materials.ts';
import { licencesPage, notAllowed } from '../../../scripts/licences.ts';
import { root } from './source-files.ts';

/* What others have written and we run: which packages, what holds them to what they were, what they may do. */

const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      integrity: z.string().optional(),
      resolved: z.string().optional(),
      hasInstallScript: z.boolean().optional(),
      version: z.string().optional(),
      license: z.string().optional(),
    }),
  ),
});
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const locks = [
  'package-lock.json',
  ...['runtime-interface-client', 'state-machine'].map((name) => `test/referee/${name}/package-lock.json`),
];
const packagesIn = (path: string) =>
  Object.entries(lockFile.parse(JSON.parse(read(path))).packages).filter(([folder]) => folder !== '');
const manifest = z
  .object({ dependencies: z.record(z.string(), z.string()), allowScripts: z.record(z.string(), z.boolean()) })
  .parse(JSON.parse(read('package.json')));

const bill = readBillOfMaterials();
const packages = packagesOf(bill);

describe('the packages that are installed', () => {
  it.each(locks)('are each held to a hash by %s, and by no address of a registry', (path) => {
    const locked = packagesIn(path);
    expect(locked.length).toBeGreaterThan(10);
    expect(locked.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''))).toEqual([]);
    expect(locked.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
    expect(read(path)).not.toMatch(/\.tgz\b/);
  });

  it('run no script of their own when they are installed, apart from two, and none that nobody has decided on', () => {
    const withScripts = packagesIn('package-lock.json')
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([folder]) => folder.replace('node_modules/', ''));
    expect(withScripts.sort()).toEqual(Object.keys(manifest.allowScripts).sort());
    const allowed = Object.entries(manifest.allowScripts).filter(([, isAllowed]) => isAllowed);
    expect(allowed.map(([name]) => name).sort()).toEqual(['esbuild', 'node']);
  });

  it('are installed exactly as they are locked, wherever anything is built', () => {
    expect(read('.ci/run')).toMatch(/^npm ci$/m);
    expect(read('.ci/run')).not.toMatch(/npm (i|install)\b/);
  });

  it('that are asked for by name beyond development are few, and these', () => {
    expect(Object.keys(manifest.dependencies).sort()).toEqual([
      '@aws-lambda-powertools/metrics',
      '@aws-sdk/client-appconfigdata',
      '@aws-sdk/client-cloudformation',
      '@aws-sdk/client-cloudwatch-logs',
      '@aws-sdk/client-dynamodb',
      '@aws-sdk/client-eventbridge',
      '@aws-sdk/client-lambda',
      '@aws-sdk/client-organizations',
      '@aws-sdk/client-resource-groups-tagging-api',
      '@aws-sdk/client-secrets-manager',
      '@aws-sdk/client-sns',
      '@aws-sdk/client-sqs',
      '@aws-sdk/client-sts',
      '@aws-sdk/credential-providers',
      '@aws-sdk/util-dynamodb',
      '@middy/core',
      'commander',
      'fastest-levenshtein',
      'pino',
      'smol-toml',
      'yaml',
      'zod',
    ]);
  });
});

describe('licences', () => {
  it('are all allowed, of development’s packages too', () => {
    expect(packages.length).toBeGreaterThan(200);
    expect(notAllowed(packages)).toEqual([]);
  });

  it('that nobody has allowed are found', () => {
    const one = { name: 'left-pad', isForDevelopment: false, deployedIn: [] };
    expect(notAllowed([{ ...one, licence: 'GPL-3.0-only' }])).toEqual(['left-pad: GPL-3.0-only']);
    expect(notAllowed([{ ...one, licence: 'MPL-2.0' }])).toEqual(['left-pad: MPL-2.0']);
    expect(notAllowed([{ ...one, licence: '' }])).toEqual(['left-pad: no licence']);
    expect(notAllowed([{ ...one, licence: 'MIT AND GPL-2.0-only' }])).toEqual(['left-pad: MIT AND GPL-2.0-only']);
    expect(notAllowed([{ ...one, licence: 'GPL-2.0-only OR MIT' }])).toEqual([]);
  });

  it('are listed in docs/licences.md, with what is deployed: npm run sbom writes it', () => {
    expect(read('docs/licences.md')).toBe(licencesPage(packages, bundleNames()));
  });
});

describe('the bill of materials', () => {
  it('is the same each time', () => {
    expect(JSON.stringify(readBillOfMaterials())).toBe(JSON.stringify(bill));
    expect(bill.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(bill.metadata).not.toHaveProperty('timestamp');
    expect(bill.metadata.component.name).toBe('layerward');
  });

  it('has every package of the lock file, with its hash, and no address', () => {
    // Where a package is in two folders, the bill has it once.
    const locked = packagesIn('package-lock.json').map(
      ([folder, { version }]) => `${folder.replace(/^.*node_modules\//, '')}@${version}`,
    );
    expect(bill.components.map((component) => component['bom-ref']).sort()).toEqual([...new Set(locked)].sort());
    for (const component of bill.components) expect(component['hashes']).toHaveLength(1);
    const { $schema: _, ...said } = bill;
    expect(JSON.stringify(said)).not.toMatch(/https?:\/\//);
  });

  it.each(bundleNames())('of %s has what is in its bundle: nothing that only development needs', (bundle) => {
    const deployed = billOfBundle(bill, bundle);
    const names = deployed.components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['@aws-sdk/client-dynamodb', '@middy/core', 'pino', 'zod']));
    for (const absent of ['yaml', 'commander', 'esbuild', '@aws-sdk/credential-provider-sso'])
      expect(names).not.toContain(absent);
    const own = packages.filter(({ name }) => names.includes(name));
    expect(own.filter(({ isForDevelopment }) => isForDevelopment)).toEqual([]);
    expect(deployed.metadata.component).toMatchObject({ name: `layerward-${bundle}`, hashes: [{ alg: 'SHA-256' }] });
    const refs = new Set(deployed.components.map((component) => component['bom-ref']));
    for (const { dependsOn } of deployed.dependencies) for (const ref of dependsOn) expect(refs).toContain(ref);
  });
});
