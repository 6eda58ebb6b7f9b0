import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTemplate } from '../../../src/sandbox/template.ts';
import { createTemplateResolver } from '../../../src/sandbox/template-resolver.ts';
import { type EventShape, eventShapes } from './event-shapes.ts';
import { policyApplicationId, sweepShapes } from './sweep-shapes.ts';

const root = join(import.meta.dirname, '../../..');
const stack = { accountId: '111122223333', region: 'eu-west-1', stackName: 'layerward' };
const roleArn = (name: string) => `arn:aws:iam::${stack.accountId}:role/${name}`;

/** The roles that look after functions in the hub's own account, and the one in a member's. */
const hubRoleArns = ['RemediateRole', 'SweepRole', 'DeploymentRole'].map((name) =>
  roleArn(`layerward-${name}-1A2B3C4D5E6F`),
);
const memberRoleArn = roleArn('layerward-member');

/** Rules that hear of the same events, and what together they have to let through. */
export interface RuleSet {
  readonly what: string;
  readonly patterns: readonly unknown[];
  readonly shapes: readonly EventShape[];
}

/** The rules of both templates by where they listen, none left out. */
export function ruleSets(): readonly RuleSet[] {
  const hub = patternsOf('template.yaml', { Regions: 'us-east-1,eu-west-1' });
  const member = (more: Readonly<Record<string, string>>) =>
    patternsOf('infra/member.yaml', {
      HubRegion: 'us-east-1',
      HomeRegion: 'us-east-1',
      HubRoleArns: hubRoleArns.join(','),
      HubBusArn: 'arn:aws:events:us-east-1:999988887777:event-bus/layerward',
      ...more,
    });
  const take = (patterns: ReadonlyMap<string, unknown>, names: readonly string[]) => {
    const taken = [...patterns].filter(([name]) => names.includes(name)).map(([, pattern]) => pattern);
    if (taken.length !== names.length) throw new Error(`not all of ${names.join(', ')} are rules of the template`);
    return taken;
  };
  const forwarding = ['ForwardChangeRule', 'ForwardTagRule'];
  const watching = ['ChangeRule', 'TagRule'];
  const sweeping = ['SweepAfterPolicy', 'SweepAfterRotation', 'SweepOnRequest'];
  const known = new Set([...watching, ...sweeping, 'ForwardedRule']);
  const forgotten = [...hub.keys()].filter((name) => !known.has(name));
  if (forgotten.length > 0) throw new Error(`nothing says what ${forgotten.join(', ')} should let through`);
  return [
    { what: 'the hub', patterns: take(hub, watching), shapes: shapesFor(hubRoleArns) },
    {
      what: 'a member',
      patterns: take(member({ Serves: 'members', HubAccountId: '999988887777' }), forwarding),
      shapes: shapesFor([memberRoleArn]),
    },
    {
      what: 'another region of the hub',
      patterns: take(member({ Serves: 'hub', HubAccountId: stack.accountId }), forwarding),
      shapes: shapesFor(hubRoleArns),
    },
    { what: 'the hub’s bus', patterns: take(hub, ['ForwardedRule']), shapes: forwardedShapes() },
    { what: 'the start of sweeps', patterns: take(hub, sweeping), shapes: sweepShapes },
  ];
}

/** Each of the roles is Layerward's own; what does not depend on them is asked once for each, too. */
function shapesFor(ownRoleArns: readonly string[]): readonly EventShape[] {
  return ownRoleArns.flatMap((own) => eventShapes(own));
}

/** Members' rules have chosen before: what they send is let through, and nothing of any other kind. */
function forwardedShapes(): readonly EventShape[] {
  const sent = eventShapes(memberRoleArn).filter(({ passes }) => passes);
  return [
    ...sent,
    ...sweepShapes.map(({ what, event }) => ({ what, event, passes: event['source'] === 'aws.lambda' })),
  ];
}

/** A template's event patterns by logical id, as they are deployed with these parameters. */
function patternsOf(file: string, parameters: Readonly<Record<string, string>>): ReadonlyMap<string, unknown> {
  const template = parseTemplate(readFileSync(join(root, file), 'utf8'), file);
  const resolver = createTemplateResolver(template, parameters, stack, (logicalId) =>
    logicalId === 'PolicyApplication'
      ? { ref: policyApplicationId, attributes: {} }
      : { ref: logicalId, attributes: { Arn: roleArn(`layerward-${logicalId}-1A2B3C4D5E6F`) } },
  );
  const rules = Object.entries(template.resources).filter(
    ([name, { type, condition }]) =>
      type === 'AWS::Events::Rule' && (condition === undefined || resolver.condition(condition, name)),
  );
  return new Map(
    rules.map(([name, { properties }]) => [name, resolver.resolve(properties['EventPattern'], `${name}.EventPattern`)]),
  );
}
