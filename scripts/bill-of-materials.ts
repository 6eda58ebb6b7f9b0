import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/*
 * What Layerward is made of, as npm itself says it (`npm sbom`), without what differs from one run to the next, and with
 * what of it is deployed: the packages whose code esbuild has put into the bundles.
 */

const root = join(import.meta.dirname, '..');

const component = z.looseObject({
  'bom-ref': z.string(),
  name: z.string(),
  version: z.string(),
  properties: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
  licenses: z
    .array(z.union([z.object({ license: z.object({ id: z.string() }) }), z.object({ expression: z.string() })]))
    .default([]),
});
const document = z.looseObject({
  serialNumber: z.string(),
  metadata: z.looseObject({ component }),
  components: z.array(component),
  dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()).default([]) })),
});

/** A bill of materials in CycloneDX's JSON form. */
export type BillOfMaterials = z.output<typeof document>;

/** A package, and the bundles that its code is in. */
export interface Package {
  readonly name: string;
  /** An SPDX expression. */
  readonly licence: string;
  /** Whether only development needs it. */
  readonly isForDevelopment: boolean;
  readonly deployedIn: readonly string[];
}

const deployedProperty = 'layerward:deployedIn';

/**
 * Everything in package-lock.json, whatever the platform; the same for the same lock file, bundles and npm.
 * @throws where the functions are not built
 */
export function readBillOfMaterials(): BillOfMaterials {
  const bundled = bundledPackages();
  const said = JSON.parse(
    execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    }),
  );
  const { metadata, components, ...rest } = document.parse(said);
  const { timestamp: _, tools: __, ...about } = metadata;
  return numbered({
    ...rest,
    // npm takes the folder's name for the package's.
    metadata: { ...about, component: { ...about.component, name: 'layerward' } },
    components: components.map((one) => {
      const deployedIn = [...bundled].filter(([, refs]) => refs.has(one['bom-ref'])).map(([bundle]) => bundle);
      if (deployedIn.length === 0) return one;
      return { ...one, properties: [...one.properties, { name: deployedProperty, value: deployedIn.join(' ') }] };
    }),
  });
}

/** The part that is deployed as one function: the packages in its bundle, with the bundle's own hash. */
export function billOfBundle(whole: BillOfMaterials, bundle: string): BillOfMaterials {
  const components = whole.components.filter((one) => deployedInOf(one).includes(bundle));
  const refs = new Set(components.map((one) => one['bom-ref']));
  const { component: own } = whole.metadata;
  const content = createHash('sha256')
    .update(readFileSync(join(root, 'dist', bundle, 'index.mjs')))
    .digest('hex');
  return numbered({
    ...whole,
    metadata: {
      ...whole.metadata,
      component: {
        ...own,
        type: 'application',
        name: `layerward-${bundle}`,
        hashes: [{ alg: 'SHA-256', content }],
      },
    },
    components,
    dependencies: [
      { ref: own['bom-ref'], dependsOn: [...refs] },
      ...whole.dependencies
        .filter(({ ref }) => refs.has(ref))
        .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) })),
    ],
  });
}

/** The packages of a bill, once each whatever their versions, by name. */
export function packagesOf({ components }: BillOfMaterials): Package[] {
  const packages = new Map<string, Package>();
  for (const one of components) {
    const known = packages.get(one.name);
    const isForDevelopment = one.properties.some(({ name }) => name === 'cdx:npm:package:development');
    packages.set(one.name, {
      name: one.name,
      licence: one.licenses.map((given) => ('license' in given ? given.license.id : given.expression)).join(' AND '),
      isForDevelopment: isForDevelopment && (known?.isForDevelopment ?? true),
      deployedIn: [...new Set([...(known?.deployedIn ?? []), ...deployedInOf(one)])],
    });
  }
  return [...packages.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function deployedInOf({ properties }: BillOfMaterials['components'][number]): string[] {
  return properties.find(({ name }) => name === deployedProperty)?.value.split(' ') ?? [];
}

/** The names of the deployed functions. */
export function bundleNames(): string[] {
  return readdirSync(join(root, 'functions'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

const metafile = z.object({
  outputs: z.record(z.string(), z.object({ inputs: z.record(z.string(), z.object({ bytesInOutput: z.number() })) })),
});
const lockFile = z.object({ packages: z.record(z.string(), z.object({ version: z.string().optional() })) });

/** The packages of which anything is in each bundle, by `name@version`. */
function bundledPackages(): Map<string, ReadonlySet<string>> {
  const { packages } = lockFile.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  return new Map(
    bundleNames().map((bundle) => {
      const path = join(root, 'dist', `${bundle}.metafile.json`);
      if (!existsSync(path)) throw new Error(`${path} is not there: run npm run build first`);
      const { outputs } = metafile.parse(JSON.parse(readFileSync(path, 'utf8')));
      const refs = Object.values(outputs).flatMap(({ inputs }) =>
        Object.entries(inputs)
          .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
          .flatMap(([input]) => {
            const [, folder, name] =
              /^(?:.*\/)?(node_modules\/(?:.*\/node_modules\/)?((?:@[^/]+\/)?[^/]+))\//.exec(input) ?? [];
            if (folder === undefined || name === undefined) return [];
            const version = packages[folder]?.version;
            if (version === undefined)
              throw new Error(`${input} is in a bundle, and package-lock.json has no ${folder}`);
            return [`${name}@${version}`];
          }),
      );
      return [bundle, new Set(refs)];
    }),
  );
}

/** The same content has the same number, so that the same bill is the same file. */
function numbered(bill: BillOfMaterials): BillOfMaterials {
  const { serialNumber: _, metadata, components, dependencies, ...head } = bill;
  const content = { metadata, components, dependencies };
  const hash = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  // Version 8 of a UUID: whoever makes it says from what.
  const uuid = `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
  return { ...head, serialNumber: `urn:uuid:${uuid}`, ...content };
}
