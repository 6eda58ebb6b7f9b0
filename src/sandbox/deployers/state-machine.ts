import { readFileSync } from 'node:fs';
import { resolve as resolvePath } from 'node:path';
import { parse as parseYaml } from 'yaml';
import * as z from 'zod';
import { evaluate } from '../access/evaluate.ts';
import { type DeployContext, type Deployer, document, physicalName, text } from './context.ts';
import { createRole } from './roles.ts';
import { readServerlessPolicies } from './serverless-policies.ts';

const substitutions = z.record(z.string(), text).default({});

const deployStateMachine: Deployer = (context, logicalId, properties) => {
  const given = z
    .looseObject({
      StateMachineName: text.optional(),
      RoleArn: text,
      DefinitionString: text.optional(),
      Definition: document.optional(),
      DefinitionSubstitutions: substitutions,
      DefinitionS3Location: z
        .undefined({ error: 'the sandbox reads no definitions from S3; use DefinitionString' })
        .optional(),
    })
    .parse(properties);
  const definition = given.DefinitionString ?? given.Definition;
  if (definition === undefined) {
    throw new Error('A state machine needs DefinitionString or Definition');
  }
  return create(context, logicalId, {
    name: given.StateMachineName,
    roleArn: given.RoleArn,
    definition: substitute(definition, given.DefinitionSubstitutions),
  });
};

const deployServerlessStateMachine: Deployer = (context, logicalId, properties) => {
  const given = z
    .looseObject({
      Name: text.optional(),
      Role: text.optional(),
      Policies: z.unknown().optional(),
      Definition: document.optional(),
      DefinitionUri: text.optional(),
      DefinitionSubstitutions: substitutions,
      Events: z.record(z.string(), z.looseObject({ Type: text })).default({}),
    })
    .parse(properties);
  for (const [name, { Type }] of Object.entries(given.Events)) {
    context.leaveOut(`${logicalId}${name}`, `event ${Type}`);
  }
  const definition = given.Definition ?? readDefinition(context, given.DefinitionUri);
  return create(context, logicalId, {
    name: given.Name,
    roleArn: given.Role ?? generateRole(context, `${logicalId}Role`, given.Policies),
    definition: substitute(definition, given.DefinitionSubstitutions),
  });
};

function create(
  { stack, stateMachines, roles }: DeployContext,
  logicalId: string,
  machine: { readonly name: string | undefined; readonly roleArn: string; readonly definition: string },
) {
  const { accountId, region } = stack;
  const name = machine.name ?? physicalName(stack, logicalId);
  const role = roles.get(machine.roleArn);
  const asking = {
    action: 'sts:AssumeRole',
    resource: machine.roleArn,
    principal: { service: 'states.amazonaws.com' },
  };
  const context = {
    'aws:SourceAccount': accountId,
    'aws:SourceArn': `arn:aws:states:${region}:${accountId}:stateMachine:${name}`,
  };
  if (role !== undefined && evaluate([role.trust], { ...asking, context }).decision !== 'allow') {
    throw new Error(
      `Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role ${machine.roleArn}`,
    );
  }
  const { roleArn, definition } = machine;
  const arn = stateMachines.create({ name, accountId, region, roleArn, definition });
  return { ref: arn, attributes: { Arn: arn, Name: name }, remove: () => stateMachines.remove(arn) };
}

function generateRole(context: DeployContext, logicalId: string, policies: unknown): string {
  const role = createRole(context, {
    name: physicalName(context.stack, logicalId),
    trust: {
      Statement: { Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' },
    },
    policies: readServerlessPolicies(context, policies),
  });
  context.register(logicalId, 'AWS::IAM::Role', role);
  return role.attributes['Arn'] ?? '';
}

function readDefinition({ codeRoot }: DeployContext, uri: string | undefined): string {
  if (uri === undefined) {
    throw new Error('A state machine needs DefinitionUri or Definition');
  }
  const content = readFileSync(resolvePath(codeRoot, uri), 'utf8');
  return /\.ya?ml$/.test(uri) ? JSON.stringify(parseYaml(content)) : content;
}

function substitute(definition: string, values: Readonly<Record<string, string>>): string {
  return definition.replace(/\$\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

const deploySchedule: Deployer = ({ stack, schedules }, logicalId, properties) => {
  const given = z
    .looseObject({
      Name: text.optional(),
      GroupName: text.default('default'),
      ScheduleExpression: text,
      State: text.default('ENABLED'),
      Target: z.looseObject({ Arn: text, RoleArn: text, Input: text.optional() }),
    })
    .parse(properties);
  const name = given.Name ?? physicalName(stack, logicalId);
  const arn = `arn:aws:scheduler:${stack.region}:${stack.accountId}:schedule/${given.GroupName}/${name}`;
  const { Arn, RoleArn, Input } = given.Target;
  schedules.create({
    name,
    arn,
    expression: given.ScheduleExpression,
    state: given.State,
    target: { arn: Arn, roleArn: RoleArn, input: Input },
  });
  return { ref: name, attributes: { Arn: arn }, remove: () => schedules.remove(name) };
};

/** State machines, and what starts them by the clock. */
export const stateMachineDeployers: Readonly<Record<string, Deployer>> = {
  'AWS::StepFunctions::StateMachine': deployStateMachine,
  'AWS::Serverless::StateMachine': deployServerlessStateMachine,
  'AWS::Scheduler::Schedule': deploySchedule,
};
