import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { billOfBundle, bundleNames, packagesOf, readBillOfMaterials } from './bill-of-materials.ts';
import { licencesPage, notAllowed } from './licences.ts';

/*
 * Writes what Layerward is made of: `dist/sbom.json` with everything, `dist/<function>.sbom.json` with what is deployed,
 * and docs/licences.md.
 */

const root = join(import.meta.dirname, '..');
const whole = readBillOfMaterials();
const packages = packagesOf(whole);
const bundles = bundleNames();

const write = (path: string, bill: typeof whole) => {
  writeFileSync(join(root, path), `${JSON.stringify(bill, undefined, 2)}\n`);
  console.log(`${path.padEnd(32)}  ${bill.components.length} packages`);
};
write('dist/sbom.json', whole);
for (const bundle of bundles) write(`dist/${bundle}.sbom.json`, billOfBundle(whole, bundle));
writeFileSync(join(root, 'docs/licences.md'), licencesPage(packages, bundles));
console.log(`${'docs/licences.md'.padEnd(32)}  ${packages.length} packages`);

const wrong = notAllowed(packages);
if (wrong.length > 0) {
  console.error(`of a licence that nobody has allowed (scripts/licences.ts): ${wrong.join('; ')}`);
  process.exitCode = 1;
}
