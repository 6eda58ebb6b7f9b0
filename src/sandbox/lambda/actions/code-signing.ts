import { createHash } from 'node:crypto';
import * as z from 'zod';
import { AwsError } from '../../api.ts';
import { parseBody } from '../body.ts';
import { createConstraints } from '../constraints.ts';
import { addressFunction, requireFunction, requireUnqualified } from '../functions.ts';
import { partitionOf } from '../partition.ts';
import { type Action, type Call, lambdaTime, type Plane, pathParameter } from '../plane.ts';
import { codeSigningConfigNotFound, conflict } from '../refusals.ts';
import type { CodeSigningConfig, LambdaFunction } from '../state.ts';

const configs = '/2020-04-22/code-signing-configs';
const config = `${configs}/{CodeSigningConfigArn}`;
const ofFunction = '/2020-06-30/functions/{FunctionName}/code-signing-config';

const settings = {
  Description: z.string().max(256).optional(),
  CodeSigningPolicies: z.object({ UntrustedArtifactOnDeployment: z.string() }).optional(),
};
const publishers = z.object({ SigningProfileVersionArns: z.array(z.string()).min(1).max(20) });

export const createCodeSigningConfig: Action = {
  name: 'CreateCodeSigningConfig',
  eventName: 'CreateCodeSigningConfig',
  readOnly: false,
  method: 'POST',
  path: configs,
  run(call, plane) {
    const input = parseBody(call, z.object({ ...settings, AllowedPublishers: publishers }));
    requirePolicy(input.CodeSigningPolicies?.UntrustedArtifactOnDeployment);
    const { account, region } = call.home;
    const id = `csc-${createHash('sha256').update(plane.uuid()).digest('hex').slice(0, 17)}`;
    const created: CodeSigningConfig = {
      CodeSigningConfigId: id,
      CodeSigningConfigArn: `arn:${partitionOf(region)}:lambda:${region}:${account}:code-signing-config:${id}`,
      Description: input.Description,
      AllowedPublishers: input.AllowedPublishers,
      CodeSigningPolicies: input.CodeSigningPolicies ?? { UntrustedArtifactOnDeployment: 'Warn' },
      LastModified: lambdaTime(plane.clock, 'milliseconds'),
    };
    call.home.codeSigningConfigs.add(created.CodeSigningConfigArn, created);
    return { status: 201, body: { CodeSigningConfig: created } };
  },
};

export const getCodeSigningConfig: Action = {
  name: 'GetCodeSigningConfig',
  eventName: 'GetCodeSigningConfig',
  readOnly: true,
  method: 'GET',
  path: config,
  run: (call) => ({ status: 200, body: { CodeSigningConfig: requireConfig(call) } }),
};

export const deleteCodeSigningConfig: Action = {
  name: 'DeleteCodeSigningConfig',
  eventName: 'DeleteCodeSigningConfig',
  readOnly: false,
  method: 'DELETE',
  path: config,
  run(call) {
    const { CodeSigningConfigArn: arn } = requireConfig(call);
    for (const target of call.home.functions.values()) {
      if (target.codeSigningConfigArn !== arn) continue;
      throw conflict(`The code signing configuration ${arn} cannot be deleted: it is in use by ${target.arn}.`);
    }
    call.home.codeSigningConfigs.delete(arn);
    return { status: 204 };
  },
};

export const putFunctionCodeSigningConfig: Action = {
  name: 'PutFunctionCodeSigningConfig',
  eventName: 'PutFunctionCodeSigningConfig',
  readOnly: false,
  method: 'PUT',
  path: ofFunction,
  run(call, plane) {
    const { CodeSigningConfigArn: arn } = parseBody(call, z.object({ CodeSigningConfigArn: z.string() }));
    if (!call.home.codeSigningConfigs.has(arn)) throw codeSigningConfigNotFound(arn);
    const target = functionOf(call, plane, this.name);
    target.codeSigningConfigArn = arn;
    return { status: 200, body: { CodeSigningConfigArn: arn, FunctionName: target.name } };
  },
};

export const getFunctionCodeSigningConfig: Action = {
  name: 'GetFunctionCodeSigningConfig',
  eventName: 'GetFunctionCodeSigningConfig',
  readOnly: true,
  method: 'GET',
  path: ofFunction,
  run(call, plane) {
    const target = functionOf(call, plane, this.name);
    const arn = target.codeSigningConfigArn;
    return { status: 200, body: arn === undefined ? {} : { CodeSigningConfigArn: arn, FunctionName: target.name } };
  },
};

export const deleteFunctionCodeSigningConfig: Action = {
  name: 'DeleteFunctionCodeSigningConfig',
  eventName: 'DeleteFunctionCodeSigningConfig',
  readOnly: false,
  method: 'DELETE',
  path: ofFunction,
  run(call, plane) {
    functionOf(call, plane, this.name).codeSigningConfigArn = undefined;
    return { status: 204 };
  },
};

function functionOf(call: Call, plane: Plane, action: string): LambdaFunction {
  const addressed = addressFunction(call, plane, action);
  requireUnqualified(addressed);
  return requireFunction(addressed);
}

function requirePolicy(policy: string | undefined): void {
  const constraints = createConstraints();
  constraints.oneOf('codeSigningPolicies.untrustedArtifactOnDeployment', policy, ['Warn', 'Enforce']);
  constraints.settle();
}

function requireConfig(call: Call): CodeSigningConfig {
  const arn = pathParameter(call, 'CodeSigningConfigArn');
  const found = call.home.codeSigningConfigs.get(arn);
  if (found !== undefined) return found;
  const message = `The Lambda code signing configuration ${arn} can not be found.`;
  throw new AwsError('ResourceNotFoundException', 404, message);
}
