import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { readAgents } from '../src/service/agent-files.ts';
import { writeCommandPages } from './command-docs.ts';
import { deployableTemplate, generate, policyFileInUse } from './generate.ts';
import { literalSchemaKeys, versionsOnly, withoutUnused } from './smaller-bundle.ts';

/*
 * Builds what is deployed: `dist/<function>/index.mjs` for each folder in functions/, the SDK inside, and
 * `dist/template.yaml`, with the policy in it.
 */

const root = join(import.meta.dirname, '..');

/** Puts the agents, read from YAML and checked, into the bundle, so that no YAML has to be read at run time. */
const bundledAgents: Plugin = {
  name: 'layerward-agents',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^layerward:agents$/ }, ({ path }) => ({ path, namespace: 'layerward' }));
    onLoad({ filter: /.*/, namespace: 'layerward' }, () => ({
      contents: JSON.stringify([...readAgents().values()]),
      loader: 'json',
    }));
  },
};

/** Some dependencies are CommonJS and ask for Node's own modules by `require`, which an ES module does not have. */
const requireBanner = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;

const otherCredentialSources = [
  ...['ini', 'sso', 'process', 'web-identity', 'login', 'http'].map(
    (source) => `@aws-sdk/credential-provider-${source}`,
  ),
  '@smithy/credential-provider-imds',
];

/** Bundles every function. Answers the size of each bundle in bytes, by function. */
export async function buildFunctions(): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  const names = readdirSync(join(root, 'functions'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of names) {
    const folder = join(root, 'dist', name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const result = await build({
      entryPoints: [join(root, 'functions', name, 'index.ts')],
      outfile: join(folder, 'index.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      mainFields: ['module', 'main'],
      minify: true,
      keepNames: false,
      legalComments: 'none',
      banner: { js: requireBanner },
      plugins: [bundledAgents, literalSchemaKeys, versionsOnly, withoutUnused],
      // In Lambda the credentials are in the environment, so the other sources are never asked for.
      external: otherCredentialSources,
      metafile: true,
      logLevel: 'warning',
    });
    for (const output of Object.values(result.metafile.outputs)) sizes.set(name, output.bytes);
    writeFileSync(join(root, 'dist', `${name}.metafile.json`), JSON.stringify(result.metafile));
  }
  return sizes;
}

/** A mark of what the bundles hold. */
function hashOf(functions: Iterable<string>): string {
  const hash = createHash('sha256');
  for (const name of [...functions].sort()) hash.update(readFileSync(join(root, 'dist', name, 'index.mjs')));
  return hash.digest('hex').slice(0, 16);
}

if (import.meta.main) {
  const print = process.argv.includes('--quiet') ? () => {} : console.log;
  generate();
  await writeCommandPages();
  const sizes = await buildFunctions();
  for (const [name, bytes] of sizes) print(`${`dist/${name}/index.mjs`.padEnd(30)}  ${Math.round(bytes / 1024)} KB`);
  const policyFile = policyFileInUse();
  copyFileSync(join(root, 'infra/sweep.asl.json'), join(root, 'dist/sweep.asl.json'));
  writeFileSync(join(root, 'dist/template.yaml'), deployableTemplate(policyFile, hashOf(sizes.keys())));
  print(`${'dist/template.yaml'.padEnd(30)}  with ${policyFile}`);
}
