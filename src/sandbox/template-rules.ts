import { type Template, TemplateError } from './template.ts';
import type { ParameterValues } from './template-parameters.ts';
import type { StackIdentity } from './template-resolver.ts';

/**
 * Holds the parameters against the `Rules` of a template, which have functions of their own and know no resources.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-rules.html
 *
 * @throws {TemplateError} with the `AssertDescription` of every assertion that does not hold, and for a function that
 * rules do not have.
 */
export function requireRules(
  { rules }: Pick<Template, 'rules'>,
  parameters: ParameterValues,
  stack: StackIdentity,
): void {
  const evaluate = createEvaluation(parameters, stack);
  const broken = Object.entries(rules).flatMap(([name, { condition, assertions }]) => {
    const path = `Rules.${name}`;
    if (condition !== undefined && !evaluate.truth(condition, `${path}.RuleCondition`)) {
      return [];
    }
    return assertions.flatMap(({ assert, description }, index) => {
      const place = `${path}.Assertions[${index}]`;
      return evaluate.truth(assert, `${place}.Assert`) ? [] : [`${place}: ${description ?? 'the assertion fails'}`];
    });
  });
  if (broken.length > 0) {
    throw new TemplateError(broken.join('; '));
  }
}

interface Evaluation {
  truth(value: unknown, path: string): boolean;
}

function createEvaluation(parameters: ParameterValues, stack: StackIdentity): Evaluation {
  const names: ParameterValues = { ...parameters, 'AWS::Region': stack.region, 'AWS::AccountId': stack.accountId };

  const conditions: Readonly<Record<string, (argument: unknown, path: string) => boolean>> = {
    'Fn::And': (argument, path) => several(argument, path).every((one) => truth(one, path)),
    'Fn::Or': (argument, path) => several(argument, path).some((one) => truth(one, path)),
    'Fn::Not': (argument, path) => {
      const [one, ...others] = list(argument, path);
      if (others.length > 0) {
        throw new TemplateError(`${path} needs a list of one condition`);
      }
      return !truth(one, path);
    },
    'Fn::Equals': (argument, path) => {
      const [left, right] = pair(argument, path);
      return JSON.stringify(readValue(left, path)) === JSON.stringify(readValue(right, path));
    },
    'Fn::Contains': (argument, path) => {
      const [all, one] = pair(argument, path);
      return readTexts(all, path).includes(readText(one, path));
    },
    'Fn::EachMemberEquals': (argument, path) => {
      const [all, one] = pair(argument, path);
      const wanted = readText(one, path);
      return readTexts(all, path).every((member) => member === wanted);
    },
    'Fn::EachMemberIn': (argument, path) => {
      const [some, all] = pair(argument, path);
      const wanted = readTexts(all, path);
      return readTexts(some, path).every((member) => wanted.includes(member));
    },
  };

  const truth = (value: unknown, path: string): boolean => {
    const [name, argument] = functionOf(value) ?? [];
    if (name === undefined) {
      throw new TemplateError(`${path} is not a condition: ${JSON.stringify(value)}`);
    }
    const run = conditions[name];
    if (run === undefined) {
      const known = Object.keys(conditions).join(', ');
      throw new TemplateError(
        `${path} uses ${name}, which rules of the sandbox do not have as a condition; it has ${known}`,
      );
    }
    return run(argument, `${path}.${name}`);
  };

  const readValue = (value: unknown, path: string): string | readonly string[] => {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      return String(value);
    }
    if (Array.isArray(value)) {
      return value.map((member: unknown) => readText(member, path));
    }
    const [name, argument] = functionOf(value) ?? [];
    if (name !== 'Ref' || typeof argument !== 'string') {
      throw new TemplateError(
        `${path} uses ${name ?? JSON.stringify(value)}; the values of rules are texts, lists and Ref`,
      );
    }
    const found = Object.hasOwn(names, argument) ? names[argument] : undefined;
    if (found === undefined) {
      throw new TemplateError(
        `${path} refers to ${argument}; rules know the parameters, AWS::Region and AWS::AccountId only`,
      );
    }
    return found;
  };

  const readText = (value: unknown, path: string): string => {
    const found = readValue(value, path);
    if (typeof found !== 'string') {
      throw new TemplateError(`${path} needs text, and got the list ${JSON.stringify(found)}`);
    }
    return found;
  };

  const readTexts = (value: unknown, path: string): readonly string[] => {
    const found = readValue(value, path);
    if (typeof found === 'string') {
      throw new TemplateError(`${path} needs a list, and got ${JSON.stringify(found)}`);
    }
    return found;
  };

  return { truth };
}

function functionOf(value: unknown): readonly [string, unknown] | undefined {
  const [only, ...others] = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return others.length === 0 && !Array.isArray(value) ? only : undefined;
}

function list(argument: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(argument)) {
    throw new TemplateError(`${path} needs a list, and got ${JSON.stringify(argument)}`);
  }
  return argument;
}

function several(argument: unknown, path: string): readonly unknown[] {
  const conditions = list(argument, path);
  if (conditions.length < 2 || conditions.length > 10) {
    throw new TemplateError(`${path} needs a list of 2 to 10 conditions, and got ${conditions.length}`);
  }
  return conditions;
}

function pair(argument: unknown, path: string): readonly [unknown, unknown] {
  const [left, right, ...others] = list(argument, path);
  if (left === undefined || right === undefined || others.length > 0) {
    throw new TemplateError(`${path} needs a list of two values`);
  }
  return [left, right];
}
