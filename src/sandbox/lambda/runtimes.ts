import { invalidParameter } from './refusals.ts';

/** What AWS's own message lists: the runtimes on which functions may be created. */
const offered = [
  'nodejs20.x',
  'python3.14',
  'provided.al2023',
  'python3.12',
  'python3.13',
  'nodejs24.x',
  'nodejs22.x',
  'java25',
  'python3.10',
  'python3.11',
  'java21',
  'ruby3.3',
  'ruby3.4',
  'ruby3.2',
  'ruby4.0',
  'python3.8',
  'python3.9',
  'java17',
  'nodejs16.x',
  'dotnet10',
  'dotnet8',
  'java11',
  'dotnet6',
  'nodejs18.x',
  'provided.al2',
  'java8.al2',
] as const;

/** What AWS still knows by name, and organizations still run. */
const retired = [
  'nodejs',
  'nodejs4.3',
  'nodejs4.3-edge',
  'nodejs6.10',
  'nodejs8.10',
  'nodejs10.x',
  'nodejs12.x',
  'nodejs14.x',
  'java8',
  'python2.7',
  'python3.6',
  'python3.7',
  'dotnetcore1.0',
  'dotnetcore2.0',
  'dotnetcore2.1',
  'dotnetcore3.1',
  'go1.x',
  'ruby2.5',
  'ruby2.7',
  'provided',
] as const;

const known: ReadonlySet<string> = new Set([...offered, ...retired]);

/** @throws AwsError `InvalidParameterValueException`, in the words of Lambda, for a runtime that never was. */
export function requireKnownRuntime(runtime: string): void {
  if (known.has(runtime)) return;
  throw invalidParameter(
    `Value ${runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ` +
      `[${offered.join(', ')}] or be a valid ARN`,
  );
}

/** The refusal for a runtime on which functions may no longer be created or updated. */
export function runtimeNoLongerSupported(runtime: string): Error {
  return invalidParameter(
    `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. ` +
      'We recommend you use a supported runtime while creating or updating functions.',
  );
}
