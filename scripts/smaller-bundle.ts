import { readFileSync } from 'node:fs';
import type { Plugin } from 'esbuild';

/*
 * What no function ever uses, kept out of the bundles: every kilobyte is read and compiled at each cold start.
 * test/unit/repository/bundle.test.ts holds that what is left does its work.
 */

/**
 * The SDK's schemas name their traits by computed keys (`{ [_h]: … }`), behind which esbuild has to fear side effects, so
 * it keeps the schemas of every call of a service, of which we make one or two. With the keys written out it sees
 * that nobody uses them. Each key is a constant of the same file.
 */
export const literalSchemaKeys: Plugin = {
  name: 'literal-schema-keys',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]@aws-sdk[\\/]client-[\w-]+[\\/]dist-es[\\/]schemas[\\/]schemas_\d+\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const constants = new Map(
        [...text.matchAll(/^const (_\w+) = ("[^"\\]*");$/gm)].map(([, name, value]) => [name, value]),
      );
      const contents = text.replaceAll(/\[(_\w+)\]: /g, (key, name: string) => {
        const value = constants.get(name);
        return value === undefined ? key : `${value}: `;
      });
      return { contents, loader: 'js' };
    });
  },
};

/** The SDK's clients read their own package.json for nothing but their version, which is in the user agent. */
export const versionsOnly: Plugin = {
  name: 'versions-only',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]node_modules[\\/]@aws-sdk[\\/][\w-]+[\\/]package\.json$/ }, ({ path }) => {
      const { version } = JSON.parse(readFileSync(path, 'utf8'));
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};

/** A function that nobody calls; it says so if somebody does after all. */
function neverCalled(what: string): string {
  return `() => { throw new Error(${JSON.stringify(`${what} is not in this bundle: see scripts/smaller-bundle.ts`)}); }`;
}

/** Modules that are loaded and never called, each with the reason, and what takes their place. */
const unused: readonly { readonly filter: RegExp; readonly contents: (path: string) => string }[] = [
  {
    // pino writes to standard output in its own thread; workers are for transports, of which Lambda has none, and there
    // is one stream.
    filter: /[\\/]node_modules[\\/]pino[\\/]lib[\\/](transport|multistream)\.js$/,
    contents: () => `module.exports = ${neverCalled('a transport of pino')};`,
  },
  {
    // No secret ever gets as far as the log, so there is nothing to redact.
    filter: /[\\/]node_modules[\\/]@pinojs[\\/]redact[\\/]index\.js$/,
    contents: () => `module.exports = ${neverCalled('redaction by pino')};`,
  },
  {
    // JSON Schemas are written by scripts/generate.ts, before anything is deployed. Each schema of zod gets a method
    // that would write its own.
    filter: /[\\/]node_modules[\\/]zod[\\/]v4[\\/]core[\\/](to-json-schema|json-schema-processors)\.js$/,
    contents: (path) => {
      const names = readFileSync(path, 'utf8').matchAll(
        /^export (?:const|function) (\w+)|^export \{ \w+ as (\w+) \}/gm,
      );
      const exported = [...names].map(([, declared, renamed]) => {
        const name = declared ?? renamed ?? '';
        return `${/^create\w+Method$/.test(name) ? 'createNever' : 'never'} as ${name}`;
      });
      return `const never = ${neverCalled('JSON Schema')};
        const createNever = () => never;
        export { ${exported.join(', ')} };`;
    },
  },
  {
    // DynamoDB's client makes a cache for endpoints that it would have to look up; DynamoDB has no such ones any more.
    filter: /[\\/]node_modules[\\/]@aws-sdk[\\/]endpoint-cache[\\/]dist-es[\\/]index\.js$/,
    contents: () => 'export class EndpointCache {}',
  },
];

/** Leaves out modules that are loaded and never called. */
export const withoutUnused: Plugin = {
  name: 'without-unused',
  setup({ onLoad }) {
    for (const { filter, contents } of unused)
      onLoad({ filter }, ({ path }) => ({ contents: contents(path), loader: 'js' }));
  },
};
