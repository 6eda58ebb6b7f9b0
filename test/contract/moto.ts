import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { FunctionsUnderTest } from './functions.contract.ts';
import { openLambda } from './lambda-functions-under-test.ts';

/** The account of everybody who calls moto. */
const accountId = '123456789012';

/** moto's simulation of Lambda at an endpoint. What it lacks is listed in moto-gaps.ts. */
export async function openMoto(endpoint: string): Promise<FunctionsUnderTest> {
  const role = 'contract';
  await createRole(endpoint, role);
  return openLambda({ endpoint, accountId, role: `arn:aws:iam::${accountId}:role/${role}`, amend: addRevision });
}

/** moto looks for a function's role. */
async function createRole(endpoint: string, name: string): Promise<void> {
  const parameters = { Action: 'CreateRole', Version: '2010-05-08', RoleName: name, AssumeRolePolicyDocument: '{}' };
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      authorization:
        'AWS4-HMAC-SHA256 Credential=example/20261123/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: new URLSearchParams(parameters),
  });
  if (!answer.ok && answer.status !== 409) throw new Error(`moto made no role: ${await answer.text()}`);
}

/** moto's configurations have no RevisionId, without which the adapter takes no answer for one of Lambda's. */
function addRevision(client: LambdaClient): void {
  client.middlewareStack.add(
    (next) => async (call) => {
      const result = await next(call);
      const { output } = result;
      if (output && 'Configuration' in output && output.Configuration) output.Configuration.RevisionId ??= 'moto';
      return result;
    },
    { step: 'deserialize', name: 'addRevision', priority: 'high' },
  );
}
