/*
 * What a test file gets for `vitest` while mutants are run: `describe` and `it` that note down what they are given, and
 * vitest's own `expect`.
 */

// expect reads no more than this of the worker that it believes to be in.
globalThis.__vitest_worker__ = { config: { snapshotOptions: {} }, environment: { name: 'node' } };
const vitest = await import('vitest');

export const expect = vitest.expect;

expect.extend({
  toMatchInlineSnapshot(received, inline) {
    const lines = inline.replace(/^\n/, '').trimEnd().split('\n');
    const indentation = /^ */.exec(lines[0])[0];
    const expected = lines.map((line) => (line.startsWith(indentation) ? line.slice(indentation.length) : line));
    return {
      pass: `"${received}"` === expected.join('\n'),
      message: () => `expected the text to be ${expected.join('\n')}`,
    };
  },
});

const groups = [];
let noted = [];

/** The tests that were noted down since the last time. */
export function takeNotedTests() {
  const tests = noted;
  noted = [];
  return tests;
}

export function describe(title, body) {
  groups.push(title);
  try {
    body();
  } finally {
    groups.pop();
  }
}

export function it(title, body) {
  noted.push({ title: [...groups, title].join(' > '), body });
}

it.each = (rows) => (title, body) => {
  rows.forEach((row, index) => {
    it(`${title} #${index}`, () => body(...(Array.isArray(row) ? row : [row])));
  });
};
