import { stackArn } from './cloudformation/stack-arn.ts';
import { type Template, TemplateError } from './template.ts';
import { type ParameterValues, resolveParameters } from './template-parameters.ts';

/** What a reference to a resource gives. */
export interface DeployedResource {
  /** `Ref`. */
  readonly ref: string;
  /** `Fn::GetAtt`, by attribute name. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Takes it away again; rejects with the reason why it cannot. Nothing is done where it is absent. */
  readonly remove?: () => void | Promise<void>;
}

/** Values that every template can refer to. */
export interface StackIdentity {
  readonly accountId: string;
  readonly region: string;
  readonly stackName: string;
}

/** Replaces CloudFormation's intrinsic functions by their values. */
export interface TemplateResolver {
  /**
   * The plain value. Members that resolve to `AWS::NoValue` are left out.
   *
   * @param path names the value in errors, such as `Resources.Queue.Properties`.
   * @throws {TemplateError} for anything that cannot be resolved, with its path.
   */
  resolve(value: unknown, path: string): unknown;
  /** The value of a condition of the template. */
  condition(name: string, path: string): boolean;
  /** The values of the template's parameters. */
  readonly parameters: ParameterValues;
}

const NO_VALUE = Symbol('AWS::NoValue');

/**
 * A resolver for one template.
 *
 * @param given values for parameters; the others take their defaults.
 * @param resourceOf the resource behind a logical id, undefined if it is not deployed (yet).
 * @param include reads the file behind the `Location` of an `AWS::Include`.
 */
export function createTemplateResolver(
  template: Template,
  given: Readonly<Record<string, string>>,
  stack: StackIdentity,
  resourceOf: (logicalId: string) => DeployedResource | undefined,
  include: (location: string) => unknown = () => undefined,
): TemplateResolver {
  const parameters = resolveParameters(template, given);
  const pseudo: Readonly<Record<string, unknown>> = {
    'AWS::AccountId': stack.accountId,
    'AWS::Region': stack.region,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': stack.stackName,
    'AWS::StackId': stackArn(stack),
    'AWS::NotificationARNs': [],
    'AWS::NoValue': NO_VALUE,
  };

  const reference = (name: string, path: string): unknown => {
    if (Object.hasOwn(pseudo, name)) {
      return pseudo[name];
    }
    if (Object.hasOwn(parameters, name)) {
      return parameters[name];
    }
    const resource = resourceOf(name);
    if (resource === undefined) {
      throw new TemplateError(`${path} refers to ${name}, which is no parameter and no deployed resource`);
    }
    return resource.ref;
  };

  const attribute = (name: string, key: string, path: string): string => {
    const resource = resourceOf(name);
    if (resource === undefined) {
      throw new TemplateError(`${path} refers to ${name}, which is no deployed resource`);
    }
    const value = resource.attributes[key];
    if (value === undefined) {
      const known = Object.keys(resource.attributes).join(', ') || 'none';
      throw new TemplateError(`${path} asks for ${name}.${key}; the sandbox knows these attributes of it: ${known}`);
    }
    return value;
  };

  const condition = (name: string, path: string): boolean => {
    if (!Object.hasOwn(template.conditions, name)) {
      throw new TemplateError(`${path} names the condition ${name}, which the template does not have`);
    }
    return truth(template.conditions[name], `Conditions.${name}`);
  };

  const truth = (value: unknown, path: string): boolean => {
    const result = resolve(value, path);
    if (typeof result === 'boolean') {
      return result;
    }
    if (result === 'true' || result === 'false') {
      return result === 'true';
    }
    throw new TemplateError(`${path} is not a condition: it gives ${JSON.stringify(result)}`);
  };

  const substitute = (text: string, values: Readonly<Record<string, unknown>>, path: string): string =>
    text.replace(/\$\{(!?)([^}]*)\}/g, (whole, literal: string, expression: string) => {
      if (literal === '!') {
        return `\${${expression}}`;
      }
      const name = expression.trim();
      if (Object.hasOwn(values, name)) {
        return asText(values[name], path);
      }
      const [resource = '', ...key] = name.split('.');
      const value = key.length === 0 ? reference(name, path) : attribute(resource, key.join('.'), path);
      return asText(value, `${path} (${whole})`);
    });

  const functions: Readonly<Record<string, (argument: unknown, path: string) => unknown>> = {
    Ref: (argument, path) => reference(asText(argument, path), path),
    Condition: (argument, path) => condition(asText(argument, path), path),
    'Fn::GetAtt': (argument, path) => {
      const [name, ...key] = typeof argument === 'string' ? argument.split('.') : asList(argument, path);
      const resolved = key.map((part) => asText(resolve(part, path), path)).join('.');
      return attribute(asText(name, path), resolved, path);
    },
    'Fn::Sub': (argument, path) => {
      if (typeof argument === 'string') {
        return substitute(argument, {}, path);
      }
      const [text, values] = asList(argument, path);
      const resolved = resolve(values, path);
      return substitute(asText(text, path), isObject(resolved) ? resolved : {}, path);
    },
    'Fn::Join': (argument, path) => {
      const [separator, parts] = asList(argument, path);
      return asList(resolve(parts, path), path)
        .map((part) => asText(part, path))
        .join(asText(separator, path));
    },
    'Fn::Split': (argument, path) => {
      const [separator, text] = asList(argument, path);
      return asText(resolve(text, path), path).split(asText(separator, path));
    },
    'Fn::Select': (argument, path) => {
      const [index, parts] = asList(argument, path);
      const list = asList(resolve(parts, path), path);
      const position = Number(resolve(index, path));
      if (!Number.isInteger(position) || position < 0 || position >= list.length) {
        throw new TemplateError(`${path} selects element ${position} of a list of ${list.length}`);
      }
      return list[position];
    },
    'Fn::If': (argument, path) => {
      const [name, whenTrue, whenFalse] = asList(argument, path);
      return resolve(condition(asText(name, path), path) ? whenTrue : whenFalse, path);
    },
    'Fn::Equals': (argument, path) => {
      const [left, right] = asList(argument, path).map((side) => resolve(side, path));
      return JSON.stringify(left) === JSON.stringify(right) || (isScalarValue(left) && String(left) === String(right));
    },
    'Fn::And': (argument, path) => asList(argument, path).every((part) => truth(part, path)),
    'Fn::Or': (argument, path) => asList(argument, path).some((part) => truth(part, path)),
    'Fn::Not': (argument, path) => !truth(asList(argument, path)[0], path),
    'Fn::FindInMap': (argument, path) => {
      const keys = asList(resolve(argument, path), path).map((key) => asText(key, path));
      let found: unknown = template.mappings;
      for (const key of keys) {
        found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
      }
      if (found === undefined) {
        throw new TemplateError(`${path} looks up ${keys.join(' › ')}, which is not in Mappings`);
      }
      return found;
    },
    'Fn::Base64': (argument, path) => Buffer.from(asText(resolve(argument, path), path)).toString('base64'),
    'Fn::ToJsonString': (argument, path) => JSON.stringify(resolve(argument, path)),
    'Fn::Length': (argument, path) => asList(resolve(argument, path), path).length,
  };

  const transformed = (argument: unknown, path: string): Readonly<Record<string, unknown>> => {
    const { Name, Parameters } = isObject(argument) ? argument : {};
    if (Name !== 'AWS::Include' || !isObject(Parameters)) {
      throw new TemplateError(`${path} uses the transform ${String(Name)}; the sandbox has AWS::Include only`);
    }
    const location = asText(resolve(Parameters['Location'], path), path);
    const included = include(location);
    if (!isObject(included)) {
      throw new TemplateError(`${path} includes ${location}, which holds no object`);
    }
    return included;
  };

  const resolve = (value: unknown, path: string): unknown => {
    if (Array.isArray(value)) {
      return value
        .map((element: unknown, index) => resolve(element, `${path}[${index}]`))
        .filter((element) => element !== NO_VALUE);
    }
    if (!isObject(value)) {
      return value;
    }
    if (Object.hasOwn(value, 'Fn::Transform')) {
      const { 'Fn::Transform': transform, ...siblings } = value;
      return resolve({ ...siblings, ...transformed(transform, path) }, path);
    }
    const [only, ...others] = Object.entries(value);
    if (only !== undefined && others.length === 0) {
      const [name, argument] = only;
      const isFunction =
        name === 'Ref' || name.startsWith('Fn::') || (name === 'Condition' && typeof argument === 'string');
      if (isFunction) {
        const run = functions[name];
        if (run === undefined) {
          const known = Object.keys(functions).join(', ');
          throw new TemplateError(`${path} uses ${name}, which the sandbox does not resolve; it resolves ${known}`);
        }
        return run(argument, path);
      }
    }
    const resolved: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(value)) {
      const result = resolve(member, path === '' ? name : `${path}.${name}`);
      if (result !== NO_VALUE) {
        resolved[name] = result;
      }
    }
    return resolved;
  };

  return { resolve, condition, parameters };
}

/** Logical ids that a value refers to, in conditions' untaken branches too. */
export function referencedNames(value: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) {
      node.forEach(visit);
      return;
    }
    if (!isObject(node)) {
      return;
    }
    for (const [name, argument] of Object.entries(node)) {
      if (name === 'Ref' && typeof argument === 'string') {
        names.add(argument);
      } else if (name === 'Fn::GetAtt') {
        const [resource] = Array.isArray(argument) ? argument : String(argument).split('.');
        names.add(String(resource));
      } else if (name === 'Fn::Sub') {
        const text: unknown = Array.isArray(argument) ? argument[0] : argument;
        for (const [, expression = ''] of String(text).matchAll(/\$\{([^!}][^}]*)\}/g)) {
          names.add(expression.trim().split('.')[0] ?? '');
        }
      }
      visit(argument);
    }
  };
  visit(value);
  return names;
}

function asText(value: unknown, path: string): string {
  if (!isScalarValue(value)) {
    throw new TemplateError(`${path} needs text, and got ${JSON.stringify(value) ?? String(value)}`);
  }
  return String(value);
}

function asList(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) {
    throw new TemplateError(`${path} needs a list, and got ${JSON.stringify(value)}`);
  }
  return value;
}

function isScalarValue(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
