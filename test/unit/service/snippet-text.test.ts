import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Adoption } from '../../../src/service/snippet.ts';
import { type SnippetForm, snippetText } from '../../../src/service/snippet-text.ts';

/* Names, Handlers and layers are whatever a team has written; none of it may say anything in the team's own code. */

const hostile = 'a"b\'c\\d${file("/etc/passwd")}%{ for x in y }`${1}`\n# {{resolve:ssm:x}} \u{1f512}ü';
const layer = 'arn:aws:lambda:us-east-1:800880067056:layer:agent:1';

const adoption: Adoption = {
  functionArn: 'arn:aws:lambda:us-east-1:111122223333:function:1_payments-api',
  handler: hostile,
  isRedirected: true,
  layers: ['arn:aws:lambda:us-east-1:111122223333:layer:theirs:7', layer],
  agentLayer: layer,
  variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/agent', ORIGINAL: hostile, 'not-a-word': 'yes' },
  secrets: { KEY: 'key', SECRET: 'secret' },
  secretName: 'layerward/groups/default',
  kept: ['TABLE'],
  removed: ['OLD\nVALUE'],
};
const here = { accountId: '111122223333', region: 'us-east-1' };
const textAs = (form: SnippetForm, changes: Partial<Adoption> = {}) =>
  snippetText({ ...adoption, ...changes }, form, here);

describe.each(['terraform', 'cloudformation', 'sam', 'cdk'] as const)('a snippet as %s', (form) => {
  const text = textAs(form);

  it('names what stays and what goes in comments that nothing can end', () => {
    expect(text).toMatch(/^ *(#|\/\/) TABLE: yours, as it is$/m);
    expect(text).toMatch(/^ *(#|\/\/) OLD\\u\{a\}VALUE: take it out of yours, where it is set$/m);
  });

  it('has credentials as references, and marks which layer is the agent’s', () => {
    expect(text).toContain('layerward/groups/default');
    expect(text).toMatch(/agent:1["'],? ?\)?,? (#|\/\/) the agent's$/m);
  });

  it('says whose secret it is where that is in another account, or nowhere', () => {
    const elsewhere = snippetText(adoption, form, { accountId: '444455556666', region: 'eu-west-1' });
    expect(elsewhere).toMatch(
      /of account 444455556666, eu-west-1\. Keep a copy of it under this name in account 111122/,
    );
    expect(snippetText(adoption, form, undefined)).toMatch(/which has to be in the account and region of the function/);
  });
});

describe('a snippet for CloudFormation', () => {
  it.each(['cloudformation', 'sam'] as const)('as %s comes out of YAML exactly as it was', (form) => {
    const { Resources } = parse(textAs(form));
    expect(Object.keys(Resources)).toEqual(['Function1PaymentsApi']);
    expect(Resources.Function1PaymentsApi.Properties).toEqual({
      Handler: hostile,
      Layers: adoption.layers,
      Environment: {
        Variables: {
          ...adoption.variables,
          KEY: '{{resolve:secretsmanager:layerward/groups/default:SecretString:key}}',
          SECRET: '{{resolve:secretsmanager:layerward/groups/default:SecretString:secret}}',
        },
      },
    });
  });
});

describe('a snippet for the CDK', () => {
  it('comes out of TypeScript exactly as it was', () => {
    const text = textAs('cdk');
    const code = text.replaceAll(/^import .*$/gm, '');
    const scope = {};
    const made: unknown[] = [];
    class Made {
      constructor(...given: unknown[]) {
        made.push(given);
      }
    }
    const lambda = {
      Function: Made,
      LayerVersion: { fromLayerVersionArn: (_: unknown, id: string, arn: string) => `${id} ${arn}` },
    };
    const SecretValue = {
      secretsManager: (name: string, { jsonField }: { jsonField: string }) => ({
        unsafeUnwrap: () => `${jsonField} of ${name}`,
      }),
    };
    new Function('lambda', 'SecretValue', code).call(scope, lambda, SecretValue);
    expect(made).toEqual([
      [
        scope,
        'Function1PaymentsApi',
        {
          handler: hostile,
          layers: [
            `Function1PaymentsApiLayer1 ${adoption.layers[0]}`,
            `Function1PaymentsApiAgentLayer ${adoption.layers[1]}`,
          ],
          environment: {
            ...adoption.variables,
            KEY: 'key of layerward/groups/default',
            SECRET: 'secret of layerward/groups/default',
          },
        },
      ],
    ]);
  });
});

/** Reads a string of Terraform's, as its language says: no template may be left in it. */
function readHcl(literal: string): string {
  const inner = literal.slice(1, -1);
  const text = inner.replaceAll(
    /\\(["\\])|\\u([0-9a-f]{4})|\\U([0-9a-f]{8})|([$%])\4\{|([$%]\{|["\\])/g,
    (_, mark, short, long, escaped, template) => {
      if (template) throw new Error(`${template} begins a template, or ends the string`);
      if (escaped) return `${escaped}{`;
      return mark ?? String.fromCodePoint(Number.parseInt(short ?? long, 16));
    },
  );
  return text;
}

describe('a snippet for Terraform', () => {
  const text = textAs('terraform');

  it('has strings that come out exactly as they were, and begin no template', () => {
    const [, handler = ''] = /^ {2}handler = (".*")$/m.exec(text) ?? [];
    expect(readHcl(handler)).toBe(hostile);
    const [, original = ''] = /^ {6}ORIGINAL += (".*")$/m.exec(text) ?? [];
    expect(readHcl(original)).toBe(hostile);
    expect(() => readHcl('"a${b}"')).toThrow(/begins a template/);
  });

  it('is indented and aligned as terraform fmt has it, with names that Terraform takes', () => {
    expect(text).toMatch(/^resource "aws_lambda_function" "function_1_payments-api" \{$/m);
    expect(textAs('terraform', { handler: 'index.handler', variables: { A: '1' }, kept: [], removed: [] })).toBe(`\
# What Layerward keeps on arn:aws:lambda:us-east-1:111122223333:function:1_payments-api.
# With these lines in the code that makes the function, Layerward finds nothing to do. What else stands there stays.
# The credentials are in the secret layerward/groups/default.
# Terraform keeps the values of variables in its state, these credentials too: guard it.

data "aws_secretsmanager_secret_version" "layerward_groups_default" {
  secret_id = "layerward/groups/default"
}

resource "aws_lambda_function" "function_1_payments-api" {
  handler = "index.handler"

  layers = [
    "arn:aws:lambda:us-east-1:111122223333:layer:theirs:7",
    "arn:aws:lambda:us-east-1:800880067056:layer:agent:1", # the agent's
  ]

  environment {
    variables = {
      A      = "1"
      KEY    = jsondecode(data.aws_secretsmanager_secret_version.layerward_groups_default.secret_string)["key"]
      SECRET = jsondecode(data.aws_secretsmanager_secret_version.layerward_groups_default.secret_string)["secret"]
    }
  }
}
`);
  });
});
