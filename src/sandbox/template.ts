import { readFileSync } from 'node:fs';
import {
  type CollectionTag,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  type ScalarTag,
  type Tags,
} from 'yaml';
import * as z from 'zod';

/** A CloudFormation or SAM template, its short tags (`!Ref`, `!Sub`, …) turned into the long form. */
export interface Template {
  readonly description: string | undefined;
  readonly parameters: Readonly<Record<string, TemplateParameter>>;
  /** What has to hold of the parameters for the template to be deployed. */
  readonly rules: Readonly<Record<string, TemplateRule>>;
  readonly mappings: Readonly<Record<string, unknown>>;
  readonly conditions: Readonly<Record<string, unknown>>;
  /** SAM's `Globals.Function`. */
  readonly functionDefaults: Readonly<Record<string, unknown>>;
  readonly resources: Readonly<Record<string, TemplateResource>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

export interface TemplateParameter {
  readonly type: string;
  readonly defaultValue: string | undefined;
  /** A regular expression that the whole value has to match. */
  readonly allowedPattern?: string | undefined;
  readonly allowedValues?: readonly string[] | undefined;
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly minValue?: number | undefined;
  readonly maxValue?: number | undefined;
  /** The end of the sentence that refuses a value. */
  readonly constraintDescription?: string | undefined;
  /** Whether CloudFormation shows asterisks in place of the value. */
  readonly noEcho?: boolean;
}

/** A rule of a template; without a condition it always applies. */
export interface TemplateRule {
  readonly condition: unknown;
  readonly assertions: readonly { readonly assert: unknown; readonly description: string | undefined }[];
}

export interface TemplateResource {
  readonly type: string;
  readonly condition: string | undefined;
  readonly dependsOn: readonly string[];
  /** What happens to it when the stack is deleted; `Delete` where it says nothing. */
  readonly deletionPolicy: string | undefined;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A template that cannot be read or resolved; the message names the place, such as `Resources.Queue.Properties.Policy`. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

const parameterValue = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const parameterSchema = z.looseObject({
  Type: z.string(),
  Default: parameterValue.optional(),
  AllowedPattern: z.string().optional(),
  AllowedValues: z.array(parameterValue).optional(),
  MinLength: z.coerce.number().optional(),
  MaxLength: z.coerce.number().optional(),
  MinValue: z.coerce.number().optional(),
  MaxValue: z.coerce.number().optional(),
  ConstraintDescription: z.string().optional(),
  NoEcho: parameterValue.optional(),
});

const ruleSchema = z.strictObject({
  RuleCondition: z.unknown().optional(),
  Assertions: z
    .array(z.strictObject({ Assert: z.unknown(), AssertDescription: z.string().optional() }))
    .min(1, 'a rule has at least one assertion'),
});

const templateSchema = z.looseObject({
  Description: z.string().optional(),
  Parameters: z.record(z.string(), parameterSchema).default({}),
  Rules: z.record(z.string(), ruleSchema).default({}),
  Mappings: z.record(z.string(), z.unknown()).default({}),
  Conditions: z.record(z.string(), z.unknown()).default({}),
  Globals: z.looseObject({ Function: z.record(z.string(), z.unknown()).default({}) }).optional(),
  Resources: z.record(
    z.string(),
    z.looseObject({
      Type: z.string(),
      Condition: z.string().optional(),
      DeletionPolicy: z.string().optional(),
      DependsOn: z.union([z.string(), z.array(z.string())]).optional(),
      Properties: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
  Outputs: z.record(z.string(), z.unknown()).default({}),
});

/**
 * Parses a template in YAML or JSON.
 *
 * @param name how errors call the template: its path.
 * @throws {TemplateError} with line and column for bad YAML, with the place for a wrong structure.
 */
export function parseTemplate(text: string, name: string): Template {
  // CloudFormation takes dates such as 2012-10-17 as text, which YAML's core schema does.
  const document = parseDocument(text, { customTags: SHORT_TAGS, schema: 'core' });
  const [broken] = document.errors;
  if (broken !== undefined) {
    throw new TemplateError(`${name} is not YAML: ${broken.message}`);
  }
  const parsed = templateSchema.safeParse(toPlain(document.contents, document));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new TemplateError(`${name} is not a template: ${issue?.path.join('.') || 'root'}: ${issue?.message}`);
  }
  const { data } = parsed;
  return {
    description: data.Description,
    parameters: mapValues(data.Parameters, (parameter) => ({
      type: parameter.Type,
      defaultValue: parameter.Default,
      allowedPattern: parameter.AllowedPattern,
      allowedValues: parameter.AllowedValues,
      minLength: parameter.MinLength,
      maxLength: parameter.MaxLength,
      minValue: parameter.MinValue,
      maxValue: parameter.MaxValue,
      constraintDescription: parameter.ConstraintDescription,
      noEcho: parameter.NoEcho === 'true',
    })),
    rules: mapValues(data.Rules, ({ RuleCondition, Assertions }) => ({
      condition: RuleCondition,
      assertions: Assertions.map(({ Assert, AssertDescription }) => ({
        assert: Assert,
        description: AssertDescription,
      })),
    })),
    mappings: data.Mappings,
    conditions: data.Conditions,
    functionDefaults: data.Globals?.Function ?? {},
    resources: mapValues(data.Resources, (resource) => ({
      type: resource.Type,
      condition: resource.Condition,
      dependsOn: typeof resource.DependsOn === 'string' ? [resource.DependsOn] : (resource.DependsOn ?? []),
      deletionPolicy: resource.DeletionPolicy,
      properties: resource.Properties,
    })),
    outputs: data.Outputs,
  };
}

/** The parameters of the template in a file. @throws {TemplateError} */
export function readParameterNames(path: string): ReadonlySet<string> {
  return new Set(Object.keys(parseTemplate(readTemplate(path), path).parameters));
}

/** The text of the template in a file. @throws {TemplateError} */
export function readTemplate(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new TemplateError(`The template ${path} cannot be read: ${String(error)}`, { cause: error });
  }
}

const FUNCTIONS = [
  ...['And', 'Base64', 'Cidr', 'Contains', 'EachMemberEquals', 'EachMemberIn', 'Equals', 'FindInMap', 'GetAtt'],
  ...['GetAZs', 'If', 'ImportValue', 'Join', 'Length', 'Not', 'Or', 'Select', 'Split', 'Sub', 'ToJsonString'],
  'Transform',
];

function longForm(name: string, value: unknown): unknown {
  if (name === 'Ref' || name === 'Condition') {
    return { [name]: value };
  }
  if (name === 'GetAtt' && typeof value === 'string') {
    const [resource, ...attribute] = value.split('.');
    return { 'Fn::GetAtt': [resource, attribute.join('.')] };
  }
  return { [`Fn::${name}`]: value };
}

// The library keeps the tag of a node that it knows; plain values are made of the nodes here, outermost tag last.
const SHORT_TAGS: Tags = ['Ref', 'Condition', ...FUNCTIONS].flatMap((name): (ScalarTag | CollectionTag)[] => [
  { tag: `!${name}`, resolve: (text: string) => text },
  { tag: `!${name}`, collection: 'seq', resolve: (node) => node },
  { tag: `!${name}`, collection: 'map', resolve: (node) => node },
]);

function toPlain(node: unknown, document: Document): unknown {
  if (isAlias(node)) {
    return toPlain(node.resolve(document), document);
  }
  if (isScalar(node)) {
    return tagged(node.tag, node.value);
  }
  if (isSeq(node)) {
    return tagged(
      node.tag,
      node.items.map((item) => toPlain(item, document)),
    );
  }
  if (isMap(node)) {
    const entries = node.items.map(({ key, value }) => [String(toPlain(key, document)), toPlain(value, document)]);
    return tagged(node.tag, Object.fromEntries(entries));
  }
  return null;
}

function tagged(tag: string | undefined, value: unknown): unknown {
  return tag?.startsWith('!') && !tag.startsWith('!!') ? longForm(tag.slice(1), value) : value;
}

function mapValues<Value, Result>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value) => Result,
): Readonly<Record<string, Result>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
