import { closest } from 'fastest-levenshtein';
import { awsRegions } from '../domain/agent.ts';
import { listOf, type ParameterValues, type StackParameter, type StackParameters } from './init-template.ts';

/** What `Rules` of the template says of combinations that can't work, in its words; a test holds both together. */
const rules: readonly {
  readonly isBroken: (value: (name: string) => string) => boolean;
  readonly sentence: string;
}[] = [
  {
    isBroken: (value) => value('OrganizationId') !== '' && value('OrganizationalUnitIds') === '',
    sentence:
      'OrganizationId says which organization, but not whom: name organizational units in OrganizationalUnitIds, or the ' +
      "root's id (r-…) for every account.",
  },
  {
    isBroken: (value) => value('OrganizationId') !== '' && value('Regions') === '',
    sentence: 'An organization is looked after in the regions that Regions names, and it names none.',
  },
  {
    isBroken: (value) => value('OrganizationId') === '' && value('OrganizationalUnitIds') !== '',
    sentence: 'OrganizationalUnitIds is of use only with OrganizationId.',
  },
  {
    isBroken: (value) => value('OrganizationId') === '' && value('AdditionalAccountIds') !== '',
    sentence: 'AdditionalAccountIds is of use only with OrganizationId.',
  },
  {
    isBroken: (value) => value('OrganizationId') === '' && value('CreateOrganizationTrail') !== 'false',
    sentence: 'CreateOrganizationTrail needs OrganizationId.',
  },
  {
    isBroken: (value) => value('OrganizationId') === '' && value('RequireOptInTag') !== 'false',
    sentence: 'RequireOptInTag is about the members of an organization, and there is no OrganizationId.',
  },
];

/** Everything that is wrong with these values, a sentence each: none of them could be deployed, or do what it should. */
export function findingsIn(values: ParameterValues, known: StackParameters): string[] {
  const value = (name: string) => values[name] ?? known.get(name)?.Default ?? '';
  const findings = Object.entries(values).flatMap(([name, given]) => parameterFinding(name, given, known) ?? []);
  return [...findings, ...rules.filter(({ isBroken }) => isBroken(value)).map(({ sentence }) => sentence)];
}

/** What is wrong with the value of one parameter, in a sentence, whatever the others are. */
export function parameterFinding(name: string, value: string, known: StackParameters): string | undefined {
  const parameter = known.get(name);
  return parameter ? findingIn(name, value, parameter) : unknownParameter(name, known);
}

function unknownParameter(name: string, known: StackParameters): string {
  const names = [...known.keys()];
  return `The stack has no parameter ${name}; did you mean ${closest(name, names)}? It has: ${names.join(', ')}.`;
}

const itemChecks: Readonly<Record<string, (item: string) => string | undefined>> = {
  Regions: regionFinding,
  OrganizationalUnitIds: (item) =>
    /^(ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32})$/.test(item)
      ? undefined
      : `${item} is not the id of an organizational unit (ou-…) or root (r-…).`,
  AdditionalAccountIds: (item) => (/^\d{12}$/.test(item) ? undefined : `${item} is not an account’s id: 12 digits.`),
};

function findingIn(name: string, value: string, parameter: StackParameter): string | undefined {
  if (/["\\\p{Cc}]/u.test(value)) return `${name} can't hold quotes, backslashes or control characters.`;
  if (parameter.Type === 'CommaDelimitedList') {
    const check = itemChecks[name];
    const items = listOf(value);
    const wrong = items.map((item) => check?.(item)).find((finding) => finding !== undefined);
    return wrong ?? (name === 'Regions' ? partitionFinding(items) : undefined);
  }
  const constraint = constraintOf(value, parameter);
  return constraint === undefined ? undefined : `${name} ${constraint}, not ${value === '' ? 'empty' : value}.`;
}

function constraintOf(value: string, parameter: StackParameter): string | undefined {
  const { AllowedPattern, AllowedValues, ConstraintDescription, MinValue, MaxValue, Type } = parameter;
  if (AllowedPattern !== undefined && !new RegExp(`^(?:${AllowedPattern})$`).test(value))
    return ConstraintDescription ?? `must match ${AllowedPattern}`;
  if (AllowedValues && !AllowedValues.includes(value)) return `must be one of ${AllowedValues.join(', ')}`;
  if (Type !== 'Number') return undefined;
  const number = value.trim() === '' ? Number.NaN : Number(value);
  const least = MinValue ?? Number.NEGATIVE_INFINITY;
  const most = MaxValue ?? Number.POSITIVE_INFINITY;
  return number >= least && number <= most ? undefined : `must be a number from ${least} to ${most}`;
}

/** Says that a region is none, with a guess at what was meant. */
export function regionFinding(region: string): string | undefined {
  const names: readonly string[] = awsRegions;
  return names.includes(region)
    ? undefined
    : `${region} is not a region of AWS; did you mean ${closest(region, [...names])}?`;
}

/** Says that regions can't be looked after together, since AWS keeps their partitions apart. */
export function partitionFinding(regions: readonly string[]): string | undefined {
  const [first, ...others] = regions;
  const stranger = others.find((region) => first !== undefined && partitionOf(region) !== partitionOf(first));
  return stranger === undefined
    ? undefined
    : `${first} and ${stranger} are in different partitions of AWS: each needs a stack of its own.`;
}

function partitionOf(region: string): string {
  return /^(cn|us-gov|eusc)-/.exec(region)?.[1] ?? '';
}

/** `<stack>-organize-sweep` is the longest name that the stack gives to a function, and Lambda allows 64 characters. */
const longestStackName = 64 - '-organize-sweep'.length;

/** What is wrong with the name of the stack. */
export function stackNameFinding(name: string): string | undefined {
  if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(name))
    return `${name} can't be a stack's name: a letter, then letters, digits and dashes.`;
  return name.length > longestStackName
    ? `${name} is too long for the stack: its functions are named after it, so it has ${longestStackName} characters at most.`
    : undefined;
}
