import { describe, expect, it } from 'vitest';
import { readPolicy } from '../../../src/aws/appconfig-policies.ts';
import { PolicyUnusable } from '../../../src/domain/errors.ts';
import { readPolicyDocument } from '../../../src/service/agent-files.ts';
import { remediate } from '../../../src/service/remediate.ts';
import { plantInEach } from '../../fixtures/planted.ts';
import { agents, policyOf, snapshotOf } from '../../fixtures/situation.ts';
import { createWorld } from '../../fixtures/world.ts';

/*
 * A policy that is empty, broken or poisoned must not take the protection off anybody, nor put it on anybody: whoever is
 * not in a policy that can't be read is not out of it.
 */

const whole = policyOf('exclude: { functions: [never-protect] }');
const text = JSON.stringify(whole);

const broken: readonly (readonly [string, string])[] = [
  ['is empty', ''],
  ['is white space', ' \n'],
  ['is nothing', 'null'],
  ['is a list', '[]'],
  ['is an object with nothing in it', '{}'],
  ['is cut off', text.slice(0, -20)],
  ['has no groups', JSON.stringify({ ...whole, groups: {} })],
  ['has no agent', JSON.stringify({ ...whole, agent: undefined })],
  ['names an agent that there is not', JSON.stringify({ ...whole, agent: 'nobody' })],
  ['names a default group that there is not', JSON.stringify({ ...whole, defaultGroup: 'nobody' })],
  ['is of another version', JSON.stringify({ ...whole, version: 2 })],
  ['has a mode that there is not', JSON.stringify({ ...whole, mode: 'release' })],
  ['has an opt-in tag without a name', JSON.stringify({ ...whole, optIn: { tag: '' } })],
  ['excludes everybody by a word', JSON.stringify({ ...whole, exclude: 'everybody' })],
  ['excludes by a pattern that is no name', JSON.stringify({ ...whole, exclude: { functions: ['.*'] } })],
];

/** Functions in every state that a policy decides about. */
const functions = [
  snapshotOf({ layers: [] }),
  snapshotOf({ tags: { readable: true, values: {} } }),
  snapshotOf({ tags: { readable: true, values: { 'layerward:protect': 'off' } } }),
];

const groupOf = (secret: string) => JSON.stringify({ secret, parameters: { cloudOneRegion: 'us-1' } });

/** What is read; nothing where it is refused. */
function readOrNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

describe('a broken policy', () => {
  it.each(broken)(
    'that %s releases nobody, attaches to nobody, and leaves every record as it is',
    async (_, content) => {
      for (const changed of functions) {
        const world = createWorld();
        await world.protect();
        const before = world.live();
        if (!before) throw new Error('nothing is protected');
        world.functions.put({ ...before, tags: changed.tags, layers: changed.layers });
        const records = structuredClone([...world.records.records]);
        const live = world.live();
        const calls = world.functions.calls.length;
        const hub = { ...world.world, policies: { current: async () => readPolicy(content, agents) } };
        for (const kind of ['tagged', 'configured', 'swept', 'asked'] as const) {
          const change = world.change({ kind, tagKeys: ['layerward:protect'] });
          await expect(remediate(change.functionArn, [change], hub)).rejects.toThrow(PolicyUnusable);
        }
        expect(world.live()).toEqual(live);
        expect([...world.records.records]).toEqual(records);
        expect(world.functions.calls.slice(calls)).toEqual(Array.from({ length: 4 }, () => 'GetFunction'));
        expect([...world.alerts, ...world.queue]).toEqual([]);
      }
    },
  );

  it('with a field that nobody knows, anywhere in it, is refused as a whole', () => {
    const rich = policyOf(`agents: { trend-application-security: { layers: { regions: [us-east-1] } } }
rules: [{ match: { functions: [a] }, mode: audit }]`);
    expect(readPolicy(JSON.stringify(rich), agents)).toEqual(rich);
    const dictionaries = [
      'groups',
      'groups.default.parameters',
      'agents',
      'agents.trend-application-security.variables',
    ];
    const unknown = plantInEach(rich).filter(
      ({ path }) => path.endsWith('.unknownField') && !dictionaries.includes(path.replace('.unknownField', '')),
    );
    expect(unknown.length).toBeGreaterThan(5);
    for (const { planted } of unknown)
      expect(() => readPolicy(JSON.stringify(planted), agents)).toThrow(/unknownField|Unrecognized|can't be used/);
  });

  it('can’t reach what all objects share', () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      const poisoned = text.replace('"version":1', `"version":1,"${key}":{"polluted":true}`);
      expect(() => readPolicy(poisoned, agents)).toThrow(PolicyUnusable);
      const group = text.replace('"groups":{', `"groups":{"${key}":${groupOf('x')},`);
      const groups = [() => readPolicy(group, agents), () => readPolicyDocument(group, 'policy.yaml', agents)].map(
        (read) => Object.keys(readOrNothing(read)?.groups ?? {}),
      );
      for (const names of groups) expect(names).toEqual(key === '__proto__' ? [] : [key, 'default']);
    }
    expect({}).not.toHaveProperty('polluted');
    expect({}).not.toHaveProperty('secret');
  });
});
