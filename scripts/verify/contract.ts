import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { run } from './command.ts';
import type { Server } from './server.ts';

/** A contract suite of ours and a server that it is run against. */
export interface ContractReferee {
  /** The test file. */
  readonly suite: string;
  /** What the titles of the cases have in them that run against the server. */
  readonly inTitles: string;
  /** The environment variable by which the suite hears of the server. */
  readonly variable: string;
  readonly start: () => Promise<Server>;
}

const report = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(
        z.object({ ancestorTitles: z.array(z.string()), title: z.string(), status: z.string() }),
      ),
    }),
  ),
});

/** Runs a contract suite against a server. Passing means that its cases were there, ran, and held. */
export function contractReferee({ suite, inTitles, variable, start }: ContractReferee): () => Promise<string> {
  return async () => {
    const server = await start();
    const folder = mkdtempSync(join(tmpdir(), 'layerward-contract-'));
    try {
      const output = join(folder, 'report.json');
      const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${output}`];
      await run('vitest', ['run', suite, '--testNamePattern', inTitles, ...reporters], {
        environment: { [variable]: server.endpoint },
      });
      const { testResults } = report.parse(JSON.parse(readFileSync(output, 'utf8')));
      const cases = testResults
        .flatMap(({ assertionResults }) => assertionResults)
        .filter(({ ancestorTitles }) => ancestorTitles.some((title) => title.includes(inTitles)));
      const passed = cases.filter(({ status }) => status === 'passed').length;
      if (passed === 0) throw new Error(`${suite} has no case that ran against ${inTitles}`);
      const others = cases.length - passed;
      return `${passed} cases of ${suite}${others > 0 ? `, ${others} left out as known gaps` : ''}`;
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  };
}
