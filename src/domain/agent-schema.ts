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
      script: z.string().regex(/^\/opt\/\S+$/, 'must be a path under /opt, where layers are unpacked'),
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
 * An agent, as `agents/<name>.yaml` defines it: everything that Layerward has to know of it is data.
 * Values of variables may hold `${parameter}`, filled from the parameters of the function's group.
 */
export const agentSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower case letters, digits and dashes'),
    title: z.string().min(1).describe('What people call it.'),
    source: z.url().optional().describe('The vendor’s page that this file follows.'),
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
        prefix: z.string().regex(/^[A-Z][A-Z0-9_]*_$/, 'must be upper case and end with _'),
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
      .describe('Further settings of the agent, all named by one prefix.'),
    variants: z.array(variant).min(1),
  })
  .superRefine((agent, context) => {
    const served = new Map<string, string>();
    agent.variants.forEach((candidate, index) => {
      for (const runtime of candidate.runtimes)
        for (const architecture of candidate.architectures) {
          const other = served.get(`${runtime} ${architecture}`);
          if (other)
            context.addIssue({
              code: 'custom',
              path: ['variants', index, 'runtimes'],
              message: `${runtime} on ${architecture} is served by variant ${other} already`,
            });
          served.set(`${runtime} ${architecture}`, candidate.name);
        }
    });
    for (const section of ['variables', 'regionVariables'] as const)
      for (const [name, value] of Object.entries(agent[section])) {
        for (const parameter of parametersIn(value))
          if (!Object.hasOwn(agent.parameters, parameter))
            context.addIssue({
              code: 'custom',
              path: [section, name],
              message: `\${${parameter}} is not one of the agent’s parameters`,
            });
        if (Object.hasOwn(agent.credentials, name))
          context.addIssue({ code: 'custom', path: [section, name], message: 'is a credential already' });
      }
  });

function parametersIn(template: string): string[] {
  return [...template.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1] ?? '');
}
