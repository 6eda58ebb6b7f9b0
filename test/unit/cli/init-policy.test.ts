import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choosePolicy } from '../../../src/cli/init-choose-policy.ts';
import type { InitFlags } from '../../../src/cli/init-flags.ts';
import { policyText } from '../../../src/cli/init-policy.ts';
import { askNobody } from '../../../src/cli/questions.ts';
import type { Agent } from '../../../src/domain/agent.ts';
import { readAgents, readPolicyDocument } from '../../../src/service/agent-files.ts';

const agents = readAgents();
const choose = (flags: Partial<InitFlags>) => choosePolicy({ build: false, ...flags }, askNobody(true), agents);

function shippedAgent(): Agent {
  const agent = agents.get('trend-application-security');
  if (!agent) throw new Error('the agent that is shipped is gone');
  return agent;
}

describe('the policy that init writes', () => {
  it('says what was asked for, whatever YAML would make of it without quotes', () => {
    const secret = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9/_+=.@-]{1,40}$/),
      fc.constantFrom('123', '1e3', 'true', 'null', 'on', '@at', '-', '=', '0x1f', '2026-01-01', '.inf'),
    );
    const answers = fc.record({
      mode: fc.constantFrom('audit' as const, 'enforce' as const),
      secret,
      cloudOneRegion: fc.constantFrom(...(shippedAgent().parameters['cloudOneRegion'] ?? [])),
    });
    fc.assert(
      fc.property(answers, ({ mode, secret: name, cloudOneRegion }) => {
        const text = policyText({ mode, agent: shippedAgent(), secret: name, groupParameters: { cloudOneRegion } });
        expect(readPolicyDocument(text, 'policy.yaml', agents)).toMatchObject({
          mode,
          optIn: { tag: 'layerward:protect', value: 'on' },
          groups: { default: { secret: name, parameters: { cloudOneRegion } } },
        });
      }),
    );
  });

  it('explains every key', () => {
    const text = policyText({
      mode: 'audit',
      agent: shippedAgent(),
      secret: 's',
      groupParameters: { cloudOneRegion: 'us-1' },
    });
    const blocks = text.split('\n\n').map((block) => block.split('\n')[0]);
    expect(blocks.filter((line) => !line?.startsWith('# '))).toEqual([]);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  it('only looks on, at first', async () => {
    expect(await choose({})).toMatchObject({
      mode: 'audit',
      secret: 'layerward/groups/default',
      groupParameters: { cloudOneRegion: 'us-1' },
    });
  });

  it.each([
    [{ agent: 'other' }, /there is no agent other; there is: trend-application-security/],
    [{ groupParameter: ['region=us-1'] }, /does not ask for region; it asks for cloudOneRegion/],
    [{ groupParameter: ['cloudOneRegion=us-2'] }, /us-2 is not known; did you mean us-1\?/],
    [{ groupParameter: ['us-1'] }, /--group-parameter takes name=value, not us-1/],
    [{ groupParameter: ['cloudOneRegion=us-1', 'cloudOneRegion=de-1'] }, /gives cloudOneRegion twice/],
    [{ secret: 'arn:aws:secretsmanager:us-east-1:111122223333:secret:x' }, /can't be the name of a secret/],
  ])('is refused for %j', async (flags, sentence) => {
    await expect(choose(flags)).rejects.toThrow(sentence);
  });
});
