import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderExplanation, toReport } from '../../../src/cli/explain-report.ts';
import { rows } from '../../../src/domain/decide.ts';
import { driftCodes } from '../../../src/domain/drift.ts';
import { explain } from '../../../src/service/explain.ts';
import { type DecisionCase, decisionCases } from '../../fixtures/decision-cases.ts';
import { credentials } from '../../fixtures/situation.ts';

/*
 * The words in which every decision is explained, as people read them, in a file: read it when it changes.
 */

const policy = { optIn: { tag: 'layerward:protect', value: 'on' }, groupTag: 'layerward:group' };

const reportOf = ({ situation, record }: DecisionCase) =>
  toReport(explain(situation, record, policy), { record, history: [] }, 'policy.yaml');

const render = (one: DecisionCase) => stripVTControlCharacters(renderExplanation(reportOf(one)));

/** What is told without the questions, which are the same for all, and what would be sent. */
function inShort(one: DecisionCase): string {
  const { steps } = reportOf(one);
  const deciding = steps.find(({ answer }) => answer === 'yes');
  const [sentence = '', ...sections] = render(one).split('\n\n');
  const advice = sections.find((section) => section.startsWith('What to do')) ?? '';
  const differs = sections.filter((section) => section.startsWith('What differs'));
  return [
    `## ${one.title}`,
    sentence,
    `Decided by: ${deciding?.question}${deciding?.detail === undefined ? '' : ` ${deciding.detail}`}`,
    ...differs,
    advice,
  ].join('\n\n');
}

describe('the explanation of', () => {
  it('every decision is one that a newcomer can act on', async () => {
    const text = decisionCases.map(inShort).join('\n\n\n');
    await expect(`${text}\n`).toMatchFileSnapshot('explain.golden.txt');
  });

  it.each(decisionCases)('$title is about what was decided: $code', (one) => {
    const { status, reason } = reportOf(one);
    expect(reason === '' ? status : `${status}: ${reason}`).toBe(one.code);
  });

  it('a function with a record is a whole page', async () => {
    const found = decisionCases.find(({ title }) => title === 'somebody took the layer off');
    expect(found).toBeDefined();
    if (found) await expect(`${render(found)}\n`).toMatchFileSnapshot('explain.golden.page.txt');
  });

  it.each(decisionCases)('$title names no secret and no value of the team’s', (one) => {
    const shown = JSON.stringify(reportOf(one)) + render(one);
    for (const planted of [...Object.values(credentials), 'planted-password', 'planted-secret'])
      expect(shown).not.toContain(planted);
  });
});

describe('the cases', () => {
  it('are there for every code of every row', () => {
    const codes = decisionCases.map(({ code }) => code.split(': ').at(-1));
    const wanted = [
      ...rows.flatMap(({ name }) => name.split(', ')).filter((name) => name !== 'drifted'),
      ...driftCodes,
    ];
    expect(wanted.filter((code) => !codes.includes(code))).toEqual([]);
  });

  it('ask no question twice, and none after the deciding one', () => {
    for (const one of decisionCases) {
      const answers = reportOf(one).steps.map(({ answer }) => answer);
      const at = answers.indexOf('yes');
      expect(answers).toHaveLength(rows.length);
      expect(answers.slice(0, at).every((answer) => answer === 'no')).toBe(true);
      expect(answers.slice(at + 1).every((answer) => answer === 'not asked')).toBe(true);
    }
  });

  it('all say what to do, in a sentence of their own', () => {
    for (const one of decisionCases) {
      const { advice } = reportOf(one);
      expect(advice.sentence, one.title).toMatch(/^[A-Z].*[.:]$/s);
      expect(advice.sentence, one.title).not.toMatch(/docs\//);
    }
  });
});
