import { parseFunctionArn } from '../domain/function-arn.ts';
import type { Adoption } from './snippet.ts';

/** The tools in whose words an adoption can be told. */
export type SnippetForm = 'terraform' | 'cloudformation' | 'sam' | 'cdk';

/** An account and region. */
export interface SecretPlace {
  readonly accountId: string;
  readonly region: string;
}

/**
 * The lines that adopt what Layerward keeps on a function.
 * @param secretPlace where the secret is; `undefined` where nobody can tell
 */
export function snippetText(adoption: Adoption, form: SnippetForm, secretPlace: SecretPlace | undefined): string {
  const remarks = remarksOn(adoption, secretPlace);
  switch (form) {
    case 'terraform':
      return terraform(adoption, remarks);
    case 'cloudformation':
      return template(adoption, 'AWS::Lambda::Function', remarks);
    case 'sam':
      return template(adoption, 'AWS::Serverless::Function', remarks);
    case 'cdk':
      return cdk(adoption, remarks);
  }
}

function remarksOn({ functionArn, secretName }: Adoption, place: SecretPlace | undefined): string[] {
  const arn = parseFunctionArn(functionArn);
  const credentials = `The credentials are in the secret ${plain(secretName)}`;
  return [
    `What Layerward keeps on ${plain(functionArn)}.`,
    'With these lines in the code that makes the function, Layerward finds nothing to do. What else stands there stays.',
    place === undefined
      ? `${credentials}, which has to be in the account and region of the function.`
      : place.accountId === arn?.accountId && place.region === arn.region
        ? `${credentials}.`
        : `${credentials} of account ${place.accountId}, ${place.region}. Keep a copy of it under this name in account ` +
          `${arn?.accountId}, ${arn?.region}, or put the ARN of one here that this account may read.`,
  ];
}

const kept = (name: string) => `${plain(name)}: yours, as it is`;
const removed = (name: string) => `${plain(name)}: take it out of yours, where it is set`;
const agentRemark = "the agent's";

function terraform(adoption: Adoption, remarks: readonly string[]): string {
  const { functionArn, handler, layers, agentLayer, variables, secrets, secretName } = adoption;
  const source = label(secretName, 'secret');
  const name = parseFunctionArn(functionArn)?.functionName ?? '';
  const reference = (field: string) =>
    `jsondecode(data.aws_secretsmanager_secret_version.${source}.secret_string)["${field}"]`;
  const assigned = [
    ...Object.entries(variables).map(([key, value]) => [hclKey(key), hcl(value)] as const),
    ...Object.entries(secrets).map(([key, field]) => [hclKey(key), reference(field)] as const),
  ];
  // As `terraform fmt` has it.
  const room = Math.max(...assigned.map(([key]) => key.length));
  return lines([
    ...comments('#', remarks),
    '# Terraform keeps the values of variables in its state, these credentials too: guard it.',
    '',
    `data "aws_secretsmanager_secret_version" "${source}" {`,
    `  secret_id = ${hcl(secretName)}`,
    '}',
    '',
    `resource "aws_lambda_function" "${label(name, 'function')}" {`,
    `  handler = ${hcl(handler)}`,
    '',
    '  layers = [',
    ...layers.map((arn) => `    ${hcl(arn)},${arn === agentLayer ? ` # ${agentRemark}` : ''}`),
    '  ]',
    '',
    '  environment {',
    '    variables = {',
    ...variableComments('      #', adoption),
    ...assigned.map(([key, value]) => `      ${key.padEnd(room)} = ${value}`),
    '    }',
    '  }',
    '}',
  ]);
}

function template(adoption: Adoption, type: string, remarks: readonly string[]): string {
  const { functionArn, handler, layers, agentLayer, variables, secrets, secretName } = adoption;
  const reference = (field: string) => yaml(`{{resolve:secretsmanager:${secretName}:SecretString:${field}}}`);
  return lines([
    ...comments('#', remarks),
    'Resources:',
    `  ${identifier(functionArn)}:`,
    `    Type: ${type}`,
    '    Properties:',
    `      Handler: ${yaml(handler)}`,
    '      Layers:',
    ...layers.map((arn) => `        - ${yaml(arn)}${arn === agentLayer ? ` # ${agentRemark}` : ''}`),
    '      Environment:',
    '        Variables:',
    ...variableComments('          #', adoption),
    ...Object.entries(variables).map(([key, value]) => `          ${yamlKey(key)}: ${yaml(value)}`),
    ...Object.entries(secrets).map(([key, field]) => `          ${yamlKey(key)}: ${reference(field)}`),
  ]);
}

function cdk(adoption: Adoption, remarks: readonly string[]): string {
  const { functionArn, handler, layers, agentLayer, variables, secrets, secretName } = adoption;
  const reference = (field: string) =>
    `SecretValue.secretsManager(${script(secretName)}, { jsonField: ${script(field)} }).unsafeUnwrap()`;
  const id = identifier(functionArn);
  // Constructs beside one another need names of their own: several functions may stand in one stack.
  const layerId = (arn: string, index: number) =>
    script(`${id}${arn === agentLayer ? 'AgentLayer' : `Layer${index + 1}`}`);
  return lines([
    ...comments('//', remarks),
    '// unsafeUnwrap() gives a reference: CloudFormation puts the value in, and the template does not hold it.',
    "import { SecretValue } from 'aws-cdk-lib';",
    "import * as lambda from 'aws-cdk-lib/aws-lambda';",
    '',
    `new lambda.Function(this, ${script(id)}, {`,
    `  handler: ${script(handler)},`,
    '  layers: [',
    ...layers.map(
      (arn, index) =>
        `    lambda.LayerVersion.fromLayerVersionArn(this, ${layerId(arn, index)}, ${script(arn)}),${arn === agentLayer ? ` // ${agentRemark}` : ''}`,
    ),
    '  ],',
    '  environment: {',
    ...variableComments('    //', adoption),
    ...Object.entries(variables).map(([key, value]) => `    ${scriptKey(key)}: ${script(value)},`),
    ...Object.entries(secrets).map(([key, field]) => `    ${scriptKey(key)}: ${reference(field)},`),
    '  },',
    '});',
  ]);
}

function variableComments(mark: string, adoption: Pick<Adoption, 'kept' | 'removed'>): string[] {
  return comments(mark, [...adoption.kept.map(kept), ...adoption.removed.map(removed)]);
}

function comments(mark: string, remarks: readonly string[]): string[] {
  return remarks.map((remark) => `${mark} ${remark}`);
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}

/** A text from outside within a comment, which it can't end. */
function plain(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/gu, (character) => braced(character.codePointAt(0) ?? 0));
}

/** A name that Terraform takes for something. @param what what it is, for names that may not begin one */
function label(text: string, what: string): string {
  const name = text.replaceAll(/[^A-Za-z0-9_-]/g, '_');
  return /^[A-Za-z]/.test(name) ? name : `${what}_${name}`;
}

/** A name that CloudFormation takes for a resource: `payments-api` is `PaymentsApi`. */
function identifier(functionArn: string): string {
  const name = parseFunctionArn(functionArn)?.functionName ?? '';
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return /^[A-Za-z]/.test(joined) ? joined : `Function${joined}`;
}

const isWord = (text: string) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
const hclKey = (name: string) => (isWord(name) ? name : hcl(name));
const yamlKey = (name: string) => (isWord(name) ? name : yaml(name));
const scriptKey = (name: string) => (isWord(name) ? name : script(name));

/** A string of Terraform's; `${` and `%{` would begin a template. */
function hcl(text: string): string {
  return quote(text, '"', wide).replaceAll(/[$%]\{/g, (mark) => `${mark.charAt(0)}${mark}`);
}

/** A string of YAML's, in quotes, so that none is taken for a number or a truth value. */
function yaml(text: string): string {
  return quote(text, '"', wide);
}

/** A string of TypeScript's. */
function script(text: string): string {
  return quote(text, "'", braced);
}

function quote(text: string, mark: '"' | "'", escaped: (code: number) => string): string {
  const characters = [...text].map((character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === mark || character === '\\') return `\\${character}`;
    return code < 0x20 || code > 0x7e ? escaped(code) : character;
  });
  return `${mark}${characters.join('')}${mark}`;
}

/** `\u00fc`, or `\U0001f512` beyond the first 65,536: HCL and YAML have both. */
function wide(code: number): string {
  const digits = code.toString(16);
  return code > 0xffff ? `\\U${digits.padStart(8, '0')}` : `\\u${digits.padStart(4, '0')}`;
}

function braced(code: number): string {
  return `\\u{${code.toString(16)}}`;
}
