import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import * as z from 'zod';

/** The root of the repository: where `init` is run, and where the template is. */
export const repositoryRoot = join(import.meta.dirname, '../..');

const scalar = z.union([z.string(), z.number()]).transform(String);
const parameterSchema = z.object({
  Type: z.enum(['String', 'Number', 'CommaDelimitedList']),
  Default: scalar,
  Description: z.string(),
  AllowedPattern: z.string().optional(),
  AllowedValues: z.array(scalar).optional(),
  ConstraintDescription: z.string().optional(),
  MinValue: z.number().optional(),
  MaxValue: z.number().optional(),
});

/** A parameter of the stack, as `template.yaml` declares it. */
export type StackParameter = z.output<typeof parameterSchema>;
/** The parameters of the stack by their names. */
export type StackParameters = ReadonlyMap<string, StackParameter>;
/** Values of parameters by name; those that are absent have their default. */
export type ParameterValues = Readonly<Record<string, string>>;

/** Reads which parameters the stack has. */
export function readStackParameters(file: string = join(repositoryRoot, 'template.yaml')): StackParameters {
  // CloudFormation's own tags (!Ref, !Sub) are unknown here, and no parameter uses one.
  const document = parseDocument(readFileSync(file, 'utf8'), { logLevel: 'silent' });
  const { Parameters } = z.object({ Parameters: z.record(z.string(), parameterSchema) }).parse(document.toJS());
  return new Map(Object.entries(Parameters));
}

/** The values that are not the default anyway, in the template's order. */
export function withoutDefaults(values: ParameterValues, known: StackParameters): ParameterValues {
  const others = Object.keys(values).filter((name) => !known.has(name));
  return Object.fromEntries(
    [...known.keys(), ...others].flatMap((name) => {
      const value = values[name];
      return value === undefined || value === known.get(name)?.Default ? [] : [[name, value] as const];
    }),
  );
}

/** The entries of a list with commas, each one once. */
export function listOf(text: string): string[] {
  return [...new Set(text.split(',').map((item) => item.trim()))].filter((item) => item !== '');
}
