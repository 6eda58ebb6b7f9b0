import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/* What of others is in the repository and in the bundles: from package-lock.json, and from what esbuild says of each bundle. */

const root = join(import.meta.dirname, '..');

const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.string().optional(),
      integrity: z.string().optional(),
      resolved: z.string().optional(),
      dev: z.boolean().default(false),
      hasInstallScript: z.boolean().default(false),
    }),
  ),
});

/** A package of others'. */
export interface Dependency {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** Its hash; empty where the lock file has none. */
  readonly integrity: string;
  /** Where it came from, where the lock file says so. */
  readonly resolved: string | undefined;
  readonly isForDevelopment: boolean;
  readonly hasInstallScript: boolean;
  /** Where it is installed, from the root of the repository. */
  readonly folder: string;
}

const inModules = 'node_modules/';

/** Every package that package-lock.json pins, by name and version. */
export function readDependencies(): Dependency[] {
  const { packages } = lockFile.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  return Object.entries(packages)
    .filter(([folder]) => folder !== '')
    .map(([folder, one]) => ({
      name: folder.slice(folder.lastIndexOf(inModules) + inModules.length),
      version: one.version ?? '',
      licence: one.license ?? '',
      integrity: one.integrity ?? '',
      resolved: one.resolved,
      isForDevelopment: one.dev,
      hasInstallScript: one.hasInstallScript,
      folder,
    }))
    .sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1));
}

const metafile = z.object({
  outputs: z.record(z.string(), z.object({ inputs: z.record(z.string(), z.object({ bytesInOutput: z.number() })) })),
});
const metafileName = /^(.+)\.metafile\.json$/;

/** The folders of packages of which something is in a bundle, by the function's name; the last build's. */
export function readBundles(): Map<string, ReadonlySet<string>> {
  const bundles = new Map<string, ReadonlySet<string>>();
  for (const file of readdirSync(join(root, 'dist')).sort()) {
    const [, name] = metafileName.exec(file) ?? [];
    if (name === undefined) continue;
    const { outputs } = metafile.parse(JSON.parse(readFileSync(join(root, 'dist', file), 'utf8')));
    // What was read and then left out is not in it.
    const inputs = Object.values(outputs).flatMap((output) =>
      Object.entries(output.inputs).flatMap(([input, { bytesInOutput }]) => (bytesInOutput > 0 ? [input] : [])),
    );
    const folders = inputs.flatMap((input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []);
    bundles.set(name, new Set(folders));
  }
  return bundles;
}
