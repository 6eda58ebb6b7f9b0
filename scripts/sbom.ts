import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { readBundles, readDependencies } from './dependencies.ts';

/*
 * `npm run sbom`: a bill of materials as CycloneDX, by npm itself, to dist/sbom.json: what the bundles and the command line
 * are made of. Each component says in which bundles it is. The same tree gives the same file, byte for byte.
 */

const root = join(import.meta.dirname, '..');
const bundleProperty = 'layerward:bundle';

const bill = z.looseObject({
  metadata: z.looseObject({ timestamp: z.string().optional() }),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
  components: z.array(
    z.looseObject({
      'bom-ref': z.string(),
      name: z.string(),
      version: z.string(),
      properties: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
    }),
  ),
});

const printed = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 1 << 26,
});
const { serialNumber: _, metadata, components, dependencies, ...rest } = bill.parse(JSON.parse(printed));
const { timestamp: __, ...lasting } = metadata;
const known = new Map(readDependencies().map((one) => [`${one.name}@${one.version}`, one]));
const bundles = [...readBundles()];
// Not by npm's own --omit dev, which leaves out what is needed for development as well as for what is deployed.
const described = components.flatMap((component) => {
  const dependency = known.get(`${component.name}@${component.version}`);
  if (!dependency || dependency.isForDevelopment) return [];
  const holders = bundles.filter(([, held]) => held.has(dependency.folder));
  const properties = [...component.properties, ...holders.map(([value]) => ({ name: bundleProperty, value }))];
  return [{ ...component, properties }];
});
const refs = new Set(described.map((component) => component['bom-ref']));
const graph = dependencies.flatMap(({ ref, dependsOn }) =>
  refs.has(ref) ? [{ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }] : [],
);
const file = join(root, 'dist/sbom.json');
writeFileSync(
  file,
  `${JSON.stringify({ ...rest, metadata: lasting, components: described, dependencies: graph }, undefined, 2)}\n`,
);
const deployed = described.filter(({ properties }) => properties.some(({ name }) => name === bundleProperty));
console.log(`dist/sbom.json: ${described.length} packages, ${deployed.length} of them in bundles`);
