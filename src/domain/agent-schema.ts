import * as z from 'zod';
import { awsRegion, variableName } from './agent.ts';

/** AWS's rule for a Handler: no white space, 128 characters at most. */
const handlerName = z.string().regex(/^\S{1,128}$/, 'must be 1 to 128 characters without white space');

const accountId = z.string().regex(/^\d{12}$/, 'must be an account id: 12 digits, in quotes');

const layer = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z0-9_-]{1,140}$/, 'must be a layer name, not an ARN'),
    version: z.int().positive(),
  })
  .describe('The layer that this variant attaches, in the account of layerAccount.');

const activation = z.discriminatedUnion('type', [
  z
    .strictObject({
      type: z.literal('exec-wrapper'),
      script: z
        .string()
        .regex(/^\/opt(\/[^\s/]+)+$/, 'must be a path under /opt, where layers are unpacked')
        .refine((path) => !/\/\.\.?(\/|$)/.test(path), 'must not lead out of /opt: no . or .. in it'),
    })
    .describe('AWS_LAMBDA_EXEC_WRAPPER points Lambda at a script of the layer; the Handler stays.'),
  z
    .strictObject({
      type: z.literal('handler-redirect'),
      handler: handlerName.describe('The Handler that is put in place of the function’s own.'),
      originalHandlerVariable: variableName.describe('The variable that keeps the function’s own Handler.'),
    })
    .describe('The Handler is replaced by the agent’s, and a variable keeps the original.'),
]);

const variant = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, 'must be lower case letters, digits, dots, dashes'),
  runtimes: z.array(z.string().regex(/^[a-z0-9.]+$/, 'must be AWS’s name of a runtime, such as python3.8')).min(1),
  architectures: z.array(z.enum(['x86_64', 'arm64'])).min(1),
  layer,
  activation,
  regionAware: z
    .boolean()
    .default(true)
    .describe('Whether the agent finds its own region; where it does not, regionVariables are set too.'),
});

/**
 * Lambda, the loader, the runtimes and the libraries that nearly every function has obey variables that begin so:
 * LD_PRELOAD, NODE_OPTIONS, AWS_ENDPOINT_URL, HTTPS_PROXY, SSL_CERT_FILE. No agent may own them.
 */
const platformPrefixes = [
  'ALL_',
  'AWS_',
  'BASH_',
  'COR_',
  'CORECLR_',
  'CURL_',
  'DOTNET_',
  'GCONV_',
  'GEM_',
  'HTTP_',
  'HTTPS_',
  'JAVA_',
  'JDK_',
  'LAMBDA_',
  'LD_',
  'NODE_',
  'NO_',
  'NPM_',
  'OPENSSL_',
  'PYTHON_',
  'REQUESTS_',
  'SSL_',
] as const;

const agentShape = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower case letters, digits and dashes'),
  title: z.string().min(1).describe('What people call it.'),
  source: z
    .url({ protocol: /^https$/ })
    .optional()
    .describe('The vendor’s page that this file follows.'),
  layerAccount: accountId.describe('The account that publishes the layers.'),
  partition: z.enum(['aws', 'aws-us-gov', 'aws-cn', 'aws-eusc']).default('aws'),
  regions: z.array(awsRegion).min(1).describe('The regions in which the layers are published.'),
  credentials: z
    .record(variableName, z.enum(['key', 'secret']))
    .describe('Variable → field of the group’s secret {"key", "secret"}.'),
  parameters: z
    .record(z.string().regex(/^[a-z][A-Za-z0-9]*$/), z.array(z.string().min(1)).min(1))
    .default({})
    .describe('What a group has to say beside its secret: name → allowed values.'),
  variables: z.record(variableName, z.string()).describe('Set on every protected function.'),
  regionVariables: z
    .record(variableName, z.string())
    .default({})
    .describe('Set where the variant is not aware of regions.'),
  settings: z
    .strictObject({
      prefix: z
        .string()
        .regex(/^[A-Z][A-Z0-9_]*_$/, 'must be upper case and end with _')
        .refine(
          (prefix) => !platformPrefixes.some((reserved) => prefix.startsWith(reserved)),
          `must be the agent’s own: what begins with ${platformPrefixes.join(', ')} is obeyed by Lambda, a runtime or a library`,
        )
        .describe('What every variable of the agent begins with.'),
      allowed: z
        .record(variableName, z.array(z.string()).min(1))
        .default({})
        .describe('Settings whose values are known: a policy that sets another value is refused.'),
      sensitive: z
        .array(variableName)
        .default([])
        .describe('Settings that hold secrets: a policy may not set them, and their values are never kept.'),
      disabling: z
        .record(variableName, z.array(z.string()))
        .default({})
        .describe('Settings that switch the agent off: variable → values that do, any case; none listed: any value.'),
    })
    .describe('Further settings of the agent, and the prefix of all its variables.'),
  variants: z.array(variant).min(1),
});

/**
 * An agent, as `agents/<name>.yaml` defines it: everything that Layerward has to know of it is data.
 * Values of variables may hold `${parameter}`, filled from the parameters of the function's group.
 */
export const agentSchema = agentShape.superRefine((agent, context) => {
  const refuse = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
  const served = new Map<string, string>();
  agent.variants.forEach((candidate, index) => {
    for (const runtime of candidate.runtimes)
      for (const architecture of candidate.architectures) {
        const other = served.get(`${runtime} ${architecture}`);
        if (other)
          refuse(
            ['variants', index, 'runtimes'],
            `${runtime} on ${architecture} is served by variant ${other} already`,
          );
        served.set(`${runtime} ${architecture}`, candidate.name);
      }
  });
  for (const section of ['variables', 'regionVariables'] as const)
    for (const [name, value] of Object.entries(agent[section])) {
      for (const parameter of parametersIn(value))
        if (!Object.hasOwn(agent.parameters, parameter))
          refuse([section, name], `\${${parameter}} is not one of the agent’s parameters`);
      if (Object.hasOwn(agent.credentials, name)) refuse([section, name], 'is a credential already');
    }
  for (const { path, name } of variablesOf(agent))
    if (!name.startsWith(agent.settings.prefix)) refuse(path, `${name} must begin with ${agent.settings.prefix}`);
  agent.variants.forEach(({ activation }, index) => {
    if (activation.type !== 'handler-redirect') return;
    const { originalHandlerVariable: name } = activation;
    for (const section of ['credentials', 'variables', 'regionVariables'] as const)
      if (Object.hasOwn(agent[section], name))
        refuse(
          ['variants', index, 'activation', 'originalHandlerVariable'],
          `${name} is one of the ${section} already`,
        );
  });
});

type Named = Pick<
  z.output<typeof agentShape>,
  'credentials' | 'variables' | 'regionVariables' | 'settings' | 'variants'
>;

/** Every variable that the agent names, the wrapper's left out, which is Lambda's. */
function variablesOf({ credentials, variables, regionVariables, settings, variants }: Named) {
  const keysOf = (path: readonly string[], record: Readonly<Record<string, unknown>>) =>
    Object.keys(record).map((name) => ({ path: [...path, name], name }));
  return [
    ...keysOf(['credentials'], credentials),
    ...keysOf(['variables'], variables),
    ...keysOf(['regionVariables'], regionVariables),
    ...keysOf(['settings', 'allowed'], settings.allowed),
    ...settings.sensitive.map((name, index) => ({ path: ['settings', 'sensitive', index], name })),
    ...keysOf(['settings', 'disabling'], settings.disabling),
    ...variants.flatMap(({ activation }, index) =>
      activation.type === 'handler-redirect'
        ? [
            {
              path: ['variants', index, 'activation', 'originalHandlerVariable'],
              name: activation.originalHandlerVariable,
            },
          ]
        : [],
    ),
  ];
}

function parametersIn(template: string): string[] {
  return [...template.matchAll(/(?<=\$\{)\w+(?=\})/g)].map((match) => match[0]);
}
